"""Keys: where they come from, what is refused, how they stay hidden."""

import os
import pickle
import traceback
from functools import partial

import pytest

from sociaro_core.client import AsyncGateway, Gateway
from sociaro_core.credentials import Key, Secret
from sociaro_core.errors import ConfigurationError

KEY = "gw_live_literal_0123456789"


def test_a_key_is_trimmed():
    """A line break at the end of a file does not matter."""
    assert KEY == Key.of(f" {KEY}\r\n").get().reveal()


def test_the_environment_is_the_default(monkeypatch):
    """Without argument it is ``SOCIARO_API_KEY``; the argument wins."""
    monkeypatch.setenv("SOCIARO_API_KEY", f"{KEY}\n")
    assert KEY == Key.of(None).get().reveal()
    assert "other" == Key.of("other").get().reveal()
    monkeypatch.delenv("SOCIARO_API_KEY")
    with pytest.raises(ConfigurationError, match="SOCIARO_API_KEY"):
        Key.of(None)


@pytest.mark.parametrize("bad", ["", " \n", f"{KEY} x", f"{KEY}\0", f"{KEY}ä", 7, b"x"])
@pytest.mark.parametrize("make", [Key.of, Gateway, AsyncGateway])
def test_a_key_that_cannot_be_one_is_refused_and_not_quoted(bad, make):
    """Neither the message nor a local variable of any frame of ours shows it."""
    with pytest.raises(ConfigurationError) as caught:
        make(bad)
    frames = traceback.TracebackException.from_exception(
        caught.value, capture_locals=True
    )
    ours = [frame for frame in frames.stack if frame.filename != __file__]
    assert KEY not in str(caught.value)
    assert all(KEY not in str(frame.locals) for frame in ours)


def test_a_bad_key_of_the_environment_is_named(monkeypatch):
    """The message names the variable."""
    monkeypatch.setenv("SOCIARO_API_KEY", "a b")
    with pytest.raises(ConfigurationError, match="SOCIARO_API_KEY has characters"):
        Key.of(None)


@pytest.mark.parametrize("make", [Gateway, AsyncGateway])
def test_a_good_key_is_in_no_frame_when_another_argument_is_wrong(make):
    """A traceback of wrong use has the key in none of our local variables."""
    with pytest.raises(ConfigurationError, match="base_url") as caught:
        make(KEY, base_url="ftp://x")
    frames = traceback.TracebackException.from_exception(
        caught.value, capture_locals=True
    )
    assert all(KEY not in str(f.locals) for f in frames.stack if f.filename != __file__)


def test_a_function_is_called_for_each_attempt():
    """Its result is checked each time."""
    keys = iter(["a", " b "])
    key = Key.of(lambda: next(keys))
    assert ["a", "b"] == [key.get().reveal(), key.get().reveal()]


def test_keys_show_nothing():
    """No representation has a part of the key."""
    for thing in (Key.of(KEY), Key.of(KEY).get(), Key.of(lambda: KEY)):
        assert "gw_live" not in repr(thing) + str(thing)


def test_a_literal_key_does_not_pickle():
    """It would stand in clear in the pickle."""
    with pytest.raises(ConfigurationError, match="literal"):
        pickle.dumps(Key.of(KEY))
    with pytest.raises(ConfigurationError, match="not pickled"):
        pickle.dumps(Secret(KEY))


def test_other_keys_are_looked_up_again_on_loading(monkeypatch):
    """From the environment of that moment, or by the function."""
    monkeypatch.setenv("SOCIARO_API_KEY", "before")
    data = pickle.dumps(Key.of(None))
    monkeypatch.setenv("SOCIARO_API_KEY", "after")
    assert b"before" not in data
    assert "after" == pickle.loads(data).get().reveal()
    made = pickle.loads(pickle.dumps(Key.of(partial(os.getenv, "SOCIARO_API_KEY"))))
    assert "after" == made.get().reveal()


def test_a_lambda_does_not_pickle():
    """Pickle cannot import it."""
    with pytest.raises((pickle.PicklingError, AttributeError)):
        pickle.dumps(Key.of(lambda: KEY))


@pytest.mark.parametrize("sign", ["\\", "%25", "&#0", "\\u00", "0"])
def test_masking_a_long_run_of_escapes_takes_no_time(sign):
    """Quadratic time would make this one test take minutes."""
    text = "&\\%" + sign * 300_000
    assert text == Secret(KEY).mask(text)
