import asyncio

import pytest
from starlette.datastructures import Headers

from sociaro_local.records import RecordedRequest, Recorder, record_of


def recorded(body=b"", **headers):
    """Return the record of a request."""
    raw = [(k.replace("_", "-").encode(), v.encode()) for k, v in headers.items()]
    return RecordedRequest("POST", "/x", "", "x", Headers(raw=raw), body, "id", 1.0)


def test_attribution_has_lower_cased_names_when_tags_are_sent():
    """Canonical headers count as tags and go before free ones of their name."""
    record = recorded(
        x_attr_project="free",
        x_attr_cost_center="7",
        x_project="apollo",
        x_department="ml",
        x_persona="analyst",
        x_other="no",
    )
    expected = {
        "project": "apollo",
        "cost-center": "7",
        "department": "ml",
        "persona": "analyst",
    }
    assert expected == record.attribution


def test_attribution_is_empty_when_there_are_no_tags():
    """Other headers are none."""
    assert {} == recorded(accept="*/*").attribution


@pytest.mark.parametrize(
    ("body", "model"),
    [
        (b'{"model":"m"}', "m"),
        (b'{"model":1}', None),
        (b"[]", None),
        (b"{", None),
        (b"\xff", None),
        (b"", None),
    ],
)
def test_model_is_none_when_the_body_names_none(body, model):
    """Any body will do."""
    assert model == recorded(body).model


def test_repr_shows_no_key_when_a_request_is_printed():
    """Headers and body stay out of it."""
    assert "secret" not in repr(recorded(b"secret", authorization="secret"))


def received(*messages):
    """Return a `receive` that gives these messages."""
    left = list(messages)

    async def receive():
        return left.pop(0)

    return receive


def http(path="/openai/v1/x"):
    """Return the scope of a request."""
    return {
        "type": "http",
        "method": "POST",
        "raw_path": path.encode(),
        "query_string": b"a=1",
        "headers": [(b"x-thing", b"1")],
    }


def test_request_is_recorded_when_its_body_has_come():
    """The pieces are joined, and the app finds the record."""
    requests, seen = [], []

    async def app(scope, receive, send):
        seen.append(record_of(scope))

    pieces = received(
        {"type": "http.request", "body": b"a", "more_body": True},
        {"type": "http.request"},
    )
    asyncio.run(Recorder(app, requests)(http(), pieces, None))
    assert seen == requests
    (record,) = requests
    assert ("openai", "/openai/v1/x", "a=1") == (
        record.provider,
        record.path,
        record.query,
    )
    assert (b"a", None, "1") == (record.body, record.status, record.headers["X-Thing"])


def test_request_is_not_recorded_when_nobody_asks_for_it():
    """The app finds the record all the same."""
    seen = []

    async def app(scope, receive, send):
        seen.append(record_of(scope))

    whole = received({"type": "http.request", "body": b""})
    asyncio.run(Recorder(app, None)(http("*"), whole, None))
    assert ["*"] == [record.provider for record in seen]


def test_request_is_dropped_when_the_client_leaves_before_its_end():
    """There is nobody to answer."""
    requests = []
    broken = received({"type": "http.disconnect"})
    asyncio.run(Recorder(None, requests)(http(), broken, None))
    assert [] == requests


def test_scope_is_passed_on_when_it_is_no_request():
    """Servers may tell the app of their life."""
    seen = []

    async def app(scope, receive, send):
        seen.append(scope["type"])

    asyncio.run(Recorder(app, [])({"type": "lifespan"}, None, None))
    assert ["lifespan"] == seen
