"""
The events of a streamed message as chunks.

*Source*: "Streaming messages" of the Messages API. Events, blocks and deltas nobody
knows yet give no chunk; their blocks are kept raw.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, ClassVar, cast

import attrs

from sociaro_core.errors import APIError, SociaroError, error_inside, invalid_response
from sociaro_core.wire import Response
from sociaro_providers.calls import ChatCall
from sociaro_providers.documents import parsed
from sociaro_providers.framing import Framing
from sociaro_providers.models import ChatCompletionChunk
from sociaro_providers.models._structure import structure
from sociaro_providers.shapes import as_dict, as_list, as_text
from sociaro_providers.sse import Event
from sociaro_providers.streams import StreamDecoder, cut_off

from .raw_blocks import RawBlock, RawBlocks
from .refusals import refine
from .response import (
    annotations_of,
    answer_extras,
    finish_reason,
    message_id,
    message_of,
    refusal_of,
    usage_of,
)

__all__ = ["MessageDecoder", "stream"]

_NO_OBJECT = "an event of the stream is no JSON object"
_NO_MESSAGE = "the stream has no message"


def stream(call: ChatCall, response: Response) -> StreamDecoder:
    """Return a decoder for the bytes of a streamed answer."""
    return MessageDecoder(response, include_usage=call.include_usage)


class MessageDecoder:
    """
    The decoder of Anthropic's streams.

    Args:
        response: The head of the answer: its clock, and for errors.
        include_usage: Whether a last chunk tells the usage.
    """

    def __init__(self, response: Response, *, include_usage: bool = False) -> None:
        self._response = response
        self._include_usage = include_usage
        self._framing = Framing()
        self._message: dict[str, Any] = {}
        self._envelope: dict[str, Any] = {}
        self._usage: dict[str, Any] = {}
        self._blocks = RawBlocks()
        self._written = 0
        self._events = 0
        self.done = False
        self.whole = False
        self.failure: SociaroError | None = None

    def feed(self, data: bytes) -> list[ChatCompletionChunk]:
        """Return the chunks that `data` completes, maybe none."""
        if self.done:
            return []
        chunks = self._chunks(self._framing.feed(data), cut=False)
        self._check_framing()
        return chunks

    def finish(self) -> list[ChatCompletionChunk]:
        """Return what is left; called once, at the end of the transfer."""
        if self.done:
            return []
        if self._framing.document is not None:
            return self._document(self._framing.document)
        chunks = self._chunks(self._framing.finish(), cut=True)
        self._check_framing()
        if not self.done:
            chunks += self._closing()
        return chunks

    def _check_framing(self) -> None:
        if self._framing.problem is not None and not self.done:
            self._fail(invalid_response(self._response, self._framing.problem))

    def _chunks(self, events: list[Event], *, cut: bool) -> list[ChatCompletionChunk]:
        chunks: list[ChatCompletionChunk] = []
        for event, data in events:
            text = str(data, "utf-8", "replace")
            try:
                value = parsed(text)
            except ValueError:
                value = None
            if isinstance(value, dict):
                fields = cast("dict[str, Any]", value)
                kind = fields.get("type")
                chunks += self._take(kind if isinstance(kind, str) else event, fields)
            elif event == "error":
                self._error({"error": text.strip()})
            elif text.strip() not in ("", "[DONE]") and not cut:
                self._fail(invalid_response(self._response, _NO_OBJECT, data))
            if self.done:
                break
        return chunks

    def _take(self, kind: str, fields: dict[str, Any]) -> list[ChatCompletionChunk]:
        if kind != "ping":
            self._events += 1
        if kind == "error" or (fields.get("error") and kind not in self._handlers):
            self._error(fields)
        elif kind == "message_stop":
            return self._closing(stopped=True)
        elif kind in self._handlers:
            deltas = list(self._handlers[kind](self, fields))
            return [self._chunk(delta) for delta in deltas]
        return []

    def _on_message_start(self, fields: dict[str, Any]) -> Iterator[dict[str, Any]]:
        message = as_dict(fields.get("message"))
        self._message |= message
        self._merge_usage(message)
        yield from self._opened()
        for n, block in enumerate(as_list(message.get("content"))):
            yield from self._on_start({"index": n, "content_block": block})
            yield from self._on_stop({"index": n})

    def _opened(self) -> Iterator[dict[str, Any]]:
        if self._envelope:
            return
        self._envelope = {
            "id": message_id(self._message, self._response),
            "object": "chat.completion.chunk",
            "created": int(self._response.received),
            "model": self._message.get("model"),
        }
        yield {"role": "assistant", "content": ""}

    def _on_start(self, fields: dict[str, Any]) -> Iterator[dict[str, Any]]:
        yield from self._opened()
        block = self._blocks.start(fields.get("index"), fields.get("content_block"))
        block.begins_at = self._written
        raw = block.raw
        if block.kind == "text":
            yield from self._text(as_text(raw.get("text")))
        elif block.kind == "tool_use":
            function = {"name": raw.get("name"), "arguments": ""}
            yield _call(
                block, {"id": raw.get("id"), "type": "function", "function": function}
            )
        elif block.kind == "redacted_thinking":
            yield {"thinking_blocks": [{**raw, "index": block.number}]}
        elif block.kind == "thinking":
            yield from _thinking(block, as_text(raw.get("thinking")))
            yield from _signature(block, as_text(raw.get("signature")))

    def _on_delta(self, fields: dict[str, Any]) -> Iterator[dict[str, Any]]:
        yield from self._opened()
        delta = as_dict(fields.get("delta"))
        kind = delta.get("type")
        block = self._blocks.take(fields.get("index"), delta)
        if kind == "text_delta":
            yield from self._text(as_text(delta.get("text")))
        elif kind == "input_json_delta" and block.kind == "tool_use":
            piece = as_text(delta.get("partial_json"))
            if piece:
                yield _call(block, {"function": {"arguments": piece}})
        elif kind == "thinking_delta":
            yield from _thinking(block, as_text(delta.get("thinking")))
        elif kind == "signature_delta":
            yield from _signature(block, as_text(delta.get("signature")))

    def _on_stop(self, fields: dict[str, Any]) -> Iterator[dict[str, Any]]:
        block = self._blocks.find(fields.get("index"))
        if block is None:
            return
        if block.kind == "tool_use" and not block.arguments:
            yield _call(block, {"function": {"arguments": block.default_arguments()}})
        elif block.kind == "text":
            found = annotations_of(block.raw, block.begins_at, self._written)
            if found:
                yield {"annotations": found}

    def _text(self, text: str) -> Iterator[dict[str, Any]]:
        self._written += len(text)
        if text:
            yield {"content": text}

    def _on_message_delta(self, fields: dict[str, Any]) -> Iterator[dict[str, Any]]:
        yield from self._opened()
        said = {**fields, **as_dict(fields.get("delta"))}
        self._message |= {
            name: said[name] for name in _LAST_WORDS if said.get(name) is not None
        }
        self._merge_usage(fields)
        self.whole = self._message.get("stop_reason") is not None

    def _merge_usage(self, fields: dict[str, Any]) -> None:
        # The counts are totals so far: they replace, they do not add up.
        usage = as_dict(fields.get("usage"))
        self._usage |= {name: n for name, n in usage.items() if n is not None}

    def _closing(self, *, stopped: bool = False) -> list[ChatCompletionChunk]:
        """Return the last chunks, or fail if the message is not complete."""
        self.done = True
        if not self._envelope and self._events:
            self._fail(invalid_response(self._response, _NO_MESSAGE))
            return []
        if not (self.whole or stopped):
            self._fail(cut_off(self._events))
            return []
        self.whole = True
        chunks = [self._last()]
        if self._include_usage:
            told = {**self._envelope, "choices": [], "usage": usage_of(self._usage)}
            chunks.append(structure(ChatCompletionChunk, told))
        return chunks

    def _last(self) -> ChatCompletionChunk:
        reason = self._message.get("stop_reason")
        raw = {"content": self._blocks.content(), "stop_reason": reason}
        if self._message.get("stop_sequence") is not None:
            raw["stop_sequence"] = self._message["stop_sequence"]
        delta: dict[str, Any] = {"provider_specific_fields": {"anthropic": raw}}
        if reason == "refusal":
            delta["refusal"] = refusal_of(self._message)
        finish = finish_reason(reason, calls=self._blocks.calls > 0)
        extras = answer_extras(self._message, self._usage)
        return self._chunk(delta, finish, extras)

    def _chunk(
        self,
        delta: dict[str, Any],
        finish: str | None = None,
        extras: dict[str, Any] | None = None,
    ) -> ChatCompletionChunk:
        data = dict(self._envelope)
        data["choices"] = [
            {"index": 0, "delta": delta, "finish_reason": finish, "logprobs": None}
        ]
        if self._include_usage:
            data["usage"] = None
        if extras:
            data |= extras
        return structure(ChatCompletionChunk, data)

    def _document(self, body: bytearray) -> list[ChatCompletionChunk]:
        try:
            message = message_of(attrs.evolve(self._response, body=bytes(body)))
        except APIError as error:
            self._fail(error)
            return []
        chunks = self._take("message_start", {"message": message})
        return [*chunks, *self._closing(stopped=True)]

    _handlers: ClassVar[dict[str, Any]] = {
        "message_start": _on_message_start,
        "content_block_start": _on_start,
        "content_block_delta": _on_delta,
        "content_block_stop": _on_stop,
        "message_delta": _on_message_delta,
    }

    def _error(self, fields: dict[str, Any]) -> None:
        self._fail(refine(error_inside(self._response, fields)))

    def _fail(self, error: SociaroError) -> None:
        # Raised later, from elsewhere; frames of here hold what the server sent.
        self.failure = error.with_traceback(None)
        self.done = True


_LAST_WORDS = (
    "stop_reason",
    "stop_sequence",
    "stop_details",
    "container",
    "context_management",
)


def _call(block: RawBlock, piece: dict[str, Any]) -> dict[str, Any]:
    return {"tool_calls": [{"index": block.number, **piece}]}


def _thinking(block: RawBlock, text: str) -> Iterator[dict[str, Any]]:
    if text:
        piece = {"type": "thinking", "thinking": text, "index": block.number}
        yield {"reasoning_content": text, "thinking_blocks": [piece]}


def _signature(block: RawBlock, signature: str) -> Iterator[dict[str, Any]]:
    if signature:
        piece = {"type": "thinking", "thinking": "", "signature": signature}
        yield {"thinking_blocks": [{**piece, "index": block.number}]}
