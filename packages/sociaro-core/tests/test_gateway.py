"""The minimal embed: requests, streams, errors, closing."""

import gc

import httpx
import pytest
from servers import CHUNKED, CUT, HANG, Drip, answer, chunk

from sociaro_core.client import Gateway, GatewayResponse
from sociaro_core.errors import (
    APIConnectionError,
    APIError,
    ConfigurationError,
    RateLimitError,
)


async def test_request_gives_the_answer_as_it_came(side, server, key):
    """Status, headers, content, JSON, ids and attempts."""
    server.default = answer(201, {"a": "ä"}, [("X-Gateway-Request-Id", "01A")])
    async with side.gateway(base_url=f"{server.url}/p/") as gateway:
        got = await gateway.request("post", "/openai/v1/x?y=1", json={"b": [None]})
    assert (201, {"a": "ä"}, "01A") == (got.status_code, got.json(), got.request_id)
    assert (1, 201) == (len(got.meta.attempts), got.meta.status_code)
    assert "01A" == got.headers["x-gateway-request-id"]
    sent = server.requests[0]
    assert ("POST", "/p/openai/v1/x?y=1", b'{"b":[null]}') == (
        sent.method,
        sent.target,
        sent.body,
    )
    assert "application/json" == sent.header("content-type") == sent.header("accept")
    assert f"Bearer {key}" == sent.header("authorization")
    assert sent.header("user-agent").startswith("Sociaro/Python")
    assert "" == sent.header("cookie")
    server.wait_closed()


async def test_request_sends_content_and_headers_as_given(side, server, key):
    """Bytes and text go out as they are; headers on top of ours."""
    async with side.gateway(base_url=server.url) as gateway:
        for content in (b"\0\xff", "ä", bytearray(b"x")):
            await gateway.request(
                "PUT", "/anthropic/v1/x", content=content, headers={"accept": "a/b"}
            )
        await gateway.request("GET", "/gw/me")
        await gateway.request("DELETE", "/gw/x")
    first, second, third, me, gone = server.requests
    assert [b"\0\xff", "ä".encode(), b"x"] == [first.body, second.body, third.body]
    assert ("a/b", key, "2023-06-01", "") == (
        first.header("accept"),
        first.header("x-api-key"),
        first.header("anthropic-version"),
        first.header("authorization"),
    )
    assert "" == me.header("content-length") == gone.header("content-length")


@pytest.mark.parametrize(
    "arguments",
    [
        {"method": "G T"},
        {"method": None},
        {"path": "x"},
        {"path": "/../x"},
        {"headers": {"a": "b\n"}},
        {"json": object()},
        {"json": float("nan")},
        {"json": {}, "content": b""},
    ],
)
async def test_request_refuses_what_cannot_be_sent(side, server, arguments):
    """Found before anything is sent."""
    given = {"method": "GET", "path": "/x", **arguments}
    async with side.gateway(base_url=server.url) as gateway:
        with pytest.raises(ConfigurationError):
            await gateway.request(**given)
        with pytest.raises(ConfigurationError):
            gateway.stream(**given)
    assert 0 == server.connections


async def test_request_raises_typed_errors_after_retries(side, server):
    """A transient failure is retried; the last one raised, with all attempts."""
    slow = answer(429, {"error": {"message": "slow"}}, [("Retry-After-Ms", "1")])
    server.answers += [slow, answer(), slow, slow]
    async with side.gateway(base_url=server.url, max_retries=1) as gateway:
        assert 2 == len((await gateway.request("GET", "/x")).meta.attempts)
        with pytest.raises(RateLimitError, match="slow") as caught:
            await gateway.request("GET", "/x")
    assert [429, 429] == [one.status_code for one in caught.value.meta.attempts]
    assert 0.001 == caught.value.retry_after


async def test_redirects_are_not_followed(side, server):
    """A 3xx is an error, and nobody else sees the key."""
    server.default = answer(307, b"", [("Location", f"{server.url}/elsewhere")])
    async with side.gateway(base_url=server.url) as gateway:
        with pytest.raises(APIError, match="redirect not followed"):
            await gateway.request("GET", "/x")
    assert 1 == len(server.requests)


async def test_cookies_are_not_kept(side, server):
    """A provider's cookie never comes back to anybody."""
    server.default = answer(200, b"{}", [("Set-Cookie", "a=b; Path=/")])
    async with side.gateway(base_url=server.url) as gateway:
        for _ in range(2):
            await gateway.request("GET", "/x")
    assert ["", ""] == [sent.header("cookie") for sent in server.requests]


async def test_netrc_is_never_read(side, server, tmp_path, monkeypatch, key):
    """Credentials of other programs stay with them."""
    (tmp_path / "netrc").write_text("machine 127.0.0.1 login a password b")
    monkeypatch.setenv("NETRC", str(tmp_path / "netrc"))
    monkeypatch.setenv("HOME", str(tmp_path))
    async with side.gateway(base_url=server.url) as gateway:
        await gateway.request("GET", "/x")
    assert f"Bearer {key}" == server.requests[0].header("authorization")


@pytest.mark.parametrize("content", [b"", b"<html>", b"\xff", b"[" * 100_000, b"{"])
def test_json_of_something_else_is_an_api_error(content):
    """A good answer that is no JSON is `invalid_response`."""
    from sociaro_core.attempts import Meta

    response = GatewayResponse(200, {}, content, Meta(request_id="R"))
    with pytest.raises(APIError, match="no JSON") as caught:
        response.json()
    assert ("invalid_response", "R") == (
        caught.value.code,
        caught.value.meta.request_id,
    )
    assert caught.value.__context__ is None


async def test_a_closed_gateway_refuses_calls(side, server):
    """Closing may be repeated; a call after it is wrong use."""
    gateway = side.gateway(base_url=server.url)
    await gateway.request("GET", "/x")
    await gateway.close()
    await gateway.close()
    server.wait_closed()
    with pytest.raises(ConfigurationError, match="closed"):
        await gateway.request("GET", "/x")
    assert f"base_url='{server.url}'" in repr(gateway)
    assert "gw_live" not in repr(gateway) + repr(vars(gateway))


# Streams.


async def pieces(stream):
    return [piece async for piece in stream]


async def test_stream_gives_bytes_as_they_come(side, server):
    """All of them, over a connection that is used again."""
    server.default = [CHUNKED, Drip(chunk(b"ab") * 3, 0.001, 7), b"0\r\n\r\n"]
    async with side.gateway(base_url=server.url) as gateway:
        stream = gateway.stream("POST", "/openai/v1/x", json={})
        assert b"ababab" == b"".join(await pieces(stream))
        assert [] == await pieces(stream)
        async with gateway.stream("GET", "/x") as stream:
            assert b"ababab" == b"".join(await pieces(stream))
    assert [1, 1] == [sent.connection for sent in server.requests]
    assert "text/event-stream" == server.requests[0].header("accept")
    server.wait_closed()


def test_stream_is_an_iterator_and_context_manager_for_sync_code(server):
    """As in the README."""
    server.default = answer(200, b"abc", chunked=True)
    with Gateway(base_url=server.url) as gateway:
        with gateway.stream("GET", "/x") as stream:
            assert b"abc" == b"".join(stream)
        assert b"abc" == b"".join(gateway.stream("GET", "/x"))


async def test_stream_retries_before_the_first_byte_only(side, server):
    """A failure after it is raised, and ends the stream."""
    server.answers.append(answer(503, b"", [("Retry-After-Ms", "1")]))
    server.default = [CHUNKED, chunk(b"ab"), CUT]
    async with side.gateway(base_url=server.url) as gateway:
        stream = gateway.stream("GET", "/x")
        iterator = stream.__aiter__()
        assert b"ab" == await iterator.__anext__()
        with pytest.raises(APIConnectionError):
            await iterator.__anext__()
        assert [] == await pieces(stream)
    assert 2 == len(server.requests)
    server.wait_closed()


async def test_stream_left_early_frees_its_connection(side, server):
    """By the context manager, by `close`, and by the last reference."""
    server.default = [CHUNKED, chunk(b"ab"), HANG]
    async with side.gateway(base_url=server.url) as gateway:
        async with gateway.stream("GET", "/x") as stream:
            async for _ in stream:
                break
        server.wait_closed()
        stream = gateway.stream("GET", "/x")
        async for _ in stream:
            break
        await stream.aclose()
        await stream.aclose()
        server.wait_closed()
        stream = gateway.stream("GET", "/x")
        async for _ in stream:
            break
        del stream
        gc.collect()
        server.wait_closed()
        await gateway.stream("GET", "/x").aclose()
    assert 3 == len(server.requests)


async def test_stream_raises_the_error_of_an_answer(side, server):
    """An HTTP error comes with the first piece."""
    server.default = answer(400, b"no")
    async with side.gateway(base_url=server.url) as gateway:
        with pytest.raises(APIError, match="400 no"):
            await pieces(gateway.stream("GET", "/x"))
    server.wait_closed()


# The caller's own httpx client.


async def test_an_http_client_is_used_as_it_is_and_not_closed(side, server, key):
    """Its headers and hooks count; ours win; its credentials do not."""
    client = side.Client(headers={"X-Own": "1", "Accept": "no"}, auth=("a", "b"))
    gateway = side.gateway(base_url=server.url, http_client=client)
    async with gateway:
        await gateway.request("GET", "/x")
    assert not client.is_closed
    sent = server.requests[0]
    assert ("1", "application/json", f"Bearer {key}") == (
        sent.header("x-own"),
        sent.header("accept"),
        sent.header("authorization"),
    )
    await side.close_client(client)
    gateway = side.gateway(base_url=server.url, http_client=client, max_retries=0)
    with pytest.raises(ConfigurationError, match="http_client is closed"):
        await gateway.request("GET", "/x")
    server.wait_closed()


async def test_an_http_client_may_read_the_body_in_a_hook(side, server):
    """A response hook that reads the answer does not break it."""
    import gzip

    if side.name == "sync":

        def hook(response):
            response.read()
    else:

        async def hook(response):
            await response.aread()

    server.default = answer(200, gzip.compress(b"{}"), [("Content-Encoding", "gzip")])
    client = side.Client(event_hooks={"response": [hook]})
    async with side.gateway(base_url=server.url, http_client=client) as gateway:
        assert {} == (await gateway.request("GET", "/x")).json()
        assert [b"{}"] == await pieces(gateway.stream("GET", "/x"))
    await side.close_client(client)


async def test_a_full_pool_of_an_http_client_is_our_own_shortage(side, server):
    """It is a timeout in phase pool, and not retried."""
    limits = httpx.Limits(max_connections=1)
    client = side.Client(limits=limits)
    server.default = [CHUNKED, chunk(b"ab"), HANG]
    timeout = httpx.Timeout(5, pool=0.05)
    gateway = side.gateway(base_url=server.url, http_client=client, timeout=timeout)
    async with gateway, gateway.stream("GET", "/x") as stream:
        async for _ in stream:
            with pytest.raises(APIConnectionError) as caught:
                await gateway.request("GET", "/y")
            break
    assert "pool" == caught.value.phase
    assert 1 == len(caught.value.meta.attempts)
    await side.close_client(client)


async def test_an_abandoned_stream_of_an_http_client_is_the_clients(side, server):
    """Nothing is raised; the client closes it when it is closed."""
    server.default = [CHUNKED, chunk(b"ab"), HANG]
    client = side.Client()
    driver = side.driver(client)
    from sociaro_core.effects import keep, send
    from sociaro_core.wire import Request

    def opened():
        response = yield from send(Request("GET", server.url, stream=True))
        yield from keep(response)
        return response

    response = await driver.run(opened())
    driver.abandon(response)
    await driver.close(response)
    await side.close_client(client)
    server.wait_closed()
