"""Our requests in the words of HTTP, and HTTP's answers and failures in ours."""

from __future__ import annotations

import os
import ssl
from collections.abc import Iterable, Iterator
from functools import lru_cache
from typing import TYPE_CHECKING, Any

import httpcore

from .envelopes import one_line
from .errors import APIConnectionError, APITimeoutError
from .limits import Limit
from .wire import Headers, Request

if TYPE_CHECKING:
    from .credentials import Secret

__all__ = [
    "Target",
    "bare",
    "core_request",
    "network_error",
    "raw_headers",
    "ssl_context",
    "target_of",
    "text_headers",
    "timeout_error",
]

RawHeaders = list[tuple[bytes, bytes]]


class Target:
    """Where a URL leads: parsed once, kept for every later request."""

    __slots__ = ("host", "origin", "url")

    def __init__(self, url: str) -> None:
        self.url = httpcore.URL(url)
        self.origin = url.partition("://")[0] + "://" + _origin_text(url)
        host = self.url.host.decode("ascii")
        named = f"[{host}]" if ":" in host else host
        usual = {b"http": 80, b"https": 443}.get(self.url.scheme)
        if self.url.port not in (None, usual):
            named = f"{named}:{self.url.port}"
        self.host = named


target_of = lru_cache(maxsize=256)(Target)


def _origin_text(url: str) -> str:
    return url.partition("://")[2].partition("/")[0].partition("?")[0]


def raw_headers(request: Request, secret: Secret | None, host: str) -> RawHeaders:
    """
    Return the header lines to send.

    The key is added here and nowhere else. A caller's header of that name wins.
    """
    lines: RawHeaders = list(_fixed_headers(request.headers, host, request.stream))
    auth = request.auth
    if (
        auth is not None
        and secret is not None
        and auth.style.header not in request.headers
    ):
        name = auth.style.header.encode("ascii")
        lines.append((name, (auth.style.prefix + secret.reveal()).encode("ascii")))
    if request.body or request.method not in ("GET", "HEAD", "DELETE"):
        lines.append((b"Content-Length", str(len(request.body)).encode("ascii")))
    return lines


@lru_cache(maxsize=256)
def _fixed_headers(
    headers: Headers,
    host: str,
    stream: bool,  # noqa: FBT001 - a cache takes positions only
) -> tuple[tuple[bytes, bytes], ...]:
    lines = [(b"Host", host.encode("ascii"))]
    if "accept-encoding" not in headers:
        # A packed stream would be held back until a block of it is full.
        packing = b"identity" if stream else b"gzip, deflate"
        lines.append((b"Accept-Encoding", packing))
    lines.extend(
        (name.encode("ascii"), value.encode("ascii")) for name, value in headers.pairs
    )
    return tuple(lines)


class _Body:
    """
    The bytes of a request, as httpcore iterates over them.

    Its own class for it is an async generator, which a cancelled request leaves
    unfinished.
    """

    def __init__(self, body: bytes) -> None:
        self._pieces = iter((body,) if body else ())

    def __iter__(self) -> Iterator[bytes]:
        return self._pieces

    def __aiter__(self) -> _Body:
        return self

    async def __anext__(self) -> bytes:
        for piece in self._pieces:
            return piece
        raise StopAsyncIteration


def core_request(request: Request, secret: Secret | None) -> httpcore.Request:
    """Return `request` as httpcore takes it."""
    target = target_of(request.url)
    timeout = request.timeout
    return httpcore.Request(
        request.method.encode("ascii"),
        target.url,
        headers=raw_headers(request, secret, target.host),
        content=_Body(request.body),
        extensions={
            "timeout": {
                "connect": timeout.connect,
                "read": None,
                "write": timeout.write,
                "pool": None,
            }
        },
    )


def text_headers(raw: Iterable[tuple[bytes, bytes]], secret: Secret | None) -> Headers:
    """Return the headers of an answer; a key it echoes is masked."""
    pairs = [
        (name.decode("ascii", "replace"), value.decode("latin-1"))
        for name, value in raw
    ]
    if secret is not None:
        pairs = [(secret.mask(name), secret.mask(value)) for name, value in pairs]
    return Headers(pairs)


_PHASES = {
    "ConnectTimeout": "connect",
    "ConnectError": "connect",
    "ProxyError": "connect",
    "UnsupportedProtocol": "connect",
    "PoolTimeout": "pool",
    "WriteTimeout": "write",
    "WriteError": "write",
}
_WORDS = {
    "connect": "no connection to",
    "pool": "no free connection in the http_client's pool to",
    "write": "the request could not be sent to",
    "read": "no complete answer from",
}


def network_error(
    exc: BaseException, request: Request, limit: Limit, secret: Secret | None
) -> APIConnectionError:
    """Return what an exception of httpcore or httpx means to a caller."""
    name = type(exc).__name__
    phase = _PHASES.get(name, "read")
    if name.endswith("Timeout"):
        return timeout_error(phase, request, limit)
    if isinstance(exc, UnicodeError):
        phase = "connect"
    why = str(exc) or name
    why = one_line(why if secret is None else secret.mask(why))
    return APIConnectionError(
        f"{_WORDS[phase]} {_origin_text(request.url)}: {why}", phase=phase
    )


def timeout_error(phase: str, request: Request, limit: Limit) -> APITimeoutError:
    """Return the error of a step that took too long, which names the limit."""
    where = _origin_text(request.url)
    blamed, seconds = limit.blame(phase)
    if blamed == "deadline":
        text = f"the deadline of the call passed while waiting for {where}"
    elif seconds is None:
        text = f"{_WORDS[phase]} {where}: timed out"
    else:
        text = f"{_WORDS[phase]} {where} within {seconds:g} s"
    return APITimeoutError(text, phase=blamed)


def bare(exc: BaseException, secret: Secret | None) -> BaseException:
    """
    Return `exc` fit to be the cause of an error of ours, and to be kept with it.

    It and what led to it lose their tracebacks, whose frames hold the headers, and
    their attributes, which may be the request. A key in their texts is masked.
    """
    for found in _all_behind(exc):
        found.__traceback__ = None
        vars(found).clear()
        if secret is not None:
            found.args = tuple(_masked(arg, secret) for arg in found.args)
    return exc


def _all_behind(exc: BaseException) -> list[BaseException]:
    """Return `exc` and everything it leads to: causes, contexts, groups."""
    found: dict[int, BaseException] = {}
    waiting: list[BaseException | None] = [exc]
    while waiting:
        one = waiting.pop()
        if one is not None and id(one) not in found:
            found[id(one)] = one
            waiting += [one.__cause__, one.__context__]
            waiting += getattr(one, "exceptions", ())
    return list(found.values())


def _masked(arg: Any, secret: Secret) -> Any:
    return secret.mask(arg) if isinstance(arg, str) else arg


def without_inner_frames(exc: BaseException, secret: Secret | None) -> BaseException:
    """Return `exc`, about to be raised again, as `bare` does but with what it holds."""
    exc.__traceback__ = None
    for led in (exc.__cause__, exc.__context__):
        if led is not None:
            bare(led, secret)
    return exc


@lru_cache(maxsize=8)
def _verifying_context(file: str | None, folder: str | None) -> ssl.SSLContext:
    import httpx

    del file, folder  # httpx looks them up itself; the cache must know them
    return httpx.create_ssl_context()


def ssl_context() -> ssl.SSLContext:
    """Return the process's one TLS context; the environment may name other CAs."""
    environ = os.environ
    return _verifying_context(environ.get("SSL_CERT_FILE"), environ.get("SSL_CERT_DIR"))
