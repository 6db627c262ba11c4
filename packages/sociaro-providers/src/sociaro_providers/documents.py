"""JSON that came from a server: read with care, and told apart from an error."""

from __future__ import annotations

import json
from typing import Any, cast

from sociaro_core.errors import APIError, error_inside, invalid_response
from sociaro_core.wire import Response

from .shapes import as_dict, as_list

__all__ = ["is_error", "object_of", "parsed"]

_DEEPEST = 200
_UNREADABLE = object()

_decode = json.JSONDecoder().decode


def parsed(text: str) -> Any:
    """
    Return the JSON in `text`.

    Raises:
        ValueError: It is none, or nested deeper than 200 levels: walking it later
            would end in a `RecursionError` of Python's.
    """
    try:
        value = _decode(text)
    except RecursionError:
        raise ValueError("nested too deeply") from None
    # Counting is cheap; few documents have so many brackets that they must be walked.
    if len(text) > _DEEPEST and text.count("{") + text.count("[") > _DEEPEST:
        _check_depth(value)
    return value


def _check_depth(value: Any) -> None:
    level: list[Any] = [value]
    for _ in range(_DEEPEST):
        level = [child for item in level for child in _children(item)]
        if not level:
            return
    raise ValueError("nested too deeply")


def _children(item: Any) -> list[Any]:
    return [*as_dict(item).values(), *as_list(item)]


def is_error(body: dict[str, Any]) -> bool:
    """
    Return whether a JSON object inside a 200 is an error.

    It has a truthy ``error``, or, without ``choices``, a code as DashScope writes it:
    a word, or a number of 400 to 599.
    """
    if body.get("error"):
        return True
    code = body.get("code")
    if not code or isinstance(body.get("choices"), list):
        return False
    return isinstance(code, str) or (isinstance(code, int) and 400 <= code <= 599)


def object_of(response: Response, expected: str) -> dict[str, Any]:
    """
    Return the JSON object that is the whole body of a 200.

    Args:
        response: The 200; its body is UTF-8, with or without BOM.
        expected: The field that must be a list for it to be an answer.

    Raises:
        APIError: An error inside the 200, of the class of its mapped status; or
            ``code="invalid_response"``: not UTF-8, no JSON, no object, or without
            the list.
    """
    found = _found(response, expected)
    if isinstance(found, APIError):
        # Raised from here, where no local variable shows what the server sent:
        # it may have echoed the key.
        raise found
    return found


def _found(response: Response, expected: str) -> dict[str, Any] | APIError:
    try:
        value = parsed(str(response.body, "utf-8-sig"))
    except ValueError:
        # The error is made outside: this one would stay with it, and holds the body.
        value = _UNREADABLE
    if value is _UNREADABLE:
        return _unusable(response, "no readable JSON")
    if not isinstance(value, dict):
        return _unusable(response, "no JSON object")
    found = cast("dict[str, Any]", value)
    if is_error(found):
        return error_inside(response, found)
    if not isinstance(found.get(expected), list):
        return _unusable(response, f"JSON without a list {expected!r}")
    return found


def _unusable(response: Response, what: str) -> APIError:
    return invalid_response(response, f"the answer is {what}", response.body)
