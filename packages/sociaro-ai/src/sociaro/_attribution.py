"""Tags that say whom a call is for: checked, and sent as ``X-Attr-*`` headers."""

from __future__ import annotations

import re
from collections.abc import Mapping
from contextvars import ContextVar
from typing import TYPE_CHECKING

import attrs

from sociaro_core.addresses import header_value
from sociaro_core.errors import ConfigurationError
from sociaro_core.wire import Headers

if TYPE_CHECKING:
    from types import TracebackType

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]*")
_LONGEST = 2048
_NONE = Headers()


@attrs.frozen
class _Scope:
    """The tags in force, and the scope around."""

    headers: Headers
    outer: _Scope | None


_scope: ContextVar[_Scope | None] = ContextVar("sociaro_attribution", default=None)


def attribution_headers(tags: object, source: str) -> Headers:
    """
    Return the headers that carry `tags`: ``team_name`` becomes ``X-Attr-Team-Name``.

    Args:
        tags: A mapping of names to values, or None.
        source: Named in the error.

    Raises:
        ConfigurationError: A name is not ``[A-Za-z0-9][A-Za-z0-9_-]*``, or a value not
            printable ASCII without outer spaces, up to 2,048 characters.
    """
    if tags is None:
        return _NONE
    if not isinstance(tags, Mapping):
        raise ConfigurationError(f"{source} is a mapping of tags to values")
    pairs: dict[str, tuple[str, str]] = {}
    for name, value in tags.items():
        if not isinstance(name, str) or not _NAME.fullmatch(name):
            raise ConfigurationError(
                f"{source}: the tag {name!r} is not made of letters, digits, _ and -"
            )
        header = _header(name)
        what = f"{source}: the value of tag {name!r}"
        pairs[header.lower()] = (header, header_value(value, what, _LONGEST))
    return Headers(pairs.values())


def _header(name: str) -> str:
    words = name.replace("_", "-").split("-")
    return "-".join(("X-Attr", *(word[:1].upper() + word[1:] for word in words)))


def current_attribution() -> Headers:
    """Return the headers of the `attribution` scopes around the call."""
    scope = _scope.get()
    return _NONE if scope is None else scope.headers


class attribution:  # noqa: N801 - reads as a statement: with attribution(team="x")
    """
    Tag every call inside the ``with`` block; it follows tasks.

    ```python
    with sociaro.attribution(team="growth", feature="chat"):
        client.chat.completions.create(...)
    ```

    An inner scope goes on top of an outer one, a call's own tags on top of both.

    Args:
        tags: Names to values, where a name is no Python identifier.
        more: The same as keywords.

    Raises:
        ConfigurationError: A tag cannot stand in a header.
    """

    def __init__(self, tags: Mapping[str, str] | None = None, /, **more: str) -> None:
        self._headers = attribution_headers(tags, "attribution").merged(
            attribution_headers(more, "attribution")
        )

    def __enter__(self) -> None:
        outer = _scope.get()
        _scope.set(_Scope(current_attribution().merged(self._headers), outer))

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        # No token: one object may be in use in several tasks and threads at once.
        scope = _scope.get()
        _scope.set(None if scope is None else scope.outer)
