"""The blocks of a streamed message, put together again as they were written."""

from __future__ import annotations

from typing import Any

from sociaro_providers.documents import parsed
from sociaro_providers.shapes import as_dict, as_list, as_text

__all__ = ["RawBlock", "RawBlocks"]

_THINKING = ("thinking", "redacted_thinking")
# Which fields of a block a delta makes longer.
_GROWING = {
    "text_delta": ("text",),
    "thinking_delta": ("thinking",),
    "compaction_delta": ("content", "encrypted_content"),
}
# What a block must be that gets such a delta.
_KINDS = {
    "text_delta": "text",
    "thinking_delta": "thinking",
    "signature_delta": "thinking",
    "compaction_delta": "compaction",
}


class RawBlock:
    """
    One block.

    Attributes:
        raw: As far as it has come; texts and arguments are joined by `finished`.
        kind: Its type.
        number: Its place among the calls, or among the thinking blocks.
        arguments: Pieces of JSON, never parsed before the end.
        begins_at, ends_at: Where its text stands in the whole, in characters.
        told: Fields of a thinking block that chunks have carried already.
        settled: Whether its end was told.
    """

    __slots__ = (
        "_pieces",
        "arguments",
        "begins_at",
        "ends_at",
        "kind",
        "number",
        "raw",
        "settled",
        "told",
    )

    def __init__(self, raw: dict[str, Any], number: int) -> None:
        self.raw = raw
        self.kind = raw.get("type")
        self.number = number
        self.arguments: list[str] = []
        self.begins_at = 0
        self.ends_at = 0
        self.told = {"type"}
        self.settled = False
        self._pieces: dict[str, list[str]] = {}

    def take(self, delta: dict[str, Any]) -> None:
        """Add a delta; of a kind nobody knows nothing is taken."""
        kind = as_text(delta.get("type"))
        for field in _GROWING.get(kind, ()):
            piece = delta.get(field)
            if isinstance(piece, str):
                self._pieces.setdefault(field, []).append(piece)
        if kind == "input_json_delta":
            piece = delta.get("partial_json")
            if isinstance(piece, str) and piece:
                self.arguments.append(piece)
        elif kind == "signature_delta":
            self.raw["signature"] = delta.get("signature")
        elif kind == "citations_delta":
            known = as_list(self.raw.get("citations"))
            self.raw["citations"] = [*known, delta.get("citation")]

    def finished(self) -> dict[str, Any]:
        """Return the block as it would stand in a message."""
        made = dict(self.raw)
        for field, pieces in self._pieces.items():
            made[field] = "".join([as_text(made.get(field)), *pieces])
        if self.arguments:
            text = "".join(self.arguments)
            try:
                made["input"] = parsed(text)
            except ValueError:
                # Cut off by a token limit: kept as far as it came.
                made["input"] = text
        return made


class RawBlocks:
    """
    The blocks of a message by their index.

    Attributes:
        calls: How many are calls of the caller's own tools.
    """

    __slots__ = ("_blocks", "_thoughts", "calls")

    def __init__(self) -> None:
        self._blocks: dict[int, RawBlock] = {}
        self._thoughts = 0
        self.calls = 0

    def start(self, index: Any, raw: Any) -> RawBlock:
        """Return a new block; only calls and thinking blocks are counted."""
        fields = dict(as_dict(raw))
        number = 0
        if fields.get("type") == "tool_use":
            number, self.calls = self.calls, self.calls + 1
        elif fields.get("type") in _THINKING:
            number, self._thoughts = self._thoughts, self._thoughts + 1
        block = RawBlock(fields, number)
        self._blocks[index if isinstance(index, int) else len(self._blocks)] = block
        return block

    def take(self, index: Any, delta: dict[str, Any]) -> RawBlock:
        """Return the block a delta belongs to, the delta added."""
        block = self.find(index)
        if block is None:
            # Its start got lost: the delta tells what it is.
            kind = _KINDS.get(as_text(delta.get("type")))
            block = self.start(index, {"type": kind} if kind else None)
        block.take(delta)
        return block

    def find(self, index: Any) -> RawBlock | None:
        """Return the block at `index`; None if there is none."""
        return self._blocks.get(index) if isinstance(index, int) else None

    def ordered(self) -> list[RawBlock]:
        """Return all blocks in their order, but those of which nothing is known."""
        return [block for _, block in sorted(self._blocks.items()) if block.raw]
