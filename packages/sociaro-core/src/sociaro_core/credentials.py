"""The gateway key: where it comes from, how it is sent, how it stays hidden."""

from __future__ import annotations

import inspect
import os
import re
from collections.abc import Awaitable, Callable
from contextvars import ContextVar
from typing import Any, NoReturn

import attrs

from .errors import ConfigurationError

__all__ = ["BEARER", "X_API_KEY", "Auth", "AuthStyle", "Key", "Secret"]

KeyCallable = Callable[[], str | Awaitable[str]]

ENVIRONMENT = "SOCIARO_API_KEY"
_FUNCTION = "the api_key function"


class Secret:
    """A checked key that shows itself in no representation and no pickle."""

    __slots__ = ("_pattern", "_value")

    def __init__(self, value: str) -> None:
        self._value = value
        self._pattern: re.Pattern[str] | None = None

    def reveal(self) -> str:
        """Return the key itself. Keep the result out of local variables."""
        return self._value

    def mask(self, text: str) -> str:
        """
        Return `text` with every echo of the key replaced.

        Found are the key itself, its spellings in JSON, URLs, HTML and Python, and a
        beginning of it where the text ends: a body that was cut.
        """
        text = text.replace(self._value, MASK)
        if any(sign in text for sign in ("\\", "%", "&")):
            if self._pattern is None:
                self._pattern = re.compile("".join(map(_spellings, self._value)))
            text = self._pattern.sub(MASK, text)
        for size in range(min(len(self._value), len(text)), _RECOGNIZABLE - 1, -1):
            if text.endswith(self._value[:size]):
                return text[:-size] + MASK
        return text

    def __repr__(self) -> str:
        return "<secret>"

    def __reduce__(self) -> NoReturn:
        raise ConfigurationError(
            "a key is not pickled; take it from SOCIARO_API_KEY or a callable"
        )


MASK = "gw_***"
_RECOGNIZABLE = 12

_NAMED = {'"': "quot", "&": "amp", "<": "lt", ">": "gt", "'": "apos"}


def _spellings(char: str) -> str:
    """
    Return the pattern of one character, however it is escaped.

    Repeats are bounded: a long run of backslashes must not take quadratic time.
    """
    number = ord(char)
    ways = [
        rf"\\{{0,8}}{re.escape(char)}",
        rf"\\{{1,8}}(?:u00|x)(?i:{number:02x})",
        rf"%(?:25){{0,4}}(?i:{number:02x})",
        rf"&\#0{{0,8}}{number};",
        rf"&\#[xX]0{{0,8}}(?i:{number:x});",
    ]
    if char in _NAMED:
        ways.append(f"&{_NAMED[char]};")
    return f"(?:{'|'.join(ways)})"


# The key of the request under way, for what masks log lines.
IN_USE: ContextVar[Secret | None] = ContextVar("sociaro_key_in_use", default=None)


def checked(key: object, source: str) -> Secret:
    """
    Return the key as a `Secret`, outer spaces removed.

    Args:
        key: What the user gave or the callable returned.
        source: Named in the error, which never quotes the key.

    Raises:
        ConfigurationError: Not a string, empty, or not printable ASCII without
            inner space. The form of a key is the gateway's business.
    """
    try:
        return Secret(_trimmed(key, source))
    finally:
        # A traceback may print local variables.
        del key


def _trimmed(key: object, source: str) -> str:
    try:
        if inspect.iscoroutine(key):
            key.close()
            raise ConfigurationError(f"{source} is async: that needs the async client")
        if not isinstance(key, str):
            kind = type(key).__name__
            raise ConfigurationError(f"{source} gave {kind} instead of str")
        if not key.strip():
            raise ConfigurationError(f"{source} is empty")
        if not _PRINTABLE.fullmatch(key.strip()):
            raise ConfigurationError(
                f"{source} has characters that no key has: only printable ASCII "
                "without spaces is possible"
            )
        return key.strip()
    finally:
        del key


_PRINTABLE = re.compile("[!-~]+")


@attrs.frozen(repr=False)
class Key:
    """
    Where the key comes from: a string, the environment, or the caller's function.

    A literal key does not pickle. One of the environment, or of a function that
    pickle can import, is looked up again where the pickle is loaded.
    """

    secret: Secret | None
    function: KeyCallable | None = None
    from_environment: bool = False

    @classmethod
    def of(cls, api_key: str | KeyCallable | None) -> Key:
        """
        Return the key the user meant; None means ``SOCIARO_API_KEY``.

        Raises:
            ConfigurationError: There is none, or it cannot be a key.
        """
        try:
            if callable(api_key):
                return cls(None, api_key)
            if api_key is not None:
                return cls(checked(api_key, "api_key"))
            if ENVIRONMENT not in os.environ:
                raise ConfigurationError(
                    f"no API key: pass api_key=... or set {ENVIRONMENT}"
                )
            return cls(
                checked(os.environ[ENVIRONMENT], ENVIRONMENT), from_environment=True
            )
        finally:
            del api_key

    def get(self) -> Secret:
        """Return the key for one attempt; a function is called each time."""
        if self.secret is not None:
            return self.secret
        return checked(self._called(), _FUNCTION)

    async def aget(self) -> Secret:
        """Return the key for one attempt; an async function is awaited."""
        if self.secret is not None:
            return self.secret
        answer = self._called()
        try:
            if inspect.isawaitable(answer):
                return checked(await answer, _FUNCTION)
            return checked(answer, _FUNCTION)
        finally:
            del answer

    def _called(self) -> object:
        return None if self.function is None else self.function()

    def __repr__(self) -> str:
        return "Key(***)"

    def __reduce__(self) -> tuple[Any, ...]:
        if self.from_environment:
            return Key.of, (None,)
        if self.function is not None:
            return Key.of, (self.function,)
        raise ConfigurationError(
            "a client with a literal api_key does not pickle: leave the key to "
            f"{ENVIRONMENT}, or pass a function that returns it"
        )


@attrs.frozen
class AuthStyle:
    """The header a provider expects the key in, and what stands before it."""

    header: str
    prefix: str = ""


BEARER = AuthStyle("Authorization", "Bearer ")
X_API_KEY = AuthStyle("x-api-key")


@attrs.frozen
class Auth:
    """Where one request carries the key, and where the key comes from."""

    style: AuthStyle
    key: Key
