"""What a translation could not keep, gathered while it is made."""

from __future__ import annotations

import attrs

__all__ = ["Remarks"]


@attrs.frozen
class Remarks:
    """
    What was left out, and what goes out otherwise than it was asked for.

    Args:
        dropped: Names of parameters.
        notes: Short sentences without anything of the caller's text.
    """

    dropped: list[str] = attrs.field(factory=list[str])
    notes: list[str] = attrs.field(factory=list[str])

    def drop(self, param: str) -> None:
        """Note a parameter that is left out; once is enough."""
        if param not in self.dropped:
            self.dropped.append(param)

    def note(self, sentence: str) -> None:
        """Note an approximation; once is enough."""
        if sentence not in self.notes:
            self.notes.append(sentence)
