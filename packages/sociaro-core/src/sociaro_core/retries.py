"""Which failures are tried again on the same route, when, and how often."""

from __future__ import annotations

import math
import os
import random
import re
import threading
import weakref
from collections.abc import Callable, Iterator, Mapping
from datetime import timezone
from email.utils import parsedate_to_datetime
from typing import Any, ClassVar, TypeVar, cast, overload

import attrs

from .attempts import Trail
from .effects import Flow, now, send, sleep
from .errors import (
    APIConnectionError,
    APIError,
    APITimeoutError,
    ConfigurationError,
    SociaroError,
    error_from,
)
from .wire import Request, Response

__all__ = [
    "RetryBudget",
    "RetryPolicy",
    "check_deadline",
    "checked_response",
    "is_spend_limit",
    "is_transient",
    "retry_after",
    "with_retries",
]

T = TypeVar("T")

LONGEST_WISH = 30.0
_NUMBER = re.compile(r"[0-9]+(\.[0-9]*)?|\.[0-9]+")
_TRANSIENT = frozenset({408, 409, 425, 429})
_SPEND_LIMIT = "enforced_spend_limit_reached"


def retry_after(headers: Mapping[str, str], now: float) -> float | None:
    """
    Return the seconds the server asked us to wait, or None if it did not say.

    Args:
        headers: Of the failed response. ``retry-after-ms`` comes first, then
            ``retry-after`` as plain decimal seconds or an HTTP date.
        now: Unix time in seconds, to turn a date into a wait.

    Anything malformed, negative or in the past counts as absent; zero too. Capped by
    the policy, not here.
    Source: RFC 9110, 10.2.3.
    """
    wait = _decimal(headers.get("retry-after-ms"))
    if wait is not None:
        return wait / 1000 or None
    text = headers.get("retry-after")
    wait = _decimal(text)
    return _until(text, now) if wait is None else wait


def _decimal(text: str | None) -> float | None:
    found = _NUMBER.fullmatch("" if text is None else text.strip())
    if found is None:
        return None
    value = float(found.group())
    return value if 0 < value < math.inf else None


def _until(text: str | None, now: float) -> float | None:
    if text is None or not text.strip()[:1].isalpha():
        return None
    try:
        date = parsedate_to_datetime(text)
        if date.tzinfo is None:
            date = date.replace(tzinfo=timezone.utc)
        wait = date.timestamp() - now
    except (TypeError, ValueError, OverflowError, IndexError):
        return None
    return wait if wait > 0 else None


class RetryBudget:
    """
    How many retries may be outstanding: an outage cannot multiply the load.

    Each retry takes one, each success gives one back; when none is left nothing is
    retried. Shared by threads; a fork gets a lock of its own.

    Args:
        size: How many there are. None: without limit.
    """

    _all: ClassVar[weakref.WeakSet[RetryBudget]] = weakref.WeakSet()

    def __init__(self, size: int | None = 500) -> None:
        self.size = size
        self.left = math.inf if size is None else size
        self._lock = threading.Lock()
        self._all.add(self)

    def take(self) -> bool:
        """Return whether a retry may be made, and count it."""
        with self._lock:
            if self.left < 1:
                return False
            self.left -= 1
            return True

    def give(self) -> None:
        """Note a success."""
        if self.size is not None and self.left < self.size:
            with self._lock:
                self.left = min(self.size, self.left + 1)

    def renew(self) -> None:
        """Take a new lock: another thread of the parent process may have held it."""
        self._lock = threading.Lock()

    @classmethod
    def renew_all(cls) -> None:
        """Run in the child of a fork."""
        for budget in list(cls._all):
            budget.renew()


if hasattr(os, "register_at_fork"):  # pragma: no branch - absent on Windows only
    os.register_at_fork(after_in_child=RetryBudget.renew_all)


@attrs.frozen
class RetryPolicy:
    """
    How often and after which pause a request is sent again on the same route.

    Args:
        max_retries: Beyond the first attempt.
        longest: Seconds an attempt may take; a longer wait is not made either.
        budget: What retries are taken from. None: without limit.
        random: Gives a number from 0 to 1 for the jitter.

    The pause is the server's wish, up to 30 s; else ``min(0.5 * 2**n, 8)`` seconds
    with up to 25 % taken off.
    """

    max_retries: int = 2
    longest: float | None = None
    budget: RetryBudget | None = None
    random: Callable[[], float] = attrs.field(default=random.random, repr=False)

    def attempts(self) -> Iterator[int]:
        """Return the numbers of the attempts, from 1."""
        return iter(range(1, self.max_retries + 2))

    def retries(self, error: SociaroError, attempt: int) -> bool:
        """Return whether attempt number `attempt`, ended by `error`, gets another."""
        return attempt <= self.max_retries and is_transient(error)

    def delay(self, error: SociaroError, attempt: int) -> float | None:
        """Return the pause after `attempt` in seconds; None: too long, do not wait."""
        wish = error.retry_after if isinstance(error, APIError) else None
        if wish is None:
            pause: float = min(0.5 * 2.0 ** min(attempt - 1, 10), 8.0)
            return pause * (1 - 0.25 * self.random())
        limit = (
            LONGEST_WISH if self.longest is None else min(LONGEST_WISH, self.longest)
        )
        return wish if wish <= limit else None


def is_transient(error: SociaroError) -> bool:
    """
    Return whether the same request may succeed when it is sent again.

    Connection errors and timeouts do, except a shortage of our own pool and a deadline
    that has passed; 408, 409, 425, 429 and 5xx do, except a spend limit. A server's
    ``x-should-retry`` decides over the status.
    """
    if isinstance(error, APIConnectionError):
        return error.phase not in ("pool", "deadline")
    if not isinstance(error, APIError) or error.code == "invalid_response":
        return False
    if is_spend_limit(error):
        return False
    advice = error.headers.get("x-should-retry", "").strip().lower()
    if advice in ("true", "false") and error.status_code >= 400:
        return advice == "true"
    return error.status_code in _TRANSIENT or 500 <= error.status_code < 600


def is_spend_limit(error: APIError) -> bool:
    """Return whether a 429 says that money is limited, not speed: no use to wait."""
    if error.status_code != 429 or not isinstance(error.body, dict):
        return False
    body = cast("dict[str, Any]", error.body)
    for found in (body, body.get("error")):
        details = found.get("details") if isinstance(found, dict) else None
        if isinstance(details, dict) and details.get("error_code") == _SPEND_LIMIT:
            return True
    return False


def checked_response(response: Response) -> Flow[Response]:
    """
    Return `response`, which is a good one.

    Raises:
        APIError: Its status is not 2xx.
    """
    if not 200 <= response.status < 300:
        raise error_from(response)
    return response
    yield  # pragma: no cover - makes it a flow


@overload
def with_retries(
    request: Request,
    policy: RetryPolicy,
    *,
    decode: None = None,
    trail: Trail | None = None,
    expires: float | None = None,
) -> Flow[Response]: ...


@overload
def with_retries(
    request: Request,
    policy: RetryPolicy,
    *,
    decode: Callable[[Response], Flow[T]],
    trail: Trail | None = None,
    expires: float | None = None,
) -> Flow[T]: ...


def with_retries(
    request: Request,
    policy: RetryPolicy,
    *,
    decode: Callable[[Response], Flow[Any]] | None = None,
    trail: Trail | None = None,
    expires: float | None = None,
) -> Flow[Any]:
    """
    Send `request`, again after transient failures, and return the decoded answer.

    Args:
        request: The same bytes on every attempt.
        policy: How often, and the pauses.
        decode: Makes the result out of a response; what it raises counts as the
            attempt's failure. Default: the response itself, if its status is good.
        trail: Where attempts are noted.
        expires: The steady time nothing may outlast: no pause is begun that would.

    Raises:
        SociaroError: The last attempt's.
    """
    decode = decode or checked_response
    for attempt in policy.attempts():
        try:
            result = yield from _attempt(request, attempt, decode, trail, expires)
        except SociaroError as exc:
            delay = yield from _pause(exc, attempt, policy, expires)
            if delay is None:
                raise
        else:
            if policy.budget is not None:
                policy.budget.give()
            return result
        yield from sleep(delay)
    raise AssertionError("unreachable")  # pragma: no cover - the last one raises


def _pause(
    error: SociaroError, attempt: int, policy: RetryPolicy, expires: float | None
) -> Flow[float | None]:
    """Return the pause before the next attempt; None if there is none."""
    if not policy.retries(error, attempt):
        return None
    delay = policy.delay(error, attempt)
    if delay is None:
        return None
    if expires is not None:
        moment = yield from now()
        if moment.steady + delay >= expires:
            return None
    if policy.budget is not None and not policy.budget.take():
        return None
    return delay


def _attempt(
    request: Request,
    number: int,
    decode: Callable[[Response], Flow[T]],
    trail: Trail | None,
    expires: float | None,
) -> Flow[T]:
    if expires is not None:
        yield from check_deadline(expires, trail)
    if trail is None:
        response = yield from send(request, expires)
        return (yield from decode(response))
    began = yield from trail.begin()
    answer: Response | None = None
    try:
        answer = yield from send(request, expires)
        result = yield from decode(answer)
    except ConfigurationError:
        raise
    except SociaroError as exc:
        yield from trail.record(number, began, answer, exc)
        trail.marked(exc)
        raise
    yield from trail.record(number, began, answer)
    return result


def check_deadline(expires: float, trail: Trail | None = None) -> Flow[None]:
    """
    Go on if there is time left.

    Args:
        expires: A steady time.
        trail: What the error tells of the way so far.

    Raises:
        APITimeoutError: `expires` has come.
    """
    moment = yield from now()
    if moment.steady >= expires:
        error = APITimeoutError("the deadline of the call has passed", phase="deadline")
        raise error if trail is None else trail.marked(error)
