"""The drivers on real sockets: what they open, read, keep and close."""

import gzip
import zlib

import pytest
from servers import CHUNKED, CUT, HANG, RESET, Drip, answer, chunk, head

from sociaro_core import bodies
from sociaro_core.credentials import BEARER, X_API_KEY, Auth, Key
from sociaro_core.effects import close, keep, now, read, send, sleep
from sociaro_core.errors import (
    APIConnectionError,
    APIError,
    APITimeoutError,
    ConfigurationError,
    ProviderUnavailableError,
    error_from,
)
from sociaro_core.retries import RetryPolicy, with_retries
from sociaro_core.wire import Request, Response, Timeout


def get(server, **options):
    return Request("GET", f"{server.url}/x", **options)


def whole(request, expires=None):
    return (yield from send(request, expires))


def opened(request, expires=None):
    response = yield from send(request, expires)
    yield from keep(response)
    return response


def rest(response, expires=None):
    pieces = []
    while data := (yield from read(response, expires)):
        pieces.append(data)
    return b"".join(pieces)


async def failure(driver, flow, held=None):
    """Return the error a flow ends with."""
    with pytest.raises((APIConnectionError, APIError)) as caught:
        await driver.run(flow, held)
    return caught.value


@pytest.fixture(params=["own", "borrowed"])
def make_driver(request, side):
    """Make a driver on connections of ours, and on an http_client."""
    clients = []

    def make():
        if request.param == "own":
            return side.driver()
        clients.append(side.Client())
        return side.driver(clients[-1])

    async def end(driver):
        await side.close_transport(driver)
        for client in clients:
            await side.close_client(client)

    make.end = end
    make.kind = request.param
    return make


async def test_run_returns_the_whole_answer(side, make_driver, server):
    """Status, headers and body of a good answer come back together."""
    server.answers.append(answer(201, b"hello", [("X-A", "1"), ("X-A", "2")]))
    driver = make_driver()
    response = await driver.run(whole(get(server, headers={"X-B": "3"})))
    assert (201, b"hello", "1, 2") == (
        response.status,
        response.body,
        response.headers["x-a"],
    )
    assert "3" == server.requests[0].header("x-b")
    assert response.exchange is None
    await make_driver.end(driver)
    server.wait_closed()


async def test_run_uses_a_clean_connection_again(side, make_driver, server):
    """One connection serves requests that follow each other."""
    server.answers += [answer(200, b"a"), answer(404, b"b"), answer(chunked=True)]
    driver = make_driver()
    for _ in range(4):
        await driver.run(whole(get(server)))
    assert [1, 1, 1, 1] == [received.connection for received in server.requests]
    await make_driver.end(driver)
    server.wait_closed()


async def test_send_writes_body_and_key(side, make_driver, server, key):
    """A POST has its bytes, its length and the key in the provider's header."""
    driver = make_driver()
    for style in (BEARER, X_API_KEY):
        auth = Auth(style, Key.of(None))
        request = Request("POST", f"{server.url}/p?q=1", body=b"\0x", auth=auth)
        await driver.run(whole(request))
    bearer, plain = server.requests
    assert ("POST", "/p?q=1", b"\0x") == (bearer.method, bearer.target, bearer.body)
    assert (f"Bearer {key}", "") == (
        bearer.header("authorization"),
        bearer.header("x-api-key"),
    )
    assert ("", key) == (plain.header("authorization"), plain.header("x-api-key"))
    assert f"127.0.0.1:{server.port}" == bearer.header("host")
    await make_driver.end(driver)


async def test_send_leaves_the_key_out_when_the_caller_set_the_header(side, server):
    """An Authorization header of the caller wins over the key."""
    driver = side.driver()
    auth = Auth(BEARER, Key.of(None))
    await driver.run(whole(get(server, headers={"authorization": "own"}, auth=auth)))
    assert "own" == server.requests[0].header("authorization")
    await side.close_transport(driver)


async def test_read_gives_pieces_as_they_come(side, make_driver, server):
    """A stream is read piece by piece and its connection used again at the end."""
    server.answers.append([CHUNKED, Drip(chunk(b"ab") + chunk(b"cd"), 0.001, 7)])
    server.answers[0].append(b"0\r\n\r\n")
    driver = make_driver()
    response = await driver.run(opened(get(server, stream=True)))
    assert b"" == response.body
    assert b"abcd" == await driver.run(rest(response), response)
    await driver.close(response)
    await driver.run(whole(get(server)))
    assert [1, 1] == [received.connection for received in server.requests]
    assert "identity" == server.requests[0].header("accept-encoding")
    await make_driver.end(driver)
    server.wait_closed()


async def test_run_closes_what_a_flow_opened_and_did_not_keep(
    side, make_driver, server
):
    """A stream nobody kept is closed when its flow returns or fails."""
    server.default = [CHUNKED, chunk(b"ab"), HANG]
    driver = make_driver()

    def failing():
        yield from send(get(server, stream=True))
        raise APIError("no")

    def two():
        yield from send(get(server, stream=True))
        yield from send(get(server, stream=True))

    with pytest.raises(APIError, match="no"):
        await driver.run(failing())
    await driver.run(two())
    server.wait_closed()
    assert 3 == len(server.requests)
    await make_driver.end(driver)


async def test_run_closes_what_was_handed_in_unless_kept_again(
    side, make_driver, server
):
    """A held response belongs to the flow that it is handed to."""
    server.default = [CHUNKED, chunk(b"ab"), HANG]
    driver = make_driver()
    response = await driver.run(opened(get(server, stream=True)))

    def forgetful():
        return (yield from read(response))

    assert b"ab" == await driver.run(forgetful(), response)
    server.wait_closed()
    await make_driver.end(driver)


async def test_close_frees_the_connection_at_once(side, make_driver, server):
    """The effect closes; closing again, by effect or driver, does nothing."""
    server.default = [CHUNKED, chunk(b"ab"), HANG]
    driver = make_driver()

    def closing():
        response = yield from send(get(server, stream=True))
        yield from close(response)
        yield from close(response)
        return response

    response = await driver.run(closing())
    await driver.close(response)
    server.wait_closed()
    await make_driver.end(driver)


async def test_close_drops_what_has_arrived_and_was_not_read(side, make_driver, server):
    """Pieces that lie ready do not keep a stream from being closed."""
    server.default = [CHUNKED + chunk(b"a") * 9, HANG]
    driver = make_driver()
    response = await driver.run(opened(get(server, stream=True)))

    def more():
        data = yield from read(response)
        yield from keep(response)
        return data

    assert b"a" == await driver.run(more(), response)
    await driver.close(response)
    server.wait_closed()
    await make_driver.end(driver)


async def test_a_response_that_is_not_open_needs_no_closing(side):
    """Closing and abandoning one that was read whole does nothing."""
    driver = side.driver()
    await driver.close(Response(200))
    driver.abandon(Response(200))


async def test_close_that_is_interrupted_closes_the_connection(side, server):
    """Ctrl-C while a response is closed leaves nothing open."""
    server.default = [CHUNKED, chunk(b"a"), HANG]
    driver = side.driver()
    response = await driver.run(opened(get(server, stream=True)))

    class Interrupted:
        def close(self):
            raise KeyboardInterrupt

        async def __anext__(self):
            raise KeyboardInterrupt

    response.exchange.exchange._response = Interrupted()
    response.exchange.exchange._body = Interrupted()
    with pytest.raises(KeyboardInterrupt):
        await driver.close(response)
    server.wait_closed()
    await side.close_transport(driver)


async def test_an_encoding_the_caller_asked_for_is_kept(side, server):
    """A caller's Accept-Encoding replaces ours."""
    driver = side.driver()
    await driver.run(whole(get(server, headers={"accept-encoding": "identity"})))
    assert "identity" == server.requests[0].header("accept-encoding")
    await side.close_transport(driver)


async def test_close_waits_for_the_end_when_only_that_is_outstanding(side, server):
    """With `whole`, the end of a transfer is awaited and the connection kept."""
    end = Drip(b"\n\r\n0\r\n\r\n", 0.001, 3)
    server.answers.append([CHUNKED, chunk(b"ab"), b"1\r\n", end])
    driver = side.driver()

    def flow():
        response = yield from send(get(server, stream=True))
        yield from read(response)
        yield from close(response, whole=True)

    await driver.run(flow())
    await driver.run(whole(get(server)))
    assert [1, 1] == [received.connection for received in server.requests]
    await side.close_transport(driver)


async def test_close_gives_up_when_the_end_does_not_come(side, server):
    """With `whole`, a server that keeps silent or goes on is cut off soon."""
    more = Drip(chunk(b"x" * 100) * 1000, 0, 100)
    server.answers += [[CHUNKED, chunk(b"ab"), HANG], [CHUNKED, chunk(b"a"), more]]
    driver = side.driver()

    def flow():
        response = yield from send(get(server, stream=True))
        yield from read(response)
        yield from close(response, whole=True)

    await driver.run(flow())
    await driver.run(flow())
    server.wait_closed()
    await side.close_transport(driver)


async def test_close_keeps_a_connection_whose_answer_has_arrived(side, server):
    """Closing an unread answer that is there already costs no connection."""
    driver = side.driver()
    if side.name == "sync":  # it does not look whether the rest is there
        return
    for _ in range(2):
        response = await driver.run(opened(get(server, stream=True)))
        await driver.close(response)
    assert [1, 1] == [received.connection for received in server.requests]
    await side.close_transport(driver)


async def test_read_fails_when_the_answer_was_closed(side, server):
    """A closed stream does not look like one that ended."""
    driver = side.driver()
    response = await driver.run(opened(get(server, stream=True)))
    await driver.close(response)
    error = await failure(driver, rest(response))
    assert "the answer was closed" == error.message
    await side.close_transport(driver)


async def test_now_and_sleep_use_the_clocks(side):
    """A pause takes as long as it says, on the steady clock."""
    driver = side.driver()

    def flow():
        before = yield from now()
        yield from sleep(0.02)
        after = yield from now()
        return before, after

    before, after = await driver.run(flow())
    assert 0.015 < after.steady - before.steady < 0.5
    assert after.unix > 1.6e9


async def test_run_raises_what_a_flow_raises_in_its_end(side, server):
    """A flow that breaks while it is closed still loses its connections."""
    server.default = [CHUNKED, chunk(b"ab"), HANG]
    driver = side.driver()

    def stubborn():
        yield from send(get(server, stream=True))
        try:
            yield from send(get(server, stream=True, auth=Auth(BEARER, broken)))
        finally:
            raise RuntimeError("in the end")

    def no_key():
        raise LookupError

    broken = Key.of(no_key)
    with pytest.raises(RuntimeError, match="in the end"):
        await driver.run(stubborn())
    server.wait_closed()
    await side.close_transport(driver)


async def test_run_closes_the_others_when_closing_one_fails(side, server):
    """Each response is closed, whatever closing another one raises."""
    server.default = [CHUNKED, chunk(b"ab"), HANG]
    driver = side.driver()

    class Broken:
        exchange = None

        def close(self, *, whole):
            raise KeyboardInterrupt

    def flow():
        first = yield from send(get(server, stream=True))
        yield from send(get(server, stream=True))
        first.exchange.exchange, real = Broken(), first.exchange.exchange
        return first, real

    async def run():
        await driver.run(flow())

    with pytest.raises(KeyboardInterrupt):
        await run()
    server.wait(lambda: len(server._open) <= 1)


# Timeouts.


async def test_connecting_is_refused(side, make_driver, server):
    """Without a listener it is a connection error in phase connect."""
    server.__exit__()
    driver = make_driver()
    error = await failure(driver, whole(get(server)))
    assert (APIConnectionError, "connect") == (type(error), error.phase)
    assert f"127.0.0.1:{server.port}" in str(error)
    await make_driver.end(driver)


async def test_connecting_comes_too_late(side, server):
    """Time that is over before an address is tried is a timeout of connecting."""
    driver = side.driver()
    error = await failure(
        driver, whole(get(server, timeout=Timeout(connect=1e-9, read=5)))
    )
    assert (APITimeoutError, "connect") == (type(error), error.phase)


async def test_the_name_is_unknown(side, make_driver):
    """A host that cannot be resolved is a connection error in phase connect."""
    driver = make_driver()
    long = Request("GET", f"http://{'a' * 70}.invalid/")
    for request in (Request("GET", "http://no-such-host.invalid/"), long):
        error = await failure(driver, whole(request))
        assert "connect" == error.phase
    await make_driver.end(driver)


@pytest.mark.parametrize(
    "actions",
    [
        [HANG],
        [Drip(head(200, [("Content-Length", "3")]) + b"abc", 0.02)],
        [head(200, [("Content-Length", "900")]), Drip(b"a" * 900, 0.01)],
        [CHUNKED, Drip(chunk(b"a") * 300, 0.005, 6)],
        [head(200, [("Content-Length", "5")]), b"abc", HANG],
    ],
    ids=["silence", "dripped head", "dripped body", "dripped chunks", "half a body"],
)
async def test_an_attempt_ends_after_its_timeout_by_the_wall_clock(
    side, make_driver, server, actions
):
    """However the answer drips, the attempt takes no longer than allowed."""
    if side.name == "sync" and make_driver.kind == "borrowed":
        # httpx waits for one read at a time there: only the pieces are counted.
        actions = actions[-1:] if actions[-1] is HANG else actions[-2:]
        if len(actions) == 1 and actions[0] is not HANG:
            return
    server.default = actions
    driver = make_driver()
    timeout = Timeout.of(0.15)

    def timed(request):
        before = yield from now()
        try:
            yield from send(request)
        except APITimeoutError as exc:
            after = yield from now()
            return exc, after.steady - before.steady
        raise AssertionError("no timeout")

    error, took = await driver.run(timed(get(server, timeout=timeout)))
    assert "read" == error.phase
    assert 0.1 < took < 0.35
    assert "within 0.15 s" in str(error)
    server.wait_closed()
    await make_driver.end(driver)


async def test_a_stream_may_last_longer_than_its_timeout(side, make_driver, server):
    """On a stream the timeout is for silence; every byte counts as life."""
    server.default = [CHUNKED, Drip(chunk(b"ab") * 12, 0.02, 7), b"0\r\n\r\n"]
    driver = make_driver()
    request = get(server, stream=True, timeout=Timeout.of(0.15))
    response = await driver.run(opened(request))
    assert b"ab" * 12 == await driver.run(rest(response), response)
    await make_driver.end(driver)


async def test_a_stream_ends_when_it_is_silent_for_too_long(side, make_driver, server):
    """Silence longer than the timeout ends a stream."""
    server.default = [CHUNKED, chunk(b"ab"), HANG]
    driver = make_driver()
    request = get(server, stream=True, timeout=Timeout.of(0.1))
    response = await driver.run(opened(request))
    error = await failure(driver, rest(response), response)
    assert (APITimeoutError, "read") == (type(error), error.phase)
    server.wait_closed()
    await make_driver.end(driver)


async def test_the_error_body_of_a_stream_is_bounded_by_the_wall_clock(
    side, make_driver, server
):
    """An error answer to a stream call is no stream; its status is what counts."""
    long = head(503, [("Content-Length", "9000")])
    server.default = [long, Drip(b"oops" * 9, 0.02)]
    driver = make_driver()
    request = get(server, stream=True, timeout=Timeout.of(0.1))
    response = await driver.run(whole(request))
    assert 503 == response.status
    assert response.body.startswith(b"oo")
    server.wait_closed()
    await make_driver.end(driver)


async def test_the_deadline_ends_an_attempt_and_a_stream(side, make_driver, server):
    """Nothing outlasts the deadline given with `Send` or `Read`."""
    server.default = [CHUNKED, Drip(chunk(b"ab") * 900, 0.01, 7)]
    driver = make_driver()

    def until(seconds, flow):
        moment = yield from now()
        return (yield from flow(moment.steady + seconds))

    request = get(server, stream=True, timeout=Timeout.of(5))
    error = await failure(driver, until(0.1, lambda end: whole(get(server), end)))
    assert (APITimeoutError, "deadline") == (type(error), error.phase)
    response = await driver.run(until(0.1, lambda end: opened(request, end)))
    error = await failure(driver, rest(response), response)
    assert "deadline" == error.phase
    response = await driver.run(opened(request))
    error = await failure(
        driver, until(0.05, lambda end: rest(response, end)), response
    )
    assert "deadline" == error.phase
    server.wait_closed()
    await make_driver.end(driver)


async def test_an_upload_that_stalls_ends_with_the_attempt(side, server):
    """A server that reads nothing cannot hold a request for ever."""
    import threading

    done = threading.Event()
    server.greeting = [lambda connection: done.wait(5)]
    driver = side.driver()
    request = Request(
        "POST", server.url, body=b"x" * 20_000_000, timeout=Timeout.of(0.15)
    )
    error = await failure(driver, whole(request))
    done.set()
    assert isinstance(error, APITimeoutError)
    server.wait_closed()


async def test_an_upload_ends_when_the_server_answers_before_its_end(side, server):
    """A server that refuses a large body at once is heard."""
    refuse = head(413, [("Connection", "close"), ("Content-Length", "3")]) + b"big"

    def drain_later(connection):
        connection.shutdown(1)
        while connection.recv(1_000_000):
            pass

    server.greeting = [refuse, drain_later, CUT]
    driver = side.driver()
    request = Request("POST", server.url, body=b"x" * 3_000_000)
    response = await driver.run(whole(request))
    assert (413, b"big") == (response.status, response.body)
    await side.close_transport(driver)


async def test_no_timeout_means_no_limit(side, make_driver, server):
    """Without any limit a slow answer is awaited; infinity is no limit either."""
    server.default = [Drip(head(200, [("Content-Length", "1")]) + b"a", 0.002)]
    driver = make_driver()
    for timeout in (Timeout(), Timeout.of(float("inf")), Timeout.of(1e12)):
        response = await driver.run(whole(get(server, timeout=timeout)))
        assert b"a" == response.body
    await make_driver.end(driver)


# What is wrong on the wire.


@pytest.mark.parametrize(
    "actions",
    [
        [CUT],
        [RESET],
        [head(101), HANG],
        [b"HTTP/1.1 200 OK\r\nContent-Le", CUT],
        [head(200, [("Content-Length", "10")]), b"abc", CUT],
        [head(200, [("Content-Length", "10")]), b"abc", RESET],
        [CHUNKED, chunk(b"abc"), CUT],
        [CHUNKED, b"zz\r\nabc", CUT],
        [b"not http at all\r\n\r\n", CUT],
        [b"HTTP/1.1 200 OK\r\nno colon\r\n\r\n", CUT],
        [head(200, [("Content-Length", "1"), ("Content-Length", "2")]), b"ab", CUT],
        [b"HTTP/1.1 200 OK\r\nX-Long: " + b"x" * 200_000 + b"\r\n\r\n", CUT],
    ],
)
async def test_a_broken_answer_is_a_connection_error(
    side, make_driver, server, actions
):
    """Whatever is cut, reset or no HTTP is `APIConnectionError`, and closed."""
    server.default = actions
    driver = make_driver()
    error = await failure(driver, whole(get(server)))
    assert (APIConnectionError, "read") == (type(error), error.phase)
    assert str(error).isprintable()
    server.wait_closed()
    await make_driver.end(driver)


@pytest.mark.parametrize("status", [204, 304])
async def test_an_answer_without_body_is_read(side, server, status):
    """Answers that have no body have an empty one."""
    server.answers.append([head(status)])
    driver = side.driver()
    response = await driver.run(whole(get(server)))
    assert (status, b"") == (response.status, response.body)
    await side.close_transport(driver)
    server.wait_closed()


async def test_an_answer_after_a_hundred_is_read(side, server):
    """Interim answers are skipped."""
    server.answers.append(
        [b"HTTP/1.1 103 Hints\r\nLink: x\r\n\r\n", *answer(200, b"x")]
    )
    driver = side.driver()
    assert b"x" == (await driver.run(whole(get(server)))).body
    await side.close_transport(driver)


async def test_a_body_until_the_end_of_the_connection_is_read(side, server):
    """A body without length ends with its connection."""
    server.answers.append([head(200), b"abc", CUT])
    driver = side.driver()
    assert b"abc" == (await driver.run(whole(get(server)))).body
    await driver.run(whole(get(server)))
    assert [1, 2] == [received.connection for received in server.requests]
    await side.close_transport(driver)


# Bodies.


@pytest.mark.parametrize("size", [1, 3, 100_000])
async def test_a_packed_body_is_unpacked(side, make_driver, server, size):
    """Gzip and deflate, with and without frame, in pieces of any size."""
    text = bytes(range(256)) * 2000
    raw = zlib.compressobj(wbits=-15)
    packed = {
        "gzip": gzip.compress(text),
        "x-gzip": gzip.compress(text[:5]) + gzip.compress(text[5:]),
        "deflate": zlib.compress(text),
        "Deflate ": raw.compress(text) + raw.flush(),
        "identity": text,
    }
    driver = make_driver()
    for name, data in packed.items():
        if size < 100 and name == "identity":
            continue
        length = head(200, [("Content-Encoding", name), ("Content-Length", len(data))])
        server.answers.append([length, Drip(data, 0, size)])
        response = await driver.run(whole(get(server)))
        assert text == response.body
    assert "gzip, deflate" == server.requests[0].header("accept-encoding")
    await make_driver.end(driver)


async def test_a_packed_stream_is_unpacked(side, server):
    """A stream that is packed although nobody asked is read all the same."""
    data = gzip.compress(b"abc")
    server.default = answer(200, data, [("Content-Encoding", "gzip")])
    driver = side.driver()
    response = await driver.run(opened(get(server, stream=True)))
    assert b"abc" == await driver.run(rest(response), response)
    await side.close_transport(driver)


async def test_a_packed_body_that_is_cut_is_a_connection_error(side, server):
    """A gzip body without its end is no answer, even if HTTP ended well."""
    data = gzip.compress(b"abc" * 100)[:-9]
    server.default = answer(200, data, [("Content-Encoding", "gzip")])
    driver = side.driver()
    error = await failure(driver, whole(get(server)))
    assert "cut off" in str(error)
    await side.close_transport(driver)
    server.wait_closed()


@pytest.mark.parametrize("encoding", ["gzip", "deflate", "br", "gzip, gzip"])
async def test_a_body_that_cannot_be_unpacked_is_invalid(side, server, encoding):
    """A good answer with garbage in it is `invalid_response`."""
    server.default = answer(200, b"garbage!", [("Content-Encoding", encoding)])
    driver = side.driver()
    for stream in (False, True):
        error = await failure(driver, _all_of(get(server, stream=stream)))
        assert ("invalid_response", 200) == (error.code, error.status_code)
        assert error.__context__ is None or error.__suppress_context__
    await side.close_transport(driver)
    server.wait_closed()


def _all_of(request):
    response = yield from send(request)
    if request.stream:
        yield from rest(response)


@pytest.mark.parametrize(
    "actions",
    [
        answer(502, b"garbage!", [("Content-Encoding", "gzip")]),
        answer(502, b"garbage!", [("Content-Encoding", "br")]),
        [head(502, [("Content-Length", "10")]), b"abc", CUT],
    ],
)
async def test_the_status_decides_when_the_body_of_an_error_is_broken(
    side, make_driver, server, actions
):
    """A 502 is a 502, whatever its body is."""
    server.default = actions
    driver = make_driver()
    response = await driver.run(whole(get(server)))
    assert ProviderUnavailableError is type(error_from(response))
    await make_driver.end(driver)
    server.wait_closed()


async def test_an_error_body_is_cut(side, server, monkeypatch):
    """More of an error body than the limit is neither read nor kept."""
    server.default = [head(500, [("Content-Length", "9999999999")]), b"x" * 5000, HANG]
    monkeypatch.setattr(bodies, "LARGEST_ERROR", 1000)
    driver = side.driver()
    response = await driver.run(whole(get(server)))
    assert 1000 == len(response.body)
    await side.close_transport(driver)
    server.wait_closed()


@pytest.mark.parametrize("encoding", ["identity", "gzip"])
async def test_a_body_that_is_too_large_is_refused(side, server, monkeypatch, encoding):
    """A body over the limit, counted unpacked, ends in an error."""
    data = b"\0" * 3_000_000
    packed = gzip.compress(data) if encoding == "gzip" else data
    server.default = answer(200, packed, [("Content-Encoding", encoding)])
    monkeypatch.setattr(bodies, "LARGEST_BODY", 2 * 1024 * 1024)
    driver = side.driver()
    error = await failure(driver, whole(get(server)))
    assert "invalid_response" == error.code
    assert "larger than 2 MB" in error.message
    await side.close_transport(driver)
    server.wait_closed()


# Keys.


async def test_a_key_function_is_called_before_each_attempt(side, server):
    """Every attempt has the key of its moment."""
    server.answers += [answer(503, b"", [("Retry-After-Ms", "1")])] * 2
    keys = iter(["first", " second\n", "third"])
    driver = side.driver()
    auth = Auth(BEARER, Key.of(lambda: next(keys)))
    await driver.run(with_retries(get(server, auth=auth), RetryPolicy()))
    assert ["Bearer first", "Bearer second", "Bearer third"] == [
        received.header("authorization") for received in server.requests
    ]
    await side.close_transport(driver)


async def test_an_exception_of_the_key_function_comes_through(side, server):
    """It is the caller's: not wrapped, not retried, even if it is one of ours."""
    driver = side.driver()
    for error in (
        LookupError("vault"),
        APIConnectionError("vault"),
        KeyboardInterrupt(),
    ):

        def function(error=error):
            raise error

        auth = Auth(BEARER, Key.of(function))
        with pytest.raises(type(error)) as caught:
            await driver.run(with_retries(get(server, auth=auth), RetryPolicy()))
        assert error is caught.value
    assert 0 == server.connections


@pytest.mark.parametrize("result", [None, 7, "", " ", "a b", "ä", b"key", "x\ny"])
async def test_a_key_function_that_gives_no_key_is_refused(side, server, result):
    """Its result is checked, and never quoted."""
    driver = side.driver()
    auth = Auth(BEARER, Key.of(lambda: result))
    with pytest.raises(ConfigurationError, match="the api_key function"):
        await driver.run(with_retries(get(server, auth=auth), RetryPolicy()))
    assert 0 == server.connections


async def test_an_async_key_function_needs_the_async_side(side, server):
    """It is awaited there; on the sync side it is an error, without a warning."""
    driver = side.driver()

    async def function():
        return "later"

    flow = with_retries(get(server, auth=Auth(BEARER, Key.of(function))), RetryPolicy())
    if side.name == "sync":
        with pytest.raises(ConfigurationError, match="async"):
            await driver.run(flow)
        assert 0 == server.connections
    else:
        await driver.run(flow)
        assert "Bearer later" == server.requests[0].header("authorization")
    await side.close_transport(driver)
