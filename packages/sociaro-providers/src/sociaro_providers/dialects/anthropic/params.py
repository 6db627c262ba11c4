"""
Parameters: what has a counterpart, what is left out, what is refused.

Two classes of what cannot be expressed: what changes the shape or the safety of the
answer is refused before anything is sent; a mere hint is left out and named, so that
a chain across providers does not fail on it.

*Source*: "Create a message" of the Messages API; OpenAI's chat completion parameters.
"""

from __future__ import annotations

import re
from typing import Any

from sociaro_providers.shapes import as_dict, as_list, as_text

from .models_table import ClaudeModel
from .refusals import unsupported
from .remarks import Remarks

__all__ = [
    "NATIVE",
    "check_shape",
    "hints",
    "service_tier",
    "stops",
    "given_limit",
    "usual_limit",
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
        "reasoning_effort",
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
        "web_search_options",
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
}
_USER = ("safety_identifier", "user")
_ADDRESS = re.compile(r"[^@\s]+@[^@\s]+\.[^@\s]+")
_TELEPHONE = re.compile(r"\+?[\d\s().-]{7,}")
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
    if _blocks(params.get("moderation")):
        raise unsupported("moderation", "its safety gate would be lost")


def _blocks(moderation: Any) -> bool:
    """Return whether a mode anywhere inside is ``block``."""
    inner = [*as_dict(moderation).values(), *as_list(moderation)]
    return moderation == "block" or any(map(_blocks, inner))


def hints(params: dict[str, Any]) -> list[str]:
    """Return the names that are left out though they say something."""
    left = [
        name
        for name, value in params.items()
        if value is not None
        and name not in _HANDLED
        and name not in _USER
        and value not in _OFF.get(name, ())
        and not (name == "service_tier" and as_text(value) in _TIERS)
    ]
    if as_dict(params.get("stream_options")).get("include_obfuscation"):
        left.append("stream_options.include_obfuscation")
    return left


def given_limit(params: dict[str, Any], extra: dict[str, Any]) -> Any:
    """Return `max_tokens` as the caller gave it, not clamped; None without."""
    limits = [
        extra.get("max_tokens"),
        params.get("max_completion_tokens"),
        params.get("max_tokens"),
    ]
    given = next((limit for limit in limits if limit is not None), None)
    return int(given) if isinstance(given, float) else given


def usual_limit(model: ClaudeModel, *, stream: bool) -> int:
    """Return the default: 16,000, on a stream 64,000, or what the model can."""
    return min(_DEFAULT_STREAMED if stream else _DEFAULT_TOKENS, model.max_output)


def stops(params: dict[str, Any], remarks: Remarks) -> Any:
    """
    Return the stop sequences; those without anything visible are refused there.

    Args:
        params: `stop`; and `stop_sequences`, which is Anthropic's own and stays.
        remarks: Takes what is left out.
    """
    given, native = params.get("stop"), params.get("stop_sequences")
    entries = [given] if isinstance(given, str) else as_list(given)
    kept = [entry for entry in entries if not isinstance(entry, str) or entry.strip()]
    if entries and not kept:
        remarks.drop("stop")
    elif len(kept) < len(entries):
        remarks.note("stop sequences of nothing but white space were left out")
    if native is None or isinstance(native, list):
        known = as_list(native)
        return [*known, *(entry for entry in kept if entry not in known)]
    return native


def user_metadata(params: dict[str, Any], remarks: Remarks) -> dict[str, Any]:
    """
    Return `metadata` with the user's id.

    Of `safety_identifier`, `user` and the key ``user_id`` of `metadata` the first
    counts. What looks like an address or a telephone number is refused by Anthropic,
    so it is left out.
    """
    metadata = params.get("metadata")
    fields = as_dict(metadata)
    if set(fields) - {"user_id"} or (metadata is not None and metadata != fields):
        remarks.drop("metadata")
    named = [(name, params.get(name)) for name in _USER]
    for name, value in (*named, ("metadata", fields.get("user_id"))):
        if value is None:
            continue
        if _is_user_id(value):
            return {"user_id": value}
        remarks.drop(name)
    return {}


def _is_user_id(value: Any) -> bool:
    return (
        isinstance(value, str)
        and 0 < len(value) <= 255
        and value.isprintable()
        and _ADDRESS.search(value) is None
        and _TELEPHONE.fullmatch(value) is None
    )


def service_tier(params: dict[str, Any]) -> dict[str, Any]:
    """Return Anthropic's tier; those it does not have are hints."""
    tier = as_text(params.get("service_tier"))
    return {"service_tier": _TIERS[tier]} if tier in _TIERS else {}
