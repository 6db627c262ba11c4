"""What the user wants, in OpenAI shape, before any provider is chosen."""

from __future__ import annotations

import json
import math
from collections.abc import Iterable, Iterator, Mapping, Sequence, ValuesView
from typing import Any, TypeAlias, cast

import attrs

from sociaro_core.errors import ConfigurationError
from sociaro_core.wire import Headers, encode_json

from .models import Model

__all__ = ["ChatCall", "body_of", "plain"]

# Where a value stands: the place around it, and its key in there. Written out as
# text only for an error.
Place: TypeAlias = "tuple[Any, str | int] | str"

_DEEPEST = 200
_SDKS = ("openai.", "anthropic.")
_SENTINELS = frozenset({"NotGiven", "Omit"})
_BYTES = (bytes, bytearray, memoryview)


def plain(value: Any, place: str = "value") -> Any:
    """
    Return `value` as what JSON has, a copy through and through.

    Models of ours, and objects with `model_dump` or `to_dict`, become dicts; tuples,
    generators and the like become lists. Where a mapping holds a sentinel of `openai`
    (an instance of a class named `NotGiven` or `Omit`) the key is left out.

    Args:
        value: Never changed.
        place: What the value is called in errors.

    Raises:
        ConfigurationError: JSON cannot write it: bytes, NaN, a cycle or anything
            deeper than 200 levels, a foreign object. The message names the place.
    """
    try:
        return _plain(value, place, 0)
    except RecursionError:
        raise ConfigurationError(
            f"{place or 'a parameter'} is nested too deeply"
        ) from None


def body_of(value: dict[str, Any]) -> bytes:
    """
    Return a request body as JSON in UTF-8.

    Args:
        value: Of what `plain` gives.

    Raises:
        ConfigurationError: JSON cannot write it.
    """
    try:
        return encode_json(value)
    except (TypeError, ValueError, RecursionError) as exc:
        raise ConfigurationError(
            f"the request cannot be written as JSON: {type(exc).__name__}"
        ) from exc


def _plain(value: Any, place: Place, depth: int) -> Any:
    kind = type(value)
    if kind is str or kind is int or kind is bool or value is None:
        return value
    if depth > _DEEPEST:
        raise ConfigurationError(
            f"{_written(place)} is nested deeper than {_DEEPEST} levels, "
            "or contains itself"
        )
    if isinstance(value, float):
        if not math.isfinite(value):
            raise ConfigurationError(f"{_written(place)} is {value}: not in JSON")
        return float(value)
    if isinstance(value, (str, int)):
        # An enum of strings or numbers is written as its value.
        return str.__str__(value) if isinstance(value, str) else int(value)
    return _container(value, place, depth)


def _container(value: Any, place: Place, depth: int) -> Any:
    if isinstance(value, (Mapping, Model)):
        items = cast("Mapping[Any, Any]", value).items()
        return {
            _key(key, place): _plain(item, (place, key), depth + 1)
            for key, item in items
            if type(item).__name__ not in _SENTINELS
        }
    if isinstance(value, (Sequence, ValuesView, Iterator)) and not isinstance(
        value, _BYTES
    ):
        entries = cast("Iterable[Any]", value)
        return [
            _plain(item, (place, n), depth + 1)
            for n, item in enumerate(entries)
            if type(item).__name__ not in _SENTINELS
        ]
    return _plain(_dumped(value, place), place, depth + 1)


def _dumped(value: Any, place: Place) -> Any:
    dump = getattr(value, "model_dump", None)
    to_dict = getattr(value, "to_dict", None)
    if isinstance(value, type) or not (callable(dump) or callable(to_dict)):
        raise ConfigurationError(
            f"{_written(place)} is {_article(value)}, which JSON cannot carry"
        )
    if not callable(dump):
        return cast("Any", to_dict)()
    # What openai's own classes were not sent they fill with None; others have defaults
    # of their own, such as a role.
    options = (
        {"exclude_unset": True} if type(value).__module__.startswith(_SDKS) else {}
    )
    try:
        return dump(mode="json", **options)
    except TypeError:
        return dump()


def _article(value: Any) -> str:
    if isinstance(value, type):
        return f"the class {value.__name__}"
    return f"of type {type(value).__name__}"


def _key(key: Any, place: Place) -> str:
    if isinstance(key, str):
        return str.__str__(key)
    if isinstance(key, (int, float)) or key is None:
        # What json.dumps would make of it.
        return json.dumps(_plain(key, (place, str(key)), 0))
    raise ConfigurationError(
        f"{_written(place)} has a key of type {type(key).__name__}: JSON has strings"
    )


def _written(place: Place) -> str:
    if isinstance(place, str):
        return place
    around, key = place
    step = f"[{key}]" if isinstance(key, int) else f".{key}"
    return f"{_written(around)}{step}".removeprefix(".")


def _messages(value: Any) -> list[Any]:
    alone = isinstance(value, (str, Mapping, Model, *_BYTES)) or hasattr(
        value, "model_dump"
    )
    if alone or not isinstance(value, Iterable):
        raise ConfigurationError(
            "messages is a list of messages, such as "
            f'[{{"role": "user", "content": "..."}}], not {type(value).__name__}'
        )
    return cast("list[Any]", plain(list(value), "messages"))


def _params(value: Mapping[str, Any]) -> dict[str, Any]:
    return cast("dict[str, Any]", plain(value, ""))


def _extra_body(value: Any) -> dict[str, Any] | None:
    if value is None or type(value).__name__ in _SENTINELS:
        return None
    made = plain(value, "extra_body")
    if not isinstance(made, dict):
        raise ConfigurationError(f"extra_body is a dict, not {type(value).__name__}")
    return cast("dict[str, Any]", made)


@attrs.frozen
class ChatCall:
    """
    One wish for chat, the same for every route of a chain.

    Args:
        messages: List of ``{"role", "content"}``, models of ours or of `openai`.
            Any iterable; read once, and made plain as `plain` says.
        params: The other keyword arguments as given, None included.
        stream: Whether the answer comes in chunks.
        headers: Extra headers of the user, as far as the dialect must know them.
        extra_body: Laid over the body last, key by key.

    Raises:
        ConfigurationError: Something JSON cannot write; `messages` is no list.
    """

    messages: list[Any] = attrs.field(converter=_messages, repr=False)
    params: Mapping[str, Any] = attrs.field(
        factory=dict[str, Any], converter=_params, repr=False
    )
    stream: bool = False
    headers: Headers = attrs.field(factory=Headers)
    extra_body: Mapping[str, Any] | None = attrs.field(
        default=None, converter=_extra_body, repr=False
    )

    @property
    def include_usage(self) -> bool:
        """Whether the user asked for chunks that carry usage only."""
        options = {**self.params, **(self.extra_body or {})}.get("stream_options")
        return isinstance(options, dict) and bool(
            cast("dict[str, Any]", options).get("include_usage")
        )
