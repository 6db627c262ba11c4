"""
Sockets below httpcore: they keep the wall clock, and close on every way out.

httpcore's own backends know a timeout per read only, and connecting through anyio can
lose a socket when it is cancelled at the wrong moment. So the async side has sockets of
its own: plain ones, which the running event loop waits for. Whoever holds one may close
it from anywhere, a finalizer too, and an interrupted step never leaves one open.
"""

from __future__ import annotations

import asyncio
import contextlib
import select
import socket
import ssl
import weakref
from collections.abc import Awaitable, Iterator
from itertools import chain, zip_longest
from typing import Any, Protocol, TypeVar

import anyio
import httpcore
import sniffio

from .limits import Limit
from .steps import connect_errors, mapped, some, time_left
from .tls import TlsStream

__all__ = ["AsyncBackend", "AsyncStream", "Backend", "Stream"]

T = TypeVar("T")

PIECE = 64 * 1024
# Small enough that one write on a blocking socket is about one step of the clock.
_WRITTEN = 16 * 1024

_Address = tuple[Any, ...]


class Stream(httpcore.NetworkStream):
    """A blocking socket; every step ends with the attempt."""

    def __init__(self, inner: httpcore.NetworkStream, limit: Limit) -> None:
        self._inner = inner
        self._limit = limit
        self._closed = weakref.finalize(self, inner.close)

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        """Return the next bytes, empty at the end."""
        return self._inner.read(max_bytes, time_left(self._limit, timeout, "read"))

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        """Send all of `buffer`."""
        for start in range(0, len(buffer), _WRITTEN):
            left = time_left(self._limit, timeout, "write")
            self._inner.write(buffer[start : start + _WRITTEN], left)

    def close(self) -> None:
        """Close the socket; again does nothing."""
        self._closed()

    def shut(self) -> None:
        """End the connection at once, so that a thread that reads it wakes up."""
        _shut(self._inner.get_extra_info("socket"))

    def start_tls(
        self,
        ssl_context: ssl.SSLContext,
        server_hostname: str | None = None,
        timeout: float | None = None,  # noqa: ARG002 - connecting is one step
    ) -> httpcore.NetworkStream:
        """Go over to TLS."""
        left = some(self._limit.clip_connect(), "connect")
        with connect_errors():
            self._inner = self._inner.start_tls(ssl_context, server_hostname, left)
        # The socket below was taken over by an encrypted one.
        self._closed.detach()
        self._closed = weakref.finalize(self, self._inner.close)
        return self

    def get_extra_info(self, info: str) -> Any:
        """Return what httpcore wants to know of the socket."""
        return self._inner.get_extra_info(info)


class Backend(httpcore.NetworkBackend):
    """Connects one line; `stream` is what it opened."""

    def __init__(self, limit: Limit) -> None:
        self._limit = limit
        self._inner = httpcore.SyncBackend()
        self.stream: Stream | None = None

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Any = None,
    ) -> httpcore.NetworkStream:
        """Return a connection to the first address of `host` that answers."""
        self._limit.connecting(timeout)
        with connect_errors():
            found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
        failure: httpcore.ConnectError | httpcore.ConnectTimeout | None = None
        for left, (_, address) in _tries(found, self._limit):
            try:
                inner = self._inner.connect_tcp(
                    address[0], port, left, local_address, socket_options
                )
            except (httpcore.ConnectError, httpcore.ConnectTimeout) as exc:
                failure = exc
            else:
                self.stream = Stream(inner, self._limit)
                return self.stream
        raise failure or httpcore.ConnectTimeout("too late")


class _Socket(Protocol):
    """A socket that does not block, as one kind of event loop waits for it."""

    def connect(self, address: _Address) -> Awaitable[None]: ...

    def receive(self, size: int) -> Awaitable[bytes]: ...

    def send(self, data: bytes) -> Awaitable[None]: ...


class _AsyncioSocket:
    def __init__(self, plain: socket.socket) -> None:
        self._plain = plain
        self._loop = asyncio.get_running_loop()

    async def connect(self, address: _Address) -> None:
        await self._loop.sock_connect(self._plain, address)

    async def receive(self, size: int) -> bytes:
        data = await self._loop.sock_recv(self._plain, size)
        if len(data) > size // 2:
            # What lies ready is read without waiting; let others have their turn.
            await asyncio.sleep(0)
        return data

    async def send(self, data: bytes) -> None:
        await self._loop.sock_sendall(self._plain, data)


class _TrioSocket:
    def __init__(self, plain: socket.socket) -> None:
        import trio

        self._socket = trio.socket.from_stdlib_socket(plain)

    async def connect(self, address: _Address) -> None:
        await self._socket.connect(address)

    async def receive(self, size: int) -> bytes:
        return await self._socket.recv(size)

    async def send(self, data: bytes) -> None:
        view = memoryview(data)
        while view:
            view = view[await self._socket.send(view) :]


class AsyncStream(httpcore.AsyncNetworkStream):
    """A socket of asyncio or trio; every step ends with the attempt."""

    def __init__(self, plain: socket.socket, limit: Limit) -> None:
        trio = sniffio.current_async_library() == "trio"
        self._plain = plain
        self._socket: _Socket = (_TrioSocket if trio else _AsyncioSocket)(plain)
        self._limit = limit
        self._busy = False
        self._shut = False
        weakref.finalize(self, plain.close)

    async def connect(self, address: _Address, seconds: float | None) -> None:
        """Connect to `address` within `seconds`."""
        with connect_errors():
            await self._step(self._socket.connect(address), seconds)

    async def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        """Return the next bytes, empty at the end."""
        left = time_left(self._limit, timeout, "read")
        with mapped(httpcore.ReadError, httpcore.ReadTimeout):
            return await self._step(self._socket.receive(max_bytes), left)

    async def write(self, buffer: bytes, timeout: float | None = None) -> None:
        """Send all of `buffer`."""
        left = time_left(self._limit, timeout, "write")
        with mapped(httpcore.WriteError, httpcore.WriteTimeout):
            await self._step(self._socket.send(buffer), left)

    async def _step(self, work: Awaitable[T], seconds: float | None) -> T:
        self._busy = True
        try:
            with anyio.fail_after(seconds):
                return await work
        finally:
            self._busy = False
            if self._shut:
                self._plain.close()

    def close(self) -> None:
        """
        Close the socket, from wherever; again does nothing.

        A step that waits for it is woken, and closes it: the loop may not lose a
        socket it watches.
        """
        if self._busy:
            self.shut()
        else:
            self._plain.close()

    def drop(self) -> None:
        """Close this process's end of a socket that another process has too."""
        self._plain.close()

    def shut(self) -> None:
        """End the connection at once, from wherever; whoever waits for it wakes up."""
        self._shut = True
        _shut(self._plain)

    async def aclose(self) -> None:
        """Close the socket."""
        self.close()

    async def start_tls(
        self,
        ssl_context: ssl.SSLContext,
        server_hostname: str | None = None,
        timeout: float | None = None,  # noqa: ARG002 - connecting is one step
    ) -> httpcore.AsyncNetworkStream:
        """Return the encrypted stream on top of this one."""
        return await TlsStream.on(self, self._limit, ssl_context, server_hostname)

    def get_extra_info(self, info: str) -> Any:
        """Return whether bytes lie ready on the socket; httpcore asks that only."""
        return _is_readable(self._plain) if info == "is_readable" else None


class AsyncBackend(httpcore.AsyncNetworkBackend):
    """Connects one line; `stream` is the socket it opened."""

    def __init__(self, limit: Limit) -> None:
        self._limit = limit
        self.stream: AsyncStream | None = None

    async def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,  # noqa: ARG002 - never given
        socket_options: Any = None,  # noqa: ARG002 - never given
    ) -> httpcore.AsyncNetworkStream:
        """Return a connection to the first address of `host` that answers."""
        self._limit.connecting(timeout)
        with connect_errors():
            found = await _resolved(host, port, self._limit)
        failure: httpcore.ConnectError | httpcore.ConnectTimeout | None = None
        for left, (family, address) in _tries(found, self._limit):
            try:
                return await self._connected(family, address, left)
            except (httpcore.ConnectError, httpcore.ConnectTimeout) as exc:
                failure = exc
        raise failure or httpcore.ConnectTimeout("too late")

    async def _connected(
        self, family: int, address: _Address, seconds: float | None
    ) -> AsyncStream:
        with connect_errors():
            plain = socket.socket(family, socket.SOCK_STREAM)
        plain.setblocking(False)
        stream = AsyncStream(plain, self._limit)
        try:
            plain.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            await stream.connect(address, seconds)
        except BaseException:
            stream.close()
            raise
        self.stream = stream
        return stream


async def _resolved(host: str, port: int, limit: Limit) -> list[Any]:
    """Return the addresses of `host`; a number needs no thread that asks for it."""
    try:
        flags = socket.AI_NUMERICHOST
        return socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=flags)
    except socket.gaierror:
        with anyio.fail_after(limit.clip_connect()):
            return await anyio.getaddrinfo(host, port, type=socket.SOCK_STREAM)


def _tries(
    found: list[Any], limit: Limit
) -> Iterator[tuple[float | None, tuple[int, _Address]]]:
    """
    Yield addresses, each with the seconds it may take: its share of what is left.

    Families take turns, so that a broken IPv6 leaves time for IPv4.
    """
    first = [info for info in found if info[0] == found[0][0]]
    other = [info for info in found if info[0] != found[0][0]]
    turns = [info for info in chain(*zip_longest(first, other)) if info is not None]
    for number, info in enumerate(turns):
        left = limit.clip_connect()
        if left == 0.0:
            return
        share = None if left is None else left / (len(turns) - number)
        yield share, (info[0], info[4])


def _shut(plain: socket.socket) -> None:
    with contextlib.suppress(OSError):
        plain.shutdown(socket.SHUT_RDWR)


def _is_readable(plain: socket.socket) -> bool:
    """Return whether a read would not wait: between answers, that it was closed."""
    if plain.fileno() < 0:
        return True
    if not hasattr(select, "poll"):  # pragma: no cover - Windows only
        return bool(select.select([plain], [], [], 0)[0])
    poll = select.poll()
    poll.register(plain, select.POLLIN)
    return bool(poll.poll(0))
