import asyncio
import socket
import threading

import httpx
import pytest
import trio

from sociaro_local import LocalGateway


def threads(gateway):
    """Return the names of the gateway's threads; other tests may run others."""
    found = [thread.name for thread in threading.enumerate()]
    return [name for name in found if name == f"sociaro-local {gateway.url}"]


def test_gateway_listens_on_a_free_port_when_it_runs(gateway):
    """The URL has no slash at its end, the key the gateway's form."""
    assert gateway.url.startswith("http://127.0.0.1:")
    assert not gateway.url.endswith("/")
    assert gateway.key.startswith("gw_live_")
    assert [f"sociaro-local {gateway.url}"] == threads(gateway)


def test_gateway_leaves_nothing_when_it_stops():
    """Neither a thread nor a listening socket."""
    with LocalGateway() as gateway:
        url = httpx.URL(gateway.url)
    assert [] == threads(gateway)
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection((url.host, url.port))


def test_gateway_may_be_started_and_stopped_again():
    """A second start or stop does nothing; a later start finds a new port."""
    gateway = LocalGateway()
    gateway.stop()
    for _ in range(2):
        gateway.start()
        gateway.start()
        response = httpx.get(f"{gateway.url}/gw/me", trust_env=False, verify=False)
        assert 401 == response.status_code
        gateway.stop()
        gateway.stop()
    assert [] == threads(gateway)


def test_url_is_refused_when_the_gateway_never_started():
    """The error says what to do."""
    with pytest.raises(RuntimeError, match="with LocalGateway"):
        LocalGateway().url  # noqa: B018


def test_start_fails_when_the_port_is_taken(gateway):
    """In the thread of the caller."""
    port = httpx.URL(gateway.url).port
    with pytest.raises(OSError, match=r"."):
        LocalGateway(port=port).start()


def test_gateway_listens_on_ipv6_when_it_is_told_to():
    """The address stands in brackets."""
    with socket.socket(socket.AF_INET6) as probe:
        try:
            probe.bind(("::1", 0))
        except OSError:
            pytest.skip("no IPv6 here")
    with LocalGateway(host="::1") as gateway:
        assert gateway.url.startswith("http://[::1]:")
        url = f"{gateway.url}/gw/me"
        assert 401 == httpx.get(url, trust_env=False, verify=False).status_code


def test_gateway_stops_at_once_when_clients_hang(client):
    """Idle connections, silent streams and delayed answers are broken."""
    gateway = client.gateway
    idle = socket.create_connection(
        (client.http.base_url.host, client.http.base_url.port)
    )
    client.chat()
    gateway.hang_stream(after=1)
    gateway.delay(600)
    waiting = threading.Thread(target=broken_call, args=[client])
    with (
        idle,
        client.open_stream("openai", client.body("openai", stream=True)) as response,
    ):
        assert 200 == response.status_code
        waiting.start()
        assert gateway.wait_for_connections(3)
        gateway.stop()
        with pytest.raises(httpx.TransportError):
            response.read()
    waiting.join()
    assert [] == threads(gateway)
    assert 0 == gateway.connections_open


def broken_call(client):
    """Make a call that is broken by the gateway's end."""
    with pytest.raises(httpx.TransportError):
        client.chat()


def test_connections_are_counted_when_clients_come_and_go(client):
    """One that is kept alive is opened once."""
    gateway = client.gateway
    assert (0, 0) == (gateway.connections_open, gateway.connections_opened)
    client.chat()
    client.chat()
    assert (1, 1) == (gateway.connections_open, gateway.connections_opened)
    assert not gateway.wait_for_connections(0, timeout=0.01)
    client.http.close()
    assert gateway.wait_for_connections(0)
    assert 1 == gateway.connections_opened


def test_everything_is_forgotten_when_the_gateway_is_reset(client):
    """Script, requests, counts, and that a provider is down."""
    gateway = client.gateway
    gateway.down("openai")
    client.chat()
    gateway.fail(500)
    gateway.reset()
    assert ([], 0) == (gateway.requests, gateway.connections_opened)
    assert 200 == client.chat().status_code


def test_requests_are_forgotten_when_they_are_cleared(client):
    """The script stays."""
    client.chat()
    client.gateway.fail(500)
    client.gateway.clear()
    assert [] == client.gateway.requests
    assert 500 == client.chat().status_code


def test_requests_are_not_kept_when_recording_is_off():
    """A gateway that runs for days stays small."""
    with LocalGateway(record=False) as gateway:
        httpx.get(f"{gateway.url}/gw/me", trust_env=False, verify=False)
        assert [] == gateway.requests


@pytest.mark.parametrize(
    "script",
    [
        lambda gateway: gateway.reply("x", provider="cohere"),
        lambda gateway: gateway.tool_call("x", {}, times=0),
        lambda gateway: gateway.fail(199),
        lambda gateway: gateway.fail(600),
        lambda gateway: gateway.fail(500, provider=""),
        lambda gateway: gateway.delay(-1),
        lambda gateway: gateway.cut_stream(-1),
        lambda gateway: gateway.hang_stream(-1),
        lambda gateway: gateway.error_event(-1),
        lambda gateway: gateway.down("gw"),
        lambda gateway: gateway.up("cohere"),
    ],
)
def test_script_is_refused_when_it_makes_no_sense(script):
    """A slip in a test is told at once."""
    with pytest.raises(ValueError, match=r"must be|there are"):
        script(LocalGateway())


def test_gateway_serves_many_threads_when_they_call_at_once(client):
    """Every call is answered and recorded, with an id of its own."""
    texts = []

    def call(number):
        body = client.chat(text=f"call {number}").json()
        texts.append(body["choices"][0]["message"]["content"])

    workers = [threading.Thread(target=call, args=[n]) for n in range(32)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    assert {f"You said: call {number}" for number in range(32)} == set(texts)
    ids = [request.request_id for request in client.gateway.requests]
    assert 32 == len(set(ids))


@pytest.mark.parametrize("run", [lambda talk: asyncio.run(talk()), trio.run])
def test_gateway_serves_async_clients_of_any_loop(run):
    """It has a thread of its own, so that the loop may wait for it."""
    statuses = []

    async def talk():
        with LocalGateway() as gateway:
            headers = {"authorization": f"Bearer {gateway.key}"}
            async with httpx.AsyncClient(trust_env=False, verify=False) as http:
                response = await http.get(f"{gateway.url}/gw/me", headers=headers)
        statuses.append(response.status_code)

    run(talk)
    assert [200] == statuses


def test_gateway_stops_quietly_when_clients_have_just_come(caplog):
    """Connections that wait to be accepted, or are being so, are no errors."""
    with LocalGateway() as gateway:
        url = httpx.URL(gateway.url)
        clients = [socket.create_connection((url.host, url.port)) for _ in range(50)]
    for client in clients:
        client.close()
    assert [] == caplog.records
    assert 0 == gateway.connections_open
