"""
What the bytes of a stream are: events, one JSON document, or no answer at all.

Decided by the bytes, not by their label: gateways and relays send events as plain
text, and answer a stream call with a JSON document or an HTML page.
"""

from __future__ import annotations

from .sse import Event, EventTooLarge, SSEDecoder

__all__ = ["Framing"]

_LONGEST_DOCUMENT = 128 * 1024 * 1024
_BOM = b"\xef\xbb\xbf"


class Framing:
    """
    Feed bytes, get events; a document is collected instead.

    Attributes:
        document: The bytes of a JSON document; None unless the stream is one.
        problem: Why the bytes are no answer; None while they may be one.
    """

    __slots__ = ("_events", "_head", "_limit", "document", "problem")

    def __init__(self, limit: int = _LONGEST_DOCUMENT) -> None:
        self._limit = limit
        self._events: SSEDecoder | None = None
        self._head = b""
        self.document: bytearray | None = None
        self.problem: str | None = None

    def feed(self, data: bytes) -> list[Event]:
        """Return the events that `data` completes; look at `problem` afterwards."""
        if self._events is None:
            return self._sniffed(data)
        try:
            return self._events.feed(data)
        except EventTooLarge as exc:
            self.problem = str(exc)
            return exc.events

    def finish(self) -> list[Event]:
        """Return the last event if it was not ended; call it once, at the end."""
        if self._events is None:
            return []
        try:
            return self._events.finish()
        except EventTooLarge as exc:
            self.problem = str(exc)
            return []

    def _sniffed(self, data: bytes) -> list[Event]:
        if self.document is not None:
            self.document += data
            if len(self.document) > self._limit:
                self.problem = f"the answer is larger than {self._limit} bytes"
            return []
        # Empty lines in front mean nothing; some keep a connection alive with them.
        data = (self._head + data).lstrip()
        start = data.removeprefix(_BOM).lstrip()
        if not start or _BOM.startswith(data):
            # Of white space nothing is kept, of a BOM what there is of it.
            self._head = data[: len(_BOM)]
            return []
        self._head = b""
        if start[:1] == b"<":
            self.problem = "the answer is HTML, not a stream of events"
            return []
        if start[:1] in b"{[":
            self.document = bytearray()
            return self._sniffed(data)
        self._events = SSEDecoder()
        return self.feed(data)
