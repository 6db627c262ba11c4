"""Wires: how providers write chat requests, answers and streams."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from sociaro_local.answers import Answer, Ask
    from sociaro_local.responses import Frame


class Wire(Protocol):
    """One provider's way to write chat."""

    def read(self, _headers: Mapping[str, str], body: Any, /) -> Ask:
        """
        Return what the request asks for.

        Args:
            _headers: With case-insensitive names.
            body: The JSON value of its body.

        Raises:
            Refused: The request breaks the provider's rules.
        """
        ...

    def whole(self, answer: Answer, ask: Ask, number: int) -> dict[str, Any]:
        """Return the answer in one piece; ids are made of `number`."""
        ...

    def frames(self, answer: Answer, ask: Ask, number: int) -> Iterator[Frame]:
        """Give the answer as a stream of events; ids are made of `number`."""
        ...

    def event(self, payload: dict[str, Any]) -> bytes:
        """Return an event of the stream that carries an error body."""
        ...
