"""
The transport of the Sociaro SDK: requests, retries and typed errors, useful alone.

```python
from sociaro_core import Gateway

with Gateway() as gateway:
    print(gateway.request("GET", "/gw/me").json())
```
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from .attempts import Attempt, Meta
    from .client import AsyncGateway, Gateway, GatewayResponse
    from .errors import (
        AllProvidersFailed,
        APIConnectionError,
        APIError,
        APITimeoutError,
        AsyncJobFailed,
        AsyncJobTimeout,
        AuthError,
        BadRequestError,
        BudgetExceededError,
        ConfigurationError,
        ProviderUnavailableError,
        RateLimitError,
        SociaroError,
        SociaroWarning,
    )
    from .retries import RetryBudget, RetryPolicy
    from .wire import Headers, Timeout

    __version__: str

_HOMES = {
    "attempts": ("Attempt", "Meta"),
    "client": ("AsyncGateway", "Gateway", "GatewayResponse"),
    "errors": (
        "APIConnectionError",
        "APIError",
        "APITimeoutError",
        "AllProvidersFailed",
        "AsyncJobFailed",
        "AsyncJobTimeout",
        "AuthError",
        "BadRequestError",
        "BudgetExceededError",
        "ConfigurationError",
        "ProviderUnavailableError",
        "RateLimitError",
        "SociaroError",
        "SociaroWarning",
    ),
    "retries": ("RetryBudget", "RetryPolicy"),
    "wire": ("Headers", "Timeout"),
}
_HOME = {name: module for module, names in _HOMES.items() for name in names}

__all__ = [
    "APIConnectionError",
    "APIError",
    "APITimeoutError",
    "AllProvidersFailed",
    "AsyncGateway",
    "AsyncJobFailed",
    "AsyncJobTimeout",
    "Attempt",
    "AuthError",
    "BadRequestError",
    "BudgetExceededError",
    "ConfigurationError",
    "Gateway",
    "GatewayResponse",
    "Headers",
    "Meta",
    "ProviderUnavailableError",
    "RateLimitError",
    "RetryBudget",
    "RetryPolicy",
    "SociaroError",
    "SociaroWarning",
    "Timeout",
]


def _load(name: str) -> object:
    """Load a public name at its first use: importing the package costs nothing."""
    if name == "__version__":
        from importlib.metadata import version

        return version("sociaro-core")
    if name not in _HOME:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from importlib import import_module

    value: object = getattr(import_module(f"{__name__}.{_HOME[name]}"), name)
    globals()[name] = value
    return value


if not TYPE_CHECKING:
    # Hidden from type checkers, for which a misspelt name would exist.
    __getattr__ = _load


def __dir__() -> list[str]:
    return __all__
