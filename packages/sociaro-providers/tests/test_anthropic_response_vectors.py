"""Known answers, streams and errors of the Messages API, and what they become."""

from __future__ import annotations

import json

import pytest

from sociaro_core.errors import (
    APIError,
    BadRequestError,
    ProviderUnavailableError,
    RateLimitError,
    error_from,
)
from sociaro_core.retries import RetryPolicy
from sociaro_core.wire import Response
from sociaro_providers import PROVIDERS
from sociaro_providers.accumulator import Accumulator
from sociaro_providers.calls import ChatCall
from sociaro_providers.streams import carries

CHAT = PROVIDERS["anthropic"].chat
CALL = ChatCall([{"role": "user", "content": "hi"}], stream=True)
MODEL = "claude-sonnet-4-6"
RETRIES = RetryPolicy(max_retries=2)


def has(expected, actual):
    """Return whether all that is expected is there, at every level."""
    if isinstance(expected, dict):
        return all(has(value, actual[name]) for name, value in expected.items())
    return expected == actual


ANSWERS = {
    "a refusal before any output": (
        {"content": [], "stop_reason": "refusal", "usage": {"input_tokens": 0}},
        {
            "finish_reason": "content_filter",
            "message": {"content": None, "refusal": "The model declined to respond."},
        },
        {"prompt_tokens": 0, "completion_tokens": 0, "total_tokens": 0},
    ),
    "tokens read from the cache and written to it": (
        {
            "content": [{"type": "text", "text": "x"}],
            "stop_reason": "end_turn",
            "usage": {
                "input_tokens": 12,
                "cache_creation_input_tokens": 100,
                "cache_read_input_tokens": 900,
                "output_tokens": 55,
            },
        },
        {"finish_reason": "stop", "message": {"content": "x", "refusal": None}},
        {
            "prompt_tokens": 1012,
            "completion_tokens": 55,
            "total_tokens": 1067,
            "prompt_tokens_details": {"cached_tokens": 900, "cache_write_tokens": 100},
        },
    ),
}


@pytest.mark.parametrize("name", ANSWERS)
def test_answer(name):
    """It is translated to this."""
    message, choice, usage = ANSWERS[name]
    response = Response(200, body=json.dumps(message).encode())
    made = CHAT.decode(CALL, response).to_dict()
    assert has(choice, made["choices"][0])
    assert has(usage, made["usage"])


def line(kind, **fields):
    data = json.dumps({"type": kind, **fields}, ensure_ascii=False)
    return f"event: {kind}\ndata: {data}\n\n".encode()


def start(index, **block):
    return line("content_block_start", index=index, content_block=block)


def delta(index, **fields):
    return line("content_block_delta", index=index, delta=fields)


def end(reason):
    said = line("message_delta", delta={"stop_reason": reason}, usage={})
    return said + line("message_stop")


BEGIN = line("message_start", message={"id": "msg_1", "model": MODEL, "content": []})
TEXT = start(0, type="text", text="")
OVERLOADED = {"type": "overloaded_error", "message": "Overloaded"}

# The bytes; what the chunks carry; and the failure: class, status, whether it would be
# retried.
STREAMS = {
    "overloaded before anything was said": (
        BEGIN + line("ping") + line("error", error=OVERLOADED),
        [],
        (ProviderUnavailableError, 529, True),
    ),
    "an error after text": (
        BEGIN + TEXT + delta(0, type="text_delta", text="a") + line("error", error={"type": "api_error", "message": "m"}),
        [{"content": "a"}],
        (APIError, 500, True),
    ),
    "cut inside the arguments by the token limit": (
        BEGIN
        + start(0, type="tool_use", id="a", name="f", input={})
        + delta(0, type="input_json_delta", partial_json='{"a": "b')
        + end("max_tokens"),
        [
            {"tool_calls": [{"index": 0, "id": "a", "type": "function", "function": {"name": "f", "arguments": ""}}]},
            {"tool_calls": [{"index": 0, "function": {"arguments": '{"a": "b'}}]},
            "length",
        ],
        None,
    ),
    "an event, a delta and a block nobody knows": (
        BEGIN + line("foo") + start(0, type="baz", x=1) + delta(0, type="bar_delta", y=2) + end("end_turn"),
        ["stop"],
        None,
    ),
    "a line separator in the text": (
        BEGIN + TEXT + delta(0, type="text_delta", text="a\u2028b") + end("end_turn"),
        [{"content": "a\u2028b"}, "stop"],
        None,
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", STREAMS)
def test_stream(name):
    """Its chunks carry this."""
    body, expected, failed = STREAMS[name]
    decoder = CHAT.stream(CALL, Response(200))
    chunks = [*decoder.feed(body), *decoder.finish()]
    choices = [chunk.choices[0] for chunk in chunks if carries(chunk)]
    assert expected == [
        choice.finish_reason or choice.delta.to_dict() for choice in choices
    ]
    failure = decoder.failure
    assert failed == (
        failure and (type(failure), failure.status_code, RETRIES.retries(failure, 0))
    )


BLOCKS = [
    {"type": "thinking", "thinking": "", "signature": "c2ln"},
    {"type": "text", "text": "x"},
    {"type": "server_tool_use", "id": "srvtoolu_1", "name": "web_search", "input": {}},
    {"type": "web_search_tool_result", "tool_use_id": "srvtoolu_1", "content": []},
    {"type": "text", "text": "y"},
    {"type": "tool_use", "id": "toolu_1", "name": "f", "input": {"a": 1}},
]
RESULT = {"type": "tool_result", "tool_use_id": "toolu_1", "content": "r"}


@pytest.mark.parametrize("streamed", [False, True])
@pytest.mark.parametrize(
    ("edit", "expected"),
    [
        ({}, BLOCKS),
        ({"content": "z"}, [BLOCKS[0], {"type": "text", "text": "z"}, BLOCKS[5]]),
    ],
    ids=["as it came", "edited"],
)
def test_round_trip(edit, expected, streamed):
    """The blocks go back as they came, or as the edited message says."""
    body = json.dumps({"content": BLOCKS, "stop_reason": "tool_use"}).encode()
    if streamed:
        accumulator = Accumulator()
        decoder = CHAT.stream(CALL, Response(200))
        for chunk in [*decoder.feed(body), *decoder.finish()]:
            accumulator.add(chunk)
        made = accumulator.completion()
    else:
        made = CHAT.decode(CALL, Response(200, body=body))
    message = {**made.choices[0].message.to_dict(), **edit}
    result = {"role": "tool", "tool_call_id": "toolu_1", "content": "r"}
    call = ChatCall([*CALL.messages, message, result])
    turns = json.loads(CHAT.encode(call, MODEL).body)["messages"]
    assert [expected, [RESULT]] == [turn["content"] for turn in turns[1:]]


SPENT = b'{"type": "error", "error": {"type": "rate_limit_error", "message": "m", "details": {"error_code": "enforced_spend_limit_reached"}}}'

# Status, headers and body; class, body of the error, whether and when it is retried.
ERRORS = {
    "too large, from the edge": ((413, {}, b"<html>large</html>"), BadRequestError, "<html>large</html>", None),
    "slow down": ((429, {"retry-after": "7"}, b""), RateLimitError, None, 7.0),
    "money spent": ((429, {}, SPENT), RateLimitError, json.loads(SPENT), None),
}  # fmt: skip


@pytest.mark.parametrize("name", ERRORS)
def test_http_error(name):
    """It has this class and body, and is waited for this long, if at all."""
    (status, headers, body), kind, found, wait = ERRORS[name]
    error = CHAT.refine(error_from(Response(status, headers, body)))
    assert (kind, status, found) == (type(error), error.status_code, error.body)
    assert (wait is not None) is RETRIES.retries(error, 0)
    if wait is not None:
        assert wait == RETRIES.delay(error, 0)
    assert error.message
    assert str(status) in str(error)
