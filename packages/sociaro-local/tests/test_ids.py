import re
import time

from sociaro_local.ids import Ulids, crockford


def test_crockford_is_26_characters_for_the_smallest_and_the_greatest():
    """The whole range of 128 bits fits, most significant first."""
    assert "0" * 26 == crockford(0)
    assert "7" + "Z" * 25 == crockford(2**128 - 1)
    assert "0" * 24 + "10" == crockford(32)


def test_ulids_grow_when_many_are_made_in_a_millisecond():
    """Each id is greater than the one before."""
    new = Ulids()
    made = [new() for _ in range(5000)]
    assert made == sorted(set(made))
    assert all(re.fullmatch(r"[0-7][0-9A-HJKMNP-TV-Z]{25}", ulid) for ulid in made)


def test_ulid_tells_the_time_when_it_is_made():
    """The first ten characters are milliseconds of Unix time."""
    before = time.time_ns() // 1_000_000
    ulid = Ulids()()
    after = time.time_ns() // 1_000_000
    assert crockford(before << 80)[:10] <= ulid[:10] <= crockford(after << 80)[:10]
