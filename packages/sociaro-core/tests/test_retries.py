"""Retries, played by hand: which failures, after which pause, how often."""

import math
from datetime import datetime, timedelta, timezone
from email.utils import format_datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sociaro_core.attempts import Trail
from sociaro_core.effects import Instant, Now, Send, Sleep
from sociaro_core.errors import (
    APIConnectionError,
    APIError,
    APITimeoutError,
    ConfigurationError,
    SociaroError,
    error_from,
    error_inside,
    invalid_response,
)
from sociaro_core.retries import (
    RetryBudget,
    RetryPolicy,
    is_spend_limit,
    is_transient,
    retry_after,
    with_retries,
)
from sociaro_core.wire import Headers, Request, Response

REQUEST = Request("GET", "http://127.0.0.1/x")
GOOD = Response(200, {}, b"{}")
BUSY = Response(503)
SPENT = b'{"error": {"details": {"error_code": "enforced_spend_limit_reached"}}}'


def flat(**options):
    """Return a policy without jitter."""
    return RetryPolicy(**options, random=lambda: 0.0)


def test_with_retries_waits_as_the_server_asked():
    """The flow of the architecture's example works as written."""
    flow = with_retries(REQUEST, RetryPolicy(max_retries=1))
    next(flow)
    assert Sleep(7.0) == flow.send(Response(429, {"retry-after": "7"}))
    assert Send(REQUEST) == flow.send(None)
    with pytest.raises(StopIteration) as stop:
        flow.send(GOOD)
    assert GOOD == stop.value.value


def test_with_retries_doubles_its_pauses():
    """Without a wish of the server: half a second, doubled, at most eight."""
    flow = with_retries(REQUEST, flat(max_retries=6))
    next(flow)
    pauses = []
    for _ in range(6):
        pauses.append(flow.send(BUSY).seconds)
        flow.send(None)
    assert [0.5, 1.0, 2.0, 4.0, 8.0, 8.0] == pauses
    with pytest.raises(APIError):
        flow.send(BUSY)


@given(st.integers(1, 10_000), st.floats(0, 1))
def test_delay_takes_at_most_a_quarter_off(attempt, dice):
    """The jitter is downward, 25 % at most, and no count overflows."""
    policy = RetryPolicy(20_000, random=lambda: dice)
    full = min(0.5 * 2.0 ** min(attempt - 1, 50), 8.0)
    delay = policy.delay(APIConnectionError(), attempt)
    assert 0.75 * full - 1e-9 <= delay <= full


@pytest.mark.parametrize(
    ("wish", "longest", "delay"),
    [
        ("30", None, 30.0),
        ("30.1", None, None),
        ("5", 5.0, 5.0),
        ("5.1", 5.0, None),
        ("40", 100.0, None),
        ("0", None, 0.5),
        ("-1", None, 0.5),
        ("nan", None, 0.5),
        ("1_0", None, 0.5),
    ],
)
def test_a_wish_is_granted_up_to_30_seconds_and_the_timeout(wish, longest, delay):
    """A longer wish ends the retries; one that is none counts as absent."""
    flow = with_retries(REQUEST, flat(longest=longest))
    next(flow)
    response = Response(429, {"retry-after": wish})
    if delay is None:
        with pytest.raises(APIError) as caught:
            flow.send(response)
        assert float(wish) == caught.value.retry_after
    else:
        assert Sleep(delay) == flow.send(response)


@pytest.mark.parametrize(
    ("status", "headers", "body", "retried"),
    [
        *((status, {}, b"", True) for status in (408, 409, 425, 429)),
        *((status, {}, b"", True) for status in (500, 501, 502, 503, 504, 520, 529)),
        *((status, {}, b"", False) for status in (400, 401, 402, 403, 404, 405, 410)),
        *((status, {}, b"", False) for status in (413, 415, 422, 431, 451)),
        *((status, {}, b"", False) for status in (100, 301, 302, 307, 304, 600, 999)),
        (429, {}, SPENT, False),
        (429, {"x-should-retry": "true"}, SPENT, False),
        (503, {"x-should-retry": "false"}, b"", False),
        (400, {"X-Should-Retry": " True "}, b"", True),
        (503, {"x-should-retry": "maybe"}, b"", True),
    ],
)
def test_an_answer_is_retried_by_its_status(status, headers, body, retried):
    """The table of the contract, row by row."""
    assert retried == is_transient(error_from(Response(status, headers, body)))


@pytest.mark.parametrize("body", [b"[]", b"{}", b'{"error": 1}', b'{"details": []}'])
def test_a_429_without_the_code_is_no_spend_limit(body):
    """Only the gateway's own code says that the money is spent."""
    assert not is_spend_limit(error_from(Response(429, {}, body)))
    outside = b'{"details": {"error_code": "enforced_spend_limit_reached"}}'
    assert is_spend_limit(error_from(Response(429, {}, outside)))
    assert not is_spend_limit(error_from(Response(403, {}, outside)))


def test_connection_errors_are_retried_by_their_phase():
    """All of them, but not our own shortage and not a deadline that has passed."""
    phases = ("connect", "write", "read", "pool", "deadline")
    assert [True, True, True, False, False] == [
        is_transient(APITimeoutError(phase=phase)) for phase in phases
    ]


def test_other_errors_are_not_retried():
    """Unreadable answers, and errors that are no answer at all."""
    assert not is_transient(invalid_response(Response(200), "why"))
    assert not is_transient(SociaroError())


def test_an_error_inside_a_200_is_retried_by_its_mapped_status():
    """It counts like the status it stands for."""
    busy = error_inside(GOOD, {"error": {"type": "overloaded_error"}})
    wrong = error_inside(GOOD, {"error": {"type": "invalid_request_error"}})
    assert (True, False) == (is_transient(busy), is_transient(wrong))


def test_with_retries_retries_what_decode_refuses():
    """An error raised while decoding counts as the attempt's failure."""

    def decode(response):
        if response.body:
            return "done"
        raise error_from(Response(500))
        yield

    flow = with_retries(REQUEST, flat(), decode=decode)
    next(flow)
    assert Sleep(0.5) == flow.send(Response(200))
    flow.send(None)
    with pytest.raises(StopIteration) as stop:
        flow.send(GOOD)
    assert "done" == stop.value.value


def test_with_retries_does_not_retry_wrong_use():
    """A `ConfigurationError` is no attempt."""
    trail = Trail()
    flow = with_retries(REQUEST, flat(), trail=trail)
    assert Now() == next(flow)
    flow.send(Instant(1.0, 1.0))
    with pytest.raises(ConfigurationError):
        flow.throw(ConfigurationError("wrong"))
    assert [] == trail.attempts


def test_no_pause_begins_that_would_end_after_the_deadline():
    """The last error is raised at once instead."""
    flow = with_retries(REQUEST, flat(), expires=10.0)
    assert Now() == next(flow)
    assert Send(REQUEST, 10.0) == flow.send(Instant(0.0, 5.0))
    assert Now() == flow.send(BUSY)
    assert Sleep(0.5) == flow.send(Instant(0.0, 9.4))
    assert Now() == flow.send(None)
    assert Send(REQUEST, 10.0) == flow.send(Instant(0.0, 9.9))
    assert Now() == flow.send(BUSY)
    with pytest.raises(APIError) as caught:
        flow.send(Instant(0.0, 9.95))
    assert 503 == caught.value.status_code


def test_no_attempt_begins_after_the_deadline():
    """A deadline that has passed is a timeout that knows the way so far."""
    trail = Trail()
    flow = with_retries(REQUEST, flat(), expires=10.0, trail=trail)
    moments = iter([5.0, 5.0, 6.0, 6.0, 11.0])
    effect = next(flow)
    with pytest.raises(APITimeoutError, match="deadline") as caught:
        while True:
            answers = {Now: lambda: Instant(0.0, next(moments)), Send: lambda: BUSY}
            answer = answers.get(type(effect), lambda: None)()
            effect = flow.send(answer)
    assert "deadline" == caught.value.phase
    assert [503] == [attempt.status_code for attempt in caught.value.meta.attempts]
    flow = with_retries(REQUEST, flat(), expires=10.0)
    next(flow)
    with pytest.raises(APITimeoutError):
        flow.send(Instant(0.0, 10.0))


def test_the_budget_ends_the_retries():
    """Each retry takes one and each success gives one back."""
    budget = RetryBudget(1)
    flow = with_retries(REQUEST, flat(budget=budget))
    next(flow)
    assert Sleep(0.5) == flow.send(BUSY)
    flow.send(None)
    with pytest.raises(APIError):
        flow.send(BUSY)
    good = with_retries(REQUEST, flat(budget=budget))
    next(good)
    with pytest.raises(StopIteration):
        good.send(GOOD)
    assert [True, False] == [budget.take(), budget.take()]


@given(st.lists(st.booleans()), st.integers(0, 5))
def test_a_budget_stays_between_zero_and_its_size(uses, size):
    """However takes and gives alternate."""
    budget = RetryBudget(size)
    for use in uses:
        budget.take() if use else budget.give()
        assert 0 <= budget.left <= size


def test_a_budget_without_size_has_no_end():
    """None turns it off."""
    budget = RetryBudget(None)
    assert all(budget.take() for _ in range(1000))
    budget.give()
    assert budget.take()


# Retry-After.


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({"retry-after": "7"}, 7.0),
        ({"retry-after": " 1.5 "}, 1.5),
        ({"retry-after": "2\x1f"}, 2.0),
        ({"retry-after": ".5"}, 0.5),
        ({"retry-after": "120"}, 120.0),
        ({"retry-after-ms": "1500", "retry-after": "7"}, 1.5),
        ({"retry-after-ms": "soon", "retry-after": "7"}, 7.0),
        ({"retry-after-ms": "0", "retry-after": "7"}, 7.0),
        ({"retry-after-ms": "0." + "0" * 321 + "1"}, None),
        *(
            ({"retry-after": text}, None)
            for text in (
                *("", "0", "-5", "+5", "1e3", "1_0", "nan", "inf", "1e400", "0x10"),
                *("٣", "soon", "5 s", "5, 5", "9" * 400, "Mon", "Tue, 99 Foo 2026"),
                *("Fri, 31 Feb 2026 10:00:00 GMT", "Mon, 01 Jan 99999 00:00:00 GMT"),
                "2026-11-22T10:00:00Z",
            )
        ),
    ],
)
def test_retry_after_reads_plain_decimals(headers, seconds):
    """What is no plain decimal number above zero counts as absent."""
    assert seconds == retry_after(Headers(headers), 0.0)


@pytest.mark.parametrize("form", ["usual", "rfc850", "asctime", "naive"])
def test_retry_after_reads_dates(form):
    """Each form of an HTTP date, and the past counts as absent."""
    date = datetime(2026, 11, 22, 10, 0, 5, tzinfo=timezone.utc)
    text = {
        "usual": format_datetime(date, usegmt=True),
        "rfc850": date.strftime("%A, %d-%b-%y %H:%M:%S GMT"),
        "asctime": date.strftime("%a %b %d %H:%M:%S %Y"),
        "naive": date.strftime("%a, %d %b %Y %H:%M:%S -0000"),
    }[form]
    now = (date - timedelta(seconds=5)).timestamp()
    assert 5.0 == retry_after({"retry-after": text}, now)
    assert retry_after({"retry-after": text}, now + 6) is None


TEXTS = st.text() | st.from_regex(r"[A-Z][a-z]{2}, \d+ [A-Z][a-z]{2} \d+ \d+:\d+:\d+.*")


@given(TEXTS, TEXTS, st.floats(0, 4e9))
def test_retry_after_never_raises(text, milliseconds, now):
    """Whatever a server writes: nothing, or a finite wait above zero."""
    headers = {"retry-after": text, "retry-after-ms": milliseconds}
    wait = retry_after(headers, now)
    assert wait is None or 0 < wait < math.inf


# Attempts.


def test_the_trail_notes_each_attempt():
    """Times, statuses, ids and errors are in `meta`, which pickles."""
    import pickle

    trail = Trail()
    trail.provider, trail.model, trail.dropped = "openai", "gpt", ("seed",)
    flow = with_retries(REQUEST, flat(), trail=trail)
    moment = 10.0
    effect = next(flow)
    answers = iter(
        [
            Response(503, {"x-gateway-request-id": "A"}, b'{"message": "busy"}'),
            APIConnectionError("cut"),
            Response(200, {"X-Gateway-Request-Id": "C"}),
        ]
    )
    with pytest.raises(StopIteration):
        while True:
            moment += 1
            answer = Instant(1000 + moment, moment) if effect == Now() else None
            if isinstance(effect, Send):
                answer = next(answers)
            raised = isinstance(answer, Exception)
            effect = flow.throw(answer) if raised else flow.send(answer)
    meta = trail.meta()
    assert ("C", 200, ("seed",)) == (meta.request_id, meta.status_code, meta.dropped)
    assert [(1, 503, "A"), (2, None, None), (3, 200, "C")] == [
        (one.number, one.status_code, one.request_id) for one in meta.attempts
    ]
    assert 10.0 == meta.elapsed
    assert [2.0] * 3 == [one.elapsed for one in meta.attempts]
    assert {("openai", "gpt")} == {(one.provider, one.model) for one in meta.attempts}
    assert ["busy", "cut", None] == [
        one.error and one.error.message for one in meta.attempts
    ]
    assert meta.attempts[2] == pickle.loads(pickle.dumps(meta)).attempts[2]


def test_the_trail_marks_errors_with_their_route():
    """The error of a route tells provider, model and all attempts."""
    trail = Trail()
    trail.provider, trail.model = "openai", "gpt"
    assert (None, 0.0, ()) == (
        trail.meta().request_id,
        trail.meta().elapsed,
        trail.meta().attempts,
    )
    flow = with_retries(REQUEST, flat(max_retries=0), trail=trail)
    next(flow)
    flow.send(Instant(0.0, 0.0))
    error = invalid_response(Response(200, {"x-gateway-request-id": "Z"}), "too large")
    flow.throw(error)
    with pytest.raises(APIError) as caught:
        flow.send(Instant(0.0, 1.0))
    found = caught.value
    assert ("openai", "gpt", "Z") == (found.provider, found.model, found.request_id)
    assert ("Z", 200) == (found.meta.request_id, found.meta.attempts[0].status_code)
    assert found is not found.meta.attempts[0].error
