"""
Assistant messages back to blocks: as they came from Anthropic, or rebuilt.

*Source*: Anthropic's rules for thinking blocks in a conversation: complete, unchanged
and in order.
"""

from __future__ import annotations

import json
from typing import Any, NoReturn, cast

from sociaro_providers.shapes import as_dict, as_list, as_text

from .blocks import Block, said_blocks
from .refusals import unsupported
from .target import Target
from .tool_ids import ToolIds

__all__ = ["assistant_blocks"]


def assistant_blocks(
    message: dict[str, Any], n: int, ids: ToolIds, target: Target
) -> list[Block]:
    """
    Return the blocks of an assistant message, maybe none.

    The raw blocks the message brought along go back verbatim while they still say
    what the message says; else thinking, text and calls are built in this order.

    Args:
        message: In OpenAI shape.
        n: Its index, for errors.
        ids: Of the conversation so far; the calls are added.
        target: For the names of tools.

    Raises:
        BadRequestError: A part or a call that has no counterpart.
    """
    place = f"messages[{n}]"
    raw = _raw(message)
    if raw is not None:
        return [_noted(block, place, ids, target) for block in raw]
    said = said_blocks(message.get("content"), f"{place}.content")
    blocks = [
        *_thinking(message),
        *(_noted(block, place, ids, target) for block in said),
    ]
    for m, call in enumerate(as_list(message.get("tool_calls"))):
        blocks.append(_call(call, f"{place}.tool_calls[{m}]", ids, target))
    legacy = message.get("function_call")
    if isinstance(legacy, dict):
        wire = ids.of_call(f"fc_{n}")
        where = f"{place}.function_call"
        blocks.append(_use(wire, as_dict(legacy), where, target))
    return blocks


def _noted(block: Block, place: str, ids: ToolIds, target: Target) -> Block:
    """Note the id of a call in Anthropic's form; it changes only if it was used."""
    if block["type"] != "tool_use":
        return block
    made = dict(block)
    if isinstance(block.get("id"), str):
        made["id"] = ids.of_call(block["id"])
    if isinstance(block.get("input"), str):
        # What a stream that was cut off had of it.
        made["input"] = _arguments(block["input"], f"{place}.tool_calls", target)
    return made


def _raw(message: dict[str, Any]) -> list[Block] | None:
    extras = as_dict(message.get("provider_specific_fields"))
    given = as_dict(extras.get("anthropic")).get("content")
    if not isinstance(given, list) or isinstance(message.get("function_call"), dict):
        return None
    blocks = [as_dict(block) for block in as_list(given)]
    if not all(isinstance(block.get("type"), str) for block in blocks):
        return None
    text = "".join(as_text(b.get("text")) for b in blocks if b["type"] == "text")
    uses = [as_text(b.get("id")) for b in blocks if b["type"] == "tool_use"]
    listed = as_list(message.get("tool_calls"))
    calls = [as_text(as_dict(call).get("id")) for call in listed]
    # Edited since: what the message says counts.
    if text != _said(message.get("content")) or sorted(uses) != sorted(calls):
        return None
    return _accepted(blocks)


def _said(content: Any) -> str:
    parts = [as_text(as_dict(part).get("text")) for part in as_list(content)]
    return as_text(content) or "".join(parts)


def _accepted(blocks: list[Block]) -> list[Block]:
    """Leave out what the API gives but does not take."""
    answered = [block.get("tool_use_id") for block in blocks]
    kept: list[Block] = []
    for n, block in enumerate(blocks):
        if block["type"] == "text" and not as_text(block.get("text")).strip():
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
    for item in [*as_list(given), *([] if given else _scalar(message))]:
        block = as_dict(item)
        kind = block.get("type")
        # Unsigned thinking is refused.
        if kind == "thinking" and as_text(block.get("signature")):
            names: tuple[str, ...] = ("type", "thinking", "signature")
        elif kind == "redacted_thinking" and as_text(block.get("data")):
            names = ("type", "data")
        else:
            continue
        blocks.append({name: as_text(block.get(name)) for name in names})
    return blocks


def _scalar(message: dict[str, Any]) -> list[Block]:
    """Return the one thinking block of a message that has its signature apart."""
    signed = as_dict(as_dict(message.get("extra_content")).get("anthropic"))
    thought = message.get("reasoning")
    text = as_text(thought) or as_text(as_dict(thought).get("content"))
    return [
        {"type": "thinking", "thinking": text, "signature": signed.get("signature")}
    ]


def _call(call: Any, place: str, ids: ToolIds, target: Target) -> Block:
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
    use = _use(ids.of_call(given), function, f"{place}.function", target)
    mark = fields.get("cache_control")
    return use if mark is None else {**use, "cache_control": mark}


def _use(wire: str, function: dict[str, Any], place: str, target: Target) -> Block:
    name = function.get("name")
    if not isinstance(name, str):
        raise unsupported(f"{place}.name", "a call names its function")
    arguments = _arguments(function.get("arguments"), f"{place}.arguments", target)
    name = target.names.get(name, name)
    return {"type": "tool_use", "id": wire, "name": name, "input": arguments}


def _arguments(given: Any, place: str, target: Target) -> dict[str, Any]:
    value: Any = given
    for again in (False, True):
        # Twice: some write the JSON of the JSON.
        if value is None or (isinstance(value, str) and not value.strip()):
            return {}
        if not isinstance(value, str):
            break
        try:
            value = json.loads(value, parse_constant=_refuse)
        except (ValueError, RecursionError):
            if again:
                break
            # Cut off by a token limit. Wrapped, the history can still be sent.
            target.remarks.note(f"{place} is no JSON: it went out as __raw_arguments")
            return {"__raw_arguments": given}
    if value is None:
        return {}
    if not isinstance(value, dict):
        raise unsupported(place, "arguments are a JSON object")
    return cast("dict[str, Any]", value)


def _refuse(constant: str) -> NoReturn:
    raise ValueError(constant)
