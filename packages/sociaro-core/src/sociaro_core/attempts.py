"""What happened on the way: one `Attempt` a request sent, and the `Meta` of a call."""

from __future__ import annotations

import copy
from collections.abc import Mapping

import attrs

from .effects import Flow, Instant, now
from .errors import APIError, SociaroError
from .wire import Headers, Response

__all__ = ["Attempt", "Meta", "Trail"]


@attrs.frozen
class Attempt:
    """
    One request that was sent.

    Args:
        provider, model: Of its route; `model` without the provider prefix.
        number: Counted from 1 on each route.
        started: Unix time in seconds.
        elapsed: Seconds until the whole answer was there; on a stream, until the
            first chunk that carries anything.
        status_code: Of the answer, also of an error inside a 200; None if none came.
        request_id: The gateway's id of it.
        error: What went wrong; None for the answer that was used.
    """

    provider: str | None
    model: str | None
    number: int
    started: float
    elapsed: float
    status_code: int | None = None
    request_id: str | None = None
    error: SociaroError | None = None


@attrs.frozen
class Meta:
    """
    What is known about an answer beside its content.

    Args:
        request_id: The gateway's id, for logs and support.
        provider, model: Who answered, or failed last.
        status_code, headers: Of the last answer.
        elapsed: Seconds for the whole call, retries, waits and fallback included.
        attempts: One for each request sent, in order.
        dropped: Parameters the provider cannot express, left out of the request.
    """

    request_id: str | None = None
    provider: str | None = None
    model: str | None = None
    status_code: int | None = None
    headers: Mapping[str, str] = attrs.field(factory=Headers)
    elapsed: float = 0.0
    attempts: tuple[Attempt, ...] = ()
    dropped: tuple[str, ...] = ()


class Trail:
    """
    The log of one logical call while it runs; `meta` gives what it says so far.

    A call sets `provider`, `model` and `dropped` when it turns to a route.
    """

    __slots__ = ("_began", "_ended", "attempts", "dropped", "model", "provider")

    def __init__(self) -> None:
        self.attempts: list[Attempt] = []
        self.dropped: tuple[str, ...] = ()
        self.provider: str | None = None
        self.model: str | None = None
        self._began: Instant | None = None
        self._ended: Instant | None = None

    def begin(self) -> Flow[Instant]:
        """Return the moment one attempt starts."""
        moment = yield from now()
        if self._began is None:
            self._began = moment
        return moment

    def record(
        self,
        number: int,
        began: Instant,
        response: Response | None,
        error: SociaroError | None = None,
    ) -> Flow[None]:
        """
        Note one attempt.

        Args:
            number: Counted from 1 on this route.
            began: As `begin` gave it.
            response: The answer, if its head came.
            error: What went wrong; noted as a copy without traceback.
        """
        self._ended = yield from now()
        status = None if response is None else response.status
        request_id = None if response is None else response.request_id
        if isinstance(error, APIError):
            status = error.status_code
            request_id = request_id or error.request_id
        self.attempts.append(
            Attempt(
                self.provider,
                self.model,
                number,
                began.unix,
                max(0.0, self._ended.steady - began.steady),
                status,
                request_id,
                None if error is None else copy.copy(error),
            )
        )

    def meta(self, headers: Mapping[str, str] | None = None) -> Meta:
        """Return what the log says; `headers` are the last answer's."""
        last = self.attempts[-1] if self.attempts else None
        elapsed = 0.0
        if self._began is not None and self._ended is not None:
            elapsed = max(0.0, self._ended.steady - self._began.steady)
        return Meta(
            None if last is None else last.request_id,
            self.provider,
            self.model,
            None if last is None else last.status_code,
            Headers() if headers is None else headers,
            elapsed,
            tuple(self.attempts),
            self.dropped,
        )

    def marked(self, error: SociaroError) -> SociaroError:
        """Return `error` with its route and `meta` set."""
        headers: Mapping[str, str] | None = None
        if isinstance(error, APIError):
            error.provider = self.provider
            error.model = self.model
            headers = error.headers
        error.meta = self.meta(headers)
        return error
