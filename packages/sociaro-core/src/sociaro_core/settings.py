"""What a client is told: checked arguments, the environment, and what it sends with."""

from __future__ import annotations

import os
import platform
from functools import lru_cache
from importlib.metadata import PackageNotFoundError, version
from typing import TYPE_CHECKING, Protocol, runtime_checkable

from .addresses import checked_base_url
from .credentials import BEARER, X_API_KEY, AuthStyle
from .errors import ConfigurationError
from .transports import (
    AsyncStackTransport,
    AsyncTransport,
    StackTransport,
    Transport,
)
from .wire import Timeout

if TYPE_CHECKING:
    import httpx

__all__ = [
    "BASE_URL",
    "DEFAULT_TIMEOUT",
    "async_transport_of",
    "auth_style",
    "base_url_of",
    "retries_of",
    "timeout_of",
    "transport_of",
    "user_agent",
]

BASE_URL = "https://api.sociaro.com"
DEFAULT_TIMEOUT = Timeout(connect=5.0, read=600.0, write=600.0, pool=600.0)


def auth_style(path: str) -> AuthStyle:
    """Return where a request to `path` carries the key: its provider decides."""
    return X_API_KEY if path.startswith("/anthropic/") else BEARER


@lru_cache(maxsize=1)
def user_agent() -> str:
    """Return what the SDK says of itself: name, version, Python and system."""
    try:
        number = version("sociaro-core")
    except PackageNotFoundError:  # bundled into one file, for instance
        number = "unknown"
    return (
        f"Sociaro/Python {number} "
        f"({platform.python_implementation()} {platform.python_version()}; "
        f"{platform.system()})"
    )


def base_url_of(base_url: str | None) -> str:
    """
    Return the base URL: the argument, else ``SOCIARO_BASE_URL``, else the gateway.

    Raises:
        ConfigurationError: It is no http(s) URL.
    """
    if base_url is None:
        base_url = os.environ.get("SOCIARO_BASE_URL") or BASE_URL
    return checked_base_url(base_url)


def timeout_of(timeout: float | httpx.Timeout | Timeout | None) -> Timeout:
    """
    Return the timeout the caller meant.

    Args:
        timeout: Seconds for every step, an `httpx.Timeout`, or None for no limit.

    Raises:
        ConfigurationError: Not a number above 0.
    """
    if isinstance(timeout, Timeout):
        return timeout
    try:
        if isinstance(timeout, _Timeouts):
            return Timeout(timeout.connect, timeout.read, timeout.write, timeout.pool)
        return Timeout.of(timeout)
    except (TypeError, ValueError) as exc:
        raise ConfigurationError(f"timeout: {exc}") from None


@runtime_checkable
class _Timeouts(Protocol):
    """What an `httpx.Timeout` is; looking does not import httpx."""

    connect: float | None
    read: float | None
    write: float | None
    pool: float | None


def retries_of(max_retries: object) -> int:
    """
    Return how often a request is sent again at most.

    Raises:
        ConfigurationError: Not a whole number from 0.
    """
    if isinstance(max_retries, bool) or not isinstance(max_retries, int):
        raise ConfigurationError("max_retries is a whole number, 0 for none")
    if max_retries < 0:
        raise ConfigurationError("max_retries is not below 0")
    return max_retries


def transport_of(http_client: httpx.Client | None) -> Transport:
    """
    Return what a sync client sends with: connections of ours, or the caller's client.

    Raises:
        ConfigurationError: `http_client` is no `httpx.Client`.
    """
    if http_client is None:
        return StackTransport()
    import httpx

    from .borrowed import ClientTransport

    if not isinstance(http_client, httpx.Client):
        raise _wrong_client(http_client, "httpx.Client")
    return ClientTransport(http_client)


def async_transport_of(http_client: httpx.AsyncClient | None) -> AsyncTransport:
    """
    Return what an async client sends with: connections of ours, or the caller's client.

    Raises:
        ConfigurationError: `http_client` is no `httpx.AsyncClient`.
    """
    if http_client is None:
        return AsyncStackTransport()
    import httpx

    from .borrowed import AsyncClientTransport

    if not isinstance(http_client, httpx.AsyncClient):
        raise _wrong_client(http_client, "httpx.AsyncClient")
    return AsyncClientTransport(http_client)


def _wrong_client(given: object, wanted: str) -> ConfigurationError:
    module = type(given).__module__.partition(".")[0]
    name = f"{module}.{type(given).__name__}"
    hint = " (the package httpx, not httpx2)" if module == "httpx2" else ""
    return ConfigurationError(f"http_client is a {name}; needed: {wanted}{hint}")
