"""Recorded requests, and the wrapper of the app that records and stamps them."""

from __future__ import annotations

import json
import re
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

from starlette.datastructures import Headers, MutableHeaders

from sociaro_local.ids import Ulids

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Message, Receive, Scope, Send

    from sociaro_local.keys import KeyHeader

REQUEST_ID: Final = "X-Gateway-Request-Id"
_ATTRIBUTION = re.compile(r"x-attr-(.+)")
_CANONICAL = {
    "x-project": "project",
    "x-department": "department",
    "x-persona": "persona",
}


@dataclass
class RecordedRequest:
    """
    One request as it came in, and what became of it.

    Args:
        method: Upper case.
        path: As sent, with the provider's segment, without the query.
        query: What followed the `?`, else "".
        provider: The first segment of the path; `gw` for the gateway's own calls.
        headers: With case-insensitive names.
        body: All bytes of it.
        request_id: The ULID that the response carries in `X-Gateway-Request-Id`.
        started: When its head arrived, in seconds of Unix time.
        key_header: Which header carried a key, or None.
        status: Of the answer; None until its head is sent.
    """

    method: str
    path: str
    query: str
    provider: str
    headers: Headers = field(repr=False)
    body: bytes = field(repr=False)
    request_id: str
    started: float
    key_header: KeyHeader | None = None
    status: int | None = None

    def json(self) -> Any:
        """
        Return the body read as JSON.

        Raises:
            ValueError: It is not JSON.
        """
        return json.loads(self.body)

    @property
    def model(self) -> str | None:
        """The `model` that a JSON body names, or None."""
        try:
            body = self.json()
        except ValueError:
            return None
        model = body.get("model") if isinstance(body, dict) else None
        return model if isinstance(model, str) else None

    @property
    def attribution(self) -> dict[str, str]:
        """
        The tags of the request, under lower-cased names.

        `X-Attr-<name>` counts as `<name>`; the canonical headers `X-Project`,
        `X-Department` and `X-Persona` are included as `project`, `department` and
        `persona`.
        """
        tags: dict[str, str] = {}
        for name, value in self.headers.items():
            free = _ATTRIBUTION.fullmatch(name)
            if free:
                tags.setdefault(free[1], value)
            elif name in _CANONICAL:
                tags[_CANONICAL[name]] = value
        return tags


def record_of(scope: Scope) -> RecordedRequest:
    """Return the record of the request that is being answered."""
    record: RecordedRequest = scope["state"]["record"]
    return record


class Recorder:
    """
    The app around the app: reads the body, records the request, stamps the response.

    Args:
        app: Answers the request; it finds it with `record_of`, its body already read.
        requests: Where requests are recorded; None: nowhere.
    """

    def __init__(self, app: ASGIApp, requests: list[RecordedRequest] | None) -> None:
        self._app = app
        self._requests = requests
        self._ids = Ulids()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request, or pass on what is no HTTP request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        started = time.time()
        body = await _body(receive)
        if body is None:
            return
        record = _record(scope, body, self._ids(), started)
        scope.setdefault("state", {})["record"] = record
        if self._requests is not None:
            self._requests.append(record)
        await self._app(scope, receive, _stamping(send, record))


def _record(
    scope: Scope, body: bytes, request_id: str, started: float
) -> RecordedRequest:
    path = scope["raw_path"].decode("ascii")
    return RecordedRequest(
        method=scope["method"],
        path=path,
        query=scope["query_string"].decode("ascii"),
        provider=path.removeprefix("/").partition("/")[0],
        headers=Headers(scope=scope),
        body=body,
        request_id=request_id,
        started=started,
    )


async def _body(receive: Receive) -> bytes | None:
    parts: list[bytes] = []
    more = True
    while more:
        message = await receive()
        if message["type"] == "http.disconnect":
            return None
        parts.append(message.get("body", b""))
        more = message.get("more_body", False)
    return b"".join(parts)


def _stamping(send: Send, record: RecordedRequest) -> Send:
    async def stamped(message: Message) -> None:
        if message["type"] == "http.response.start":
            record.status = message["status"]
            MutableHeaders(scope=message)[REQUEST_ID] = record.request_id
        await send(message)

    return stamped
