"""Tests of the accumulator: pieces joined, nothing made up."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sociaro_providers.accumulator import Accumulator
from sociaro_providers.models import ChatCompletionChunk
from sociaro_providers.models._structure import structure


def completion(*chunks):
    accumulator = Accumulator()
    for chunk in chunks:
        accumulator.add(structure(ChatCompletionChunk, chunk))
    first = accumulator.completion()
    assert first == accumulator.completion()
    return first.to_dict()


def message(*deltas):
    chunks = [{"id": "c", "choices": [{"index": 0, "delta": d}]} for d in deltas]
    return completion(*chunks)["choices"][0]["message"]


CALLS = [
    {"index": 1, "id": "b", "function": {"name": "g", "arguments": ""}},
    {"index": 0, "id": "a", "type": "function", "function": {"name": "f"}},
]
THOUGHTS = [
    {"type": "thinking", "thinking": "Two ", "index": 0},
    {"type": "thinking", "thinking": "cities.", "index": 0},
    {"type": "thinking", "thinking": "", "signature": "Erx8", "index": 0},
]

DELTAS = {
    "text": (
        [{"role": "assistant", "content": ""}, {"content": "a"}, {"content": "b"}],
        {"role": "assistant", "content": "ab"},
    ),
    "null stays null": (
        [{"role": "assistant", "content": None}, {"content": None}],
        {"role": "assistant", "content": None},
    ),
    "null before text": (
        [{"content": None, "reasoning_content": ""}, {"content": "a"}, {"content": "b"}],
        {"role": "assistant", "content": "ab", "reasoning_content": ""},
    ),
    "null after text": (
        [{"content": "a"}, {"content": None}, {"content": "b"}],
        {"role": "assistant", "content": "ab"},
    ),
    "empty role": ([{"role": "tool"}, {"role": ""}], {"role": "tool"}),
    "reasoning and refusal": (
        [{"reasoning": "a", "refusal": None}, {"reasoning": "b", "refusal": "c"}],
        {"role": "assistant", "reasoning": "ab", "refusal": "c"},
    ),
    "calls": (
        [
            {"tool_calls": CALLS},
            {"tool_calls": [{"index": 0, "id": "", "function": {"name": ""}}]},
            {"tool_calls": [{"index": 0, "function": {"arguments": '{"a"'}}]},
            {"tool_calls": [{"index": 0, "function": {"arguments": ":1}"}}]},
            {"tool_calls": [{"index": 1, "id": None, "function": None}]},
        ],
        {
            "role": "assistant",
            "tool_calls": [
                {
                    "id": "a",
                    "type": "function",
                    "function": {"name": "f", "arguments": '{"a":1}'},
                },
                {"id": "b", "function": {"name": "g", "arguments": ""}},
            ],
        },
    ),
    "calls without an index": (
        [
            {"tool_calls": [{"id": "a", "function": {"name": "f", "arguments": "1"}}]},
            {"tool_calls": [{"function": {"arguments": "2"}}]},
            {"tool_calls": [{"id": "b", "function": {"name": "g", "arguments": "3"}}]},
        ],
        {
            "role": "assistant",
            "tool_calls": [
                {"id": "a", "function": {"name": "f", "arguments": "12"}},
                {"id": "b", "function": {"name": "g", "arguments": "3"}},
            ],
        },
    ),
    "calls and no text": (
        [{"role": "assistant", "content": ""}, {"tool_calls": CALLS[1:]}],
        {
            "role": "assistant",
            "content": None,
            "tool_calls": [{"id": "a", "type": "function", "function": {"name": "f"}}],
        },
    ),
    "a refusal and no text": (
        [{"role": "assistant", "content": ""}, {"refusal": "No."}],
        {"role": "assistant", "content": None, "refusal": "No."},
    ),
    "a legacy call and no text": (
        [{"content": ""}, {"function_call": {"name": "f", "arguments": "{}"}}],
        {
            "role": "assistant",
            "content": None,
            "function_call": {"name": "f", "arguments": "{}"},
        },
    ),
    "no text at all": (
        [{"content": "", "tool_calls": [], "refusal": None}, {"content": ""}],
        {"role": "assistant", "content": "", "tool_calls": [], "refusal": None},
    ),
    "odd call": ([{"tool_calls": ["x"]}], {"role": "assistant", "tool_calls": [{}]}),
    "thinking": (
        [{"thinking_blocks": [piece]} for piece in THOUGHTS],
        {
            "role": "assistant",
            "thinking_blocks": [
                {"type": "thinking", "thinking": "Two cities.", "signature": "Erx8"}
            ],
        },
    ),
    "odd thinking": (
        [{"thinking_blocks": ["x"]}],
        {"role": "assistant", "thinking_blocks": ["x"]},
    ),
    "annotations": (
        [{"annotations": [{"type": "a"}]}, {"annotations": [{"type": "b"}]}],
        {"role": "assistant", "annotations": [{"type": "a"}, {"type": "b"}]},
    ),
    "numbered details keep their numbers": (
        [{"details": [{"index": 3, "text": "a"}]}, {"details": [{"index": 3, "text": "b"}]}],
        {"role": "assistant", "details": [{"index": 3, "text": "ab"}]},
    ),
    "legacy call": (
        [{"function_call": {"name": "f", "arguments": "a"}}, {"function_call": {"arguments": "b"}}],
        {"role": "assistant", "function_call": {"name": "f", "arguments": "ab"}},
    ),
    "audio": (
        [{"audio": {"id": "x", "data": "a"}}, {"audio": {"data": "b", "expires_at": 5}}],
        {"role": "assistant", "audio": {"id": "x", "data": "ab", "expires_at": 5}},
    ),
    "the last of anything else": (
        [{"foo": {"a": 1}, "bar": 1}, {"foo": {"b": 2}, "bar": True}],
        {"role": "assistant", "foo": {"b": 2}, "bar": True},
    ),
    "kinds that change": (
        [{"foo": [1], "content": "a"}, {"foo": "x"}, {"foo": [2]}, {"content": ["p"]}],
        {"role": "assistant", "foo": [2], "content": ["p"]},
    ),
    "odd delta": (["x", None], {"role": "assistant"}),
}  # fmt: skip


@pytest.mark.parametrize("name", DELTAS)
def test_deltas_put_together(name):
    """Pieces are joined, absent stays absent."""
    deltas, expected = DELTAS[name]
    assert expected == message(*deltas)


def test_head_is_the_first_that_says_something():
    """Ids may be empty at first; extras are kept, filler is not."""
    made = completion(
        {"id": "", "choices": [], "model": "", "prompt_filter_results": [1]},
        {"id": "c", "model": "m", "choices": [], "obfuscation": "xx", "created": 5},
        {"id": "d", "object": "chat.completion.chunk", "choices": None, "x": 1},
    )
    assert {
        "id": "c",
        "model": "m",
        "created": 5,
        "prompt_filter_results": [1],
        "x": 1,
        "object": "chat.completion",
        "choices": [],
    } == made


def test_usage_is_the_last_that_is_there():
    """A null does not take it away."""
    chunks = [{"choices": []}, {"usage": None}, {"usage": {"total_tokens": 1}}]
    made = completion(*chunks, {"usage": {"total_tokens": 2}}, {"usage": None})
    assert {"total_tokens": 2} == made["usage"]
    assert "usage" not in completion({"choices": []})


def test_choices_are_kept_apart_and_in_order():
    """Each has its text, its finish reason and its extras."""
    one = {"index": 1, "delta": {"content": "b"}, "hit": 1}
    nil = {"index": 0, "delta": {"content": "a"}, "finish_reason": "stop"}
    made = completion(
        {"id": "c", "choices": [one]},
        {"choices": [nil, one]},
        {"choices": [{"index": 0, "delta": {}, "finish_reason": None}]},
        {"choices": ["odd", {"index": "x", "delta": {"content": "c"}}]},
        {"choices": [{"index": [], "delta": {"content": "d"}}]},
    )
    first, second = made["choices"]
    assert ("acd", "stop") == (first["message"]["content"], first["finish_reason"])
    assert ("bb", 1) == (second["message"]["content"], second["hit"])
    assert "finish_reason" not in second


def test_logprobs_are_extended():
    """Those of content and refusal alike; nulls stay nulls."""
    token = {"token": "a", "logprob": -1, "bytes": None, "top_logprobs": []}
    made = completion(
        {"choices": [{"index": 0, "delta": {}, "logprobs": None}]},
        {"choices": [{"index": 0, "logprobs": {"content": [token], "refusal": None}}]},
        {"choices": [{"index": 0, "logprobs": {"content": [token]}}]},
        {"choices": [{"index": 0, "logprobs": None}]},
    )
    expected = {"content": [token, token], "refusal": None}
    assert expected == made["choices"][0]["logprobs"]


def test_chunks_are_not_changed():
    """What the user holds stays as it came."""
    data = {
        "choices": [{"index": 0, "delta": {"tool_calls": [{"index": 0, "id": "a"}]}}]
    }
    chunk = structure(ChatCompletionChunk, data)
    accumulator = Accumulator()
    accumulator.add(chunk)
    accumulator.add(chunk)
    assert data == chunk.to_dict()


@given(st.lists(st.text()), st.lists(st.text(), min_size=1))
def test_text_and_arguments_cut_anyhow(texts, arguments):
    """However they were cut, they are whole again."""
    deltas = [{"content": text} for text in texts]
    deltas += [
        {"tool_calls": [{"index": 0, "function": {"arguments": piece}}]}
        for piece in arguments
    ]
    made = message(*deltas)
    assert "".join(texts) == (made.get("content") or "")
    assert "".join(arguments) == made["tool_calls"][0]["function"]["arguments"]
