"""Limits, notices, settings and public names."""

import logging
import sys
import time
import warnings
from importlib.metadata import PackageNotFoundError

import httpx
import pytest

import sociaro_core
from sociaro_core import notices, settings
from sociaro_core.borrowed import AsyncClientTransport, ClientTransport
from sociaro_core.client import (
    DEFAULT_TIMEOUT,
    async_transport_of,
    auth_style,
    base_url_of,
    retries_of,
    timeout_of,
    transport_of,
    user_agent,
)
from sociaro_core.credentials import BEARER, X_API_KEY
from sociaro_core.errors import ConfigurationError, SociaroWarning
from sociaro_core.limits import Limit
from sociaro_core.messages import timeout_error
from sociaro_core.wire import Request, Timeout


def started(deadline=None, **timeout):
    limit = Limit()
    limit.start(Request("GET", "http://h/", timeout=Timeout(**timeout)), deadline)
    return limit


def test_a_limit_shortens_every_step_to_what_is_left():
    """The shortest of step, attempt and deadline."""
    now = time.monotonic()
    assert started().clip() is None
    assert 3.0 == started().clip(3.0)
    assert 9.0 < started(read=10).clip() <= 10
    assert 4.0 < started(now + 5, read=10).clip(8) <= 5
    assert 0.0 == started(now - 1).clip(3)
    assert started(read=1e12).clip() is None
    assert 1.0 < started(connect=9, read=2).clip_connect() <= 2


def test_a_limit_goes_over_to_silence():
    """The body of a stream is limited by silence and by the deadline."""
    limit = started(read=10)
    limit.stream()
    assert 10 == limit.clip()
    limit.expire(time.monotonic() + 5)
    assert 4.0 < limit.clip() <= 5
    limit.expire(None)
    limit.drain(0.0)
    assert 0.0 == limit.clip()


def test_connecting_is_one_step():
    """Its seconds run from its beginning."""
    limit = started(read=10)
    limit.connecting(4)
    assert 3.0 < limit.clip_connect() <= 4
    limit.connecting(None)
    assert 9.0 < limit.clip_connect() <= 10


def test_a_limit_knows_whose_time_ran_out():
    """The deadline, the attempt, or the step's own limit."""
    late = time.monotonic() - 1
    assert ("deadline", None) == started(late, read=5).blame("read")
    assert ("connect", 2) == started(connect=2, read=5).blame("connect")
    assert ("pool", 3) == started(pool=3).blame("pool")
    assert ("read", 5) == started(read=5).blame("read")
    limit = started()
    assert ("write", None) == limit.blame("write")
    error = timeout_error("write", limit.request, limit)
    assert "the request could not be sent to h: timed out" == str(error)
    limit = started(connect=9, read=5)
    limit.drain(0.0)
    assert ("connect", 5) == limit.blame("connect")


# Notices.


def test_configure_logging_obeys_the_environment(monkeypatch, capsys):
    """``SOCIARO_LOG`` sends lines to stderr, once."""
    logger = logging.getLogger("sociaro")
    before, level = list(logger.handlers), logger.level
    try:
        monkeypatch.setenv("SOCIARO_LOG", "nonsense")
        notices.configure_logging()
        assert before == logger.handlers
        monkeypatch.setenv("SOCIARO_LOG", " Info ")
        notices.configure_logging()
        notices.configure_logging()
        assert 1 == len(logger.handlers) - len(before)
        logger.info("seen")
        logger.debug("unseen")
    finally:
        logger.handlers[:] = before
        logger.setLevel(level)
    written = capsys.readouterr().err
    assert "sociaro INFO] seen" in written
    assert "unseen" not in written


def test_warn_points_at_the_caller():
    """A warning has the line of the code outside these packages."""
    with pytest.warns(SociaroWarning, match="far.invalid") as caught:
        base_url_of("http://far.invalid")
    assert __file__ == caught[0].filename
    with pytest.warns(UserWarning, match="here") as caught:
        notices.warn("here", UserWarning)
    assert __file__ == caught[0].filename


def test_warn_works_where_all_frames_are_ours():
    """A thread may begin in our code."""
    scope = {"__name__": "sociaro_core.x", "warn": notices.warn}
    exec("def f(): warn('ours', UserWarning)", scope)
    with pytest.warns(UserWarning, match="ours"):
        import threading

        thread = threading.Thread(target=scope["f"])
        thread.start()
        thread.join()


# Settings.


def test_base_url_of_reads_the_environment(monkeypatch):
    """Argument, then variable, then the gateway."""
    assert "https://api.sociaro.com" == base_url_of(None)
    monkeypatch.setenv("SOCIARO_BASE_URL", "http://127.0.0.1:1/p/")
    assert "http://127.0.0.1:1/p" == base_url_of(None)
    assert "http://localhost" == base_url_of("http://localhost")


def test_timeout_of_understands_numbers_and_httpx():
    """Numbers limit every step."""
    assert Timeout.of(3) == timeout_of(3)
    assert Timeout() == timeout_of(None)
    assert Timeout(1, 2, 3, 4) == timeout_of(
        httpx.Timeout(connect=1, read=2, write=3, pool=4)
    )
    assert DEFAULT_TIMEOUT is timeout_of(DEFAULT_TIMEOUT)
    assert (5.0, 600.0) == (DEFAULT_TIMEOUT.connect, DEFAULT_TIMEOUT.read)


@pytest.mark.parametrize("value", [0, -1, "5", True, float("nan"), (1, 2)])
def test_timeout_of_refuses_what_is_no_time(value):
    """Found before anything is sent."""
    with pytest.raises(ConfigurationError, match="timeout"):
        timeout_of(value)


@pytest.mark.parametrize("value", [-1, 1.0, True, None, "2"])
def test_retries_of_refuses_what_is_no_count(value):
    """A whole number from zero."""
    assert 0 == retries_of(0)
    with pytest.raises(ConfigurationError, match="max_retries"):
        retries_of(value)


def test_auth_style_is_the_providers():
    """Anthropic looks elsewhere for the key."""
    assert X_API_KEY == auth_style("/anthropic/v1/messages")
    assert BEARER == auth_style("/openai/v1/models") == auth_style("/gw/me")
    assert "Sociaro/Python" in user_agent()


def test_user_agent_does_without_metadata(monkeypatch):
    """A program that bundles the package may have none."""

    def missing(name):
        raise PackageNotFoundError(name)

    monkeypatch.setattr(settings, "version", missing)
    assert "Sociaro/Python unknown (" in user_agent.__wrapped__()


def test_transport_of_takes_httpx_clients_only():
    """Of the right kind and package; the error says which is meant."""
    with httpx.Client() as client:
        assert isinstance(transport_of(client), ClientTransport)
        with pytest.raises(ConfigurationError, match=r"needed: httpx\.AsyncClient$"):
            async_transport_of(client)
    client = httpx.AsyncClient()
    assert isinstance(async_transport_of(client), AsyncClientTransport)
    with pytest.raises(ConfigurationError, match=r"httpx\.AsyncClient; needed: httpx"):
        transport_of(client)
    foreign = type("Client", (), {"__module__": "httpx2._client"})()
    with pytest.raises(ConfigurationError, match="not httpx2"):
        transport_of(foreign)


# Public names.


def test_every_public_name_is_there():
    """Names are loaded at their first use."""
    for name in sociaro_core.__all__:
        vars(sociaro_core).pop(name, None)
        assert name == getattr(sociaro_core, name).__name__
    assert sorted(sociaro_core.__all__) == dir(sociaro_core)
    assert sociaro_core.__version__[0].isdigit()
    with pytest.raises(AttributeError, match="no attribute 'nothing'"):
        sociaro_core.nothing  # noqa: B018


def test_importing_the_package_imports_no_engine():
    """Neither httpx nor an event loop is loaded by the import alone."""
    import subprocess

    code = (
        "import sys, sociaro_core; "
        "sys.exit([m for m in ('httpx', 'asyncio', 'anyio') if m in sys.modules] != [])"
    )
    assert (
        0
        == subprocess.run(
            [sys.executable, "-W", "error", "-c", code], check=False
        ).returncode
    )


def test_importing_warns_of_nothing():
    """With warnings as errors."""
    with warnings.catch_warnings():
        warnings.simplefilter("error")
