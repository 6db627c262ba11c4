"""What all models share: three ways of access, unknown fields kept, no surprises."""

from __future__ import annotations

import copyreg
import json
import reprlib
import sys
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, ClassVar, TypeVar, cast

import attrs

from sociaro_core.errors import SociaroError

if sys.version_info >= (3, 11):
    from typing import Self, dataclass_transform
else:
    from typing_extensions import Self, dataclass_transform

if TYPE_CHECKING:
    from sociaro_core.attempts import Meta

__all__ = ["Answer", "Model", "model"]

M = TypeVar("M", bound="Model")


@dataclass_transform(kw_only_default=True)
def model(cls: type[M]) -> type[M]:
    """Make `cls`, a `Model` with annotated fields, an attrs class with slots."""
    return attrs.define(
        init=False,
        repr=False,
        eq=False,
        getstate_setstate=False,
        weakref_slot=False,
    )(cls)


class Model:  # noqa: PLW1641 - mutable, so it has no hash
    """
    JSON from a provider, as attributes, as keys and as a dict.

    A declared field that was not sent reads as None. Unknown fields are kept and are
    attributes and keys as well; any other name raises `AttributeError`, any other key
    `KeyError`. Methods win over fields of the same name; ``[...]`` reaches everything.
    `to_dict`, ``in`` and `keys` tell exactly what was sent.

    Models are mutable, compare by value, pickle and copy.

    Args:
        **fields: As the provider would send them; dicts become models where a field
            is one.
    """

    # _sent has one bit for each declared field that was sent: only with it a null is
    # told from an absent field. _extra holds the unknown fields, None without any.
    __slots__ = ("_extra", "_sent")

    _extra: dict[str, Any] | None
    _sent: int
    _bits: ClassVar[dict[str, int]] = {}

    def __init_subclass__(cls) -> None:
        fields = getattr(cls, "__attrs_attrs__", ())
        cls._bits = {field.name: 1 << n for n, field in enumerate(fields)}

    def __init__(self, /, **fields: Any) -> None:
        from ._structure import fill

        fill(self, fields)

    def __getattr__(self, name: str) -> Any:
        if name in self._bits:
            return None
        # Python asks for special names (copy, pickle); no server may answer that.
        # An object under construction has no _extra yet, hence no plain access.
        if not name.startswith("__"):
            extra = object.__getattribute__(self, "_extra")
            if extra is not None and name in extra:
                return extra[name]
        raise AttributeError(f"{type(self).__name__} has no field {name!r}")

    def __getitem__(self, key: str) -> Any:
        if key in self._bits:
            return getattr(self, key)
        if self._extra is not None and key in self._extra:
            return self._extra[key]
        raise KeyError(key)

    def __contains__(self, key: object) -> bool:
        if not isinstance(key, str):
            return False
        bit = self._bits.get(key)
        if bit is not None:
            return bool(self._sent & bit) or getattr(self, key) is not None
        return self._extra is not None and key in self._extra

    def __iter__(self) -> Iterator[str]:
        return (name for name, _ in self.items())

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Model) or type(self) is not type(other):
            return NotImplemented
        return dict(self.items()) == dict(other.items())

    @reprlib.recursive_repr()
    def __repr__(self) -> str:
        shown = (f"{name}={_short.repr(value)}" for name, value in self.items())
        return f"{type(self).__name__}({', '.join(shown)})"

    def __reduce__(self) -> tuple[Any, ...]:
        return copyreg.__newobj__, (type(self),), self.__getstate__()  # type: ignore[attr-defined]

    def __getstate__(self) -> dict[str, Any]:
        return {"fields": dict(self.items())}

    def __setstate__(self, state: dict[str, Any]) -> None:
        sent, extra = 0, {}
        bits = self._bits
        for name in bits:
            setattr(self, name, None)
        for name, value in state["fields"].items():
            if name in bits:
                setattr(self, name, value)
                sent |= bits[name]
            else:
                extra[name] = value
        self._sent = sent
        self._extra = extra or None

    def keys(self) -> list[str]:
        """Return the names of the fields that were sent, or set since."""
        return list(self)

    def values(self) -> list[Any]:
        """Return the values of the fields that were sent, or set since."""
        return [value for _, value in self.items()]

    def items(self) -> Iterator[tuple[str, Any]]:
        """Yield name and value of each field that was sent, or set since."""
        sent = self._sent
        for name, bit in self._bits.items():
            value = getattr(self, name)
            if value is not None or sent & bit:
                yield name, value
        if self._extra is not None:
            yield from self._extra.items()

    def get(self, key: str, default: Any = None) -> Any:
        """Return the field `key`, or `default` if it was not sent."""
        return self[key] if key in self else default  # noqa: SIM401 - this is it

    def to_dict(self, *, exclude_none: bool = False) -> dict[str, Any]:
        """
        Return what was sent as plain dicts and lists, a copy through and through.

        Args:
            exclude_none: Leave out the fields that are None, at every level.
        """
        return {
            name: _plain(value, exclude_none)
            for name, value in self.items()
            if value is not None or not exclude_none
        }

    def to_json(self, *, indent: int | None = 2, exclude_none: bool = False) -> str:
        """
        Return what was sent as JSON.

        Args:
            indent: Spaces for each level; None gives one line.
            exclude_none: Leave out the fields that are None, at every level.
        """
        data = self.to_dict(exclude_none=exclude_none)
        text = json.dumps(data, ensure_ascii=False, indent=indent)
        if text.isascii() or not _has_surrogates(text):
            return text
        # A half of a surrogate pair cannot be written as UTF-8, only escaped.
        return json.dumps(data, indent=indent)

    def model_dump(
        self,
        *,
        mode: str = "python",
        exclude_none: bool = False,
        exclude_unset: bool = True,
    ) -> dict[str, Any]:
        """
        Return `to_dict`, for code that was written for `openai`.

        Args:
            mode: ``"python"`` or ``"json"``; they are the same here.
            exclude_none: Leave out the fields that are None, at every level.
            exclude_unset: Fields that were not sent are left out in any case.
        """
        del mode, exclude_unset
        return self.to_dict(exclude_none=exclude_none)

    def model_dump_json(
        self,
        *,
        indent: int | None = None,
        exclude_none: bool = False,
        exclude_unset: bool = True,
    ) -> str:
        """
        Return `to_json` on one line, for code that was written for `openai`.

        Args:
            indent: Spaces for each level; None gives one line.
            exclude_none: Leave out the fields that are None, at every level.
            exclude_unset: Fields that were not sent are left out in any case.
        """
        del exclude_unset
        return self.to_json(indent=indent, exclude_none=exclude_none)


class Answer(Model):
    """A model that came as one whole answer, with `meta` beside its fields."""

    __slots__ = ("_meta",)

    _meta: Any

    @property
    def meta(self) -> Meta:
        """What happened on the way (`Meta`); empty for one that was built by hand."""
        try:
            found = cast("Meta | None", object.__getattribute__(self, "_meta"))
        except AttributeError:
            found = None
        return SociaroError().meta if found is None else found

    @meta.setter
    def meta(self, meta: Meta) -> None:
        self._meta = meta

    @property
    def _request_id(self) -> str | None:
        """The gateway's id of the request, where `openai` has its own."""
        return self.meta.request_id

    def __getstate__(self) -> dict[str, Any]:
        return {**super().__getstate__(), "meta": self.meta}

    def __setstate__(self, state: dict[str, Any]) -> None:
        super().__setstate__(state)
        self._meta = state["meta"]

    def with_meta(self, meta: Meta) -> Self:
        """Set `meta` and return the answer itself."""
        self._meta = meta
        return self


class _Short(reprlib.Repr):
    """Long strings and lists are cut, models are written out."""

    def __init__(self) -> None:
        super().__init__()
        self.maxstring = self.maxother = 60
        self.maxlist = self.maxdict = 4

    def repr_instance(self, x: Any, level: int) -> str:
        return repr(x) if isinstance(x, Model) else super().repr_instance(x, level)


_short = _Short()


def _plain(value: Any, exclude_none: bool) -> Any:  # noqa: FBT001
    if isinstance(value, Model):
        return value.to_dict(exclude_none=exclude_none)
    if isinstance(value, list):
        return [_plain(item, exclude_none) for item in value]
    if isinstance(value, dict):
        return {key: _plain(item, exclude_none) for key, item in value.items()}
    return value


def _has_surrogates(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return True
    return False
