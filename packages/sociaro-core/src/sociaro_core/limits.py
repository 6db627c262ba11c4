"""How long a step may take: every wait of an attempt is shortened to what is left."""

from __future__ import annotations

import time

from .wire import Request

__all__ = ["Limit"]

# Beyond this a timeout is none: sockets refuse infinite and astronomic ones.
_FOREVER = 1e7


class Limit:
    """
    When the step under way ends at the latest, on the steady clock.

    An attempt ends after `Request.timeout.read` seconds by the wall clock, however the
    server drips; the body of a stream after as many seconds of silence; everything at
    the deadline of the call. Connecting is one step: name, TCP and TLS together.
    """

    __slots__ = ("_attempt", "_connect", "_deadline", "_silence", "request")

    request: Request

    def __init__(self) -> None:
        self._attempt: float | None = None
        self._connect: float | None = None
        self._deadline: float | None = None
        self._silence: float | None = None

    def start(self, request: Request, deadline: float | None) -> None:
        """Begin an attempt; `deadline` is a steady time or None."""
        self.request = request
        self._attempt = _later(request.timeout.read)
        self._connect = None
        self._deadline = deadline
        self._silence = None

    def stream(self) -> None:
        """Go over to the body of a stream: only silence and the deadline count."""
        self._silence = self.request.timeout.read
        self._attempt = None

    def expire(self, moment: float | None) -> None:
        """Let nothing outlast the steady time `moment`."""
        self._deadline = _earliest(self._deadline, moment)

    def drain(self, seconds: float) -> None:
        """Give the rest of a transfer `seconds`, whatever was allowed before."""
        self._attempt = _later(seconds)

    def connecting(self, timeout: float | None) -> None:
        """Begin to connect, which may take `timeout` seconds."""
        self._connect = _later(timeout)

    def clip(self, timeout: float | None = None) -> float | None:
        """Return the seconds a step may take; zero if it is too late for it."""
        timeout = _earliest(timeout, self._silence)
        ends = _earliest(self._attempt, self._deadline)
        left = None if ends is None else max(ends - time.monotonic(), 0.0)
        shortest = _earliest(timeout, left)
        return None if shortest is None or shortest > _FOREVER else shortest

    def clip_connect(self) -> float | None:
        """Return the seconds that are left to connect."""
        if self._connect is None:
            return self.clip()
        return self.clip(max(self._connect - time.monotonic(), 0.0))

    def blame(self, phase: str) -> tuple[str, float | None]:
        """Return whose limit ran out in `phase`: a phase, and its seconds if known."""
        moment = time.monotonic() + 0.001
        if self._deadline is not None and moment >= self._deadline:
            return "deadline", None
        timeout = self.request.timeout
        if self._attempt is not None and moment >= self._attempt:
            return phase, timeout.read
        own = {"connect": timeout.connect, "write": timeout.write, "pool": timeout.pool}
        return phase, own.get(phase, timeout.read)


def _later(seconds: float | None) -> float | None:
    return None if seconds is None else time.monotonic() + seconds


def _earliest(one: float | None, other: float | None) -> float | None:
    if one is None or other is None:
        return other if one is None else one
    return min(one, other)
