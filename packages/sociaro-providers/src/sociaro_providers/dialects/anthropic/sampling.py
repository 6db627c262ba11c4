"""
Temperature, top_p and top_k, as far as a model takes them.

*Source*: "Create a message"; the migration pages of the 4.x and later models.
"""

from __future__ import annotations

from typing import Any

from .models_table import ClaudeModel
from .remarks import Remarks

__all__ = ["sampling"]

_NAMES = ("temperature", "top_p", "top_k")
# With thinking on, less is refused.
_LEAST_TOP_P = 0.95


def sampling(
    params: dict[str, Any], model: ClaudeModel, *, thinking: bool, remarks: Remarks
) -> dict[str, Any]:
    """
    Return what goes out of temperature, top_p and top_k.

    Args:
        params: The caller's; OpenAI's temperature goes up to 2, Anthropic's to 1.
        model: Which may take none of them, or only one.
        thinking: Whether it is on: then most values are refused.
        remarks: Takes what could not be kept. A value that says nothing, such as a
            temperature of 1, is left out silently.
    """
    given = {n: params[n] for n in _NAMES if params.get(n) is not None}
    kept = _cooled(given) if model.sampling else {}
    if thinking:
        kept = {name: v for name, v in kept.items() if _beside_thinking(name, v)}
    if model.one_sampling and "temperature" in kept and "top_p" in kept:
        del kept["temperature" if kept["temperature"] == 1 else "top_p"]
    for name, value in given.items():
        if name not in kept and (name == "top_k" or value != 1):
            remarks.drop(name)
    if "temperature" in kept and kept["temperature"] != given["temperature"]:
        remarks.note("temperature was lowered to 1, the highest there is")
    return kept


def _cooled(given: dict[str, Any]) -> dict[str, Any]:
    temperature: Any = given.get("temperature")
    hot = _is_number(temperature) and temperature > 1
    return {**given, "temperature": 1.0} if hot else dict(given)


def _beside_thinking(name: str, value: Any) -> bool:
    if name == "top_p":
        return _is_number(value) and value >= _LEAST_TOP_P
    return name == "temperature" and value == 1


def _is_number(value: Any) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool)
