"""Reading of requests: the checks that all providers make."""

from __future__ import annotations

from typing import Any, NoReturn

from sociaro_local.answers import Tool, count
from sociaro_local.errors import Problem, Refused


def refuse(message: str, param: str | None = None, status: int = 400) -> NoReturn:
    """
    Refuse the request.

    Raises:
        Refused: Always.
    """
    raise Refused(Problem(status, message, param))


def known_model(name: str) -> bool:
    """Say whether the provider has such a model: all but `nope-*` and `gone-*`."""
    return not name.startswith(("nope-", "gone-"))


def texts(content: Any) -> list[str]:
    """Return the texts of a message's content: a string, or a list of parts."""
    if isinstance(content, str):
        return [content]
    parts: list[Any] = content if isinstance(content, list) else []
    said = [part.get("text") for part in parts if isinstance(part, dict)]
    return [text for text in said if isinstance(text, str)]


def words(*contents: Any) -> int:
    """Return the number of words in the texts of some contents."""
    return sum(count(text) for content in contents for text in texts(content))


def last_text(messages: list[dict[str, Any]]) -> str:
    """Return the text parts of the last message of the user, joined by a space."""
    spoken = [m.get("content") for m in messages if m["role"] == "user"]
    return " ".join(texts(spoken[-1])) if spoken else ""


def are_messages(value: Any) -> bool:
    """Say whether a value is a list of one or more messages with a role."""
    if not isinstance(value, list) or not value:
        return False
    return all(isinstance(m, dict) and isinstance(m.get("role"), str) for m in value)


def stops(value: Any) -> tuple[str, ...]:
    """Return the stop texts that a request names: one, a list of them, or None."""
    found = [value] if isinstance(value, str) else value or []
    if not isinstance(found, list) or not all(isinstance(one, str) for one in found):
        refuse("Invalid 'stop': expected a string or a list of strings.", "stop")
    return tuple(one for one in found if one)


def whole_number(value: Any) -> bool:
    """Say whether a value is an integer of 1 or more."""
    return isinstance(value, int) and not isinstance(value, bool) and value >= 1


def tool(definition: Any, schema_key: str) -> Tool | None:
    """Return the tool that a definition with a name describes, else None."""
    if not isinstance(definition, dict) or not isinstance(definition.get("name"), str):
        return None
    schema = definition.get(schema_key)
    return Tool(definition["name"], schema if isinstance(schema, dict) else {})
