"""The key is in no error, log line, pickle, or local variable of our frames."""

import copy
import json
import logging
import pickle

import pytest

from sociaro import SociaroError

KEY = "gw_live_canary-0123456789"
PROMPT = "prompt-canary"
ECHO = json.dumps({"error": {"message": f"bad key {KEY}", "type": f"x{KEY}"}})

FAILURES = {
    "server error": lambda gateway: gateway.fail(500),
    "echo": lambda gateway: gateway.fail(401, body=ECHO, headers={"X-Echo": KEY}),
    "echo inside a 200": lambda gateway: gateway.fail(200, body=ECHO),
    "timeout": lambda gateway: gateway.delay(30),
    "cut": lambda gateway: gateway.cut_stream(after=0),
    "no JSON": lambda gateway: gateway.fail(200, body=KEY + "[" * 100_000),
}


def chain(error):
    """Yield an error and all that led to it."""
    while error is not None:
        yield error
        error = error.__cause__ or error.__context__


def frames(error):
    """Yield the local variables of our frames in the traceback of an error."""
    for one in chain(error):
        traceback = one.__traceback__
        while traceback is not None:
            code = traceback.tb_frame.f_code
            if "/sociaro" in code.co_filename and "/tests" not in code.co_filename:
                yield repr(traceback.tb_frame.f_locals)
            traceback = traceback.tb_next


@pytest.mark.parametrize("stream", [False, True], ids=["plain", "stream"])
@pytest.mark.parametrize("provider", ["openai", "anthropic"])
@pytest.mark.parametrize("failure", FAILURES)
def test_no_error_tells_the_key(face, gateway, caplog, failure, provider, stream):
    """Whatever fails: message, attributes, causes, frames, pickle, logs at DEBUG."""
    caplog.set_level(logging.DEBUG)
    FAILURES[failure](gateway)
    call = {
        "model": f"{provider}/m",
        "messages": [{"role": "user", "content": PROMPT}],
        "timeout": 0.2,
        "max_retries": 0,
        "client_options": {"api_key": KEY},
    }
    with pytest.raises(SociaroError) as caught:
        (face.stream if stream else face.chat)(**call)
    error = caught.value
    told = [f"{one!r} {one} {vars(one)}" for one in chain(error)]
    told += frames(error)
    told += [pickle.dumps(error).decode("latin-1"), repr(error.meta)]
    told += [caplog.text]
    assert [] == [text for text in told if "canary-0123456789" in text]
    assert PROMPT not in caplog.text + str(error)
    for again in (pickle.loads(pickle.dumps(error)), copy.deepcopy(error)):
        assert (type(error), str(error)) == (type(again), str(again))
        assert len(error.meta.attempts) == len(again.meta.attempts) == 1
