"""
Parameters: what has a counterpart, what is left out, what is refused.

Two classes of what cannot be expressed: what changes the shape or the safety of the
answer is refused before anything is sent; a mere hint is left out and named, so that
a chain across providers does not fail on it.

*Source*: "Create a message" of the Messages API; OpenAI's chat completion parameters.
"""

from __future__ import annotations

import re
from typing import Any, cast

from sociaro_providers.shapes import as_dict, as_list, as_text

from .models_table import ClaudeModel
from .refusals import unsupported

__all__ = [
    "NATIVE",
    "answer_format",
    "check_shape",
    "hints",
    "sampling",
    "service_tier",
    "stops",
    "token_limit",
    "user_metadata",
]

# Fields of the Messages API that pass as they are.
NATIVE = (
    "thinking",
    "output_config",
    "container",
    "mcp_servers",
    "context_management",
    "cache_control",
    "inference_geo",
    "speed",
    "fallbacks",
    "fallback_credit_token",
    "diagnostics",
)
# Taken care of elsewhere, or nothing to say about.
_HANDLED = frozenset(
    {
        *NATIVE,
        "betas",
        "max_completion_tokens",
        "max_tokens",
        "metadata",
        "n",
        "parallel_tool_calls",
        "response_format",
        "stop",
        "stop_sequences",
        "stream_options",
        "system",
        "temperature",
        "tool_choice",
        "tools",
        "top_k",
        "top_p",
    }
)
# Off is what an answer of Anthropic's has anyway.
_OFF: dict[str, tuple[Any, ...]] = {
    "frequency_penalty": (0,),
    "presence_penalty": (0,),
    "logprobs": (False,),
    "top_logprobs": (0,),
    "store": (False,),
    "modalities": (["text"],),
}
_REFUSED = {
    "functions": "use tools",
    "function_call": "use tool_choice",
    "audio": "answers are text",
    "web_search_options": "give the native web search tool in tools",
}
_USER = ("safety_identifier", "user")
_CONTACT = re.compile(r"[^@\s]+@[^@\s]+\.[^@\s]+|\+?[\d\s().-]{7,}")
_TIERS = {
    "auto": "auto",
    "default": "standard_only",
    "standard_only": "standard_only",
}
_DEFAULT_TOKENS = 16_000
_DEFAULT_STREAMED = 64_000


def check_shape(params: dict[str, Any]) -> None:
    """
    Refuse what would change the shape or the safety of the answer.

    Raises:
        BadRequestError: `code` is ``unsupported_parameter``.
    """
    for name, why in _REFUSED.items():
        if params.get(name) is not None:
            raise unsupported(name, why)
    if params.get("n") not in (None, 1):
        raise unsupported("n", "there is always one answer")
    modalities = params.get("modalities")
    if modalities is not None and modalities != ["text"]:
        raise unsupported("modalities", "answers are text")
    if "block" in repr(params.get("moderation")):
        raise unsupported("moderation", "its safety gate would be lost")


def hints(params: dict[str, Any]) -> list[str]:
    """Return the names that are left out though they say something."""
    return [
        name
        for name, value in params.items()
        if value is not None
        and name not in _HANDLED
        and name not in _USER
        and value not in _OFF.get(name, ())
        and not (name == "service_tier" and as_text(value) in _TIERS)
    ]


def token_limit(params: dict[str, Any], model: ClaudeModel, *, stream: bool) -> Any:
    """
    Return `max_tokens`, which Anthropic demands.

    As given, not clamped; else 16,000, on a stream 64,000, or what the model can.
    """
    for name in ("max_completion_tokens", "max_tokens"):
        given = params.get(name)
        if given is not None:
            whole = isinstance(given, float) and given.is_integer()
            return int(given) if whole else given
    return min(_DEFAULT_STREAMED if stream else _DEFAULT_TOKENS, model.max_output)


def sampling(
    params: dict[str, Any], model: ClaudeModel, dropped: list[str]
) -> dict[str, Any]:
    """Return temperature, top_p and top_k as far as the model takes them."""
    given = {
        name: params[name]
        for name in ("temperature", "top_p", "top_k")
        if params.get(name) is not None
    }
    kept = _allowed(given, model, thinking=_thinks(params))
    if model.one_sampling and "temperature" in kept and "top_p" in kept:
        del kept["temperature" if kept["temperature"] == 1 else "top_p"]
    if _is_number(kept.get("temperature")) and kept["temperature"] > 1:
        kept["temperature"] = 1.0
    # A value that says nothing is not worth a warning.
    dropped += [n for n in given if n not in kept and (n == "top_k" or given[n] != 1)]
    return kept


def _allowed(
    given: dict[str, Any], model: ClaudeModel, *, thinking: bool
) -> dict[str, Any]:
    if not model.sampling:
        return {}
    if not thinking:
        return dict(given)
    kept: dict[str, Any] = {}
    if given.get("temperature") == 1:
        kept["temperature"] = given["temperature"]
    if _is_number(given.get("top_p")) and given["top_p"] >= 0.95:
        kept["top_p"] = given["top_p"]
    return kept


def _thinks(params: dict[str, Any]) -> bool:
    thinking = params.get("thinking")
    return isinstance(thinking, dict) and cast("dict[str, Any]", thinking).get(
        "type"
    ) in ("enabled", "adaptive")


def _is_number(value: Any) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool)


def stops(params: dict[str, Any]) -> list[Any]:
    """Return the stop sequences; those without anything visible are refused there."""
    given = params.get("stop")
    if given is None:
        given = params.get("stop_sequences")
    if isinstance(given, str):
        given = [given]
    entries = as_list(given)
    return [entry for entry in entries if not isinstance(entry, str) or entry.strip()]


def user_metadata(params: dict[str, Any], dropped: list[str]) -> dict[str, Any]:
    """
    Return `metadata` with the user's id.

    Of `safety_identifier`, `user` and the key ``user_id`` of `metadata` the first
    counts. What looks like an address or a telephone number is refused by Anthropic,
    so it is left out.
    """
    metadata = params.get("metadata")
    fields = as_dict(metadata)
    if set(fields) - {"user_id"}:
        dropped.append("metadata")
    named = [(name, params.get(name)) for name in _USER]
    for name, value in (*named, ("metadata", fields.get("user_id"))):
        if value is None:
            continue
        if _is_user_id(value):
            return {"user_id": value}
        dropped.append(name)
    return {}


def _is_user_id(value: Any) -> bool:
    return (
        isinstance(value, str)
        and 0 < len(value) <= 255
        and value.isprintable()
        and _CONTACT.fullmatch(value) is None
    )


def service_tier(params: dict[str, Any]) -> dict[str, Any]:
    """Return Anthropic's tier; those it does not have are hints."""
    tier = as_text(params.get("service_tier"))
    return {"service_tier": _TIERS[tier]} if tier in _TIERS else {}


def answer_format(
    params: dict[str, Any], model: ClaudeModel
) -> tuple[dict[str, Any] | None, bool]:
    """
    Return `output_config.format`, and whether any JSON object is asked for.

    Raises:
        BadRequestError: The form is unknown, or the model has no such output.
    """
    given = params.get("response_format")
    if given is None or given == {"type": "text"}:
        return None, False
    fields = as_dict(given)
    if fields.get("type") == "json_object":
        return None, True
    wish = fields.get("json_schema")
    schema = as_dict(wish).get("schema")
    if fields.get("type") != "json_schema" or not isinstance(schema, dict):
        raise unsupported("response_format", "json_schema with a schema is known")
    if not model.json_schema:
        raise unsupported("response_format", "this model has no structured output")
    return {"type": "json_schema", "schema": cast("dict[str, Any]", schema)}, False
