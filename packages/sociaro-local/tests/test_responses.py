import asyncio

import pytest

from sociaro_local.faults import StreamFault
from sociaro_local.responses import Frame, encode, halves, left, played

FRAMES = [
    Frame(b"<"),
    Frame(b"a", "content"),
    Frame(b"b", "content"),
    Frame(b"|"),
    Frame(b"c", "content"),
    Frame(b">", "end"),
]


@pytest.mark.parametrize(
    ("after", "expected"), [(0, b"<"), (1, b"<a"), (2, b"<ab|"), (3, b"<ab|c")]
)
def test_body_breaks_off_when_so_many_events_were_sent(after, expected):
    """Only content counts; the end is never reached."""
    for count in (after, after + 10 * (after == 3)):
        assert expected == b"".join(played(FRAMES, StreamFault("cut", count)))


def test_body_is_whole_when_there_is_no_fault():
    """Every frame goes out."""
    assert b"<ab|c>" == b"".join(played(FRAMES, None))


def test_half_of_the_body_is_sent_when_it_has_no_events():
    """Whatever the fault counts."""
    frames = halves(b"12345")
    assert b"12" == b"".join(played(frames, StreamFault("cut", 7)))
    assert b"12345" == b"".join(played(frames, None))


def test_json_is_short_and_utf8_when_it_is_encoded():
    """What cannot be written becomes a question mark."""
    assert '{"é":["?",null]}'.encode() == encode({"é": ["\ud800", None]})


def test_waiting_ends_when_the_client_leaves():
    """Nothing else that comes ends it."""
    messages = [{"type": "http.request"}, {"type": "http.disconnect"}, None]

    async def receive():
        return messages.pop(0)

    asyncio.run(left(receive))
    assert [None] == messages
