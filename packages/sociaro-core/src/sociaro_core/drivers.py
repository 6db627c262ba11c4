"""
Those who perform effects: one driver for sync code, one for async code.

They hold no policy. A driver sends, reads, sleeps and looks at the clock when a flow
asks for it; it closes every response the flow opened and did not keep, on every way
out, also on cancellation and Ctrl-C; it turns what a server or a network does wrong
into our errors. What goes wrong with the caller's own key function is no business of
the flow: it comes through unchanged.
"""

from __future__ import annotations

import time
import zlib
from typing import TYPE_CHECKING, Any, TypeVar

import anyio
import attrs

from .bodies import Body, Open, log_answer, log_failure
from .credentials import IN_USE
from .effects import Close, Effect, Flow, Instant, Now, Read, Send, Sleep
from .errors import (
    APIConnectionError,
    APIError,
    APITimeoutError,
    SociaroError,
    invalid_response,
)
from .notices import logger
from .wire import Response, reads_whole

if TYPE_CHECKING:
    from .credentials import Secret
    from .transports import AsyncExchange, AsyncTransport, Exchange, Transport

__all__ = ["AsyncDriver", "Driver"]

T = TypeVar("T")


class Driver:
    """Runs flows in the calling thread; any number of threads may use one driver."""

    def __init__(self, transport: Transport) -> None:
        self.transport = transport

    def run(self, flow: Flow[T], held: Response | None = None) -> T:
        """
        Run `flow` and return its result.

        Args:
            flow: Not started yet.
            held: An open response handed to the flow; closed too unless kept again.

        Raises:
            SociaroError: What the flow raises.
        """
        opened = [] if held is None else [held]
        answer: Any = None
        error: SociaroError | None = None
        try:
            while True:
                try:
                    effect = flow.send(answer) if error is None else flow.throw(error)
                except StopIteration as stop:
                    result: T = stop.value
                    return result
                answer = error = None
                secret = self._secret(effect) if isinstance(effect, Send) else None
                try:
                    answer = self._perform(effect, secret, opened)
                except SociaroError as exc:
                    error = exc
        finally:
            error = None
            try:
                flow.close()
            finally:
                self._close_all(opened)

    def _secret(self, effect: Send) -> Secret | None:
        auth = effect.request.auth
        return None if auth is None else auth.key.get()

    def _perform(
        self, effect: Effect, secret: Secret | None, opened: list[Response]
    ) -> Any:
        if isinstance(effect, Read):
            return self._read(effect.response, effect.expires)
        if isinstance(effect, Send):
            return self._send(effect, secret, opened)
        if isinstance(effect, Now):
            return Instant(time.time(), time.monotonic())
        if isinstance(effect, Sleep):
            logger.info("pausing %.2f s", effect.seconds)
            return time.sleep(effect.seconds)
        if isinstance(effect, Close):
            self.close(effect.response, whole=effect.whole)
        _forget(opened, effect.response)
        return None

    def _send(
        self, effect: Send, secret: Secret | None, opened: list[Response]
    ) -> Response:
        request = effect.request
        began = time.monotonic()
        before = IN_USE.get()
        IN_USE.set(secret)
        try:
            exchange = self.transport.open(request, secret, effect.expires)
        except SociaroError as exc:
            log_failure(request, began, exc)
            raise
        finally:
            IN_USE.set(before)
        response = _opened(exchange, secret)
        opened.append(response)
        log_answer(request, began, response)
        if not reads_whole(request, exchange.status):
            response.exchange.check(response)
            return response
        return self._whole(response, opened)

    def _whole(self, response: Response, opened: list[Response]) -> Response:
        body = Body(response)
        try:
            response.exchange.check(response)
            while not body.full and (piece := self._read(response)):
                body.add(piece)
        except (APIConnectionError, APIError):
            # The status of an error says more than why its body is not whole.
            if response.status < 300:
                raise
        _forget(opened, response)
        self.close(response)
        return body.response()

    def _read(self, response: Response, expires: float | None = None) -> bytes:
        state: Open = response.exchange
        unpacker = state.unpacker
        if unpacker is None:
            data: bytes = state.exchange.read(expires)
            return data
        try:
            while not (piece := unpacker.take()):
                if not (data := state.exchange.read(expires)):
                    state.ended()
                    return b""
                unpacker.feed(data)
        except zlib.error as exc:
            raise _unreadable(response, exc) from None
        return piece

    def close(self, response: Response, *, whole: bool = False) -> None:
        """
        Close an open response, kept or not; again does nothing.

        With `whole` it waits a moment for the end, to use the connection again.
        """
        state: Open | None = response.exchange
        if state is not None:
            state.exchange.close(whole=whole)

    def abandon(self, response: Response) -> None:
        """Free a kept response from a finalizer, which may run anywhere."""
        self.close(response)

    def _close_all(self, opened: list[Response]) -> None:
        while opened:
            try:
                self.close(opened.pop())
            except BaseException:
                self._close_all(opened)
                raise


class AsyncDriver:
    """Runs flows on asyncio or trio, in any number of tasks and event loops."""

    def __init__(self, transport: AsyncTransport) -> None:
        self.transport = transport

    async def run(self, flow: Flow[T], held: Response | None = None) -> T:
        """
        Run `flow` and return its result.

        Args:
            flow: Not started yet.
            held: An open response handed to the flow; closed too unless kept again.

        Raises:
            SociaroError: What the flow raises.
        """
        opened = [] if held is None else [held]
        answer: Any = None
        error: SociaroError | None = None
        try:
            while True:
                try:
                    effect = flow.send(answer) if error is None else flow.throw(error)
                except StopIteration as stop:
                    result: T = stop.value
                    return result
                answer = error = None
                secret = (
                    await self._secret(effect) if isinstance(effect, Send) else None
                )
                try:
                    answer = await self._perform(effect, secret, opened)
                except SociaroError as exc:
                    error = exc
        finally:
            error = None
            try:
                flow.close()
            finally:
                await self._close_all(opened)

    async def _secret(self, effect: Send) -> Secret | None:
        auth = effect.request.auth
        if auth is None:
            return None
        if effect.expires is None:
            return await auth.key.aget()
        with anyio.move_on_after(max(0.0, effect.expires - time.monotonic())):
            return await auth.key.aget()
        raise APITimeoutError(
            "the deadline of the call passed while the api_key function ran",
            phase="deadline",
        )

    async def _perform(
        self, effect: Effect, secret: Secret | None, opened: list[Response]
    ) -> Any:
        if isinstance(effect, Read):
            return await self._read(effect.response, effect.expires)
        if isinstance(effect, Send):
            return await self._send(effect, secret, opened)
        if isinstance(effect, Now):
            return Instant(time.time(), time.monotonic())
        if isinstance(effect, Sleep):
            logger.info("pausing %.2f s", effect.seconds)
            return await anyio.sleep(effect.seconds)
        if isinstance(effect, Close):
            await self.close(effect.response, whole=effect.whole)
        _forget(opened, effect.response)
        return None

    async def _send(
        self, effect: Send, secret: Secret | None, opened: list[Response]
    ) -> Response:
        request = effect.request
        began = time.monotonic()
        before = IN_USE.get()
        IN_USE.set(secret)
        try:
            exchange = await self.transport.open(request, secret, effect.expires)
        except SociaroError as exc:
            log_failure(request, began, exc)
            raise
        finally:
            IN_USE.set(before)
        response = _opened(exchange, secret)
        opened.append(response)
        log_answer(request, began, response)
        if not reads_whole(request, exchange.status):
            response.exchange.check(response)
            return response
        return await self._whole(response, opened)

    async def _whole(self, response: Response, opened: list[Response]) -> Response:
        body = Body(response)
        try:
            response.exchange.check(response)
            while not body.full and (piece := await self._read(response)):
                body.add(piece)
        except (APIConnectionError, APIError):
            # The status of an error says more than why its body is not whole.
            if response.status < 300:
                raise
        _forget(opened, response)
        await self.close(response)
        return body.response()

    async def _read(self, response: Response, expires: float | None = None) -> bytes:
        state: Open = response.exchange
        unpacker = state.unpacker
        if unpacker is None:
            data: bytes = await state.exchange.read(expires)
            return data
        try:
            while not (piece := unpacker.take()):
                if not (data := await state.exchange.read(expires)):
                    state.ended()
                    return b""
                unpacker.feed(data)
        except zlib.error as exc:
            raise _unreadable(response, exc) from None
        return piece

    async def close(self, response: Response, *, whole: bool = False) -> None:
        """
        Close an open response, kept or not; again does nothing.

        With `whole` it waits a moment for the end, to use the connection again.
        """
        state: Open | None = response.exchange
        if state is not None:
            await state.exchange.close(whole=whole)

    def abandon(self, response: Response) -> None:
        """Free a kept response from a finalizer, which may run anywhere."""
        state: Open | None = response.exchange
        if state is not None:
            state.exchange.abandon()

    async def _close_all(self, opened: list[Response]) -> None:
        while opened:
            try:
                await self.close(opened.pop())
            except BaseException:
                await self._close_all(opened)
                raise


def _opened(exchange: Exchange | AsyncExchange, secret: Secret | None) -> Response:
    state = Open(exchange)
    return Response(exchange.status, exchange.headers, b"", time.time(), secret, state)


def _forget(opened: list[Response], response: Response) -> None:
    """Take `response`, or what it was evolved from, off the list."""
    opened[:] = [one for one in opened if one.exchange is not response.exchange]


def _unreadable(response: Response, exc: Exception) -> APIError:
    return invalid_response(
        attrs.evolve(response, exchange=None), f"the answer cannot be unpacked: {exc}"
    )
