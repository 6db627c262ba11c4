"""The flows of chat: what is sent, in which order, and what becomes of the answers."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar

import attrs

from sociaro_core.addresses import with_query
from sociaro_core.attempts import Trail
from sociaro_core.client import user_agent
from sociaro_core.effects import Flow, close, keep, now, read
from sociaro_core.errors import (
    APIConnectionError,
    ConfigurationError,
    SociaroError,
    SociaroWarning,
    error_from,
)
from sociaro_core.notices import warn
from sociaro_core.retries import with_retries
from sociaro_core.wire import Auth, Headers, Request, Response, Timeout
from sociaro_providers.provider import ChatDialect, Encoded
from sociaro_providers.streams import carries

from ._fallback import first_success
from ._streaming import OpenStream

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from sociaro_providers.calls import ChatCall
    from sociaro_providers.models.chat import ChatCompletion

    from ._routes import Chain, Route
    from ._settings import Settings

T = TypeVar("T")


@attrs.frozen
class ChatPlan:
    """
    One logical chat call.

    Args:
        settings: Of the client, with the call's own options on top.
        routes: Tried in order.
        call: What the user wants.
        query: Added to the URL.
    """

    settings: Settings
    routes: Chain
    call: ChatCall
    query: Mapping[str, object] | None = None


def chat_flow(plan: ChatPlan) -> Flow[ChatCompletion]:
    """
    Return the answer of the first route that gives one.

    Raises:
        SociaroError: What ended the route, or the chain; `AllProvidersFailed` where
            each of several routes failed.
    """
    trail = Trail()

    def decode(
        dialect: ChatDialect, response: Response
    ) -> Flow[tuple[ChatCompletion, Headers]]:
        return dialect.decode(plan.call, response), response.headers
        yield  # makes it a flow

    completion, headers = yield from _over_routes(plan, trail, decode)
    completion.meta = trail.meta(headers)
    return completion


def open_chat_flow(plan: ChatPlan) -> Flow[OpenStream]:
    """
    Return the stream of the first route that commits.

    A stream commits at its first chunk that carries anything a user can see; until
    then a failure is retried, or advances the chain, like that of a plain call.

    Raises:
        SociaroError: As `chat_flow`.
    """
    trail = Trail()

    def decode(dialect: ChatDialect, response: Response) -> Flow[OpenStream]:
        return _commit(OpenStream(response, dialect.stream(plan.call, response)))

    stream = yield from _over_routes(plan, trail, decode)
    stream.meta = trail.meta(stream.response.headers)
    return stream


def _commit(stream: OpenStream) -> Flow[OpenStream]:
    """Read until the first chunk that carries anything, and keep the stream open."""
    committed = False
    while not committed and not stream.over:
        chunks = stream.feed((yield from read(stream.response)))
        committed = any(carries(chunk) for chunk in chunks)
    if stream.failure is not None and not committed:
        raise stream.failure
    yield from _leave(stream)
    return stream


def more_flow(stream: OpenStream) -> Flow[None]:
    """
    Read on until there is a chunk to hand out, or the stream is over.

    What goes wrong is noted in the stream, and raised behind the chunks before it.
    """
    try:
        while not stream.ready and not stream.over:
            stream.feed((yield from read(stream.response)))
    except SociaroError as exc:
        stream.broken(exc)
        return
    except GeneratorExit:
        stream.fail(APIConnectionError("reading the stream was interrupted"))
        raise
    yield from _leave(stream)


def _leave(stream: OpenStream) -> Flow[None]:
    if stream.over:
        yield from close(stream.response, whole=stream.failure is None)
    else:
        yield from keep(stream.response)


def _over_routes(
    plan: ChatPlan,
    trail: Trail,
    decode: Callable[[ChatDialect, Response], Flow[T]],
) -> Flow[T]:
    """Return what `decode` makes of the first route's answer that is a good one."""
    expires = yield from _deadline(plan.settings)

    def one(route: Route) -> Flow[T]:
        dialect, request = _encoded(plan, route, trail)

        def checked(response: Response) -> Flow[T]:
            if not 200 <= response.status < 300:
                raise dialect.refine(error_from(response))
            return decode(dialect, response)

        return with_retries(
            request,
            plan.settings.policy(request.timeout),
            decode=checked,
            trail=trail,
            expires=expires,
        )

    return (
        yield from first_success(
            plan.routes,
            one,
            trail,
            on_rate_limit=plan.settings.fallback_on_rate_limit,
        )
    )


def _deadline(settings: Settings) -> Flow[float | None]:
    """Return the steady time at which the whole call is over; None for never."""
    if settings.deadline is None:
        return None
    moment = yield from now()
    return moment.steady + settings.deadline


def _encoded(plan: ChatPlan, route: Route, trail: Trail) -> tuple[ChatDialect, Request]:
    dialect = route.provider.chat
    if dialect is None:
        raise ConfigurationError(f"{route.provider.name} has no chat")
    encoded = dialect.encode(plan.call, route.model)
    trail.dropped = encoded.dropped
    _warn_of_changes(plan.settings, route, encoded)
    return dialect, _dress(plan, route, dialect, encoded)


def _warn_of_changes(settings: Settings, route: Route, encoded: Encoded) -> None:
    """Warn of what does not go out as asked, once for each model."""
    lost = [f"cannot express {name!r}: it was left out" for name in encoded.dropped]
    for what in (*lost, *encoded.notes):
        message = f"{route.name}: {what}"
        if message not in settings.warned:
            settings.warned.add(message)
            warn(message, SociaroWarning)


def _dress(
    plan: ChatPlan, route: Route, dialect: ChatDialect, encoded: Encoded
) -> Request:
    """Return the request of a call on a route: URL, headers, key and limits."""
    settings, provider, stream = plan.settings, route.provider, plan.call.stream
    headers = Headers(
        {
            "Accept": "text/event-stream" if stream else "application/json",
            "Content-Type": "application/json",
            "User-Agent": user_agent(),
        }
    ).merged(provider.headers, settings.headers, encoded.headers)
    return Request(
        "POST",
        with_query(f"{settings.base_url}/{provider.name}{dialect.path}", plan.query),
        headers,
        encoded.body,
        Auth(provider.auth, settings.key),
        _timeout(settings, encoded.patience, stream=stream),
        stream,
    )


def _timeout(settings: Settings, patience: float | None, *, stream: bool) -> Timeout:
    """Return the limits of one attempt; a long answer may take longer by default."""
    timeout = settings.timeout
    if stream or patience is None or not settings.timeout_is_default:
        return timeout
    return attrs.evolve(timeout, read=max(timeout.read or 0.0, patience))
