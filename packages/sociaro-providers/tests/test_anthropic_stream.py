"""Tests of the events of a streamed message as chunks."""

from __future__ import annotations

import json
import pathlib

import pytest

from sociaro_core.errors import APIConnectionError, APIError, ProviderUnavailableError
from sociaro_core.wire import Response
from sociaro_providers import PROVIDERS, framing, sse
from sociaro_providers.accumulator import Accumulator
from sociaro_providers.calls import ChatCall

CHAT = PROVIDERS["anthropic"].chat
SAMPLE = (pathlib.Path(__file__).parent / "streams" / "anthropic.sse").read_bytes()
HELLO = [{"role": "user", "content": "hi"}]


def decode(pieces, usage=False):
    call = ChatCall(HELLO, {"stream_options": {"include_usage": usage}}, stream=True)
    headers = {"x-gateway-request-id": "g1"}
    decoder = CHAT.stream(call, Response(200, headers, received=1795351234.9))
    chunks = []
    for piece in pieces:
        chunks += decoder.feed(piece)
        if decoder.done:
            break
    else:
        chunks += decoder.finish()
    assert decoder.done
    return chunks, decoder


def dicts(pieces, usage=False):
    return [chunk.to_dict() for chunk in decode(pieces, usage)[0]]


def event(kind, **fields):
    data = json.dumps({"type": kind, **fields})
    return f"event: {kind}\ndata: {data}\n\n".encode()


def start(index, kind, **fields):
    block = {"type": kind, **fields}
    return event("content_block_start", index=index, content_block=block)


def delta(index, kind, **fields):
    inner = {"type": kind, **fields}
    return event("content_block_delta", index=index, delta=inner)


def stop(index):
    return event("content_block_stop", index=index)


def end(reason="end_turn", usage=None, **fields):
    said = {"stop_reason": reason, **fields}
    return event("message_delta", delta=said, usage=usage) + event("message_stop")


BEGIN = event("message_start", message={"id": "msg_1", "model": "claude-x"})


def deltas(*events, closed=True):
    chunks, decoder = decode([BEGIN, *events, end() if closed else b""])
    assert (decoder.failure is None) is closed
    found = [chunk["choices"][0]["delta"].to_dict() for chunk in chunks]
    return found[1:-1] if closed else found[1:]


def raw(*events):
    last = dicts([BEGIN, *events, end()])[-1]["choices"][0]["delta"]
    return last["provider_specific_fields"]["anthropic"]["content"]


def test_worked_sample():
    """Chunk by chunk as it is written down."""
    function_a = {"name": "get_weather", "arguments": ""}
    function_b = {"name": "now", "arguments": ""}
    blocks = [
        {"type": "thinking", "thinking": "Two cities.", "signature": "Erx8"},
        {"type": "text", "text": "Looking up."},
        {"type": "tool_use", "id": "toolu_A", "name": "get_weather", "input": {"city": "Paris"}},
        {"type": "tool_use", "id": "toolu_B", "name": "now", "input": {}},
    ]  # fmt: skip
    expected = [
        {"role": "assistant", "content": ""},
        {
            "reasoning_content": "Two cities.",
            "thinking_blocks": [
                {"type": "thinking", "thinking": "Two cities.", "index": 0}
            ],
        },
        {
            "thinking_blocks": [
                {"type": "thinking", "thinking": "", "signature": "Erx8", "index": 0}
            ]
        },
        {"content": "Looking up."},
        {"tool_calls": [{"index": 0, "id": "toolu_A", "type": "function", "function": function_a}]},
        {"tool_calls": [{"index": 0, "function": {"arguments": '{"city": "Pa'}}]},
        {"tool_calls": [{"index": 0, "function": {"arguments": 'ris"}'}}]},
        {"tool_calls": [{"index": 1, "id": "toolu_B", "type": "function", "function": function_b}]},
        {"tool_calls": [{"index": 1, "function": {"arguments": "{}"}}]},
        {"provider_specific_fields": {"anthropic": {"content": blocks, "stop_reason": "tool_use"}}},
    ]  # fmt: skip
    *chunks, last = dicts([SAMPLE], usage=True)
    assert expected == [chunk["choices"][0]["delta"] for chunk in chunks]
    assert [None] * 9 + ["tool_calls"] == [
        c["choices"][0]["finish_reason"] for c in chunks
    ]
    assert [None] * 10 == [chunk["usage"] for chunk in chunks]
    assert {
        "prompt_tokens": 1401,
        "completion_tokens": 65,
        "total_tokens": 1466,
        "prompt_tokens_details": {"cached_tokens": 1024, "cache_write_tokens": 0},
    } == last["usage"]
    assert [] == last["choices"]
    head = {"id": "msg_9", "object": "chat.completion.chunk", "created": 1795351234, "model": "claude-sonnet-4-6"}  # fmt: skip
    assert all(head.items() <= chunk.items() for chunk in [*chunks, last])
    assert {"index", "delta", "finish_reason", "logprobs"} == set(
        chunks[0]["choices"][0]
    )


def test_worked_sample_when_usage_was_not_asked_for():
    """No chunk has it, and none lacks choices."""
    chunks = dicts([SAMPLE])
    assert 10 == len(chunks)
    assert not any("usage" in chunk for chunk in chunks)


def test_worked_sample_at_every_cut():
    """Wherever the bytes are cut, the chunks are the same."""
    expected = dicts([SAMPLE], usage=True)
    for cut in range(len(SAMPLE)):
        assert expected == dicts([SAMPLE[:cut], SAMPLE[cut:]], usage=True)
    assert expected == dicts([bytes([byte]) for byte in SAMPLE], usage=True)


def test_stream_and_answer_agree():
    """Put together, the stream is what the answer would have been."""
    accumulator = Accumulator()
    for chunk in decode([SAMPLE], usage=True)[0]:
        accumulator.add(chunk)
    streamed = accumulator.completion().to_dict()
    message = streamed["choices"][0]["message"]
    whole = {
        "id": "msg_9",
        "model": "claude-sonnet-4-6",
        "content": message["provider_specific_fields"]["anthropic"]["content"],
        "stop_reason": "tool_use",
        "usage": {"input_tokens": 377, "cache_read_input_tokens": 1024, "output_tokens": 65},
    }  # fmt: skip
    response = Response(200, body=json.dumps(whole).encode(), received=1795351234)
    answer = CHAT.decode(ChatCall(HELLO), response).to_dict()
    # An answer says of a few things that they are null; a stream is silent on them.
    del answer["system_fingerprint"], answer["service_tier"]
    del answer["choices"][0]["message"]["refusal"]
    del answer["choices"][0]["message"]["provider_specific_fields"]["anthropic"]["stop_sequence"]  # fmt: skip
    assert answer == streamed


def test_json_answer_given_as_chunks():
    """The message is taken apart as if it had been streamed."""
    blocks = [
        {"type": "thinking", "thinking": "t", "signature": "s"},
        {"type": "redacted_thinking", "data": "d"},
        {"type": "text", "text": "x"},
        {"type": "tool_use", "id": "a", "name": "f", "input": {"b": "ü"}},
        "odd",
    ]
    body = {"id": "m", "content": blocks, "stop_reason": "tool_use", "usage": {"output_tokens": 2}}  # fmt: skip
    *chunks, last = dicts([json.dumps(body).encode()], usage=True)
    assert [
        {"role": "assistant", "content": ""},
        {"reasoning_content": "t", "thinking_blocks": [{"type": "thinking", "thinking": "t", "index": 0}]},
        {"thinking_blocks": [{"type": "thinking", "thinking": "", "signature": "s", "index": 0}]},
        {"thinking_blocks": [{"type": "redacted_thinking", "data": "d", "index": 1}]},
        {"content": "x"},
        {"tool_calls": [{"index": 0, "id": "a", "type": "function", "function": {"name": "f", "arguments": ""}}]},
        {"tool_calls": [{"index": 0, "function": {"arguments": '{"b": "ü"}'}}]},
    ] == [chunk["choices"][0]["delta"] for chunk in chunks[:-1]]  # fmt: skip
    finish = chunks[-1]["choices"][0]
    assert "tool_calls" == finish["finish_reason"]
    assert blocks[:-1] == finish["delta"]["provider_specific_fields"]["anthropic"]["content"]  # fmt: skip
    assert 2 == last["usage"]["total_tokens"]


def test_json_answer_without_a_stop_reason():
    """A whole document is a whole answer."""
    chunks = dicts([b'{"content": []}'])
    assert "stop" == chunks[-1]["choices"][0]["finish_reason"]


def test_usage_is_replaced_never_added():
    """The last word on each count stands, nulls say nothing."""
    begin = event("message_start", message={"usage": {"input_tokens": 5, "output_tokens": 1}})  # fmt: skip
    usage = {"input_tokens": None, "output_tokens": 9, "cache_read_input_tokens": 2}
    last = dicts([begin, end(usage=usage)], usage=True)[-1]
    assert (7, 9) == (
        last["usage"]["prompt_tokens"],
        last["usage"]["completion_tokens"],
    )


def test_unknown_events_blocks_and_deltas():
    """They give no chunk, and blocks are kept raw."""
    events = [
        event("foo"),
        start(0, "baz", x=1),
        delta(0, "bar_delta", y=2),
        stop(0),
        start(1, "server_tool_use", id="srvtoolu_1", name="s", input={}),
        delta(1, "input_json_delta", partial_json='{"q": 1}'),
        stop(1),
        stop(7),
        delta(2, "compaction_delta", content="c"),
        delta(3, "input_json_delta", partial_json="1"),
        b"event: ping\ndata: {}\n\n",
        b"data: [DONE]\n\ndata: \n\n",
    ]
    assert [] == deltas(*events)
    assert [
        {"type": "baz", "x": 1},
        {"type": "server_tool_use", "id": "srvtoolu_1", "name": "s", "input": {"q": 1}},
        {"type": "compaction", "content": "c"},
    ] == raw(*events)


def test_oddities_in_deltas():
    """Nothing that is no string gets into a chunk."""
    events = [
        start(0, "text", text=None),
        delta(0, "text_delta", text=5),
        delta(0, "text_delta", text=""),
        start(1, "tool_use", id="a", name="f"),
        delta(1, "input_json_delta", partial_json=None),
        event("content_block_delta", index=0, delta="odd"),
        event("content_block_start", index="odd", content_block=None),
        event("message_delta", delta=None),
    ]
    assert ["tool_calls"] == [name for made in deltas(*events) for name in made]


def test_delta_when_its_start_got_lost():
    """The text counts all the same."""
    events = [delta(0, "text_delta", text="a"), delta(0, "text_delta", text="b")]
    assert [{"content": "a"}, {"content": "b"}] == deltas(*events)
    assert [{"type": "text", "text": "ab"}] == raw(*events)


def test_stream_that_begins_in_the_middle():
    """The first chunk has the role, with whatever else comes."""
    first, second, _ = dicts([delta(0, "text_delta", text="a"), end()])
    assert {"role": "assistant", "content": ""} == first["choices"][0]["delta"]
    assert "msg_g1" == first["id"] == second["id"]


def test_arguments_when_they_are_cut_off():
    """They stay as far as they came, and nothing is repaired."""
    events = [
        start(0, "tool_use", id="a", name="f", input={}),
        delta(0, "input_json_delta", partial_json='{"a": "b'),
    ]
    chunks = dicts([BEGIN, *events, end("max_tokens")])
    assert "length" == chunks[-1]["choices"][0]["finish_reason"]
    assert '{"a": "b' == raw(*events)[0]["input"]


def test_citations_of_web_search():
    """They come with the end of their block, as spans of the whole text."""
    cited = {"type": "web_search_result_location", "url": "u", "title": "t"}
    events = [
        start(0, "text", text="Ab"),
        stop(0),
        start(1, "text", text=""),
        delta(1, "text_delta", text="cde"),
        delta(1, "citations_delta", citation=cited),
        stop(1),
    ]
    span = {"url": "u", "title": "t", "start_index": 2, "end_index": 5}
    expected = {"annotations": [{"type": "url_citation", "url_citation": span}]}
    assert expected == deltas(*events)[-1]
    assert [cited] == raw(*events)[1]["citations"]


def test_refusal():
    """The last chunk says so."""
    details = {"explanation": "No."}
    last = dicts([BEGIN, end("refusal", stop_details=details)])[-1]["choices"][0]
    assert ("content_filter", "No.") == (
        last["finish_reason"],
        last["delta"]["refusal"],
    )


def test_what_is_said_beside_the_message():
    """Stop sequence, container and counts of server tools are kept."""
    usage = {"server_tool_use": {"web_search_requests": 1}}
    last = dicts([BEGIN, end("stop_sequence", usage, stop_sequence="X", container="c")])[-1]  # fmt: skip
    inner = last["choices"][0]["delta"]["provider_specific_fields"]["anthropic"]
    assert "X" == inner["stop_sequence"]
    extras = last["provider_specific_fields"]["anthropic"]
    assert {"server_tool_use": {"web_search_requests": 1}, "container": "c"} == extras


@pytest.mark.parametrize(
    "tail",
    [
        b"",
        b"event: message_st",
        b'data: {"type": "mess',
        event("message_stop").rstrip(),
    ],
)
def test_stream_without_its_last_event(tail):
    """It is whole once a stop reason is known."""
    known = event("message_delta", delta={"stop_reason": "end_turn"})
    chunks, decoder = decode([BEGIN, known, tail])
    assert decoder.failure is None
    assert decoder.whole
    assert "stop" == chunks[-1].choices[0].finish_reason


def test_end_when_bytes_follow():
    """message_stop ends at once."""
    decoder = CHAT.stream(ChatCall(HELLO), Response(200))
    decoder.feed(BEGIN + end() + b"data: {oops\n\n")
    assert decoder.done
    assert decoder.failure is None
    assert [] == decoder.feed(BEGIN) == decoder.finish()


OVERLOADED = event("error", error={"type": "overloaded_error", "message": "Overloaded"})

FAILURES = {
    "nothing": (b"", 0, APIConnectionError, None),
    "pings only": (event("ping"), 0, APIConnectionError, None),
    "cut after the start": (BEGIN, 1, APIConnectionError, None),
    "cut in the text": (BEGIN + delta(0, "text_delta", text="a"), 2, APIConnectionError, None),
    "cut in an event": (BEGIN + b'data: {"type', 1, APIConnectionError, None),
    "overloaded": (BEGIN + event("ping") + OVERLOADED, 1, ProviderUnavailableError, "overloaded"),
    "error of the gateway": (b'data: {"error": {"message": "m", "type": "api_error"}}\n\n', 0, APIError, "server_error"),
    "error in words": (b"event: error\ndata: gone\n\n", 0, APIError, "server_error"),
    "no JSON": (BEGIN + b"data: {oops\n\n" + end(), 1, APIError, "invalid_response"),
    "another language": (b'data: {"choices": []}\n\n', 0, APIError, "invalid_response"),
    "an end only": (event("message_stop"), 0, APIError, "invalid_response"),
    "HTML": (b"<html>", 0, APIError, "invalid_response"),
    "JSON error": (b'{"type": "error", "error": {"type": "overloaded_error"}}', 0, ProviderUnavailableError, "overloaded"),
    "JSON of another language": (b'{"choices": []}', 0, APIError, "invalid_response"),
}  # fmt: skip


@pytest.mark.parametrize("name", FAILURES)
def test_stream_that_is_no_answer(name):
    """The chunks before it come out, then the failure stands."""
    body, count, kind, code = FAILURES[name]
    for pieces in ([body], [bytes([byte]) for byte in body]):
        chunks, decoder = decode(pieces)
        assert count == len(chunks)
        assert kind is type(decoder.failure)
        assert code == getattr(decoder.failure, "code", None)
    if name == "overloaded":
        assert 529 == decoder.failure.status_code


def test_event_above_the_limit(monkeypatch):
    """It is an invalid response, after the chunks before it."""
    monkeypatch.setattr(framing, "SSEDecoder", lambda: sse.SSEDecoder(150))
    chunks, decoder = decode([BEGIN + delta(0, "text_delta", text="x" * 300)])
    assert 1 == len(chunks)
    assert "invalid_response" == decoder.failure.code
    _, decoder = decode([BEGIN, b"data: x", b"x" * 144])
    assert "invalid_response" == decoder.failure.code
