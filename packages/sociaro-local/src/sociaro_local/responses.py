"""Responses: JSON, text, and bodies that break off where a fault says so."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from starlette.responses import Response, StreamingResponse

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from starlette.types import Receive, Scope, Send

    from sociaro_local.faults import StreamFault


@dataclass(frozen=True)
class Frame:
    """
    A piece of a body.

    Args:
        data: Its bytes.
        kind: `content`: counted by stream faults; `end`: says that the answer is
            complete, so that no fault lets it through; `plain`: anything else.
    """

    data: bytes
    kind: Literal["plain", "content", "end"] = "plain"


def encode(value: Any) -> bytes:
    """Return a value as JSON in UTF-8; lone surrogates become `?`."""
    text = json.dumps(value, ensure_ascii=False, separators=(",", ":"))
    return text.encode("utf-8", "replace")


def json_response(
    status: int, value: Any, headers: Mapping[str, str] | None = None
) -> Response:
    """Return a response with a JSON body."""
    return Response(encode(value), status, headers, "application/json")


def plain_response(
    status: int, text: str | bytes, headers: Mapping[str, str] | None = None
) -> Response:
    """Return a response with a body of plain text, or with none."""
    return Response(text, status, headers, "text/plain" if text else None)


class Nothing(Response):
    """No response at all: the client has left."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send nothing."""


class Body(StreamingResponse):
    """
    A response whose body is sent frame by frame, and may break off.

    Args:
        frames: The body.
        media_type: Of the body.
        headers: Added to the head.
        fault: Breaks the body; None: it goes out whole.
        last_words: The event that a fault of kind `error` sends.
    """

    def __init__(
        self,
        frames: Iterable[Frame],
        media_type: str,
        headers: Mapping[str, str],
        fault: StreamFault | None = None,
        last_words: bytes = b"",
    ) -> None:
        pieces = played(frames, fault)
        super().__init__((), headers=headers, media_type=media_type)
        self._pieces = pieces
        self._fault = fault
        self._last_words = last_words

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send the head and the body as far as the fault allows."""
        start = {"status": self.status_code, "headers": self.raw_headers}
        await send({"type": "http.response.start", **start})
        for piece in self._pieces:
            await _send(send, piece, more=True)
        if self._fault is None or self._fault.kind == "error":
            await _send(send, self._last_words, more=False)
            return
        if self._fault.kind == "cut":
            scope["state"]["cut"]()
        await left(receive)


async def left(receive: Receive) -> None:
    """Return when the client has left; the body of its request must be read."""
    while (await receive())["type"] != "http.disconnect":
        pass


def played(frames: Iterable[Frame], fault: StreamFault | None) -> Iterator[bytes]:
    """Give the bytes of the frames up to the place where the fault strikes."""
    seen = 0
    for frame in frames:
        content = frame.kind == "content"
        if fault and (frame.kind == "end" or (content and seen == fault.after)):
            return
        seen += content
        yield frame.data


def halves(data: bytes) -> list[Frame]:
    """Return a body that is not streamed as two frames, for a fault between them."""
    middle = len(data) // 2
    return [Frame(data[:middle]), Frame(data[middle:], "end")]


async def _send(send: Send, data: bytes, *, more: bool) -> None:
    await send({"type": "http.response.body", "body": data, "more_body": more})
