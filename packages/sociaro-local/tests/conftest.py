"""A gateway for each test, and clients of it on real sockets."""

import json

import httpx
import pytest

from sociaro_local import LocalGateway

PATHS = {
    "openai": "/openai/v1/chat/completions",
    "anthropic": "/anthropic/v1/messages",
    "alibaba": "/alibaba/compatible-mode/v1/chat/completions",
    "byteplus": "/byteplus/api/v3/chat/completions",
    "mulerouter": "/mulerouter/vendors/openai/v1/chat/completions",
}
OPENAI_SHAPED = [name for name in PATHS if name != "anthropic"]


class Client:
    """Makes chat calls as the providers want them, with the right key."""

    def __init__(self, gateway, http):
        self.gateway = gateway
        self.http = http

    def path(self, provider):
        """Return the path of chat."""
        return PATHS[provider]

    def headers(self, provider):
        """Return the headers that carry the key."""
        if provider == "anthropic":
            return {"x-api-key": self.gateway.key, "anthropic-version": "2023-06-01"}
        return {"authorization": f"Bearer {self.gateway.key}"}

    def body(self, provider, text="hello there", **fields):
        """Return the body of a chat call that says `text`; None removes a field."""
        body = {"model": "m-1", "messages": [{"role": "user", "content": text}]}
        if provider == "anthropic":
            body["max_tokens"] = 1000
        body |= fields
        return {name: value for name, value in body.items() if value is not None}

    def chat(self, provider="openai", text="hello there", **fields):
        """Return the response to a chat call."""
        return self.http.post(
            PATHS[provider],
            headers=self.headers(provider),
            json=self.body(provider, text, **fields),
        )

    def stream(self, provider="openai", text="hello there", **fields):
        """Return the payloads of a chat stream, `[DONE]` as it is."""
        response = self.chat(provider, text, stream=True, **fields)
        assert (200, "text/event-stream; charset=utf-8") == (
            response.status_code,
            response.headers["content-type"],
        )
        return payloads(response.text)

    def broken_stream(self, provider="openai", text="hello there", **fields):
        """Return the payloads of a chat stream that is cut."""
        got = []
        body = self.body(provider, text, stream=True, **fields)
        with (
            self.open_stream(provider, body) as response,
            pytest.raises(httpx.RemoteProtocolError, match="incomplete chunked"),
        ):
            got.extend(response.iter_raw())
        return payloads(b"".join(got).decode())

    def open_stream(self, provider, body):
        """Return a context with the response to a chat call, its body unread."""
        headers = self.headers(provider)
        return self.http.stream("POST", PATHS[provider], headers=headers, json=body)

    def get(self, path, provider="openai", **headers):
        """Return the response to a GET."""
        return self.http.get(path, headers=self.headers(provider) | headers)


def payloads(text):
    """Return the JSON values of a stream's events; all must be whole."""
    assert text.endswith("\n\n")
    found = []
    for event in text.removesuffix("\n\n").split("\n\n"):
        name, data = "", event
        if event.startswith("event: "):
            name, _, data = event.removeprefix("event: ").partition("\n")
        assert data.startswith("data: ")
        data = data.removeprefix("data: ")
        found.append(data if data == "[DONE]" else json.loads(data))
        assert not name or name == found[-1]["type"]
    return found


@pytest.fixture(params=PATHS)
def provider(request):
    """Return each provider in turn."""
    return request.param


@pytest.fixture(params=OPENAI_SHAPED)
def shaped(request):
    """Return each provider in turn that speaks the OpenAI shape."""
    return request.param


@pytest.fixture
def gateway():
    """Return a gateway that runs."""
    with LocalGateway() as running:
        yield running


@pytest.fixture
def client(gateway):
    """Return a client of the gateway."""
    # No certificates: reading them takes longer than most tests.
    with httpx.Client(
        base_url=gateway.url, timeout=10, trust_env=False, verify=False
    ) as http:
        yield Client(gateway, http)
