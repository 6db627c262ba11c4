import pytest

from sociaro_local.claude_models import NEWER, PERMISSIVE, exists, model_named

LOW = {"low", "medium", "high"}
ALL = LOW | {"xhigh", "max"}
BUDGET = {"enabled", "disabled"}
# max output, thinking, by default, efforts, sampling, prefill, forced, schema, system
TABLE = {
    "claude-3-opus-20240229": (4096, set(), 0, set(), "free", 1, 1, 0, 0),
    "claude-3-5-sonnet-20240620": (4096, set(), 0, set(), "free", 1, 1, 0, 0),
    "claude-3-5-haiku-latest": (8192, set(), 0, set(), "free", 1, 1, 0, 0),
    "claude-3-7-sonnet-latest": (64_000, BUDGET, 0, set(), "free", 1, 1, 0, 0),
    "claude-opus-4-20250514": (32_000, BUDGET, 0, set(), "free", 1, 1, 0, 0),
    "claude-opus-4-1-20250805": (32_000, BUDGET, 0, set(), "one", 1, 1, 1, 0),
    "claude-sonnet-4-0": (64_000, BUDGET, 0, set(), "one", 1, 1, 0, 0),
    "claude-sonnet-4-5": (64_000, BUDGET, 0, set(), "one", 1, 1, 1, 0),
    "claude-haiku-4-5-20251001": (64_000, BUDGET, 0, set(), "one", 1, 1, 1, 0),
    "claude-opus-4-5": (64_000, BUDGET, 0, LOW, "one", 1, 1, 1, 0),
    "claude-opus-4-6": (
        128_000,
        BUDGET | {"adaptive"},
        0,
        LOW | {"max"},
        "one",
        0,
        1,
        1,
        0,
    ),
    "Claude-Opus-4-7": (128_000, {"adaptive", "disabled"}, 0, ALL, "none", 0, 1, 1, 0),
    "claude-opus-4-8": (128_000, {"adaptive", "disabled"}, 0, ALL, "none", 0, 1, 1, 1),
    "claude-sonnet-5": (128_000, {"adaptive", "disabled"}, 1, ALL, "none", 0, 1, 1, 0),
    "claude-opus-5": (128_000, {"adaptive", "disabled"}, 1, ALL, "none", 0, 1, 1, 1),
    "claude-mythos-5": (128_000, {"adaptive"}, 1, ALL, "none", 0, 1, 1, 1),
    "claude-fable-5-3": (128_000, {"adaptive"}, 1, ALL, "none", 0, 0, 1, 1),
    "claude-opus-5-5": (128_000, {"adaptive"}, 1, ALL, "none", 0, 0, 1, 1),
    "claude-sonnet-5-5": (
        128_000,
        {"adaptive", "between_tools"},
        1,
        ALL,
        "none",
        0,
        0,
        1,
        1,
    ),
    "claude-haiku-5-5": (128_000, {"adaptive", "disabled"}, 1, ALL, "none", 0, 1, 1, 1),
}


@pytest.mark.parametrize("name", TABLE)
def test_model_can_do_what_the_table_says(name):
    """A date behind the name counts for nothing."""
    model = model_named(name)
    found = (
        model.max_output,
        model.thinking,
        model.thinks_by_default,
        model.efforts,
        model.sampling,
        model.prefill,
        model.forced_tools,
        model.json_schema,
        model.system_messages,
    )
    assert TABLE[name] == found


@pytest.mark.parametrize(
    "name",
    [
        "claude-x",
        "claude-opus-6",
        "claude-opus-4-9",
        "claude-haiku-5",
        "claude-sonnet-5-6",
        "claude-verse-4",
        "claude-opus-5-5-beta",
    ],
)
def test_model_can_do_what_is_safe_when_it_is_newer_than_the_table(name):
    """Nobody knows more."""
    assert NEWER is model_named(name)


@pytest.mark.parametrize("name", ["m", "some-model", "gpt-4o"])
def test_model_can_do_everything_when_it_is_no_claude(name):
    """Tests call models what they like."""
    assert PERMISSIVE is model_named(name)


def test_model_exists_when_its_name_is_on_the_wire():
    """Whether anybody knows it or not."""
    assert all(map(exists, ("m", "m-1.5", "claude-x", "claude-opus-5-5")))
    assert not any(map(exists, ("nope-x", "gone-x", "anthropic/m", "claude-opus-4.5")))
