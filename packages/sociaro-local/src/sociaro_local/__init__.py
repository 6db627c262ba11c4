"""The Sociaro AI gateway on localhost, for trying out and for tests."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sociaro_local.records import RecordedRequest
from sociaro_local.server import LocalGateway

if TYPE_CHECKING:
    __version__: str

__all__ = ["LocalGateway", "RecordedRequest", "__version__"]


def _load(name: str) -> object:
    if name == "__version__":
        from importlib.metadata import version

        return version("sociaro-local")
    raise AttributeError(f"module 'sociaro_local' has no attribute {name!r}")


if not TYPE_CHECKING:
    # Hidden from type checkers, for which a misspelt name would exist.
    __getattr__ = _load
