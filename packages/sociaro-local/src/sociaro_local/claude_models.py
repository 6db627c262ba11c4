"""What each Claude model can do: one row a model, and one for those unknown."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final, Literal

if TYPE_CHECKING:
    from collections.abc import Mapping

Sampling = Literal["free", "one", "none"]
Display = Literal["summarized", "omitted"]

_LOW = frozenset({"low", "medium", "high"})
_MAX = _LOW | {"max"}
EFFORTS: Final = _MAX | {"xhigh"}
"""Every level of effort that some model has."""

_BUDGET = frozenset({"enabled", "disabled"})
_ADAPTIVE = frozenset({"adaptive", "disabled"})


@dataclass(frozen=True)
class Model:
    """
    What a model can do.

    Args:
        max_output: Its greatest `max_tokens`, or None for no limit.
        thinking: Types of `thinking` that it accepts; empty: it does not think.
        thinks_by_default: Whether it thinks when `thinking` is left out.
        display: Of thinking, when the request does not say.
        efforts: Levels of `output_config.effort`; empty: the key is refused.
        sampling: `free`: any; `one`: temperature or top_p; `none`: only defaults.
        prefill: Whether the conversation may end with words of the assistant.
        forced_tools: Whether `tool_choice` may force a call.
        json_schema: Whether `output_config.format` and strict tools are accepted.
        system_messages: Whether messages may have the role `system`.
        bound: Whether its thinking is bound to the conversation before it.
        off_up_to_high: Whether thinking can be off only at an effort up to `high`.
    """

    max_output: int | None = None
    thinking: frozenset[str] = frozenset()
    thinks_by_default: bool = False
    display: Display = "summarized"
    efforts: frozenset[str] = frozenset()
    sampling: Sampling = "free"
    prefill: bool = True
    forced_tools: bool = True
    json_schema: bool = False
    system_messages: bool = False
    bound: bool = False
    off_up_to_high: bool = False


PERMISSIVE: Final = Model(
    thinking=_BUDGET | _ADAPTIVE | {"between_tools"},
    efforts=EFFORTS,
    json_schema=True,
    system_messages=True,
)
"""Of names that are no Claude's: they accept all that any model accepts."""

_OLD = Model(4096)
_BUDGETED = Model(64_000, _BUDGET)
_4_1 = Model(32_000, _BUDGET, sampling="one", json_schema=True)
_4_5 = Model(64_000, _BUDGET, sampling="one", json_schema=True)
_4_6 = Model(
    128_000,
    _BUDGET | _ADAPTIVE,
    efforts=_MAX,
    sampling="one",
    prefill=False,
    json_schema=True,
)
_4_7 = replace(
    _4_6, thinking=_ADAPTIVE, efforts=EFFORTS, sampling="none", display="omitted"
)
_4_8 = replace(_4_7, system_messages=True)
_SONNET_5 = replace(_4_7, thinks_by_default=True)
_OPUS_5 = replace(_4_8, thinks_by_default=True, off_up_to_high=True)
_ALWAYS = frozenset({"adaptive"})
_FABLE_5 = replace(_4_8, thinking=_ALWAYS, thinks_by_default=True)
_5_5 = replace(_FABLE_5, forced_tools=False, bound=True)
_SONNET_5_5 = replace(_5_5, thinking=_ALWAYS | {"between_tools"})
_HAIKU_5_5 = replace(_5_5, thinking=_ADAPTIVE, forced_tools=True)

NEWER: Final = replace(_4_7, thinking=_ALWAYS, efforts=_LOW)
"""Of Claude models that are newer than this table: only what is safe everywhere."""

_ROWS: Final[Mapping[str, tuple[tuple[tuple[int, int], Model], ...]]] = {
    "haiku": (
        ((4, 0), _4_5),
        ((4, 6), NEWER),
        ((5, 5), _HAIKU_5_5),
        ((5, 6), NEWER),
    ),
    "sonnet": (
        ((4, 0), replace(_BUDGETED, sampling="one")),
        ((4, 5), _4_5),
        ((4, 6), _4_6),
        ((4, 7), NEWER),
        ((5, 0), _SONNET_5),
        ((5, 1), NEWER),
        ((5, 5), _SONNET_5_5),
        ((5, 6), NEWER),
    ),
    "opus": (
        ((4, 0), replace(_4_1, sampling="free", json_schema=False)),
        ((4, 1), _4_1),
        ((4, 5), replace(_4_5, efforts=_LOW)),
        ((4, 6), _4_6),
        ((4, 7), _4_7),
        ((4, 8), _4_8),
        ((4, 9), NEWER),
        ((5, 0), _OPUS_5),
        ((5, 1), NEWER),
        ((5, 5), _5_5),
        ((5, 6), NEWER),
    ),
    "fable": (((5, 0), _FABLE_5), ((5, 1), _5_5)),
    "mythos": (((5, 0), _FABLE_5), ((5, 1), _5_5)),
}
"""Of each family: from which version on a row holds, in rising order."""

_OLD_ROWS: Final = (
    (re.compile(r"claude-3-7-"), _BUDGETED),
    (re.compile(r"claude-3-5-sonnet-20240620"), _OLD),
    (re.compile(r"claude-3-5-"), replace(_OLD, max_output=8192)),
    (re.compile(r"claude-(3-|instant|2)"), _OLD),
)
_NAME = re.compile(r"claude-([a-z]+)-(\d+)(?:-(\d{1,2}))?(?:-(?:\d{8}|latest))?")
_LAST_MAJOR = 5


def model_named(name: str) -> Model:
    """
    Return what the model with this name can do.

    Args:
        name: On the wire. A date behind it counts for nothing. Names that do not begin
            with `claude-` get `PERMISSIVE`, Claudes that nobody knows get `NEWER`.
    """
    lowered = name.lower()
    if not lowered.startswith("claude-"):
        return PERMISSIVE
    old = next((row for pattern, row in _OLD_ROWS if pattern.match(lowered)), None)
    if old:
        return old
    match = _NAME.fullmatch(lowered)
    if match is None or int(match[2]) > _LAST_MAJOR:
        return NEWER
    version = (int(match[2]), int(match[3] or 0))
    fitting = [row for since, row in _ROWS.get(match[1], ()) if since <= version]
    return fitting[-1] if fitting else NEWER


def exists(name: str) -> bool:
    """
    Say whether there is such a model.

    There is none that begins with `nope-` or `gone-`, none with a provider before its
    name, and no Claude whose version is written with a dot.
    """
    if name.startswith(("nope-", "gone-", "anthropic/")):
        return False
    return not re.match(r"claude-.*\d\.\d", name.lower())
