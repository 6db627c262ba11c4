"""What may stand in a URL or a header: checked before anything is sent."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from ipaddress import ip_address
from urllib.parse import quote, unquote, urlencode, urlsplit

from .errors import ConfigurationError, SociaroWarning
from .notices import warn_once
from .wire import Headers

__all__ = [
    "checked_base_url",
    "checked_headers",
    "checked_path",
    "header_value",
    "path_segment",
    "with_query",
]

_NAME = re.compile(r"[!#$%&'*+\-.^_`|~0-9A-Za-z]+")
_FRAMING = frozenset({"host", "content-length", "transfer-encoding", "connection"})
_LONGEST_VALUE = 2048
_ODD = frozenset(' \\"<>^`{|}')
_HOST = re.compile(r"[A-Za-z0-9._~\-]+|\[[0-9A-Fa-f:.]+\]")


def checked_base_url(base_url: object) -> str:
    """
    Return the base URL without a slash at its end; a path prefix is kept.

    Warns once per host when plain http goes to a host that is not loopback.

    Raises:
        ConfigurationError: Not an absolute http(s) URL, or one with user name,
            query or fragment.
    """
    if not isinstance(base_url, str):
        raise ConfigurationError(
            f"base_url is {type(base_url).__name__} instead of str"
        )
    url = base_url.strip()
    try:
        parts = urlsplit(url)
        host, _ = parts.hostname, parts.port
    except ValueError as exc:
        raise ConfigurationError(f"base_url is not a URL: {exc}") from None
    if parts.scheme not in ("http", "https") or not host:
        raise ConfigurationError("base_url begins with http:// or https:// and a host")
    if parts.username is not None or "?" in url or "#" in url:
        raise ConfigurationError("base_url has no user name, query or fragment")
    netloc = parts.netloc.rpartition(":")[0] if parts.port else parts.netloc
    if not _HOST.fullmatch(netloc.removesuffix(":")) or not _is_plain(url):
        raise ConfigurationError("base_url has characters that no host or path has")
    if parts.scheme == "http" and not _is_loopback(host):
        warn_once(
            f"the key goes to {host} over plain http, readable on the way; use https",
            SociaroWarning,
        )
    return url.rstrip("/")


def _is_plain(text: str) -> bool:
    """Return whether `text` may stand in a URL as it is."""
    return text.isascii() and text.isprintable() and not _ODD.intersection(text)


def _is_loopback(host: str) -> bool:
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost" or host.endswith(".localhost")


def path_segment(value: object, name: str) -> str:
    """
    Return `value` as one percent-encoded segment of a path.

    Args:
        value: An id that came from a caller or a server.
        name: Of the argument, for the error.

    Raises:
        ConfigurationError: Not a string, empty, over 1,024 characters, ``.`` or
            ``..`` (encoded too), or with ``?``, ``#`` or a control character.
    """
    if not isinstance(value, str) or not value or len(value) > 1024:
        raise ConfigurationError(f"{name} is a string of 1 to 1024 characters")
    _check_segment(value, name)
    return quote(value, safe="")


def _check_segment(segment: str, name: str) -> None:
    if unquote(segment) in (".", "..") or unquote(unquote(segment)) in (".", ".."):
        raise ConfigurationError(f"{name} may not be a dot segment")
    if not segment.isprintable() or "?" in segment or "#" in segment:
        raise ConfigurationError(f"{name} may not have ?, # or control characters")


def checked_path(path: object) -> str:
    """
    Return the path of a plain request, which begins with a slash; a query may follow.

    Raises:
        ConfigurationError: It does not, has a dot segment, a fragment, spaces,
            control characters, or anything else that belongs percent-encoded.
    """
    if not isinstance(path, str) or not path.startswith("/") or path.startswith("//"):
        raise ConfigurationError("path is a string that begins with one slash")
    if not _is_plain(path) or "#" in path:
        raise ConfigurationError("path has characters that must be percent-encoded")
    for segment in path.partition("?")[0].split("/"):
        _check_segment(segment, "a segment of path")
    return path


def with_query(url: str, query: Mapping[str, object] | None) -> str:
    """
    Return `url` with `query` added; None values are left out, lists repeat the name.

    Raises:
        ConfigurationError: A value is not a string, number, boolean or list of them.
    """
    if not isinstance(query, Mapping):
        if query is None:
            return url
        raise ConfigurationError("a query is a mapping of names to values")
    pairs = [
        (str(name), _query_value(str(name), item))
        for name, value in query.items()
        for item in (value if isinstance(value, (list, tuple)) else (value,))
        if item is not None
    ]
    if not pairs:
        return url
    try:
        return f"{url}{'&' if '?' in url else '?'}{urlencode(pairs)}"
    except UnicodeError:
        raise ConfigurationError("a query has characters that have no UTF-8") from None


def _query_value(name: str, value: object) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, (str, int, float)):
        return str(value)
    raise ConfigurationError(f"query {name!r} is {type(value).__name__}")


def checked_headers(headers: object, source: str) -> Headers:
    """
    Return the headers a caller gave.

    Args:
        headers: A mapping of str to str, or None.
        source: Named in the error.

    Raises:
        ConfigurationError: A name is no header name or frames the message (host,
            content-length, transfer-encoding, connection), or a value is not
            printable ASCII without outer spaces. The value is not quoted.
    """
    if headers is None:
        return Headers()
    if not isinstance(headers, Mapping):
        raise ConfigurationError(f"{source} is a mapping of names to values")
    pairs: Iterable[tuple[object, object]] = headers.items()
    return Headers(
        [
            (_header_name(n, source), header_value(v, f"{source}[{n!r}]"))
            for n, v in pairs
        ]
    )


def _header_name(name: object, source: str) -> str:
    if not isinstance(name, str) or not _NAME.fullmatch(name):
        raise ConfigurationError(f"{source}: {name!r} is no header name")
    if name.lower() in _FRAMING:
        raise ConfigurationError(f"{source}: {name!r} is set by the SDK alone")
    return name


def header_value(value: object, what: str, longest: int = _LONGEST_VALUE) -> str:
    """
    Return `value`, which may stand in a header.

    Raises:
        ConfigurationError: Not a str, over `longest` characters, not printable ASCII,
            or with outer spaces. The message names `what` and quotes nothing.
    """
    if not isinstance(value, str):
        raise ConfigurationError(f"{what} is {type(value).__name__} instead of str")
    if len(value) > longest:
        raise ConfigurationError(f"{what} has over {longest} characters")
    if value != value.strip() or not all(" " <= char <= "~" for char in value):
        raise ConfigurationError(f"{what} is not printable ASCII without outer spaces")
    return value
