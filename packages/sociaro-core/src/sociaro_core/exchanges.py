"""What drivers send with: a transport opens exchanges, one for each request."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from .credentials import Secret
    from .wire import Headers, Request

__all__ = ["AsyncExchange", "AsyncTransport", "Exchange", "Transport"]


class Exchange(Protocol):
    """One request under way, its head received."""

    status: int
    headers: Headers

    def read(self, expires: float | None = None) -> bytes:
        """Return the next raw bytes, empty at the end; `expires` is a steady time."""
        ...

    def close(self, *, whole: bool = False) -> None:
        """Give the connection back if it is clean, else close it."""
        ...


class AsyncExchange(Protocol):
    """One request under way, its head received."""

    status: int
    headers: Headers

    async def read(self, expires: float | None = None) -> bytes:
        """Return the next raw bytes, empty at the end; `expires` is a steady time."""
        ...

    async def close(self, *, whole: bool = False) -> None:
        """Give the connection back if it is clean, else close it."""
        ...

    def abandon(self) -> None:
        """Free the connection from a finalizer, which may run anywhere."""
        ...


class Transport(Protocol):
    """What the sync driver sends with."""

    def open(
        self, request: Request, secret: Secret | None, expires: float | None
    ) -> Exchange:
        """Send `request` and return when the head of the answer is there."""
        ...

    def close(self) -> None:
        """Close every idle connection."""
        ...


class AsyncTransport(Protocol):
    """What the async driver sends with."""

    async def open(
        self, request: Request, secret: Secret | None, expires: float | None
    ) -> AsyncExchange:
        """Send `request` and return when the head of the answer is there."""
        ...

    async def close(self) -> None:
        """Close every idle connection."""
        ...
