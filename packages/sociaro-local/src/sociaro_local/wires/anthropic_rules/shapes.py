"""Shapes of JSON values: small checks that make up the shape of a request."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any, Final, NoReturn

from sociaro_local.wires.reading import refuse

Check = Callable[[Any, str], None]
"""Refuses a value that is not as it should be; the second argument is its path."""

Fields = Mapping[str, Check]


def wrong(path: str, message: str) -> NoReturn:
    """
    Refuse the request because of what is at a path.

    Raises:
        Refused: Always.
    """
    refuse(f"{path}: {message}", path)


def anything(_value: Any, _path: str) -> None:
    """Accept any value."""


def of_type(kinds: type | tuple[type, ...], name: str) -> Check:
    """Return a check for values of some types; a bool is no number."""

    def check(value: Any, path: str) -> None:
        odd = isinstance(value, bool) and kinds is not bool
        if odd or not isinstance(value, kinds):
            wrong(path, f"Input should be {name}")

    return check


boolean: Final = of_type(bool, "a valid boolean")
dictionary: Final = of_type(dict, "a valid dictionary")
_integer: Final = of_type(int, "a valid integer")
_list: Final = of_type(list, "a valid list")
_number: Final = of_type((int, float), "a valid number")
_object: Final = of_type(dict, "an object")
_string: Final = of_type(str, "a valid string")


def text(
    *, pattern: str | None = None, least: int = 0, most: int | None = None
) -> Check:
    """Return a check for strings with a pattern and a length."""

    def check(value: Any, path: str) -> None:
        _string(value, path)
        if len(value) < least:
            wrong(path, f"String should have at least {least} character")
        if most is not None and len(value) > most:
            wrong(path, f"String should have at most {most} characters")
        if pattern and not re.search(pattern, value):
            wrong(path, f"String should match pattern '{pattern}'")

    return check


def integer(least: int | None = None) -> Check:
    """Return a check for integers from `least` on."""

    def check(value: Any, path: str) -> None:
        _integer(value, path)
        _from(least, value, path)

    return check


def number(least: float, most: float) -> Check:
    """Return a check for numbers from `least` to `most`."""

    def check(value: Any, path: str) -> None:
        _number(value, path)
        _from(least, value, path)
        if value > most:
            wrong(path, f"Input should be less than or equal to {most:g}")

    return check


def _from(least: float | None, value: float, path: str) -> None:
    if least is not None and value < least:
        wrong(path, f"Input should be greater than or equal to {least:g}")


def one_of(*values: str) -> Check:
    """Return a check for some strings."""
    quoted = [f"'{value}'" for value in values]
    names = " or ".join(filter(None, [", ".join(quoted[:-1]), quoted[-1]]))

    def check(value: Any, path: str) -> None:
        if value not in values:
            wrong(path, f"Input should be {names}")

    return check


def array(item: Check, least: int = 0) -> Check:
    """Return a check for lists of at least so many items."""

    def check(value: Any, path: str) -> None:
        _list(value, path)
        if len(value) < least:
            wrong(path, f"List should have at least {least} item")
        for index, one in enumerate(value):
            item(one, f"{path}.{index}")

    return check


def nullable(check: Check) -> Check:
    """Return a check that accepts null, too."""
    return lambda value, path: None if value is None else check(value, path)


def either(string: Check, other: Check) -> Check:
    """Return a check for a string or something else."""
    return lambda value, path: (string if isinstance(value, str) else other)(
        value, path
    )


def record(required: Fields, optional: Fields | None = None) -> Check:
    """Return a check for objects with some keys and no others."""
    fields = {**required, **(optional or {})}

    def check(value: Any, path: str) -> None:
        _object(value, path)
        prefix = f"{path}." if path else ""
        for key in required:
            if key not in value:
                wrong(f"{prefix}{key}", "Field required")
        for key, item in value.items():
            if key not in fields:
                wrong(f"{prefix}{key}", "Extra inputs are not permitted")
            fields[key](item, f"{prefix}{key}")

    return check


def tagged(cases: Mapping[str, Check], default: str | None = None) -> Check:
    """
    Return a check for objects whose `type` says which case they are.

    Args:
        cases: The checks by `type`; they see the type at the end of the path.
        default: The type of objects that have none; None: they must have one.
    """

    def check(value: Any, path: str) -> None:
        _object(value, path)
        tag = value.get("type", default)
        if tag is None and "type" not in value:
            wrong(f"{path}.type", "Field required")
        if not isinstance(tag, str) or tag not in cases:
            names = ", ".join(f"'{name}'" for name in cases)
            wrong(
                path,
                f"Input tag '{tag}' found using 'type' does not match any of the"
                f" expected tags: {names}",
            )
        cases[tag](value, f"{path}.{tag}")

    return check


def typed(required: Fields, optional: Fields | None = None) -> Check:
    """Return a check for objects as `record` does, with a `type` of any name."""
    return record(required, {"type": anything, **(optional or {})})
