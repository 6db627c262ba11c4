"""Tests of answers of the Messages API as completions, and of its errors."""

from __future__ import annotations

import json

import pytest

from sociaro_core.errors import APIError, ProviderUnavailableError, error_from
from sociaro_core.wire import Response
from sociaro_providers import PROVIDERS
from sociaro_providers.calls import ChatCall

CHAT = PROVIDERS["anthropic"].chat
CALL = ChatCall([{"role": "user", "content": "hi"}])

BLOCKS = [
    {"type": "thinking", "thinking": "Let me look", "signature": "EqQB"},
    {"type": "text", "text": "Checking. "},
    {"type": "tool_use", "id": "toolu_01", "name": "get_weather", "input": {"city": "Köln"}},
]  # fmt: skip
MESSAGE = {
    "id": "msg_01A",
    "type": "message",
    "role": "assistant",
    "model": "claude-sonnet-4-6",
    "content": BLOCKS,
    "stop_reason": "tool_use",
    "stop_sequence": None,
    "stop_details": None,
    "container": None,
    "usage": {
        "input_tokens": 12,
        "cache_creation_input_tokens": 100,
        "cache_read_input_tokens": 900,
        "output_tokens": 55,
        "output_tokens_details": {"thinking_tokens": 20},
        "service_tier": "standard",
    },
}


def decoded(**changed):
    body = json.dumps({**MESSAGE, **changed}).encode()
    headers = {"x-gateway-request-id": "g1"}
    return CHAT.decode(CALL, Response(200, headers, body, received=1795351234.9))


def test_answer():
    """Every part has its place."""
    assert {
        "id": "msg_01A",
        "object": "chat.completion",
        "created": 1795351234,
        "model": "claude-sonnet-4-6",
        "service_tier": "default",
        "system_fingerprint": None,
        "choices": [
            {
                "index": 0,
                "finish_reason": "tool_calls",
                "logprobs": None,
                "message": {
                    "role": "assistant",
                    "content": "Checking. ",
                    "refusal": None,
                    "tool_calls": [
                        {
                            "id": "toolu_01",
                            "type": "function",
                            "function": {
                                "name": "get_weather",
                                "arguments": '{"city": "Köln"}',
                            },
                        }
                    ],
                    "reasoning_content": "Let me look",
                    "thinking_blocks": [BLOCKS[0]],
                    "provider_specific_fields": {
                        "anthropic": {
                            "content": BLOCKS,
                            "stop_reason": "tool_use",
                            "stop_sequence": None,
                        }
                    },
                },
            }
        ],
        "usage": {
            "prompt_tokens": 1012,
            "completion_tokens": 55,
            "total_tokens": 1067,
            "prompt_tokens_details": {"cached_tokens": 900, "cache_write_tokens": 100},
            "completion_tokens_details": {"reasoning_tokens": 20},
        },
    } == decoded().to_dict()


@pytest.mark.parametrize(
    ("stop_reason", "content", "expected"),
    [
        ("end_turn", [], "stop"),
        ("stop_sequence", [], "stop"),
        ("tool_use", BLOCKS, "tool_calls"),
        ("tool_use", [], "stop"),
        ("max_tokens", BLOCKS, "length"),
        ("model_context_window_exceeded", [], "length"),
        ("pause_turn", [], "length"),
        ("compaction", [], "length"),
        ("refusal", [], "content_filter"),
        (None, [], "stop"),
        ("something_new", [], "stop"),
        (["odd"], [], "stop"),
    ],
)
def test_finish_reason(stop_reason, content, expected):
    """None of Anthropic's words gets out."""
    made = decoded(stop_reason=stop_reason, content=content)
    assert expected == made.choices[0].finish_reason


@pytest.mark.parametrize(
    ("content", "stop_reason", "expected"),
    [
        ([], "end_turn", ""),
        ([{"type": "text", "text": "a"}, {"type": "text", "text": "b"}], "end_turn", "ab"),
        (BLOCKS[2:], "tool_use", None),
        ([], "refusal", None),
        ([{"type": "text", "text": None}, "odd", {}, {"type": "server_tool_use"}], "end_turn", ""),
    ],
)  # fmt: skip
def test_content(content, stop_reason, expected):
    """All text, else None beside calls and refusals, else an empty string."""
    made = decoded(content=content, stop_reason=stop_reason)
    assert expected == made.choices[0].message.content
    raw = made.choices[0].message.provider_specific_fields["anthropic"]["content"]
    assert content == raw


@pytest.mark.parametrize(
    ("details", "expected"),
    [
        ({"explanation": "Too dangerous."}, "Too dangerous."),
        (None, "The model declined to respond."),
        ({"explanation": None}, "The model declined to respond."),
    ],
)
def test_refusal(details, expected):
    """It says why, and usage of nothing is fine."""
    made = decoded(content=[], stop_reason="refusal", stop_details=details, usage=None)
    assert expected == made.choices[0].message.refusal
    assert 0 == made.usage.total_tokens
    assert made.service_tier is None


def test_citations_of_web_search():
    """They are annotations of their span; other kinds stay raw."""
    cited = {"type": "web_search_result_location", "url": "u", "title": "t"}
    blocks = [
        {"type": "text", "text": "Ab"},
        {"type": "text", "text": "cde", "citations": [cited, {"type": "page_location"}]},
    ]  # fmt: skip
    (made,) = decoded(content=blocks).choices[0].message.annotations
    assert {
        "type": "url_citation",
        "url_citation": {"url": "u", "title": "t", "start_index": 2, "end_index": 5},
    } == made.to_dict()


def test_what_is_said_beside_the_message():
    """It is kept under the provider's name."""
    usage = {"server_tool_use": {"web_search_requests": 1}, "service_tier": "priority"}
    made = decoded(usage=usage, container={"id": "c"})
    assert {
        "server_tool_use": {"web_search_requests": 1},
        "container": {"id": "c"},
    } == made.provider_specific_fields["anthropic"]
    assert "priority" == made.service_tier


def test_id_when_there_is_none():
    """The gateway's is taken, nothing is invented."""
    assert "msg_g1" == decoded(id=None).id
    body = json.dumps({"content": []}).encode()
    assert "msg_" == CHAT.decode(CALL, Response(200, body=body)).id


def test_call_without_input():
    """Its arguments are an empty object."""
    block = {"type": "tool_use", "id": "a", "name": "f", "input": None}
    (call,) = decoded(content=[block]).choices[0].message.tool_calls
    assert "{}" == call.function.arguments


def test_message_goes_back_as_it_came():
    """Appended to the next call, the blocks are identical."""
    message = decoded().choices[0].message
    answer = {"role": "tool", "tool_call_id": "toolu_01", "content": "12 C"}
    call = ChatCall([*CALL.messages, message, answer])
    body = json.loads(CHAT.encode(call, "claude-sonnet-4-6").body)
    assert BLOCKS == body["messages"][1]["content"]


def test_message_goes_to_another_provider():
    """Without what only Anthropic understands."""
    message = decoded().choices[0].message
    body = PROVIDERS["openai"].chat.encode(ChatCall([message]), "gpt-4o").body
    sent = json.loads(body)["messages"][0]
    assert {"role", "content", "refusal", "tool_calls"} == set(sent)


def test_error_inside_a_200():
    """It has its mapped status, and OpenAI's word for it."""
    inner = {"type": "overloaded_error", "message": "Overloaded"}
    body = json.dumps({"type": "error", "error": inner}).encode()
    with pytest.raises(ProviderUnavailableError) as caught:
        CHAT.decode(CALL, Response(200, body=body))
    error = caught.value
    assert (529, "overloaded", "overloaded_error") == (
        error.status_code,
        error.code,
        error.type,
    )


@pytest.mark.parametrize("body", [b"", b"<html>", b"{}", b'{"content": "x"}', b"[]"])
def test_answer_that_is_none(body):
    """It is an invalid response."""
    with pytest.raises(APIError) as caught:
        CHAT.decode(CALL, Response(200, body=body))
    assert ("invalid_response", None) == (caught.value.code, caught.value.param)


ERRORS = {
    "bad request": (400, "invalid_request_error", "messages.2.content.0: bad", "invalid_request_error", "messages.2.content.0"),
    "too long": (400, "invalid_request_error", "prompt is too long: 250000 tokens", "context_length_exceeded", None),
    "key": (401, "authentication_error", "invalid x-api-key", "invalid_api_key", None),
    "billing": (402, "billing_error", "m", "insufficient_quota", None),
    "permission": (403, "permission_error", "m", "permission_denied", None),
    "model": (404, "not_found_error", "model: claude-9", "model_not_found", "model"),
    "conflict": (409, "conflict_error", "m", "conflict", None),
    "large": (413, "request_too_large", "m", "request_too_large", None),
    "rate": (429, "rate_limit_error", "m", "rate_limit_exceeded", None),
    "gateway's rate": (429, "rate_limited", "Slow down: now", "rate_limit_exceeded", None),
    "server": (500, "api_error", "m", "server_error", None),
    "timeout": (504, "timeout_error", "m", "timeout", None),
    "overloaded": (529, "overloaded_error", "m", "overloaded", None),
    "gateway": (502, None, "m", "server_error", None),
    "unknown": (418, "teapot", "m", None, None),
}  # fmt: skip


@pytest.mark.parametrize("name", ERRORS)
def test_http_error_refined(name):
    """Code and param are filled in as OpenAI has them."""
    status, kind, message, code, param = ERRORS[name]
    body = {"type": "error", "error": {"type": kind, "message": message}}
    error = error_from(Response(status, body=json.dumps(body).encode()))
    assert error is CHAT.refine(error)
    assert (code, param, kind) == (error.code, error.param, error.type)
    assert message == error.message


def test_http_error_that_has_a_code():
    """What is there stays."""
    error = CHAT.refine(APIError("a: b", status_code=500, code="x", param="p"))
    assert ("x", "p") == (error.code, error.param)
