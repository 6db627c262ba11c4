import pytest

from sociaro_local.answers import Answer
from sociaro_local.faults import (
    Delay,
    Failure,
    Fate,
    Script,
    StreamFault,
    fate_by_model,
)

CUT = StreamFault("cut", 2)


@pytest.fixture
def script():
    """Return an empty script."""
    return Script()


def taken(script, count=1, provider="openai", *, chat=True):
    """Return the fates of the next requests."""
    return [script.take(provider, chat=chat) for _ in range(count)]


def test_fate_is_empty_when_nothing_is_scripted(script):
    """Requests go their usual way."""
    assert [Fate()] == taken(script)


def test_effects_come_first_in_first_out_when_each_is_an_outcome(script):
    """One outcome a request."""
    script.add(Answer("a"))
    script.add(Failure(500))
    script.add(Answer("b"))
    expected = [
        Fate(answer=Answer("a")),
        Fate(failure=Failure(500)),
        Fate(answer=Answer("b")),
        Fate(),
    ]
    assert expected == taken(script, 4)


def test_effect_strikes_again_when_it_is_for_several_times(script):
    """What follows waits its turn."""
    script.add(Failure(500), times=2)
    script.add(Answer("a"))
    fates = taken(script, 3)
    assert [True, True, False] == [fate.failure is not None for fate in fates]
    assert Answer("a") == fates[2].answer


def test_delay_goes_with_what_is_scripted_after_it(script):
    """Two delays are for two requests."""
    script.add(Delay(1))
    script.add(Failure(500))
    script.add(Delay(2))
    script.add(Delay(3))
    expected = [
        Fate(delay=Delay(1), failure=Failure(500)),
        Fate(delay=Delay(2)),
        Fate(delay=Delay(3)),
    ]
    assert expected == taken(script, 3)


def test_stream_fault_goes_with_the_answer_scripted_before_it(script):
    """An answer after it is for the next request; so is a fault after a failure."""
    script.add(Delay(1))
    script.add(Answer("a"))
    script.add(CUT)
    script.add(Answer("b"))
    script.add(Failure(500))
    script.add(CUT)
    expected = [
        Fate(delay=Delay(1), answer=Answer("a"), fault=CUT),
        Fate(answer=Answer("b")),
        Fate(failure=Failure(500)),
        Fate(fault=CUT),
    ]
    assert expected == taken(script, 4)


def test_effect_waits_when_it_is_for_another_provider(script):
    """Requests to others pass by it."""
    script.add(Answer("a"), "anthropic")
    script.add(Answer("b"))
    assert [Fate(answer=Answer("b")), Fate()] == taken(script, 2)
    assert [Fate(answer=Answer("a"))] == taken(script, provider="anthropic")


def test_answers_wait_when_the_request_is_no_chat(script):
    """Failures and delays strike any request."""
    script.add(Answer("a"))
    script.add(CUT)
    script.add(Failure(500))
    assert [Fate(failure=Failure(500)), Fate()] == taken(script, 2, chat=False)
    assert [Fate(answer=Answer("a"), fault=CUT)] == taken(script)


def test_script_is_empty_when_it_was_cleared(script):
    """Providers are up again, too."""
    script.add(Answer("a"))
    script.set_down("openai", down=True)
    script.clear()
    assert [Fate()] == taken(script)
    assert not script.is_down("openai")


def test_provider_is_down_until_it_is_up(script):
    """Others are not touched."""
    script.set_down("openai", down=True)
    assert (True, False) == (script.is_down("openai"), script.is_down("alibaba"))
    script.set_down("openai", down=False)
    assert not script.is_down("openai")


def test_effect_is_refused_when_it_would_never_strike(script):
    """Zero times is a mistake."""
    with pytest.raises(ValueError, match="times must be 1 or more, not 0"):
        script.add(CUT, times=0)


@pytest.mark.parametrize(
    ("model", "expected"),
    [
        ("fail-503", Fate(failure=Failure(503))),
        ("slow-1.5", Fate(delay=Delay(1.5))),
        ("slow-2", Fate(delay=Delay(2.0))),
        ("cut-3", Fate(fault=StreamFault("cut", 3))),
        ("error-event-2", Fate(fault=StreamFault("error", 2))),
        ("hang-0", Fate(fault=StreamFault("hang", 0))),
        ("fail-200", Fate()),
        ("my-cut-3", Fate()),
        ("gpt-4o", Fate()),
        (None, Fate()),
    ],
)
def test_fate_is_told_by_the_model_when_its_name_is_special(model, expected):
    """Other names mean nothing."""
    assert expected == fate_by_model(model)


def test_fate_is_the_scripted_one_when_the_model_asks_for_another():
    """What the script leaves open comes from the model."""
    scripted = Fate(failure=Failure(500))
    expected = Fate(delay=Delay(1), failure=Failure(500))
    assert expected == scripted.over(Fate(delay=Delay(1), failure=Failure(503)))
