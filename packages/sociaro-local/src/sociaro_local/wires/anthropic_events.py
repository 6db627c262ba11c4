"""The events by which Anthropic streams one block of an answer."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, Final

from sociaro_local.answers import fragments, pieces

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

JSON = dict[str, Any]
Delta = tuple[JSON, bool]


def events(block: JSON, index: int) -> Iterator[Delta]:
    """
    Give the events of a block, each with whether it is content.

    Args:
        block: As it is in a whole message.
        index: Its place there.

    Text, thinking and input of tools come in pieces; other blocks are whole at once.
    """
    at = {"index": index}
    empty, deltas = _KINDS.get(str(block.get("type")), (_as_it_is, _nothing))
    start = {**block, **empty(block)}
    yield {"type": "content_block_start", **at, "content_block": start}, False
    for delta, is_content in deltas(block):
        yield {"type": "content_block_delta", **at, "delta": delta}, is_content
    yield {"type": "content_block_stop", **at}, False


def _as_it_is(_block: JSON) -> JSON:
    return {}


def _nothing(_block: JSON) -> Iterator[Delta]:
    return iter(())


def _empty_text(block: JSON) -> JSON:
    return {"text": "", **({"citations": []} if "citations" in block else {})}


def _text(block: JSON) -> Iterator[Delta]:
    for piece in pieces(block["text"]):
        yield {"type": "text_delta", "text": piece}, True
    for citation in block.get("citations") or ():
        yield {"type": "citations_delta", "citation": citation}, False


def _empty_thinking(_block: JSON) -> JSON:
    return {"thinking": "", "signature": ""}


def _thinking(block: JSON) -> Iterator[Delta]:
    for piece in pieces(block["thinking"]):
        yield {"type": "thinking_delta", "thinking": piece}, True
    yield {"type": "signature_delta", "signature": block["signature"]}, False


def _empty_input(_block: JSON) -> JSON:
    return {"input": {}}


def _input(block: JSON) -> Iterator[Delta]:
    if block["input"]:
        text = json.dumps(block["input"], ensure_ascii=False)
        mine = block["type"] == "tool_use"
        for part in ("", *fragments(text)):
            yield {"type": "input_json_delta", "partial_json": part}, mine


_KINDS: Final[
    Mapping[str, tuple[Callable[[JSON], JSON], Callable[[JSON], Iterator[Delta]]]]
] = {
    "text": (_empty_text, _text),
    "thinking": (_empty_thinking, _thinking),
    "tool_use": (_empty_input, _input),
    "server_tool_use": (_empty_input, _input),
    "mcp_tool_use": (_empty_input, _input),
}
"""Of each type that comes in pieces: how it starts empty, and its pieces."""
