"""
Chunks out of the bytes of a stream: `ChunkDecoder` for all that speak OpenAI.

A stream is whole once a finish reason or ``[DONE]`` has arrived. What ended earlier
is a cut connection; what ended without saying anything is no answer.
"""

from __future__ import annotations

from typing import Any, Protocol, cast

import attrs

from sociaro_core.errors import (
    APIConnectionError,
    APIError,
    SociaroError,
    error_inside,
    invalid_response,
)
from sociaro_core.wire import Response

from .accumulator import Accumulator
from .documents import is_error, object_of, parsed
from .framing import Framing
from .models import ChatCompletionChunk, ChoiceDelta, ChunkChoice
from .models._structure import structure
from .shapes import as_dict
from .sse import Event

__all__ = [
    "Accumulator",
    "ChunkDecoder",
    "StreamDecoder",
    "carries",
    "cut_off",
]

_NO_END = "the stream ended before its answer was complete"
_NO_EVENT = "the stream ended without any event"
_NO_CHOICES = "the stream has no chunk with choices"
_NO_OBJECT = "an event of the stream is no JSON object"

_CARRYING = (
    "content",
    "tool_calls",
    "reasoning_content",
    "reasoning",
    "encrypted_content",
    "thinking_blocks",
    "refusal",
    "annotations",
    "function_call",
    "audio",
)


class StreamDecoder(Protocol):
    """
    Feed the bytes of a stream, get chunks. Never raises for what a server sent.

    Attributes:
        done: The stream is over, well or not; no more bytes are needed.
        whole: The answer is complete, whatever the transfer does now.
        failure: To be raised after the chunks that were returned.
    """

    done: bool
    whole: bool
    failure: SociaroError | None

    def feed(self, data: bytes) -> list[ChatCompletionChunk]:
        """Return the chunks that `data` completes, maybe none."""
        ...

    def finish(self) -> list[ChatCompletionChunk]:
        """Return what is left; called once, at the end of the transfer."""
        ...


def carries(chunk: ChatCompletionChunk) -> bool:
    """
    Return whether a chunk has anything a user can see, so that it commits the stream.

    Text, a tool call, reasoning (redacted too), a refusal, an annotation, audio or a
    finish reason does; a role, empty strings and usage do not.
    """
    choices: Any = chunk.choices
    return isinstance(choices, list) and any(map(_carries, choices))


def _carries(choice: Any) -> bool:
    if not isinstance(choice, ChunkChoice):
        return False
    delta: Any = choice.delta
    return bool(choice.finish_reason) or (
        isinstance(delta, ChoiceDelta)
        and any(bool(delta.get(name)) for name in _CARRYING)
    )


def cut_off(events: int) -> APIConnectionError:
    """
    Return the error of a stream that ended too early.

    Args:
        events: How many came before its end.
    """
    return APIConnectionError(_NO_END if events else _NO_EVENT, phase="read")


class ChunkDecoder:
    """
    The decoder of OpenAI-shaped streams. Chunks come out one for one, as sent.

    Args:
        response: The head of the answer, for errors.
        include_usage: Whether chunks without choices are handed out.
    """

    __slots__ = (
        "_chosen",
        "_events",
        "_framing",
        "_include_usage",
        "_response",
        "done",
        "failure",
        "whole",
    )

    def __init__(self, response: Response, *, include_usage: bool = False) -> None:
        self._response = response
        self._include_usage = include_usage
        self._framing = Framing()
        self._events = 0
        self._chosen = False
        self.done = False
        self.whole = False
        self.failure: SociaroError | None = None

    def feed(self, data: bytes) -> list[ChatCompletionChunk]:
        """Return the chunks that `data` completes, maybe none."""
        if self.done:
            return []
        framing = self._framing
        chunks = self._chunks(framing.feed(data))
        if framing.problem is not None and not self.done:
            self._fail(invalid_response(self._response, framing.problem))
        return chunks

    def finish(self) -> list[ChatCompletionChunk]:
        """Return what is left; called once, at the end of the transfer."""
        if self.done:
            return []
        if self._framing.document is not None:
            return self._document(self._framing.document)
        chunks = self._chunks(self._framing.finish(), cut=True)
        if self._framing.problem is not None:
            self._fail(invalid_response(self._response, self._framing.problem))
        if not self.done:
            self._end()
        return chunks

    def _chunks(
        self, events: list[Event], *, cut: bool = False
    ) -> list[ChatCompletionChunk]:
        chunks: list[ChatCompletionChunk] = []
        for event, data in events:
            text = str(data, "utf-8", "replace")
            if text == "[DONE]":
                self.whole = True
                self._end()
                break
            try:
                value = parsed(text)
            except ValueError:
                value = None
            if type(value) is not dict or event == "error":
                if self._strange(event, text, value, cut=cut):
                    break
                continue
            if ("error" in value or "code" in value) and is_error(value):
                self._fail(error_inside(self._response, value))
                break
            self._events += 1
            choices = value.get("choices")
            if type(choices) is list and choices:
                self._chosen = True
                if not self.whole:
                    self.whole = any(map(_finishes, choices))
            elif not self._include_usage:
                continue
            chunks.append(structure(ChatCompletionChunk, value))
        return chunks

    def _strange(self, event: str, text: str, value: Any, *, cut: bool) -> bool:
        """Take an event that is no chunk; return whether it ends the stream."""
        stripped = text.strip()
        if event == "error":
            body = as_dict(value) or {"error": stripped}
            self._fail(error_inside(self._response, body))
        elif stripped == "[DONE]":
            self.whole = True
            self._end()
        elif not stripped:
            return False
        elif not cut:
            self._fail(invalid_response(self._response, _NO_OBJECT, text.encode()))
        elif self.whole:
            self._end()
        else:
            self._fail(cut_off(1))
        return True

    def _document(self, body: bytearray) -> list[ChatCompletionChunk]:
        try:
            answer = object_of(
                attrs.evolve(self._response, body=bytes(body)), "choices"
            )
        except APIError as error:
            self._fail(error)
            return []
        chunks = [structure(ChatCompletionChunk, part) for part in self._parts(answer)]
        self._events = 1
        self._chosen = bool(answer["choices"])
        self.whole = True
        self._end()
        return chunks if self._chosen else []

    def _parts(self, answer: dict[str, Any]) -> list[dict[str, Any]]:
        head = {**answer, "object": "chat.completion.chunk"}
        head["choices"] = [_as_delta(choice) for choice in answer["choices"]]
        if not (self._include_usage and answer.get("usage")):
            return [head]
        # Who asked for usage expects it last, on a chunk of its own.
        return [{**head, "usage": None}, {**head, "choices": []}]

    def _end(self) -> None:
        self.done = True
        if self._chosen and self.whole:
            return
        if self._chosen or not (self._events or self.whole):
            self.failure = cut_off(self._events)
        else:
            self.failure = invalid_response(self._response, _NO_CHOICES)

    def _fail(self, error: SociaroError) -> None:
        # Raised later, from elsewhere; frames of here hold what the server sent.
        self.failure = error.with_traceback(None)
        self.done = True


def _finishes(choice: Any) -> bool:
    return isinstance(choice, dict) and bool(
        cast("dict[str, Any]", choice).get("finish_reason")
    )


def _as_delta(choice: Any) -> Any:
    if not isinstance(choice, dict) or not isinstance(choice.get("message"), dict):
        return choice
    parts = cast("dict[str, Any]", choice)
    delta: dict[str, Any] = {**parts["message"]}
    calls = delta.get("tool_calls")
    if isinstance(calls, list):
        delta["tool_calls"] = [
            {"index": n, **call} if isinstance(call, dict) else call
            for n, call in enumerate(calls)
        ]
    rest = {name: value for name, value in parts.items() if name != "message"}
    return {**rest, "delta": delta}
