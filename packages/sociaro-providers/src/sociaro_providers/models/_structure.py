"""
Models out of JSON, by cattrs hooks that are generated once for each class.

Primitives pass through untouched. Where a model or a list of them is expected and
something else came, the raw value is kept: an odd field never makes an answer fail.
"""

# pyright: reportPrivateUsage=false

from __future__ import annotations

import functools
import types
import typing
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, TypeVar, Union, cast

from ._base import Model

if TYPE_CHECKING:
    from cattrs import Converter

__all__ = ["fill", "structure"]

M = TypeVar("M", bound=Model)

Build = Callable[[dict[str, Any]], Any]
Fill = Callable[[Model, dict[str, Any]], None]

_BUILDS: dict[type[Model], Build] = {}
_FILLS: dict[type[Model], Fill] = {}


def structure(cls: type[M], data: dict[str, Any]) -> M:
    """
    Return the model `cls` of a JSON object.

    Args:
        cls: A class made by `model`.
        data: Decoded JSON. Nested values are taken over, not copied.
    """
    build = _BUILDS.get(cls)
    if build is None:
        # The converter is asked once; from then on its hook is called directly.
        return _converter().structure(data, cls)
    return cast("M", build(data))


def fill(target: Model, fields: dict[str, Any]) -> None:
    """Set the fields of an object under construction."""
    _fill_of(type(target))(target, fields)


@functools.cache
def _converter() -> Converter:
    # Imported at the first answer: no program pays for it at its start.
    from cattrs import Converter

    converter = Converter(detailed_validation=False)
    converter.register_structure_hook_factory(_is_model, _hook)
    return converter


def _is_model(cls: Any) -> bool:
    return isinstance(cls, type) and issubclass(cls, Model)


def _hook(cls: type[Model]) -> Callable[[Any, Any], Any]:
    build = _build_of(cls)
    return lambda data, _: build(data)


def _build_of(cls: type[Model]) -> Build:
    if cls not in _BUILDS:
        head = ["def build(data):", "    self = new(cls)"]
        lines = [*head, *_body(cls), "    return self"]
        _BUILDS[cls] = cast("Build", _function("build", lines, cls))
    return _BUILDS[cls]


def _fill_of(cls: type[Model]) -> Fill:
    if cls not in _FILLS:
        lines = ["def fill(self, data):", *_body(cls)]
        _FILLS[cls] = cast("Fill", _function("fill", lines, cls))
    return _FILLS[cls]


def _body(cls: type[Model]) -> list[str]:
    """
    Return the lines that set every slot of `self` from `data`.

    Straight code without loops: a stream pays for it with every chunk.
    """
    lines = ["    sent = 0"]
    kinds = _kinds(cls)
    for name, bit in cls._bits.items():
        value = "v"
        if name in kinds and kinds[name][1]:
            each = f"build_{name}(i) if type(i) is dict else i"
            value = f"[{each} for i in v] if type(v) is list else v"
        elif name in kinds:
            value = f"build_{name}(v) if type(v) is dict else v"
        lines += [
            f"    if {name!r} in data:",
            f"        v = data[{name!r}]",
            f"        self.{name} = {value}",
            f"        sent |= {bit}",
            "    else:",
            f"        self.{name} = None",
        ]
    return [
        *lines,
        "    self._sent = sent",
        "    if sent.bit_count() == len(data):",
        "        self._extra = None",
        "    else:",
        "        self._extra = {k: data[k] for k in data if k not in bits}",
    ]


def _function(name: str, lines: list[str], cls: type[Model]) -> Any:
    scope: dict[str, Any] = {"cls": cls, "new": object.__new__, "bits": cls._bits}
    for field, (nested, _) in _kinds(cls).items():
        scope[f"build_{field}"] = _build_of(nested)
    # Only names of declared fields are in the source, nothing a server sent.
    exec("\n".join(lines), scope)  # noqa: S102
    return scope[name]


def _kinds(cls: type[Model]) -> dict[str, tuple[type[Model], bool]]:
    """Return the fields that are models: their class, and whether in a list."""
    kinds: dict[str, tuple[type[Model], bool]] = {}
    hints = typing.get_type_hints(cls)
    for name in cls._bits:
        for hint in _alternatives(hints[name]):
            if _is_model(hint):
                kinds[name] = (hint, False)
            elif typing.get_origin(hint) is list and _is_model(hint.__args__[0]):
                kinds[name] = (hint.__args__[0], True)
    return kinds


def _alternatives(hint: Any) -> tuple[Any, ...]:
    if typing.get_origin(hint) in (Union, types.UnionType):
        return typing.get_args(hint)
    return (hint,)
