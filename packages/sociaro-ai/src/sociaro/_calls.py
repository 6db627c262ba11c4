"""From the arguments of a method to the plan of one logical call."""

from __future__ import annotations

import pickle
from typing import TYPE_CHECKING, Any, cast

from sociaro_core.errors import ConfigurationError
from sociaro_core.wire import Headers
from sociaro_providers.calls import ChatCall

from ._flows import ChatPlan
from ._routes import resolve
from ._settings import Settings, is_given, without_sentinels

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ._params import ChatParams, Messages, ModelName, RequestOptions

_OPTIONS = (
    "attribution",
    "timeout",
    "deadline",
    "max_retries",
    "extra_headers",
    "extra_query",
    "extra_body",
)


def chat_plan(
    settings: Settings,
    model: ModelName,
    messages: Messages,
    *,
    stream: bool | None,
    params: ChatParams,
) -> ChatPlan:
    """
    Return the plan of a chat call.

    Raises:
        ConfigurationError: An argument cannot be sent as given.
    """
    wishes: dict[str, Any] = {k: v for k, v in params.items() if is_given(v)}
    options: dict[str, Any] = {
        name: wishes.pop(name) for name in _OPTIONS if name in wishes
    }
    own = settings.for_call(cast("RequestOptions", options))
    call = ChatCall(
        messages,
        wishes,
        stream=is_given(stream) and bool(stream),
        # Both lines of a name that client and call give: some are lists.
        headers=Headers((*settings.headers.pairs, *own.headers.pairs)),
        extra_body=_mapping(options, "extra_body"),
    )
    query = _mapping(options, "extra_query")
    return ChatPlan(own, resolve(own.models, model), call, query)


def _mapping(options: dict[str, Any], name: str) -> Mapping[str, Any] | None:
    value = options.get(name)
    if value is not None and not hasattr(value, "keys"):
        raise ConfigurationError(f"{name} is a mapping")
    return cast("Mapping[str, Any] | None", without_sentinels(value))


def picklable(settings: Settings, *, foreign: bool) -> Settings:
    """
    Return what the pickle of a client holds.

    Raises:
        ConfigurationError: The client sends with an `http_client` of the caller's, or
            its key comes from a function that pickle cannot import.
    """
    if foreign:
        raise ConfigurationError("a client with an http_client does not pickle")
    try:
        pickle.dumps(settings.key.function)
    except (AttributeError, TypeError, pickle.PicklingError) as exc:
        raise ConfigurationError(
            f"the api_key function does not pickle: {exc}; use one of a module"
        ) from None
    return settings
