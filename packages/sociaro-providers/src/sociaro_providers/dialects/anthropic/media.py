"""
Images and files to blocks.

*Source*: "Input content block" of the Messages API; OpenAI's `image_url` and `file`.
"""

from __future__ import annotations

from typing import Any, TypeAlias

from sociaro_providers.shapes import as_dict, as_list, as_text

from .inline import Inline, inline, of_base64
from .refusals import unsupported

__all__ = ["Block", "file_block", "image_block", "refers_to_files"]

Block: TypeAlias = "dict[str, Any]"

_IMAGES = frozenset({"image/jpeg", "image/png", "image/gif", "image/webp"})
_PDF = "application/pdf"
# By the end of the name. Not Python's table: that one differs between machines.
_BY_ENDING = {
    "pdf": _PDF,
    "jpg": "image/jpeg",
    "jpeg": "image/jpeg",
    "png": "image/png",
    "gif": "image/gif",
    "webp": "image/webp",
    "svg": "image/svg+xml",
    **dict.fromkeys(
        (
            "c", "conf", "cpp", "css", "csv", "go", "h", "htm", "html", "ini", "java",
            "js", "json", "jsonl", "log", "md", "py", "rb", "rs", "rst", "sh", "sql",
            "tex", "toml", "ts", "tsv", "txt", "xml", "yaml", "yml",
        ),
        "text/plain",
    ),
}  # fmt: skip
_TEXTS = frozenset(
    {
        "application/json",
        "application/xml",
        "application/csv",
        "application/yaml",
        "application/x-yaml",
        "application/toml",
        "application/javascript",
        "application/x-ndjson",
        "application/markdown",
    }
)
_VAGUE = frozenset({"", "application/octet-stream", "binary/octet-stream"})


def image_block(image: Any, place: str) -> Block:
    """
    Return the block of an `image_url`: a string, or ``{"url"}``.

    Raises:
        BadRequestError: No https URL and no data URL of JPEG, PNG, GIF, WebP or PDF.
    """
    place = f"{place}.image_url"
    url = image.get("url") if isinstance(image, dict) else image
    if not isinstance(url, str):
        raise unsupported(place, "it needs a url")
    found = inline(url, place)
    if found is not None:
        return _known(found, place)
    return {"type": "image", "source": _by_url(url, place)}


def file_block(file: Any, place: str) -> Block:
    """
    Return the block of a `file` with `file_data` or `file_id`.

    Raises:
        BadRequestError: A kind of file, or an id, that Anthropic does not know.
    """
    place = f"{place}.file"
    fields = as_dict(file)
    title = as_text(fields.get("filename"))
    guess = _BY_ENDING.get(title.rpartition(".")[2].lower(), "")
    data, id_ = fields.get("file_data"), fields.get("file_id")
    if isinstance(data, str):
        found = inline(data, place) or of_base64("", data, place)
        if found.kind in _VAGUE:
            found = Inline(guess, found.data)
        block = _text_or_known(found, place)
    elif isinstance(id_, str):
        kind = "image" if guess in _IMAGES else "document"
        block = {"type": kind, "source": _by_id(id_, place)}
    else:
        raise unsupported(place, "it needs file_data or file_id")
    return {**block, "title": title} if title and _is(block, "document") else block


def refers_to_files(turns: Any) -> bool:
    """Return whether any block, or block inside a tool result, names a stored file."""
    for turn in as_list(turns):
        for block in map(as_dict, as_list(as_dict(turn).get("content"))):
            inner = map(as_dict, as_list(block.get("content")))
            if any(map(_is_stored, (block, *inner))):
                return True
    return False


def _is_stored(block: Block) -> bool:
    source = as_dict(block.get("source"))
    return _is(block, "container_upload") or _is(source, "file")


def _is(fields: dict[str, Any], kind: str) -> bool:
    return as_text(fields.get("type")) == kind


def _known(found: Inline, place: str) -> Block:
    source = {"type": "base64", "media_type": found.kind, "data": found.data}
    if not found.data:
        raise unsupported(place, "it is empty")
    if found.kind == _PDF:
        return {"type": "document", "source": source}
    if found.kind not in _IMAGES:
        raise unsupported(place, "an image is JPEG, PNG, GIF or WebP, a document PDF")
    return {"type": "image", "source": source}


def _text_or_known(found: Inline, place: str) -> Block:
    if not found.kind.startswith("text/") and found.kind not in _TEXTS:
        return _known(found, place)
    source = {"type": "text", "media_type": "text/plain", "data": found.text(place)}
    return {"type": "document", "source": source}


def _by_url(url: str, place: str) -> Block:
    if not url.lower().startswith("https://"):
        raise unsupported(
            place, "it is fetched from https only; send anything else as a data URL"
        )
    return {"type": "url", "url": url}


def _by_id(id_: str, place: str) -> Block:
    if id_.startswith("file_"):
        return {"type": "file", "file_id": id_}
    if id_.lower().startswith(("https://", "http://")):
        return _by_url(id_, place)
    raise unsupported(place, "the id of a file of Anthropic's begins with file_")
