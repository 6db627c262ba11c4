"""Laws: whatever a server sends or a user says, nothing but our errors comes of it."""

from __future__ import annotations

import contextlib
import json

from hypothesis import given
from hypothesis import strategies as st

from sociaro_core.errors import APIError, BadRequestError, SociaroError
from sociaro_core.wire import Response
from sociaro_providers import PROVIDERS
from sociaro_providers.accumulator import Accumulator
from sociaro_providers.calls import ChatCall
from sociaro_providers.streams import carries

WORDS = st.sampled_from(
    [
        "", "a", "text", "thinking", "tool_use", "text_delta", "input_json_delta",
        "thinking_delta", "signature_delta", "citations_delta", "function", "auto",
        "message_start", "content_block_start", "content_block_delta", "tool_result",
        "content_block_stop", "message_delta", "refusal", "assistant", "user", "tool",
        "web_search_result_location", "image_url", "data:image/png;base64,AA", "{}",
        "server_tool_use", "redacted_thinking", "system", "allowed_tools", "end_turn",
    ]
)  # fmt: skip
KEYS = st.sampled_from(
    [
        "type", "index", "delta", "content_block", "message", "content", "id", "text",
        "choices", "tool_calls", "function", "arguments", "name", "finish_reason",
        "usage", "input_tokens", "logprobs", "thinking", "signature", "partial_json",
        "stop_reason", "stop_details", "citations", "citation", "role", "url",
        "provider_specific_fields", "anthropic", "thinking_blocks", "tool_call_id",
        "cache_control", "function_call", "image_url", "custom", "input", "mode",
        "reasoning_content", "annotations", "tools", "allowed_tools", "service_tier",
        "json_schema", "schema", "refusal", "parameters", "error", "code",
    ]
)  # fmt: skip
ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers(-3, 3) | WORDS,
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(KEYS, inner, max_size=4)
    ),
    max_leaves=12,
)
EVENTS = st.lists(st.dictionaries(KEYS, ANYTHING, max_size=5), max_size=5)
KINDS = st.sampled_from(
    [
        "message_start",
        "content_block_start",
        "content_block_delta",
        "content_block_stop",
        "message_delta",
    ]
)
TALKING = st.builds(
    lambda kind, fields, index: {"index": index, **fields, "type": kind},
    KINDS,
    st.dictionaries(KEYS, ANYTHING, max_size=4),
    st.integers(0, 2),
)


def play(provider, events, *, end):
    call = ChatCall([], {"stream_options": {"include_usage": True}})
    decoder = PROVIDERS[provider].chat.stream(call, Response(200))
    body = b"".join(b"data: " + json.dumps(e).encode() + b"\n\n" for e in events)
    accumulator = Accumulator()
    for chunk in [*decoder.feed(body + end), *([] if decoder.done else decoder.finish())]:  # fmt: skip
        carries(chunk)
        accumulator.add(chunk)
    accumulator.completion().to_json()
    assert decoder.done
    assert decoder.failure is None or isinstance(decoder.failure, SociaroError)


@given(EVENTS)
def test_openai_stream_of_anything(events):
    """Every oddity is kept, refused as ours, or passed over."""
    play("openai", events, end=b"data: [DONE]\n\n")


@given(st.lists(st.fixed_dictionaries({"choices": st.lists(ANYTHING, max_size=2)})))
def test_openai_stream_of_any_choices(events):
    """Also inside of choices."""
    play("openai", events, end=b"")


@given(st.lists(st.fixed_dictionaries({"delta": ANYTHING, "index": st.just(0)})))
def test_openai_stream_of_any_deltas(choices):
    """And inside of deltas."""
    play("alibaba", [{"choices": [choice]} for choice in choices], end=b"")


@given(st.lists(TALKING, max_size=8))
def test_anthropic_stream_of_anything(events):
    """Every event may hold anything."""
    play("anthropic", events, end=b'data: {"type": "message_stop"}\n\n')


@given(
    st.sampled_from(["openai", "anthropic"]),
    st.dictionaries(KEYS, ANYTHING, max_size=5),
    st.lists(ANYTHING, max_size=3),
)
def test_answer_of_anything(provider, fields, items):
    """An answer may hold anything too, streamed or not."""
    body = json.dumps({**fields, "choices": items, "content": items}).encode()
    chat = PROVIDERS[provider].chat
    with contextlib.suppress(APIError):
        chat.decode(ChatCall([]), Response(200, body=body)).to_json()
    decoder = chat.stream(ChatCall([]), Response(200))
    assert [] == decoder.feed(body)
    for chunk in decoder.finish():
        chunk.to_json()


@given(st.lists(ANYTHING, max_size=4), st.dictionaries(KEYS, ANYTHING, max_size=3))
def test_call_of_anything(messages, params):
    """It is translated, or refused with the place."""
    try:
        made = PROVIDERS["anthropic"].chat.encode(ChatCall(messages, params), "claude")
    except BadRequestError:
        return
    assert json.loads(made.body)["messages"]


ROLES = st.sampled_from(["user", "assistant", "tool", "system", "function"])
MESSAGES = st.builds(
    lambda role, fields: {**fields, "role": role},
    ROLES,
    st.dictionaries(KEYS, ANYTHING, max_size=4),
)


@given(st.lists(MESSAGES, max_size=4))
def test_conversation_of_anything(messages):
    """So are messages with a role."""
    test_call_of_anything.hypothesis.inner_test(messages, {})
