"""TLS on every side: checked certificates, packed layers, proxies, cut connections."""

import contextlib
import ssl
from pathlib import Path

import pytest
from servers import CHUNKED, CUT, HANG, Drip, Server, Tunnel, answer, chunk, head

from sociaro_core.effects import keep, read, send
from sociaro_core.errors import APIConnectionError, APITimeoutError, ConfigurationError
from sociaro_core.wire import Request, Timeout

HERE = Path(__file__).parent
AUTHORITY = str(HERE / "authority.pem")


def server_context():
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(HERE / "loopback.pem")
    return context


@pytest.fixture
def tls_server():
    with Server(tls=server_context()) as running:
        yield running


@pytest.fixture
def trusted(monkeypatch):
    monkeypatch.setenv("SSL_CERT_FILE", AUTHORITY)


def whole(server, *, host="127.0.0.1", body=b"", timeout=5.0, scheme="https"):
    url = f"{scheme}://{host}:{server.port}/x"
    method = "POST" if body else "GET"
    request = Request(method, url, body=body, timeout=Timeout.of(timeout))
    return (yield from send(request))


async def failure(driver, flow):
    with pytest.raises(APIConnectionError) as caught:
        await driver.run(flow)
    return caught.value


async def test_calls_over_tls_are_answered(side, tls_server, trusted):
    """A trusted server is spoken to, by name and number, large bodies both ways."""
    big = bytes(range(256)) * 4000
    tls_server.answers += [answer(200, b"a"), answer(200, big), answer(200, b"c")]
    driver = side.driver()
    assert b"a" == (await driver.run(whole(tls_server))).body
    assert big == (await driver.run(whole(tls_server, body=big))).body
    assert b"c" == (await driver.run(whole(tls_server, host="localhost"))).body
    assert [1, 1, 2] == [received.connection for received in tls_server.requests]
    assert big == tls_server.requests[1].body
    await side.close_transport(driver)
    tls_server.wait_closed()


async def test_a_certificate_nobody_trusts_is_refused(side, tls_server):
    """Nothing is sent to a server whose certificate cannot be verified."""
    driver = side.driver()
    error = await failure(driver, whole(tls_server))
    assert "connect" == error.phase
    assert "certificate verify failed" in str(error).lower()
    tls_server.wait_closed()
    assert [] == tls_server.requests


async def test_a_certificate_of_another_name_is_refused(side, tls_server, trusted):
    """A certificate must name the host."""
    driver = side.driver()
    error = await failure(driver, whole(tls_server, host="127.0.0.2"))
    assert "connect" == error.phase


async def test_a_server_without_tls_is_a_connection_error(side, server, trusted):
    """What answers a handshake with something else is not understood."""
    for greeting in ([b"HTTP/1.1 400 No\r\n\r\n", CUT], [CUT]):
        server.greeting = greeting
        driver = side.driver()
        error = await failure(driver, whole(server))
        assert "connect" == error.phase
    server.wait_closed()


async def test_a_handshake_that_hangs_ends_with_the_connect_timeout(
    side, server, trusted
):
    """Name, TCP and TLS together take no longer than `connect` allows."""
    server.greeting = [HANG]
    driver = side.driver()
    url = f"{server.url}/".replace("http", "https")
    request = Request("GET", url, timeout=Timeout(connect=0.1, read=9))

    def flow():
        return (yield from send(request))

    error = await failure(driver, flow())
    assert (APITimeoutError, "connect") == (type(error), error.phase)
    assert "within 0.1 s" in str(error)
    server.wait_closed()


async def test_a_tls_stream_is_cut_and_closed(side, tls_server, trusted):
    """A cut is an error over TLS as well; an abandoned stream is closed."""
    tls_server.answers += [[CHUNKED, chunk(b"a"), CUT], [CHUNKED, chunk(b"a"), HANG]]
    driver = side.driver()
    error = await failure(driver, whole(tls_server))
    assert "read" == error.phase

    def opened():
        request = Request("GET", f"{tls_server.url}/", stream=True)
        response = yield from send(request)
        yield from read(response)
        yield from keep(response)
        return response

    response = await driver.run(opened())
    driver.abandon(response)
    tls_server.wait_closed()
    await side.close_transport(driver)


async def test_a_body_until_the_end_is_read_over_tls(side, tls_server, trusted):
    """An orderly and a plain end of the connection both end such a body."""

    def goodbye(connection):
        connection.settimeout(0.2)
        with contextlib.suppress(OSError):
            connection.unwrap()

    tls_server.answers += [[head(200), b"abc", CUT], [head(200), b"abc", goodbye, CUT]]
    driver = side.driver()
    for _ in range(2):
        assert b"abc" == (await driver.run(whole(tls_server))).body
    await side.close_transport(driver)


async def test_garbage_within_tls_is_a_connection_error(side, tls_server, trusted):
    """Bytes that TLS cannot decrypt end the attempt."""

    def garbage(connection):
        import os

        os.write(connection.fileno(), b"\x17\x03\x03\x00\x20" + b"garbage!" * 4)

    tls_server.default = [CHUNKED, garbage, HANG]
    driver = side.driver()
    error = await failure(driver, whole(tls_server))
    assert "read" == error.phase
    tls_server.wait_closed()


async def test_a_large_upload_that_stalls_over_tls_ends(side, tls_server, trusted):
    """A server that does not read cannot hold an encrypted request for ever."""
    import threading

    done = threading.Event()
    tls_server.greeting = [lambda connection: done.wait(5)]
    driver = side.driver()
    flow = whole(tls_server, body=b"x" * 20_000_000, timeout=0.3)
    error = await failure(driver, flow)
    done.set()
    assert isinstance(error, APITimeoutError)
    tls_server.wait_closed()


async def test_a_slow_handshake_byte_by_byte_is_bounded(side, server, trusted):
    """A handshake that drips ends with the attempt."""
    server.greeting = [Drip(b"\x16\x03\x03\x10\x00" + b"\0" * 4000, 0.01)]
    driver = side.driver()
    error = await failure(driver, whole(server, timeout=0.15))
    assert (APITimeoutError, "connect") == (type(error), error.phase)


# Proxies.


def proxied(server):
    """Return an answer that forwards CONNECT to `server`."""
    return lambda received: (
        [Tunnel(server.port)] if received.method == "CONNECT" else []
    )


async def test_a_proxy_of_the_environment_forwards_plain_requests(
    side, server, monkeypatch
):
    """Plain http goes through HTTP_PROXY, with the proxy's own credentials."""
    monkeypatch.setenv("http_proxy", f"http://us%40er:p%3Aw@127.0.0.1:{server.port}")
    driver = side.driver()
    request = Request("GET", "http://gateway.invalid:81/x?y=1")

    def flow():
        return (yield from send(request))

    for _ in range(2):
        assert 200 == (await driver.run(flow())).status
    seen = server.requests[0]
    assert "http://gateway.invalid:81/x?y=1" == seen.target
    assert "gateway.invalid:81" == seen.header("host")
    assert "Basic dXNAZXI6cDp3" == seen.header("proxy-authorization")
    assert 1 == server.connections
    await side.close_transport(driver)
    server.wait_closed()


@pytest.mark.parametrize("proxy_tls", [False, True], ids=["plain", "tls"])
async def test_a_proxy_of_the_environment_tunnels_tls(
    side, tls_server, trusted, monkeypatch, proxy_tls
):
    """Https goes through a tunnel of HTTPS_PROXY, which may be TLS itself."""
    with Server(tls=server_context() if proxy_tls else None) as proxy:
        proxy.default = proxied(tls_server) if not proxy_tls else tunnel_tls(tls_server)
        monkeypatch.setenv("https_proxy", proxy.url)
        driver = side.driver()
        for _ in range(2):
            assert 200 == (await driver.run(whole(tls_server))).status
        assert [f"127.0.0.1:{tls_server.port}"] == [r.target for r in proxy.requests]
        assert "" == proxy.requests[0].header("authorization")
        await side.close_transport(driver)
        tls_server.wait_closed()
        proxy.wait_closed()


def tunnel_tls(server):
    """Return an answer that forwards within TLS, which needs one thread at a time."""
    import select
    import socket

    def pump(connection):
        with socket.create_connection(("127.0.0.1", server.port)) as other:
            connection.sendall(b"HTTP/1.1 200 Connected\r\n\r\n")
            while True:
                ready = [connection] if connection.pending() else []
                ready = ready or select.select([connection, other], [], [])[0]
                for one in ready:
                    data = one.recv(65536)
                    if not data:
                        return
                    (other if one is connection else connection).sendall(data)

    return lambda received: [pump, CUT]


async def test_a_proxy_that_refuses_is_a_connection_error(
    side, server, trusted, monkeypatch
):
    """A tunnel that is not made was never used to send anything."""
    server.default = answer(407, b"no")
    monkeypatch.setenv("https_proxy", server.url)
    driver = side.driver()
    error = await failure(driver, whole(server))
    assert "connect" == error.phase
    assert "407" in str(error)
    server.wait_closed()


async def test_no_proxy_is_obeyed(side, server, monkeypatch):
    """Hosts in NO_PROXY are reached directly."""
    monkeypatch.setenv("all_proxy", "http://127.0.0.1:9")
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    driver = side.driver()
    assert 200 == (await driver.run(whole(server, scheme="http"))).status
    await side.close_transport(driver)


@pytest.mark.parametrize(
    "proxy", ["ftp://proxy", "http://", "http://h:x", "http://[", "http://ä"]
)
async def test_a_proxy_that_cannot_be_used_is_refused(side, monkeypatch, proxy):
    """A proxy of an unknown kind is a wrong configuration; it is not quoted."""
    monkeypatch.setenv("http_proxy", proxy)
    driver = side.driver()
    with pytest.raises(ConfigurationError, match="the environment names a proxy") as e:
        await driver.run(_plain())
    assert "ftp" not in str(e.value)


def _plain():
    return (yield from send(Request("GET", "http://gateway.invalid/")))


async def test_a_socks_proxy_needs_its_package(side, monkeypatch):
    """Without socksio the error says what to install."""
    monkeypatch.setenv("all_proxy", "socks5://127.0.0.1:9")
    driver = side.driver()
    with pytest.raises(ConfigurationError, match="socksio"):
        await driver.run(_plain())
