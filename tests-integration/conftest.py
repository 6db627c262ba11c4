"""Fixtures: a local gateway on a real socket, and the three faces of the client."""

import sys
from pathlib import Path

import pytest

from sociaro_local import LocalGateway

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT / "packages/sociaro-ai/tests"))

from faces import FACES, Face  # noqa: E402 - the adapters of the facade's own tests


@pytest.fixture
def gateway():
    """Run a gateway of its own for each test."""
    with LocalGateway() as running:
        yield running


@pytest.fixture(params=FACES)
def face(request, gateway):
    """Return each face of the client, pointed at the gateway."""
    return Face(request.param, api_key=gateway.key, base_url=gateway.url)


@pytest.fixture(params=["asyncio", "trio"])
def async_face(request, gateway):
    """Return each async face of the client, pointed at the gateway."""
    return Face(request.param, api_key=gateway.key, base_url=gateway.url)


@pytest.fixture(autouse=True)
def clean_environment(monkeypatch):
    """Keep the machine's own settings out of the tests."""
    for name in ("SOCIARO_API_KEY", "SOCIARO_BASE_URL", "SOCIARO_LOG"):
        monkeypatch.delenv(name, raising=False)
