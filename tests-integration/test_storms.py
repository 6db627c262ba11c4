"""Many calls at once: cancelled, in threads, after forks, over several event loops."""

import asyncio
import contextlib
import gc
import multiprocessing
import os
import random
import threading
import time
import warnings
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import anyio
import pytest

from sociaro import AsyncSociaro, Sociaro, SociaroError

MANY = 64
DESCRIPTORS = Path("/proc/self/fd")


def ask(text, **more):
    """Return the arguments of a call whose answer quotes `text`."""
    return {
        "model": "openai/gpt-4o",
        "messages": [{"role": "user", "content": text}],
        **more,
    }


def said(answer):
    """Return the text of an answer."""
    return answer.choices[0].message.content


def open_sockets():
    """Return how many sockets this process has open."""
    gc.collect()
    targets = (os.path.realpath(entry) for entry in DESCRIPTORS.iterdir())
    return sum("socket:" in target for target in targets)


def wait_for(condition):
    """Return whether `condition` becomes true within 5 s."""
    pause = threading.Event()
    deadline = time.monotonic() + 5
    while time.monotonic() < deadline:
        if condition():
            return True
        pause.wait(0.01)
    return condition()


async def good_ones(client):
    """Make 64 calls at once and check that each got its own answer."""
    answers = {}

    async def one(n):
        answers[n] = said(await client.chat.completions.create(**ask(f"good {n}")))

    with anyio.fail_after(20):
        async with anyio.create_task_group() as group:
            for n in range(MANY):
                group.start_soon(one, n)
    assert {n: f"You said: good {n}" for n in range(MANY)} == answers


async def cancelled_ones(client, pauses, stream):
    """Start 64 calls and cancel them after some steps of the event loop."""

    async def one(n):
        if not stream:
            await client.chat.completions.create(**ask(f"lost {n}"))
            return
        found = await client.chat.completions.create(**ask("count to 60", stream=True))
        async for _ in found:
            pass

    async with anyio.create_task_group() as group:
        for n in range(MANY):
            group.start_soon(one, n)
        for pause in pauses:
            await anyio.sleep(pause)
        group.cancel_scope.cancel()


@pytest.mark.skipif(not DESCRIPTORS.is_dir(), reason="counts sockets by /proc")
@pytest.mark.parametrize("stream", [False, True], ids=["plain", "stream"])
def test_cancelled_calls_leave_a_whole_client_behind(async_face, gateway, stream):
    """Cancelled at every early step and at random moments; then 64 good calls."""
    before = open_sockets()
    rng = random.Random(7)

    async def body():
        async with async_face.client() as client:
            for steps in range(1, 25):
                await cancelled_ones(client, [0] * steps, stream)
            for _ in range(6):
                await cancelled_ones(client, [rng.uniform(0, 0.15)], stream)
            await good_ones(client)

    async_face.run(body)
    assert wait_for(lambda: gateway.connections_open == 0)
    assert wait_for(lambda: open_sockets() <= before)


def test_many_calls_open_no_more_connections_than_run_at_once(async_face, gateway):
    """512 calls, 64 at once: 64 connections at most."""

    async def body():
        limiter = anyio.Semaphore(MANY)
        async with async_face.client() as client:

            async def one(n):
                async with limiter:
                    found = await client.chat.completions.create(**ask(f"n {n}"))
                    assert f"You said: n {n}" == said(found)

            async with anyio.create_task_group() as group:
                for n in range(8 * MANY):
                    group.start_soon(one, n)

    async_face.run(body)
    assert 8 * MANY == len(gateway.requests)
    assert gateway.connections_opened <= MANY


def test_threads_share_one_client_and_a_flaky_server(gateway):
    """32 threads: nothing is lost, nothing gets another's answer."""
    rng = random.Random(7)
    for _ in range(120):
        fault = rng.choice(["fail", "cut", "slow"])
        if fault == "fail":
            gateway.fail(503, headers={"retry-after-ms": "1"})
        elif fault == "cut":
            gateway.cut_stream(after=0)
        else:
            gateway.delay(0.01)
    with Sociaro(gateway.key, base_url=gateway.url, max_retries=20) as client:

        def one(n):
            stream = bool(n % 2)
            found = client.chat.completions.create(**ask(f"thread {n}", stream=stream))
            return said(found.get_final_completion() if stream else found)

        with ThreadPoolExecutor(32) as pool:
            answers = list(pool.map(one, range(640)))
    assert [f"You said: thread {n}" for n in range(640)] == answers
    assert wait_for(lambda: gateway.connections_open == 0)


def test_async_client_works_under_a_second_event_loop(gateway):
    """One client over several `asyncio.run` calls; each has connections of its own."""
    client = AsyncSociaro(gateway.key, base_url=gateway.url)

    async def one(n):
        found = await client.chat.completions.create(**ask(f"loop {n}"))
        if n == 2:
            await client.close()
        return said(found)

    with unclosed_loops():
        answers = [asyncio.run(one(n)) for n in range(3)]
        gc.collect()
    assert [f"You said: loop {n}" for n in range(3)] == answers


def test_async_client_works_in_threads_with_their_own_loops(gateway):
    """Loops side by side do not meet."""
    client = AsyncSociaro(gateway.key, base_url=gateway.url)

    async def many(n):
        answers = await asyncio.gather(
            *(client.chat.completions.create(**ask(f"{n} {m}")) for m in range(8))
        )
        return [said(answer) for answer in answers]

    def thread(n):
        return asyncio.run(many(n))

    with unclosed_loops(), ThreadPoolExecutor(4) as pool:
        answers = list(pool.map(thread, range(4)))
        gc.collect()
    expected = [[f"You said: {n} {m}" for m in range(8)] for n in range(4)]
    assert expected == answers


@contextlib.contextmanager
def unclosed_loops():
    """Let asyncio warn of connections in a loop that was closed without `close()`."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ResourceWarning)
        yield


def in_child(client, queue):
    """Call in the child of a fork, on the client of the parent."""
    try:
        if isinstance(client, Sociaro):
            found = client.chat.completions.create(**ask("child"))
        else:
            found = asyncio.run(client.chat.completions.create(**ask("child")))
        queue.put(said(found))
    except SociaroError as exc:
        queue.put(repr(exc))


@pytest.mark.skipif(not hasattr(os, "fork"), reason="the system has no fork")
@pytest.mark.filterwarnings("ignore:This process .* is multi-threaded")
@pytest.mark.filterwarnings("ignore:.*use of fork.*:DeprecationWarning")
@pytest.mark.parametrize("cls", [Sociaro, AsyncSociaro])
def test_client_survives_a_fork(gateway, cls):
    """The child opens connections of its own; the parent's stay usable."""
    context = multiprocessing.get_context("fork")
    queue = context.SimpleQueue()
    client = cls(gateway.key, base_url=gateway.url)

    async def around():
        before = said(await client.chat.completions.create(**ask("before")))
        child = context.Process(target=in_child_of_loop, args=(client, queue))
        child.start()
        answer = await asyncio.to_thread(queue.get)
        child.join()
        after = said(await client.chat.completions.create(**ask("after")))
        await client.close()
        return before, answer, after

    if cls is AsyncSociaro:
        before, answer, after = asyncio.run(around())
    else:
        before = said(client.chat.completions.create(**ask("before")))
        child = context.Process(target=in_child, args=(client, queue))
        child.start()
        answer = queue.get()
        child.join()
        after = said(client.chat.completions.create(**ask("after")))
        client.close()
    assert ["before", "child", "after"] == [
        text.removeprefix("You said: ") for text in (before, answer, after)
    ]
    assert 2 == gateway.connections_opened


def in_child_of_loop(client, queue):
    """Call in a thread of the child: the fork took the parent's running loop along."""
    thread = threading.Thread(target=in_child, args=(client, queue))
    thread.start()
    thread.join()
