"""The providers behind the gateway: one row each."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Final

from sociaro_local import errors
from sociaro_local.limits import anthropic_limits
from sociaro_local.wires.anthropic import AnthropicWire
from sociaro_local.wires.openai import (
    ALIBABA,
    BYTEPLUS,
    MULEROUTER,
    OPENAI,
    OpenAIWire,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from sociaro_local.errors import ErrorShape
    from sociaro_local.keys import KeyHeader
    from sociaro_local.wires import Wire


@dataclass(frozen=True)
class Provider:
    """
    A provider.

    Args:
        name: First segment of the paths that lead to it.
        chat_path: Its own path for chat, which follows the first segment.
        wire: Makes a wire, which knows how it writes chat, for one gateway.
        error: How it writes errors.
        key_header: Where the key of a call belongs.
        broken: HTTP status that stands for an error in the midst of an answer.
        id_header: Where its responses carry the provider's id of the request, or None.
        limits: Makes the headers that say how much of a rate limit is left; it gets
            the Unix time of the request. None: there are none.
        most_bytes: Size of the largest body that it takes, or None.
    """

    name: str
    chat_path: str
    wire: Callable[[], Wire]
    error: ErrorShape
    key_header: KeyHeader = "authorization"
    broken: int = 500
    id_header: str | None = None
    limits: Callable[[float], dict[str, str]] | None = None
    most_bytes: int | None = None


PROVIDERS: Final[Mapping[str, Provider]] = {
    row.name: row
    for row in (
        Provider(
            "openai",
            "/v1/chat/completions",
            partial(OpenAIWire, OPENAI),
            errors.openai_error,
            id_header="x-request-id",
        ),
        Provider(
            "anthropic",
            "/v1/messages",
            AnthropicWire,
            errors.anthropic_error,
            key_header="x-api-key",
            broken=529,
            id_header="request-id",
            limits=anthropic_limits,
            most_bytes=32 * 1024 * 1024,
        ),
        Provider(
            "alibaba",
            "/compatible-mode/v1/chat/completions",
            partial(OpenAIWire, ALIBABA),
            errors.alibaba_error,
        ),
        Provider(
            "byteplus",
            "/api/v3/chat/completions",
            partial(OpenAIWire, BYTEPLUS),
            errors.byteplus_error,
        ),
        Provider(
            "mulerouter",
            "/vendors/openai/v1/chat/completions",
            partial(OpenAIWire, MULEROUTER),
            errors.mulerouter_error,
        ),
    )
}
