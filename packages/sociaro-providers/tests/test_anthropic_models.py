"""Tests of what is known about the models."""

from __future__ import annotations

import pytest

from sociaro_providers.dialects.anthropic.models_table import ClaudeModel, claude_model

FACTS = {
    "claude-3-haiku-20240307": (4096, True, False, False),
    "claude-3-5-sonnet-20240620": (4096, True, False, False),
    "claude-3-5-sonnet-20241022": (8192, True, False, False),
    "claude-3-5-sonnet-latest": (8192, True, False, False),
    "claude-3-7-sonnet": (64_000, True, False, False),
    "claude-opus-4-20250514": (32_000, True, False, False),
    "claude-opus-4-1-20250805": (32_000, True, True, False),
    "claude-sonnet-4-5": (64_000, True, True, False),
    "Claude-Haiku-4.5": (64_000, True, True, False),
    "claude-sonnet-4-6": (128_000, True, True, False),
    "claude-opus-4-7": (128_000, False, True, False),
    "claude-opus-4-8": (128_000, False, True, True),
    "claude-sonnet-5": (128_000, False, True, False),
    "claude-opus-5-5": (128_000, False, True, True),
    "claude-fable-5-3": (128_000, False, True, True),
    "claude-opus-6": (128_000, False, True, False),
    "claude-sonnet-4-2": (64_000, True, True, False),
    "claude-instant-1": (4096, True, False, False),
    "claude-2.1": (4096, True, False, False),
    "claude-v2": (4096, True, False, False),
    "claude-sonnet-4-5@20250929": (64_000, True, True, False),
    "us.anthropic.claude-opus-4-8-v1:0": (128_000, False, True, True),
    "some-proxy-name": (128_000, False, True, False),
}


@pytest.mark.parametrize("name", FACTS)
def test_model(name):
    """Names are read in any case, with and without dates; newcomers are safe."""
    row = claude_model(name)
    assert FACTS[name] == (
        row.max_output,
        row.sampling,
        row.json_schema,
        row.system_messages,
    )


@pytest.mark.parametrize(
    ("name", "forced", "prefill", "thinks"),
    [
        ("claude-opus-5-5", False, False, True),
        ("claude-mythos-5-1", False, False, True),
        ("claude-fable-5", True, False, True),
        ("claude-haiku-4-5", True, True, False),
        ("claude-opus-4-6", True, False, False),
        ("claude-opus-5", True, False, True),
    ],
)
def test_abilities(name, forced, prefill, thinks):
    """The columns that differ between neighbours."""
    row = claude_model(name)
    assert (forced, prefill, thinks) == (
        row.forced_tools,
        row.prefill,
        row.thinks_unasked,
    )


@pytest.mark.parametrize(
    ("name", "off"),
    [
        ("claude-sonnet-4-5", "omit"),
        ("claude-opus-4-8", "omit"),
        ("claude-sonnet-5", "disabled"),
        ("claude-haiku-5-5", "disabled"),
        ("claude-sonnet-5-5", "between_tools"),
        ("claude-opus-5-5", "never"),
        ("claude-fable-5", "never"),
        ("claude-next", "never"),
    ],
)
def test_thinking_turned_off(name, off):
    """Each generation has its own way, and some have none."""
    assert off == claude_model(name).off


def test_unknown_model_is_asked_for_nothing_special():
    """Its row has only what all recent models take."""
    row = claude_model("claude-next-9")
    assert ClaudeModel(efforts=("low", "medium", "high")) == row
