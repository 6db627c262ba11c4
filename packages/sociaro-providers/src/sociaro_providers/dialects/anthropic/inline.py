"""
Bytes inside a message: data URLs in every spelling, and what the bytes are.

*Source*: RFC 2397; Anthropic checks the type against the first bytes.
"""

from __future__ import annotations

import base64
import re
from urllib.parse import unquote, unquote_to_bytes

import attrs

from .refusals import unsupported

__all__ = ["Inline", "inline", "of_base64"]

_DATA_URL = re.compile(r"data:([^;,]*)((?:;[^;,]*)*),", re.IGNORECASE)
_SIGNATURES = (
    (b"\xff\xd8\xff", "image/jpeg"),
    (b"\x89PNG", "image/png"),
    (b"GIF8", "image/gif"),
    (b"%PDF", "application/pdf"),
)
_SAME = {"image/jpg": "image/jpeg", "application/x-pdf": "application/pdf"}
_URL_SAFE = str.maketrans("-_", "+/", "=")


@attrs.frozen
class Inline:
    """
    Bytes.

    Args:
        kind: Their type, by the first bytes; where those say nothing, as declared.
        data: In base64.
    """

    kind: str
    data: str

    def text(self, place: str) -> str:
        """
        Return the bytes as text in UTF-8.

        Raises:
            BadRequestError: They are no base64.
        """
        return _decoded(self.data, place).decode("utf-8-sig", "replace")


def inline(url: str, place: str) -> Inline | None:
    """
    Return the bytes in a data URL; None if `url` is none.

    Raises:
        BadRequestError: Its base64 is broken.
    """
    url = url.strip()
    found = _DATA_URL.match(url)
    if found is None:
        return None
    declared, payload = found[1].strip().lower(), url[found.end() :]
    if ";base64" in "".join(found[2].lower().split()):
        return of_base64(declared, unquote(payload), place)
    data = base64.b64encode(unquote_to_bytes(payload)).decode()
    return of_base64(declared or "text/plain", data, place)


def of_base64(declared: str, data: str, place: str) -> Inline:
    """
    Return the bytes of a base64 text: white space, padding and alphabet do not matter.

    Raises:
        BadRequestError: It is no base64.
    """
    clean = "".join(data.split()).translate(_URL_SAFE)
    clean += "=" * (-len(clean) % 4)
    # Both ends are enough: what is broken between them is Anthropic's to refuse.
    head = _decoded(clean[:24], place)
    _decoded(clean[-4:], place)
    declared = _SAME.get(declared, declared)
    return Inline(_sniffed(head) or declared, clean)


def _decoded(data: str, place: str) -> bytes:
    try:
        return base64.b64decode(data, validate=True)
    except ValueError as exc:
        raise unsupported(place, "its base64 is broken") from exc


def _sniffed(head: bytes) -> str | None:
    if head[:4] == b"RIFF" and head[8:12] == b"WEBP":
        return "image/webp"
    return next((kind for start, kind in _SIGNATURES if head.startswith(start)), None)
