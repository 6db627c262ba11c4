import os
import signal
import subprocess
import sys

import httpx
import pytest

from sociaro_local.__main__ import main


@pytest.fixture(autouse=True)
def handlers():
    """Give the process its signal handlers back."""
    numbers = (signal.SIGINT, signal.SIGTERM)
    before = {number: signal.getsignal(number) for number in numbers}
    yield
    for number, handler in before.items():
        signal.signal(number, handler)


def status_of_me(url, key):
    """Return the HTTP status of `/gw/me` for a key."""
    headers = {"authorization": f"Bearer {key}"}
    response = httpx.get(f"{url}/gw/me", headers=headers, trust_env=False, verify=False)
    return response.status_code


def greeting(text):
    """Return URL and key of the three lines that the command prints."""
    first, url, key = text.splitlines()
    url = url.removeprefix("export SOCIARO_BASE_URL=")
    assert f"Sociaro gateway on {url} (Ctrl-C stops it)" == first
    return url, key.removeprefix("export SOCIARO_API_KEY=")


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_command_ends_well_when_a_signal_comes(capsys, number):
    """It says where it listens and which key to use, and nothing more."""
    seen = []

    def wait(gateway):
        seen.append((gateway.url, gateway.key))
        assert 200 == status_of_me(*seen[0])
        assert [] == gateway.requests
        signal.raise_signal(number)

    assert 0 == main(["--port", "0"], wait)
    out, err = capsys.readouterr()
    assert ([greeting(out)], "") == (seen, err)


def test_command_lets_only_its_keys_in_when_it_has_some(capsys):
    """The option may be repeated; the first key is printed."""
    statuses = []

    def wait(gateway):
        keys = ("a", "b", "gw_live_x")
        statuses.extend(status_of_me(gateway.url, key) for key in keys)

    assert 0 == main(["--port", "0", "--key", "a", "--key", "b"], wait)
    assert [200, 200, 401] == statuses
    assert "a" == greeting(capsys.readouterr().out)[1]


def test_command_fails_when_the_port_is_taken(gateway, capsys):
    """One line says why."""
    port = httpx.URL(gateway.url).port
    assert 1 == main(["--port", str(port)])
    out, err = capsys.readouterr()
    assert "" == out
    assert err.startswith("sociaro_local: ")
    assert 1 == len(err.splitlines())


def test_command_fails_when_a_key_is_empty(capsys):
    """An empty variable in a shell script is told."""
    assert 1 == main(["--port", "0", "--key", ""])
    assert "sociaro_local: a key is empty" in capsys.readouterr().err


@pytest.mark.skipif(os.name == "nt", reason="signals of POSIX")
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_process_ends_well_when_a_signal_comes(number):
    """Quiet, with status 0, while a client keeps its connection open."""
    command = [sys.executable, "-W", "error", "-m", "sociaro_local", "--port", "0"]
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        url, key = greeting("".join(process.stdout.readline() for _ in range(3)))
        with httpx.Client(trust_env=False, verify=False) as http:
            headers = {"authorization": f"Bearer {key}"}
            assert 200 == http.get(f"{url}/gw/me", headers=headers).status_code
            process.send_signal(number)
            out, err = process.communicate(timeout=10)
    assert (0, "", "") == (process.returncode, out, err)
