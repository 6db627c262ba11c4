"""
Transports through an httpx client the caller made: its pool, proxies and hooks.

It is used as it is and never closed; its pool keeps its own faults. What is ours still
holds: no redirects, no cookies, no other credentials than the key, typed errors, and on
the async side the wall clock. On the sync side httpx waits for one read at a time, and
the clock is looked at between them.
"""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator, Iterator
from typing import TYPE_CHECKING

import anyio
import httpx

from .errors import APIConnectionError, ConfigurationError
from .limits import Limit
from .lines import FAILURES
from .messages import (
    bare,
    network_error,
    raw_headers,
    target_of,
    text_headers,
    timeout_error,
)
from .wire import Headers, Request, reads_whole

if TYPE_CHECKING:
    from .credentials import Secret
    from .transports import AsyncExchange, Exchange

__all__ = ["AsyncClientTransport", "ClientTransport"]

_FAILURES = (
    httpx.HTTPError,
    httpx.InvalidURL,
    httpx.StreamError,
    RuntimeError,
    *FAILURES,
)


def _request(
    request: Request, secret: Secret | None, own: httpx.Headers, limit: Limit
) -> httpx.Request:
    ours = raw_headers(request, secret, target_of(request.url).host)
    taken = {name.lower() for name, _ in ours}
    timeout = request.timeout
    return httpx.Request(
        request.method,
        request.url,
        headers=ours + [pair for pair in own.raw if pair[0].lower() not in taken],
        content=request.body,
        extensions={
            "timeout": {
                "connect": limit.clip(timeout.connect),
                "read": limit.clip(timeout.read),
                "write": limit.clip(timeout.write),
                "pool": limit.clip(timeout.pool),
            }
        },
    )


def _error(
    exc: Exception, limit: Limit, secret: Secret | None
) -> APIConnectionError | ConfigurationError:
    """Return what an exception out of an http_client means."""
    if isinstance(exc, RuntimeError) and "client has been closed" in str(exc):
        return ConfigurationError("the http_client is closed")
    return network_error(exc, limit.request, limit, secret)


def _headers(response: httpx.Response, secret: Secret | None) -> Headers:
    """Return the headers; a body httpx has read already is unpacked already."""
    headers = text_headers(response.headers.raw, secret)
    if not response.is_stream_consumed:
        return headers
    return Headers(
        pair for pair in headers.pairs if pair[0].lower() != "content-encoding"
    )


class ClientTransport:
    """Sends everything through a client the caller made."""

    def __init__(self, client: httpx.Client) -> None:
        self._client = client

    def open(
        self, request: Request, secret: Secret | None, expires: float | None
    ) -> Exchange:
        """Send `request` with ``client.send``."""
        limit = Limit()
        limit.start(request, expires)
        try:
            response = self._client.send(
                _request(request, secret, self._client.headers, limit),
                stream=True,
                auth=None,
                follow_redirects=False,
            )
        except _FAILURES as exc:
            raise _error(exc, limit, secret) from bare(exc, secret)
        if not reads_whole(request, response.status_code):
            limit.stream()
        return _ClientExchange(response, limit, secret)

    def close(self) -> None:
        """Leave the client open: the caller made it."""


class _ClientExchange:
    def __init__(
        self, response: httpx.Response, limit: Limit, secret: Secret | None
    ) -> None:
        self.status = response.status_code
        self.headers = _headers(response, secret)
        self._response = response
        self._limit = limit
        self._secret = secret
        self._body: Iterator[bytes] = (
            iter([response.content])
            if response.is_stream_consumed
            else response.iter_raw()
        )

    def read(self, expires: float | None = None) -> bytes:
        self._limit.expire(expires)
        if self._limit.clip() == 0.0:
            self.close()
            raise timeout_error("read", self._limit.request, self._limit)
        try:
            return next(self._body, b"")
        except _FAILURES as exc:
            self.close()
            raise _error(exc, self._limit, self._secret) from bare(exc, self._secret)

    def close(self, *, whole: bool = False) -> None:  # noqa: ARG002 - httpx decides
        self._response.close()


class AsyncClientTransport:
    """Sends everything through a client the caller made."""

    def __init__(self, client: httpx.AsyncClient) -> None:
        self._client = client

    async def open(
        self, request: Request, secret: Secret | None, expires: float | None
    ) -> AsyncExchange:
        """Send `request` with ``client.send``."""
        limit = Limit()
        limit.start(request, expires)
        try:
            with anyio.fail_after(limit.clip()):
                response = await self._client.send(
                    _request(request, secret, self._client.headers, limit),
                    stream=True,
                    auth=None,
                    follow_redirects=False,
                )
        except TimeoutError as exc:
            raise timeout_error("read", request, limit) from bare(exc, secret)
        except _FAILURES as exc:
            raise _error(exc, limit, secret) from bare(exc, secret)
        if not reads_whole(request, response.status_code):
            limit.stream()
        return _AsyncClientExchange(response, limit, secret)

    async def close(self) -> None:
        """Leave the client open: the caller made it."""


class _AsyncClientExchange:
    def __init__(
        self, response: httpx.Response, limit: Limit, secret: Secret | None
    ) -> None:
        self.status = response.status_code
        self.headers = _headers(response, secret)
        self._response = response
        self._limit = limit
        self._secret = secret
        self._reading = False
        self._body: AsyncIterator[bytes] = (
            _one(response.content)
            if response.is_stream_consumed
            else response.aiter_raw()
        )

    async def read(self, expires: float | None = None) -> bytes:
        self._limit.expire(expires)
        self._reading = True
        try:
            with anyio.fail_after(self._limit.clip()):
                return await anext(self._body, b"")
        except TimeoutError as exc:
            await self.close()
            error = timeout_error("read", self._limit.request, self._limit)
            raise error from bare(exc, self._secret)
        except _FAILURES as exc:
            await self.close()
            raise _error(exc, self._limit, self._secret) from bare(exc, self._secret)
        finally:
            self._reading = False

    async def close(self, *, whole: bool = False) -> None:  # noqa: ARG002 - httpx decides
        with anyio.CancelScope(shield=True):
            await self._response.aclose()
            if not self._reading:
                # httpx leaves its generators unfinished, and trio warns of that.
                with contextlib.suppress(*_FAILURES):
                    while await anext(self._body, b""):
                        pass

    def abandon(self) -> None:
        """Leave it to the caller's client."""


async def _one(content: bytes) -> AsyncIterator[bytes]:
    yield content
