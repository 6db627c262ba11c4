"""What goes over the wire: requests, responses, headers. Frozen values, no I/O."""

from __future__ import annotations

import json
import math
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, cast

import attrs

from .credentials import BEARER, X_API_KEY, Auth, AuthStyle, Secret
from .envelopes import one_line

__all__ = [
    "BEARER",
    "X_API_KEY",
    "Auth",
    "AuthStyle",
    "Headers",
    "Request",
    "Response",
    "Timeout",
    "encode_json",
    "reads_whole",
]

_HIDDEN = frozenset(
    {
        "authorization",
        "proxy-authorization",
        "x-api-key",
        "api-key",
        "cookie",
        "set-cookie",
    }
)


class Headers(Mapping[str, str]):
    """
    HTTP headers: a mapping whose names ignore case, in the order they came.

    A name that occurs several times reads as one value joined by ``", "``;
    `pairs` has every line. The representation hides credentials and cookies.

    Args:
        headers: A mapping, or ``(name, value)`` pairs.
    """

    __slots__ = ("_index", "pairs")

    pairs: tuple[tuple[str, str], ...]

    def __init__(
        self, headers: Mapping[str, str] | Iterable[tuple[str, str]] = ()
    ) -> None:
        if isinstance(headers, Mapping):
            headers = cast("Mapping[str, str]", headers).items()
        self.pairs = tuple(headers)
        index: dict[str, str] = {}
        for name, value in self.pairs:
            key = name.lower()
            index[key] = f"{index[key]}, {value}" if key in index else value
        self._index = index

    def __getitem__(self, name: str) -> str:
        return self._index[name.lower()]

    def __iter__(self) -> Iterator[str]:
        return iter(self._index)

    def __len__(self) -> int:
        return len(self._index)

    def __contains__(self, name: object) -> bool:
        return isinstance(name, str) and name.lower() in self._index

    def __hash__(self) -> int:
        return hash(frozenset(self._index.items()))

    def __eq__(self, other: object) -> bool:
        if isinstance(other, Headers):
            return self._index == other._index
        if isinstance(other, Mapping):
            return self == Headers(cast("Mapping[str, str]", other))
        return NotImplemented

    def __reduce__(self) -> tuple[type[Headers], tuple[Any, ...]]:
        return Headers, (self.pairs,)

    def __repr__(self) -> str:
        shown = {
            name: "***" if name in _HIDDEN else value
            for name, value in self._index.items()
        }
        return f"Headers({shown})"

    def merged(self, *others: Mapping[str, str]) -> Headers:
        """Return these headers with those of `others` on top; a later name wins."""
        result = {name.lower(): (name, value) for name, value in self.pairs}
        for other in others:
            pairs = other.pairs if isinstance(other, Headers) else other.items()
            for name, value in pairs:
                result[name.lower()] = (name, value)
        return Headers(result.values())


def _headers(value: Headers | Mapping[str, str] | Iterable[tuple[str, str]]) -> Headers:
    return value if isinstance(value, Headers) else Headers(value)


def _seconds(_: object, field: attrs.Attribute[Any], value: float | None) -> None:
    if value is None:
        return
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        raise TypeError(f"{field.name} is a number of seconds or None")
    if math.isnan(value) or value <= 0:
        raise ValueError(f"{field.name} is above 0 seconds, or None for no limit")


@attrs.frozen
class Timeout:
    """
    How long one attempt may take, in seconds; None means no limit.

    Args:
        connect: Until the connection stands, TLS included.
        read: For the attempt as a whole, by the wall clock, the body included. On a
            stream: until its head has arrived, then the longest silence.
        write: For one write of the request.
        pool: Until a pool of the caller's own `http_client` has a connection free.
    """

    connect: float | None = attrs.field(default=None, validator=_seconds)
    read: float | None = attrs.field(default=None, validator=_seconds)
    write: float | None = attrs.field(default=None, validator=_seconds)
    pool: float | None = attrs.field(default=None, validator=_seconds)

    @classmethod
    def of(cls, seconds: float | None) -> Timeout:
        """Return the timeout that limits every step to `seconds`."""
        return cls(seconds, seconds, seconds, seconds)


NO_TIMEOUT = Timeout()


@attrs.frozen
class Request:
    """
    One HTTP request, ready to be sent as it is.

    Args:
        method: In capitals.
        url: Absolute; path and query are percent-encoded already.
        headers: Without host, content length and credentials: they are added on
            sending.
        body: The bytes of the body; the same on every attempt.
        auth: Where the key goes. None sends none.
        timeout: Limits of one attempt.
        stream: Whether the body of a good answer is read piece by piece by the flow.
    """

    method: str
    url: str
    headers: Headers = attrs.field(factory=Headers, converter=_headers)
    body: bytes = attrs.field(default=b"", repr=False)
    auth: Auth | None = None
    timeout: Timeout = NO_TIMEOUT
    stream: bool = False


@attrs.frozen
class Response:
    """
    One HTTP answer.

    Args:
        status: The status code.
        headers: Of the answer.
        body: Unpacked. Empty while a stream is still to be read.
        received: Unix time in seconds at which the head arrived; the clock of pure
            decoders.
        secret: The key the request went out with, so that an echo can be masked.
        exchange: The driver's own handle of an answer that is still open.
    """

    status: int
    headers: Headers = attrs.field(factory=Headers, converter=_headers)
    body: bytes = attrs.field(default=b"", repr=False)
    received: float = attrs.field(default=0.0, eq=False)
    secret: Secret | None = attrs.field(default=None, eq=False, repr=False)
    exchange: Any = attrs.field(default=None, eq=False, repr=False)

    @property
    def request_id(self) -> str | None:
        """The gateway's own id of the request, for logs and support; None without."""
        text = self.headers.get("x-gateway-request-id")
        return None if text is None else one_line(text)


def reads_whole(request: Request, status: int) -> bool:
    """Return whether the body of an answer is read at once: no stream, or an error."""
    return not request.stream or not 200 <= status < 300


def encode_json(value: object, default: Any = None) -> bytes:
    """
    Return `value` as compact JSON in UTF-8; lone surrogates become ``?``.

    Args:
        value: Of dicts, lists, strings, numbers, booleans and None.
        default: Called for anything else, as in `json.dumps`.

    Raises:
        TypeError, ValueError, RecursionError: As `json.dumps`; NaN is refused.
    """
    text = json.dumps(
        value,
        ensure_ascii=False,
        separators=(",", ":"),
        allow_nan=False,
        default=default,
    )
    return text.encode("utf-8", "replace")
