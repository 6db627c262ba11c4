"""
The models of chat: an answer, a chunk of a stream, and their parts.

*Source*: the OpenAI chat completion and chat completion chunk objects, with what the
other providers add (`reasoning_content`).
"""

from __future__ import annotations

from ._base import Answer, Model, model

__all__ = [
    "Annotation",
    "ChatCompletion",
    "ChatCompletionChunk",
    "ChatCompletionMessage",
    "Choice",
    "ChoiceDelta",
    "ChoiceDeltaToolCall",
    "ChoiceDeltaToolCallFunction",
    "ChoiceLogprobs",
    "ChunkChoice",
    "CompletionTokensDetails",
    "CompletionUsage",
    "CustomCall",
    "Function",
    "FunctionCall",
    "PromptTokensDetails",
    "TokenLogprob",
    "ToolCall",
    "TopLogprob",
    "UrlCitation",
    "Usage",
]


@model
class Function(Model):
    """The function a model wants called; `arguments` is JSON text, maybe cut off."""

    name: str
    arguments: str


@model
class CustomCall(Model):
    """The free-form tool a model wants called."""

    name: str
    input: str


@model
class ToolCall(Model):
    """One call a model wants made; `type` is ``"function"`` or ``"custom"``."""

    id: str
    type: str
    function: Function
    custom: CustomCall | None = None


@model
class FunctionCall(Model):
    """The older form of a tool call."""

    name: str | None = None
    arguments: str | None = None


@model
class UrlCitation(Model):
    """Where a passage of the answer comes from; indices are in characters."""

    url: str
    title: str
    start_index: int
    end_index: int


@model
class Annotation(Model):
    """A note on a passage of the answer."""

    type: str
    url_citation: UrlCitation | None = None


@model
class TopLogprob(Model):
    """A token that could have stood in a place, and its log probability."""

    token: str
    logprob: float
    bytes: list[int] | None = None


@model
class TokenLogprob(Model):
    """A token of the answer, its log probability and its rivals."""

    token: str
    logprob: float
    top_logprobs: list[TopLogprob]
    bytes: list[int] | None = None


@model
class ChoiceLogprobs(Model):
    """Log probabilities of the tokens of a choice."""

    content: list[TokenLogprob] | None = None
    refusal: list[TokenLogprob] | None = None


@model
class PromptTokensDetails(Model):
    """What the prompt tokens are made of."""

    cached_tokens: int | None = None
    cache_write_tokens: int | None = None
    audio_tokens: int | None = None


@model
class CompletionTokensDetails(Model):
    """What the completion tokens are made of."""

    reasoning_tokens: int | None = None
    audio_tokens: int | None = None
    accepted_prediction_tokens: int | None = None
    rejected_prediction_tokens: int | None = None


@model
class CompletionUsage(Model):
    """Tokens a call took."""

    prompt_tokens: int
    completion_tokens: int
    total_tokens: int
    prompt_tokens_details: PromptTokensDetails | None = None
    completion_tokens_details: CompletionTokensDetails | None = None


Usage = CompletionUsage


@model
class ChatCompletionMessage(Model):
    """What the model said. May be appended to `messages` as it is."""

    role: str
    content: str | None = None
    refusal: str | None = None
    tool_calls: list[ToolCall] | None = None
    function_call: FunctionCall | None = None
    annotations: list[Annotation] | None = None
    reasoning_content: str | None = None


@model
class Choice(Model):
    """One of the answers; `finish_reason` tells why it ends."""

    index: int
    message: ChatCompletionMessage
    finish_reason: str
    logprobs: ChoiceLogprobs | None = None


@model
class ChatCompletion(Answer):
    """The answer to a chat call. `created` is in Unix seconds."""

    id: str
    choices: list[Choice]
    created: int
    model: str
    object: str
    service_tier: str | None = None
    system_fingerprint: str | None = None
    usage: CompletionUsage | None = None


@model
class ChoiceDeltaToolCallFunction(Model):
    """A piece of the function of a call; `arguments` may be cut anywhere."""

    name: str | None = None
    arguments: str | None = None


@model
class ChoiceDeltaToolCall(Model):
    """A piece of a tool call; pieces with the same `index` belong together."""

    index: int
    id: str | None = None
    type: str | None = None
    function: ChoiceDeltaToolCallFunction | None = None
    custom: CustomCall | None = None


@model
class ChoiceDelta(Model):
    """What a chunk adds to the message."""

    role: str | None = None
    content: str | None = None
    refusal: str | None = None
    tool_calls: list[ChoiceDeltaToolCall] | None = None
    function_call: FunctionCall | None = None
    annotations: list[Annotation] | None = None
    reasoning_content: str | None = None


@model
class ChunkChoice(Model):
    """What a chunk adds to one of the answers."""

    index: int
    delta: ChoiceDelta
    finish_reason: str | None = None
    logprobs: ChoiceLogprobs | None = None


@model
class ChatCompletionChunk(Model):
    """A piece of a streamed answer. `created` is in Unix seconds."""

    id: str
    choices: list[ChunkChoice]
    created: int
    model: str
    object: str
    service_tier: str | None = None
    system_fingerprint: str | None = None
    usage: CompletionUsage | None = None
    # Random filler of OpenAI, on every chunk: declared, or each would need a dict.
    obfuscation: str | None = None
