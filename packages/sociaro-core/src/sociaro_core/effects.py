"""
Steps as values. A flow yields effects; a driver performs them and sends the answers.

A flow is a generator that never touches a socket or a clock. Only the helpers here
contain a bare `yield`; everything else is `yield from helper(...)`, which type checkers
infer. Cancellation reaches a flow as `GeneratorExit`: it never yields in `finally`,
because the driver closes whatever the flow opened and did not `keep`.

```python
flow = with_retries(REQUEST, RetryPolicy(max_retries=1))
next(flow)
assert Sleep(7.0) == flow.send(Response(429, {"retry-after": "7"}))
```
"""

from __future__ import annotations

from collections.abc import Generator
from typing import Any, TypeAlias, TypeVar

import attrs

from .wire import Request, Response

__all__ = [
    "Close",
    "Effect",
    "Flow",
    "Instant",
    "Keep",
    "Now",
    "Read",
    "Send",
    "Sleep",
    "close",
    "keep",
    "now",
    "read",
    "send",
    "sleep",
]

T = TypeVar("T")


@attrs.frozen
class Send:
    """
    Send a request. The answer is a `Response`.

    Its body is there as a whole, unless the request is a stream and the answer good:
    then it is read with `Read`. `expires` is the steady time no step may outlast.
    """

    request: Request
    expires: float | None = None


@attrs.frozen
class Read:
    """Read on from an open response. The answer is bytes, empty at the end."""

    response: Response
    expires: float | None = None


@attrs.frozen
class Close:
    """
    Close an open response. The answer is None.

    With `whole` nothing more is expected but the end of the transfer: the driver
    waits a moment for it, so that the connection can be used again.
    """

    response: Response
    whole: bool = False


@attrs.frozen
class Keep:
    """Leave a response open when the flow ends. The answer is None."""

    response: Response


@attrs.frozen
class Sleep:
    """Pause, in seconds. The answer is None."""

    seconds: float


@attrs.frozen
class Now:
    """Look at the clocks. The answer is an `Instant`."""


@attrs.frozen
class Instant:
    """
    One moment on two clocks, in seconds.

    Args:
        unix: Unix time, to be shown.
        steady: A clock that is never set, to be subtracted.
    """

    unix: float
    steady: float


Effect: TypeAlias = Send | Read | Close | Keep | Sleep | Now
Flow: TypeAlias = Generator[Effect, Any, T]


def send(request: Request, expires: float | None = None) -> Flow[Response]:
    """
    Send `request` and return the response.

    Raises:
        APIConnectionError: No usable answer arrived; `APITimeoutError` if in time.
        APIError: The answer was too large, or packed in an unknown way.
        ConfigurationError: The key function gave no key.
    """
    response: Response = yield Send(request, expires)
    return response


def read(response: Response, expires: float | None = None) -> Flow[bytes]:
    """Return the next bytes of an open response, empty at its end. Raises as `send`."""
    data: bytes = yield Read(response, expires)
    return data


def close(response: Response, *, whole: bool = False) -> Flow[None]:
    """Close an open response; `whole` if nothing but the end is outstanding."""
    yield Close(response, whole)


def keep(response: Response) -> Flow[None]:
    """Leave `response` open when this flow ends; whoever holds it closes it."""
    yield Keep(response)


def sleep(seconds: float) -> Flow[None]:
    """Pause for `seconds`."""
    yield Sleep(seconds)


def now() -> Flow[Instant]:
    """Return the present moment."""
    moment: Instant = yield Now()
    return moment
