"""
A chat call as a request of the Messages API.

Pure and deterministic: the same call gives the same bytes.

*Source*: `POST /v1/messages`, version 2023-06-01.
"""

from __future__ import annotations

from typing import Any

from sociaro_core.wire import Headers
from sociaro_providers.calls import ChatCall, body_of
from sociaro_providers.provider import Encoded
from sociaro_providers.shapes import as_dict, as_list

from . import params as wishes
from .blocks import Block
from .messages import conversation
from .models_table import ClaudeModel, claude_model
from .tools import choice_of, tools_of

__all__ = ["encode"]

_BETA = "anthropic-beta"
_MCP_BETA = "mcp-client-2025-11-20"
# Constant, so that the prefix stays the same from turn to turn.
_JSON_ONLY: Block = {
    "type": "text",
    "text": "Respond with one valid JSON object only. No prose, no code fences.",
}


def encode(call: ChatCall, model: str) -> Encoded:
    """
    Return the call in Anthropic's language.

    Raises:
        BadRequestError: With ``code="unsupported_parameter"``, for what has no
            counterpart and would change the shape or the safety of the answer.
        ConfigurationError: JSON cannot write it.
    """
    params = {name: v for name, v in call.params.items() if v is not None}
    extra = dict(call.extra_body or {})
    betas = [*_strings(params.get("betas")), *_strings(extra.pop("betas", None))]
    wishes.check_shape(params)
    dropped = wishes.hints(params)
    row = claude_model(model)
    limit = wishes.token_limit(params, row, stream=call.stream)
    body: dict[str, Any] = {"model": model, "max_tokens": limit}
    body |= _content(call.messages, params, row)
    body |= {name: params[name] for name in wishes.NATIVE if name in params}
    body |= _settings(params, row, dropped)
    if call.stream:
        body["stream"] = True
    body = _laid_over(body, extra)
    if "mcp_servers" in body:
        betas.append(_MCP_BETA)
    return Encoded(
        body_of(body),
        _headers(call.headers, betas),
        tuple(dict.fromkeys(dropped)),
        None if call.stream else _patience(body.get("max_tokens")),
    )


def _content(
    messages: list[Any], params: dict[str, Any], row: ClaudeModel
) -> dict[str, Any]:
    system, turns = conversation(messages, row)
    given = params.get("system")
    if isinstance(given, str):
        given = [{"type": "text", "text": given}] if given.strip() else []
    if isinstance(given, list):
        system = [*as_list(given), *system]
    _, any_json = wishes.answer_format(params, row)
    if any_json:
        system = [*system, _JSON_ONLY]
    choice, tools = choice_of(params, tools_of(params.get("tools"), row))
    parts = {"system": system, "messages": turns, "tools": tools, "tool_choice": choice}
    return {name: part for name, part in parts.items() if part}


def _settings(
    params: dict[str, Any], row: ClaudeModel, dropped: list[str]
) -> dict[str, Any]:
    made: dict[str, Any] = {
        **wishes.sampling(params, row, dropped),
        **wishes.service_tier(params),
    }
    stops = wishes.stops(params)
    if stops:
        made["stop_sequences"] = stops
    metadata = wishes.user_metadata(params, dropped)
    if metadata:
        made["metadata"] = metadata
    schema, _ = wishes.answer_format(params, row)
    if schema is not None:
        config = params.get("output_config")
        made["output_config"] = {
            **as_dict(config),
            "format": schema,
        }
    return made


def _laid_over(body: dict[str, Any], extra: dict[str, Any]) -> dict[str, Any]:
    """Lay `extra` over `body`; what has two sources by nature merges a level deep."""
    made = {**body, **extra}
    for name in ("output_config", "metadata"):
        ours, theirs = body.get(name), extra.get(name)
        if isinstance(ours, dict) and isinstance(theirs, dict):
            made[name] = {**ours, **theirs}
    return made


def _headers(given: Headers, betas: list[str]) -> Headers:
    if not betas:
        return Headers()
    users = [beta.strip() for beta in given.get(_BETA, "").split(",")]
    return Headers({_BETA: ",".join(dict.fromkeys(filter(None, [*users, *betas])))})


def _strings(value: Any) -> list[str]:
    if isinstance(value, str):
        return [value]
    entries = as_list(value)
    return [entry for entry in entries if isinstance(entry, str)]


def _patience(limit: Any) -> float | None:
    """Return the seconds that many tokens take at the pace Anthropic reckons with."""
    if isinstance(limit, bool) or not isinstance(limit, (int, float)) or limit <= 0:
        return None
    return 3600 * limit / 128_000
