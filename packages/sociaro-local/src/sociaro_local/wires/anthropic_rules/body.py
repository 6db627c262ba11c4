"""The shape of a request: its top-level keys, and what they hold."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any, Final

from sociaro_local.claude_models import EFFORTS, exists
from sociaro_local.wires.anthropic_rules import blocks
from sociaro_local.wires.anthropic_rules.shapes import (
    Fields,
    anything,
    array,
    boolean,
    dictionary,
    either,
    integer,
    nullable,
    number,
    one_of,
    record,
    tagged,
    text,
    typed,
    wrong,
)
from sociaro_local.wires.reading import refuse

if TYPE_CHECKING:
    from sociaro_local.wires.anthropic_rules.request import MessagesRequest

_DISPLAY: Final[Fields] = {"display": one_of("summarized", "omitted", "updates")}
_BOUND: Final[Fields] = {**_DISPLAY, "block_binding": anything}
_PARALLEL: Final[Fields] = {"disable_parallel_tool_use": boolean}
_MAIL = re.compile(r"[^\s@]+@[^\s@]+\.[^\s@]+")
_PHONE = re.compile(r"\+\d[\d ().-]{6,}\d")


def _stop(value: Any, path: str) -> None:
    text()(value, path)
    if not value.strip():
        wrong(path, "each stop sequence must contain non-whitespace")


def _user_id(value: Any, path: str) -> None:
    text(most=256)(value, path)
    for pattern, name in ((_MAIL, "an email address"), (_PHONE, "a phone number")):
        if pattern.search(value):
            wrong(path, f"user_id appears to contain {name}")


_REQUIRED: Final[Fields] = {
    "model": text(least=1),
    "max_tokens": integer(0),
    "messages": anything,
}
_OPTIONAL: Final[Fields] = {
    "cache_control": tagged({"ephemeral": blocks.cache_control}),
    "container": either(text(), dictionary),
    "inference_geo": text(),
    "metadata": record({}, {"user_id": _user_id}),
    "output_config": record(
        {},
        {
            "effort": one_of(*sorted(EFFORTS)),
            "format": tagged({"json_schema": typed({"schema": dictionary})}),
            "task_budget": dictionary,
        },
    ),
    "service_tier": one_of("auto", "standard_only"),
    "stop_sequences": array(_stop),
    "stream": boolean,
    "system": blocks.system,
    "temperature": number(0, 1),
    "thinking": tagged(
        {
            "adaptive": typed({}, _BOUND),
            "between_tools": typed({}, _BOUND),
            "disabled": typed({}),
            "enabled": typed({"budget_tokens": integer(1024)}, _DISPLAY),
        }
    ),
    "tool_choice": tagged(
        {
            "any": typed({}, _PARALLEL),
            "auto": typed({}, _PARALLEL),
            "none": typed({}),
            "tool": typed({"name": text()}, _PARALLEL),
        }
    ),
    "tools": array(dictionary),
    "top_k": integer(0),
    "top_p": number(0, 1),
}
_mcp_servers: Final = array(
    typed(
        {"name": text(), "url": text()},
        {"authorization_token": nullable(text()), "tool_configuration": dictionary},
    )
)
_BETAS: Final = {
    "context_management": ("context-management-", "compact-"),
    "diagnostics": ("",),
    "fallback_credit_token": ("server-side-fallback-",),
    "fallbacks": ("server-side-fallback-",),
    "mcp_servers": ("mcp-client-",),
    "speed": ("fast-mode-",),
}
"""Keys that only a beta accepts, and how its name begins."""


def json_object(body: Any) -> None:
    """Refuse a body that is no object, or that no JSON reader but Python's accepts."""
    if not isinstance(body, dict):
        refuse("The request body is not valid JSON: expected an object")
    try:
        json.dumps(body, ensure_ascii=False, allow_nan=False).encode()
    except UnicodeEncodeError:
        refuse("The request body is not valid JSON: no low surrogate in string")
    except ValueError:
        refuse("The request body is not valid JSON: NaN and Infinity are no numbers")


def model(body: dict[str, Any]) -> None:
    """Refuse a request without a model that exists."""
    if "model" not in body:
        wrong("model", "Field required")
    _REQUIRED["model"](body["model"], "model")
    if not exists(body["model"]):
        refuse(f"model: {body['model']}", "model", status=404)


def keys(request: MessagesRequest) -> None:
    """Refuse keys that are missing or unknown, and values that are not theirs."""
    betas = {
        key: _mcp_servers if key == "mcp_servers" else anything
        for key, prefixes in _BETAS.items()
        if any(request.has_beta(prefix) for prefix in prefixes)
    }
    record(_REQUIRED, {**_OPTIONAL, **betas})(request.body, "")


def limit(request: MessagesRequest) -> None:
    """Refuse more tokens than the model can say."""
    most, wanted = request.model.max_output, request.body["max_tokens"]
    if most is not None and wanted > most:
        name = request.body["model"]
        wrong(
            "max_tokens",
            f"{wanted} > {most}, which is the maximum allowed number of output tokens"
            f" for {name}",
        )


def versions(request: MessagesRequest) -> None:
    """Refuse what needs a beta that is not on."""
    thinking = request.body.get("thinking", {})
    if "block_binding" in thinking and not request.has_beta("thinking-binding-"):
        path = f"thinking.{request.thinking}.block_binding"
        wrong(path, "Extra inputs are not permitted")
    updates = request.has_beta("thinking-display-updates-")
    if thinking.get("display") == "updates" and not updates:
        path = f"thinking.{request.thinking}.display"
        wrong(path, "Input should be 'summarized' or 'omitted'")
