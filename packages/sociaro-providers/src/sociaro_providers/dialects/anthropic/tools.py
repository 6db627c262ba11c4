"""
Tools: functions in Anthropic's form, native ones as they are.

*Source*: "Tools" of the Messages API.
"""

from __future__ import annotations

from typing import Any, cast

from sociaro_providers.shapes import as_dict, as_list, as_text

from .blocks import unmarked
from .names import is_native
from .refusals import unsupported
from .schema import strict_schema
from .target import Target
from .tool_schema import object_schema

__all__ = ["tools_of", "web_search_of"]

_EXTRAS = (
    "cache_control",
    "defer_loading",
    "allowed_callers",
    "input_examples",
    "eager_input_streaming",
)
# Later versions call code of their own, whose blocks a history in OpenAI shape loses.
_WEB_SEARCH = {"type": "web_search_20250305", "name": "web_search"}
_USES = {"low": 1, "medium": 5, "high": 10}
_PLACE = ("city", "region", "country", "timezone")


def tools_of(tools: Any, target: Target) -> list[dict[str, Any]]:
    """
    Return the tools in Anthropic's form, in the same order; native ones as they are.

    Raises:
        BadRequestError: A tool that is neither a function nor native.
    """
    if tools is None:
        return []
    if not isinstance(tools, list):
        raise unsupported("tools", "it must be a list")
    return [_tool(tool, n, target) for n, tool in enumerate(as_list(tools))]


def _tool(tool: Any, n: int, target: Target) -> dict[str, Any]:
    fields = as_dict(tool)
    if is_native(fields):
        return unmarked(fields)
    function = fields.get("function")
    if fields.get("type") not in (None, "function") or not isinstance(function, dict):
        raise unsupported(f"tools[{n}]", "only function tools have a counterpart")
    return _function(cast("dict[str, Any]", function), fields, n, target)


def _function(
    function: dict[str, Any], tool: dict[str, Any], n: int, target: Target
) -> dict[str, Any]:
    place = f"tools[{n}].function"
    name = function.get("name")
    if not isinstance(name, str) or not name:
        raise unsupported(f"{place}.name", "a function has a name")
    parameters = function.get("parameters")
    if parameters is not None and not isinstance(parameters, dict):
        raise unsupported(f"{place}.parameters", "it is a JSON schema")
    schema, line = object_schema(as_dict(parameters))
    strict = function.get("strict") is True
    if strict and not target.model.json_schema:
        target.remarks.note("this model has no strict tools")
        strict = False
    if strict:
        schema = strict_schema(schema, f"{place}.parameters")
    made: dict[str, Any] = {"name": target.names.get(name, name)}
    described = "\n".join(filter(None, (as_text(function.get("description")), line)))
    if described:
        made["description"] = described
    made["input_schema"] = schema
    if strict:
        made["strict"] = True
    for extra in _EXTRAS:
        value = tool.get(extra, function.get(extra))
        if value is not None:
            made[extra] = value
    return made


def web_search_of(options: Any, tools: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """
    Return the native tool that `web_search_options` stands for, or none.

    Args:
        options: OpenAI's. A larger context is taken as more searches.
        tools: The others; a native web search among them is enough.

    Raises:
        BadRequestError: A function of the caller's has the name of the native tool.
    """
    if options is None:
        return []
    for tool in tools:
        if as_text(tool.get("type")).startswith("web_search_"):
            return []
        if tool.get("name") == _WEB_SEARCH["name"]:
            raise unsupported("web_search_options", "a tool is called web_search")
    fields = as_dict(options)
    made: dict[str, Any] = dict(_WEB_SEARCH)
    uses = _USES.get(as_text(fields.get("search_context_size")))
    if uses is not None:
        made["max_uses"] = uses
    around = as_dict(as_dict(fields.get("user_location")).get("approximate"))
    known = {name: around[name] for name in _PLACE if around.get(name) is not None}
    if known:
        made["user_location"] = {"type": "approximate", **known}
    return [made]
