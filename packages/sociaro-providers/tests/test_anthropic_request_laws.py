"""Laws of the translation: what holds for every conversation."""

from __future__ import annotations

import contextlib
import copy
import json

from hypothesis import given
from hypothesis import strategies as st

from sociaro_core.errors import BadRequestError, ConfigurationError
from sociaro_providers import PROVIDERS
from sociaro_providers.calls import ChatCall
from sociaro_providers.dialects.anthropic.names import renamed

CHAT = PROVIDERS["anthropic"].chat
MODELS = st.sampled_from(
    [
        f"claude-{name}"
        for name in (
            "3-haiku", "3-7-sonnet", "haiku-4-5", "opus-4-5", "sonnet-4-6", "opus-4-8",
            "opus-5", "sonnet-5-5", "opus-5-5", "next",
        )
    ]
)  # fmt: skip
TEXTS = st.sampled_from([None, "", " ", "a", "b "])
PARTS = st.lists(
    st.sampled_from(
        [
            {"type": "text", "text": "t"},
            {"type": "text", "text": " "},
            {"type": "image_url", "image_url": "https://x/y.png"},
            {"type": "file", "file": {"filename": "a.md", "file_data": "IyBB"}},
            {"type": "file", "file": {"file_id": "file_1"}},
        ]
    ),
    max_size=3,
)
IDS = st.sampled_from(["a", "b", "f:0", ""])
NAMES = st.sampled_from(["f", "a.b", "a_b", ""])
ARGUMENTS = st.sampled_from([None, "", "{}", '{"a": 1}', '{"a": ', {"a": 1}])
SIGNED = [{"type": "thinking", "thinking": "", "signature": "s"}]


@st.composite
def rounds(draw):
    """A model's turn, with the results of its calls, in any order."""
    names = draw(st.lists(st.tuples(IDS, NAMES, ARGUMENTS), max_size=3))
    calls = [
        {"id": id_, "type": "function", "function": {"name": name, "arguments": arguments}}
        for id_, name, arguments in names
    ]  # fmt: skip
    asks = {"role": "assistant", "content": draw(TEXTS), "tool_calls": calls}
    if draw(st.booleans()):
        asks["thinking_blocks"] = SIGNED
    ids = draw(st.permutations([id_ for id_, _, _ in names]))
    results = [
        {"role": "tool", "tool_call_id": id_, "content": draw(TEXTS | PARTS)}
        for id_ in ids
    ]
    return [asks, *results]


ALONE = st.builds(
    lambda role, content: [{"role": role, "content": content}],
    st.sampled_from(["system", "developer", "user", "user", "assistant"]),
    TEXTS,
) | st.builds(lambda parts: [{"role": "user", "content": parts}], PARTS)
TALKS = st.lists(ALONE | rounds(), max_size=6).map(lambda runs: [m for r in runs for m in r])  # fmt: skip
TOOLS = st.lists(
    st.builds(
        lambda name, strict: {"type": "function", "function": {"name": name, "strict": strict}},
        NAMES.filter(bool),
        st.booleans(),
    ),
    max_size=3,
)  # fmt: skip
PARAMS = st.fixed_dictionaries(
    {},
    optional={
        "reasoning_effort": st.sampled_from(
            ["none", "minimal", "low", "medium", "high", "xhigh", "max", "odd"]
        ),
        "temperature": st.sampled_from([0, 0.5, 1, 1.5]),
        "top_p": st.sampled_from([0.5, 0.97, 1]),
        "max_tokens": st.sampled_from([0, 100, 2000, "x"]),
        "tools": TOOLS,
        "tool_choice": st.sampled_from(["auto", "none", "required"]),
        "response_format": st.sampled_from(
            [{"type": "json_object"}, {"type": "json_schema", "json_schema": {"schema": {"type": "object"}}}]
        ),
        "thinking": st.sampled_from([{"type": "adaptive"}, {"type": "disabled"}]),
        "web_search_options": st.just({}),
        "stop": st.sampled_from(["x", [" "], []]),
    },
)  # fmt: skip


def turns(messages, model):
    try:
        made = CHAT.encode(ChatCall(messages), model)
    except BadRequestError:
        return []
    return json.loads(made.body)["messages"]


@given(TALKS, PARAMS, MODELS)
def test_call_is_translated_or_refused(messages, params, model):
    """Twice to the same bytes; what was given is as it was before."""
    before = copy.deepcopy((messages, params))
    with contextlib.suppress(BadRequestError, ConfigurationError):
        first = CHAT.encode(ChatCall(messages, params), model)
        assert first == CHAT.encode(ChatCall(messages, params), model)
        talk = json.loads(first.body)["messages"]
        assert all(turn["content"] for turn in talk)
        assert "" not in [b.get("text") for turn in talk for b in turn["content"]]
    assert before == (messages, params)


@given(TALKS, MODELS)
def test_turns_are_a_prefix_up_to_any_turn_of_the_model(messages, model):
    """What goes on after an answer changes nothing before it."""
    whole = turns(messages, model)
    for end, message in enumerate(messages):
        said = message["role"] == "assistant" and (
            (message["content"] or "").strip() or message.get("tool_calls")
        )
        if not said or messages[end - 1 : end] == [] or messages[end - 1]["role"] not in ("user", "tool"):  # fmt: skip
            continue
        part = turns(messages[:end], model)
        if part and part[-1]["content"] != [{"type": "text", "text": "."}]:
            assert part == whole[: len(part)]


@given(TALKS, TOOLS)
def test_names_are_rewritten_one_to_one(messages, tools):
    """Every tool has its own name on the wire, and finds its way back."""
    call = ChatCall(messages, {"tools": tools})
    back = renamed(call)
    made = CHAT.encode(ChatCall([{"role": "user", "content": "x"}], {"tools": tools}), "claude-opus-4-8")  # fmt: skip
    wire = [tool["name"] for tool in json.loads(made.body).get("tools", [])]
    given = [tool["function"]["name"] for tool in tools]
    assert given == [back.get(name, name) for name in wire]
