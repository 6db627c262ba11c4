"""
One OpenAI-compatible Python API for every provider behind the Sociaro AI gateway.

```python
from sociaro import Sociaro

client = Sociaro()
response = client.chat.completions.create(
    model="openai/gpt-4o",
    messages=[{"role": "user", "content": "What is the speed of light?"}],
)
print(response.choices[0].message.content)
```
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from sociaro_core.attempts import Attempt, Meta
    from sociaro_core.errors import (
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
    from sociaro_providers.models.chat import (
        ChatCompletion,
        ChatCompletionChunk,
        ChatCompletionMessage,
    )

    from ._async import AsyncSociaro, AsyncStream
    from ._attribution import attribution
    from ._params import ChatParams, Message, Messages
    from ._sync import Sociaro, Stream

    __version__: str

_HOMES = {
    "sociaro_core.attempts": ("Attempt", "Meta"),
    "sociaro_core.errors": (
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
    "sociaro_providers.models.chat": (
        "ChatCompletion",
        "ChatCompletionChunk",
        "ChatCompletionMessage",
    ),
    "sociaro._async": ("AsyncSociaro", "AsyncStream"),
    "sociaro._attribution": ("attribution",),
    "sociaro._params": ("ChatParams", "Message", "Messages"),
    "sociaro._sync": ("Sociaro", "Stream"),
}
_HOME = {name: module for module, names in _HOMES.items() for name in names}

__all__ = [
    "APIConnectionError",
    "APIError",
    "APITimeoutError",
    "AllProvidersFailed",
    "AsyncJobFailed",
    "AsyncJobTimeout",
    "AsyncSociaro",
    "AsyncStream",
    "Attempt",
    "AuthError",
    "BadRequestError",
    "BudgetExceededError",
    "ChatCompletion",
    "ChatCompletionChunk",
    "ChatCompletionMessage",
    "ChatParams",
    "ConfigurationError",
    "Message",
    "Messages",
    "Meta",
    "ProviderUnavailableError",
    "RateLimitError",
    "Sociaro",
    "SociaroError",
    "SociaroWarning",
    "Stream",
    "attribution",
]


def _load(name: str) -> object:
    """Load a public name at its first use: importing the package costs nothing."""
    if name == "__version__":
        from importlib.metadata import version

        return version("sociaro-ai")
    if name not in _HOME:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from importlib import import_module

    value: object = getattr(import_module(_HOME[name]), name)
    globals()[name] = value
    return value


if not TYPE_CHECKING:
    # Hidden from type checkers, for which a misspelt name would exist.
    __getattr__ = _load


def __dir__() -> list[str]:
    return __all__
