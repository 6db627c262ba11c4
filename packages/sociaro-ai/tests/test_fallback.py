import pytest

from sociaro._fallback import advances, first_success
from sociaro._routes import resolve
from sociaro_core.attempts import Trail
from sociaro_core.effects import sleep
from sociaro_core.errors import (
    AllProvidersFailed,
    APIConnectionError,
    APIError,
    APITimeoutError,
    BadRequestError,
    ConfigurationError,
    RateLimitError,
    status_error,
)


def error(status, **more):
    return status_error(status)("no", status_code=status, **more)


SPENT = {"error": {"details": {"error_code": "enforced_spend_limit_reached"}}}


@pytest.mark.parametrize(
    ("failure", "expected"),
    [
        *[(error(status), True) for status in (408, 429, 500, 501, 502, 503, 504, 529)],
        *[
            (error(status), False)
            for status in (301, 600, 400, 401, 403, 404, 409, 410, 413, 422, 425, 451)
        ],
        (error(402), True),
        (error(402, type="budget_exceeded"), False),
        (APIConnectionError("x", phase="connect"), True),
        (APIConnectionError("x"), True),
        (APITimeoutError("x"), True),
        (APITimeoutError("x", phase="pool"), False),
        (APITimeoutError("x", phase="deadline"), False),
        (APIError("x", status_code=200, code="invalid_response"), False),
        (ConfigurationError("x"), False),
    ],
)
def test_advances_by_what_failed(failure, expected):
    """The table of what lets a chain go on."""
    assert expected is advances(failure, on_rate_limit=True)


def test_advances_without_rate_limits_stops_at_429_but_for_a_spend_limit():
    """A spend limit is not a matter of waiting: another provider may serve."""
    assert not advances(error(429), on_rate_limit=False)
    assert advances(error(429, body=SPENT), on_rate_limit=False)


def chain(outcomes, on_rate_limit=True):
    """Play a chain whose routes give `outcomes`."""
    routes = resolve({}, [f"openai/m{n}" for n in range(len(outcomes))])
    tried = []

    def one(route):
        tried.append(route.name)
        yield from sleep(0)
        outcome = outcomes[len(tried) - 1]
        if isinstance(outcome, BaseException):
            raise outcome
        return outcome

    flow = first_success(routes, one, Trail(), on_rate_limit=on_rate_limit)
    try:
        while True:
            next(flow)
    except StopIteration as stop:
        return stop.value, tried


def test_first_success_when_the_second_route_answers_returns_it():
    """The first failure lets the second route answer; the third is not asked."""
    assert ("yes", ["openai/m0", "openai/m1"]) == chain([error(503), "yes", "no"])


def test_first_success_when_all_fail_collects_the_errors_in_order():
    """The message lists routes and reasons, the last error is the cause."""
    failures = [error(503), APIConnectionError("refused"), RateLimitError("slow")]
    failures[2].status_code = 429
    with pytest.raises(AllProvidersFailed) as caught:
        chain(failures)
    assert tuple(failures) == caught.value.errors
    assert failures[2] is caught.value.__cause__
    for text in ("openai/m0", "ProviderUnavailableError", "refused", "openai/m2"):
        assert text in str(caught.value)


def test_first_success_when_a_terminal_error_comes_raises_it():
    """A 400 ends the chain at once, whatever came before."""
    with pytest.raises(BadRequestError) as caught:
        chain([error(503), error(400), "never"])
    assert 400 == caught.value.status_code


def test_first_success_with_one_route_raises_its_own_error():
    """A chain of one is no chain."""
    with pytest.raises(APIConnectionError):
        chain([APIConnectionError("refused")])


def test_first_success_when_the_deadline_passes_names_the_error_before_it():
    """The deadline ends the chain; what failed before is its cause."""
    first = error(503)
    with pytest.raises(APITimeoutError) as caught:
        chain([first, APITimeoutError("too late", phase="deadline")])
    assert first is caught.value.__cause__
