"""Tests of the passthrough: out as given, in as sent."""

from __future__ import annotations

import json

import pytest

from sociaro_core.errors import APIError, ConfigurationError, RateLimitError
from sociaro_core.wire import Headers, Response
from sociaro_providers import PROVIDERS
from sociaro_providers.calls import ChatCall
from sociaro_providers.streams import ChunkDecoder

CHAT = PROVIDERS["openai"].chat
HELLO = [{"role": "user", "content": "Hi", "name": "me"}]


def body(call, model="gpt-4o"):
    return json.loads(CHAT.encode(call, model).body)


def test_body_is_what_was_given():
    """Unknown keywords and nulls included."""
    call = ChatCall(HELLO, {"temperature": None, "foo": {"a": 1}, "n": 2})
    assert {
        "model": "gpt-4o",
        "messages": HELLO,
        "temperature": None,
        "foo": {"a": 1},
        "n": 2,
    } == body(call)


def test_body_of_a_stream():
    """It says so."""
    assert body(ChatCall(HELLO, stream=True))["stream"] is True
    assert "stream" not in body(ChatCall(HELLO))


def test_extra_body_is_laid_over_last():
    """Key by key, and it may replace anything."""
    made = body(ChatCall(HELLO, {"a": {"x": 1}}, extra_body={"a": {"y": 2}, "b": 3}))
    assert ({"y": 2}, 3) == (made["a"], made["b"])


def test_nothing_else_goes_out():
    """No headers, nothing dropped, no patience."""
    made = CHAT.encode(ChatCall(HELLO), "m")
    assert (Headers(), (), None) == (made.headers, made.dropped, made.patience)


@pytest.mark.parametrize(
    ("extras", "kept"),
    [
        ({"reasoning_content": "r"}, {"reasoning_content"}),
        ({"reasoning_content": "r", "thinking_blocks": []}, set()),
        ({"provider_specific_fields": {"anthropic": {}}, "reasoning_content": "r"}, set()),
        ({"provider_specific_fields": {"x": 1}}, {"provider_specific_fields"}),
        (
            {"provider_specific_fields": {"x": 1}, "thinking_blocks": []},
            {"provider_specific_fields"},
        ),
    ],
)  # fmt: skip
def test_message_loses_what_only_anthropic_gave(extras, kept):
    """Other providers do not know it; what is not Anthropic's stays."""
    message = {"role": "assistant", "content": "x", **extras}
    call = ChatCall([message, "odd"])
    sent, odd = body(call)["messages"]
    assert {"role", "content"} | kept == set(sent)
    assert "odd" == odd
    assert message == call.messages[0]


def test_body_json_cannot_write():
    """A number too long for Python is no other error."""
    with pytest.raises(ConfigurationError):
        CHAT.encode(ChatCall(HELLO, {"a": 10**5000}), "m")


def test_answer():
    """It is the body as a model."""
    data = {"id": "x", "choices": [{"index": 0, "message": {"content": "Hi"}}]}
    made = CHAT.decode(ChatCall(HELLO), Response(200, body=json.dumps(data).encode()))
    assert data == made.to_dict()
    assert "Hi" == made.choices[0].message.content


def test_answer_that_is_an_error():
    """It has the class of its mapped status."""
    response = Response(200, body=b'{"code": "Throttling", "message": "slow down"}')
    with pytest.raises(RateLimitError, match="slow down"):
        CHAT.decode(ChatCall(HELLO), response)


def test_answer_that_is_none():
    """It is an invalid response."""
    with pytest.raises(APIError) as caught:
        CHAT.decode(ChatCall(HELLO), Response(200, body=b"<html>"))
    assert "invalid_response" == caught.value.code


def test_stream_knows_whether_usage_was_asked_for():
    """The chunk without choices comes through then."""
    call = ChatCall(HELLO, {"stream_options": {"include_usage": True}}, stream=True)
    decoder = CHAT.stream(call, Response(200))
    assert isinstance(decoder, ChunkDecoder)
    assert 1 == len(decoder.feed(b'data: {"choices": []}\n\n'))


def test_error_is_not_refined():
    """What the provider said is OpenAI's language already."""
    error = APIError("x")
    assert error is CHAT.refine(error)
