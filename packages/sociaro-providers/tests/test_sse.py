"""Tests of the event decoder: line rules, cuts, limits."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sociaro_providers.sse import Event, EventTooLarge, SSEDecoder

BOM = b"\xef\xbb\xbf"


def decoded(pieces, limit=1000):
    decoder = SSEDecoder(limit)
    events = []
    try:
        for piece in pieces:
            events += decoder.feed(piece)
        events += decoder.finish()
    except EventTooLarge as exc:
        return [*events, *exc.events, "too large"]
    return events


def message(data):
    return Event("message", data)


CASES = {
    "one line": (b"data: a\n\n", [message(b"a")]),
    "without space": (b"data:a\n\n", [message(b"a")]),
    "only one space goes": (b"data:  a\n\n", [message(b" a")]),
    "several lines": (b"data: a\ndata:b\ndata\n\n", [message(b"a\nb\n")]),
    "named": (b"event: x\ndata: 1\n\n", [Event("x", b"1")]),
    "name without space": (b"data: 1\nevent:x\n\n", [Event("x", b"1")]),
    "empty name": (b"event:\ndata: 1\n\n", [message(b"1")]),
    "name that is no text": (b"event: \xff\ndata: 1\n\n", [Event("\ufffd", b"1")]),
    "empty data": (b"data:\n\n", [message(b"")]),
    "no data": (b"event: x\n\n: ping\n\nid: 3\nretry: 5\n\n", []),
    "comment inside": (b": c\ndata: a\n:\n\n", [message(b"a")]),
    "unknown field": (b"foo: bar\ndata: a\nbaz\n\n", [message(b"a")]),
    "many blank lines": (b"\n\n\ndata: a\n\n\n\n\ndata: b\n\n\n", "ab"),
    "carriage returns": (b"data: a\rdata: b\r\rdata: c\r\r", [b"a\nb", b"c"]),
    "both": (b"data: a\r\n\r\ndata: b\r\n\r\n", "ab"),
    "mixed": (b"data: a\n\rdata: b\r\n\ndata: c\r\r\n", "abc"),
    "byte order mark": (BOM + b"data: a\n\n", "a"),
    "second mark": (BOM + BOM + b"data: a\n\ndata: b\n\n", "b"),
    "last without blank line": (b"data: a\n\ndata: b\n", "ab"),
    "last without line end": (b"data: a\n\ndata: b", "ab"),
    "only a part of a mark": (BOM[:2], []),
    "nothing": (b"", []),
    "line separators inside": ("data: a\u2028b\u0085\n\n".encode(), None),
    "at the limit": (b"data: " + b"x" * 994 + b"\n\ndata: a\n\n", [b"x" * 994, b"a"]),
    "above the limit": (b"data: a\n\ndata: " + b"x" * 995 + b"\n\n", None),
    "above without an end": (b"data: a\n\ndata: " + b"x" * 2000, None),
}


@pytest.mark.parametrize("name", CASES)
def test_events_at_every_cut(name):
    """Wherever the bytes are cut, the events are the same, and they are right."""
    body, expected = CASES[name]
    whole = decoded([body])
    if expected is not None:
        wanted = [e.encode() if isinstance(e, str) else e for e in expected]
        wanted = [e if isinstance(e, Event) else message(e) for e in wanted]
        assert wanted == whole
    assert whole == decoded([bytes([byte]) for byte in body])
    for cut in range(len(body) + 1):
        assert whole == decoded([body[:cut], b"", body[cut:]])


def test_data_when_it_has_other_line_ends_of_unicode():
    """Only LF, CR and CRLF end a line."""
    body, _ = CASES["line separators inside"]
    assert ["a\u2028b\u0085"] == [event.data.decode() for event in decoded([body])]


@pytest.mark.parametrize("name", ["above the limit", "above without an end"])
def test_event_above_the_limit_when_others_came_before(name):
    """The events before it are handed out with the error."""
    body, _ = CASES[name]
    assert [message(b"a"), "too large"] == decoded([body])


def test_too_large_last_event_is_an_error():
    """An event that only the end completes is measured too."""
    assert ["too large"] == decoded([b"data: " + b"x" * 995])


def test_too_large_is_a_value_error_that_names_the_limit():
    """The message says how much is possible."""
    with pytest.raises(ValueError, match="32 bytes"):
        SSEDecoder(32).feed(b"data: " + b"x" * 64)


def test_large_event_when_it_comes_in_small_pieces():
    """Three megabytes in pieces of 64 bytes take no quadratic time."""
    decoder = SSEDecoder()
    body = b"data: " + b"x" * 3_000_000 + b"\n\n"
    events = [
        event
        for start in range(0, len(body), 64)
        for event in decoder.feed(body[start : start + 64])
    ]
    assert [3_000_000] == [len(event.data) for event in events]


LINES = st.sampled_from(
    [b"data: a", b"data:b", b"data", b"event: e", b": c", b"id: 1", b"", b"x", BOM]
)
ENDS = st.sampled_from([b"\n", b"\r", b"\r\n"])


@given(
    st.lists(st.tuples(LINES, ENDS)),
    st.lists(st.integers(min_value=0, max_value=80)),
)
def test_events_when_cut_anyhow(lines, cuts):
    """No cut changes the events of any stream."""
    body = b"".join(line + end for line, end in lines)
    places = sorted(min(cut, len(body)) for cut in cuts)
    pieces = [
        body[start:end]
        for start, end in zip([0, *places], [*places, len(body)], strict=True)
    ]
    assert decoded([body]) == decoded(pieces)


@given(st.lists(st.tuples(LINES, ENDS)))
def test_events_when_line_ends_differ(lines):
    """What ends a line does not matter."""
    mixed = b"".join(line + end for line, end in lines)
    # A CR before a LF is one line end: an empty line between them would vanish.
    plain = mixed.replace(b"\r\n", b"\n").replace(b"\r", b"\n")
    assert decoded([plain]) == decoded([mixed])


@pytest.mark.parametrize(
    "line", [b"data: [DONE]\n", b"data:[DONE]\n", b"data: [DONE]\r\n"]
)
def test_done_when_its_blank_line_is_missing(line):
    """Its line is enough, however it arrives: some servers keep the socket open."""
    for cut in range(len(line)):
        decoder = SSEDecoder()
        events = decoder.feed(b"data: x\n\n" + line[:cut]) + decoder.feed(line[cut:])
        assert [b"x", b"[DONE]"] == [event.data for event in events]
        assert [] == decoder.feed(b"\n") + decoder.finish()
