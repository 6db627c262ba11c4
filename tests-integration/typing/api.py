"""What users write, seen by their type checker: checked by mypy and pyright, never run."""

# What is wrong use has `type: ignore`: both checkers complain when there is nothing to
# ignore, so that both must see the error.
# pyright: reportUnnecessaryTypeIgnoreComment=true
# ruff: noqa: B018

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import httpx
from typing_extensions import assert_type

import sociaro
from sociaro import (
    AllProvidersFailed,
    APIConnectionError,
    APIError,
    APITimeoutError,
    AsyncJobFailed,
    AsyncJobTimeout,
    AsyncSociaro,
    AsyncStream,
    Attempt,
    AuthError,
    BadRequestError,
    BudgetExceededError,
    ChatCompletion,
    ChatCompletionChunk,
    ChatCompletionMessage,
    ChatParams,
    ConfigurationError,
    Meta,
    ProviderUnavailableError,
    RateLimitError,
    Sociaro,
    SociaroError,
    SociaroWarning,
    Stream,
)
from sociaro_core import AsyncGateway, Gateway, GatewayResponse
from sociaro_local import LocalGateway, RecordedRequest

MESSAGES = [{"role": "user", "content": "Hello"}]


def clients() -> None:
    """Every argument, and what the clients give."""
    client = Sociaro(
        "gw_live_...",
        base_url="https://api.sociaro.com",
        models={"smart": ["openai/gpt-4o", "anthropic/claude-3-5-sonnet"]},
        default_attribution={"team": "product"},
        fallback_on_rate_limit=False,
        timeout=httpx.Timeout(10, connect=2),
        deadline=60,
        max_retries=1,
        retry_budget=None,
        default_headers={"X-Project": "apollo"},
        http_client=httpx.Client(),
    )
    assert_type(client.base_url, str)
    assert_type(client.with_options(timeout=None, max_retries=5), Sociaro)
    assert_type(client.close(), None)
    with Sociaro(api_key=lambda: "gw_live_...") as entered:
        assert_type(entered, Sociaro)

    Sociaro(api_key=42)  # type: ignore[arg-type]
    Sociaro("a", "b")  # type: ignore[call-arg]
    Sociaro(organization="x")  # type: ignore[call-arg]
    Sociaro(http_client=httpx.AsyncClient())  # type: ignore[arg-type]
    Sociaro(models={"smart": 1})  # type: ignore[dict-item]
    client.with_options(http_client=None)  # type: ignore[call-arg]
    client.with_options(max_retries="2")  # type: ignore[arg-type]


async def async_clients() -> None:
    """The async twins of `clients`."""

    async def key() -> str:
        return "gw_live_..."

    client = AsyncSociaro(key, http_client=httpx.AsyncClient())
    assert_type(client.with_options(deadline=3), AsyncSociaro)
    assert_type(await client.close(), None)
    async with AsyncSociaro() as entered:
        assert_type(entered, AsyncSociaro)

    AsyncSociaro(http_client=httpx.Client())  # type: ignore[arg-type]
    Sociaro(key)  # type: ignore[arg-type]


def create(client: Sociaro, maybe: bool, params: ChatParams) -> None:
    """What `create` returns depends on `stream`."""
    create = client.chat.completions.create
    assert_type(create(model="openai/gpt-4o", messages=MESSAGES), ChatCompletion)
    assert_type(create(model="smart", messages=MESSAGES, stream=False), ChatCompletion)
    assert_type(
        create(model="smart", messages=MESSAGES, stream=True),
        Stream[ChatCompletionChunk],
    )
    assert_type(
        create(model="smart", messages=MESSAGES, stream=maybe),
        ChatCompletion | Stream[ChatCompletionChunk],
    )
    assert_type(create(model="smart", messages=MESSAGES, **params), ChatCompletion)
    create(
        model=["openai/gpt-4o", "anthropic/claude-3-5-sonnet"],
        messages=MESSAGES,
        temperature=0.2,
        max_tokens=10,
        stop=["a", "b"],
        tools=[{"type": "function", "function": {"name": "f"}}],
        tool_choice="auto",
        response_format={"type": "json_object"},
        stream_options={"include_usage": True},
        attribution={"feature": "chat"},
        timeout=3.5,
        deadline=None,
        max_retries=0,
        extra_headers={"X-Project": "apollo"},
        extra_query={"trace": 1},
        extra_body={"anything": [1]},
    )

    create("openai/gpt-4o", MESSAGES)  # type: ignore[call-overload]
    create(model="openai/gpt-4o")  # type: ignore[call-overload]
    create(model=4, messages=MESSAGES)  # type: ignore[call-overload]
    create(model="a/b", messages="Hello")  # type: ignore[arg-type]
    create(model="a/b", messages=MESSAGES, stream="yes")  # type: ignore[call-overload]
    create(model="a/b", messages=MESSAGES, temperature="hot")  # type: ignore[call-overload]
    create(model="a/b", messages=MESSAGES, heat=1)  # type: ignore[call-overload]
    create(model="a/b", messages=MESSAGES, attribution={"feature": 1})  # type: ignore[dict-item]


async def async_create(client: AsyncSociaro, maybe: bool, params: ChatParams) -> None:
    """The same, awaited; streams as well."""
    create = client.chat.completions.create
    assert_type(await create(model="openai/gpt-4o", messages=MESSAGES), ChatCompletion)
    assert_type(
        await create(model="smart", messages=MESSAGES, stream=False), ChatCompletion
    )
    assert_type(
        await create(model="smart", messages=MESSAGES, stream=True),
        AsyncStream[ChatCompletionChunk],
    )
    assert_type(
        await create(model="smart", messages=MESSAGES, stream=maybe),
        ChatCompletion | AsyncStream[ChatCompletionChunk],
    )
    assert_type(
        await create(model="smart", messages=MESSAGES, **params), ChatCompletion
    )

    create(model="a/b", messages=MESSAGES).choices  # type: ignore[attr-defined]
    create(model="a/b", messages=MESSAGES)  # type: ignore[unused-coroutine]
    async for _ in create(model="a/b", messages=MESSAGES, stream=True):  # type: ignore[attr-defined]
        pass


def answer(response: ChatCompletion) -> None:
    """The fields of an answer, and the three ways to them."""
    choice = response.choices[0]
    assert_type(response.id, str)
    assert_type(response.created, int)
    assert_type(response.model, str)
    assert_type(choice.index, int)
    assert_type(choice.finish_reason, str)
    assert_type(choice.message, ChatCompletionMessage)
    assert_type(choice.message.role, str)
    assert_type(choice.message.content, str | None)
    assert_type(choice.message.refusal, str | None)
    assert_type(choice.message.reasoning_content, str | None)
    for call in choice.message.tool_calls or []:
        assert_type(call.id, str)
        assert_type(call.function.name, str)
        assert_type(call.function.arguments, str)
    if response.usage is not None:
        assert_type(response.usage.prompt_tokens, int)
        assert_type(response.usage.completion_tokens, int)
        assert_type(response.usage.total_tokens, int)
    assert_type(response["choices"], Any)
    assert_type(response.get("choices"), Any)
    assert_type(response.keys(), list[str])
    assert_type("usage" in response, bool)
    assert_type(response.to_dict(exclude_none=True), dict[str, Any])
    assert_type(response.to_json(indent=None), str)
    assert_type(response.model_dump(exclude_none=True), dict[str, Any])
    assert_type(response.model_dump_json(indent=2), str)
    assert_type(response.meta, Meta)
    Sociaro().chat.completions.create(
        model="a/b", messages=[*MESSAGES, choice.message, choice.message.to_dict()]
    )

    choice.message.content.upper()  # type: ignore[union-attr]
    response[0]  # type: ignore[index]
    response.meta = 1  # type: ignore[assignment]


def stream(chunks: Stream[ChatCompletionChunk]) -> None:
    """A stream: iterator, context manager, and what it tells."""
    for chunk in chunks:
        assert_type(chunk, ChatCompletionChunk)
        delta = chunk.choices[0].delta
        assert_type(delta.role, str | None)
        assert_type(delta.content, str | None)
        assert_type(chunk.choices[0].finish_reason, str | None)
        for piece in delta.tool_calls or []:
            assert_type(piece.index, int)
            assert_type(piece.id, str | None)
    assert_type(next(chunks), ChatCompletionChunk)
    with chunks as entered:
        assert_type(entered, Stream[ChatCompletionChunk])
    assert_type(chunks.meta, Meta)
    assert_type(chunks.response_headers, Mapping[str, str])
    assert_type(chunks.get_final_completion(), ChatCompletion)
    assert_type(chunks.close(), None)

    chunks.choices  # type: ignore[attr-defined]


async def async_stream(chunks: AsyncStream[ChatCompletionChunk]) -> None:
    """The async twin of `stream`."""
    async for chunk in chunks:
        assert_type(chunk, ChatCompletionChunk)
    assert_type(await anext(chunks), ChatCompletionChunk)
    async with chunks as entered:
        assert_type(entered, AsyncStream[ChatCompletionChunk])
    assert_type(chunks.meta, Meta)
    assert_type(chunks.response_headers, Mapping[str, str])
    assert_type(await chunks.get_final_completion(), ChatCompletion)
    assert_type(await chunks.close(), None)
    assert_type(await chunks.aclose(), None)

    for _ in chunks:  # type: ignore[attr-defined]
        pass


def meta(meta: Meta) -> None:
    """What is known beside an answer."""
    assert_type(meta.request_id, str | None)
    assert_type(meta.provider, str | None)
    assert_type(meta.model, str | None)
    assert_type(meta.status_code, int | None)
    assert_type(meta.headers, Mapping[str, str])
    assert_type(meta.elapsed, float)
    assert_type(meta.attempts, tuple[Attempt, ...])
    assert_type(meta.dropped, tuple[str, ...])
    attempt = meta.attempts[0]
    assert_type(attempt.provider, str | None)
    assert_type(attempt.model, str | None)
    assert_type(attempt.number, int)
    assert_type(attempt.started, float)
    assert_type(attempt.elapsed, float)
    assert_type(attempt.status_code, int | None)
    assert_type(attempt.request_id, str | None)
    assert_type(attempt.error, SociaroError | None)

    attempt.number = 2  # type: ignore[misc]
    meta.provider = "openai"  # type: ignore[misc]


def errors(client: Sociaro) -> None:
    """The attributes of errors, and who is caught by whom."""
    try:
        client.chat.completions.create(model="a/b", messages=MESSAGES)
    except ConfigurationError as error:
        value: ValueError = error
        assert_type(error.message, str)
        raise value from None
    except APITimeoutError as error:
        connection: APIConnectionError = error
        assert_type(connection.phase, str)
    except (
        AuthError,
        BadRequestError,
        BudgetExceededError,
        ProviderUnavailableError,
        RateLimitError,
    ) as error:
        api: APIError = error
        assert_type(api.status_code, int)
        assert_type(api.code, str | None)
        assert_type(api.type, str | None)
        assert_type(api.param, str | None)
        assert_type(api.body, object)
        assert_type(api.headers, Mapping[str, str])
        assert_type(api.retry_after, float | None)
        assert_type(api.request_id, str | None)
        assert_type(api.provider, str | None)
        assert_type(api.model, str | None)
    except AllProvidersFailed as error:
        assert_type(error.errors, tuple[SociaroError, ...])
    except AsyncJobFailed as error:
        assert_type(error.status, str | None)
        assert_type(error.code, str | None)
        assert_type(error.body, object)
    except AsyncJobTimeout as error:
        assert_type(error.elapsed, float | None)
    except SociaroError as error:
        assert_type(error.meta, Meta)
        assert_type(error.task_id, str | None)

        error.status_code  # type: ignore[attr-defined]

    warning: type[UserWarning] = SociaroWarning
    assert warning
    not_an_api_error: type[APIError] = APIConnectionError  # type: ignore[assignment]
    assert not_an_api_error


def attribution() -> None:
    """Tags around calls."""
    with sociaro.attribution(team="growth", feature="search") as nothing:
        assert_type(nothing, None)
    with sociaro.attribution({"team-name": "growth"}, feature="search"):
        pass

    sociaro.attribution(team=1)  # type: ignore[arg-type]
    sociaro.attribution("team")  # type: ignore[arg-type]


def embed(gateway: Gateway) -> None:
    """The minimal embed."""
    answer = gateway.request("GET", "/gw/me")
    assert_type(answer, GatewayResponse)
    assert_type(answer.status_code, int)
    assert_type(answer.headers, Mapping[str, str])
    assert_type(answer.content, bytes)
    assert_type(answer.json(), Any)
    assert_type(answer.request_id, str | None)
    assert_type(answer.meta, Meta)
    for piece in gateway.stream("POST", "/openai/v1/chat/completions", json={}):
        assert_type(piece, bytes)

    gateway.request("/gw/me")  # type: ignore[call-arg]
    gateway.request("POST", "/gw/me", {})  # type: ignore[call-arg]


async def async_embed(gateway: AsyncGateway) -> None:
    """The async twin of `embed`."""
    assert_type(await gateway.request("GET", "/gw/me"), GatewayResponse)
    async for piece in gateway.stream("POST", "/openai/v1/chat/completions", json={}):
        assert_type(piece, bytes)


def local() -> None:
    """The gateway of tests."""
    with LocalGateway(keys=["gw_live_a"], port=0) as gateway:
        assert_type(gateway, LocalGateway)
        assert_type(gateway.url, str)
        assert_type(gateway.key, str)
        assert_type(gateway.requests, list[RecordedRequest])
        gateway.fail(503, times=2, provider="openai", headers={"Retry-After": "1"})
        gateway.reply("Hello")

    gateway.fail("503")  # type: ignore[arg-type]
