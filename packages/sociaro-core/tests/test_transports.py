"""Stacks of connections: threads, forks, event loops, garbage, many calls at once."""

import asyncio
import gc
import os
import random
import threading

import anyio
import pytest
import trio
from servers import CHUNKED, CUT, HANG, Drip, answer, chunk

from sociaro_core import transports
from sociaro_core.drivers import AsyncDriver, Driver
from sociaro_core.effects import keep, read, send
from sociaro_core.errors import APIConnectionError, APIError
from sociaro_core.limits import Limit
from sociaro_core.lines import AsyncLine, Line
from sociaro_core.messages import target_of
from sociaro_core.retries import RetryBudget, RetryPolicy, with_retries
from sociaro_core.sockets import AsyncBackend
from sociaro_core.transports import AsyncStackTransport, StackTransport
from sociaro_core.wire import Request, Timeout


def get(server, path="/x", **options):
    return Request("GET", f"{server.url}{path}", timeout=Timeout.of(10), **options)


def whole(server, path="/x"):
    return (yield from send(get(server, path)))


def opened(server):
    response = yield from send(get(server, stream=True))
    yield from keep(response)
    return response


def more(response):
    data = yield from read(response)
    yield from keep(response)
    return data


async def test_many_calls_open_as_many_connections_as_run_at_once(side, server):
    """512 calls, 64 at once, are served over at most 64 connections."""
    driver = side.driver()

    async def caller():
        for _ in range(8):
            response = await driver.run(whole(server))
            assert 200 == response.status

    await side.together([caller] * 64)
    assert 512 == len(server.requests)
    assert server.connections <= 64
    await side.close_transport(driver)
    server.wait_closed()


def test_threads_share_a_driver_without_mixing_answers(server):
    """32 threads on one driver and a flaky server: each call gets its own answer."""
    dice = random.Random(3)

    def flaky(received):
        echo = answer(200, received.target.encode())
        return dice.choice([echo, echo, [CUT], answer(503), [*echo, CUT]])

    server.default = flaky
    driver = Driver(StackTransport())
    policy = RetryPolicy(20, random=lambda: 1.0)
    answers = {}

    def work(number):
        for index in range(6):
            path = f"/{number}/{index}"
            try:
                response = driver.run(_without_pauses(get(server, path), policy))
            except (APIConnectionError, APIError) as exc:
                answers[path] = exc
            else:
                answers[path] = response.body.decode()

    threads = [threading.Thread(target=work, args=(number,)) for number in range(32)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert 192 == len(answers)
    assert all(path == found for path, found in answers.items())
    driver.transport.close()
    server.wait_closed()


def _without_pauses(request, policy):
    """Play `with_retries` without its pauses, whose length is tested by hand."""
    flow = with_retries(request, policy)
    effect = next(flow)
    while True:
        result = error = None
        if not hasattr(effect, "seconds"):
            try:
                result = yield effect
            except (APIConnectionError, APIError) as exc:
                error = exc
        try:
            effect = flow.send(result) if error is None else flow.throw(error)
        except StopIteration as stop:
            return stop.value


async def test_a_closed_idle_connection_is_not_used(side, server):
    """A connection the server closed in between is noticed, and costs no attempt."""
    server.answers.append([*answer(200, b"{}"), CUT])
    driver = side.driver()
    await driver.run(whole(server))
    server.wait_closed()
    assert 200 == (await driver.run(whole(server))).status
    assert [1, 2] == [received.connection for received in server.requests]
    await side.close_transport(driver)


async def test_idle_connections_are_closed_after_a_while(side, server, monkeypatch):
    """What lay unused for too long is closed when another connection comes back."""
    driver = side.driver()
    server.default = lambda received: [lambda connection: gate.wait(5), *answer()]
    gate = threading.Barrier(2, timeout=5)

    async def call():
        await driver.run(whole(server))

    await side.together([call, call])
    assert 2 == server.open
    server.default = answer()
    monkeypatch.setattr(transports, "IDLE_SECONDS", -1.0)
    await driver.run(whole(server))
    server.wait_closed()
    await side.close_transport(driver)


async def test_an_answer_after_close_is_not_kept(side, server):
    """A connection under way when its client is closed is closed at its end."""
    driver = side.driver()
    response = await driver.run(opened(server))
    await side.close_transport(driver)
    while await driver.run(more(response), response):
        pass
    await driver.close(response)
    server.wait_closed()


async def test_origins_have_stacks_of_their_own(side, server):
    """A connection to one host and port is never used for another."""
    other = type(server)()
    with other:
        driver = side.driver()
        for target in (server, other, server, other):
            await driver.run(whole(target))
        assert (1, 1) == (server.connections, other.connections)
        await side.close_transport(driver)


async def test_an_abandoned_stream_frees_its_connection(side, server):
    """A finalizer cuts the connection at once; the rest follows with the next call."""
    server.default = [CHUNKED, chunk(b"abc"), HANG]
    driver = side.driver()
    response = await driver.run(opened(server))
    assert b"abc" == await driver.run(more(response), response)
    driver.abandon(response)
    server.wait_closed()
    server.default = answer()
    await driver.run(whole(server))
    driver.abandon(response)
    await side.close_transport(driver)


async def test_a_stream_closed_by_another_reader_ends(side, server):
    """Closing a stream that somebody waits for wakes them with an error."""
    server.default = [CHUNKED, chunk(b"abc"), HANG]
    driver = side.driver()
    response = await driver.run(opened(server))
    await driver.run(more(response), response)
    seen = []

    async def reader():
        try:
            await driver.run(more(response), response)
        except APIConnectionError as exc:
            seen.append(exc)

    async def closer():
        if side.name == "sync":
            while not response.exchange.exchange._reading:
                pass
        else:
            await anyio.wait_all_tasks_blocked()
        await driver.close(response)

    await side.together([reader, closer])
    assert 1 == len(seen)
    server.wait_closed()
    await side.close_transport(driver)


def test_a_forgotten_driver_closes_its_connections(server):
    """Without `close`, the last reference closes idle and open connections alike."""
    server.answers += [answer(), [CHUNKED, chunk(b"abc"), HANG]]
    driver = Driver(StackTransport())
    driver.run(whole(server))
    response = driver.run(opened(server))
    assert 1 == server.open
    del response, driver
    gc.collect()
    server.wait_closed()


def test_a_sync_call_that_is_interrupted_closes_its_connection(server):
    """Ctrl-C comes through unchanged and leaves nothing open."""
    driver = Driver(StackTransport())

    server.default = lambda received: [lambda c: os.kill(os.getpid(), 2), HANG]
    with pytest.raises(KeyboardInterrupt):
        driver.run(with_retries(get(server), RetryPolicy()))
    server.wait_closed()
    server.default = [CHUNKED, chunk(b"abc"), lambda c: os.kill(os.getpid(), 2), HANG]
    with pytest.raises(KeyboardInterrupt):
        driver.run(with_retries(get(server), RetryPolicy()))
    server.wait_closed()
    assert 2 == len(server.requests)


# Event loops.


def test_an_async_driver_works_in_one_loop_after_another(server, sockets):
    """Each loop has connections of its own, and asyncio and trio may take turns."""
    driver = AsyncDriver(AsyncStackTransport())

    async def main():
        for _ in range(2):
            assert 200 == (await driver.run(whole(server))).status

    for _ in range(2):
        asyncio.run(main())
        trio.run(main)
    assert 4 == server.connections
    asyncio.run(driver.transport.close())
    gc.collect()
    server.wait_closed()
    assert 0 == sockets()


def test_loops_in_several_threads_share_a_driver(server):
    """Calls of loops that run at the same time do not disturb each other."""
    driver = AsyncDriver(AsyncStackTransport())
    done = []

    async def main():
        for _ in range(5):
            await driver.run(whole(server))
        done.append(1)

    threads = [threading.Thread(target=asyncio.run, args=(main(),)) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert 8 == len(done)
    asyncio.run(driver.transport.close())
    server.wait_closed()


def test_an_async_driver_forgotten_after_its_loop_leaves_nothing_open(server):
    """Without `close`, sockets go with their loop and their driver, in silence."""
    driver = AsyncDriver(AsyncStackTransport())
    asyncio.run(_call(driver, server))
    trio.run(_call, driver, server)
    del driver
    gc.collect()
    server.wait_closed()


async def _call(driver, server):
    await driver.run(whole(server))


def test_a_stream_forgotten_in_a_loop_that_ended_leaves_nothing_open(server):
    """An abandoned stream is closed although its loop never ran again."""
    server.default = [CHUNKED, chunk(b"abc"), HANG]
    driver = AsyncDriver(AsyncStackTransport())

    async def main():
        response = await driver.run(opened(server))
        await driver.run(more(response), response)
        return response

    for run in (asyncio.run, lambda coroutine: trio.run(lambda: coroutine)):
        response = run(main())
        driver.abandon(response)
        server.wait_closed()


# Forks.


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
@pytest.mark.filterwarnings("ignore:This process:DeprecationWarning")
def test_a_child_opens_its_own_connections(server):
    """After a fork the child leaves the parent's connections alone; both go on."""
    driver = Driver(StackTransport())
    async_driver = AsyncDriver(AsyncStackTransport())
    driver.run(whole(server))
    loop = asyncio.new_event_loop()
    loop.run_until_complete(_call(async_driver, server))
    budget = RetryBudget(1)
    budget._lock.acquire()
    async_driver.transport._lock.acquire()
    child = os.fork()
    if child == 0:  # pragma: no cover - coverage does not follow
        code = 1
        try:
            driver.run(whole(server))
            asyncio.run(_call(async_driver, server))
            assert budget.take()
            code = 0
        finally:
            os._exit(code)
    async_driver.transport._lock.release()
    budget._lock.release()
    assert 0 == os.waitpid(child, 0)[1]
    driver.run(whole(server))
    loop.run_until_complete(_call(async_driver, server))
    assert [1, 2, 3, 4, 1, 2] == [received.connection for received in server.requests]
    loop.run_until_complete(async_driver.transport.close())
    loop.close()
    driver.transport.close()
    server.wait_closed()


def test_forget_all_drops_idle_connections(server):
    """What runs in a child closes this process's end, and nothing is lost."""
    driver = Driver(StackTransport())
    driver.run(whole(server))
    StackTransport.forget_all()
    RetryBudget.renew_all()
    driver.run(whole(server))

    async def main():
        async_driver = AsyncDriver(AsyncStackTransport())
        await _call(async_driver, server)
        AsyncStackTransport.forget_all()
        await _call(async_driver, server)
        await async_driver.transport.close()

    asyncio.run(main())
    driver.transport.close()
    server.wait_closed()
    assert 4 == server.connections


async def test_a_big_body_lets_other_tasks_have_their_turn(async_side, server):
    """Reading what is there already does not block the loop."""
    size = 40_000_000
    server.default = answer(200, b"x" * size)
    driver = async_side.driver()
    turns = 0

    async def count():
        nonlocal turns
        while True:
            turns += 1
            await anyio.lowlevel.checkpoint()

    async with anyio.create_task_group() as group:
        group.start_soon(count)
        response = await driver.run(whole(server))
        group.cancel_scope.cancel()
    assert size == len(response.body)
    assert turns > 50
    await driver.transport.close()


async def test_a_dripping_stream_is_abandoned_while_it_is_read(async_side, server):
    """A reader whose stream is cut off by a finalizer gets an error, no silence."""
    server.default = [CHUNKED, Drip(chunk(b"ab") * 1000, 0.005, 7)]
    driver = async_side.driver()
    response = await driver.run(opened(server))
    await driver.run(more(response), response)
    async with anyio.create_task_group() as group:
        group.start_soon(_abandon_soon, driver, response)
        with pytest.raises(APIConnectionError):
            while True:
                await driver.run(more(response), response)
    await driver.transport.close()
    server.wait_closed()


async def _abandon_soon(driver, response):
    await anyio.lowlevel.checkpoint()
    driver.abandon(response)


def test_a_line_that_never_connected_needs_no_closing():
    """Nothing is there to be closed."""
    target = target_of("http://127.0.0.1:9/")
    for kind in (Line, AsyncLine):
        line = kind(target, None)
        line.shut()
        line.drop()
        line.close()
        assert not line.reusable()


async def test_a_socket_that_was_closed_counts_as_readable(async_side, server):
    """So that its line is not used again."""
    limit = Limit()
    limit.start(get(server), None)
    stream = await AsyncBackend(limit).connect_tcp("127.0.0.1", server.port)
    assert not stream.get_extra_info("is_readable")
    assert stream.get_extra_info("anything") is None
    stream.close()
    assert stream.get_extra_info("is_readable")
    server.wait_closed()
