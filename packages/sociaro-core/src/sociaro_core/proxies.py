"""The proxies the environment names: ``HTTP_PROXY``, ``ALL_PROXY``, ``NO_PROXY`` ..."""

from __future__ import annotations

import ssl
import urllib.request
from collections.abc import Callable
from typing import Any
from urllib.parse import unquote, urlsplit

import attrs
import httpcore

from .errors import ConfigurationError

__all__ = ["Proxy", "proxy_for"]

_KINDS = ("http", "https", "socks5", "socks5h")


@attrs.frozen
class Proxy:
    """A proxy and the credentials for it, which no representation shows."""

    kind: str
    url: httpcore.URL
    auth: tuple[bytes, bytes] | None = attrs.field(default=None, repr=False)

    @property
    def is_socks(self) -> bool:
        """Whether it speaks SOCKS instead of HTTP."""
        return self.kind.startswith("socks")

    def options(self, context: Callable[[], ssl.SSLContext]) -> dict[str, Any]:
        """Return the arguments httpcore takes for it."""
        options: dict[str, Any] = {"proxy_url": self.url, "ssl_context": context()}
        if self.auth is not None:
            options["proxy_auth"] = self.auth
        if self.kind == "https":
            options["proxy_ssl_context"] = context()
        return options


def proxy_for(url: httpcore.URL) -> Proxy | None:
    """
    Return the proxy the environment names for `url`, None for none.

    Raises:
        ConfigurationError: It is of a kind that cannot be used; nothing is quoted.
    """
    host = url.host.decode("ascii")
    if urllib.request.proxy_bypass(f"{host}:{url.port}" if url.port else host):
        return None
    proxies = urllib.request.getproxies()
    found = proxies.get(url.scheme.decode("ascii")) or proxies.get("all")
    if not found:
        return None
    return _parsed(found if "://" in found else f"http://{found}")


def _parsed(text: str) -> Proxy:
    try:
        parts = urlsplit(text)
        kind, host, port = parts.scheme, parts.hostname, parts.port
    except ValueError:
        parts, kind, host, port = urlsplit(""), "", None, None
    if kind not in _KINDS or not host or not host.isascii():
        raise ConfigurationError(
            "the environment names a proxy that is no http, https or socks5 URL"
        )
    named = f"[{host}]" if ":" in host else host
    url = httpcore.URL(f"{kind}://{named}{f':{port}' if port else ''}")
    if parts.username is None:
        return Proxy(kind, url)
    password = parts.password or ""
    return Proxy(
        kind, url, (unquote(parts.username).encode(), unquote(password).encode())
    )
