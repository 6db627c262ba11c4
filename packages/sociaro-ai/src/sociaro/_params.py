"""The keywords of the methods, written once for the sync and the async face."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Protocol, TypeAlias, TypedDict

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    import httpx

    from sociaro_core.wire import Timeout


class SupportsModelDump(Protocol):
    """A message object of another library: pydantic's way."""

    def model_dump(self) -> Any:
        """Return it as plain JSON values."""


class SupportsToDict(Protocol):
    """A message object of another library: `to_dict`."""

    def to_dict(self) -> Any:
        """Return it as plain JSON values."""


Message: TypeAlias = Mapping[str, object] | SupportsModelDump | SupportsToDict
Messages: TypeAlias = Iterable[Message]
ModelName: TypeAlias = str | Sequence[str]


class ClientOptions(TypedDict, total=False):
    """What a client is made with; `with_options` takes the same."""

    api_key: str | Callable[[], str | Awaitable[str]] | None
    base_url: str | None
    models: Mapping[str, Sequence[str]] | None
    default_attribution: Mapping[str, str] | None
    fallback_on_rate_limit: bool
    timeout: float | httpx.Timeout | Timeout | None
    deadline: float | None
    max_retries: int
    retry_budget: int | None
    default_headers: Mapping[str, str] | None


class RequestOptions(TypedDict, total=False):
    """What every method takes beside its own arguments, keyword-only and last."""

    attribution: Mapping[str, str] | None
    timeout: float | httpx.Timeout | None
    deadline: float | None
    max_retries: int
    extra_headers: Mapping[str, str] | None
    extra_query: Mapping[str, object] | None
    extra_body: Mapping[str, object] | None


class ChatParams(RequestOptions, total=False):
    """
    The optional parameters of a chat call, as in OpenAI's API, and `RequestOptions`.

    They go to the provider as given; Anthropic gets them translated. Keywords that are
    not listed here go along as well.
    """

    audio: Mapping[str, object] | None
    betas: Sequence[str] | None
    cache_control: Mapping[str, object] | None
    container: object
    context_management: Mapping[str, object] | None
    enable_thinking: bool | None
    frequency_penalty: float | None
    function_call: str | Mapping[str, object] | None
    functions: Iterable[Mapping[str, object]] | None
    inference_geo: str | None
    logit_bias: Mapping[str, int] | None
    logprobs: bool | None
    max_completion_tokens: int | None
    max_tokens: int | None
    mcp_servers: Iterable[Mapping[str, object]] | None
    metadata: Mapping[str, str] | None
    modalities: Sequence[str] | None
    moderation: Mapping[str, object] | None
    n: int | None
    output_config: Mapping[str, object] | None
    parallel_tool_calls: bool | None
    prediction: Mapping[str, object] | None
    presence_penalty: float | None
    prompt_cache_key: str | None
    prompt_cache_options: Mapping[str, object] | None
    prompt_cache_retention: str | None
    reasoning_effort: str | None
    response_format: Mapping[str, object] | None
    safety_identifier: str | None
    seed: int | None
    service_tier: str | None
    speed: str | None
    stop: str | Sequence[str] | None
    stop_sequences: Sequence[str] | None
    store: bool | None
    stream_options: Mapping[str, object] | None
    system: str | Iterable[Mapping[str, object]] | None
    temperature: float | None
    thinking: Mapping[str, object] | None
    thinking_budget: int | None
    tool_choice: str | Mapping[str, object] | None
    tools: Iterable[Mapping[str, object]] | None
    top_k: int | None
    top_logprobs: int | None
    top_p: float | None
    user: str | None
    verbosity: str | None
    web_search_options: Mapping[str, object] | None
