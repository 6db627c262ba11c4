"""Tests of the decoder for OpenAI-shaped streams: every rule, every cut."""

from __future__ import annotations

import json
import pathlib

import pytest

from sociaro_core.errors import (
    APIConnectionError,
    APIError,
    BadRequestError,
    ProviderUnavailableError,
    RateLimitError,
)
from sociaro_core.wire import Response
from sociaro_providers import framing, sse
from sociaro_providers.accumulator import Accumulator
from sociaro_providers.framing import Framing
from sociaro_providers.models import ChatCompletionChunk
from sociaro_providers.models._structure import structure
from sociaro_providers.streams import ChunkDecoder, carries

STREAMS = pathlib.Path(__file__).parent / "streams"
RESPONSE = Response(200, {"x-gateway-request-id": "r1"}, received=1770000000.5)


def decoded(pieces, include_usage=True):
    decoder = ChunkDecoder(RESPONSE, include_usage=include_usage)
    chunks = []
    for piece in pieces:
        chunks += decoder.feed(piece)
        if decoder.done:
            break
    else:
        chunks += decoder.finish()
    assert decoder.done
    return [chunk.to_dict() for chunk in chunks], decoder


def outcome(pieces, include_usage=True):
    chunks, decoder = decoded(pieces, include_usage)
    failure = decoder.failure
    shown = failure and (type(failure), failure.message, getattr(failure, "code", None))
    return chunks, shown, decoder.whole


def event(**fields):
    return b"data: " + json.dumps(fields).encode() + b"\n\n"


def text(content="hi", finish=None):
    choice = {"index": 0, "delta": {"content": content}, "finish_reason": finish}
    return event(choices=[choice])


DONE = b"data: [DONE]\n\n"


@pytest.mark.parametrize("name", ["openai", "alibaba", "byteplus", "mulerouter"])
def test_recorded_stream_at_every_cut(name):
    """Chunks come out one for one as they were sent, wherever the bytes are cut."""
    body = (STREAMS / f"{name}.sse").read_bytes()
    chunks, failure, whole = outcome([body])
    assert failure is None
    assert whole
    sent = [
        json.loads(e.data) for e in sse.SSEDecoder().feed(body) if e.data != b"[DONE]"
    ]
    assert sent == chunks
    for cut in range(len(body)):
        assert chunks == outcome([body[:cut], body[cut:]])[0]
    assert (chunks, None, True) == outcome([bytes([byte]) for byte in body])


ACCUMULATED = {
    "openai": ("One, zwei, trés 🦊.", "now", '{"tz":"UTC"}', "tool_calls", 16),
    "alibaba": (None, "weather", '{"city": "Bonn"}', "tool_calls", 46),
    "byteplus": ("Hello", None, None, "stop", 21),
    "mulerouter": ("Hi you", None, None, "stop", None),
}


@pytest.mark.parametrize("name", ACCUMULATED)
def test_recorded_stream_put_together(name):
    """The pieces make up the answer."""
    content, function, arguments, finish, tokens = ACCUMULATED[name]
    decoder = ChunkDecoder(RESPONSE, include_usage=True)
    accumulator = Accumulator()
    for chunk in decoder.feed((STREAMS / f"{name}.sse").read_bytes()):
        accumulator.add(chunk)
    made = accumulator.completion()
    choice = made.choices[0]
    assert (content, finish) == (choice.message.content, choice.finish_reason)
    if function:
        (call,) = choice.message.tool_calls
        assert call.id.startswith("call_")
        assert (function, arguments) == (call.function.name, call.function.arguments)
    assert tokens == (made.usage and made.usage.total_tokens)
    assert "chat.completion" == made.object


def test_chunks_without_choices_when_usage_was_not_asked_for():
    """They are swallowed; the others are not touched."""
    usage = event(choices=[], usage={"total_tokens": 1})
    bare = event(id="x")
    body = usage + text() + bare + text("", "stop") + usage + DONE
    chunks, failure, _ = outcome([body], include_usage=False)
    assert failure is None
    assert ["hi", ""] == [c["choices"][0]["delta"]["content"] for c in chunks]
    assert 5 == len(outcome([body])[0])


def test_end_when_bytes_follow():
    """[DONE] ends at once, whatever comes after it."""
    decoder = ChunkDecoder(RESPONSE)
    assert 1 == len(decoder.feed(text() + DONE + text("late")))
    assert decoder.done
    assert decoder.failure is None
    assert [] == decoder.feed(text("later"))
    assert [] == decoder.finish()


GOOD_ENDS = {
    "done": text() + DONE,
    "padded done": text() + b"data:  [DONE] \n\n",
    "done without line end": text() + b"data: [DONE]",
    "finish reason": text("hi", "stop"),
    "finish reason without line end": text("hi", "stop").rstrip(),
    "half usage after the finish": text("hi", "stop") + b'data: {"choices": [], "us',
    "empty events": b"data:\n\n" + text() + b"data: \n\n" + DONE,
    "empty chunks after the finish": text("hi", "stop") + event(choices=[]),
    "under a name": b"event: completion\n" + text() + DONE,
    "after empty lines": b"\r\n\n" + text() + DONE,
    "after a mark": b"\xef\xbb\xbf" + text() + DONE,
}


@pytest.mark.parametrize("name", GOOD_ENDS)
def test_stream_that_is_whole(name):
    """A finish reason or [DONE] makes it so."""
    body = GOOD_ENDS[name]
    for pieces in ([body], [bytes([byte]) for byte in body]):
        chunks, failure, whole = outcome(pieces, include_usage=False)
        assert (1, None, True) == (len(chunks), failure, whole)


BAD_ENDS = {
    "cut before the finish": (text(), 1, APIConnectionError, None),
    "half an event": (text() + b'data: {"choices": [{"in', 1, APIConnectionError, None),
    "nothing": (b"", 0, APIConnectionError, None),
    "blanks only": (b" \n\n ", 0, APIConnectionError, None),
    "comments only": (b": ping\n\n: ping\n\n", 0, APIConnectionError, None),
    "empty data only": (b"data:\n\n", 0, APIConnectionError, None),
    "words": (b"upstream connect error", 0, APIConnectionError, None),
    "done only": (DONE, 0, APIError, "invalid_response"),
    "no choices": (event(id="x"), 0, APIError, "invalid_response"),
    "empty choices": (event(choices=[]) + DONE, 0, APIError, "invalid_response"),
    "odd choices": (event(choices="x") + DONE, 0, APIError, "invalid_response"),
    "no JSON": (text() + b"data: {oops\n\n" + DONE, 1, APIError, "invalid_response"),
    "no object": (b"data: 5\n\n" + DONE, 0, APIError, "invalid_response"),
    "a list": (b"data: [1]\n\n", 0, APIError, "invalid_response"),
    "HTML": (b"<!DOCTYPE html><p>", 0, APIError, "invalid_response"),
    "HTML after blanks": (b"  \n <html>", 0, APIError, "invalid_response"),
    "error": (
        text() + event(error={"message": "m", "type": "overloaded_error"}),
        1,
        ProviderUnavailableError,
        None,
    ),
    "error beside choices": (
        event(choices=[{"delta": {}}], error="quota"),
        0,
        APIError,
        None,
    ),
    "native error": (
        event(code="Throttling.RateQuota", message="m"),
        0,
        RateLimitError,
        "Throttling.RateQuota",
    ),
    "error event": (
        b'event: error\ndata: {"code": "DataInspectionFailed", "message": "m"}\n\n',
        0,
        BadRequestError,
        "DataInspectionFailed",
    ),
    "error event in words": (b"event: error\ndata: gone\n\n", 0, APIError, None),
    "error event without line end": (b"event: error\ndata: gone", 0, APIError, None),
}


@pytest.mark.parametrize("name", BAD_ENDS)
def test_stream_that_is_no_answer(name):
    """The chunks before it come out, then the failure stands."""
    body, count, kind, code = BAD_ENDS[name]
    for pieces in ([body], [bytes([byte]) for byte in body]):
        chunks, decoder = decoded(pieces, include_usage=False)
        assert count == len(chunks)
        assert kind is type(decoder.failure)
        assert code == getattr(decoder.failure, "code", None)
        assert getattr(decoder.failure, "phase", "read") == "read"


def test_choices_after_the_finish():
    """They come out as well: other choices may go on."""
    assert (2, None) == (len(outcome([text("a", "stop") + text("b")])[0]), None)


def test_error_chunk_has_its_mapped_status():
    """Not the 200 of the stream, and the id of the request."""
    _, decoder = decoded([event(error={"message": "m", "code": 503})])
    assert (503, "m", "r1") == (
        decoder.failure.status_code,
        decoder.failure.message,
        decoder.failure.request_id,
    )


def test_bytes_that_are_no_text():
    """They become the replacement character."""
    body = (
        b'data: {"choices":[{"delta":{"content":"\xff"},"finish_reason":"stop"}]}\n\n'
    )
    chunks, _, _ = outcome([body])
    assert "\ufffd" == chunks[0]["choices"][0]["delta"]["content"]


def limited(monkeypatch):
    monkeypatch.setattr(framing, "SSEDecoder", lambda: sse.SSEDecoder(200))


def test_event_above_the_limit(monkeypatch):
    """It is an invalid response, after the chunks before it."""
    limited(monkeypatch)
    chunks, failure, _ = outcome([text() + text("x" * 300)])
    assert 1 == len(chunks)
    assert (APIError, "invalid_response") == (failure[0], failure[2])


def test_last_event_above_the_limit(monkeypatch):
    """Also when only the end of the transfer completes it."""
    limited(monkeypatch)
    _, failure, _ = outcome([b"data: x", b"x" * 194])
    assert (APIError, "invalid_response") == (failure[0], failure[2])


def test_end_before_an_event_above_the_limit(monkeypatch):
    """What comes after [DONE] does not count."""
    limited(monkeypatch)
    assert (None, True) == outcome([text() + DONE + text("x" * 300)])[1:]


DOCUMENT = {
    "id": "c1",
    "object": "chat.completion",
    "created": 1,
    "model": "m",
    "choices": [
        {
            "index": 0,
            "message": {
                "role": "assistant",
                "content": "Hi",
                "tool_calls": [
                    {"id": "a", "function": {"name": "f", "arguments": "{}"}},
                    None,
                ],
            },
            "finish_reason": "stop",
        },
        "odd",
    ],
    "usage": {"total_tokens": 3},
}


def test_json_answer_given_as_chunks():
    """The message is the delta, and its calls get their index."""
    body = json.dumps(DOCUMENT).encode()
    for pieces in ([body], [bytes([byte]) for byte in body]):
        (chunk,), failure, whole = outcome(pieces, include_usage=False)
        assert (None, True) == (failure, whole)
        assert "chat.completion.chunk" == chunk["object"]
        choice, odd = chunk["choices"]
        assert "odd" == odd
        assert "Hi" == choice["delta"]["content"]
        assert 0 == choice["delta"]["tool_calls"][0]["index"]
        assert "stop" == choice["finish_reason"]
        assert {"total_tokens": 3} == chunk["usage"]


def test_json_answer_when_usage_was_asked_for():
    """It comes last, on a chunk of its own."""
    first, last = outcome([json.dumps(DOCUMENT).encode()])[0]
    assert first["usage"] is None
    assert ([], {"total_tokens": 3}) == (last["choices"], last["usage"])


@pytest.mark.parametrize(
    ("body", "code"),
    [
        (b'{"error": {"message": "m", "code": "rate_limit"}}', "rate_limit"),
        (b'{"code": "InvalidParameter", "message": "m"}', "InvalidParameter"),
        (b'{"choices": []}', "invalid_response"),
        (b'{"id": 1}', "invalid_response"),
        (b'{"choices": [', "invalid_response"),
        (b"[1]", "invalid_response"),
        (b'{"choices": ["\xff"]}', "invalid_response"),
    ],
)
def test_json_that_is_no_answer(body, code):
    """An error inside the 200, or an invalid response."""
    chunks, failure, _ = outcome([body])
    assert ([], code) == (chunks, failure[2])


def test_json_answer_with_a_plain_message():
    """A choice without calls is a chunk as well."""
    body = b'{"choices": [{"message": {"content": "a"}}]}'
    (chunk,) = outcome([body])[0]
    assert {"content": "a"} == chunk["choices"][0]["delta"]


def test_json_answer_above_the_limit():
    """A document has a limit too."""
    reader = framing.Framing(10)
    assert [] == reader.feed(b'{"a": ')
    assert reader.problem is None
    assert [] == reader.feed(b"1234567")
    assert "larger than 10 bytes" in reader.problem


@pytest.mark.parametrize(
    ("delta", "expected"),
    [
        ({"role": "assistant", "content": ""}, False),
        ({"content": None}, False),
        ({"content": "a"}, True),
        ({"tool_calls": []}, False),
        ({"tool_calls": [{"index": 0}]}, True),
        ({"reasoning_content": "a"}, True),
        ({"reasoning": "a"}, True),
        ({"thinking_blocks": [{"type": "redacted_thinking"}]}, True),
        ({"refusal": "no"}, True),
        ({"annotations": [{}]}, True),
        ({"function_call": {"name": "f"}}, True),
        ({"audio": {"id": "a"}}, True),
        ({"foo": "bar"}, False),
        ("odd", False),
    ],
)
def test_chunk_that_carries(delta, expected):
    """What a user can see commits the stream, nothing else."""
    chunk = structure(ChatCompletionChunk, {"choices": [{"delta": delta}]})
    assert expected is carries(chunk)


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        ({"choices": [{"delta": {}, "finish_reason": "stop"}]}, True),
        ({"choices": [None]}, False),
        ({"choices": []}, False),
        ({"choices": "odd"}, False),
        ({"usage": {"total_tokens": 1}}, False),
    ],
)
def test_chunk_that_carries_whatever_its_shape(data, expected):
    """A finish does; oddities do not, and do not fail."""
    assert expected is carries(structure(ChatCompletionChunk, data))


def test_stream_of_white_space_is_not_kept():
    """What says nothing takes no memory, however long it goes on."""
    framing = Framing()
    for _ in range(50):
        assert [] == framing.feed(b" \r\n" * 10_000)
    assert b"" == framing._head
    assert [] == framing.feed(b"\xef\xbb\xbf" + b" " * 1000)
    assert b"\xef\xbb\xbf" == framing._head
    assert [b"x"] == [event.data for event in framing.feed(b"data: x\n\n")]
