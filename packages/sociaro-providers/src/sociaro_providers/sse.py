"""
Server-sent events out of bytes, whatever way the bytes were cut.

*Source*: WHATWG HTML, 9.2.6 "Interpreting an event stream". Bytes that are not UTF-8
are left to the reader of `Event.data`.
"""

from __future__ import annotations

from typing import NamedTuple

__all__ = ["Event", "EventTooLarge", "SSEDecoder"]

_LIMIT = 32 * 1024 * 1024
_BOM = b"\xef\xbb\xbf"
_DONE_LINES = frozenset({b"data: [DONE]\n", b"data:[DONE]\n"})
_DONE_SIZES = frozenset(map(len, _DONE_LINES))


class Event(NamedTuple):
    """One event: its type, ``"message"`` if it has none, and its data lines."""

    event: str
    data: bytes


class EventTooLarge(ValueError):
    """An event is larger than the limit; `events` are those before it."""

    def __init__(self, limit: int, events: list[Event]) -> None:
        super().__init__(f"an event of the stream is larger than {limit} bytes")
        self.events = events


class SSEDecoder:
    """
    Feed bytes, get events. Time and memory are linear in the bytes.

    Args:
        limit: Bytes one event may have.
    """

    __slots__ = ("_after_cr", "_buffer", "_head", "_limit", "_started")

    def __init__(self, limit: int = _LIMIT) -> None:
        self._limit = limit
        self._buffer = bytearray()
        self._head = b""
        self._started = False
        self._after_cr = False

    def feed(self, data: bytes) -> list[Event]:
        """
        Return the events that `data` completes, maybe none.

        Raises:
            EventTooLarge: With the events before it. The decoder is of no use then.
        """
        if not self._started:
            data = self._without_bom(data)
        if self._after_cr or b"\r" in data:
            data = self._with_line_feeds(data)
        buffer = self._buffer
        if buffer:
            across = data[:1] == b"\n" and buffer[-1] == 10
            if not across and b"\n\n" not in data:
                buffer += data
                return self._checked([], len(buffer)) or self._last_line()
            buffer += data
            data = bytes(buffer)
            buffer.clear()
        *blocks, rest = data.split(b"\n\n")
        buffer += rest
        return self._checked(blocks, len(rest)) + self._last_line()

    def _last_line(self) -> list[Event]:
        """Return ``[DONE]`` as soon as its line is there: nothing follows it."""
        buffer = self._buffer
        if len(buffer) not in _DONE_SIZES or bytes(buffer) not in _DONE_LINES:
            return []
        buffer.clear()
        return [Event("message", b"[DONE]")]

    def finish(self) -> list[Event]:
        """Return the last event if it lacks its blank line; called once, at the end."""
        last = self._head + bytes(self._buffer)
        self._buffer.clear()
        return self._checked([last.removesuffix(b"\n")], 0)

    def _checked(self, blocks: list[bytes], waiting: int) -> list[Event]:
        events: list[Event] = []
        for block in blocks:
            if len(block) > self._limit:
                raise EventTooLarge(self._limit, events)
            # The short way, for the one line that nearly every event is.
            if block[:6] == b"data: " and b"\n" not in block:
                events.append(Event("message", block[6:]))
            else:
                events += _event(block)
        # One more byte may wait: the line feed that ends the event's last line.
        if waiting > self._limit + 1:
            raise EventTooLarge(self._limit, events)
        return events

    def _without_bom(self, data: bytes) -> bytes:
        data = self._head + data
        if len(data) < len(_BOM) and _BOM.startswith(data):
            self._head = data
            return b""
        self._head = b""
        self._started = True
        return data.removeprefix(_BOM)

    def _with_line_feeds(self, data: bytes) -> bytes:
        if self._after_cr and data:
            # The CR was taken for a line end already; its LF is no second one.
            data = data.removeprefix(b"\n")
            self._after_cr = False
        if data:
            self._after_cr = data[-1] == 13
        return data.replace(b"\r\n", b"\n").replace(b"\r", b"\n")


def _event(block: bytes) -> list[Event]:
    name = b""
    data: list[bytes] = []
    for line in block.split(b"\n"):
        field, _, value = line.partition(b":")
        if field == b"data":
            data.append(value.removeprefix(b" "))
        elif field == b"event":
            name = value.removeprefix(b" ")
    if not data:
        return []
    return [Event(str(name, "utf-8", "replace") or "message", b"\n".join(data))]
