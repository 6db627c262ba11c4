"""Law: any conversation becomes a request that the strict Messages API takes."""

import json
import re
import warnings

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from sociaro_core.errors import BadRequestError, ConfigurationError
from sociaro_local.errors import Refused
from sociaro_local.given import Given, signature
from sociaro_local.wires.anthropic_rules import judged
from sociaro_providers import PROVIDERS
from sociaro_providers.calls import ChatCall

CHAT = PROVIDERS["anthropic"].chat
# What is passed through on purpose: only the caller can mend it, and the API names it.
PASSED_THROUGH = re.compile(
    r"does not support assistant message prefill"
    r"|prefilling the answer is not supported"
    r"|max_tokens: \d+ > \d+"
    r"|type '(any|tool)' is not supported on this model"
    r"|Tool '.*' not found in provided tools"
    r"|`tool_use` ids were found without `tool_result` blocks"
    r"|unexpected `tool_use_id` found in `tool_result` blocks"
    r"|each tool_use must have a single result"
    r'|first message must use the "user" role'
)
BEGUN_WITH_THOUGHT = re.compile(
    r"in the final position cannot contain `thinking`"
    r"|a final `assistant` message must start with a thinking block"
)
PNG = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNkYPhfDwAChwGA60e6kgAAAABJRU5ErkJggg=="

TEXTS = st.sampled_from(["", " ", "\n", "Hello", "two words ", "\u2028", "\ud83d", "ü"])
IDS = st.sampled_from(["a", "b", "c", "functions.x:0", "call_1", ""])
NAMES = st.sampled_from(["f", "g", "srv/f", "a.b", "x" * 130])
ARGUMENTS = st.sampled_from(
    ["{}", "", '{"a": 1}', '{"a', "null", '"{}"', None, '{"a": "\\ud83d"}']
)
GOOD_URLS = st.sampled_from(
    [
        f"data:image/jpg;base64,{PNG}",
        f"DATA:image/png;x=y;BASE64,{PNG}",
        "data:application/pdf;base64,JVBERi0xLjQK",
        "https://a.example/b.png",
    ]
)
BAD_URLS = st.sampled_from(
    ["data:image/svg+xml,%3Csvg/%3E", "data:image/png;base64,!", "http://a.example/b", ""]
)  # fmt: skip
TEXT_PARTS = st.builds(lambda text: {"type": "text", "text": text}, TEXTS)
IMAGES = GOOD_URLS.map(lambda url: {"type": "image_url", "image_url": {"url": url}})
FILES = st.builds(
    lambda kind, name: {"type": "file", "file": {"file_data": kind, "filename": name}},
    st.sampled_from(["data:application/pdf;base64,JVBERi0xLjQK", "data:text/plain;base64,YQ=="]),
    st.sampled_from(["a.pdf", "a.txt", ""]),
)  # fmt: skip
GOOD_PARTS = st.one_of(TEXT_PARTS, IMAGES, FILES)
PARTS = st.one_of(GOOD_PARTS, BAD_URLS.map(lambda url: {"type": "image_url", "image_url": url}))  # fmt: skip
CONTENTS = TEXTS | st.lists(GOOD_PARTS, max_size=3)
FUNCTIONS = st.fixed_dictionaries({"name": NAMES, "arguments": ARGUMENTS})
CALLS = st.fixed_dictionaries(
    {"id": IDS, "type": st.just("function"), "function": FUNCTIONS}
)
THOUGHTS = st.sampled_from(
    [
        {"type": "thinking", "thinking": "", "signature": signature("", "1")},
        {"type": "thinking", "thinking": "Hm.", "signature": signature("Hm.", "2")},
        {"type": "thinking", "thinking": "unsigned"},
        {"type": "redacted_thinking", "data": signature("", "3")},
    ]
)


def message(role, optional=None, **fields):
    return st.fixed_dictionaries(
        {"role": st.just(role), **fields}, optional=optional or {}
    )


SYSTEM = st.one_of(
    message("system", content=TEXTS),
    message("developer", content=st.lists(TEXT_PARTS, max_size=2)),
)
USER = message("user", content=CONTENTS)
ASSISTANT = message(
    "assistant",
    content=st.none() | TEXTS | st.lists(TEXT_PARTS, max_size=2),
    optional={
        "tool_calls": st.none() | st.lists(CALLS, max_size=3),
        "thinking_blocks": st.lists(THOUGHTS, max_size=2),
        "reasoning_content": TEXTS,
        "refusal": st.none(),
        "function_call": st.none() | FUNCTIONS,
    },
)
RESULT = st.one_of(
    message("tool", tool_call_id=IDS, content=CONTENTS, optional={"is_error": st.booleans()}),
    message("function", name=NAMES, content=TEXTS),
)  # fmt: skip


@st.composite
def rounds(draw):
    """A call of tools with all its results, maybe with something in between."""
    calls = draw(st.lists(CALLS, min_size=1, max_size=3, unique_by=lambda c: c["id"]))
    said = {**draw(ASSISTANT), "tool_calls": calls}
    said.pop("function_call", None)
    answers = [
        {"role": "tool", "tool_call_id": call["id"], "content": draw(CONTENTS)}
        for call in draw(st.permutations(calls))
    ]
    between = draw(st.lists(USER | SYSTEM, max_size=1))
    return [said, *answers[:1], *between, *answers[1:]]


ODD = st.one_of(
    message("user", content=st.lists(PARTS, max_size=3)),
    message("assistant", tool_calls=st.lists(st.fixed_dictionaries({"id": IDS, "function": st.just({"name": "f", "arguments": "[]"})}), max_size=1)),
    RESULT,
)  # fmt: skip
ONE = st.one_of(USER, SYSTEM, ASSISTANT).map(lambda m: [m])
# Mostly as a program would write them: a question first and last, calls answered.
TALKS = st.builds(
    lambda head, runs, tail: [*head, *(m for run in runs for m in run), *tail],
    st.lists(SYSTEM, max_size=2),
    st.lists(st.one_of(rounds(), ONE, USER.map(lambda m: [m])), max_size=5),
    st.lists(USER, min_size=1, max_size=2),
)
CONVERSATIONS = st.one_of(
    TALKS.map(lambda talk: [{"role": "user", "content": "Hello"}, *talk]),
    TALKS,
    st.lists(st.one_of(SYSTEM, USER, ASSISTANT, RESULT, ODD), max_size=6),
)

TOOLS = st.lists(
    st.fixed_dictionaries(
        {"name": NAMES},
        optional={
            "parameters": st.sampled_from(
                [
                    None,
                    {},
                    {"type": "object", "properties": {"a": {"type": "integer"}}},
                    {"anyOf": [{"properties": {"a": {}}}, {"properties": {"b": {}}}]},
                ]
            ),
            "strict": st.none() | st.booleans(),
        },
    ).map(lambda function: {"type": "function", "function": function}),
    max_size=3,
    unique_by=lambda tool: tool["function"]["name"],
)
SCHEMA = {"type": "object", "properties": {"a": {"type": "integer", "minimum": 1}}}
PARAMS = st.fixed_dictionaries(
    {},
    optional={
        "tools": TOOLS,
        "tool_choice": st.sampled_from(["auto", "none", "required", {"type": "function", "function": {"name": "f"}}]),
        "parallel_tool_calls": st.booleans(),
        "max_tokens": st.sampled_from([1, 1000, 5000, 1_000_000]),
        "temperature": st.sampled_from([0, 0.5, 1, 2]),
        "top_p": st.sampled_from([0.1, 0.96, 1]),
        "stop": st.sampled_from(["END", " ", ["", "\n", "x"], []]),
        "reasoning_effort": st.sampled_from(["none", "minimal", "low", "medium", "high", "xhigh", "max"]),
        "response_format": st.sampled_from([{"type": "text"}, {"type": "json_object"}, {"type": "json_schema", "json_schema": {"name": "s", "schema": SCHEMA}}]),
        "user": st.sampled_from(["u_1", "me@example.com", ""]),
        "service_tier": st.sampled_from(["auto", "default", "flex"]),
        "seed": st.integers(0, 3),
    },
)  # fmt: skip
MODELS = st.sampled_from(
    [
        "claude-3-5-haiku-20241022",
        "claude-opus-4-1",
        "claude-haiku-4-5",
        "claude-opus-4-5",
        "claude-sonnet-4-6",
        "claude-opus-4-7",
        "claude-opus-4-8",
        "claude-sonnet-5",
        "claude-opus-5",
        "claude-haiku-5-5",
    ]
)


def objection(made):
    """
    Return what the strict API says against a request, or None.

    An answer that the caller began, with thinking in it, is refused whether thinking is
    on or off; such a prefill is passed through like any other.
    """
    betas = made.headers.get("anthropic-beta", "")
    body = json.loads(made.body)
    try:
        judged(body, betas, Given())
    except Refused as refused:
        begun = body["messages"][-1]["role"] == "assistant"
        words = refused.problem.message
        return None if begun and BEGUN_WITH_THOUGHT.search(words) else words
    return None


@settings(deadline=None, max_examples=300, suppress_health_check=[HealthCheck.too_slow])
@given(CONVERSATIONS, PARAMS, MODELS, st.booleans())
def test_conversation_is_taken_or_refused_for_a_known_reason(
    messages, params, model, stream
):
    """Translated, it breaks no rule that the caller did not break."""
    call = ChatCall(messages, params, stream=stream)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            made = CHAT.encode(call, model)
        except (BadRequestError, ConfigurationError):
            return
    found = objection(made)
    assert found is None or PASSED_THROUGH.search(found)


@pytest.mark.parametrize("model", ["claude-sonnet-4-6", "claude-opus-4-8"])
def test_whole_conversation_is_taken(model):
    """The law says something: nothing of this is refused."""
    call = {"id": "functions.x:0", "type": "function", "function": {"name": "a.b", "arguments": "{}"}}  # fmt: skip
    image = {"type": "image_url", "image_url": {"url": f"data:image/jpg;base64,{PNG}"}}
    messages = [
        {"role": "system", "content": "S"},
        {"role": "user", "content": ""},
        {"role": "user", "content": [{"type": "text", "text": "u"}, image]},
        {"role": "assistant", "content": "", "tool_calls": [call]},
        {"role": "system", "content": "late"},
        {"role": "tool", "tool_call_id": "functions.x:0", "content": [image]},
        {"role": "assistant", "content": "x "},
        {"role": "user", "content": " "},
    ]
    assert objection(CHAT.encode(ChatCall(messages), model)) is None
