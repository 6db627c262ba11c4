"""What a provider is: where it listens, how it is spoken to. Records of functions."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeAlias

import attrs

from sociaro_core.errors import APIError
from sociaro_core.wire import AuthStyle, Headers, Response

from .calls import ChatCall
from .models import ChatCompletion
from .streams import StreamDecoder

__all__ = ["ChatDialect", "Encoded", "Provider", "unrefined"]


@attrs.frozen
class Encoded:
    """
    A call in a provider's language.

    Args:
        body: The JSON to send.
        headers: To lay on top of the user's own.
        dropped: Names of the parameters that were left out.
        patience: Seconds an answer that is not streamed may legitimately take; None
            where nothing is known.
        notes: Short sentences on what goes out otherwise than asked; each is worth
            a warning.
    """

    body: bytes = attrs.field(repr=False)
    headers: Headers = attrs.field(factory=Headers)
    dropped: tuple[str, ...] = ()
    patience: float | None = None
    notes: tuple[str, ...] = ()


Encode: TypeAlias = Callable[[ChatCall, str], Encoded]
Decode: TypeAlias = Callable[[ChatCall, Response], ChatCompletion]
Stream: TypeAlias = Callable[[ChatCall, Response], StreamDecoder]
Refine: TypeAlias = Callable[[APIError], APIError]


def unrefined(error: APIError) -> APIError:
    """Return `error` as it is."""
    return error


@attrs.frozen
class ChatDialect:
    """
    How a provider speaks chat.

    Args:
        path: Below the provider's own prefix.
        encode: Call and model to the request. Raises `BadRequestError` with the code
            ``unsupported_parameter`` for what the provider cannot express.
        decode: Call and a good answer to the completion. Raises `APIError` for an
            error inside a 200 and for an answer that is none.
        stream: Call and the head of a good answer to a decoder for its bytes.
        refine: An HTTP error to the same with code and param filled in.
    """

    path: str
    encode: Encode
    decode: Decode
    stream: Stream
    refine: Refine = unrefined


@attrs.frozen
class Provider:
    """
    One provider behind the gateway.

    Args:
        name: Also its prefix, in paths and in front of model names.
        auth: Where it expects the key.
        headers: Sent with every request, below the user's own.
        chat: How it speaks chat; None if it does not.
    """

    name: str
    auth: AuthStyle
    headers: Headers = attrs.field(factory=Headers)
    chat: ChatDialect | None = None
