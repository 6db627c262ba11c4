"""What may stand in a URL or a header."""

import warnings
from urllib.parse import unquote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sociaro_core.addresses import (
    checked_base_url,
    checked_headers,
    checked_path,
    header_value,
    path_segment,
    with_query,
)
from sociaro_core.errors import ConfigurationError, SociaroWarning
from sociaro_core.messages import target_of


@pytest.mark.parametrize(
    ("given_", "kept"),
    [
        ("https://api.sociaro.com", "https://api.sociaro.com"),
        ("https://api.sociaro.com///", "https://api.sociaro.com"),
        (" https://h.example/a/b/ \n", "https://h.example/a/b"),
        ("http://localhost:8080", "http://localhost:8080"),
        ("http://sub.localhost", "http://sub.localhost"),
        ("http://[::1]:80/x", "http://[::1]:80/x"),
        ("http://127.1.2.3:", "http://127.1.2.3:"),
        ("HTTPS://H.example", "HTTPS://H.example"),
    ],
)
def test_checked_base_url_keeps_a_path_and_drops_the_last_slash(given_, kept):
    """What is left is a good beginning of a URL."""
    assert kept == checked_base_url(given_)
    assert target_of(kept + "/x").url.target.endswith(b"/x")


@pytest.mark.parametrize(
    "url",
    [
        *(None, 7, b"http://h", "", "h.example", "//h", "/x", "ftp://h", "http://"),
        *("http://user@h", "http://u:p@h", "http://h?x=1", "http://h/?", "http://h/#"),
        *("http://h:x", "http://h:99999", "http://h:0", "http://[::1", "http://a b"),
        *("http://h/a b", "http://h\\@evil", "http://h/ä", "http://ä.example"),
        *("http://h/\x00", "http://h/\x7f", "http://h/<", "https://h::1", "http://[x]"),
    ],
)
def test_checked_base_url_refuses_what_is_no_base_url(url):
    """Anything else is found before anything is sent."""
    with pytest.raises(ConfigurationError, match="base_url"):
        checked_base_url(url)


def test_plain_http_to_a_far_host_warns_once_at_the_callers_line():
    """The key can be read on the way; the warning comes once per host."""
    with pytest.warns(SociaroWarning, match=r"far\.example over plain http") as caught:
        checked_base_url("http://far.example")
    assert __file__ == caught[0].filename
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        checked_base_url("http://far.example/again")
        checked_base_url("https://far.example")
    with pytest.warns(SociaroWarning, match="10.0.0.1"):
        checked_base_url("http://10.0.0.1")


@given(st.text(max_size=40))
def test_path_segment_is_one_segment_or_an_error(value):
    """What comes out stays one segment of the path, and means what went in."""
    try:
        segment = path_segment(value, "task_id")
    except ConfigurationError:
        return
    assert value == unquote(segment)
    url = target_of(f"http://h/a/{segment}/z").url
    assert f"/a/{segment}/z".encode() == url.target
    assert checked_path(f"/a/{segment}/z")


@pytest.mark.parametrize(
    "value",
    [
        *("", ".", "..", "%2e", "%2E%2e", "%252e%252e", "a?b", "a#b", "a\nb", "\x7f"),
        *("x" * 1025, None, 7, b"x", "\ud800"),
    ],
)
def test_path_segment_refuses_what_leads_elsewhere(value):
    """Dot segments, queries, fragments, control characters and non-strings."""
    with pytest.raises(ConfigurationError, match="task_id"):
        path_segment(value, "task_id")


def test_path_segment_encodes_slashes():
    """A slash in an id stays inside its segment."""
    assert "a%2Fb%20c%25" == path_segment("a/b c%", "task_id")


@pytest.mark.parametrize("path", ["/", "/a/b", "/a//b?x=/../y", "/a/%41", "/v1/x:y"])
def test_checked_path_leaves_a_good_path_as_it_is(path):
    """Byte for byte."""
    assert path == checked_path(path)


@pytest.mark.parametrize(
    "path",
    [
        *(None, "", "a", "//h/x", "/a/../b", "/a/%2e%2E/b", "/.", "/a#b", "/a b", "/ä"),
        *("/a\n", "/a\\b", '/"', "/<x>", "/{x}", "http://h/x"),
    ],
)
def test_checked_path_refuses_what_is_no_path(path):
    """Other origins, dot segments and what must be percent-encoded."""
    with pytest.raises(ConfigurationError, match="path"):
        checked_path(path)


def test_with_query_adds_to_a_url():
    """None is left out, lists repeat the name, booleans are words."""
    query = {"a": 1, "b": None, "c": [True, "x y"], "d": (False, 1.5)}
    added = "a=1&c=true&c=x+y&d=false&d=1.5"
    assert f"/x?{added}" == with_query("/x", query)
    assert f"/x?y=1&{added}" == with_query("/x?y=1", query)
    assert "/x" == with_query("/x", None) == with_query("/x", {"a": None})


@pytest.mark.parametrize(
    "query", [{"a": object()}, {"a": [b"x"]}, {"a": "\ud800"}, [1]]
)
def test_with_query_refuses_other_values(query):
    """What has no form in a query is found before anything is sent."""
    with pytest.raises(ConfigurationError, match="query"):
        with_query("/x", query)


def test_checked_headers_returns_what_was_given():
    """None means none."""
    assert {} == checked_headers(None, "headers")
    assert "b" == checked_headers({"X-A": "b"}, "headers")["x-a"]


@pytest.mark.parametrize(
    "headers",
    [
        *([("a", "b")], {"": "x"}, {"a b": "x"}, {"a:": "x"}, {1: "x"}, {"ä": "x"}),
        *({"Host": "x"}, {"content-length": "1"}, {"Transfer-Encoding": "chunked"}),
        *({"a": 1}, {"a": None}, {"a": "x\r\nb: c"}, {"a": " x"}, {"a": "ä"}),
        *({"a": "x" * 9000}, {"a": "\x7f"}, {"a": "x\t"}),
    ],
)
def test_checked_headers_refuses_what_cannot_be_sent(headers):
    """The error names the source and quotes no value."""
    with pytest.raises(ConfigurationError, match="default_headers") as caught:
        checked_headers(headers, "default_headers")
    assert "b: c" not in str(caught.value)


@given(st.text(max_size=20))
def test_header_value_passes_printable_ascii_only(value):
    """A value that passes can be sent as it is."""
    try:
        kept = header_value(value, "tag 'x'")
    except ConfigurationError:
        return
    assert value == kept == kept.strip()
    assert kept.encode("ascii").decode().isprintable()
