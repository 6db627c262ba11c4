"""
What the providers behind the Sociaro gateway speak, without any I/O.

```python
from sociaro_providers import PROVIDERS, ChatCall

chat = PROVIDERS["anthropic"].chat
call = ChatCall([{"role": "user", "content": "Hello"}])
print(chat.path, chat.encode(call, "claude-sonnet-4-6").body)
```
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from .accumulator import Accumulator
from .calls import ChatCall, plain
from .models import ChatCompletion, ChatCompletionChunk, Model
from .provider import ChatDialect, Encoded, Provider
from .sse import Event, EventTooLarge, SSEDecoder
from .streams import ChunkDecoder, StreamDecoder, carries
from .table import PROVIDERS

if TYPE_CHECKING:
    __version__: str

__all__ = [
    "Accumulator",
    "ChatCall",
    "ChatCompletion",
    "ChatCompletionChunk",
    "ChatDialect",
    "ChunkDecoder",
    "Encoded",
    "Event",
    "EventTooLarge",
    "Model",
    "PROVIDERS",
    "Provider",
    "SSEDecoder",
    "StreamDecoder",
    "carries",
    "plain",
]


def _load(name: str) -> object:
    if name == "__version__":
        from importlib.metadata import version

        return version("sociaro-providers")
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


if not TYPE_CHECKING:
    # Hidden from type checkers, for which a misspelt name would exist.
    __getattr__ = _load
