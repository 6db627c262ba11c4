"""
Tools and the choice among them.

*Source*: "Tools" and "Tool choice" of the Messages API.
"""

from __future__ import annotations

import re
from typing import Any, cast

from sociaro_providers.shapes import as_dict, as_list

from .models_table import ClaudeModel
from .refusals import unsupported

__all__ = ["choice_of", "tools_of"]

_NATIVE = re.compile(r"[a-z_]+_\d{8}$|mcp_toolset$")
_EXTRAS = (
    "cache_control",
    "defer_loading",
    "allowed_callers",
    "input_examples",
    "eager_input_streaming",
)
_MODES = {
    "auto": {"type": "auto"},
    "none": {"type": "none"},
    "required": {"type": "any"},
}
_CHOICES = frozenset({"auto", "any", "tool", "none"})


def tools_of(tools: Any, model: ClaudeModel) -> list[dict[str, Any]]:
    """
    Return the tools in Anthropic's form, in the same order; native ones as they are.

    Raises:
        BadRequestError: A tool that is neither a function nor native.
    """
    if tools is None:
        return []
    if not isinstance(tools, list):
        raise unsupported("tools", "it must be a list")
    return [_tool(tool, n, model) for n, tool in enumerate(as_list(tools))]


def _tool(tool: Any, n: int, model: ClaudeModel) -> dict[str, Any]:
    fields = as_dict(tool)
    kind = fields.get("type")
    if "input_schema" in fields or (isinstance(kind, str) and _NATIVE.match(kind)):
        return fields
    function = fields.get("function")
    if kind not in (None, "function") or not isinstance(function, dict):
        raise unsupported(f"tools[{n}]", "only function tools have a counterpart")
    return _function(cast("dict[str, Any]", function), fields, n, model)


def _function(
    function: dict[str, Any], tool: dict[str, Any], n: int, model: ClaudeModel
) -> dict[str, Any]:
    name = function.get("name")
    if not isinstance(name, str) or not name:
        raise unsupported(f"tools[{n}].function.name", "a function has a name")
    made: dict[str, Any] = {"name": name}
    if function.get("description"):
        made["description"] = function["description"]
    made["input_schema"] = _schema(function.get("parameters"))
    if function.get("strict") is True and model.json_schema:
        made["strict"] = True
    for extra in _EXTRAS:
        value = tool.get(extra, function.get(extra))
        if value is not None:
            made[extra] = value
    return made


def _schema(parameters: Any) -> dict[str, Any]:
    schema = as_dict(parameters)
    made = {"type": "object", **schema}
    if made.get("properties") is None:
        made["properties"] = {}
    return made


def choice_of(
    params: dict[str, Any], tools: list[dict[str, Any]]
) -> tuple[dict[str, Any] | None, list[dict[str, Any]]]:
    """
    Return the tool choice, None to leave it to the API, and the tools that remain.

    Args:
        params: Of which `tool_choice` and `parallel_tool_calls` count.
        tools: As `tools_of` gave them.

    Raises:
        BadRequestError: A call is forced without any tool, or the form is unknown.
    """
    choice, tools = _choice(params.get("tool_choice"), tools)
    if not tools:
        if choice is not None and choice["type"] in ("any", "tool"):
            raise unsupported("tool_choice", "a call is forced, but there are no tools")
        return None, tools
    if params.get("parallel_tool_calls") is False:
        choice = choice or {"type": "auto"}
        if choice["type"] != "none":
            choice = {**choice, "disable_parallel_tool_use": True}
    return choice, tools


def _choice(
    given: Any, tools: list[dict[str, Any]]
) -> tuple[dict[str, Any] | None, list[dict[str, Any]]]:
    if given is None:
        return None, tools
    if isinstance(given, str) and given in _MODES:
        return _MODES[given], tools
    fields = as_dict(given)
    kind = fields.get("type")
    if kind == "function":
        name = _named(fields)
        if name is not None:
            return {"type": "tool", "name": name}, tools
    elif kind == "allowed_tools":
        return _allowed(fields.get("allowed_tools"), tools)
    elif isinstance(kind, str) and kind in _CHOICES:
        return fields, tools
    raise unsupported("tool_choice", "this form has no counterpart")


def _allowed(
    allowed: Any, tools: list[dict[str, Any]]
) -> tuple[dict[str, Any] | None, list[dict[str, Any]]]:
    fields = as_dict(allowed)
    mode, entries = _MODES.get(str(fields.get("mode"))), fields.get("tools")
    if mode is None or not isinstance(entries, list):
        raise unsupported("tool_choice", "allowed_tools has a mode and tools")
    names = {_named(entry) for entry in as_list(entries)}
    return mode, [tool for tool in tools if tool.get("name") in names]


def _named(entry: Any) -> str | None:
    fields = as_dict(entry)
    function = fields.get("function", fields)
    name = function.get("name") if isinstance(function, dict) else None
    return name if isinstance(name, str) else None
