"""Images and files in messages, and marks for the cache."""

from __future__ import annotations

import base64
import binascii
from typing import TYPE_CHECKING, Any, Final

from sociaro_local.given import blocks_of
from sociaro_local.wires.anthropic_rules.shapes import wrong

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sociaro_local.wires.anthropic_rules.request import MessagesRequest

JSON = dict[str, Any]
_MAGIC: Final = (
    (b"\xff\xd8\xff", "image/jpeg"),
    (b"\x89PNG", "image/png"),
    (b"GIF8", "image/gif"),
)
_MOST_MARKS: Final = 4


def sources(request: MessagesRequest) -> None:
    """Refuse bytes that are not what they are said to be, and ids without a beta."""
    for placed in request.blocks:
        for block, path in _nested(placed.block, placed.path):
            source = block.get("source")
            if isinstance(source, dict):
                _source(request, source, f"{path}.{block['type']}.source")


def _nested(block: JSON, path: str) -> Iterator[tuple[JSON, str]]:
    """Give the blocks in which sources may be: itself, its content, its source's."""
    yield block, path
    kind = block["type"]
    if kind == "tool_result":
        for index, inner in enumerate(blocks_of(block.get("content"))):
            yield from _nested(inner, f"{path}.{kind}.content.{index}")
    if kind == "document":
        for index, inner in enumerate(_held(block.get("source"))):
            yield from _nested(inner, f"{path}.{kind}.source.content.content.{index}")


def _held(source: Any) -> list[JSON]:
    return blocks_of(source.get("content")) if isinstance(source, dict) else []


def _source(request: MessagesRequest, source: JSON, path: str) -> None:
    kind = source.get("type")
    if kind == "file" and not request.has_beta("files-api-"):
        wrong(
            path,
            "Input tag 'file' found using 'type' does not match any of the expected"
            " tags: 'base64', 'url'",
        )
    if kind != "base64":
        return
    try:
        data = base64.b64decode(source["data"], validate=True)
    except (binascii.Error, ValueError):
        wrong(f"{path}.base64.data", "invalid base64 data")
    declared, real = source["media_type"], _real_type(data)
    if real and real != declared:
        wrong(
            f"{path}.base64",
            f"The file was specified using the {declared} media type, but the file"
            f" appears to be a {real} image"
            if declared == "application/pdf"
            else f"The image was specified using the {declared} media type, but the"
            f" image appears to be a {real} image",
        )


def _real_type(data: bytes) -> str | None:
    if data[:4] == b"RIFF" and data[8:12] == b"WEBP":
        return "image/webp"
    return next((kind for magic, kind in _MAGIC if data.startswith(magic)), None)


def marks(request: MessagesRequest) -> None:
    """Refuse more marks for the cache than there may be."""
    body = request.body
    marked = [body, *blocks_of(body.get("system")), *body.get("tools", ())]
    for placed in request.blocks:
        marked += [block for block, _ in _nested(placed.block, placed.path)]
    found = sum("cache_control" in one for one in marked)
    if found > _MOST_MARKS:
        wrong(
            "cache_control",
            f"A maximum of {_MOST_MARKS} blocks with cache_control may be provided."
            f" Found {found}.",
        )
