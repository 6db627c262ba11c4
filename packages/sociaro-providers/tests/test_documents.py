"""Tests of JSON from servers: read with care, told from errors."""

from __future__ import annotations

import pytest

from sociaro_core.errors import APIError
from sociaro_core.wire import Response
from sociaro_providers.documents import is_error, object_of, parsed


@pytest.mark.parametrize("opening", ["[", '{"a":'])
@pytest.mark.parametrize("depth", [201, 5000, 200_000])
def test_json_when_it_is_nested_too_deeply(opening, depth):
    """It is no JSON for us, at whatever depth Python would give up."""
    closing = "]" if opening == "[" else "}"
    text = opening * depth + "1" + closing * depth
    with pytest.raises(ValueError, match="nested too deeply"):
        parsed(text)


def test_json_when_it_is_wide():
    """Many brackets are no depth."""
    value = [{"a": [n]} for n in range(500)]
    assert value == parsed(str(value).replace("'", '"'))


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ({"error": {"message": "x"}}, True),
        ({"error": "x", "choices": []}, True),
        ({"error": None, "choices": []}, False),
        ({"error": {}}, False),
        ({"code": "Throttling", "message": "x"}, True),
        ({"code": "x", "choices": []}, False),
        ({"code": 429}, True),
        ({"code": 0}, False),
        ({"code": 200}, False),
        ({"code": [1]}, False),
        ({}, False),
    ],
)
def test_error_inside_a_200(body, expected):
    """An error is told by its error, or by a code without choices."""
    assert expected is is_error(body)


@pytest.mark.parametrize(
    ("body", "words"),
    [
        (b"", "no readable JSON"),
        (b"<html>", "no readable JSON"),
        (b'{"choices": [', "no readable JSON"),
        (b'{"choices": ["\xff"]}', "no readable JSON"),
        (b'{"a": ' + b"1" * 5000 + b"}", None),
        (b"[1]", "no JSON object"),
        (b"null", "no JSON object"),
        (b"{}", "without a list 'choices'"),
        (b'{"choices": null}', "without a list 'choices'"),
    ],
)
def test_object_when_the_body_is_none(body, words):
    """It is an invalid response with a reason, and nothing else."""
    with pytest.raises(APIError) as caught:
        object_of(Response(200, body=body), "choices")
    assert "invalid_response" == caught.value.code
    assert words is None or words in caught.value.message


def test_object_when_there_is_a_byte_order_mark():
    """It is skipped."""
    body = b'\xef\xbb\xbf{"choices": []}'
    assert {"choices": []} == object_of(Response(200, body=body), "choices")
