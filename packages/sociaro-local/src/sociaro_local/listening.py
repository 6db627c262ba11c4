"""The server under the gateway: uvicorn that starts and stops at once."""

from __future__ import annotations

import asyncio
import socket
from threading import Condition, Event, Thread
from typing import TYPE_CHECKING

import uvicorn
from uvicorn.protocols.http.h11_impl import H11Protocol

if TYPE_CHECKING:
    from collections.abc import Callable

    from starlette.types import ASGIApp

_KEEP_ALIVE = 60
"""Seconds that an idle connection is kept open."""


class Connections:
    """The connections of clients: how many are open, how many were opened."""

    def __init__(self) -> None:
        self._changed = Condition()
        self._open: set[asyncio.Transport] = set()
        self._opened = 0

    @property
    def open(self) -> int:
        """How many connections are open now."""
        return len(self._open)

    @property
    def opened(self) -> int:
        """How many connections were opened since the start or the last `forget`."""
        return self._opened

    def add(self, transport: asyncio.Transport) -> None:
        """Count a new connection."""
        with self._changed:
            self._open.add(transport)
            self._opened += 1
            self._changed.notify_all()

    def discard(self, transport: asyncio.Transport) -> None:
        """Count a connection as closed."""
        with self._changed:
            self._open.discard(transport)
            self._changed.notify_all()

    def forget(self) -> None:
        """Count those that will be opened from nought."""
        with self._changed:
            self._opened = 0

    def wait(self, count: int, timeout: float) -> bool:
        """Wait until `count` are open; say whether that came true in time."""
        with self._changed:
            return self._changed.wait_for(lambda: len(self._open) == count, timeout)

    def abort(self) -> None:
        """Break all open connections; only in the thread of the server."""
        for transport in list(self._open):
            transport.abort()


def _protocol(connections: Connections) -> type[H11Protocol]:
    class Protocol(H11Protocol):
        def connection_made(  # type: ignore[override]
            self, transport: asyncio.Transport
        ) -> None:
            super().connection_made(transport)
            self.access_log = False
            # asyncio sees to it only where the listening socket names its protocol;
            # without, the body of an answer waits 40 ms for the head to be confirmed.
            transport.get_extra_info("socket").setsockopt(
                socket.IPPROTO_TCP, socket.TCP_NODELAY, 1
            )
            self.app_state = {"cut": transport.close}
            connections.add(transport)

        def connection_lost(self, exc: Exception | None) -> None:
            super().connection_lost(exc)
            connections.discard(self.transport)

    return Protocol


class _Server(uvicorn.Server):
    """uvicorn without its clock: it starts and stops at once."""

    def __init__(self, config: uvicorn.Config, connections: Connections) -> None:
        super().__init__(config)
        self._connections = connections
        self._stop: Callable[[], object] = lambda: None
        self.ready = Event()

    async def main_loop(self) -> None:
        """Serve until `stop` is called."""
        stopped = asyncio.Event()
        loop = asyncio.get_running_loop()
        self._stop = lambda: loop.call_soon_threadsafe(stopped.set)
        self.ready.set()
        await stopped.wait()

    async def shutdown(  # uvicorn gives the sockets; its servers know them too
        self,
        sockets: list[socket.socket] | None = None,  # noqa: ARG002
    ) -> None:
        """Stop listening, and break what clients still keep open."""
        loop = asyncio.get_running_loop()
        for server in self.servers:
            for listening in server.sockets:
                loop.remove_reader(listening)
        # Connections just accepted fail noisily when the server is closed under them.
        while self._connections.open or len(asyncio.all_tasks()) > 1:
            self._connections.abort()
            await asyncio.sleep(0)
        for server in self.servers:
            server.close()

    def stop(self) -> None:
        """Stop serving; from any thread."""
        self._stop()

    def run_on(self, listener: socket.socket) -> None:
        """Serve on a listening socket until `stop` is called."""
        # Whatever loop the process prefers: `shutdown` needs one with readers.
        loop = asyncio.SelectorEventLoop()
        try:
            loop.run_until_complete(self.serve(sockets=[listener]))
        finally:
            self.ready.set()
            loop.run_until_complete(loop.shutdown_asyncgens())
            loop.close()


class Listener:
    """
    A listening socket with an app behind it, served in a thread of its own.

    Args:
        app: What is served.
        connections: Where connections are counted.
        host: Address to listen on.
        port: Port to listen on; 0: a free one.

    Raises:
        OSError: The address cannot be listened on.
    """

    def __init__(
        self, app: ASGIApp, connections: Connections, host: str, port: int
    ) -> None:
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        listening = socket.create_server((host, port), family=family)
        self.url = _url(listening)
        config = uvicorn.Config(
            app,
            http=_protocol(connections),
            ws="none",
            lifespan="off",
            log_config=None,
            proxy_headers=False,
            timeout_keep_alive=_KEEP_ALIVE,
        )
        self._server = _Server(config, connections)
        self._thread = Thread(
            target=self._server.run_on,
            args=[listening],
            name=f"sociaro-local {self.url}",
            daemon=True,
        )
        self._thread.start()
        self._server.ready.wait()

    def stop(self) -> None:
        """Break open connections, stop serving, and wait for the thread to end."""
        self._server.stop()
        self._thread.join()


def _url(listening: socket.socket) -> str:
    host, port = listening.getsockname()[:2]
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"
