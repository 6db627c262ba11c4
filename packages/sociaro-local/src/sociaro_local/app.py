"""The gateway as an ASGI app: routing, keys, faults, and answers."""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Final

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.routing import Route

from sociaro_local.answers import respond
from sociaro_local.errors import (
    GATEWAY_ERRORS,
    WITHOUT_JSON,
    Payload,
    Problem,
    Refused,
    gateway_error,
    provider_id,
)
from sociaro_local.faults import (
    Delay,
    Failure,
    Fate,
    Script,
    StreamFault,
    fate_by_model,
)
from sociaro_local.keys import Keys, carrier, key_in
from sociaro_local.providers import PROVIDERS, Provider
from sociaro_local.records import RecordedRequest, Recorder, record_of
from sociaro_local.responses import (
    Body,
    Nothing,
    encode,
    halves,
    json_response,
    left,
    plain_response,
)

if TYPE_CHECKING:
    from starlette.requests import Request
    from starlette.responses import Response
    from starlette.types import ASGIApp

    from sociaro_local.wires import Wire

GATEWAY: Final = "gw"
_METHODS = ["DELETE", "GET", "OPTIONS", "PATCH", "POST", "PUT"]
_SCOPES = ["inference:use", "keys:manage", "stats:read"]
_ME = {
    "scopes": _SCOPES,
    "entitlements": [
        {"provider": name, "model_pattern": "*", "effect": "allow"}
        for name in PROVIDERS
    ],
}
_UPSET = Problem(500, "The provider had an error while it processed your request.")


def create_app(
    keys: Keys, script: Script, requests: list[RecordedRequest] | None = None
) -> ASGIApp:
    """
    Return the gateway as an app.

    Args:
        keys: Those that are let in.
        script: What is to happen to the next requests.
        requests: Where requests are recorded; None: nowhere.

    The server must give `cut` in the state of each scope: a function that cuts the
    connection. `LocalGateway` does.
    """
    gateway = _Gateway(keys, script)
    app = Starlette(
        routes=[
            Route("/gw/{path:path}", gateway.own_call, methods=_METHODS),
            Route("/{provider}/{path:path}", gateway.provider_call, methods=_METHODS),
        ],
        exception_handlers={HTTPException: _not_found},
    )
    app.router.redirect_slashes = False
    return Recorder(app, requests)


class _Gateway:
    def __init__(self, keys: Keys, script: Script) -> None:
        self._keys = keys
        self._script = script
        self._numbers = itertools.count(1)
        self._wires = {name: row.wire() for name, row in PROVIDERS.items()}

    async def own_call(self, request: Request) -> Response:
        """Answer a call of the gateway's own API."""
        record = record_of(request.scope)
        record.key_header = carrier(record.headers, "authorization")
        if not self._keys.accepts(key_in(record.headers, "authorization")):
            return _refusal(401)
        fate = self._script.take(GATEWAY, chat=False)
        if fate.delay and await _left_within(fate.delay, request):
            return Nothing()
        if fate.failure:
            return _failed(fate.failure, None, record)
        if (record.method, request.path_params["path"]) == ("GET", "me"):
            return json_response(200, _ME)
        return _refusal(404)

    async def provider_call(self, request: Request) -> Response:
        """Answer a call to a provider as the gateway or the provider would."""
        record = record_of(request.scope)
        provider = PROVIDERS.get(request.path_params["provider"])
        if provider is None:
            return _refusal(404, f"No provider is called '{record.provider}'.")
        refusal = self._key_refusal(record, provider)
        if refusal:
            return refusal
        if self._script.is_down(provider.name):
            return plain_response(502, WITHOUT_JSON[502])
        path = "/" + request.path_params["path"]
        chat = (record.method, path) == ("POST", provider.chat_path)
        fate = self._script.take(provider.name, chat=chat)
        fate = fate.over(fate_by_model(record.model))
        if fate.delay and await _left_within(fate.delay, request):
            return Nothing()
        if fate.failure:
            return _failed(fate.failure, provider, record)
        if not chat:
            return _unknown_path(provider, record)
        return self._answered(record, provider, fate)

    def _key_refusal(
        self, record: RecordedRequest, provider: Provider
    ) -> Response | None:
        header = provider.key_header
        record.key_header = carrier(record.headers, header)
        if not self._keys.accepts(key_in(record.headers, header)):
            return _refusal(401)
        if header == "x-api-key" and "authorization" in record.headers:
            message = "Send either x-api-key or Authorization, not both."
            return _provider_error(provider, record, Problem(401, message))
        return None

    def _answered(
        self, record: RecordedRequest, provider: Provider, fate: Fate
    ) -> Response:
        wire = self._wires[provider.name]
        try:
            _check_size(provider, record)
            ask = wire.read(record.headers, _json(record))
        except Refused as refused:
            return _provider_error(provider, record, refused.problem)
        answer = respond(ask, fate.answer)
        number = next(self._numbers)
        headers = _headers(provider, record)
        if ask.stream:
            headers["cache-control"] = "no-cache"
            frames = wire.frames(answer, ask, number)
            last = _last_words(provider, wire, record, fate.fault)
            return Body(frames, "text/event-stream", headers, fate.fault, last)
        if fate.fault and fate.fault.kind == "error":
            return _broken_whole(provider, record, fate.fault.error)
        whole = encode(wire.whole(answer, ask, number))
        headers["content-length"] = str(len(whole))
        return Body(halves(whole), "application/json", headers, fate.fault)


async def _not_found(_request: Request, _exc: Exception) -> Response:
    return _refusal(404)


async def _left_within(delay: Delay, request: Request) -> bool:
    try:
        await asyncio.wait_for(left(request.receive), delay.seconds)
    except asyncio.TimeoutError:
        return False
    return True


def _check_size(provider: Provider, record: RecordedRequest) -> None:
    if provider.most_bytes is not None and len(record.body) > provider.most_bytes:
        raise Refused(Problem(413, "Request exceeds the maximum size"))


def _json(record: RecordedRequest) -> Any:
    try:
        return record.json()
    except ValueError as exc:
        message = "We could not parse the JSON body of your request."
        raise Refused(Problem(400, message)) from exc


def _refusal(status: int, message: str | None = None) -> Response:
    return json_response(status, gateway_error(status, message))


def _headers(provider: Provider, record: RecordedRequest) -> dict[str, str]:
    headers = provider.limits(record.started) if provider.limits else {}
    if provider.id_header:
        headers[provider.id_header] = provider_id(record.request_id)
    return headers


def _provider_error(
    provider: Provider, record: RecordedRequest, problem: Problem
) -> Response:
    payload = provider.error(problem, record.request_id)
    return json_response(problem.status, payload, _headers(provider, record))


def _unknown_path(provider: Provider, record: RecordedRequest) -> Response:
    message = f"Unknown request URL: {record.method} {record.path}."
    return _provider_error(provider, record, Problem(404, message))


def _failed(
    failure: Failure, provider: Provider | None, record: RecordedRequest
) -> Response:
    status, headers = failure.status, dict(failure.headers)
    if failure.body is not None:
        return _as_given(status, failure.body, headers)
    if status in GATEWAY_ERRORS:
        if status == 429 and "retry-after" not in map(str.lower, headers):
            headers["Retry-After"] = "1"
        return json_response(status, gateway_error(status, failure.message), headers)
    if provider is None or status in WITHOUT_JSON:
        text = failure.message or WITHOUT_JSON.get(status, "")
        return plain_response(status, text, headers)
    problem = Problem(status, failure.message or _UPSET.message)
    payload = provider.error(problem, record.request_id)
    return json_response(status, payload, {**_headers(provider, record), **headers})


def _as_given(status: int, body: Any, headers: Mapping[str, str]) -> Response:
    if isinstance(body, str | bytes):
        return plain_response(status, body, headers)
    return json_response(status, body, headers)


def _last_words(
    provider: Provider,
    wire: Wire,
    record: RecordedRequest,
    fault: StreamFault | None,
) -> bytes:
    if fault is None or fault.kind != "error":
        return b""
    if isinstance(fault.error, bytes):
        return fault.error
    return wire.event(_broken(provider, record, fault.error))


def _broken_whole(
    provider: Provider,
    record: RecordedRequest,
    error: str | Mapping[str, Any] | bytes | None,
) -> Response:
    body = error if isinstance(error, bytes) else _broken(provider, record, error)
    return _failed(Failure(provider.broken, body), provider, record)


def _broken(
    provider: Provider,
    record: RecordedRequest,
    error: str | Mapping[str, Any] | None,
) -> Payload:
    message = error if isinstance(error, str) else _UPSET.message
    payload = provider.error(Problem(provider.broken, message), record.request_id)
    return {**payload, "error": dict(error)} if isinstance(error, Mapping) else payload
