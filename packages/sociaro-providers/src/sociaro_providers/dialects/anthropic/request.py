"""
A chat call as a request of the Messages API.

Pure and deterministic: the same call gives the same bytes.

*Source*: `POST /v1/messages`, version 2023-06-01.
"""

from __future__ import annotations

from typing import Any

from sociaro_core.errors import ConfigurationError
from sociaro_providers.calls import ChatCall, body_of
from sociaro_providers.provider import Encoded
from sociaro_providers.shapes import as_dict, as_list

from . import params as wishes
from .answer_format import JSON_ONLY, answer_format
from .betas import beta_header
from .messages import conversation
from .models_table import claude_model
from .names import names_of
from .remarks import Remarks
from .sampling import sampling
from .target import Target
from .thinking import Reasoning, Setting, reasoning, thinks
from .tool_choice import allowed_tools, choice_of
from .tools import tools_of, web_search_of

__all__ = ["encode"]

_FORCED = ("any", "tool")


def encode(call: ChatCall, model: str) -> Encoded:
    """
    Return the call in Anthropic's language.

    Raises:
        BadRequestError: With ``code="unsupported_parameter"``, for what has no
            counterpart and would change the shape or the safety of the answer.
        ConfigurationError: JSON cannot write it, or a schema is nested too deeply.
    """
    try:
        return _encoded(call, model)
    except RecursionError:
        raise ConfigurationError("the request is nested too deeply") from None


def _encoded(call: ChatCall, model: str) -> Encoded:
    params = {name: v for name, v in call.params.items() if v is not None}
    extra = dict(call.extra_body or {})
    betas = [params.get("betas"), extra.pop("betas", None)]
    target = Target(claude_model(model), names_of(call), Remarks())
    wishes.check_shape(params)
    for name in wishes.hints(params):
        target.remarks.drop(name)
    talk = _talk(call.messages, params, extra, target)
    thought = _thought(params, extra, talk, target, stream=call.stream)
    body: dict[str, Any] = {"model": model, "max_tokens": thought.max_tokens, **talk}
    body |= {name: params[name] for name in wishes.NATIVE if name in params}
    body |= _settings(params, extra, thought, target)
    if call.stream:
        body["stream"] = True
    body = _laid_over(body, extra)
    return Encoded(
        body_of(body),
        beta_header(call.headers, betas, body),
        tuple(target.remarks.dropped),
        None if call.stream else _patience(body.get("max_tokens")),
        tuple(target.remarks.notes),
    )


def _talk(
    messages: list[Any], params: dict[str, Any], extra: dict[str, Any], target: Target
) -> dict[str, Any]:
    """Return what is said, and the tools."""
    system, turns = conversation(messages, target)
    given = params.get("system")
    if isinstance(given, str):
        given = [{"type": "text", "text": given}] if given.strip() else []
    system = [*as_list(given), *system]
    _, any_json = answer_format(params.get("response_format"), target.model)
    if any_json:
        system = [*system, JSON_ONLY]
    tools = tools_of(
        allowed_tools(params.get("tool_choice"), params.get("tools")), target
    )
    tools += web_search_of(params.get("web_search_options"), tools)
    # Native tools may come by `extra_body` too.
    choice = choice_of(params, extra.get("tools", tools), target.names)
    parts = {"system": system, "messages": turns, "tools": tools, "tool_choice": choice}
    return {name: part for name, part in parts.items() if part}


def _thought(
    params: dict[str, Any],
    extra: dict[str, Any],
    talk: dict[str, Any],
    target: Target,
    *,
    stream: bool,
) -> Reasoning:
    choice = as_dict(extra.get("tool_choice", talk.get("tool_choice")))
    setting = Setting(
        target.model,
        extra.get("thinking", params.get("thinking")),
        wishes.given_limit(params, extra),
        wishes.usual_limit(target.model, stream=stream),
        choice.get("type") in _FORCED,
        talk["messages"],
    )
    return reasoning(params.get("reasoning_effort"), setting, target.remarks)


def _settings(
    params: dict[str, Any], extra: dict[str, Any], thought: Reasoning, target: Target
) -> dict[str, Any]:
    remarks = target.remarks
    form, _ = answer_format(params.get("response_format"), target.model)
    config = {"effort": thought.effort, "format": form}
    made: dict[str, Any] = {
        "thinking": thought.thinking,
        "stop_sequences": wishes.stops(params, remarks),
        "metadata": wishes.user_metadata(params, remarks),
        "output_config": {
            **{name: value for name, value in config.items() if value is not None},
            **as_dict(params.get("output_config")),
        },
        **wishes.service_tier(params),
    }
    on = thinks(extra.get("thinking", thought.thinking))
    return {
        **{name: value for name, value in made.items() if value},
        **sampling(params, target.model, thinking=on, remarks=remarks),
    }


def _laid_over(body: dict[str, Any], extra: dict[str, Any]) -> dict[str, Any]:
    """
    Lay `extra` over `body`; what has two sources by nature merges a level deep.

    A None takes the key away: Anthropic knows no null.
    """
    made = {**body, **extra}
    for name in ("output_config", "metadata"):
        ours, theirs = body.get(name), extra.get(name)
        if isinstance(ours, dict) and isinstance(theirs, dict):
            made[name] = {**ours, **theirs}
    return {name: value for name, value in made.items() if value is not None}


def _patience(limit: Any) -> float | None:
    """Return the seconds that many tokens take at the pace Anthropic reckons with."""
    if isinstance(limit, bool) or not isinstance(limit, (int, float)) or limit <= 0:
        return None
    return 3600 * limit / 128_000
