"""Unpacking at any cut, in bounded pieces."""

import gzip
import zlib
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sociaro_core.unpacking import PIECE, Unpacker, unpacker_for


def raw(data):
    packer = zlib.compressobj(wbits=-15)
    return packer.compress(data) + packer.flush()


PACKERS = {
    "gzip": gzip.compress,
    "members": lambda data: gzip.compress(data[:3]) + gzip.compress(data[3:]),
    "tail": lambda data: gzip.compress(data) + b"\x1f tail",
    "deflate": zlib.compress,
    "raw": raw,
    "deflate tail": lambda data: zlib.compress(data) + b"tail",
}


@given(
    st.binary(max_size=300),
    st.sampled_from(sorted(PACKERS)),
    st.lists(st.integers(0, 400), max_size=6),
)
def test_any_cut_gives_the_same(data, how, cuts):
    """However the packed bytes are cut, the unpacked ones are the same."""
    packed = PACKERS[how](data)
    unpacker = Unpacker(gzip=how in ("gzip", "members", "tail"))
    bounds = [0, *sorted(min(cut, len(packed)) for cut in cuts), len(packed)]
    result = b""
    for start, end in pairwise(bounds):
        unpacker.feed(packed[start:end])
        while piece := unpacker.take():
            assert len(piece) <= PIECE
            result += piece
    assert data == result
    assert unpacker.whole


@pytest.mark.parametrize("how", sorted(PACKERS))
def test_every_byte_alone_gives_the_same(how):
    """Fed byte by byte."""
    data = bytes(range(200)) * 5
    unpacker = Unpacker(gzip=how in ("gzip", "members", "tail"))
    result = b""
    for byte in PACKERS[how](data):
        unpacker.feed(bytes([byte]))
        while piece := unpacker.take():
            result += piece
    assert data == result


@pytest.mark.parametrize("gzip_", [True, False])
@given(data=st.binary(max_size=100))
def test_garbage_gives_bytes_or_a_zlib_error(gzip_, data):
    """Nothing else is ever raised."""
    unpacker = Unpacker(gzip=gzip_)
    unpacker.feed(data)
    try:
        while unpacker.take():
            pass
    except zlib.error:
        pass


def test_a_bomb_comes_in_pieces():
    """A small body that unpacks to much never gives more than a piece at once."""
    unpacker = Unpacker(gzip=True)
    unpacker.feed(gzip.compress(b"\0" * 5_000_000))
    sizes = []
    while piece := unpacker.take():
        sizes.append(len(piece))
    assert 5_000_000 == sum(sizes)
    assert max(sizes) <= PIECE


def test_what_follows_the_end_is_dropped():
    """Bytes behind the packed body are not collected."""
    unpacker = Unpacker(gzip=True)
    unpacker.feed(gzip.compress(b"abc") + b"tail")
    assert b"abc" == unpacker.take()
    for _ in range(3):
        unpacker.feed(b"x" * 1000)
        assert b"" == unpacker.take()
    assert b"" == unpacker._pending
    assert unpacker.whole


def test_whole_tells_whether_the_end_has_come():
    """An empty body is whole, half a body is not."""
    unpacker = Unpacker(gzip=True)
    assert unpacker.whole
    unpacker.feed(gzip.compress(b"abc")[:1])
    assert b"" == unpacker.take()
    assert not unpacker.whole
    unpacker.feed(gzip.compress(b"abc")[1:-1])
    assert b"abc" == unpacker.take()
    assert not unpacker.whole


def test_unpacker_for_knows_what_was_asked_for():
    """Plain bodies need none; what was not asked for is refused."""
    assert unpacker_for("") is None
    assert unpacker_for(" Identity ") is None
    for name in ("gzip", "X-Gzip", "deflate"):
        assert isinstance(unpacker_for(name), Unpacker)
    with pytest.raises(ValueError, match="packed as 'br'"):
        unpacker_for("br")
