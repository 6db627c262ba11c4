"""Ids of tool calls, as Anthropic accepts them: clean, and unique in a conversation."""

from __future__ import annotations

import hashlib
import re

__all__ = ["ToolIds"]

_REFUSED = re.compile(r"[^a-zA-Z0-9_-]")


class ToolIds:
    """
    Ids on the wire for the ids in the messages; the same messages give the same.

    Other providers repeat ids, or write them with dots and colons; Anthropic refuses
    both. A result belongs to the first call of its id in the last turn that has not
    got one yet.
    """

    __slots__ = ("_latest", "_used", "_waiting")

    def __init__(self) -> None:
        self._latest: dict[str, str] = {}
        self._used: set[str] = set()
        self._waiting: dict[str, list[str]] = {}

    def next_turn(self) -> None:
        """Note that the assistant speaks again: results are for its new calls."""
        self._waiting.clear()

    def of_call(self, given: str) -> str:
        """Return the id for a new call."""
        clean = _clean(given)
        wire, number = clean, 1
        while wire in self._used:
            number += 1
            wire = f"{clean}_{number}"
        self._used.add(wire)
        self._latest[given] = wire
        self._waiting.setdefault(given, []).append(wire)
        return wire

    def of_result(self, given: str) -> str:
        """Return the id of the call that a result answers."""
        waiting = self._waiting.get(given)
        if waiting:
            return waiting.pop(0)
        return self._latest.get(given) or _clean(given)


def _clean(given: str) -> str:
    if given and _REFUSED.search(given) is None:
        return given
    digest = hashlib.sha1(given.encode("utf-8", "replace"), usedforsecurity=False)
    return f"{_REFUSED.sub('_', given)}_{digest.hexdigest()[:8]}"
