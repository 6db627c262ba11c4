import json
import re
import warnings

import pytest

from sociaro import (
    AllProvidersFailed,
    APIConnectionError,
    APIError,
    APITimeoutError,
    AuthError,
    BadRequestError,
    BudgetExceededError,
    ConfigurationError,
    ProviderUnavailableError,
    RateLimitError,
    Sociaro,
    SociaroWarning,
)
from sociaro._calls import chat_plan
from sociaro._flows import chat_flow, open_chat_flow
from sociaro_core.effects import Instant, Now

ULID = re.compile(r"[0-9A-HJKMNP-TV-Z]{26}")
PROVIDERS = ("openai", "anthropic", "alibaba", "byteplus", "mulerouter")
SOON = {"retry-after-ms": "1"}
SMART = {"models": {"smart": ["openai/gpt-4o", "anthropic/claude-sonnet-4-6"]}}
HELLO = [{"role": "user", "content": "Hello"}]


@pytest.mark.parametrize("provider", PROVIDERS)
def test_chat_on_every_provider_gives_the_same_shape(face, gateway, provider):
    """One question, five wires, one answer."""
    answer = face.chat(model=f"{provider}/some-model")
    message = answer.choices[0].message
    assert ("assistant", "You said: Hello") == (message.role, message.content)
    assert "You said: Hello" == answer["choices"][0]["message"]["content"]
    assert "stop" == answer.to_dict()["choices"][0]["finish_reason"]
    assert answer.usage.total_tokens > 0
    (request,) = gateway.requests
    assert "some-model" == request.json()["model"]
    assert request.key_header == (
        "x-api-key" if provider == "anthropic" else "authorization"
    )


def test_chat_meta_tells_who_answered_and_how(face, gateway):
    """Request id, route, status, time and the one attempt."""
    meta = face.chat(model="openai/gpt-4o").meta
    (attempt,) = meta.attempts
    assert ULID.fullmatch(meta.request_id)
    assert gateway.requests[0].request_id == meta.request_id == attempt.request_id
    assert ("openai", "gpt-4o", 200) == (meta.provider, meta.model, meta.status_code)
    assert meta.headers["X-Gateway-Request-Id"] == meta.request_id
    assert ("openai", "gpt-4o", 1, 200, None) == (
        attempt.provider,
        attempt.model,
        attempt.number,
        attempt.status_code,
        attempt.error,
    )
    assert meta.elapsed >= attempt.elapsed > 0
    assert abs(attempt.started - gateway.requests[0].started) < 60


def test_chat_answer_carries_the_request_id_as_in_openai(face):
    """`_request_id` is there, and no part of the data."""
    answer = face.chat(model="openai/gpt-4o")
    assert answer.meta.request_id == answer._request_id
    assert "meta" not in answer
    assert "meta" not in answer.to_dict()


def test_chat_sends_what_was_given_unchanged(face, gateway):
    """Unknown keywords, None as null and extra_body go out; the order of merging."""
    face.chat(
        model="openai/gpt-4o",
        temperature=None,
        new_feature={"a": [1, None]},
        seed=1,
        stream=None,
        extra_body={"seed": 2, "other": True},
        extra_query={"a": "1 2", "b": [True, None], "c": None},
        extra_headers={"X-Own": "yes"},
    )
    (request,) = gateway.requests
    assert {
        "model": "gpt-4o",
        "messages": HELLO,
        "temperature": None,
        "new_feature": {"a": [1, None]},
        "seed": 2,
        "other": True,
    } == request.json()
    assert request.path.endswith("/openai/v1/chat/completions")
    assert "yes" == request.headers["x-own"]
    assert request.headers["user-agent"].startswith("Sociaro/Python ")
    assert "application/json" == request.headers["accept"]


def test_chat_drops_foreign_sentinels(face, gateway):
    """`openai.NOT_GIVEN` and `omit` mean: left out."""
    not_given = type("NotGiven", (), {})()
    omit = type("Omit", (), {})()
    face.chat(
        model="openai/gpt-4o",
        temperature=not_given,
        timeout=not_given,
        extra_headers=omit,
        stream=omit,
        top_p=omit,
    )
    assert {"model", "messages"} == set(gateway.requests[0].json())


def test_chat_takes_answers_and_foreign_messages_back(face, gateway):
    """A returned message, and objects with model_dump or to_dict, may be appended."""

    class Dumped:
        def model_dump(self, **options):
            return {"role": "user", "content": "dumped"}

    class Dictated:
        def to_dict(self):
            return {"role": "user", "content": "dictated"}

    first = face.chat(model="openai/gpt-4o").choices[0].message
    messages = (m for m in [*HELLO, first, Dumped(), Dictated()])
    face.chat(model="openai/gpt-4o", messages=messages)
    sent = gateway.requests[1].json()["messages"]
    assert ["Hello", "You said: Hello", "dumped", "dictated"] == [
        message["content"] for message in sent
    ]


@pytest.mark.parametrize(
    ("wrong", "says"),
    [
        ({"model": "gpt-4o"}, "provider/model"),
        ({"messages": "Hello"}, "messages"),
        ({"messages": None}, "messages"),
        ({"messages": [{"role": "user", "content": object()}]}, "content"),
        ({"temperature": float("nan")}, "temperature"),
        ({"attribution": {"a": "ä"}}, "tag 'a'"),
        ({"extra_headers": {"X": "a\nb"}}, "extra_headers"),
        ({"extra_query": {"a": object()}}, "query"),
        ({"extra_query": "a=b"}, "extra_query"),
        ({"extra_body": [1]}, "extra_body"),
        ({"timeout": -1}, "timeout"),
        ({"deadline": -1}, "deadline"),
        ({"max_retries": -1}, "max_retries"),
    ],
)
def test_chat_with_a_wrong_argument_sends_nothing(face, gateway, wrong, says):
    """The error names the argument."""
    with pytest.raises(ConfigurationError, match=says):
        face.chat(**{"model": "openai/gpt-4o", **wrong})
    assert [] == gateway.requests


@pytest.mark.parametrize(
    ("status", "cls"),
    [
        (400, BadRequestError),
        (401, AuthError),
        (402, BudgetExceededError),
        (403, AuthError),
        (404, BadRequestError),
        (410, BadRequestError),
        (422, BadRequestError),
        (429, RateLimitError),
        (500, APIError),
        (502, ProviderUnavailableError),
        (503, ProviderUnavailableError),
        (504, ProviderUnavailableError),
        (529, ProviderUnavailableError),
    ],
)
@pytest.mark.parametrize("provider", ["openai", "anthropic"])
def test_chat_error_is_of_its_status_class(face, gateway, status, cls, provider):
    """Class by status; message, ids, route and attempts are there."""
    gateway.fail(status, provider=provider)
    with pytest.raises(cls) as caught:
        face.chat(model=f"{provider}/m", max_retries=0)
    error = caught.value
    assert type(error) is cls
    assert status == error.status_code
    assert error.message
    assert gateway.requests[0].request_id == error.request_id
    assert (provider, "m") == (error.provider, error.model)
    assert error is not error.meta.attempts[0].error
    assert type(error) is type(error.meta.attempts[0].error)
    assert f"{provider}/m" in str(error)


@pytest.mark.parametrize("status", [408, 409, 425, 429, 500, 502, 503, 529])
def test_chat_retries_a_transient_status(face, gateway, status):
    """It is sent again, and the trail tells."""
    gateway.fail(status, times=2, headers=SOON)
    attempts = face.chat(model="openai/gpt-4o").meta.attempts
    assert [status, status, 200] == [attempt.status_code for attempt in attempts]
    assert [1, 2, 3] == [attempt.number for attempt in attempts]
    assert isinstance(attempts[0].error, APIError)
    assert attempts[2].error is None
    bodies = {request.body for request in gateway.requests}
    assert 1 == len(bodies)


@pytest.mark.parametrize("status", [400, 401, 402, 403, 404, 405, 410, 413, 422, 451])
def test_chat_sends_a_terminal_status_once(face, gateway, status):
    """Sending it again would not help."""
    gateway.fail(status)
    with pytest.raises(APIError):
        face.chat(model="openai/gpt-4o")
    assert 1 == len(gateway.requests)


def test_chat_with_a_long_retry_after_raises_at_once(face, gateway):
    """A wait over 30 s is the caller's decision."""
    gateway.fail(429, headers={"Retry-After": "31"})
    with pytest.raises(RateLimitError) as caught:
        face.chat(model="openai/gpt-4o")
    assert 31 == caught.value.retry_after
    assert 1 == len(gateway.requests)


def test_chat_with_an_empty_retry_budget_retries_nothing(face, gateway):
    """Each retry takes one; chains still advance."""
    gateway.fail(503, times=2, headers=SOON, provider="openai")
    options = {"retry_budget": 1, **SMART}
    answer = face.chat(model="smart", client_options=options)
    assert ["openai", "openai", "anthropic"] == [
        attempt.provider for attempt in answer.meta.attempts
    ]


def test_chain_when_the_first_provider_is_down_answers_from_the_second(face, gateway):
    """The attempt trail goes over retries and fallback."""
    gateway.fail(503, times=2, headers=SOON, provider="openai")
    answer = face.chat(model="smart", client_options=SMART, max_retries=1)
    assert "You said: Hello" == answer.choices[0].message.content
    assert ("anthropic", "claude-sonnet-4-6") == (
        answer.meta.provider,
        answer.meta.model,
    )
    assert [("openai", 1, 503), ("openai", 2, 503), ("anthropic", 1, 200)] == [
        (attempt.provider, attempt.number, attempt.status_code)
        for attempt in answer.meta.attempts
    ]


def test_chain_when_all_fail_raises_all_errors_in_order(face, gateway):
    """`AllProvidersFailed` lists each route."""
    gateway.down("openai")
    gateway.fail(529, provider="anthropic")
    with pytest.raises(AllProvidersFailed) as caught:
        face.chat(model="smart", client_options=SMART, max_retries=0)
    first, second = caught.value.errors
    assert (502, "openai", 529, "anthropic") == (
        first.status_code,
        first.provider,
        second.status_code,
        second.provider,
    )
    assert second is caught.value.__cause__
    assert 2 == len(caught.value.meta.attempts)
    assert "openai/gpt-4o" in str(caught.value)


@pytest.mark.parametrize("status", [400, 401, 403, 404, 409, 422])
def test_chain_when_a_terminal_error_comes_raises_it(face, gateway, status):
    """The second provider is not asked."""
    gateway.fail(status, provider="openai")
    with pytest.raises(APIError) as caught:
        face.chat(model="smart", client_options=SMART, max_retries=0)
    assert status == caught.value.status_code
    assert 1 == len(gateway.requests)


def test_chain_at_a_rate_limit_advances_unless_told_otherwise(face, gateway):
    """`fallback_on_rate_limit=False` keeps a 429 with the caller."""
    gateway.fail(429, provider="openai", times=2)
    asked = face.chat(model="smart", client_options=SMART, max_retries=0)
    assert "anthropic" == asked.meta.provider
    with pytest.raises(RateLimitError):
        face.chat(
            model="smart",
            client_options={**SMART, "fallback_on_rate_limit": False},
            max_retries=0,
        )


def test_chain_at_a_gateway_budget_ends_and_at_a_providers_advances(face, gateway):
    """The organization's budget is the same on every route."""
    gateway.fail(402, provider="openai")
    with pytest.raises(BudgetExceededError):
        face.chat(model="smart", client_options=SMART)
    body = {"error": {"message": "billing", "type": "insufficient_quota"}}
    gateway.fail(402, provider="openai", body=json.dumps(body))
    assert "anthropic" == face.chat(model="smart", client_options=SMART).meta.provider


def test_unnamed_chain_is_a_list_of_names(face, gateway):
    """A sequence given as model works like an alias."""
    gateway.down("openai")
    model = ("openai/a", "byteplus/ep-1")
    assert "byteplus" == face.chat(model=model, max_retries=0).meta.provider


def test_deadline_bounds_retries_and_fallback(face, gateway):
    """What does not fit is not begun; the trail tells how far it came."""
    gateway.delay(30)
    with pytest.raises(APITimeoutError, match="deadline") as caught:
        face.chat(model="smart", client_options=SMART, deadline=0.2)
    assert "deadline" == caught.value.phase
    assert caught.value.meta.elapsed < 5
    assert 1 == len(caught.value.meta.attempts)


def test_deadline_is_never_outlasted_by_a_pause(face, gateway):
    """A wait that would end behind it is not made."""
    gateway.fail(503, headers={"Retry-After": "5"})
    with pytest.raises(ProviderUnavailableError) as caught:
        face.chat(model="openai/gpt-4o", deadline=2)
    assert 5 == caught.value.retry_after
    assert caught.value.meta.elapsed < 2


def test_timeout_bounds_an_attempt(face, gateway):
    """A number is the wall-clock time of one attempt."""
    gateway.delay(30)
    with pytest.raises(APITimeoutError, match="0.2 s") as caught:
        face.chat(model="openai/gpt-4o", timeout=0.2, max_retries=0)
    assert "read" == caught.value.phase


def test_connection_refused_is_a_connection_error(face, unused_port):
    """Nothing listens: the error names the host, and each attempt."""
    options = {"base_url": f"http://127.0.0.1:{unused_port}"}
    with pytest.raises(APIConnectionError, match=str(unused_port)) as caught:
        face.chat(model="openai/gpt-4o", client_options=options, max_retries=0)
    assert "connect" == caught.value.phase
    assert caught.value.meta.attempts[0].status_code is None


def test_wrong_key_is_an_auth_error_that_does_not_show_it(face, gateway):
    """A key the server echoes is masked."""
    key = "gw_live_canary"
    body = json.dumps({"error": {"type": "unauthorized", "message": f"bad key {key}"}})
    gateway.fail(401, body=body, headers={"X-Echo": key})
    with pytest.raises(AuthError) as caught:
        face.chat(model="openai/gpt-4o", client_options={"api_key": key})
    error = caught.value
    assert "canary" not in f"{error} {error!r} {vars(error)} {error.body}"
    assert "***" in error.message


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ({"error": {"message": "slow down", "type": "rate_limit_error"}}, 429),
        ({"error": {"message": "no", "code": 503}}, 503),
        ({"error": {"message": "no", "code": 503.0}}, 503),
        ({"error": {"message": "no", "code": "model_not_found"}}, 500),
        ({"error": {"message": "no", "type": "not_found_error"}}, 404),
        ({"code": "Throttling.RateQuota", "message": "no", "request_id": "x"}, 429),
        ({"error": "plain"}, 500),
    ],
)
def test_error_inside_a_200_is_like_a_real_one(face, gateway, body, status):
    """It is retried, and has the status it stands for."""
    gateway.fail(200, body=json.dumps(body), times=1, headers=SOON)
    if status == 404:
        with pytest.raises(BadRequestError) as caught:
            face.chat(model="openai/gpt-4o")
        assert 404 == caught.value.status_code
    else:
        attempts = face.chat(model="openai/gpt-4o").meta.attempts
        assert [status, 200] == [attempt.status_code for attempt in attempts]


@pytest.mark.parametrize("body", ["", "null", "[]", "{}", "<html>", "\x00", '{"a"'])
def test_answer_that_is_no_answer_is_an_invalid_response(face, gateway, body):
    """It is neither retried nor does it advance a chain."""
    gateway.fail(200, body=body)
    with pytest.raises(APIError) as caught:
        face.chat(model="smart", client_options=SMART)
    assert ("invalid_response", 200) == (caught.value.code, caught.value.status_code)
    assert 1 == len(gateway.requests)


def test_anthropic_drops_a_hint_with_one_warning(face, gateway):
    """One warning per parameter and model; `meta.dropped` lists it each time."""

    async def body():
        async with face.client() as client:
            call = {"model": "anthropic/claude-sonnet-4-6", "messages": HELLO}
            with pytest.warns(SociaroWarning, match="'seed'") as caught:
                first = await client.chat.completions.create(**call, seed=7)
            with warnings.catch_warnings():
                warnings.simplefilter("error")
                second = await client.chat.completions.create(**call, seed=7)
            return caught, first, second

    caught, first, second = face.run(body)
    assert 1 == len(caught)
    assert ("seed",) == first.meta.dropped == second.meta.dropped
    assert "seed" not in gateway.requests[0].json()


def test_anthropic_warns_of_a_value_it_gets_otherwise(face, gateway):
    """A temperature above 1 is the hottest Anthropic has."""
    with pytest.warns(SociaroWarning, match="anthropic/claude-sonnet-4-5") as caught:
        face.chat(model="anthropic/claude-sonnet-4-5", temperature=1.7)
    assert 1 == len(caught)
    assert 1 == gateway.requests[0].json()["temperature"]


def test_anthropic_refuses_what_changes_the_result(face, gateway):
    """A parameter that cannot be expressed is an error before anything is sent."""
    with pytest.raises(BadRequestError) as caught:
        face.chat(model="anthropic/claude-sonnet-4-6", n=2)
    error = caught.value
    assert (400, "unsupported_parameter", "n") == (
        error.status_code,
        error.code,
        error.param,
    )
    assert ("anthropic", ()) == (error.provider, error.meta.attempts)
    assert [] == gateway.requests


def test_anthropic_gets_longer_for_a_long_answer_unless_told(gateway):
    """The default timeout grows with max_tokens, an explicit one does not."""

    def read(settings, stream=False, **params):
        plan = chat_plan(
            settings, "anthropic/claude-opus-4-8", HELLO, stream=stream, params=params
        )
        flow = open_chat_flow(plan) if stream else chat_flow(plan)
        assert Now() == next(flow)
        return flow.send(Instant(0.0, 0.0)).request.timeout.read

    settings = Sociaro(gateway.key)._settings
    assert 600 == read(settings, max_tokens=100)
    assert 3600 == read(settings, max_tokens=128000)
    assert 600 == read(settings, stream=True, max_tokens=128000)
    assert 7 == read(settings, max_tokens=128000, timeout=7)
    assert read(settings, timeout=None) is None


def test_anthropic_beta_headers_of_client_and_call_unite(face, gateway):
    """No source overwrites another."""
    face.chat(
        model="anthropic/claude-sonnet-4-6",
        client_options={"default_headers": {"Anthropic-Beta": "a"}},
        extra_headers={"anthropic-beta": "b, a"},
        betas=["c"],
    )
    sent = gateway.requests[0].headers["anthropic-beta"]
    assert {"a", "b", "c"} == {name.strip() for name in sent.split(",")}
