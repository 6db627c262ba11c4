"""The sync face: signatures and one-line bodies. The async one mirrors it."""

from __future__ import annotations

import weakref
from typing import TYPE_CHECKING, Any, Generic, Literal, TypeVar, cast, overload

from sociaro_core.client import DEFAULT_TIMEOUT, transport_of
from sociaro_core.credentials import Key
from sociaro_core.drivers import Driver
from sociaro_core.errors import ConfigurationError

from ._calls import chat_plan, picklable
from ._flows import chat_flow, more_flow, open_chat_flow
from ._hints import hint
from ._settings import Settings, is_given

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from types import TracebackType

    import httpx
    from typing_extensions import Self, Unpack

    from sociaro_core.attempts import Meta
    from sociaro_core.effects import Flow
    from sociaro_core.wire import Timeout
    from sociaro_providers.models.chat import ChatCompletion, ChatCompletionChunk

    from ._params import ChatParams, ClientOptions, Messages, ModelName
    from ._streaming import OpenStream

T = TypeVar("T")


class _Engine:
    """What a client and its copies share: connections, and whether they are open."""

    def __init__(self, http_client: httpx.Client | None) -> None:
        self.driver: Driver = Driver(transport_of(http_client))
        self.foreign: bool = http_client is not None
        self.closed: bool = False

    def picklable(self, settings: Settings) -> Settings:
        """Return what a pickle of the client holds; connections are made anew."""
        return picklable(settings, foreign=self.foreign)

    def run(self, flow: Flow[T]) -> T:
        if self.closed:
            flow.close()
            raise ConfigurationError("the client is closed")
        return self.driver.run(flow)

    def close(self) -> None:
        self.closed = True
        self.driver.transport.close()


class Stream(Generic[T]):
    """
    The chunks of an answer while it is written: an iterator and a context manager.

    ```python
    with client.chat.completions.create(..., stream=True) as stream:
        for chunk in stream:
            print(chunk.choices[0].delta.content or "", end="")
    ```

    Leaving the loop early frees the connection through ``with``, an exception or
    garbage collection. An error behind the first chunk is raised from the loop.
    """

    def __init__(self, driver: Driver, state: OpenStream) -> None:
        self._driver = driver
        self._state = state
        self._finalizer = weakref.finalize(self, driver.abandon, state.response)
        self._finalizer.atexit = False

    def __iter__(self) -> Self:
        return self

    def __next__(self) -> T:
        state = self._state
        while (chunk := state.take()) is None:
            if state.over:
                raise StopIteration
            self._driver.run(more_flow(state), state.response)
        return cast("T", chunk)

    def get_final_completion(self) -> ChatCompletion:
        """
        Read what is left and return all of it as one `ChatCompletion`.

        Works after chunks were taken as well: they are accumulated, not kept.

        Raises:
            APIConnectionError, APIError: The stream ended before it was whole.
            ConfigurationError: It was closed before its end.
        """
        for _ in self:
            pass
        return self._state.completion()

    @property
    def meta(self) -> Meta:
        """What is known about the answer beside its chunks."""
        return self._state.meta

    @property
    def response_headers(self) -> Mapping[str, str]:
        """The headers of the answer; names ignore case."""
        return self._state.response.headers

    def close(self) -> None:
        """Free the connection; again does nothing."""
        self._state.shut()
        self._finalizer.detach()
        self._driver.close(self._state.response)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()


class Completions:
    """``client.chat.completions``."""

    def __init__(self, engine: _Engine, settings: Settings) -> None:
        self._engine = engine
        self._settings = settings

    @overload
    def create(
        self,
        *,
        model: ModelName,
        messages: Messages,
        stream: Literal[False] | None = False,
        **params: Unpack[ChatParams],
    ) -> ChatCompletion: ...

    @overload
    def create(
        self,
        *,
        model: ModelName,
        messages: Messages,
        stream: Literal[True],
        **params: Unpack[ChatParams],
    ) -> Stream[ChatCompletionChunk]: ...

    @overload
    def create(
        self,
        *,
        model: ModelName,
        messages: Messages,
        stream: bool | None,
        **params: Unpack[ChatParams],
    ) -> ChatCompletion | Stream[ChatCompletionChunk]: ...

    def create(
        self,
        *,
        model: ModelName,
        messages: Messages,
        stream: bool | None = False,
        **params: Unpack[ChatParams],
    ) -> ChatCompletion | Stream[ChatCompletionChunk]:
        """
        Return the model's answer to `messages`, or its stream.

        Args:
            model: ``"provider/model"``, an alias of the client, or a list of
                ``"provider/model"`` names tried in order.
            messages: A list of ``{"role": ..., "content": ...}``; answers of ours and
                message objects of other libraries may stand in it.
            stream: Whether to return a `Stream` of chunks. It returns when the first
                chunk that carries anything has arrived.
            params: The parameters of OpenAI's API (`ChatParams`), and for each call
                ``attribution``, ``timeout`` (seconds of one attempt; on a stream the
                longest silence; None for no limit), ``deadline`` (seconds for all of
                it), ``max_retries``, ``extra_headers``, ``extra_query``,
                ``extra_body``.

        Raises:
            ConfigurationError: Something cannot be sent as given; nothing was sent.
            APIConnectionError: No usable answer arrived; `APITimeoutError` in time.
            APIError: The answer was an error, by its status (`AuthError` 401 and 403,
                `RateLimitError` 429, `BadRequestError` other 4xx,
                `BudgetExceededError` 402, `ProviderUnavailableError` 502 and like).
            AllProvidersFailed: Each of several routes failed.

        Source: the OpenAI chat completions API; for ``anthropic/...`` models the
        Messages API.
        """
        plan = chat_plan(self._settings, model, messages, stream=stream, params=params)
        if not plan.call.stream:
            return self._engine.run(chat_flow(plan))
        return Stream(self._engine.driver, self._engine.run(open_chat_flow(plan)))

    if not TYPE_CHECKING:

        def __getattr__(self, name: str) -> Any:
            raise hint("client.chat.completions", name)


class Chat:
    """``client.chat``."""

    def __init__(self, engine: _Engine, settings: Settings) -> None:
        self._engine = engine
        self._settings = settings

    @property
    def completions(self) -> Completions:
        """Where ``create`` is."""
        return Completions(self._engine, self._settings)

    if not TYPE_CHECKING:

        def __getattr__(self, name: str) -> Any:
            raise hint("client.chat", name)


class Sociaro:
    """
    One OpenAI-compatible client for every provider behind the Sociaro AI gateway.

    ```python
    client = Sociaro()
    response = client.chat.completions.create(
        model="openai/gpt-4o",
        messages=[{"role": "user", "content": "What is the speed of light?"}],
    )
    print(response.choices[0].message.content)
    ```

    Any number of threads may share it, and it survives a fork. It is a context manager;
    without ``with``, `close` frees the connections, or garbage collection does.

    Args:
        api_key: The gateway key, or a function that returns it, called before each
            attempt. None: the environment's ``SOCIARO_API_KEY``.
        base_url: None: ``SOCIARO_BASE_URL``, else ``https://api.sociaro.com``.
        models: Alias to a list of ``"provider/model"`` names, tried in order.
        default_attribution: Tags of every call, as ``X-Attr-*`` headers.
        fallback_on_rate_limit: Whether a 429 advances a chain.
        timeout: Seconds for one attempt, by the wall clock, the body included; on a
            stream the longest silence. An `httpx.Timeout` limits each step; None
            nothing. Default 600 s, 5 s to connect.
        deadline: Seconds for a whole call: retries, waits, fallback, reading a stream.
            None: no limit.
        max_retries: On each route, after connection errors, 408, 409, 425, 429, 5xx.
        retry_budget: How many retries may be outstanding; None: no limit.
        default_headers: On every request.
        http_client: An `httpx.Client` to send everything with; used as it is, never
            closed by us.

    Raises:
        ConfigurationError: An argument cannot be right, or there is no key.
    """

    def __init__(
        self,
        api_key: str | Callable[[], str] | None = None,
        *,
        base_url: str | None = None,
        models: Mapping[str, Sequence[str]] | None = None,
        default_attribution: Mapping[str, str] | None = None,
        fallback_on_rate_limit: bool = True,
        timeout: float | httpx.Timeout | Timeout | None = DEFAULT_TIMEOUT,
        deadline: float | None = None,
        max_retries: int = 2,
        retry_budget: int | None = 500,
        default_headers: Mapping[str, str] | None = None,
        http_client: httpx.Client | None = None,
    ) -> None:
        try:
            key = Key.of(api_key if is_given(api_key) else None)
        finally:
            del api_key
        self._settings = Settings.of(
            key,
            base_url=base_url,
            models=models,
            default_attribution=default_attribution,
            fallback_on_rate_limit=fallback_on_rate_limit,
            timeout=timeout,
            deadline=deadline,
            max_retries=max_retries,
            retry_budget=retry_budget,
            default_headers=default_headers,
        )
        self._engine = _Engine(http_client if is_given(http_client) else None)
        self._is_copy = False

    @property
    def chat(self) -> Chat:
        """Where ``completions.create`` is."""
        return Chat(self._engine, self._settings)

    @property
    def base_url(self) -> str:
        """Where requests go, without a slash at its end."""
        return self._settings.base_url

    def with_options(self, **changed: Unpack[ClientOptions]) -> Self:
        """
        Return a copy with other settings, on the same connections.

        Args:
            changed: As in the constructor, without ``http_client``. Attribution and
                headers merge key by key, anything else is replaced.

        Closing or leaving the copy closes nothing.

        Raises:
            ConfigurationError: An option is unknown, or cannot be right.
        """
        return self._restored(self._settings.changed(changed), self._engine)

    @classmethod
    def _restored(cls, settings: Settings, engine: _Engine | None = None) -> Self:
        client = cls.__new__(cls)
        client._settings = settings
        client._engine = engine or _Engine(None)
        client._is_copy = engine is not None
        return client

    def close(self) -> None:
        """Close the connections; a call after it raises `ConfigurationError`."""
        if not self._is_copy:
            self._engine.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()

    def __reduce__(self) -> tuple[Any, ...]:
        return type(self)._restored, (self._engine.picklable(self._settings),)

    def __repr__(self) -> str:
        # Also before it is whole: a traceback may show a client that was refused.
        settings: Settings | None = vars(self).get("_settings")
        where = None if settings is None else settings.base_url
        return f"{type(self).__name__}(base_url={where!r})"

    if not TYPE_CHECKING:

        def __getattr__(self, name: str) -> Any:
            raise hint("client", name)
