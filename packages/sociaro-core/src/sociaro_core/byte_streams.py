"""An answer read piece by piece: iterators that open their request and close it."""

from __future__ import annotations

import weakref
from types import TracebackType
from typing import TYPE_CHECKING

from .attempts import Trail
from .drivers import AsyncDriver, Driver
from .effects import Flow, close, keep, read
from .retries import RetryPolicy, with_retries
from .wire import Request, Response

if TYPE_CHECKING:
    from typing_extensions import Self

__all__ = ["AsyncByteStream", "ByteStream"]


def _open_flow(request: Request, policy: RetryPolicy) -> Flow[Response]:
    response = yield from with_retries(request, policy, trail=Trail())
    yield from keep(response)
    return response


def _read_flow(response: Response) -> Flow[bytes]:
    data = yield from read(response)
    if data:
        yield from keep(response)
    else:
        yield from close(response)
    return data


class ByteStream:
    """
    The bytes of an answer as they come: an iterator and a context manager.

    The request is sent when the first piece is asked for. Leaving the ``with`` block,
    `close` and losing the last reference free the connection.
    """

    def __init__(self, driver: Driver, request: Request, policy: RetryPolicy) -> None:
        self._driver = driver
        self._request = request
        self._policy = policy
        self._response: Response | None = None
        self._over = False

    def __iter__(self) -> Self:
        return self

    def __next__(self) -> bytes:
        if self._over:
            raise StopIteration
        # An error ends the stream.
        self._over = True
        if self._response is None:
            self._response = self._driver.run(_open_flow(self._request, self._policy))
            weakref.finalize(self, self._driver.abandon, self._response)
        data = self._driver.run(_read_flow(self._response), self._response)
        if not data:
            raise StopIteration
        self._over = False
        return data

    def close(self) -> None:
        """Free the connection; again does nothing."""
        self._over = True
        if self._response is not None:
            self._driver.close(self._response)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()


class AsyncByteStream:
    """`ByteStream` for asyncio and trio."""

    def __init__(
        self, driver: AsyncDriver, request: Request, policy: RetryPolicy
    ) -> None:
        self._driver = driver
        self._request = request
        self._policy = policy
        self._response: Response | None = None
        self._over = False

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> bytes:
        if self._over:
            raise StopAsyncIteration
        # An error ends the stream.
        self._over = True
        if self._response is None:
            flow = _open_flow(self._request, self._policy)
            self._response = await self._driver.run(flow)
            weakref.finalize(self, self._driver.abandon, self._response)
        data = await self._driver.run(_read_flow(self._response), self._response)
        if not data:
            raise StopAsyncIteration
        self._over = False
        return data

    async def close(self) -> None:
        """Free the connection; again does nothing."""
        self._over = True
        if self._response is not None:
            await self._driver.close(self._response)

    aclose = close

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        await self.close()
