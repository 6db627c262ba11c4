"""
Assistant messages back to blocks: as they came from Anthropic, or rebuilt.

*Source*: Anthropic's rules for thinking blocks in a conversation: complete, unchanged
and in order.
"""

from __future__ import annotations

import json
from typing import Any, NoReturn, cast

from sociaro_providers.shapes import as_dict, as_list, as_text

from .blocks import Block, content_blocks
from .refusals import unsupported
from .tool_ids import ToolIds

__all__ = ["assistant_blocks"]


def assistant_blocks(message: dict[str, Any], n: int, ids: ToolIds) -> list[Block]:
    """
    Return the blocks of an assistant message, maybe none.

    The raw blocks the message brought along go back verbatim while they still say
    what the message says; else thinking, text and calls are built in this order.

    Args:
        message: In OpenAI shape.
        n: Its index, for errors.
        ids: Of the conversation so far; the calls are added.

    Raises:
        BadRequestError: A part or a call that has no counterpart.
    """
    raw = _raw(message)
    if raw is not None:
        for block in raw:
            if block["type"] == "tool_use":
                ids.keep(str(block.get("id")))
        return raw
    place = f"messages[{n}]"
    blocks = _thinking(message)
    blocks += content_blocks(message.get("content"), f"{place}.content")
    for m, call in enumerate(as_list(message.get("tool_calls"))):
        blocks.append(_call(call, f"{place}.tool_calls[{m}]", ids))
    legacy = message.get("function_call")
    if isinstance(legacy, dict):
        where = f"{place}.function_call"
        blocks.append(_use(ids.of_call(f"fc_{n}"), as_dict(legacy), where))
    return blocks


def _raw(message: dict[str, Any]) -> list[Block] | None:
    extras = as_dict(message.get("provider_specific_fields"))
    given = as_dict(extras.get("anthropic")).get("content")
    if not isinstance(given, list):
        return None
    blocks = [as_dict(block) for block in as_list(given)]
    if not all(isinstance(block.get("type"), str) for block in blocks):
        return None
    text = "".join(str(b.get("text") or "") for b in blocks if b["type"] == "text")
    uses = {as_text(b.get("id")) for b in blocks if b["type"] == "tool_use"}
    listed = as_list(message.get("tool_calls"))
    calls = {as_text(as_dict(call).get("id")) for call in listed}
    # Edited since: what the message says counts.
    if text != (message.get("content") or "") or uses != calls:
        return None
    return _accepted(blocks)


def _accepted(blocks: list[Block]) -> list[Block]:
    """Leave out what the API gives but does not take."""
    answered = [block.get("tool_use_id") for block in blocks]
    kept: list[Block] = []
    for n, block in enumerate(blocks):
        if block["type"] == "text" and not block.get("text"):
            continue
        answer = block.get("id") in answered or n == len(blocks) - 1
        if block["type"] == "server_tool_use" and not answer:
            continue
        kept.append(
            {k: v for k, v in block.items() if k != "citations" or v is not None}
        )
    return kept


def _thinking(message: dict[str, Any]) -> list[Block]:
    extras = as_dict(message.get("provider_specific_fields"))
    given = message.get("thinking_blocks") or extras.get("thinking_blocks")
    blocks: list[Block] = []
    for item in as_list(given):
        block = as_dict(item)
        kind = block.get("type")
        # Unsigned thinking is refused.
        if kind == "thinking" and block.get("signature"):
            names: tuple[str, ...] = ("type", "thinking", "signature")
        elif kind == "redacted_thinking" and block.get("data"):
            names = ("type", "data")
        else:
            continue
        blocks.append({name: block.get(name, "") for name in names})
    return blocks


def _call(call: Any, place: str, ids: ToolIds) -> Block:
    fields = as_dict(call)
    given = fields.get("id")
    if not isinstance(given, str):
        raise unsupported(f"{place}.id", "a call has an id")
    if isinstance(fields.get("custom"), dict):
        # A free-form call: its text becomes the only argument.
        custom = as_dict(fields["custom"])
        function: dict[str, Any] = {
            "name": custom.get("name"),
            "arguments": {"input": custom.get("input")},
        }
    else:
        function = as_dict(fields.get("function"))
    use = _use(ids.of_call(given), function, f"{place}.function")
    mark = fields.get("cache_control")
    return use if mark is None else {**use, "cache_control": mark}


def _use(wire: str, function: dict[str, Any], place: str) -> Block:
    name = function.get("name")
    if not isinstance(name, str):
        raise unsupported(f"{place}.name", "a call names its function")
    arguments = _arguments(function.get("arguments"), f"{place}.arguments")
    return {"type": "tool_use", "id": wire, "name": name, "input": arguments}


def _arguments(given: Any, place: str) -> dict[str, Any]:
    value: Any = given
    for _ in range(2):
        # Twice: some write the JSON of the JSON.
        if value is None or (isinstance(value, str) and not value.strip()):
            return {}
        if not isinstance(value, str):
            break
        try:
            value = json.loads(value, parse_constant=_refuse)
        except (ValueError, RecursionError):
            # Cut off by a token limit. Wrapped, the history can still be sent.
            return {"__raw_arguments": given}
    if value is None:
        return {}
    if not isinstance(value, dict):
        raise unsupported(place, "arguments are a JSON object")
    return cast("dict[str, Any]", value)


def _refuse(constant: str) -> NoReturn:
    raise ValueError(constant)
