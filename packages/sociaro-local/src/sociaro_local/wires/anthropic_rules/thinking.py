"""Thinking: its modes, its effort, what it forbids, and its blocks in the history."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from sociaro_local.given import binding_of
from sociaro_local.wires.anthropic_rules.shapes import wrong

if TYPE_CHECKING:
    from sociaro_local.wires.anthropic_rules.request import MessagesRequest, Placed

BLOCKS: Final = ("thinking", "redacted_thinking")
_TEXTS: Final = {
    "thinking": ("thinking", "signature"),
    "redacted_thinking": ("", "data"),
}


def mode(request: MessagesRequest) -> None:
    """Refuse a type of thinking that the model does not have, or a budget too big."""
    kind, model = request.thinking, request.model
    if not kind:
        return
    if not model.thinking:
        wrong("thinking", "This model does not support thinking.")
    if kind not in model.thinking:
        hint = ""
        if kind == "enabled":
            hint = (
                ' Use "thinking.type.adaptive" and "output_config.effort" to control'
                " thinking behavior."
            )
        path = "thinking.type"
        wrong(path, f'"thinking.type.{kind}" is not supported for this model.{hint}')
    if kind == "disabled" and model.off_up_to_high and _above_high(request.effort):
        wrong("thinking.type", "Thinking may only be disabled at an effort up to high.")
    if kind == "enabled" and not request.has_beta("interleaved-thinking-"):
        _budget(request)


def _above_high(level: str | None) -> bool:
    return level in ("xhigh", "max")


def _budget(request: MessagesRequest) -> None:
    if request.body["thinking"]["budget_tokens"] >= request.body["max_tokens"]:
        wrong(
            "thinking.enabled.budget_tokens",
            "`max_tokens` must be greater than `thinking.budget_tokens`.",
        )


def effort(request: MessagesRequest) -> None:
    """Refuse an effort that the model does not have."""
    levels, path = request.model.efforts, "output_config.effort"
    if request.effort is None:
        return
    if not levels:
        wrong(path, "This model does not support the effort parameter.")
    if request.effort not in levels:
        names = ", ".join(sorted(levels))
        wrong(
            path,
            f"This model does not support effort level '{request.effort}'. Supported"
            f" levels: {names}.",
        )


def sampling(request: MessagesRequest) -> None:
    """Refuse temperature, top_p and top_k where the model or thinking forbids them."""
    body, model = request.body, request.model
    if model.sampling == "none":
        for key in ("temperature", "top_p", "top_k"):
            if body.get(key, 1) != 1 or (key == "top_k" and key in body):
                wrong(key, f"`{key}` is deprecated for this model.")
    if model.sampling == "one" and {"temperature", "top_p"} <= body.keys():
        wrong(
            "temperature",
            "`temperature` and `top_p` cannot both be specified for this model. Please"
            " use only one.",
        )
    if request.thinking in ("enabled", "adaptive"):
        _sampled_thinking(request)


def _sampled_thinking(request: MessagesRequest) -> None:
    body = request.body
    if body.get("temperature", 1) != 1:
        wrong(
            "temperature",
            "`temperature` may only be set to 1 when thinking is enabled or in adaptive"
            " mode.",
        )
    if body.get("top_p", 1) < 0.95:
        wrong(
            "top_p",
            "`top_p` must be greater than or equal to 0.95 or unset when thinking is"
            " enabled or in adaptive mode.",
        )
    if "top_k" in body:
        wrong(
            "top_k",
            "`top_k` must be unset when thinking is enabled or in adaptive mode.",
        )


def history(request: MessagesRequest) -> None:
    """Refuse thoughts that were changed, moved, left out, or must not be there."""
    for placed in request.blocks:
        if placed.kind in BLOCKS and not request.given.has(placed.block):
            _signed(request, placed)
    said = [p for p in request.blocks if p.role == "assistant"]
    last = [p for p in said if p.message == said[-1].message]
    if request.thinking == "enabled":
        _begins_with_thought(request, last)
    elif request.model.thinking and "adaptive" not in request.model.thinking:
        _is_without_thought(request, last)


def _signed(request: MessagesRequest, placed: Placed) -> None:
    text_key, signed_key = _TEXTS[placed.kind]
    signed, words = placed.block[signed_key], placed.block.get(text_key, "")
    binding = binding_of(signed, words)
    what = "signature" if placed.kind == "thinking" else "data"
    if binding is None:
        wrong(placed.path, f"Invalid {what} in {placed.kind} block")
    allowed = request.conversation.before(placed.message, placed.index)
    if request.model.bound and binding and binding not in allowed:
        wrong(
            placed.path,
            f"Invalid {what} in {placed.kind} block: it is bound to a different"
            " conversation",
        )


def _begins_with_thought(request: MessagesRequest, last: list[Placed]) -> None:
    called = any(placed.kind == "tool_use" for placed in last)
    ends = request.last["role"] == "assistant" and not request.goes_on
    if last and (called or ends) and last[0].kind not in BLOCKS:
        first = last[0]
        wrong(
            f"{first.path}.type",
            f"Expected `thinking` or `redacted_thinking`, but found `{first.kind}`."
            " When `thinking` is enabled, a final `assistant` message must start with a"
            " thinking block (preceding the lastmost set of `tool_use` and"
            " `tool_result` blocks).",
        )


def _is_without_thought(request: MessagesRequest, last: list[Placed]) -> None:
    if request.last["role"] != "assistant" or request.goes_on:
        return
    for placed in last:
        if placed.kind in BLOCKS:
            wrong(
                placed.path,
                "When `thinking` is disabled, an `assistant` message in the final"
                " position cannot contain `thinking`.",
            )
