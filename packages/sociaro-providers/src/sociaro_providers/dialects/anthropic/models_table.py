"""
What each Claude model accepts, as data in one place.

A model nobody has heard of is taken for a newcomer: it gets what all recent models
take, and what it may refuse is left out or left for it to refuse.

*Source*: Anthropic's model overview and migration pages up to the 5.5 models.
"""

from __future__ import annotations

import re

import attrs

__all__ = ["ClaudeModel", "claude_model"]

_LOW = ("low", "medium", "high")
_MAX = (*_LOW, "max")
_ALL = (*_LOW, "xhigh", "max")


@attrs.frozen
class ClaudeModel:
    """
    One row of the table.

    Args:
        max_output: Tokens, the largest `max_tokens`.
        thinking: The modes it accepts: adaptive, enabled, disabled, between_tools.
        thinks_unasked: Whether it thinks when `thinking` is left out.
        off: How its thinking is turned off: by leaving it out (``omit``), by the mode
            ``disabled`` or ``between_tools``, or not at all (``never``).
        off_up_to_high: Whether it can be off only with an effort of at most high.
        efforts: The levels of `output_config.effort`, lowest first.
        sampling: Whether temperature, top_p and top_k are accepted.
        one_sampling: Whether temperature and top_p exclude each other.
        prefill: Whether a conversation may end with an assistant message.
        forced_tools: Whether `tool_choice` may force a call.
        json_schema: Whether `output_config.format` is accepted.
        system_messages: Whether the role `system` is accepted inside `messages`.
    """

    max_output: int = 128_000
    thinking: tuple[str, ...] = ("adaptive",)
    thinks_unasked: bool = True
    off: str = "never"
    off_up_to_high: bool = False
    efforts: tuple[str, ...] = _ALL
    sampling: bool = False
    one_sampling: bool = False
    prefill: bool = False
    forced_tools: bool = True
    json_schema: bool = True
    system_messages: bool = False


_BUDGET = ("enabled", "disabled")

_UNKNOWN = ClaudeModel(efforts=_LOW)
_OLD = ClaudeModel(
    4096,
    thinking=(),
    thinks_unasked=False,
    off="omit",
    efforts=(),
    sampling=True,
    prefill=True,
    json_schema=False,
)
_THINKING_4 = attrs.evolve(_OLD, max_output=64_000, thinking=_BUDGET)
_V4_5 = attrs.evolve(_THINKING_4, one_sampling=True, json_schema=True)
_V4_6 = attrs.evolve(
    _V4_5,
    max_output=128_000,
    thinking=("adaptive", *_BUDGET),
    efforts=_MAX,
    prefill=False,
)
_V4_7 = ClaudeModel(thinking=("adaptive", "disabled"), thinks_unasked=False, off="omit")
_V4_8 = attrs.evolve(_V4_7, system_messages=True)
_V5 = attrs.evolve(_V4_8, thinks_unasked=True, off="disabled")
_ALWAYS_5 = ClaudeModel(system_messages=True)
_UNFORCED = attrs.evolve(_ALWAYS_5, forced_tools=False)

_ROWS: dict[tuple[str, int, int], ClaudeModel] = {
    **{(family, 3, 0): _OLD for family in ("haiku", "sonnet", "opus")},
    **{(f, 3, 5): attrs.evolve(_OLD, max_output=8192) for f in ("haiku", "sonnet")},
    ("sonnet", 3, 7): attrs.evolve(_THINKING_4, thinking=("enabled",)),
    ("opus", 4, 0): attrs.evolve(_THINKING_4, max_output=32_000, thinking=("enabled",)),
    ("opus", 4, 1): attrs.evolve(_V4_5, max_output=32_000, thinking=("enabled",)),
    ("sonnet", 4, 0): attrs.evolve(_THINKING_4, one_sampling=True),
    ("sonnet", 4, 5): _V4_5,
    ("haiku", 4, 5): _V4_5,
    ("opus", 4, 5): attrs.evolve(_V4_5, efforts=_LOW),
    ("opus", 4, 6): _V4_6,
    ("sonnet", 4, 6): _V4_6,
    ("opus", 4, 7): _V4_7,
    ("opus", 4, 8): _V4_8,
    ("sonnet", 5, 0): attrs.evolve(_V5, system_messages=False),
    ("opus", 5, 0): attrs.evolve(_V5, off_up_to_high=True),
    ("fable", 5, 0): _ALWAYS_5,
    ("mythos", 5, 0): _ALWAYS_5,
    ("fable", 5, 1): _UNFORCED,
    ("mythos", 5, 1): _UNFORCED,
    ("opus", 5, 5): _UNFORCED,
    ("sonnet", 5, 5): attrs.evolve(
        _UNFORCED, thinking=("adaptive", "between_tools"), off="between_tools"
    ),
    ("haiku", 5, 5): _V5,
}

# A date, a region, and what a cloud adds in front or behind do not matter.
_NEW = re.compile(r"claude-([a-z]+)-(\d+)(?:[-.](\d{1,2}))?(?![\da-z])")
_FORMER = re.compile(r"claude-(\d+)(?:[-.](\d{1,2}))?(?:-([a-z]+))?(?![\da-z])")
_FIRST = re.compile(r"claude-(?:v\d|instant)")
_SHORT_SONNET = "20240620"


def claude_model(name: str) -> ClaudeModel:
    """
    Return the row of a model.

    Args:
        name: As on the wire, in any case, with or without a date.
    """
    text = name.lower()
    if _FIRST.search(text):
        return _OLD
    found = _NEW.search(text)
    if found is not None:
        return _row(found[1], int(found[2]), int(found[3] or 0))
    found = _FORMER.search(text)
    if found is None:
        return _UNKNOWN
    row = _row(found[3] or "", int(found[1]), int(found[2] or 0))
    # The first 3.5 could write half as much as its successor of the same name.
    return _OLD if _SHORT_SONNET in text else row


def _row(family: str, major: int, minor: int) -> ClaudeModel:
    exact = _ROWS.get((family, major, minor))
    if exact is not None:
        return exact
    if family in ("fable", "mythos") and (major, minor) > (5, 1):
        return _UNFORCED
    if (major, minor) >= (4, 6):
        return _UNKNOWN
    return _OLD if major < 4 else _V4_5
