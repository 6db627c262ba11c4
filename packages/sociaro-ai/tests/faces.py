"""
One test body for the sync client, asyncio and trio.

A body is an async function. On the sync face its `await`s reach adapters that do their
work at once, so that the whole body runs without any event loop.
"""

from __future__ import annotations

import asyncio
import inspect
from collections.abc import Awaitable, Callable
from typing import Any

import trio

from sociaro import AsyncSociaro, Sociaro

FACES = ("sync", "asyncio", "trio")


class Adapter:
    """A sync object with the async face: results of methods can be awaited."""

    def __init__(self, inner: Any) -> None:
        self.inner = inner

    def __getattr__(self, name: str) -> Any:
        found = getattr(self.inner, name)
        if name in ("create", "close", "get_final_completion"):
            return lambda *args, **options: _done(found, *args, **options)
        if name == "with_options":
            return lambda **options: Adapter(found(**options))
        return Adapter(found) if name in ("chat", "completions") else found

    def __aiter__(self) -> Adapter:
        iter(self.inner)
        return self

    async def __anext__(self) -> Any:
        try:
            return next(self.inner)
        except StopIteration:
            raise StopAsyncIteration from None

    async def __aenter__(self) -> Adapter:
        self.inner.__enter__()
        return self

    async def __aexit__(self, *exc: object) -> None:
        self.inner.__exit__(*exc)


async def _done(function: Callable[..., Any], *args: Any, **options: Any) -> Any:
    result = function(*args, **options)
    return Adapter(result) if hasattr(result, "__next__") else result


class Face:
    """
    How a test body is run.

    Args:
        name: ``"sync"``, ``"asyncio"`` or ``"trio"``.
        defaults: Arguments of every client it makes.
    """

    def __init__(self, name: str, **defaults: Any) -> None:
        self.name = name
        self.defaults = defaults

    @property
    def client_class(self) -> Any:
        """The client of this face."""
        return Sociaro if self.name == "sync" else AsyncSociaro

    def client(self, **options: Any) -> Any:
        """Return a client with the async face."""
        return self.adapted(self.client_class(**{**self.defaults, **options}))

    def adapted(self, client: Any) -> Any:
        """Return a client of this face with the async face."""
        return Adapter(client) if self.name == "sync" else client

    def run(self, body: Callable[[], Awaitable[Any]]) -> Any:
        """Run a body to its end and return its result."""
        if self.name == "asyncio":
            return asyncio.run(_coroutine(body))
        if self.name == "trio":
            return trio.run(body)
        coroutine = body()
        assert inspect.iscoroutine(coroutine)
        try:
            coroutine.send(None)
        except StopIteration as stop:
            return stop.value
        raise AssertionError("a sync body waited for something")

    def chat(self, *, client_options: Any = None, **call: Any) -> Any:
        """Make one call on a client of its own and return the answer."""

        async def body() -> Any:
            async with self.client(**(client_options or {})) as client:
                return await client.chat.completions.create(
                    **{"messages": [{"role": "user", "content": "Hello"}], **call}
                )

        return self.run(body)

    def stream(self, *, client_options: Any = None, **call: Any) -> list[Any]:
        """Make one streamed call and return its chunks."""

        async def body() -> list[Any]:
            async with self.client(**(client_options or {})) as client:
                stream = await client.chat.completions.create(
                    **{"messages": [{"role": "user", "content": "Hello"}], **call},
                    stream=True,
                )
                async with stream:
                    return [chunk async for chunk in stream]

        return self.run(body)


async def _coroutine(body: Callable[[], Awaitable[Any]]) -> Any:
    return await body()
