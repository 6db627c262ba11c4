"""
The quick start, played through: against a gateway on localhost, or the real one.

Without ``SOCIARO_API_KEY`` a gateway is started on a free port of this machine; its
answers are made up, but everything between is real: sockets, streams, errors. With it,
the requests go to the Sociaro AI gateway (or to ``SOCIARO_BASE_URL``).
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable

import sociaro
from sociaro import APIError, AsyncSociaro, Meta, Sociaro

CHAT = "openai/gpt-4o"
CHAIN = {"smart": ["openai/gpt-4o", "anthropic/claude-sonnet-4-6"]}


def title(text: str) -> None:
    """Print the title of a step."""
    print(f"\n== {text}")


def trail(meta: Meta) -> None:
    """Print one line for each request that was sent."""
    for attempt in meta.attempts:
        outcome = "answered" if attempt.error is None else str(attempt.error)
        print(
            f"   attempt {attempt.number} on {attempt.provider}/{attempt.model}: "
            f"{attempt.status_code} after {attempt.elapsed:.3f} s, "
            f"request {attempt.request_id}: {outcome}"
        )


def chat(client: Sociaro) -> None:
    """Ask a question."""
    title("Chat")
    response = client.chat.completions.create(
        model=CHAT,
        messages=[{"role": "user", "content": "What is the speed of light?"}],
    )
    print(response.choices[0].message.content)
    trail(response.meta)


def stream(client: Sociaro) -> None:
    """Print an answer while it is written."""
    title("Streaming")
    with client.chat.completions.create(
        model=CHAT,
        messages=[{"role": "user", "content": "Count to 5."}],
        stream=True,
    ) as chunks:
        for chunk in chunks:
            print(chunk.choices[0].delta.content or "", end="", flush=True)
    print()
    trail(chunks.meta)


async def ask_async() -> None:
    """Ask two models at the same time."""
    title("Async: two models at once")
    async with AsyncSociaro() as client:
        answers = await asyncio.gather(
            *(
                client.chat.completions.create(
                    model=model, messages=[{"role": "user", "content": "Hello"}]
                )
                for model in CHAIN["smart"]
            )
        )
    for model, answer in zip(CHAIN["smart"], answers, strict=True):
        print(f"{model}: {answer.choices[0].message.content}")
        trail(answer.meta)


def fallback(client: Sociaro) -> None:
    """Ask an alias whose first provider is down (on the local gateway)."""
    title("Fallback: the alias 'smart' tries openai, then anthropic")
    response = client.chat.completions.create(
        model="smart", messages=[{"role": "user", "content": "Who are you?"}]
    )
    print(response.choices[0].message.content)
    print(f"   answered by {response.meta.provider}/{response.meta.model}")
    trail(response.meta)


def attribution(client: Sociaro) -> None:
    """Say whom a call is for; the tags are dimensions of GET /gw/stats."""
    title("Attribution: team=product (client), feature=chat (call)")
    with sociaro.attribution(persona="newcomer"):
        response = client.chat.completions.create(
            model=CHAT,
            messages=[{"role": "user", "content": "Hello"}],
            attribution={"feature": "chat"},
        )
    print(f"   sent with the tags, request {response.meta.request_id}")


def typed_error(client: Sociaro) -> None:
    """Ask for a model that does not exist."""
    title("A typed error")
    try:
        client.chat.completions.create(
            model="openai/nope-1", messages=[{"role": "user", "content": "Hello"}]
        )
    except APIError as error:
        print(f"{type(error).__name__}: {error}")
        trail(error.meta)


def nothing() -> None:
    """Leave the provider as it is."""


def play(
    take_down: Callable[[], None] = nothing, bring_back: Callable[[], None] = nothing
) -> None:
    """Play every step; around the fallback, openai is taken down."""
    with Sociaro(models=CHAIN, default_attribution={"team": "product"}) as client:
        chat(client)
        stream(client)
        asyncio.run(ask_async())
        take_down()
        fallback(client)
        bring_back()
        attribution(client)
        typed_error(client)


def main() -> None:
    """Play the quick start against the gateway the environment names."""
    if os.environ.get("SOCIARO_API_KEY"):
        play()
        return
    from sociaro_local import LocalGateway

    with LocalGateway() as gateway:
        print(f"No SOCIARO_API_KEY is set: a gateway runs at {gateway.url}")
        os.environ["SOCIARO_BASE_URL"] = gateway.url
        os.environ["SOCIARO_API_KEY"] = gateway.key
        play(lambda: gateway.down("openai"), lambda: gateway.up("openai"))
        title("What the gateway saw")
        for request in gateway.requests:
            print(f"   {request.status} {request.path} {request.attribution or ''}")


if __name__ == "__main__":
    main()
