"""The key is nowhere: no error, traceback, log line or attribute shows it."""

import json
import logging
import pickle
import traceback

import pytest
from servers import CUT, HANG, answer, head

from sociaro_core.credentials import BEARER, X_API_KEY, Auth, Key
from sociaro_core.effects import send
from sociaro_core.errors import SociaroError
from sociaro_core.messages import bare, without_inner_frames
from sociaro_core.retries import RetryPolicy, with_retries
from sociaro_core.wire import Headers, Request, Timeout

KEY = 'gw_live_0123456789abcdefghij+/="\\ok'
SECRET = "0123456789abcdefghij"

ECHO = json.dumps({"error": {"message": f"bad {KEY}", "code": KEY}}).encode()
HEADERS = [("X-Gateway-Request-Id", KEY), ("X-Echo", f"Bearer {KEY}")]
WRONG = [
    [HANG],
    [CUT],
    answer(401, ECHO, HEADERS),
    answer(503, ECHO, HEADERS),
    answer(200, b"", [*HEADERS, ("Content-Encoding", KEY)]),
    [head(200, [*HEADERS, ("Content-Length", "9")]), b"abc", CUT],
    [f"{KEY} is no status line\r\n\r\n".encode(), CUT],
    [f"HTTP/1.1 200 {KEY}\r\n{KEY}\r\n\r\n".encode(), CUT],
]


def shown(error, seen=None):
    """Return all that a tool may show of an error and of all that led to it."""
    seen = set() if seen is None else seen
    if error is None or id(error) in seen:
        return ""
    seen.add(id(error))
    report = traceback.TracebackException.from_exception(error, capture_locals=True)
    ours = [frame for frame in report.stack if "/tests/" not in frame.filename]
    parts = [str(error), repr(error), repr(error.args), repr(vars(error))]
    parts += [str(frame.locals) for frame in ours]
    parts += [repr(getattr(error, "headers", ""))]
    parts += [shown(error.__cause__, seen), shown(error.__context__, seen)]
    parts += [shown(inner, seen) for inner in getattr(error, "errors", ())]
    if isinstance(error, SociaroError):
        parts += [shown(one.error, seen) for one in error.meta.attempts]
        parts += [repr(error.meta), repr(pickle.dumps(error))]
        parts += [repr(dict(error.meta.headers))]
    return "\n".join(parts)


@pytest.fixture
def every_log(caplog):
    """All records of all loggers, at level DEBUG."""
    caplog.set_level(logging.DEBUG)
    for name in ("sociaro", "httpx", "httpcore", "h11", "asyncio", "trio"):
        caplog.set_level(logging.DEBUG, logger=name)
    return caplog


@pytest.mark.parametrize("kind", ["own", "borrowed"])
@pytest.mark.parametrize("style", [BEARER, X_API_KEY], ids=["bearer", "x-api-key"])
@pytest.mark.parametrize("actions", WRONG, ids=range(len(WRONG)))
async def test_no_error_and_no_log_line_shows_the_key(
    side, server, every_log, kind, style, actions
):
    """Whatever goes wrong, and whatever the server echoes."""
    from sociaro_core.attempts import Trail

    server.default = actions
    client = side.Client() if kind == "borrowed" else None
    driver = side.driver(client)
    request = Request(
        "POST",
        f"{server.url}/x",
        body=b"{}",
        auth=Auth(style, Key.of(None)),
        timeout=Timeout.of(0.1),
    )
    policy = RetryPolicy(1, random=lambda: 1.0, longest=0.01)
    trail = Trail()

    def flow():
        flow = with_retries(request, policy, trail=trail)
        return (yield from flow)

    with pytest.raises(SociaroError) as caught:
        await driver.run(_without_pauses(flow()))
    text = shown(caught.value) + repr(caught.value.meta) + every_log.text
    text += repr([record.__dict__ for record in every_log.records])
    at = text.find(SECRET)
    assert -1 == at, text[max(0, at - 300) : at + 300]
    assert server.requests[0].header(style.header).endswith(KEY)
    await side.close_transport(driver)
    if client is not None:
        await side.close_client(client)


def _without_pauses(flow):
    """Play a flow without its pauses."""
    effect = next(flow)
    while True:
        result = error = None
        if not hasattr(effect, "seconds"):
            try:
                result = yield effect
            except SociaroError as exc:
                error = exc
        try:
            effect = flow.send(result) if error is None else flow.throw(error)
        except StopIteration as stop:
            return stop.value


async def test_an_interruption_shows_no_key(side, server):
    """The traceback of Ctrl-C or a cancellation ends at our frames."""
    import os

    server.default = [lambda connection: os.kill(os.getpid(), 2), HANG]
    if side.name != "sync":
        return
    driver = side.driver()
    request = Request("GET", server.url, auth=Auth(BEARER, Key.of(None)))
    with pytest.raises(KeyboardInterrupt) as caught:
        await driver.run(whole(request))
    assert SECRET not in shown(caught.value)
    server.wait_closed()


async def test_a_cancellation_shows_no_key(async_side, server):
    """The frames of httpcore and h11, which hold headers, are not kept."""
    import anyio

    server.default = [HANG]
    driver = async_side.driver()
    request = Request("GET", server.url, auth=Auth(BEARER, Key.of(None)))
    texts = []
    with anyio.move_on_after(0.05):
        try:
            await driver.run(whole(request))
        except BaseException as exc:
            texts.append(shown(exc))
            raise
    assert SECRET not in texts[0]
    await driver.transport.close()


def whole(request):
    return (yield from send(request))


async def test_a_masked_header_reaches_good_answers_too(side, server):
    """A key echoed in a header of a good answer is masked."""
    server.default = answer(200, b"{}", HEADERS)
    driver = side.driver()
    request = Request("GET", server.url, auth=Auth(BEARER, Key.of(None)))
    response = await driver.run(whole(request))
    assert "gw_***" == response.request_id
    assert "Bearer gw_***" == response.headers["x-echo"]
    assert isinstance(response.headers, Headers)
    await side.close_transport(driver)


async def test_log_lines_tell_what_happened(side, server, every_log):
    """Method, URL without query, status and id; pauses at level INFO."""
    server.answers.append(answer(503, b"", [("X-Gateway-Request-Id", "01A\x85B")]))
    server.answers[0][0] = server.answers[0][0].replace(
        b"X-G", b"Retry-After-Ms: 1\r\nX-G"
    )
    server.answers += [[CUT], answer()]
    driver = side.driver()
    request = Request(
        "GET", f"{server.url}/x?secret=1", auth=Auth(BEARER, Key.of(None))
    )
    flow = with_retries(request, RetryPolicy(random=lambda: 1.0))
    await driver.run(_without_pauses(flow))
    lines = [r.getMessage() for r in every_log.records if r.name == "sociaro"]
    assert f"GET {server.url}/x: status 503, request 01A B in" in lines[0]
    assert "APIConnectionError" in lines[1]
    assert "status 200, request None" in lines[2]
    assert "secret" not in "".join(lines)
    every_log.clear()

    def pause():
        from sociaro_core.effects import sleep

        yield from sleep(0.01)

    await driver.run(pause())
    assert ["pausing 0.01 s"] == [
        r.getMessage() for r in every_log.records if r.name == "sociaro"
    ]
    await side.close_transport(driver)


def test_causes_are_bared_with_all_that_led_to_them():
    """Causes, contexts and groups lose tracebacks and attributes; texts are masked."""

    def chain():
        try:
            try:
                raise LookupError(f"inner {KEY}", 7)  # noqa: TRY301
            except LookupError as inner:
                inner.request = KEY
                raise ValueError(KEY) from inner
        except ValueError as outer:
            outer.exceptions = (KeyError(KEY), outer)
            return outer

    secret = Key.of(KEY).get()
    exc = bare(chain(), secret)
    assert "inner gw_***" == exc.__cause__.args[0]
    assert SECRET not in shown(exc)
    assert exc.__traceback__ is None is exc.__cause__.__traceback__
    interrupt = KeyboardInterrupt()
    interrupt.__context__ = chain()
    assert interrupt is without_inner_frames(interrupt, secret)
    assert SECRET not in shown(interrupt)
    assert (KEY,) == bare(ValueError(KEY), None).args
