"""
The providers behind the gateway, a row each.

A provider that speaks OpenAI is one row here and nothing else. One with a language of
its own also has a dialect: a module of pure functions in `dialects`.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from sociaro_core.wire import BEARER, X_API_KEY, Headers

from .dialects import anthropic, openai_chat
from .provider import Provider

__all__ = ["PROVIDERS"]

_openai = openai_chat.dialect

_ROWS = (
    Provider("openai", BEARER, chat=_openai("/v1/chat/completions")),
    Provider(
        "anthropic",
        X_API_KEY,
        Headers({"anthropic-version": "2023-06-01"}),
        chat=anthropic.dialect("/v1/messages"),
    ),
    Provider("alibaba", BEARER, chat=_openai("/compatible-mode/v1/chat/completions")),
    Provider("byteplus", BEARER, chat=_openai("/api/v3/chat/completions")),
    Provider("mulerouter", BEARER, chat=_openai("/vendors/openai/v1/chat/completions")),
)

PROVIDERS: Mapping[str, Provider] = MappingProxyType({row.name: row for row in _ROWS})
