"""TLS in memory over the sockets of asyncio and trio, also within TLS."""

from __future__ import annotations

import contextlib
import ssl
from collections.abc import Callable
from functools import partial
from typing import Any, TypeVar

import anyio
import httpcore

from .limits import Limit
from .steps import connect_errors, mapped, some

__all__ = ["TlsStream"]

T = TypeVar("T")

PIECE = 64 * 1024


class TlsStream(httpcore.AsyncNetworkStream):
    """TLS over another stream, in memory."""

    def __init__(
        self,
        below: httpcore.AsyncNetworkStream,
        limit: Limit,
        context: ssl.SSLContext,
        hostname: str | None,
    ) -> None:
        self._below = below
        self._limit = limit
        self._received = ssl.MemoryBIO()
        self._to_send = ssl.MemoryBIO()
        self._tls = context.wrap_bio(
            self._received, self._to_send, server_hostname=hostname
        )

    @classmethod
    async def on(
        cls,
        below: httpcore.AsyncNetworkStream,
        limit: Limit,
        context: ssl.SSLContext,
        hostname: str | None,
    ) -> TlsStream:
        """Return TLS on `below`, the handshake done."""
        seconds = some(limit.clip_connect(), "connect")
        with connect_errors(), anyio.fail_after(seconds):
            stream = cls(below, limit, context, hostname)
            await stream._step(stream._tls.do_handshake)
        return stream

    async def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        """Return the next bytes, empty at the end."""
        with mapped(httpcore.ReadError, httpcore.ReadTimeout):
            try:
                return await self._step(partial(self._tls.read, max_bytes), timeout)
            except (ssl.SSLEOFError, ssl.SSLZeroReturnError):
                # HTTP itself tells whether a body is whole.
                return b""

    async def write(self, buffer: bytes, timeout: float | None = None) -> None:
        """Send all of `buffer`."""
        view = memoryview(buffer)
        with mapped(httpcore.WriteError, httpcore.WriteTimeout):
            for start in range(0, len(view), PIECE):
                piece = view[start : start + PIECE]
                await self._step(partial(self._tls.write, piece), timeout)

    async def _step(self, step: Callable[[], T], timeout: float | None = None) -> T:
        """Do what TLS wants to do, moving its bytes back and forth until it can."""
        while True:
            try:
                result = step()
            except ssl.SSLWantReadError:
                await self._flush(timeout)
                data = await self._below.read(PIECE, timeout)
                if data:
                    self._received.write(data)
                else:
                    self._received.write_eof()
            except ssl.SSLError:
                # The alert that tells the other side why.
                with contextlib.suppress(httpcore.WriteError, httpcore.WriteTimeout):
                    await self._flush(timeout)
                raise
            else:
                await self._flush(timeout)
                return result

    async def _flush(self, timeout: float | None) -> None:
        if self._to_send.pending:
            await self._below.write(self._to_send.read(), timeout)

    async def aclose(self) -> None:
        """Close what is below."""
        await self._below.aclose()

    async def start_tls(
        self,
        ssl_context: ssl.SSLContext,
        server_hostname: str | None = None,
        timeout: float | None = None,  # noqa: ARG002 - connecting is one step
    ) -> httpcore.AsyncNetworkStream:
        """Return TLS within TLS: a proxy is spoken to over TLS too."""
        return await TlsStream.on(self, self._limit, ssl_context, server_hostname)

    def get_extra_info(self, info: str) -> Any:
        """Return the TLS object, for its protocol, or what is known below."""
        return self._tls if info == "ssl_object" else self._below.get_extra_info(info)
