"""
Lines: one connection of httpcore's each, to an origin or through a proxy.

A line belongs to one request at a time. Its `Limit` holds for every step on it, and its
socket can be closed whatever state the connection above it is in.
"""

from __future__ import annotations

import contextlib
import ssl
from collections.abc import Callable
from typing import Any

import httpcore

from .errors import ConfigurationError
from .limits import Limit
from .messages import Target
from .proxies import proxy_for
from .sockets import AsyncBackend, Backend

__all__ = ["FAILURES", "IDLE_SECONDS", "AsyncLine", "Line"]

IDLE_SECONDS = 30.0

FAILURES = (
    httpcore.NetworkError,
    httpcore.TimeoutException,
    httpcore.ProtocolError,
    httpcore.ProxyError,
    httpcore.UnsupportedProtocol,
    OSError,
    UnicodeError,
)

MakeContext = Callable[[], ssl.SSLContext]


class Line:
    """One connection of the sync client."""

    def __init__(self, target: Target, context: MakeContext) -> None:
        self.origin = target.origin
        self.limit = Limit()
        self._backend = Backend(self.limit)
        self.connection: httpcore.ConnectionInterface = _dial(
            target.url,
            context,
            self._backend,
            (httpcore.ConnectionPool, httpcore.HTTPProxy, httpcore.SOCKSProxy),
        )

    def reusable(self) -> bool:
        """Return whether the last answer ended cleanly and another may follow."""
        return self.connection.is_idle() and not self.connection.is_closed()

    def stale(self) -> bool:
        """Return whether it lay idle for too long, or the server has closed it."""
        return self.connection.has_expired()

    def close(self) -> None:
        """Close it; again does nothing."""
        with contextlib.suppress(*FAILURES):
            self.connection.close()
        if self._backend.stream is not None:
            self._backend.stream.close()

    def shut(self) -> None:
        """End it at once: the thread that waits for it goes on, and closes it."""
        if self._backend.stream is not None:
            self._backend.stream.shut()

    def drop(self) -> None:
        """Close this process's end of what belongs to the parent process."""
        if self._backend.stream is not None:
            self._backend.stream.close()


class AsyncLine:
    """One connection of the async client."""

    def __init__(self, target: Target, context: MakeContext) -> None:
        self.origin = target.origin
        self.limit = Limit()
        self._backend = AsyncBackend(self.limit)
        self.connection: httpcore.AsyncConnectionInterface = _dial(
            target.url,
            context,
            self._backend,
            (
                httpcore.AsyncConnectionPool,
                httpcore.AsyncHTTPProxy,
                httpcore.AsyncSOCKSProxy,
            ),
        )

    def reusable(self) -> bool:
        """Return whether the last answer ended cleanly and another may follow."""
        return self.connection.is_idle() and not self.connection.is_closed()

    def stale(self) -> bool:
        """Return whether it lay idle for too long, or the server has closed it."""
        return self.connection.has_expired()

    def close(self) -> None:
        """Close it, without waiting, also outside its loop; again does nothing."""
        if self._backend.stream is not None:
            self._backend.stream.close()

    def shut(self) -> None:
        """End it at once, from anywhere: what still waits for it goes on."""
        if self._backend.stream is not None:
            self._backend.stream.shut()

    def drop(self) -> None:
        """Close this process's end of what belongs to the parent process."""
        if self._backend.stream is not None:
            self._backend.stream.drop()


def _dial(
    url: httpcore.URL, context: MakeContext, backend: Any, pools: tuple[Any, Any, Any]
) -> Any:
    """
    Return a connection to the origin of `url`; nothing is sent yet.

    `pools` are for no proxy, an HTTP proxy, and SOCKS. Only the connections they make
    are used: as pools they lose those whose request is cancelled.
    """
    plain, http_proxy, socks_proxy = pools
    proxy = proxy_for(url)
    options: dict[str, Any] = {
        "keepalive_expiry": IDLE_SECONDS,
        "network_backend": backend,
    }
    if proxy is not None:
        options.update(proxy.options(context))
        kind = socks_proxy if proxy.is_socks else http_proxy
    else:
        kind = plain
        if url.scheme == b"https":
            options["ssl_context"] = context()
    try:
        return kind(**options).create_connection(url.origin)
    except (RuntimeError, ImportError) as exc:
        raise ConfigurationError(
            "a SOCKS proxy needs the package socksio: pip install 'httpx[socks]'"
        ) from exc
