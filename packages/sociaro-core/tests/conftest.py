"""
One test for sync code, asyncio and trio.

A test that is a coroutine function and asks for `side` runs three times. What `side`
makes has coroutines on every side; on the sync one they run to their end without ever
waiting for a loop.
"""

from __future__ import annotations

import asyncio
import contextlib
import gc
import importlib.util
import inspect
import os
import ssl
import sys
import threading
from pathlib import Path

import anyio
import httpx
import hypothesis
import pytest
import trio

HERE = Path(__file__).parent


def _load(name):
    spec = importlib.util.spec_from_file_location(name, HERE / f"{name}.py")
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    spec.loader.exec_module(module)
    return module


servers = _load("servers")

from sociaro_core.client import AsyncGateway, Gateway  # noqa: E402
from sociaro_core.drivers import AsyncDriver, Driver  # noqa: E402
from sociaro_core.settings import async_transport_of, transport_of  # noqa: E402

KEY = 'gw_live_0123456789abcdefghij+/="\\ok'

# The same examples each time, on however busy a machine, and no files left behind.
hypothesis.settings.register_profile(
    "steady", deadline=None, derandomize=True, database=None
)
hypothesis.settings.load_profile("steady")

# Without the CAs of this machine, which take long to load.
CONTEXT = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)


class _Coroutines:
    """Makes methods of a sync object coroutines; iterating and closing too."""

    _SAME = frozenset({"abandon", "transport"})

    def __init__(self, inner):
        self.inner = inner

    def __getattr__(self, name):
        found = getattr(self.inner, name)
        if name == "stream":
            return lambda *args, **options: _Coroutines(found(*args, **options))
        if name in self._SAME or not callable(found):
            return found

        async def call(*args, **options):
            return found(*args, **options)

        return call

    async def aclose(self):
        self.inner.close()

    async def __aenter__(self):
        self.inner.__enter__()
        return self

    async def __aexit__(self, *error):
        return self.inner.__exit__(*error)

    def __aiter__(self):
        return self

    async def __anext__(self):
        try:
            return next(self.inner)
        except StopIteration:
            raise StopAsyncIteration from None

    def __repr__(self):
        return repr(self.inner)


class SyncSide:
    """Everything in threads."""

    name = "sync"

    def Client(self, **options):  # noqa: N802 - it is httpx's
        return httpx.Client(verify=CONTEXT, **options)

    def execute(self, function, *args):
        coroutine = function(*args)
        try:
            coroutine.send(None)
        except StopIteration as stop:
            return stop.value
        raise AssertionError("a test waited for a loop on the sync side")

    def gateway(self, *args, **options):
        return _Coroutines(Gateway(*args, **options))

    def driver(self, http_client=None):
        return _Coroutines(Driver(transport_of(http_client)))

    async def close_transport(self, driver):
        driver.transport.close()

    async def close_client(self, client):
        client.close()

    async def together(self, functions):
        errors = []

        def work(function):
            try:
                self.execute(function)
            except BaseException as exc:
                errors.append(exc)

        threads = [threading.Thread(target=work, args=(f,)) for f in functions]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        if errors:
            raise errors[0]


class AsyncSide:
    """Everything in one event loop."""

    def __init__(self, name):
        self.name = name

    def Client(self, **options):  # noqa: N802 - it is httpx's
        return httpx.AsyncClient(verify=CONTEXT, **options)

    def execute(self, function, *args):
        if self.name == "trio":
            return trio.run(function, *args)
        return asyncio.run(function(*args))

    def gateway(self, *args, **options):
        return AsyncGateway(*args, **options)

    def driver(self, http_client=None):
        return AsyncDriver(async_transport_of(http_client))

    async def close_transport(self, driver):
        await driver.transport.close()

    async def close_client(self, client):
        await client.aclose()

    async def together(self, functions):
        async with anyio.create_task_group() as group:
            for function in functions:
                group.start_soon(function)


SIDES = {"sync": SyncSide(), "asyncio": AsyncSide("asyncio"), "trio": AsyncSide("trio")}


@pytest.fixture(params=SIDES)
def side(request):
    """The sync side, asyncio, and trio."""
    return SIDES[request.param]


@pytest.fixture(params=["asyncio", "trio"])
def async_side(request):
    """Asyncio and trio, for what only they have."""
    return SIDES[request.param]


@pytest.hookimpl(tryfirst=True)
def pytest_pyfunc_call(pyfuncitem):
    """Run a test that is a coroutine function on its side."""
    function = pyfuncitem.obj
    if not inspect.iscoroutinefunction(function):
        return None
    values = pyfuncitem.funcargs
    found = values.get("side") or values["async_side"]
    wanted = inspect.signature(function).parameters

    async def call():
        await function(**{name: values[name] for name in wanted})

    found.execute(call)
    return True


@pytest.fixture
def server():
    """A server that does what it is told; see servers.py."""
    with servers.Server() as running:
        yield running


@pytest.fixture
def key():
    """A key with every character that has several spellings."""
    return KEY


@pytest.fixture(autouse=True)
def environment(monkeypatch):
    """No test sees this machine's proxies, keys, CAs or log settings."""
    for name in list(os.environ):
        if name.lower().endswith("_proxy") or name.startswith(("SOCIARO_", "SSL_CERT")):
            monkeypatch.delenv(name)
    monkeypatch.setenv("SOCIARO_API_KEY", KEY)


@pytest.fixture
def sockets():
    """Count the sockets of this process beyond those it had, after a collection."""

    def count():
        gc.collect()
        links = []
        for entry in Path("/proc/self/fd").iterdir():
            with contextlib.suppress(OSError):
                links.append(str(entry.readlink()))
        return sum(link.startswith("socket:") for link in links)

    before = count()
    return lambda: count() - before
