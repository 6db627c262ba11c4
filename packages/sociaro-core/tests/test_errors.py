"""Errors: which class an answer becomes, what it tells, how it copies and pickles."""

import copy
import json
import pickle
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sociaro_core import errors
from sociaro_core.attempts import Attempt, Meta
from sociaro_core.credentials import Secret
from sociaro_core.envelopes import envelope_of, mapped_status, one_line
from sociaro_core.errors import (
    AllProvidersFailed,
    APIConnectionError,
    APIError,
    APITimeoutError,
    AsyncJobFailed,
    AsyncJobTimeout,
    AuthError,
    BadRequestError,
    BudgetExceededError,
    ConfigurationError,
    ProviderUnavailableError,
    RateLimitError,
    SociaroError,
    error_from,
    error_inside,
    invalid_response,
    status_error,
)
from sociaro_core.wire import Headers, Response

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(
                [
                    "error",
                    "message",
                    "code",
                    "type",
                    "detail",
                    "output",
                    "status",
                    "task_info",
                    "title",
                    "param",
                    "error_code",
                    "details",
                ]
            )
            | st.text(max_size=3),
            inner,
            max_size=4,
        )
    ),
    max_leaves=12,
)


@pytest.mark.parametrize(
    ("cls", "statuses"),
    [
        (AuthError, [401, 403]),
        (RateLimitError, [429]),
        (BudgetExceededError, [402]),
        (BadRequestError, [400, 404, 405, 410, 413, 415, 422, 431, 451, 499]),
        (ProviderUnavailableError, [502, 503, 504, *range(520, 528), 529]),
        (APIError, [300, 304, 408, 409, 425, 500, 501, 505, 528, 530, 599, 600]),
    ],
)
def test_the_status_decides_the_class(cls, statuses):
    """The tree at the top of the module, whatever the body is."""
    for status in statuses:
        assert cls is status_error(status)
        assert cls is type(error_from(Response(status, {}, b"\xff{")))


@pytest.mark.parametrize(
    ("body", "message", "code", "type_", "param"),
    [
        (
            {"error": {"type": "rate_limited", "message": "slow"}},
            "slow",
            None,
            "rate_limited",
            None,
        ),
        (
            {"error": {"message": "m", "type": "t", "param": "p", "code": "c"}},
            "m",
            "c",
            "t",
            "p",
        ),
        (
            {"error": {"message": "m", "code": 1305, "param": ""}},
            "m",
            "1305",
            None,
            None,
        ),
        (
            {"type": "error", "error": {"type": "overloaded_error", "message": "o"}},
            "o",
            None,
            "overloaded_error",
            None,
        ),
        (
            {"code": "InvalidParameter", "message": "m", "request_id": "r"},
            "m",
            "InvalidParameter",
            None,
            None,
        ),
        (
            {"output": {"task_id": "t", "code": "C", "message": "m"}},
            "m",
            "C",
            None,
            None,
        ),
        (
            {"task_info": {"error": {"code": 2001, "title": "T", "detail": "D"}}},
            "T: D",
            "2001",
            None,
            None,
        ),
        ({"error": {"error_code": 1001, "title": "T"}}, "T", "1001", None, None),
        ({"error": "text"}, "text", None, None, None),
        ({"detail": "text"}, "text", None, None, None),
        (
            {"detail": [{"loc": ["body"], "msg": "x"}]},
            '[{"loc": ["body"], "msg": "x"}]',
            None,
            None,
            None,
        ),
        ({"error": {"code": "c"}, "message": "outside"}, "outside", "c", None, None),
        ({"error": {"message": " "}, "error_description": "d"}, "d", None, None, None),
        (
            {"error": {"code": True, "type": ["x"], "message": 7}},
            "HTTP status 400 without a message",
            None,
            None,
            None,
        ),
    ],
)
def test_every_envelope_is_read(body, message, code, type_, param):
    """The shapes of the gateway and of all providers."""
    error = error_from(Response(400, {}, json.dumps(body).encode()))
    assert (message, code, type_, param) == (
        error.message,
        error.code,
        error.type,
        error.param,
    )
    assert body == error.body


@pytest.mark.parametrize(
    ("body", "message", "kept"),
    [
        (b"", "HTTP status 502 without a message", None),
        (
            b"<html>\n <b>Bad  gateway</b>\0</html>",
            "<html> <b>Bad gateway</b>\ufffd</html>",
            ...,
        ),
        (b"\xff\xfe", "\ufffd\ufffd", "\ufffd\ufffd"),
        (b"\xef\xbb\xbf[1]", "HTTP status 502 without a message", [1]),
        (b'"text"', "text", "text"),
        (b"7", "HTTP status 502 without a message", 7),
        (b"x" * 5000, "x" * 499 + "\u2026", ...),
        (b"[" * 100_000, "[" * 499 + "\u2026", ...),
    ],
)
def test_a_body_that_is_no_object_gives_its_text(body, message, kept):
    """Text, HTML, other JSON, nothing: the message is never empty and stays short."""
    error = error_from(Response(502, {}, body))
    assert message == error.message
    assert kept is ... or kept == error.body


@given(JSON | st.binary(max_size=30), st.integers(100, 999))
def test_no_body_breaks_an_error(body, status):
    """Whatever came: an `APIError` with one short printable line, which pickles."""
    data = body if isinstance(body, bytes) else json.dumps(body).encode()
    for error in (
        error_from(Response(status, {}, data)),
        error_inside(Response(200), body),
        invalid_response(Response(200), "why", data),
    ):
        assert isinstance(error, APIError)
        assert error.message
        for text in (error.message, str(error)):
            assert text.isprintable()
            assert len(text) < 1600
        assert error.code is None or error.code.isprintable()
        assert str(error) == str(pickle.loads(pickle.dumps(error)))


def test_a_deep_body_is_cut_so_that_it_can_be_copied():
    """Nesting no copy could follow ends in an ellipsis."""
    deep = b'{"message": "m", "x":' + b"[" * 200 + b"]" * 200 + b"}"
    error = error_from(Response(400, {}, deep))
    assert "m" == error.message
    assert "\u2026" in json.dumps(error.body, ensure_ascii=False)
    assert error.body == copy.deepcopy(error).body
    assert error.body == pickle.loads(pickle.dumps(error)).body


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ({"error": {"status": 503}}, 503),
        ({"error": {"code": "429"}}, 429),
        ({"error": {}, "status_code": 418}, 418),
        ({"error": {"code": 2001}}, 500),
        ({"error": {"status": True}}, 500),
        ({"error": {"code": "399"}}, 500),
        ({"error": {"code": "600"}}, 500),
        ({"error": {"type": "authentication_error"}}, 401),
        ({"error": {"type": "permission_error"}}, 403),
        ({"error": {"type": "not_found_error"}}, 404),
        ({"error": {"type": "rate_limit_error"}}, 429),
        ({"code": "Throttling.RateQuota", "message": "m"}, 429),
        ({"error": {"code": "insufficient_quota", "type": "x"}}, 429),
        ({"error": {"type": "overloaded_error"}}, 529),
        ({"error": {"type": "invalid_request_error"}}, 400),
        ({"error": {"code": "DataInspectionFailed"}}, 400),
        ({"error": {"code": "InputTextSensitiveContentDetected"}}, 400),
        ({"error": {"type": "api_error"}}, 500),
        ({"error": "text"}, 500),
    ],
)
def test_an_error_inside_a_200_has_a_mapped_status(body, status):
    """A status in the body counts, else its words do, else it is 500."""
    error = error_inside(Response(200), body)
    assert status == error.status_code == mapped_status(envelope_of(body))
    assert status_error(status) is type(error)


def test_an_error_tells_what_the_answer_told():
    """Headers, retry_after and the gateway's id; the string names the route."""
    headers = {"Retry-After": "61", "X-Gateway-Request-Id": "01ABC"}
    error = error_from(
        Response(429, headers, b'{"error": {"type": "t", "message": "m"}}')
    )
    assert (61.0, "01ABC", "61") == (
        error.retry_after,
        error.request_id,
        error.headers["retry-after"],
    )
    assert "429 t: m (request 01ABC)" == str(error)
    error.provider, error.model = "openai", "gpt"
    assert "429 t: m (openai/gpt, request 01ABC)" == str(error)
    assert "m" == str(APIError("m"))
    assert {} == APIError("m").headers


def test_a_redirect_is_an_error_that_says_so():
    """A 3xx is not followed."""
    error = error_from(Response(302, {"location": "http://elsewhere/"}))
    assert "redirect not followed: 302" == error.message


def test_configuration_errors_are_value_errors():
    """Code that expects `ValueError` catches wrong use."""
    assert issubclass(ConfigurationError, ValueError)
    assert issubclass(APITimeoutError, APIConnectionError)


def every_error():
    """Yield one of each class, all fields set."""
    attempt = Attempt("openai", "gpt", 1, 1.0, 2.0, 503, "R", APIConnectionError("x"))
    meta = Meta("R", "openai", "gpt", 503, Headers({"a": "b"}), 3.0, (attempt,), ("d",))
    api = {
        "status_code": 429,
        "code": "c",
        "type": "t",
        "param": "p",
        "body": {"a": [1]},
        "headers": Headers({"A": "b"}),
        "retry_after": 2.0,
        "request_id": "R",
    }
    tree = [getattr(errors, name) for name in errors.__all__ if name[0].isupper()]
    for cls in tree:
        if issubclass(cls, Warning):
            continue
        if issubclass(cls, APIError):
            error = cls("m", **api)
            error.provider, error.model = "openai", "gpt"
        elif issubclass(cls, APIConnectionError):
            error = cls("m", phase="write")
        elif cls is AsyncJobFailed:
            error = cls("m", task_id="T", status="failed", code="c", body=[1])
        elif cls is AsyncJobTimeout:
            error = cls("m", task_id="T", status="running", elapsed=3.0)
        elif cls is AllProvidersFailed:
            error = cls("m", errors=[APIError("a"), APIConnectionError("b")])
        else:
            error = cls("m")
        error.meta = meta
        yield error


@pytest.mark.parametrize(
    "error", [*every_error()], ids=lambda error: type(error).__name__
)
@pytest.mark.parametrize(
    "way", [lambda e: pickle.loads(pickle.dumps(e)), copy.copy, copy.deepcopy]
)
def test_errors_copy_and_pickle_with_all_fields(error, way):
    """Class, message, every field, `meta`, notes, and the cause of a failed chain."""
    if sys.version_info >= (3, 11):
        error.add_note("a note")
    other = way(error)
    assert type(error) is type(other)
    assert str(error) == str(other)
    assert plain(error) == plain(other)
    if isinstance(error, AllProvidersFailed):
        assert "b" == other.__cause__.message
        assert other.errors[-1] is other.__cause__


def plain(value):
    """Return an error as values that compare."""
    if isinstance(value, BaseException):
        return (type(value), value.args, plain(vars(value)))
    if isinstance(value, dict):
        return {name: plain(item) for name, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [plain(item) for item in value]
    if isinstance(value, (Meta, Attempt)):
        return [
            plain(getattr(value, name))
            for name in type(value).__slots__
            if name[0] != "_"
        ]
    return value


def test_every_error_has_meta_and_a_task_id():
    """Empty and None where there is nothing to tell."""
    error = SociaroError("m")
    assert (Meta(), None, "m") == (error.meta, error.task_id, error.message)
    assert AllProvidersFailed("none").__cause__ is None


# The key.

KEY = "gw_live_0123456789abcdefghij+/=\"\\'<&ok"


def spellings(key):
    """Return forms in which a server may write a key back."""
    import html
    from urllib.parse import quote

    escaped = "".join(f"\\u{ord(char):04x}" for char in key)
    return [
        key,
        json.dumps(key)[1:-1],
        json.dumps(json.dumps(key))[3:-3],
        escaped,
        escaped.upper().replace("\\U", "\\u"),
        "".join(f"\\x{ord(char):02x}" for char in key),
        quote(key),
        quote(key, safe=""),
        quote(quote(key, safe=""), safe=""),
        html.escape(key),
        html.escape(key).replace("&#x27;", "&#39;"),
        "".join(f"&#{ord(char)};" for char in key),
        "".join(f"&#x{ord(char):X};" for char in key),
        repr(key)[1:-1],
    ]


@pytest.mark.parametrize("spelling", spellings(KEY))
def test_an_echoed_key_is_masked_in_every_spelling(spelling):
    """In message, body, code and headers; in JSON, text and HTML."""
    secret = Secret(KEY)
    text = f"Incorrect API key: {spelling}."
    bodies = [
        text.encode(),
        json.dumps({"error": {"message": text, "code": text, text: [text]}}).encode(),
        b'{"error": {"message": "' + text.replace('"', '\\"').encode() + b'"}}',
    ]
    for body in bodies:
        response = Response(401, {"x-echo": text}, body, secret=secret)
        for error in (
            error_from(response),
            error_inside(response, json.loads(bodies[1])),
            invalid_response(response, text, body),
        ):
            shown = [str(error), repr(error), repr(vars(error)), repr(error.body)]
            for part in shown:
                assert spelling not in part
                assert KEY not in part
                assert "0123456789abcdefghij" not in part
            assert "gw_***" in error.message or error.message != text


def test_the_beginning_of_a_key_is_masked_where_a_body_was_cut():
    """A body cut in the middle of the key does not give its first half away."""
    body = f"bad key {KEY[:20]}".encode()
    error = error_from(Response(401, {}, body, secret=Secret(KEY)))
    assert "bad key gw_***" == error.message
    short = error_from(
        Response(401, {}, b"keys begin with gw_live_", secret=Secret(KEY))
    )
    assert "keys begin with gw_live_" == short.message


@given(st.text("ab\\\"'%&<#;u0", min_size=1, max_size=8), st.text("ab\\\"'%&<#;u0"))
def test_masking_never_fails_and_leaves_no_key(key, text):
    """Whatever stands around it."""
    assert key not in Secret(key).mask(f"{text} {key} {text}").replace("gw_***", "")


@given(st.text())
def test_one_line_is_one_short_printable_line(text):
    """Of any text."""
    line = one_line(text)
    assert line.isprintable()
    assert len(line) <= 500
    assert 1 >= len(line.splitlines())
