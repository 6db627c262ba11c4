"""
Names of tools, as Anthropic accepts them, and the way back.

*Source*: "Tools" of the Messages API: ``^[a-zA-Z0-9_-]{1,128}$``.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from sociaro_providers.calls import ChatCall
from sociaro_providers.shapes import as_dict, as_list

__all__ = ["is_native", "named", "names_of", "renamed"]

_LONGEST = 128
_REFUSED = re.compile(r"[^a-zA-Z0-9_-]")
_NATIVE = re.compile(r"[a-z_]+_\d{8}$|mcp_toolset$")


def is_native(tool: dict[str, Any]) -> bool:
    """Return whether a tool is written in Anthropic's own form."""
    kind = tool.get("type")
    return "input_schema" in tool or (
        isinstance(kind, str) and _NATIVE.match(kind) is not None
    )


def named(entry: Any) -> str | None:
    """Return the name in ``{"function": {"name"}}`` or ``{"name"}``; None if none."""
    fields = as_dict(entry)
    function = fields.get("function", fields)
    name = as_dict(function).get("name")
    return name if isinstance(name, str) else None


def names_of(call: ChatCall) -> dict[str, str]:
    """
    Return the name on the wire of every name Anthropic would refuse.

    A name it accepts stays as it is. The tools come first, in their order, then the
    calls in the messages: appending a message changes no name before it.
    """
    tools = [as_dict(tool) for tool in as_list(call.params.get("tools"))]
    given = [(tool, named(tool)) for tool in tools]
    used = {name for tool, name in given if name and _stays(tool, name)}
    made: dict[str, str] = {}
    names = [name for tool, name in given if name and not is_native(tool)]
    for name in (*names, *_called(call.messages)):
        if name not in made and not _accepted(name):
            made[name] = _free(name, used)
            used.add(made[name])
    return made


def renamed(call: ChatCall) -> dict[str, str]:
    """Return the caller's name for every name on the wire that was rewritten."""
    return {wire: name for name, wire in names_of(call).items()}


def _stays(tool: dict[str, Any], name: str) -> bool:
    return is_native(tool) or _accepted(name)


def _accepted(name: str) -> bool:
    return 0 < len(name) <= _LONGEST and _REFUSED.search(name) is None


def _free(name: str, used: set[str]) -> str:
    clean = _REFUSED.sub("_", name)[:_LONGEST] or "_"
    wire, number = clean, 1
    while wire in used:
        number += 1
        end = f"_{number}"
        wire = clean[: _LONGEST - len(end)] + end
    return wire


def _called(messages: list[Any]) -> Iterator[str]:
    for message in map(as_dict, messages):
        for call in map(as_dict, as_list(message.get("tool_calls"))):
            yield from _name_in(call.get("custom"))
            yield from _name_in(call.get("function"))
        yield from _name_in(message.get("function_call"))


def _name_in(function: Any) -> Iterator[str]:
    name = as_dict(function).get("name")
    if isinstance(name, str):
        yield name
