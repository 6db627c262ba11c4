"""
Content parts to content blocks.

*Source*: "Input content block" of the Messages API; OpenAI's content parts.
"""

from __future__ import annotations

from typing import Any

from sociaro_providers.shapes import as_dict, as_list

from .media import Block, file_block, image_block
from .refusals import unsupported

__all__ = ["Block", "content_blocks", "said_blocks", "text_blocks", "unmarked"]

_NATIVE = frozenset(
    {
        "image",
        "document",
        "search_result",
        "container_upload",
        "tool_reference",
        "tool_result",
        "tool_use",
        "thinking",
        "redacted_thinking",
        "server_tool_use",
        "mcp_tool_use",
        "compaction",
        "mid_conv_system",
    }
)
_OF_DOCUMENTS = ("title", "context", "citations")


def content_blocks(content: Any, place: str) -> list[Block]:
    """
    Return the blocks of the content of a message; empty text gives none.

    Args:
        content: A string, a list of parts, or None.
        place: Of the content, for errors.

    Raises:
        BadRequestError: A part that has no counterpart.
    """
    if content is None:
        return []
    if isinstance(content, str):
        return _text(content, {})
    if not isinstance(content, list):
        raise unsupported(place, "content is a string or a list of parts")
    blocks: list[Block] = []
    for n, part in enumerate(as_list(content)):
        blocks += _part(part, f"{place}[{n}]")
    return blocks


def text_blocks(content: Any, place: str) -> list[Block]:
    """
    Return the blocks of content that may only be text: that of a system message.

    Raises:
        BadRequestError: Anything else is in there.
    """
    blocks = content_blocks(content, place)
    if any(block["type"] != "text" for block in blocks):
        raise unsupported(place, "a system message has only text")
    return blocks


def said_blocks(content: Any, place: str) -> list[Block]:
    """
    Return the blocks of what an assistant said: text, refusals, and native blocks.

    Raises:
        BadRequestError: A part that an assistant has not, such as an image.
    """
    for n, part in enumerate(as_list(content)):
        if as_dict(part).get("type") in ("image_url", "file"):
            raise unsupported(f"{place}[{n}].type", "an assistant has text only")
    return content_blocks(content, place)


def unmarked(block: Block) -> Block:
    """Return a native block as it is, but for a `cache_control` of None."""
    return {k: v for k, v in block.items() if k != "cache_control" or v is not None}


def _part(part: Any, place: str) -> list[Block]:
    if isinstance(part, str):
        return _text(part, {})
    fields = as_dict(part)
    kind = fields.get("type")
    if kind in ("text", "refusal"):
        text = fields.get(kind)
        if not isinstance(text, str):
            raise unsupported(f"{place}.{kind}", "it must be a string")
        return _text(text, fields)
    if kind == "image_url":
        return [_dressed(image_block(fields.get("image_url"), place), fields)]
    if kind == "file":
        return [_dressed(file_block(fields.get("file"), place), fields)]
    if isinstance(kind, str) and (kind in _NATIVE or kind.endswith("_tool_result")):
        return [unmarked(fields)]
    raise unsupported(f"{place}.type", "this kind of part has no counterpart")


def _dressed(block: Block, part: dict[str, Any]) -> Block:
    """Return `block` with what a part may say beside its content."""
    more = _OF_DOCUMENTS if block["type"] == "document" else ()
    extras = {name: part[name] for name in more if part.get(name) is not None}
    return {**block, **extras, **_cached(part)}


def _text(text: str, part: dict[str, Any]) -> list[Block]:
    # Text without anything visible is refused by the API.
    return [{"type": "text", "text": text, **_cached(part)}] if text.strip() else []


def _cached(part: dict[str, Any]) -> dict[str, Any]:
    mark = part.get("cache_control")
    point = as_dict(part.get("prompt_cache_breakpoint"))
    if mark is None and point.get("mode") == "explicit":
        mark = {"type": "ephemeral"}
    return {} if mark is None else {"cache_control": mark}
