"""
An answer of the Messages API as a chat completion.

*Source*: the "Message" object. Block types, stop reasons and usage fields nobody knows
yet are kept as they came, in ``provider_specific_fields.anthropic``.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from sociaro_core.errors import APIError
from sociaro_core.wire import Response
from sociaro_providers.calls import ChatCall
from sociaro_providers.documents import object_of
from sociaro_providers.models import ChatCompletion
from sociaro_providers.models._structure import structure
from sociaro_providers.shapes import as_dict, as_list, as_text

from .names import renamed
from .refusals import refine

__all__ = [
    "DECLINED",
    "annotations_of",
    "answer_extras",
    "arguments_of",
    "decode",
    "finish_reason",
    "message_id",
    "message_of",
    "original_name",
    "refusal_of",
    "tier_of",
    "usage_of",
]

DECLINED = "The model declined to respond."

_THINKING = ("thinking", "redacted_thinking")

_FINISH = {
    "end_turn": "stop",
    "stop_sequence": "stop",
    "tool_use": "tool_calls",
    "max_tokens": "length",
    "model_context_window_exceeded": "length",
    # The loop of a server tool hit its limit: the answer goes on when it is sent back.
    "pause_turn": "length",
    "compaction": "length",
    "refusal": "content_filter",
}
_TIERS = {"standard": "default", "batch": "default"}
_USAGE_EXTRAS = (
    "cache_creation",
    "inference_geo",
    "iterations",
    "server_tool_use",
    "speed",
)
_MESSAGE_EXTRAS = ("container", "context_management", "stop_details")


def decode(call: ChatCall, response: Response) -> ChatCompletion:
    """
    Return the completion that is the body of `response`.

    Raises:
        APIError: An error inside the 200; or ``code="invalid_response"``.
    """
    data = message_of(response)
    return structure(ChatCompletion, _completion(data, response, renamed(call)))


def message_of(response: Response) -> dict[str, Any]:
    """
    Return the message that is the whole body of a 200.

    Raises:
        APIError: As `decode`, with code and param filled in.
    """
    try:
        return object_of(response, "content")
    except APIError as error:
        refine(error)
        raise


def message_id(data: dict[str, Any], response: Response) -> str:
    """Return the id of a message; one that has none gets the gateway's."""
    given = data.get("id")
    return given if isinstance(given, str) else f"msg_{response.request_id or ''}"


def _completion(
    data: dict[str, Any], response: Response, names: Mapping[str, str]
) -> dict[str, Any]:
    usage = as_dict(data.get("usage"))
    message = _message(data, names)
    choice = {
        "index": 0,
        "finish_reason": finish_reason(
            data.get("stop_reason"), calls="tool_calls" in message
        ),
        "logprobs": None,
        "message": message,
    }
    made = {
        "id": message_id(data, response),
        "object": "chat.completion",
        "created": int(response.received),
        "model": data.get("model"),
        "service_tier": tier_of(usage),
        "system_fingerprint": None,
        "choices": [choice],
        "usage": usage_of(usage),
    }
    return {**made, **answer_extras(data, usage)}


def tier_of(usage: dict[str, Any]) -> str | None:
    """Return OpenAI's word for the service tier; None if the answer has none."""
    tier = usage.get("service_tier")
    return _TIERS.get(tier, tier) if isinstance(tier, str) else None


def answer_extras(data: dict[str, Any], usage: dict[str, Any]) -> dict[str, Any]:
    """Return what is said of the answer beside the message; maybe nothing."""
    extras = {name: usage.get(name) for name in _USAGE_EXTRAS}
    extras |= {name: data.get(name) for name in _MESSAGE_EXTRAS}
    said = {name: value for name, value in extras.items() if value is not None}
    return {"provider_specific_fields": {"anthropic": said}} if said else {}


def _message(data: dict[str, Any], names: Mapping[str, str]) -> dict[str, Any]:
    blocks = [as_dict(block) for block in data["content"]]
    text = "".join(as_text(b.get("text")) for b in blocks if _is(b, "text"))
    calls = [_call(block, names) for block in blocks if _is(block, "tool_use")]
    refused = data.get("stop_reason") == "refusal"
    message: dict[str, Any] = {
        "role": "assistant",
        "content": None if not text and (calls or refused) else text,
        "refusal": refusal_of(data) if refused else None,
    }
    if calls:
        message["tool_calls"] = calls
    # Copies: who changes them must not change the raw blocks.
    thinking = [dict(block) for block in blocks if block.get("type") in _THINKING]
    if thinking:
        message |= _reasoning(thinking)
        message["thinking_blocks"] = thinking
    annotations = _annotations(blocks)
    if annotations:
        message["annotations"] = annotations
    raw = {name: data.get(name) for name in ("content", "stop_reason", "stop_sequence")}
    message["provider_specific_fields"] = {"anthropic": raw}
    return message


def _reasoning(thinking: list[dict[str, Any]]) -> dict[str, Any]:
    text = "".join(as_text(block.get("thinking")) for block in thinking)
    return {"reasoning_content": text} if text else {}


def refusal_of(data: dict[str, Any]) -> str:
    """Return why the model declined."""
    return as_text(as_dict(data.get("stop_details")).get("explanation")) or DECLINED


def _call(block: dict[str, Any], names: Mapping[str, str]) -> dict[str, Any]:
    name = original_name(block.get("name"), names)
    function = {"name": name, "arguments": arguments_of(block)}
    return {"id": block.get("id"), "type": "function", "function": function}


def original_name(name: Any, names: Mapping[str, str]) -> Any:
    """
    Return the caller's name of a tool.

    Args:
        name: As it came.
        names: The caller's names by those that had to be written otherwise.
    """
    return names.get(name, name) if isinstance(name, str) else name


def arguments_of(block: dict[str, Any]) -> str:
    """Return the input of a call as JSON text; none at all is an empty object."""
    return json.dumps(block.get("input") or {}, ensure_ascii=False)


def _annotations(blocks: list[dict[str, Any]]) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = []
    start = 0
    for block in blocks:
        if _is(block, "text"):
            end = start + len(as_text(block.get("text")))
            found += annotations_of(block, start, end)
            start = end
    return found


def annotations_of(block: dict[str, Any], start: int, end: int) -> list[dict[str, Any]]:
    """
    Return the web citations of a text block as annotations.

    Args:
        block: With `citations`; other kinds than web search results stay raw.
        start: Where its text begins in the whole, in characters.
        end: Where it ends.
    """
    citations = block.get("citations")
    entries = as_list(citations)
    return [
        {
            "type": "url_citation",
            "url_citation": {
                "url": fields.get("url"),
                "title": fields.get("title"),
                "start_index": start,
                "end_index": end,
            },
        }
        for fields in map(as_dict, entries)
        if fields.get("type") == "web_search_result_location"
    ]


def finish_reason(stop_reason: Any, *, calls: bool) -> str:
    """
    Return the finish reason; none of Anthropic's own words gets out.

    Args:
        stop_reason: As it came; a null and an unknown word mean a normal stop.
        calls: Whether the message has calls of the caller's own tools.
    """
    known = _FINISH.get(stop_reason, "stop") if isinstance(stop_reason, str) else "stop"
    return "stop" if known == "tool_calls" and not calls else known


def usage_of(usage: dict[str, Any]) -> dict[str, Any]:
    """
    Return OpenAI's usage: cached tokens are prompt tokens too.

    Args:
        usage: Anthropic's; every field may be null or absent.
    """
    read = _count(usage, "cache_read_input_tokens")
    written = _count(usage, "cache_creation_input_tokens")
    prompt = _count(usage, "input_tokens") + read + written
    completion = _count(usage, "output_tokens")
    made: dict[str, Any] = {
        "prompt_tokens": prompt,
        "completion_tokens": completion,
        "total_tokens": prompt + completion,
        "prompt_tokens_details": {"cached_tokens": read, "cache_write_tokens": written},
    }
    thought = as_dict(usage.get("output_tokens_details")).get("thinking_tokens")
    if thought is not None:
        made["completion_tokens_details"] = {"reasoning_tokens": thought}
    return made


def _count(usage: dict[str, Any], name: str) -> int:
    value = usage.get(name)
    return value if isinstance(value, int) else 0


def _is(block: dict[str, Any], kind: str) -> bool:
    return block.get("type") == kind
