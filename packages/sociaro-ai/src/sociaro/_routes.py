"""From the name of a model to the routes a call tries, in order."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import attrs

from sociaro_core.errors import ConfigurationError
from sociaro_providers.provider import Provider
from sociaro_providers.table import PROVIDERS


@attrs.frozen
class Route:
    """
    One ``provider/model``.

    Args:
        provider: A row of the table.
        model: What stands behind the first slash; goes to the provider as it is.
    """

    provider: Provider
    model: str

    @property
    def name(self) -> str:
        """The name as the caller wrote it."""
        return f"{self.provider.name}/{self.model}"

    def __reduce__(self) -> tuple[Any, ...]:
        return route_of, (self.name,)


Chain = tuple[Route, ...]


def route_of(name: object) -> Route:
    """
    Return the route a ``provider/model`` name means.

    Raises:
        ConfigurationError: It is not of that form, or the provider is unknown.
    """
    if not isinstance(name, str):
        raise ConfigurationError(f"a model is named by a str, not {name!r:.80}")
    provider, slash, model = name.partition("/")
    if not slash:
        raise ConfigurationError(
            f"model {name!r:.80} is neither an alias of this client nor "
            '"provider/model", such as "openai/gpt-4o"; a list takes no aliases'
        )
    if provider not in PROVIDERS:
        raise ConfigurationError(
            f"model {name!r:.80}: unknown provider; known are {', '.join(PROVIDERS)}"
        )
    if not all(part.strip() for part in model.split("/")):
        raise ConfigurationError(f"model {name!r:.80} has an empty part")
    return Route(PROVIDERS[provider], model)


def _chain(names: object, what: str) -> Chain:
    if isinstance(names, (str, bytes)) or not isinstance(names, Sequence):
        raise ConfigurationError(f'{what} is a list of "provider/model" names')
    routes = tuple(route_of(name) for name in names)
    if not routes:
        raise ConfigurationError(f"{what} is an empty list")
    return routes


def checked_aliases(models: object) -> dict[str, Chain]:
    """
    Return alias to chain, as the ``models`` argument of a client gives them.

    Raises:
        ConfigurationError: An alias is empty or contains ``/``; a chain is empty, no
            list, or has something else than ``provider/model`` in it.
    """
    if models is None:
        return {}
    if not isinstance(models, Mapping):
        raise ConfigurationError("models is a mapping of alias to a list of names")
    chains: dict[str, Chain] = {}
    for alias, names in models.items():
        if not isinstance(alias, str) or not alias or "/" in alias:
            raise ConfigurationError(f"the alias {alias!r:.80} is empty or contains /")
        chains[alias] = _chain(names, f"models[{alias!r:.80}]")
    return chains


def resolve(models: Mapping[str, Chain], model: str | Sequence[str]) -> Chain:
    """
    Return the routes of `model`: an alias, a ``provider/model``, or a list of those.

    Raises:
        ConfigurationError: It is none of them.
    """
    if isinstance(model, str):
        return models[model] if model in models else (route_of(model),)
    return _chain(model, "model")
