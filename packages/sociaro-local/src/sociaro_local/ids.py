"""ULIDs: the ids that the gateway stamps on every response."""

from __future__ import annotations

import secrets
import time
from threading import Lock

_ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
_LENGTH = 26
_RANDOM_BITS = 80


def crockford(number: int) -> str:
    """Return `number` as the 26 Crockford base32 characters of a ULID."""
    shifts = range(5 * (_LENGTH - 1), -1, -5)
    return "".join(_ALPHABET[(number >> shift) & 31] for shift in shifts)


class Ulids:
    """
    A source of ULIDs, each greater than the one before, also inside one millisecond.

    Source: the ULID specification, "Monotonicity".
    """

    def __init__(self) -> None:
        self._last = 0
        self._lock = Lock()

    def __call__(self) -> str:
        """Return a new ULID that starts with the present Unix time in milliseconds."""
        stamp = time.time_ns() // 1_000_000
        fresh = stamp << _RANDOM_BITS | secrets.randbits(_RANDOM_BITS)
        with self._lock:
            behind = stamp <= self._last >> _RANDOM_BITS
            self._last = self._last + 1 if behind else fresh
            return crockford(self._last)
