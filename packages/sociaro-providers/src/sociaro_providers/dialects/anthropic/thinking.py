"""
How much a model thinks: `reasoning_effort` as a mode, a budget and an effort.

*Source*: "Extended thinking", "Adaptive thinking" and "Effort" of Anthropic.
"""

from __future__ import annotations

from typing import Any

import attrs

from sociaro_providers.shapes import as_dict

from .models_table import ClaudeModel
from .refusals import unsupported
from .remarks import Remarks

__all__ = ["Reasoning", "Setting", "reasoning", "thinks"]

_LEVELS = ("low", "medium", "high", "xhigh", "max")
_BUDGETS = {
    "minimal": 1024,
    "low": 2048,
    "medium": 8192,
    "high": 16_384,
    "xhigh": 24_576,
    "max": 32_768,
}
_SMALLEST_BUDGET = 1024
_ROOM_TO_ANSWER = 8192
_SHARE = 0.8
_KINDS = ("thinking", "redacted_thinking")


@attrs.frozen
class Setting:
    """
    What thinking depends on.

    Args:
        model: Its row.
        thinking: As the caller gave it in Anthropic's form; it beats any effort.
        limit: `max_tokens` as the caller gave it; None if they did not.
        default_limit: What it is otherwise.
        forced: Whether `tool_choice` forces a call.
        turns: Of the conversation, translated.
    """

    model: ClaudeModel
    thinking: Any
    limit: Any
    default_limit: int
    forced: bool
    turns: list[dict[str, Any]]


@attrs.frozen
class Reasoning:
    """
    What goes out.

    Args:
        max_tokens: Enough for the thinking and an answer, or as given.
        thinking: None to leave it out.
        effort: Of `output_config`; None to leave it out.
    """

    max_tokens: Any
    thinking: Any = None
    effort: str | None = None


def thinks(thinking: Any) -> bool:
    """Return whether `thinking`, in Anthropic's form, is on."""
    return as_dict(thinking).get("type") in ("enabled", "adaptive")


def reasoning(wish: Any, setting: Setting, remarks: Remarks) -> Reasoning:
    """
    Return what `reasoning_effort` becomes on a model.

    Args:
        wish: A level, or ``{"effort": level}``; None asks for nothing.
        setting: What it depends on.
        remarks: Takes what could not be kept.

    Raises:
        BadRequestError: There is no such level.
    """
    limit = setting.default_limit if setting.limit is None else setting.limit
    given = setting.thinking
    level = wish.get("effort") if isinstance(wish, dict) else wish
    if level is None:
        return Reasoning(limit, given)
    if level == "none":
        return Reasoning(limit, given) if given else _off(limit, setting, remarks)
    if not isinstance(level, str) or level not in _BUDGETS:
        raise unsupported("reasoning_effort", "there is no such level")
    if not setting.model.thinking:
        remarks.drop("reasoning_effort")
        return Reasoning(limit, given)
    effort = _effort(level, setting, remarks)
    if given:
        return Reasoning(limit, given, effort)
    if "adaptive" in setting.model.thinking:
        thinking = {"type": "adaptive", "display": "summarized"}
        return Reasoning(limit, thinking, effort)
    return _budgeted(level, effort, setting, remarks)


def _off(limit: Any, setting: Setting, remarks: Remarks) -> Reasoning:
    off = setting.model.off
    if off == "never":
        remarks.note("this model always thinks: effort low was sent instead of none")
        return Reasoning(limit, None, "low")
    return Reasoning(limit, None if off == "omit" else {"type": off})


def _effort(level: str, setting: Setting, remarks: Remarks) -> str | None:
    """Return the level, or the next below that the model has."""
    wanted = "low" if level == "minimal" else level
    levels = setting.model.efforts
    disabled = as_dict(setting.thinking).get("type") == "disabled"
    if disabled and setting.model.off_up_to_high:
        levels = levels[:3]
    reach = _LEVELS[: _LEVELS.index(wanted) + 1]
    fitting = [name for name in levels if name in reach]
    if not fitting:
        return None
    if fitting[-1] != wanted:
        remarks.note(f"reasoning_effort {level} was lowered to {fitting[-1]}")
    return fitting[-1]


def _budgeted(
    level: str, effort: str | None, setting: Setting, remarks: Remarks
) -> Reasoning:
    budget, limit = _BUDGETS[level], setting.limit
    if limit is None:
        most = setting.model.max_output
        limit = min(max(setting.default_limit, budget + _ROOM_TO_ANSWER), most)
    if _is_number(limit) and (setting.limit is not None or limit <= budget):
        budget = min(budget, int(_SHARE * limit))
    why = _why_not(budget, setting)
    if why is not None:
        remarks.note(f"thinking was left out: {why}")
        return Reasoning(_asked(setting), None, effort)
    return Reasoning(limit, {"type": "enabled", "budget_tokens": budget}, effort)


def _asked(setting: Setting) -> Any:
    return setting.default_limit if setting.limit is None else setting.limit


def _why_not(budget: int, setting: Setting) -> str | None:
    if setting.forced:
        return "tool_choice forces a call"
    if budget < _SMALLEST_BUDGET:
        return "max_tokens leaves no room for it"
    if _lacks_thinking(setting.turns):
        return "the last turn that needs some in the history came without"
    return None


def _lacks_thinking(turns: list[dict[str, Any]]) -> bool:
    """
    Return whether the API would miss thinking: before a call, or an answer begun.

    If there is thinking anywhere, it stays on: off, old thinking would be refused.
    """
    needed: bool = turns[-1].get("role") == "assistant"
    for turn in turns:
        if turn["role"] == "assistant":
            kinds = [block.get("type") for block in turn["content"]]
            if any(kind in _KINDS for kind in kinds):
                return False
            needed = needed or "tool_use" in kinds
    return needed


def _is_number(value: Any) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool)
