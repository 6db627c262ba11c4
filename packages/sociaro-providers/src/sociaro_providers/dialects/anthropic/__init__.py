"""
The language of Anthropic's Messages API, translated from and to OpenAI's.

| module | what it does |
|---|---|
| `models_table` | what each model accepts |
| `request` | a call to a request |
| `messages`, `assistant`, `blocks`, `media`, `inline`, `tool_ids` | what is said |
| `tools`, `tool_choice`, `tool_schema`, `schema`, `names` | tools and their schemas |
| `params`, `sampling`, `thinking`, `answer_format`, `betas` | the other parameters |
| `target`, `remarks` | what all of them look at, and report |
| `response` | an answer to a completion |
| `stream`, `raw_blocks` | events to chunks |
| `refusals` | the errors of both directions |

*Source*: `POST /v1/messages`, version 2023-06-01.
"""

from __future__ import annotations

from sociaro_providers.provider import ChatDialect

from .refusals import refine
from .request import encode
from .response import decode
from .stream import stream

__all__ = ["decode", "dialect", "encode", "refine", "stream"]


def dialect(path: str) -> ChatDialect:
    """Return the dialect of a provider that listens at `path`, below its prefix."""
    return ChatDialect(path, encode, decode, stream, refine)
