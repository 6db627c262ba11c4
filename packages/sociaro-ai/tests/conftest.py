"""Fixtures: a local gateway on a real socket, and the three faces of the client."""

from __future__ import annotations

import socket
import sys
from pathlib import Path

import pytest

from sociaro_local import LocalGateway

sys.path.insert(0, str(Path(__file__).parent))

from faces import FACES, Face


@pytest.fixture(scope="session")
def running_gateway():
    """Run one gateway for all tests."""
    with LocalGateway() as gateway:
        yield gateway


@pytest.fixture
def gateway(running_gateway):
    """Return the gateway as new: nothing scripted, nothing recorded."""
    running_gateway.reset()
    running_gateway.clear()
    yield running_gateway
    running_gateway.reset()


@pytest.fixture(params=FACES)
def face(request, gateway):
    """Return each face of the client, pointed at the gateway."""
    return Face(request.param, api_key=gateway.key, base_url=gateway.url)


@pytest.fixture(autouse=True)
def clean_environment(monkeypatch):
    """Keep the machine's own settings out of the tests."""
    for name in ("SOCIARO_API_KEY", "SOCIARO_BASE_URL", "SOCIARO_LOG"):
        monkeypatch.delenv(name, raising=False)


@pytest.fixture
def unused_port():
    """Return a port of this machine that nothing listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]
