"""What the two drivers share: open answers, bodies in bounded memory, log lines."""

from __future__ import annotations

import logging
import time
from typing import TYPE_CHECKING, Any

import attrs

from .errors import APIConnectionError, SociaroError, invalid_response
from .notices import logger
from .unpacking import Unpacker, unpacker_for
from .wire import Response

if TYPE_CHECKING:
    from .transports import AsyncExchange, Exchange
    from .wire import Request

__all__ = [
    "LARGEST_BODY",
    "LARGEST_ERROR",
    "Body",
    "Open",
    "log_answer",
    "log_failure",
]

LARGEST_BODY = 128 * 1024 * 1024
LARGEST_ERROR = 1024 * 1024


class Open:
    """An answer under way: its exchange, and what unpacks it."""

    __slots__ = ("_problem", "exchange", "unpacker")

    def __init__(self, exchange: Exchange | AsyncExchange) -> None:
        self.exchange: Any = exchange
        self.unpacker: Unpacker | None = None
        self._problem: str | None = None
        try:
            self.unpacker = unpacker_for(exchange.headers.get("content-encoding", ""))
        except ValueError as exc:
            self._problem = str(exc)

    def check(self, response: Response) -> None:
        """
        Look at how the answer is packed.

        Raises:
            APIError: In a way that was not asked for.
        """
        if self._problem is not None:
            raise invalid_response(response, self._problem)

    def ended(self) -> None:
        """
        Note that no more raw bytes come.

        Raises:
            APIConnectionError: The packed body lacks its end.
        """
        if self.unpacker is not None and not self.unpacker.whole:
            raise APIConnectionError("the packed body of the answer was cut off")


class Body:
    """Collects a whole body; an error's is cut, another's may not be too large."""

    __slots__ = ("_collected", "_response", "full")

    def __init__(self, response: Response) -> None:
        self._response = attrs.evolve(response, exchange=None)
        self._collected = bytearray()
        self.full = False

    def add(self, piece: bytes) -> None:
        """
        Take the next piece.

        Raises:
            APIError: The body of a good answer is too large.
        """
        self._collected += piece
        size = len(self._collected)
        if self._response.status >= 300:
            self.full = size >= LARGEST_ERROR
        elif size > LARGEST_BODY:
            self._collected.clear()
            raise invalid_response(
                self._response,
                f"the answer is larger than {LARGEST_BODY // 1024 // 1024} MB",
            )

    def response(self) -> Response:
        """Return the answer with its body, closed."""
        if self.full:
            del self._collected[LARGEST_ERROR:]
        return attrs.evolve(self._response, body=bytes(self._collected))


def log_failure(request: Request, began: float, error: SociaroError) -> None:
    """Note that no answer came."""
    _log(request, began, f"{type(error).__name__}: {error}")


def log_answer(request: Request, began: float, response: Response) -> None:
    """Note the answer, without its body."""
    if logger.isEnabledFor(logging.DEBUG):
        outcome = f"status {response.status}, request {response.request_id}"
        _log(request, began, outcome)


def _log(request: Request, began: float, outcome: str) -> None:
    logger.debug(
        "%s %s: %s in %.3f s",
        request.method,
        request.url.partition("?")[0],
        outcome,
        time.monotonic() - began,
    )
