"""Headers, timeouts, requests and responses as values."""

import copy
import math
import pickle

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sociaro_core.credentials import BEARER, Auth, Key
from sociaro_core.wire import (
    Headers,
    Request,
    Response,
    Timeout,
    encode_json,
    reads_whole,
)

NAMES = st.text("abAB-", min_size=1, max_size=3)
PAIRS = st.lists(st.tuples(NAMES, st.text("xyz, ", max_size=3)))


@given(PAIRS)
def test_headers_ignore_case_and_join_lines(pairs):
    """A name reads as all its lines joined, in order, whatever its case."""
    headers = Headers(pairs)
    for name, _ in pairs:
        expected = ", ".join(v for n, v in pairs if n.lower() == name.lower())
        assert expected == headers[name] == headers[name.upper()]
        assert name.swapcase() in headers
    assert tuple(pairs) == headers.pairs
    assert (
        len({name.lower() for name, _ in pairs}) == len(headers) == len(list(headers))
    )


@given(PAIRS)
def test_headers_copy_pickle_and_hash_by_value(pairs):
    """Equal headers are equal however they were made."""
    headers = Headers(pairs)
    for other in (
        pickle.loads(pickle.dumps(headers)),
        copy.deepcopy(headers),
        Headers((name.upper(), value) for name, value in pairs),
    ):
        assert headers == other
        assert hash(headers) == hash(other)
    assert headers == dict(headers)
    assert headers.pairs == pickle.loads(pickle.dumps(headers)).pairs


def test_headers_differ_from_other_things():
    """They equal mappings only."""
    assert Headers({"a": "b"}) != [("a", "b")]
    assert Headers({"a": "b"}) != {"a": "c"}
    assert 1 not in Headers({"a": "b"})
    with pytest.raises(KeyError):
        Headers()["a"]


def test_headers_hide_credentials_when_shown():
    """Neither keys nor cookies are in the representation."""
    headers = Headers({"Authorization": "Bearer k", "Set-Cookie": "k", "X-A": "b"})
    assert "k'" not in repr(headers)
    assert "'x-a': 'b'" in repr(headers)


def test_merged_lets_the_later_win():
    """One line per name; the name keeps its first place."""
    merged = Headers({"A": "1", "B": "2"}).merged({"a": "3"}, {"C": "4"})
    assert (("a", "3"), ("B", "2"), ("C", "4")) == merged.pairs


@pytest.mark.parametrize("value", [0, -1, math.nan, "5", True])
def test_timeout_refuses_what_is_no_time(value):
    """Seconds are a number above zero, or None."""
    with pytest.raises((TypeError, ValueError), match="connect"):
        Timeout(connect=value)


def test_timeout_of_limits_every_step():
    """One number for all."""
    assert Timeout(3, 3, 3, 3) == Timeout.of(3)
    assert Timeout() == Timeout.of(None)


def test_requests_and_responses_show_no_secret():
    """The representation has neither the key nor bodies."""
    key = "gw_live_secret"
    auth = Auth(BEARER, Key.of(key))
    request = Request("POST", "http://h/", {"a": "b"}, b"body", auth)
    response = Response(200, {}, b"body", secret=auth.key.get())
    assert key not in repr(request) + repr(response)
    assert "body'" not in repr(request) + repr(response)
    assert Headers({"a": "b"}) == request.headers


def test_request_id_is_one_printable_line():
    """What stands for the gateway's id is safe to show."""
    assert Response(200).request_id is None
    assert "A B" == Response(200, {"X-Gateway-Request-Id": "A\x85 B"}).request_id


def test_reads_whole_is_for_all_but_good_streams():
    """Errors are read at once, on streams too."""
    stream, plain = Request("GET", "x", stream=True), Request("GET", "x")
    assert [True, True, False, True] == [
        reads_whole(plain, 200),
        reads_whole(plain, 500),
        reads_whole(stream, 206),
        reads_whole(stream, 302),
    ]


def test_encode_json_is_compact_utf8():
    """No spaces, no escapes, and lone surrogates do not fail."""
    assert '{"a":[1,"ä",null]}'.encode() == encode_json({"a": [1, "ä", None]})
    assert b'"?"' == encode_json("\ud800")
    assert b'"x"' == encode_json(object(), default=lambda _: "x")
    with pytest.raises(ValueError, match="JSON"):
        encode_json(math.nan)
    with pytest.raises(TypeError):
        encode_json(object())


def test_headers_when_merged_keep_their_capitals():
    """Whoever looks at the wire finds what the documentation says."""
    merged = Headers({"Accept": "a"}).merged(
        Headers({"X-Attr-Team": "b"}), {"X-B": "c"}
    )
    expected = (("Accept", "a"), ("X-Attr-Team", "b"), ("X-B", "c"))
    assert expected == merged.pairs
