"""Gateway keys: where a call carries one, and which ones are good."""

from __future__ import annotations

import secrets
from typing import TYPE_CHECKING, Final, Literal

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

KEY_PREFIX: Final = "gw_live_"
KeyHeader = Literal["authorization", "x-api-key"]


def new_key() -> str:
    """Return a key of the gateway's form: `gw_live_` and 48 hex characters."""
    return KEY_PREFIX + secrets.token_hex(24)


def key_in(headers: Mapping[str, str], header: KeyHeader) -> str | None:
    """
    Return the key that `header` carries, or None if it carries none.

    Args:
        headers: Of the request, with case-insensitive names.
        header: `authorization` counts only with the scheme `Bearer`.
    """
    value = headers.get(header, "").strip()
    if header == "authorization":
        scheme, _, value = value.partition(" ")
        if scheme.lower() != "bearer":
            return None
    return value.strip() or None


def carrier(headers: Mapping[str, str], expected: KeyHeader) -> KeyHeader | None:
    """Return which header carried a key: `expected` if it did, else the other one."""
    other: KeyHeader = "x-api-key" if expected == "authorization" else "authorization"
    for header in (expected, other):
        if key_in(headers, header):
            return header
    return None


class Keys:
    """
    The keys that the gateway knows.

    Args:
        known: Exactly these; None: every key that begins with `gw_live_`.

    Raises:
        ValueError: `known` is empty, so that no call could ever be let in.
    """

    def __init__(self, known: Iterable[str] | None = None) -> None:
        known = (known,) if isinstance(known, str) else known
        self._known = None if known is None else tuple(known)
        if self._known is not None and not all(self._known):
            raise ValueError("a key is empty; name keys that are not, or keys=None")
        if self._known == ():
            raise ValueError("keys is empty; name at least one key, or keys=None")

    def accepts(self, key: str | None) -> bool:
        """Say whether a call with this key is let in."""
        if key is None:
            return False
        if self._known is None:
            return key.startswith(KEY_PREFIX)
        return key in self._known

    def pick(self) -> str:
        """Return a key that is accepted: the first known one, or a new one."""
        return new_key() if self._known is None else self._known[0]
