"""One step on a socket: the time that is left for it, and the words for its failure."""

from __future__ import annotations

import contextlib
from collections.abc import Generator

import httpcore

from .limits import Limit

__all__ = ["connect_errors", "mapped", "some", "time_left"]


def time_left(limit: Limit, timeout: float | None, phase: str) -> float | None:
    """Return the seconds a step may take; an error if there are none."""
    return some(limit.clip(timeout), phase)


_TIMEOUTS = {
    "connect": httpcore.ConnectTimeout,
    "read": httpcore.ReadTimeout,
    "write": httpcore.WriteTimeout,
}


def some(seconds: float | None, phase: str) -> float | None:
    """Return `seconds`, which are left for a phase; an error if there are none."""
    if seconds == 0.0:
        raise _TIMEOUTS[phase]("too late")
    return seconds


@contextlib.contextmanager
def mapped(error: type[Exception], late: type[Exception]) -> Generator[None]:
    """Turn what a socket raises into what httpcore expects."""
    try:
        yield
    except TimeoutError as exc:
        raise late(str(exc)) from exc
    except OSError as exc:
        raise error(str(exc)) from exc


@contextlib.contextmanager
def connect_errors() -> Generator[None]:
    """Turn what goes wrong before a connection stands into httpcore's words."""
    try:
        yield
    except (httpcore.ConnectError, httpcore.ConnectTimeout):
        raise
    except (TimeoutError, httpcore.TimeoutException) as exc:
        raise httpcore.ConnectTimeout(str(exc)) from exc
    except (OSError, ValueError, httpcore.NetworkError) as exc:
        raise httpcore.ConnectError(str(exc)) from exc
