"""Tests of whole streams of the Messages API, each beside the message it stands for."""

from __future__ import annotations

import json
import pathlib

import pytest

from sociaro_core.errors import APIError, ProviderUnavailableError
from sociaro_core.wire import Response
from sociaro_providers import PROVIDERS
from sociaro_providers.accumulator import Accumulator
from sociaro_providers.calls import ChatCall
from sociaro_providers.streams import carries

CHAT = PROVIDERS["anthropic"].chat
STREAMS = pathlib.Path(__file__).parent / "streams" / "anthropic"
RESPONSE = Response(200, received=1795351234.9)
CALL = ChatCall(
    [{"role": "user", "content": "hi"}],
    {"stream_options": {"include_usage": True}},
    stream=True,
)
ALL = sorted(path.stem for path in STREAMS.glob("*.sse"))
# Whose message is beside them: no stream of an error has one, and that of a call that
# was cut off has arguments an answer in one piece would not have.
WHOLE = sorted(path.stem for path in STREAMS.glob("*.json"))


def bytes_of(name):
    return (STREAMS / f"{name}.sse").read_bytes()


def outcome(pieces):
    """Return chunks, class of the failure and its status."""
    decoder = CHAT.stream(CALL, RESPONSE)
    chunks = []
    for piece in pieces:
        chunks += decoder.feed(piece)
    chunks += decoder.finish()
    assert decoder.done
    failure = decoder.failure
    return chunks, type(failure), getattr(failure, "status_code", None)


def streamed(name):
    """Return the completion that the chunks of a stream make up."""
    accumulator = Accumulator()
    for chunk in outcome([bytes_of(name)])[0]:
        accumulator.add(chunk)
    return accumulator.completion()


def answered(name):
    """Return the completion of the same message in one piece."""
    body = (STREAMS / f"{name}.json").read_bytes()
    return CHAT.decode(CALL, Response(200, body=body, received=RESPONSE.received))


def said(value):
    """Leave out nulls, which a stream is silent on, and read arguments as JSON."""
    if isinstance(value, list):
        return [said(item) for item in value]
    if not isinstance(value, dict):
        return value
    made = {name: said(item) for name, item in value.items() if item is not None}
    if isinstance(made.get("arguments"), str):
        made["arguments"] = json.loads(made["arguments"])
    return made


@pytest.mark.parametrize("name", ALL)
def test_same_chunks_wherever_the_bytes_are_cut(name):
    """Cut once anywhere, and cut everywhere."""
    body = bytes_of(name)
    expected = outcome([body])
    for cut in range(1, len(body)):
        assert expected == outcome([body[:cut], body[cut:]])
    assert expected == outcome([bytes([byte]) for byte in body])


@pytest.mark.parametrize("name", WHOLE)
def test_stream_put_together_is_the_message_in_one_piece(name):
    """Nothing is lost on the way, nothing is added."""
    assert said(answered(name).to_dict()) == said(streamed(name).to_dict())


@pytest.mark.parametrize("name", WHOLE)
def test_message_in_one_piece_given_as_chunks(name):
    """A JSON answer to a streamed call says the same."""
    accumulator = Accumulator()
    for chunk in outcome([(STREAMS / f"{name}.json").read_bytes()])[0]:
        accumulator.add(chunk)
    assert said(answered(name).to_dict()) == said(accumulator.completion().to_dict())


@pytest.mark.parametrize("name", WHOLE)
def test_thinking_and_raw_blocks_are_those_of_the_message(name):
    """Byte for byte, or the API refuses them when they go back."""
    content = json.loads((STREAMS / f"{name}.json").read_bytes())["content"]
    thinking = [b for b in content if b["type"] in ("thinking", "redacted_thinking")]
    for made in (answered(name), streamed(name)):
        message = made.choices[0].message
        assert thinking == message.get("thinking_blocks", [])
        raw = message.provider_specific_fields["anthropic"]["content"]
        assert content == [
            {k: v for k, v in block.items() if (k, v) != ("citations", [])}
            for block in raw
        ]


@pytest.mark.parametrize("name", WHOLE)
def test_message_of_a_stream_goes_back_as_the_message_in_one_piece_does(name):
    """The next request has the same blocks."""
    bodies = [
        json.loads(CHAT.encode(ChatCall([*CALL.messages, message]), "m").body)
        for message in (
            answered(name).choices[0].message,
            streamed(name).choices[0].message,
        )
    ]
    assert said(bodies[0]) == said(bodies[1])


@pytest.mark.parametrize("name", WHOLE)
def test_first_chunk_has_the_role_and_one_chunk_the_finish_reason(name):
    """One head, one end, and the usage behind them."""
    *chunks, usage = outcome([bytes_of(name)])[0]
    assert "assistant" == chunks[0].choices[0].delta.role
    assert not carries(chunks[0])
    finishes = [chunk.choices[0].finish_reason for chunk in chunks]
    assert [None] * (len(chunks) - 1) == finishes[:-1]
    assert finishes[-1] in ("stop", "length", "tool_calls", "content_filter")
    assert [] == usage.choices
    assert all(chunk["usage"] is None for chunk in chunks)


@pytest.mark.parametrize(
    ("name", "texts"),
    [
        ("text", ["Grüß ", "dich 🦊"]),
        ("line_separators", ["a\u2028b\u2029", "c\x85d\u2028e"]),
        ("unknown", ["Hi"]),
        ("web_search", ["Näh: ", "one", ", ", "two"]),
        ("refusal", []),
    ],
)
def test_texts(name, texts):
    """They come as they were sent, whatever characters they have."""
    deltas = [c.choices[0].delta for c in outcome([bytes_of(name)])[0] if c.choices]
    assert texts == [delta.content for delta in deltas if delta.content]


def test_citations_span_what_they_prove():
    """Every annotation points at the text of its block, in characters."""
    message = streamed("web_search").choices[0].message
    spans = [
        (a.url_citation.url, message.content[a.url_citation.start_index : a.url_citation.end_index])
        for a in message.annotations
    ]  # fmt: skip
    url = "https://a.example"
    assert [(url, "one"), (url, "two"), (url, "two")] == spans


def test_call_that_was_cut_off():
    """Its arguments stay as far as they came, and the finish reason tells."""
    choice = streamed("truncated_tool").choices[0]
    (call,) = choice.message.tool_calls
    assert '{"path": "a", "text": "on' == call.function.arguments
    assert ("length", None) == (choice.finish_reason, choice.message.content)


@pytest.mark.parametrize(
    ("name", "count", "kind", "status"),
    [
        ("error_at_once", 0, ProviderUnavailableError, 529),
        ("error_midway", 1, APIError, 500),
    ],
)
def test_error_in_a_stream(name, count, kind, status):
    """The chunks before it come out, then it stands with its mapped status."""
    chunks, failure, found = outcome([bytes_of(name)])
    assert count == sum(map(carries, chunks))
    assert (kind, status) == (failure, found)
