"""The script: what is to happen to the next requests; and faults by model name."""

from __future__ import annotations

import re
from dataclasses import dataclass, field, replace
from threading import Lock
from typing import TYPE_CHECKING, Any, Literal

from sociaro_local.answers import Answer

if TYPE_CHECKING:
    from collections.abc import Mapping


@dataclass(frozen=True)
class Delay:
    """A wait before the head of the answer, in seconds."""

    seconds: float


@dataclass(frozen=True)
class Failure:
    """
    An error instead of an answer.

    Args:
        status: HTTP status.
        body: JSON value, text or bytes; None: as the gateway or the provider writes it.
        headers: Added to the answer.
        message: Instead of the usual one, where `body` is None.
    """

    status: int
    body: Any = None
    headers: Mapping[str, str] = field(default_factory=dict)
    message: str | None = None


@dataclass(frozen=True)
class StreamFault:
    """
    A mishap in the body of an answer that has begun well.

    Args:
        kind: `cut`: the connection is cut; `error`: an error event comes and the body
            ends; `hang`: silence until the client leaves.
        after: Content events that come first.
        error: For `error`: its message, the error object, or the bytes of the event;
            None: the provider's usual one.
    """

    kind: Literal["cut", "error", "hang"]
    after: int
    error: str | Mapping[str, Any] | bytes | None = None


Effect = Answer | Delay | Failure | StreamFault


@dataclass(frozen=True)
class Fate:
    """What happens to one request: at most one effect of each kind."""

    delay: Delay | None = None
    answer: Answer | None = None
    failure: Failure | None = None
    fault: StreamFault | None = None

    def joined(self, effect: Effect) -> Fate | None:
        """
        Return this fate and the effect, or None if it is for a later request.

        A delay belongs to what is scripted after it, a stream fault to the answer
        scripted before it.
        """
        if isinstance(effect, Delay):
            return replace(self, delay=effect) if self == Fate() else None
        if self.failure or self.fault:
            return None
        if isinstance(effect, StreamFault):
            return replace(self, fault=effect)
        if self.answer:
            return None
        if isinstance(effect, Failure):
            return replace(self, failure=effect)
        return replace(self, answer=effect)

    def over(self, other: Fate) -> Fate:
        """Return this fate, with what it leaves open taken from the other."""
        return Fate(
            self.delay or other.delay,
            self.answer or other.answer,
            self.failure or other.failure,
            self.fault or other.fault,
        )


@dataclass
class _Step:
    effect: Effect
    provider: str | None
    left: int

    def suits(self, provider: str, *, chat: bool) -> bool:
        mine = self.provider in (None, provider)
        return mine and (chat or isinstance(self.effect, Delay | Failure))


class Script:
    """What is to happen to the next requests, first in first out. Thread-safe."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._steps: list[_Step] = []
        self._down: set[str] = set()

    def add(self, effect: Effect, provider: str | None = None, times: int = 1) -> None:
        """
        Append an effect.

        Args:
            effect: Answers and stream faults wait for chat calls, others for any.
            provider: Whose calls it waits for; None: everybody's.
            times: How many calls it strikes.

        Raises:
            ValueError: `times` is less than 1.
        """
        if times < 1:
            raise ValueError(f"times must be 1 or more, not {times}")
        with self._lock:
            self._steps.append(_Step(effect, provider, times))

    def take(self, provider: str, *, chat: bool) -> Fate:
        """Return the fate of the request that is here now, and strike it out."""
        fate = Fate()
        with self._lock:
            for step in [s for s in self._steps if s.suits(provider, chat=chat)]:
                joined = fate.joined(step.effect)
                if joined is None:
                    break
                fate = joined
                step.left -= 1
            self._steps = [step for step in self._steps if step.left]
        return fate

    def set_down(self, provider: str, *, down: bool) -> None:
        """Say that a provider cannot be reached, or that it can again."""
        with self._lock:
            (self._down.add if down else self._down.discard)(provider)

    def is_down(self, provider: str) -> bool:
        """Say whether a provider cannot be reached."""
        with self._lock:
            return provider in self._down

    def clear(self) -> None:
        """Forget every effect; all providers are up."""
        with self._lock:
            self._steps.clear()
            self._down.clear()


_BY_MODEL = re.compile(
    r"fail-(?P<fail>[45]\d\d)|slow-(?P<slow>\d+(?:\.\d+)?)"
    r"|(?P<kind>cut|error-event|hang)-(?P<after>\d+)"
)


def fate_by_model(model: str | None) -> Fate:
    """
    Return the fate that the name of a model asks for.

    `fail-503` fails with the status, `slow-1.5` waits so many seconds, `cut-3`,
    `error-event-3` and `hang-3` break the body after so many content events.
    """
    match = _BY_MODEL.fullmatch(model or "")
    if match is None:
        return Fate()
    if match["fail"]:
        return Fate(failure=Failure(int(match["fail"])))
    if match["slow"]:
        return Fate(delay=Delay(float(match["slow"])))
    kinds: dict[str, Literal["cut", "error", "hang"]]
    kinds = {"cut": "cut", "error-event": "error", "hang": "hang"}
    return Fate(fault=StreamFault(kinds[match["kind"]], int(match["after"])))
