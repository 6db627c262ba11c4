"""What a client was told: arguments and environment, read once, checked, frozen."""

from __future__ import annotations

import math
from collections.abc import Mapping
from functools import partial
from typing import TYPE_CHECKING, Any, TypeVar, cast

import attrs

from sociaro_core.addresses import checked_headers
from sociaro_core.client import (
    DEFAULT_TIMEOUT,
    base_url_of,
    retries_of,
    timeout_of,
)
from sociaro_core.credentials import Key
from sociaro_core.errors import ConfigurationError
from sociaro_core.notices import configure_logging
from sociaro_core.retries import RetryBudget, RetryPolicy
from sociaro_core.wire import Headers, Timeout

from ._attribution import attribution_headers, current_attribution
from ._routes import Route, checked_aliases

if TYPE_CHECKING:
    from typing_extensions import Unpack

    from ._params import ClientOptions, RequestOptions

T = TypeVar("T")

_SENTINELS = frozenset({"NotGiven", "Omit"})


def is_given(value: object) -> bool:
    """Return False for the sentinels of `openai` and its kind: they mean left out."""
    return type(value).__name__ not in _SENTINELS


def _given(value: T) -> T | None:
    return value if is_given(value) else None


def without_sentinels(value: Any) -> Any:
    """Return a mapping without the names whose value is a foreign sentinel."""
    if not isinstance(value, Mapping):
        return value
    return {name: item for name, item in value.items() if is_given(item)}


@attrs.frozen
class Settings:
    """
    Everything a call needs to know beside its own arguments.

    Args:
        key: Where the API key comes from.
        base_url: Without a slash at its end.
        models: Alias to chain.
        attribution: Default ``X-Attr-*`` headers.
        fallback_on_rate_limit: Whether 429 advances a chain.
        timeout: Of one attempt.
        deadline: Seconds for a whole call; None for no limit.
        max_retries: On each route.
        budget: What all retries of the client are taken from.
        headers: The caller's own, on every request.
        warned: What was warned of already: one warning per parameter and model.
    """

    key: Key
    base_url: str
    models: Mapping[str, tuple[Route, ...]]
    attribution: Headers
    fallback_on_rate_limit: bool
    timeout: Timeout
    deadline: float | None
    max_retries: int
    budget: RetryBudget
    headers: Headers
    warned: set[str] = attrs.field(factory=set, eq=False, repr=False)

    @classmethod
    def of(cls, key: Key, **options: Unpack[ClientOptions]) -> Settings:
        """
        Return the settings a new client's arguments mean, with the environment's.

        Args:
            key: Of the ``api_key``, which stands in no `options`: frames are shown.
            options: The other arguments.

        Raises:
            ConfigurationError: An argument cannot be right.
        """
        configure_logging()
        return cls(
            key,
            base_url_of(_given(options.pop("base_url", None))),
            {},
            Headers(),
            True,
            DEFAULT_TIMEOUT,
            None,
            2,
            RetryBudget(),
            Headers(),
        ).changed(options)

    def changed(self, options: ClientOptions) -> Settings:
        """
        Return these settings with what `options` gives on top.

        Attribution and headers merge key by key, anything else is replaced.

        Raises:
            ConfigurationError: An option is unknown, or cannot be right.
        """
        if "api_key" in options:
            _hide_key(options)
        new: dict[str, Any] = {}
        for name, value in options.items():
            if name not in _OPTIONS:
                raise ConfigurationError(f"there is no option {name!r}")
            if is_given(value):
                field, check = _OPTIONS[name]
                new[field] = check(self, without_sentinels(value))
        return attrs.evolve(self, **new)

    def for_call(self, options: RequestOptions) -> Settings:
        """
        Return the settings of one call: these, the attribution scope, its own.

        Raises:
            ConfigurationError: An option cannot be right.
        """
        given: dict[str, Any] = without_sentinels(options)
        tags = self.attribution.merged(
            current_attribution(),
            attribution_headers(
                without_sentinels(given.get("attribution")), "attribution"
            ),
        )
        extra = checked_headers(
            without_sentinels(given.get("extra_headers")), "extra_headers"
        )
        new: dict[str, Any] = {"headers": self.headers.merged(tags, extra)}
        for name in ("timeout", "deadline", "max_retries"):
            if name in given:
                field, check = _OPTIONS[name]
                new[field] = check(self, given[name])
        return attrs.evolve(self, **new)

    @property
    def timeout_is_default(self) -> bool:
        """Whether nobody gave a timeout, so that a slow route may take longer."""
        return self.timeout is DEFAULT_TIMEOUT

    def __reduce__(self) -> tuple[Any, ...]:
        """Pickle without what belongs to a process: the budget is made anew."""
        state = {
            field.name: getattr(self, field.name)
            for field in attrs.fields(Settings)
            if field.name not in ("budget", "warned")
        }
        restored = partial(_restored, default_timeout=self.timeout_is_default)
        return restored, (state, self.budget.size)

    def policy(self, timeout: Timeout) -> RetryPolicy:
        """Return how a request with this `timeout` is retried."""
        return RetryPolicy(self.max_retries, timeout.read, self.budget)


def _restored(
    state: dict[str, Any], budget: int | None, *, default_timeout: bool
) -> Settings:
    if default_timeout:
        state["timeout"] = DEFAULT_TIMEOUT
    return Settings(budget=RetryBudget(budget), **state)


def _hide_key(options: ClientOptions) -> None:
    """Put the checked key in the place of the plain one; frames of ours are shown."""
    api_key = options.pop("api_key", None)
    try:
        if is_given(api_key):
            cast("dict[str, Any]", options)["api_key"] = Key.of(api_key)
    finally:
        del api_key


def _deadline(_: Settings, value: Any) -> float | None:
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        raise ConfigurationError("deadline is a number of seconds, or None")
    if math.isnan(value) or value <= 0:
        raise ConfigurationError("deadline is above 0 seconds")
    return float(value)


def _flag(_: Settings, value: Any) -> bool:
    if not isinstance(value, bool):
        raise ConfigurationError("fallback_on_rate_limit is True or False")
    return value


def _budget(_: Settings, value: Any) -> RetryBudget:
    if value is not None and (
        isinstance(value, bool) or not isinstance(value, int) or value < 0
    ):
        raise ConfigurationError("retry_budget is a whole number from 0, or None")
    return RetryBudget(value)


# Each option of a client: the field it sets, and what checks it.
_OPTIONS: dict[str, tuple[str, Any]] = {
    "api_key": ("key", lambda _, key: key),
    "base_url": ("base_url", lambda _, value: base_url_of(value)),
    "models": ("models", lambda _, value: checked_aliases(value)),
    "default_attribution": (
        "attribution",
        lambda old, value: old.attribution.merged(
            attribution_headers(value, "default_attribution")
        ),
    ),
    "fallback_on_rate_limit": ("fallback_on_rate_limit", _flag),
    "timeout": ("timeout", lambda _, value: timeout_of(value)),
    "deadline": ("deadline", _deadline),
    "max_retries": ("max_retries", lambda _, value: retries_of(value)),
    "retry_budget": ("budget", _budget),
    "default_headers": (
        "headers",
        lambda old, value: old.headers.merged(
            checked_headers(value, "default_headers")
        ),
    ),
}
