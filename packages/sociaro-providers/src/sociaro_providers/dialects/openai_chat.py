"""
The language of OpenAI, which most providers speak: what was given goes out as it is.

*Source*: `POST /chat/completions` of OpenAI and its relatives at DashScope, Ark and
MuleRouter.
"""

from __future__ import annotations

from typing import Any, cast

from sociaro_core.wire import Response
from sociaro_providers.calls import ChatCall, body_of
from sociaro_providers.documents import object_of
from sociaro_providers.models import ChatCompletion
from sociaro_providers.models._structure import structure
from sociaro_providers.provider import ChatDialect, Encoded
from sociaro_providers.shapes import as_dict
from sociaro_providers.streams import ChunkDecoder, StreamDecoder

__all__ = ["decode", "dialect", "encode", "stream"]


def dialect(path: str) -> ChatDialect:
    """Return the dialect of a provider that listens at `path`, below its prefix."""
    return ChatDialect(path, encode, decode, stream)


def encode(call: ChatCall, model: str) -> Encoded:
    """
    Return the call as it was given, unknown parameters and nulls included.

    Only what an answer of Anthropic's brought along is taken off the messages: no
    other provider knows it.

    Raises:
        ConfigurationError: JSON cannot write it.
    """
    messages = [_portable(message) for message in call.messages]
    body: dict[str, Any] = {"model": model, "messages": messages, **call.params}
    if call.stream:
        body["stream"] = True
    return Encoded(body_of({**body, **(call.extra_body or {})}))


def decode(call: ChatCall, response: Response) -> ChatCompletion:
    """
    Return the completion that is the body of `response`.

    Raises:
        APIError: An error inside the 200; or ``code="invalid_response"``.
    """
    del call
    data = object_of(response, "choices")
    return structure(ChatCompletion, data)


def stream(call: ChatCall, response: Response) -> StreamDecoder:
    """Return a decoder for the bytes of a streamed answer."""
    return ChunkDecoder(response, include_usage=call.include_usage)


def _portable(message: Any) -> Any:
    if not isinstance(message, dict):
        return message
    fields = cast("dict[str, Any]", message)
    mine = "anthropic" in as_dict(fields.get("provider_specific_fields"))
    if not mine and "thinking_blocks" not in fields:
        return fields
    foreign = {"thinking_blocks", "reasoning_content"}
    if mine:
        foreign.add("provider_specific_fields")
    return {name: value for name, value in fields.items() if name not in foreign}
