"""Tools, how they are chosen, and the schema of the answer."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Final

from sociaro_local.wires.anthropic_rules import blocks
from sociaro_local.wires.anthropic_rules.schemas import Grammar
from sociaro_local.wires.anthropic_rules.shapes import (
    anything,
    array,
    boolean,
    dictionary,
    one_of,
    tagged,
    text,
    typed,
    wrong,
)

if TYPE_CHECKING:
    from sociaro_local.wires.anthropic_rules.request import MessagesRequest

_ROOT: Final = "does not support oneOf, allOf, or anyOf at the top level"
_NATIVE = re.compile(r"[a-z_]+_\d{8}")
_custom: Final = typed(
    {"name": text(pattern=blocks.TOOL_NAME), "input_schema": dictionary},
    {
        "allowed_callers": array(text()),
        "cache_control": tagged({"ephemeral": blocks.cache_control}),
        "defer_loading": boolean,
        "description": text(),
        "eager_input_streaming": boolean,
        "input_examples": array(dictionary),
        "strict": boolean,
    },
)
_MOST_STRICT: Final = 20
_MOST_OPTIONAL: Final = 24
_MOST_UNIONS: Final = 16


def definitions(request: MessagesRequest) -> None:
    """Refuse tools that are not well-formed, or that share a name."""
    names: set[str] = set()
    for index, tool in enumerate(_tools(request)):
        path = f"tools.{index}"
        _definition(tool, path)
        if "cache_control" in tool and tool.get("defer_loading"):
            wrong(path, "Tools with defer_loading=true cannot use prompt caching")
        if tool.get("name") in names:
            wrong("tools", "Tool names must be unique.")
        names.add(tool.get("name", f"the toolset in {path}"))


def _definition(tool: dict[str, Any], path: str) -> None:
    kind = tool.get("type", "custom")
    if isinstance(kind, str) and _NATIVE.fullmatch(kind):
        _named(tool, "name", f"{path}.{kind}")
        return
    cases = {"custom": _custom, "mcp_toolset": anything}
    tagged(cases, "custom")(tool, path)
    if kind == "custom":
        _input_schema(tool["input_schema"], f"{path}.custom.input_schema")
    else:
        _named(tool, "mcp_server_name", f"{path}.{kind}")


def _named(tool: dict[str, Any], key: str, path: str) -> None:
    if key not in tool:
        wrong(f"{path}.{key}", "Field required")
    text(least=1)(tool[key], f"{path}.{key}")


def _input_schema(schema: dict[str, Any], path: str) -> None:
    if "type" not in schema:
        wrong(f"{path}.type", "Field required")
    one_of("object")(schema["type"], f"{path}.type")
    if schema.keys() & {"oneOf", "allOf", "anyOf"}:
        wrong(path, f"input_schema {_ROOT}")
    if "properties" in schema:
        dictionary(schema["properties"], f"{path}.properties")
    if "required" in schema:
        array(text())(schema["required"], f"{path}.required")


def choice(request: MessagesRequest) -> None:
    """Refuse a `tool_choice` without tools, of an unknown tool, or one too many."""
    chosen = request.body.get("tool_choice")
    if chosen is None:
        return
    names = [tool.get("name") for tool in _tools(request)]
    if not names:
        wrong("tool_choice", "tool_choice may only be specified while providing tools")
    if chosen["type"] == "tool" and chosen["name"] not in names:
        wrong("tool_choice", f"Tool '{chosen['name']}' not found in provided tools")
    if not request.forces_tool:
        return
    if not request.model.forced_tools:
        kind = chosen["type"]
        wrong("tool_choice", f"type '{kind}' is not supported on this model")
    if request.thinking == "enabled":
        wrong(
            "thinking", "Thinking may not be enabled when tool_choice forces tool use."
        )


def servers(request: MessagesRequest) -> None:
    """Refuse MCP servers without their toolset, and the other way round."""
    known = {str(server["name"]) for server in request.body.get("mcp_servers", ())}
    toolsets = [t for t in _tools(request) if t.get("type") == "mcp_toolset"]
    used = {str(toolset["mcp_server_name"]) for toolset in toolsets}
    for name in sorted(used - known):
        wrong("tools", f"MCP server '{name}' not found in mcp_servers")
    for name in sorted(known - used):
        wrong("mcp_servers", f"MCP server '{name}' is not used by any mcp_toolset")


def grammars(request: MessagesRequest) -> None:
    """Refuse schemas that the answer cannot be held to, or too many of them."""
    grammar = Grammar()
    strict = 0
    for index, tool in enumerate(_tools(request)):
        if tool.get("strict"):
            path = f"tools.{index}.custom"
            if not request.model.json_schema:
                wrong(f"{path}.strict", "strict tools are not supported on this model")
            grammar.add(tool["input_schema"], f"{path}.input_schema")
            strict += 1
    for found, most, name in (
        (strict, _MOST_STRICT, "strict tools"),
        (grammar.optional, _MOST_OPTIONAL, "optional parameters"),
        (grammar.unions, _MOST_UNIONS, "parameters with union types"),
    ):
        if found > most:
            wrong(
                "tools",
                f"Schema is too complex for compilation: {found} {name}, at most {most}"
                " are supported",
            )


def answer_format(request: MessagesRequest) -> None:
    """Refuse a format of the answer that the model or the conversation forbids."""
    wanted = request.body.get("output_config", {}).get("format")
    if wanted is None:
        return
    path = "output_config.format"
    if not request.model.json_schema:
        wrong(path, "structured outputs are not supported on this model")
    Grammar().add(wanted["schema"], f"{path}.schema")
    if request.last["role"] == "assistant" and not request.goes_on:
        wrong(path, "prefilling the answer is not supported with structured outputs")
    for placed in request.blocks:
        if placed.block.get("citations") == {"enabled": True}:
            wrong(path, "citations cannot be enabled with structured outputs")


def _tools(request: MessagesRequest) -> list[dict[str, Any]]:
    tools: list[dict[str, Any]] = request.body.get("tools", [])
    return tools
