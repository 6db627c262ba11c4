"""Cancelled calls: nothing stays open, nothing is sent later, the next ones are fine."""

import asyncio
import random

import anyio
import pytest
from servers import CHUNKED, HANG, Drip, answer, chunk

from sociaro_core.effects import keep, read, send
from sociaro_core.retries import RetryPolicy, with_retries
from sociaro_core.wire import Request, Response, Timeout

CALLS = 64


def request_to(server, **options):
    body = b"x" * 1000
    timeout = Timeout.of(10)
    return Request("POST", f"{server.url}/x", body=body, timeout=timeout, **options)


def ask(server):
    return (yield from send(request_to(server)))


def open_stream(server):
    response = yield from send(request_to(server, stream=True))
    yield from keep(response)
    return response


async def good_calls(driver, server, count=CALLS):
    """Let `count` calls run side by side and check that each is answered."""
    answered = []

    async def call():
        response = await driver.run(ask(server))
        answered.append(response.status)

    with anyio.fail_after(5):
        async with anyio.create_task_group() as group:
            for _ in range(count):
                group.start_soon(call)
    assert [200] * count == answered


async def steps(count):
    """Let everything else go `count` steps of the event loop."""
    for _ in range(count):
        await anyio.lowlevel.checkpoint()


@pytest.mark.parametrize("early", range(0, 24, 2))
async def test_calls_answer_at_once_after_cancellation_at_an_early_step(
    async_side, server, sockets, early
):
    """64 calls cancelled after a few steps of the loop harm none of the next 64."""
    before = sockets()
    driver = async_side.driver()
    for step in (early, early + 1):
        async with anyio.create_task_group() as group:
            for _ in range(CALLS):
                group.start_soon(driver.run, ask(server))
            await steps(step)
            group.cancel_scope.cancel()
    await good_calls(driver, server)
    await driver.transport.close()
    server.wait_closed()
    assert before == sockets()


async def test_calls_answer_at_once_after_cancellation_at_random_moments(
    async_side, server, sockets
):
    """64 calls cancelled while their answers drip harm none of the next 64."""
    before = sockets()
    server.default = [CHUNKED, Drip(chunk(b"abc") * 5 + b"0\r\n\r\n", 0.001)]
    driver = async_side.driver()
    dice = random.Random(7)

    async def cancelled():
        with anyio.move_on_after(dice.uniform(0, 0.1)):
            await driver.run(ask(server))

    async with anyio.create_task_group() as group:
        for _ in range(CALLS):
            group.start_soon(cancelled)
    server.default = answer(200, b"{}")
    await good_calls(driver, server)
    await driver.transport.close()
    server.wait_closed()
    assert before == sockets()


@pytest.mark.parametrize("early", range(12))
def test_tasks_are_cancelled_at_an_early_step(server, sockets, early):
    """`Task.cancel` comes through as `CancelledError` and leaves nothing open."""

    async def main():
        driver = _asyncio_driver()
        tasks = [asyncio.create_task(driver.run(ask(server))) for _ in range(CALLS)]
        await steps(early)
        for task in tasks:
            task.cancel()
        done = await asyncio.gather(*tasks, return_exceptions=True)
        kinds = {type(one) for one in done}
        assert kinds <= {asyncio.CancelledError, Response}
        await good_calls(driver, server)
        await driver.transport.close()

    asyncio.run(main())
    server.wait_closed()
    assert 0 == sockets()


def _asyncio_driver():
    from sociaro_core.drivers import AsyncDriver
    from sociaro_core.transports import AsyncStackTransport

    return AsyncDriver(AsyncStackTransport())


def test_tasks_are_cancelled_again_while_they_close(server, sockets):
    """A second `Task.cancel` that hits the cleanup leaves nothing open either."""
    server.default = [CHUNKED, chunk(b"abc"), HANG]

    async def main():
        driver = _asyncio_driver()
        for early in range(12):
            task = asyncio.create_task(driver.run(ask(server)))
            await asyncio.to_thread(server.wait_requests, early + 1)
            task.cancel()
            await steps(early)
            task.cancel()
            with pytest.raises(asyncio.CancelledError):
                await task
        await driver.transport.close()

    asyncio.run(main())
    server.wait_closed()
    assert 0 == sockets()


async def test_wait_for_raises_its_own_timeout(server, sockets, async_side):
    """The `TimeoutError` of a scope around a call is not turned into ours."""
    server.default = [HANG]
    driver = async_side.driver()
    with pytest.raises(TimeoutError):
        with anyio.fail_after(0.05):
            await driver.run(with_retries(request_to(server), RetryPolicy()))
    await driver.transport.close()
    server.wait_closed()
    assert 1 == len(server.requests)


def test_wait_for_of_asyncio_raises_its_own_timeout(server):
    """`asyncio.wait_for` ends a call with its own exception and one request."""
    server.default = [HANG]

    async def main():
        driver = _asyncio_driver()
        flow = with_retries(request_to(server), RetryPolicy())
        with pytest.raises(asyncio.TimeoutError):
            await asyncio.wait_for(driver.run(flow), 0.05)
        await driver.transport.close()

    asyncio.run(main())
    server.wait_closed()
    assert 1 == len(server.requests)


async def test_cancelling_a_pause_sends_nothing_afterwards(async_side, server):
    """A call that waits for its next attempt ends there."""
    server.default = answer(503, b"", [("Retry-After", "5")])
    driver = async_side.driver()
    with anyio.move_on_after(0.05) as scope:
        await driver.run(with_retries(request_to(server), RetryPolicy()))
    assert scope.cancelled_caught
    assert 1 == len(server.requests)
    await driver.transport.close()
    server.wait_closed()


async def test_cancelling_a_kept_stream_closes_it(async_side, server):
    """Cancellation while the next piece is awaited frees the connection."""
    server.default = [CHUNKED, chunk(b"abc"), HANG]
    driver = async_side.driver()
    response = await driver.run(open_stream(server))

    def more():
        data = yield from read(response)
        yield from keep(response)
        return data

    assert b"abc" == await driver.run(more(), response)
    with anyio.move_on_after(0.03):
        await driver.run(more(), response)
    server.wait_closed()
    await driver.transport.close()


async def test_a_flow_gets_generator_exit_when_its_call_is_cancelled(
    async_side, server
):
    """Cancellation reaches a flow as the end of its life, not as an error."""
    server.default = [HANG]
    seen = []

    def flow():
        try:
            yield from ask(server)
        except GeneratorExit:
            seen.append("exit")
            raise

    driver = async_side.driver()
    with anyio.move_on_after(0.03):
        await driver.run(flow())
    assert ["exit"] == seen
    await driver.transport.close()
