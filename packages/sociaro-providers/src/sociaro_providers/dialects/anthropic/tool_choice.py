"""
The choice among tools.

*Source*: "Tool choice" of the Messages API.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sociaro_providers.shapes import as_dict, as_list, as_text

from .names import named
from .refusals import unsupported

__all__ = ["allowed_tools", "choice_of"]

_MODES = {
    "auto": {"type": "auto"},
    "none": {"type": "none"},
    "required": {"type": "any"},
}
_NATIVE = frozenset({"auto", "any", "tool", "none"})


def allowed_tools(choice: Any, tools: Any) -> Any:
    """
    Return the tools that remain when `tool_choice` names some of them.

    Args:
        choice: `tool_choice`; only the form ``allowed_tools`` takes any away.
        tools: As the caller gave them.

    Raises:
        BadRequestError: The form has no list of tools.
    """
    fields = as_dict(choice)
    if fields.get("type") != "allowed_tools" or not isinstance(tools, list):
        return tools
    entries = _allowed(fields).get("tools")
    if not isinstance(entries, list):
        raise unsupported("tool_choice", "allowed_tools has tools")
    names = {named(entry) for entry in as_list(entries)} - {None}
    return [tool for tool in as_list(tools) if named(tool) in names]


def choice_of(
    params: dict[str, Any], tools: Any, names: Mapping[str, str]
) -> dict[str, Any] | None:
    """
    Return the tool choice; None to leave it to the API.

    Args:
        params: Of which `tool_choice` and `parallel_tool_calls` count.
        tools: That go out; without any there is nothing to choose.
        names: On the wire, of the names that were rewritten.

    Raises:
        BadRequestError: A call is forced without any tool, or the form is unknown.
    """
    choice = _choice(params.get("tool_choice"))
    if not tools:
        if choice is not None and choice["type"] in ("any", "tool"):
            raise unsupported("tool_choice", "a call is forced, but there are no tools")
        return None
    if params.get("parallel_tool_calls") is False:
        choice = choice or {"type": "auto"}
        if choice["type"] != "none":
            choice = {**choice, "disable_parallel_tool_use": True}
    name = None if choice is None else choice.get("name")
    if choice is not None and isinstance(name, str):
        choice = {**choice, "name": names.get(name, name)}
    return choice


def _choice(given: Any) -> dict[str, Any] | None:
    if given is None:
        return None
    fields = as_dict(given)
    kind = fields.get("type")
    mode = given if isinstance(given, str) else ""
    if kind == "allowed_tools":
        mode = as_text(_allowed(fields).get("mode"))
    if mode in _MODES:
        return _MODES[mode]
    name = named(fields)
    if kind == "function" and name is not None:
        return {"type": "tool", "name": name}
    if isinstance(kind, str) and kind in _NATIVE:
        return fields
    raise unsupported("tool_choice", "this form has no counterpart")


def _allowed(choice: dict[str, Any]) -> dict[str, Any]:
    # Some write its two fields without the level between.
    return as_dict(choice.get("allowed_tools", choice))
