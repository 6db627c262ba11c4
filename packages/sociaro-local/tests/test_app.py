import re

import httpx
import pytest

from sociaro_local import LocalGateway

WRONG_PLACE = {"anthropic": "authorization"}
MODEL = {"model": "m-1"}


def gateway_error(response):
    """Return status and type of an error in the gateway's envelope."""
    body = response.json()
    assert ["error"] == list(body)
    assert {"type", "message"} == set(body["error"])
    assert "application/json" == response.headers["content-type"]
    return response.status_code, body["error"]["type"]


def test_answer_is_stamped_when_it_is_good(client, provider):
    """The id is a ULID, the recorded one, and new each time."""
    responses = [client.chat(provider) for _ in range(2)]
    ids = [response.headers["X-Gateway-Request-Id"] for response in responses]
    assert all(re.fullmatch("[0-9A-HJKMNP-TV-Z]{26}", one) for one in ids)
    assert ids == sorted(set(ids))
    assert ids == [request.request_id for request in client.gateway.requests]


def test_provider_is_unknown_when_the_segment_is_none_of_ours(client):
    """The gateway says so, with an id."""
    response = client.get("/cohere/v1/chat")
    assert (404, "not_found") == gateway_error(response)
    assert 26 == len(response.headers["x-gateway-request-id"])
    assert "cohere" == client.gateway.requests[0].provider


@pytest.mark.parametrize("path", ["/", "/openai", "/gw", "/gw/", "/gw/stats"])
def test_address_is_unknown_when_nothing_is_there(client, path):
    """Also when it has no second segment."""
    assert (404, "not_found") == gateway_error(client.get(path))


def test_address_is_unknown_when_the_method_is_odd(client):
    """No other error is in the gateway's contract."""
    response = client.http.request("TRACE", "/gw/me", headers=client.headers("openai"))
    assert (404, "not_found") == gateway_error(response)


def test_path_is_unknown_when_the_provider_has_none(client, provider):
    """The provider says so in its own shape."""
    response = client.get(f"/{provider}/v9/nothing", provider)
    assert 404 == response.status_code
    assert {"type", "message"} != set(response.json()["error"]) or (
        "error" == response.json()["type"]
    )
    assert f"/{provider}/v9/nothing" in response.text


def test_call_is_refused_when_it_has_no_key(client, provider):
    """A key belongs in every call."""
    response = client.http.get(f"/{provider}/v1/models")
    assert (401, "unauthorized") == gateway_error(response)
    assert None is client.gateway.requests[0].key_header


def test_call_is_refused_when_the_key_is_in_the_wrong_header(client, provider):
    """Each provider has its own; the record says where the key was."""
    name = WRONG_PLACE.get(provider, "x-api-key")
    key = client.gateway.key
    value = f"Bearer {key}" if name == "authorization" else key
    response = client.http.get(f"/{provider}/v1/models", headers={name: value})
    assert (401, "unauthorized") == gateway_error(response)
    assert name == client.gateway.requests[0].key_header


def test_call_is_refused_when_the_key_is_unknown(client, provider):
    """Keys have a prefix unless they are given."""
    headers = {"authorization": "Bearer sk-x", "x-api-key": "sk-x"}
    response = client.http.get(f"/{provider}/v1/models", headers=headers)
    assert (401, "unauthorized") == gateway_error(response)


def test_call_is_refused_when_anthropic_gets_both_headers(client):
    """The API rejects the pair, in its own shape."""
    key = f"Bearer {client.gateway.key}"
    response = client.get("/anthropic/v1/models", "anthropic", authorization=key)
    error = response.json()["error"]
    assert (401, "authentication_error") == (response.status_code, error["type"])


def test_call_is_let_in_when_others_get_both_headers(client):
    """A foreign header is passed on, not judged."""
    headers = client.headers("openai") | {"x-api-key": "other"}
    body = client.body("openai")
    url = "/openai/v1/chat/completions"
    assert 200 == client.http.post(url, headers=headers, json=body).status_code
    assert "authorization" == client.gateway.requests[0].key_header


def test_only_given_keys_are_let_in_when_there_are_some():
    """The first one is the gateway's own."""
    with LocalGateway(keys=["a", "b"]) as gateway:
        assert "a" == gateway.key
        url = f"{gateway.url}/gw/me"
        for key, status in [("a", 200), ("b", 200), ("gw_live_x", 401)]:
            headers = {"authorization": f"Bearer {key}"}
            response = httpx.get(url, headers=headers, trust_env=False, verify=False)
            assert status == response.status_code


def test_me_allows_everything_when_the_key_is_good(client):
    """All scopes, and every model of every provider."""
    me = client.get("/gw/me").json()
    assert ["inference:use", "keys:manage", "stats:read"] == me["scopes"]
    assert {("*", "allow")} == {
        (rule["model_pattern"], rule["effect"]) for rule in me["entitlements"]
    }
    assert "anthropic" in [rule["provider"] for rule in me["entitlements"]]


def test_me_is_refused_when_the_key_is_not_a_bearer(client):
    """The gateway's own calls know one header only."""
    response = client.http.get("/gw/me", headers={"x-api-key": client.gateway.key})
    assert (401, "unauthorized") == gateway_error(response)


def test_body_is_refused_when_it_is_not_json(client, provider):
    """In the provider's shape."""
    response = client.http.post(
        client.path(provider), headers=client.headers(provider), content=b"{"
    )
    assert 400 == response.status_code
    assert "JSON" in response.text


@pytest.mark.parametrize("name", ["nope-1", "gone-2"])
def test_model_is_unknown_when_its_name_says_so(client, provider, name):
    """404 in the provider's shape."""
    response = client.chat(provider, model=name)
    assert 404 == response.status_code
    assert name in response.text


@pytest.mark.parametrize(
    ("provider", "header"), [("openai", "x-request-id"), ("anthropic", "request-id")]
)
def test_answer_has_the_provider_id_when_the_provider_sends_one(
    client, provider, header
):
    """Errors have it too."""
    for response in (client.chat(provider), client.chat(provider, model="nope-1")):
        ours = response.headers["x-gateway-request-id"]
        assert f"req_{ours}" == response.headers[header]


@pytest.mark.parametrize(
    ("status", "kind"),
    [
        (400, "bad_request"),
        (401, "unauthorized"),
        (402, "budget_exceeded"),
        (403, "forbidden"),
        (404, "not_found"),
        (410, "gone"),
        (429, "rate_limited"),
        (503, "unavailable"),
    ],
)
def test_failure_is_the_gateways_when_its_contract_has_the_status(
    client, provider, status, kind
):
    """Only 429 says when to come back."""
    client.gateway.fail(status, message="no")
    response = client.chat(provider)
    assert (status, kind) == gateway_error(response)
    assert "no" == response.json()["error"]["message"]
    expected = "1" if status == 429 else None
    assert expected == response.headers.get("retry-after")
    assert [status] == [request.status for request in client.gateway.requests]
    assert 200 == client.chat(provider).status_code


@pytest.mark.parametrize(("status", "text"), [(502, "Bad Gateway"), (504, "")])
def test_failure_has_no_json_when_the_provider_cannot_be_reached(client, status, text):
    """Plain text, or nothing."""
    client.gateway.fail(status)
    response = client.chat()
    assert (status, text) == (response.status_code, response.text)
    assert "json" not in response.headers.get("content-type", "")


@pytest.mark.parametrize("status", [500, 529])
def test_failure_is_the_providers_when_the_gateway_has_no_such_status(
    client, provider, status
):
    """Each in its own shape."""
    client.gateway.fail(status, provider=provider, headers={"x-should-retry": "true"})
    response = client.chat(provider)
    assert status == response.status_code
    assert {"type", "message"} != set(response.json())
    assert "had an error" in response.text
    assert "true" == response.headers["x-should-retry"]


@pytest.mark.parametrize(
    ("body", "content", "kind"),
    [
        ({"a": [1]}, b'{"a":[1]}', "application/json"),
        (["x"], b'["x"]', "application/json"),
        ("<html>", b"<html>", "text/html"),
        (b"\xff", b"\xff", "text/html"),
        ("", b"", "text/html"),
    ],
)
def test_failure_has_the_body_that_was_given(client, body, content, kind):
    """JSON values are written, text and bytes go out as they are."""
    headers = {} if "json" in kind else {"Content-Type": kind}
    client.gateway.fail(418, body=body, headers=headers)
    response = client.chat()
    assert (418, content) == (response.status_code, response.content)
    assert response.headers["content-type"].startswith(kind)


def test_retry_after_is_the_given_one_when_there_is_one(client):
    """In whatever case it is written."""
    client.gateway.fail(429, headers={"retry-after": "7"})
    assert ["7"] == client.chat().headers.get_list("retry-after")


def test_own_calls_fail_when_they_are_scripted_to(client):
    """Answers and others' failures are not for them."""
    gateway = client.gateway
    gateway.reply("hi")
    gateway.fail(500, provider="openai")
    gateway.fail(503, provider="gw")
    gateway.fail(500, provider="gw", message="oh")
    assert (503, "unavailable") == gateway_error(client.get("/gw/me"))
    response = client.get("/gw/me")
    assert (500, "oh") == (response.status_code, response.text)
    assert 200 == client.get("/gw/me").status_code
    assert "hi" in client.chat().text
    assert 500 == client.chat().status_code


def test_provider_answers_502_while_it_is_down(client, provider):
    """Without JSON, to every call; then it answers again; others always do."""
    other = "openai" if provider == "anthropic" else "anthropic"
    client.gateway.down(provider)
    client.gateway.reply("hi")
    assert 502 == client.chat(provider).status_code
    response = client.get(f"/{provider}/v1/models", provider)
    assert (502, "Bad Gateway") == (response.status_code, response.text)
    assert "hi" in client.chat(other).text
    client.gateway.up(provider)
    assert 200 == client.chat(provider).status_code


def test_failure_is_told_by_the_model_when_its_name_is_special(client, provider):
    """Every time, and also on paths that are no chat."""
    for _ in range(2):
        response = client.chat(provider, model="fail-503")
        assert (503, "unavailable") == gateway_error(response)
    response = client.http.put(
        f"/{provider}/any", headers=client.headers(provider), json={"model": "fail-402"}
    )
    assert (402, "budget_exceeded") == gateway_error(response)


def test_answer_waits_when_it_is_delayed(client):
    """At least so long, with the failure scripted after it."""
    client.gateway.delay(0.05)
    client.gateway.fail(503)
    response = client.chat()
    assert 503 == response.status_code
    assert response.elapsed.total_seconds() >= 0.05
    assert client.chat(model="slow-0.05").elapsed.total_seconds() >= 0.05


@pytest.mark.parametrize("path", ["/gw/me", "/openai/v1/models"])
def test_delay_ends_when_the_client_leaves(client, path):
    """Nobody is answered; the connection is closed on both sides."""
    client.gateway.delay(60)
    with pytest.raises(httpx.ReadTimeout):
        client.http.get(path, headers=client.headers("openai"), timeout=0.1)
    assert client.gateway.wait_for_connections(0)
    assert {None} >= {request.status for request in client.gateway.requests}


def test_delay_is_over_at_once_when_it_is_nought(client):
    """Nought is a delay like any other."""
    client.gateway.delay(0)
    assert 200 == client.get("/gw/me").status_code


def test_request_is_recorded_as_it_was_sent(client):
    """Line, headers, body, tags, and what became of it."""
    headers = client.headers("openai") | {
        "X-Attr-Feature": "chat",
        "X-Project": "apollo",
        "X-Trace": "1",
    }
    url = "/openai/v1/chat/completions?api-version=2"
    client.http.post(url, headers=headers, json=client.body("openai"))
    (request,) = client.gateway.requests
    assert ("POST", "openai", 200) == (request.method, request.provider, request.status)
    assert "/openai/v1/chat/completions" == request.path
    assert ("api-version=2", "authorization") == (request.query, request.key_header)
    assert ("1", "1") == (request.headers["x-trace"], request.headers["X-TRACE"])
    assert "m-1" == request.json()["model"] == request.model
    assert {"feature": "chat", "project": "apollo"} == request.attribution
    assert request.started > 1_700_000_000
