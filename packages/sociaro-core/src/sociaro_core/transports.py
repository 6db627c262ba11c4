"""
Transports: who sends a request and hands back the open answer, as an `Exchange`.

A stack hands each request a connection of its own, the most recently used first, and
takes it back when its answer was read to the end; after anything else the connection is
closed. So a cancelled request cannot harm the next one, and as many connections are
open as requests run at once. This rests on httpcore, the engine below httpx, because
two things are out of reach from httpx: a wall-clock limit for a whole attempt (its
timeouts are per read) and a pool that survives cancellation.

No frame of ours holds the key in a local variable, and failures are chained without the
frames below ours, which hold the headers. httpcore reads bodies by async generators:
they are always brought to their end, or trio would warn. An answer whose last reference
went is cut off at the socket at once, and tidied up at the next request of its loop.
"""

from __future__ import annotations

import contextlib
import os
import threading
import time
import weakref
from collections import deque
from collections.abc import AsyncIterator, Iterator
from typing import TYPE_CHECKING, Any, ClassVar

import anyio
import httpcore
import sniffio

from .errors import APIConnectionError
from .exchanges import AsyncExchange, AsyncTransport, Exchange, Transport
from .lines import FAILURES, IDLE_SECONDS, AsyncLine, Line
from .messages import (
    bare,
    core_request,
    network_error,
    ssl_context,
    target_of,
    text_headers,
    without_inner_frames,
)
from .wire import Request, reads_whole

if TYPE_CHECKING:
    from .credentials import Secret

__all__ = [
    "AsyncExchange",
    "AsyncStackTransport",
    "AsyncTransport",
    "Exchange",
    "StackTransport",
    "Transport",
]

DRAIN_SECONDS = 0.02


_Idle = dict[str, "deque[tuple[float, Any]]"]


def _put(idle: _Idle, line: Line | AsyncLine) -> None:
    """Put a clean connection on its stack; close those that lay too long."""
    moment = time.monotonic()
    lines = idle.setdefault(line.origin, deque())
    lines.append((moment, line))
    with contextlib.suppress(IndexError):  # other threads take from it too
        while lines[0][0] < moment - IDLE_SECONDS:
            lines.popleft()[1].close()


def _pop(idle: _Idle, origin: str) -> Any:
    """Return the connection used last that is still alive; None if there is none."""
    lines = idle.get(origin)
    while lines:
        try:
            line = lines.pop()[1]
        except IndexError:  # pragma: no cover - another thread was faster
            return None
        if not line.stale():
            return line
        line.close()
    return None


def _drain(idle: _Idle, *, drop: bool = False) -> None:
    for lines in list(idle.values()):
        while True:
            try:
                line = lines.pop()[1]
            except IndexError:
                break
            (line.drop if drop else line.close)()


class StackTransport:
    """Connections of the sync client; any number of threads may send at once."""

    _all: ClassVar[weakref.WeakSet[StackTransport]] = weakref.WeakSet()

    def __init__(self) -> None:
        self._idle: _Idle = {}
        self._closed = False
        self._all.add(self)

    def open(
        self, request: Request, secret: Secret | None, expires: float | None
    ) -> Exchange:
        """Send `request` on a connection of its own."""
        target = target_of(request.url)
        line: Line = _pop(self._idle, target.origin) or Line(target, ssl_context)
        line.limit.start(request, expires)
        try:
            response = line.connection.handle_request(core_request(request, secret))
        except FAILURES as exc:
            line.close()
            raise network_error(exc, request, line.limit, secret) from bare(exc, secret)
        except BaseException as exc:
            line.close()
            raise without_inner_frames(exc, secret)  # noqa: B904 - it is the same one
        if not reads_whole(request, response.status):
            line.limit.stream()
        return _StackExchange(self, line, response, secret)

    def give(self, line: Line) -> None:
        """Take back a connection that is clean."""
        if self._closed:
            line.close()
        else:
            _put(self._idle, line)

    def close(self) -> None:
        """Close every idle connection, and those under way when they end."""
        self._closed = True
        _drain(self._idle)

    def forget(self) -> None:
        """Leave the parent's connections to the parent."""
        _drain(self._idle, drop=True)

    @classmethod
    def forget_all(cls) -> None:
        """Run in the child of a fork."""
        for stack in list(cls._all):
            stack.forget()


class _StackExchange:
    def __init__(
        self,
        stack: StackTransport,
        line: Line,
        response: httpcore.Response,
        secret: Secret | None,
    ) -> None:
        self.status = response.status
        self.headers = text_headers(response.headers, secret)
        self._stack = stack
        self._line: Line | None = line
        self._limit = line.limit
        self._response = response
        self._secret = secret
        self._reading = False
        self._body: Iterator[bytes] = iter(response.iter_stream())

    def read(self, expires: float | None = None) -> bytes:
        line = self._line
        if line is None:
            raise APIConnectionError("the answer was closed")
        self._limit.expire(expires)
        self._reading = True
        try:
            data = next(self._body, b"")
        except FAILURES as exc:
            self._line = None
            line.close()
            error = network_error(exc, self._limit.request, self._limit, self._secret)
            raise error from bare(exc, self._secret)
        finally:
            self._reading = False
            if self._line is None:
                line.close()
        return data

    def close(self, *, whole: bool = False) -> None:
        line, self._line = self._line, None
        if line is None:
            return
        if self._reading:  # in another thread, which closes it when it wakes
            line.shut()
            return
        try:
            with contextlib.suppress(*FAILURES):
                if whole:
                    line.limit.drain(DRAIN_SECONDS)
                    while next(self._body, b""):
                        pass
                self._response.close()
        except BaseException:
            line.close()
            raise
        if line.reusable():
            self._stack.give(line)
        else:
            line.close()


class _Loop:
    """The connections of one event loop."""

    def __init__(self) -> None:
        self.idle: _Idle = {}
        self.abandoned: deque[_AsyncStackExchange] = deque()

    async def tidy(self) -> None:
        """Wind up what was dropped without being closed."""
        while self.abandoned:
            await self.abandoned.pop().close()


class AsyncStackTransport:
    """Connections of the async client, apart for each event loop, asyncio or trio."""

    _all: ClassVar[weakref.WeakSet[AsyncStackTransport]] = weakref.WeakSet()

    def __init__(self) -> None:
        self._loops: weakref.WeakKeyDictionary[Any, _Loop] = weakref.WeakKeyDictionary()
        self._lock = threading.Lock()
        self._closed = False
        self._all.add(self)

    async def open(
        self, request: Request, secret: Secret | None, expires: float | None
    ) -> AsyncExchange:
        """Send `request` on a connection of its own."""
        loop = self._loop()
        if loop.abandoned:
            await loop.tidy()
        target = target_of(request.url)
        line: AsyncLine = _pop(loop.idle, target.origin) or AsyncLine(
            target, ssl_context
        )
        line.limit.start(request, expires)
        try:
            response = await line.connection.handle_async_request(
                core_request(request, secret)
            )
        except FAILURES as exc:
            line.close()
            raise network_error(exc, request, line.limit, secret) from bare(exc, secret)
        except BaseException as exc:
            line.close()
            raise without_inner_frames(exc, secret)  # noqa: B904 - it is the same one
        if not reads_whole(request, response.status):
            line.limit.stream()
        return _AsyncStackExchange(self, loop, line, response, secret)

    def _loop(self) -> _Loop:
        token = _running_loop()
        with self._lock:
            return self._loops.setdefault(token, _Loop())

    def give(self, loop: _Loop, line: AsyncLine) -> None:
        """Take back a connection that is clean."""
        if self._closed:
            line.close()
        else:
            _put(loop.idle, line)

    async def close(self) -> None:
        """
        Close every idle connection, and those under way when they end.

        Those of other loops too: nobody waits for an idle one.
        """
        self._closed = True
        with self._lock:
            loops = list(self._loops.values())
        for loop in loops:
            _drain(loop.idle)
        await self._loop().tidy()

    def forget(self) -> None:
        """Leave the parent's connections to the parent."""
        self._lock = threading.Lock()
        for loop in list(self._loops.values()):
            _drain(loop.idle, drop=True)
        self._loops = weakref.WeakKeyDictionary()

    @classmethod
    def forget_all(cls) -> None:
        """Run in the child of a fork."""
        for stack in list(cls._all):
            stack.forget()


if hasattr(os, "register_at_fork"):  # pragma: no branch - absent on Windows only
    os.register_at_fork(after_in_child=StackTransport.forget_all)
    os.register_at_fork(after_in_child=AsyncStackTransport.forget_all)


def _running_loop() -> Any:
    """Return what stands for the running event loop; it can be weakly referenced."""
    if sniffio.current_async_library() == "trio":
        import trio

        return trio.lowlevel.current_trio_token()
    import asyncio

    return asyncio.get_running_loop()


class _AsyncStackExchange:
    def __init__(
        self,
        stack: AsyncStackTransport,
        loop: _Loop,
        line: AsyncLine,
        response: httpcore.Response,
        secret: Secret | None,
    ) -> None:
        self.status = response.status
        self.headers = text_headers(response.headers, secret)
        self._stack = stack
        self._loop = loop
        self._line: AsyncLine | None = line
        self._limit = line.limit
        self._response = response
        self._secret = secret
        self._reading = False
        self._body: AsyncIterator[bytes] = response.aiter_stream()

    async def read(self, expires: float | None = None) -> bytes:
        line = self._line
        if line is None:
            raise APIConnectionError("the answer was closed")
        self._limit.expire(expires)
        self._reading = True
        try:
            data = await anext(self._body, b"")
        except FAILURES as exc:
            self._line = None
            line.close()
            error = network_error(exc, self._limit.request, self._limit, self._secret)
            raise error from bare(exc, self._secret)
        finally:
            self._reading = False
        return data

    async def close(self, *, whole: bool = False) -> None:
        line, self._line = self._line, None
        if line is None:
            return
        if self._reading:  # in another task, which wakes and winds it up
            line.close()
            return
        try:
            with anyio.CancelScope(shield=True), contextlib.suppress(*FAILURES):
                await self._wind_up(line, whole=whole)
                await self._response.aclose()
        except BaseException:
            line.close()
            raise
        if line.reusable():
            self._stack.give(self._loop, line)
        else:
            line.close()

    async def _wind_up(self, line: AsyncLine, *, whole: bool) -> None:
        """Bring httpcore's generators to their end, waiting a moment at most."""
        line.limit.drain(DRAIN_SECONDS if whole else 0.0)
        while await anext(self._body, b""):
            pass

    def abandon(self) -> None:
        if self._line is not None:
            self._line.shut()
            self._loop.abandoned.append(self)
