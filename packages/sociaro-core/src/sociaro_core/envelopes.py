"""
The error bodies of the gateway and of all providers, read by one tolerant function.

| who | body |
|---|---|
| gateway | `{"error": {"type", "message"}}` |
| OpenAI and its relatives | `{"error": {"message", "type", "param", "code"}}` |
| Anthropic | `{"type": "error", "error": {"type", "message"}}` |
| DashScope, native | `{"code", "message", "request_id"}`, tasks inside `output` |
| MuleRouter | `{"error": {"error_code", "title", "detail"}}`, or in `task_info` |
| others | `{"error": "text"}`, `{"detail": ...}`, text, HTML, nothing |
"""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any, cast

import attrs

if TYPE_CHECKING:
    from .credentials import Secret

__all__ = ["Envelope", "envelope_of", "mapped_status", "one_line"]

_MESSAGES = ("message", "detail", "title", "error_msg", "msg", "error_description")
_CODES = ("code", "error_code", "error_type")
_LONGEST = 500
_DEEPEST = 50


@attrs.frozen
class Envelope:
    """What an error body says; None or empty where it does not."""

    message: str = ""
    code: str | None = None
    type: str | None = None
    param: str | None = None
    body: object = None
    status: int | None = None


def one_line(text: str) -> str:
    """Return `text` from a server as one printable line, at most 500 characters."""
    line = " ".join(text[: 4 * _LONGEST].split())
    line = "".join(char if char.isprintable() else "\ufffd" for char in line)
    return line if len(line) <= _LONGEST else f"{line[: _LONGEST - 1]}\u2026"


def envelope_of(body: object, secret: Secret | None = None) -> Envelope:
    """
    Return what an error body says, whatever its shape.

    Args:
        body: The bytes of an answer, or JSON that is decoded already.
        secret: Masked wherever the body echoes it.
    """
    if isinstance(body, bytes):
        body = _decoded(body)
    body = _safe(body, secret, 0)
    if not isinstance(body, dict):
        return Envelope(message=body if isinstance(body, str) else "", body=body)
    whole = cast("dict[str, Any]", body)
    found = _inner(whole)
    if isinstance(found, str):
        return Envelope(message=found, body=whole)
    return Envelope(
        message=_message(found) or _message(whole),
        code=_first(found, _CODES),
        type=_text(found.get("type")),
        param=_text(found.get("param")),
        body=whole,
        status=_status(found, whole),
    )


def _decoded(body: bytes) -> object:
    if not body:
        return None
    text = body.decode("utf-8-sig", "replace")
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return text


def _safe(body: object, secret: Secret | None, depth: int) -> object:
    """Return `body` with the key masked, cut where no copy or pickle could follow."""
    if isinstance(body, str):
        return body if secret is None else secret.mask(body)
    if depth == _DEEPEST:
        return "\u2026" if isinstance(body, (dict, list)) else body
    if isinstance(body, dict):
        return {
            _safe(name, secret, depth): _safe(value, secret, depth + 1)
            for name, value in cast("dict[str, object]", body).items()
        }
    if isinstance(body, list):
        items = cast("list[object]", body)
        return [_safe(value, secret, depth + 1) for value in items]
    return body


def _inner(body: dict[str, Any]) -> dict[str, Any] | str:
    error = body.get("error")
    if isinstance(error, str) and error:
        return error
    if isinstance(error, dict):
        return cast("dict[str, Any]", error)
    task = body.get("task_info")
    if isinstance(task, dict) and isinstance(task.get("error"), dict):
        return cast("dict[str, Any]", task["error"])
    output = body.get("output")
    if isinstance(output, dict) and "code" in output:
        return cast("dict[str, Any]", output)
    return body


def _message(found: dict[str, Any]) -> str:
    title, detail = found.get("title"), found.get("detail")
    if isinstance(title, str) and isinstance(detail, str) and title and detail:
        return f"{title}: {detail}"
    for name in _MESSAGES:
        value = found.get(name)
        if isinstance(value, str) and value.strip():
            return value
        if name == "detail" and value and isinstance(value, (list, dict)):
            return json.dumps(value, ensure_ascii=False)
    return ""


def _first(found: dict[str, Any], names: tuple[str, ...]) -> str | None:
    for name in names:
        value = _text(found.get(name))
        if value is not None:
            return value
    return None


def _text(value: object) -> str | None:
    if isinstance(value, str):
        return one_line(value) or None
    if isinstance(value, bool) or not isinstance(value, int):
        return None
    return str(value) if abs(value) < 1 << 64 else None


def _status(found: dict[str, Any], body: dict[str, Any]) -> int | None:
    for source in (found, body):
        for name in ("status", "code", "status_code"):
            value = source.get(name)
            if isinstance(value, float) and value.is_integer():
                value = int(value)
            text = _text(value)
            if text is not None and _ERROR_STATUS.fullmatch(text):
                return int(text)
    return None


_ERROR_STATUS = re.compile("[45][0-9][0-9]")

_STATUSES: tuple[tuple[int, re.Pattern[str]], ...] = tuple(
    (status, re.compile(pattern, re.IGNORECASE))
    for status, pattern in (
        (401, r"^authentication"),
        (403, r"^permission"),
        (404, r"^not_found"),
        (429, r"rate_limit|^throttling|quota"),
        (529, r"^overloaded"),
        (402, r"^billing"),
        (413, r"^request_too_large"),
        (409, r"^conflict"),
        (504, r"^timeout"),
        (400, r"^invalid_request|inspection|sensitive"),
    )
)


def mapped_status(envelope: Envelope) -> int:
    """
    Return the HTTP status an error inside a 200 stands for.

    A status or numeric code of 400 to 599 counts; else the words of code and type
    decide; else 500.
    """
    if envelope.status is not None:
        return envelope.status
    for word in (envelope.code, envelope.type):
        for status, pattern in _STATUSES:
            if word is not None and pattern.search(word):
                return status
    return 500
