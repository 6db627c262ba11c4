import re

import pytest

from sociaro_local.keys import Keys, carrier, key_in, new_key


def test_new_key_has_the_form_of_the_gateway():
    """A key is a prefix and 48 hex characters, and never the same."""
    assert re.fullmatch(r"gw_live_[0-9a-f]{48}", new_key())
    assert new_key() != new_key()


@pytest.mark.parametrize(
    ("headers", "expected"),
    [
        ({"authorization": "Bearer k"}, "k"),
        ({"authorization": "bearer  k "}, "k"),
        ({"authorization": "Basic k"}, None),
        ({"authorization": "Bearer"}, None),
        ({"x-api-key": "k"}, None),
        ({}, None),
    ],
)
def test_key_is_found_in_authorization_when_the_scheme_is_bearer(headers, expected):
    """Another scheme, an empty key, another header: no key."""
    assert expected == key_in(headers, "authorization")


def test_key_is_found_in_x_api_key_when_it_is_there():
    """The header holds nothing but the key."""
    assert "k" == key_in({"x-api-key": " k "}, "x-api-key")
    assert None is key_in({"x-api-key": " "}, "x-api-key")


def test_carrier_is_the_expected_header_when_both_carry_a_key():
    """The other header counts only when the expected one has none."""
    both = {"x-api-key": "k", "authorization": "Bearer k"}
    assert "x-api-key" == carrier(both, "x-api-key")
    assert "authorization" == carrier(both, "authorization")
    assert "x-api-key" == carrier({"x-api-key": "k"}, "authorization")
    assert "authorization" == carrier({"authorization": "Bearer k"}, "x-api-key")
    assert None is carrier({}, "x-api-key")


def test_keys_accept_the_prefix_when_none_are_known():
    """Anything that begins like a gateway key is good."""
    keys = Keys()
    assert keys.accepts("gw_live_x")
    assert not keys.accepts("sk-x")
    assert not keys.accepts(None)
    assert keys.accepts(keys.pick())


def test_keys_accept_exactly_the_known_when_some_are():
    """One key may be given as it is; the first is picked."""
    assert Keys("a").accepts("a")
    keys = Keys(["b", "a"])
    assert "b" == keys.pick()
    assert keys.accepts("a")
    assert not keys.accepts("gw_live_x")


@pytest.mark.parametrize("known", [[], [""], "", ["a", ""]])
def test_keys_are_refused_when_none_or_an_empty_one_is_named(known):
    """A gateway that lets nobody in, or everybody, is a mistake."""
    with pytest.raises(ValueError, match="empty"):
        Keys(known)
