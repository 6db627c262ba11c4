import contextlib
import gc
import json
import socket
import threading

import anyio
import pytest
from faces import Face

from sociaro import (
    AllProvidersFailed,
    APIConnectionError,
    APIError,
    APITimeoutError,
    ConfigurationError,
    ProviderUnavailableError,
    RateLimitError,
    Stream,
)

PROVIDERS = ("openai", "anthropic", "alibaba", "byteplus", "mulerouter")
SOON = {"retry-after-ms": "1"}
COUNT = [{"role": "user", "content": "Count to 5."}]
SMART = {"models": {"smart": ["openai/gpt-4o", "anthropic/claude-sonnet-4-6"]}}


def text(chunks):
    """Return what a user sees of chunks."""
    return "".join(chunk.choices[0].delta.content or "" for chunk in chunks)


def sse(*events):
    """Return events as the body of a stream."""
    lines = (e if isinstance(e, str) else json.dumps(e) for e in events)
    return "".join(f"data: {line}\n\n" for line in lines)


def chunk(content=None, finish=None, **delta):
    """Return a chunk of OpenAI's shape."""
    if content is not None:
        delta["content"] = content
    return {
        "id": "c",
        "choices": [{"index": 0, "delta": delta, "finish_reason": finish}],
    }


@pytest.mark.parametrize("provider", PROVIDERS)
def test_stream_on_every_provider_gives_the_same_text(face, gateway, provider):
    """Chunks of one shape; each has a choice, the last a finish_reason."""
    chunks = face.stream(model=f"{provider}/m", messages=COUNT)
    assert "1, 2, 3, 4, 5" == text(chunks)
    assert "stop" == chunks[-1].choices[0].finish_reason
    assert gateway.requests[0].json()["stream"] is True
    assert "text/event-stream" == gateway.requests[0].headers["accept"]


@pytest.mark.parametrize("provider", ["openai", "anthropic"])
def test_stream_with_include_usage_ends_with_the_usage(face, provider):
    """Only then a chunk without choices comes through."""
    chunks = face.stream(
        model=f"{provider}/m", messages=COUNT, stream_options={"include_usage": True}
    )
    assert [] == chunks[-1].choices
    assert chunks[-1].usage.total_tokens > 0


@pytest.mark.parametrize("provider", PROVIDERS)
def test_stream_as_a_whole_equals_the_plain_answer(face, provider):
    """`get_final_completion` works after chunks were taken, too."""

    async def body():
        async with face.client() as client:
            call = {"model": f"{provider}/m", "messages": COUNT}
            plain = await client.chat.completions.create(**call)
            stream = await client.chat.completions.create(**call, stream=True)
            async with stream:
                first = await stream.__anext__()
                whole = await stream.get_final_completion()
            return plain, first, whole, stream

    plain, first, whole, stream = face.run(body)
    assert "assistant" == first.choices[0].delta.role
    assert plain.choices[0].message.content == whole.choices[0].message.content
    assert plain.choices[0].finish_reason == whole.choices[0].finish_reason
    assert whole.meta == stream.meta
    assert stream.meta.request_id == stream.response_headers["x-gateway-request-id"]


def test_stream_of_tool_calls_is_accumulated(face):
    """Fragments of arguments become one call."""
    tools = [
        {
            "type": "function",
            "function": {
                "name": "weather",
                "parameters": {
                    "type": "object",
                    "properties": {"city": {"type": "string"}},
                    "required": ["city"],
                },
            },
        }
    ]
    for provider in ("openai", "anthropic", "alibaba"):

        async def body(provider=provider):
            async with face.client() as client:
                stream = await client.chat.completions.create(
                    model=f"{provider}/m",
                    messages=[{"role": "user", "content": "Weather?"}],
                    tools=tools,
                    stream=True,
                )
                async with stream:
                    return await stream.get_final_completion()

        whole = face.run(body)
        (call,) = whole.choices[0].message.tool_calls
        assert "weather" == call.function.name
        assert "city" in json.loads(call.function.arguments)
        assert "tool_calls" == whole.choices[0].finish_reason


def test_stream_that_fails_before_it_commits_is_retried(face, gateway):
    """An error event behind a role-only chunk is invisible to the caller."""
    body = sse(chunk("", role="assistant"), {"error": {"code": 503, "message": "no"}})
    gateway.fail(200, body=body, headers={"content-type": "text/event-stream", **SOON})
    assert "1, 2, 3, 4, 5" == text(face.stream(model="openai/m", messages=COUNT))
    assert 2 == len(gateway.requests)


def test_stream_that_fails_before_it_commits_advances_the_chain(face, gateway):
    """The stream of the second provider is delivered, from its beginning."""
    gateway.error_event(after=0, provider="openai", error=None)

    async def body():
        async with face.client(**SMART, max_retries=0) as client:
            stream = await client.chat.completions.create(
                model="smart", messages=COUNT, stream=True
            )
            async with stream:
                return stream.meta, [chunk async for chunk in stream]

    meta, chunks = face.run(body)
    assert "anthropic" == meta.provider
    assert 2 == len(meta.attempts)
    assert "1, 2, 3, 4, 5" == text(chunks)


def test_stream_that_fails_behind_a_chunk_raises_in_the_loop(face, gateway):
    """What was delivered stays; nothing is sent again; the trail has the error."""
    gateway.error_event(after=2, provider="openai")

    async def body():
        async with face.client(**SMART) as client:
            stream = await client.chat.completions.create(
                model="smart", messages=COUNT, stream=True
            )
            seen = []
            with pytest.raises(APIError) as caught:
                async for part in stream:
                    seen.append(part)
            with pytest.raises(APIError):
                await stream.get_final_completion()
            return stream, seen, caught.value

    stream, seen, error = face.run(body)
    assert text(seen)
    assert 1 == len(gateway.requests)
    assert type(error) is type(error.meta.attempts[0].error)
    assert error.meta == stream.meta
    assert ("openai", "gpt-4o") == (error.provider, error.model)


def test_stream_that_is_cut_never_passes_as_complete(face, gateway):
    """A connection that ends in the middle is a connection error."""
    gateway.cut_stream(after=2)

    async def body():
        async with face.client() as client:
            stream = await client.chat.completions.create(
                model="openai/m", messages=COUNT, stream=True
            )
            return await stream.get_final_completion()

    with pytest.raises(APIConnectionError):
        face.run(body)
    assert 1 == len(gateway.requests)


@pytest.mark.parametrize(
    ("body", "error", "attempts"),
    [
        ("", APIConnectionError, 2),
        (": ping\n\n", APIConnectionError, 2),
        (sse(chunk("", role="assistant")), APIConnectionError, 2),
        ("<html>no</html>", APIError, 1),
        (sse("[DONE]"), APIError, 1),
        (sse({"usage": {}, "choices": []}, "[DONE]"), APIError, 1),
        (sse("{bad"), APIError, 1),
        (
            sse({"error": {"type": "rate_limit_error", "message": "x"}}),
            RateLimitError,
            2,
        ),
    ],
)
def test_stream_that_is_no_stream_fails_in_create(face, gateway, body, error, attempts):
    """Cut and empty streams are retried; what cannot be understood is not."""
    headers = {"content-type": "text/event-stream", **SOON}
    gateway.fail(200, body=body, headers=headers, times=2)
    with pytest.raises(error) as caught:
        face.stream(model="openai/m", max_retries=1)
    assert type(caught.value) is error
    assert attempts == len(gateway.requests) == len(caught.value.meta.attempts)


def test_stream_that_is_json_is_given_as_chunks(face, gateway):
    """What a body is, is decided by its bytes."""
    answer = {
        "id": "c",
        "choices": [
            {
                "index": 0,
                "message": {"role": "assistant", "content": "Hi"},
                "finish_reason": "stop",
            }
        ],
    }
    gateway.fail(200, body=json.dumps(answer))
    chunks = face.stream(model="openai/m")
    assert "Hi" == text(chunks)
    assert "stop" == chunks[-1].choices[0].finish_reason


def test_stream_with_an_http_error_is_like_a_plain_call(face, gateway):
    """Status errors come from create, retried as usual."""
    gateway.down("openai")
    with pytest.raises(ProviderUnavailableError) as caught:
        face.stream(model="openai/m", client_options={"max_retries": 0})
    assert 502 == caught.value.status_code
    with pytest.raises(AllProvidersFailed):
        face.stream(model=["openai/a", "openai/b"], max_retries=0)


def test_stream_without_visible_chunks_ends_quietly(face, gateway):
    """A whole answer may be empty."""
    gateway.fail(200, body=sse(chunk("", role="assistant"), "[DONE]"))
    chunks = face.stream(model="openai/m")
    assert "" == text(chunks)


def test_stream_when_left_early_frees_the_connection(face, gateway):
    """`with` closes it; what is left cannot pass as complete."""

    async def body():
        async with face.client() as client:
            stream = await client.chat.completions.create(
                model="openai/m",
                messages=[{"role": "user", "content": "count to 3000"}],
                stream=True,
            )
            async with stream:
                async for _ in stream:
                    break
            await stream.close()
            rest = [part async for part in stream]
            with pytest.raises(ConfigurationError, match="closed before its end"):
                await stream.get_final_completion()
            return rest

    assert [] == face.run(body)
    assert gateway.wait_for_connections(0)


def test_stream_when_read_to_its_end_gives_the_connection_back(face, gateway):
    """The next call uses the same one."""

    async def body():
        async with face.client() as client:
            for _ in range(3):
                stream = await client.chat.completions.create(
                    model="openai/m", messages=COUNT, stream=True
                )
                await stream.get_final_completion()
            await client.chat.completions.create(model="openai/m", messages=COUNT)

    face.run(body)
    assert 1 == gateway.connections_opened


def test_stream_when_garbage_collected_frees_the_connection(face, gateway):
    """Nobody has to close what nobody holds."""

    async def body():
        client = face.client()
        stream = await client.chat.completions.create(
            model="openai/m",
            messages=[{"role": "user", "content": "count to 100000"}],
            stream=True,
        )
        await stream.__anext__()
        del stream
        gc.collect()
        assert gateway.wait_for_connections(0)
        answer = await client.chat.completions.create(model="openai/m", messages=COUNT)
        await client.close()
        return answer

    assert "1, 2, 3, 4, 5" == face.run(body).choices[0].message.content


@pytest.mark.parametrize(
    ("limits", "phase"),
    [({"timeout": 0.2}, "read"), ({"deadline": 0.2}, "deadline")],
    ids=["timeout", "deadline"],
)
def test_stream_when_silent_for_too_long_times_out(face, gateway, limits, phase):
    """`timeout` bounds the silence between bytes, `deadline` the reading as well."""
    gateway.hang_stream(after=1)

    async def body():
        async with face.client(**limits) as client:
            stream = await client.chat.completions.create(
                model="openai/m", messages=COUNT, stream=True
            )
            seen = [await stream.__anext__()]
            with pytest.raises(APITimeoutError) as caught:
                async for part in stream:
                    seen.append(part)
            return seen, caught.value

    seen, error = face.run(body)
    assert text(seen)
    assert phase == error.phase
    assert 1 == len(gateway.requests) == len(error.meta.attempts)


@pytest.mark.parametrize("limits", [{"timeout": 0.2}, {"deadline": 0.2}], ids=str)
def test_stream_when_its_head_does_not_come_times_out(face, gateway, limits):
    """Waiting for the head counts like silence."""
    gateway.delay(30)
    with pytest.raises(APITimeoutError):
        face.stream(model="openai/m", max_retries=0, **limits)


@pytest.mark.parametrize("kind", ["asyncio", "trio"])
def test_stream_whose_reading_was_cancelled_does_not_pass_as_complete(kind, gateway):
    """Who goes on after a cancelled read is told; nothing ends quietly."""
    face = Face(kind, api_key=gateway.key, base_url=gateway.url)
    gateway.hang_stream(after=2)

    async def body():
        async with face.client() as client:
            stream = await client.chat.completions.create(
                model="openai/m", messages=COUNT, stream=True
            )
            with anyio.move_on_after(0.05):
                async for _ in stream:
                    pass
            with pytest.raises(APIConnectionError, match="interrupted"):
                await stream.get_final_completion()

    face.run(body)
    assert gateway.wait_for_connections(0)


@contextlib.contextmanager
def raw_server(answer):
    """Answer one request with these bytes, and close."""
    with socket.create_server(("127.0.0.1", 0)) as server:

        def serve():
            connection, _ = server.accept()
            with connection:
                connection.recv(65536)
                connection.sendall(answer)

        thread = threading.Thread(target=serve)
        thread.start()
        yield f"http://127.0.0.1:{server.getsockname()[1]}"
        thread.join()


def chunked(body, end=b"0\r\n\r\n"):
    """Return an answer with a chunked body."""
    head = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
    return head + b"%x\r\n%s\r\n" % (len(body), body.encode()) + end


@pytest.mark.parametrize("end", [b"", b"zz\r\n"])
def test_stream_that_breaks_behind_its_finish_is_whole(face, end):
    """Once the finish reason is there, it does not matter how the transfer ends."""
    with raw_server(chunked(sse(chunk("Hi", finish="stop")), end)) as url:
        options = {"base_url": url, "max_retries": 0}
        chunks = face.stream(model="openai/m", client_options=options)
    assert "Hi" == text(chunks)


@pytest.mark.parametrize("end", [b"", b"zz\r\n"])
def test_stream_that_breaks_before_its_finish_is_not(face, end):
    """Without one, the answer may lack its end."""
    with raw_server(chunked(sse(chunk("Hi")), end)) as url:
        options = {"base_url": url, "max_retries": 0}
        with pytest.raises(APIConnectionError) as caught:
            face.stream(model="openai/m", client_options=options)
    assert caught.value.meta.attempts[-1].error is not None


def test_stream_class_can_be_subscripted():
    """`Stream[ChatCompletionChunk]` is the type users write."""
    assert Stream[int] is not None
