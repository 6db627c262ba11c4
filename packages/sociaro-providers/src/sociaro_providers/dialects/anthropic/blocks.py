"""
Content parts to content blocks.

*Source*: "Input content block" of the Messages API; OpenAI's content parts.
"""

from __future__ import annotations

import base64
import binascii
import re
from typing import Any, TypeAlias
from urllib.parse import unquote_to_bytes

from sociaro_providers.shapes import as_dict, as_list

from .refusals import unsupported

__all__ = ["Block", "content_blocks", "text_blocks"]

Block: TypeAlias = "dict[str, Any]"

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
    }
)
_SIGNATURES = (
    (b"\xff\xd8\xff", "image/jpeg"),
    (b"\x89PNG", "image/png"),
    (b"GIF8", "image/gif"),
)
_IMAGES = frozenset({"image/jpeg", "image/png", "image/gif", "image/webp"})
_DATA_URL = re.compile(r"data:([^;,]*)((?:;[^;,]*)*),", re.IGNORECASE)


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
    Return the blocks of content that may only be text.

    Raises:
        BadRequestError: Anything else is in there.
    """
    blocks = content_blocks(content, place)
    if any(block["type"] != "text" for block in blocks):
        raise unsupported(place, "a system message has only text")
    return blocks


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
        return [{**_image(fields.get("image_url"), place), **_cached(fields)}]
    if isinstance(kind, str) and (kind in _NATIVE or kind.endswith("_tool_result")):
        return [fields]
    raise unsupported(f"{place}.type", "this kind of part has no counterpart")


def _text(text: str, part: dict[str, Any]) -> list[Block]:
    # Text without anything visible is refused by the API.
    return [{"type": "text", "text": text, **_cached(part)}] if text.strip() else []


def _cached(part: dict[str, Any]) -> dict[str, Any]:
    mark = part.get("cache_control")
    if mark is None and isinstance(part.get("prompt_cache_breakpoint"), dict):
        mark = {"type": "ephemeral"}
    return {} if mark is None else {"cache_control": mark}


def _image(image: Any, place: str) -> Block:
    url = image.get("url") if isinstance(image, dict) else image
    if not isinstance(url, str):
        raise unsupported(f"{place}.image_url", "it needs a url")
    found = _DATA_URL.match(url)
    if found is not None:
        return _inline(found[1].strip().lower(), found[2], url[found.end() :], place)
    if url.lower().startswith("https://"):
        return {"type": "image", "source": {"type": "url", "url": url}}
    raise unsupported(
        f"{place}.image_url",
        "an image is fetched from https only; send others as a data URL",
    )


def _inline(declared: str, options: str, payload: str, place: str) -> Block:
    if ";base64" in options.lower():
        data = "".join(payload.split())
    else:
        data = base64.b64encode(unquote_to_bytes(payload)).decode()
    kind = _kind(data, place) or declared.replace("image/jpg", "image/jpeg")
    if kind == "application/pdf":
        source = {"type": "base64", "media_type": kind, "data": data}
        return {"type": "document", "source": source}
    if kind not in _IMAGES:
        raise unsupported(
            f"{place}.image_url", "an image is JPEG, PNG, GIF or WebP, or a PDF"
        )
    source = {"type": "base64", "media_type": kind, "data": data}
    return {"type": "image", "source": source}


def _kind(data: str, place: str) -> str | None:
    """Return the type by the first bytes; Anthropic refuses a wrong label."""
    try:
        head = base64.b64decode(data[:24], validate=True)
    except (binascii.Error, ValueError) as exc:
        raise unsupported(f"{place}.image_url", "its base64 is broken") from exc
    if head[:4] == b"RIFF" and head[8:12] == b"WEBP":
        return "image/webp"
    return next((kind for start, kind in _SIGNATURES if head.startswith(start)), None)
