"""
The events of a streamed message as chunks.

*Source*: "Streaming messages" of the Messages API. Events, blocks and deltas nobody
knows yet give no chunk; their blocks are kept raw.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, TypeAlias, cast

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

from .names import renamed
from .raw_blocks import RawBlock, RawBlocks
from .refusals import refine
from .response import (
    annotations_of,
    answer_extras,
    arguments_of,
    finish_reason,
    message_id,
    message_of,
    original_name,
    refusal_of,
    tier_of,
    usage_of,
)

__all__ = ["MessageDecoder", "stream"]

Deltas: TypeAlias = "list[dict[str, Any]]"

_NO_OBJECT = "an event of the stream is no JSON object"
_NO_MESSAGE = "the stream has no message"


def stream(call: ChatCall, response: Response) -> StreamDecoder:
    """Return a decoder for the bytes of a streamed answer."""
    names = renamed(call)
    return MessageDecoder(response, include_usage=call.include_usage, names=names)


class MessageDecoder:
    """
    The decoder of Anthropic's streams.

    Args:
        response: The head of the answer: its clock, and for errors.
        include_usage: Whether a last chunk tells the usage.
        names: The caller's names of tools by those that had to be written otherwise.
    """

    def __init__(
        self,
        response: Response,
        *,
        include_usage: bool = False,
        names: Mapping[str, str] | None = None,
    ) -> None:
        self._response = response
        self._include_usage = include_usage
        self._names = names or {}
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
        handler = _HANDLERS.get(kind)
        if kind == "error" or (handler is None and fields.get("error")):
            self._error(fields)
        elif kind == "message_stop":
            return self._closing(stopped=True)
        elif handler is not None:
            return [self._chunk(delta) for delta in handler(self, fields)]
        return []

    def on_message_start(self, fields: dict[str, Any]) -> Deltas:
        """Take the head of the message; whole blocks in it come at once."""
        message = as_dict(fields.get("message"))
        self._message |= message
        self._merge_usage(message)
        deltas = self._opened()
        for n, block in enumerate(as_list(message.get("content"))):
            deltas += self.on_start({"index": n, "content_block": block})
            deltas += self.on_stop({"index": n})
        return deltas

    def _opened(self) -> Deltas:
        if self._envelope:
            return []
        self._envelope = {
            "id": message_id(self._message, self._response),
            "object": "chat.completion.chunk",
            "created": int(self._response.received),
            "model": self._message.get("model"),
        }
        return [{"role": "assistant", "content": ""}]

    def on_start(self, fields: dict[str, Any]) -> Deltas:
        """Take the start of a block, which may hold all of it."""
        deltas = self._opened()
        block = self._blocks.start(fields.get("index"), fields.get("content_block"))
        block.begins_at = block.ends_at = self._written
        raw = block.raw
        if block.kind == "text":
            deltas += self._text(block, as_text(raw.get("text")))
        elif block.kind == "tool_use":
            name = original_name(raw.get("name"), self._names)
            function = {"name": name, "arguments": ""}
            head = {"id": raw.get("id"), "type": "function", "function": function}
            deltas.append(_call(block, head))
        elif block.kind == "redacted_thinking":
            block.told.update(raw)
            deltas.append({"thinking_blocks": [{**raw, "index": block.number}]})
        elif block.kind == "thinking":
            deltas += _thinking(block, as_text(raw.get("thinking")))
            deltas += _signature(block, as_text(raw.get("signature")))
        return deltas

    def on_delta(self, fields: dict[str, Any]) -> Deltas:
        """Take a piece of a block; what does not fit its kind gives nothing."""
        delta = as_dict(fields.get("delta"))
        kind = delta.get("type")
        deltas = [] if self._envelope else self._opened()
        block = self._blocks.take(fields.get("index"), delta)
        if kind == "text_delta":
            if block.kind == "text":
                deltas += self._text(block, as_text(delta.get("text")))
        elif block.kind == "tool_use":
            piece = as_text(delta.get("partial_json"))
            if piece and kind == "input_json_delta":
                deltas.append(_call(block, {"function": {"arguments": piece}}))
        elif block.kind == "thinking":
            if kind == "thinking_delta":
                deltas += _thinking(block, as_text(delta.get("thinking")))
            elif kind == "signature_delta":
                deltas += _signature(block, as_text(delta.get("signature")))
        return deltas

    def on_stop(self, fields: dict[str, Any]) -> Deltas:
        """Take the end of a block."""
        block = self._blocks.find(fields.get("index"))
        if block is None or block.settled:
            return []
        if block.kind == "tool_use" and not block.arguments:
            block.settled = True
            arguments = arguments_of(block.raw)
            return [_call(block, {"function": {"arguments": arguments}})]
        return _settled(block)

    def _text(self, block: RawBlock, text: str) -> Deltas:
        if not text:
            return []
        self._written += len(text)
        block.ends_at = self._written
        return [{"content": text}]

    def on_message_delta(self, fields: dict[str, Any]) -> Deltas:
        """Take what is said of the whole message at its end."""
        said = {**fields, **as_dict(fields.get("delta"))}
        self._message |= {
            name: said[name] for name in _LAST_WORDS if said.get(name) is not None
        }
        self._merge_usage(fields)
        self.whole = self._message.get("stop_reason") is not None
        return self._opened()

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
        # A block that was cut off has no end of its own.
        ends = [d for block in self._blocks.ordered() for d in _settled(block)]
        chunks = [*map(self._chunk, ends), self._last()]
        if self._include_usage:
            told = {**self._envelope, "choices": [], "usage": usage_of(self._usage)}
            chunks.append(structure(ChatCompletionChunk, told))
        return chunks

    def _last(self) -> ChatCompletionChunk:
        reason = self._message.get("stop_reason")
        content = [block.finished() for block in self._blocks.ordered()]
        raw = {"content": content, "stop_reason": reason}
        if self._message.get("stop_sequence") is not None:
            raw["stop_sequence"] = self._message["stop_sequence"]
        delta: dict[str, Any] = {"provider_specific_fields": {"anthropic": raw}}
        if reason == "refusal":
            delta["refusal"] = refusal_of(self._message)
        finish = finish_reason(reason, calls=self._blocks.calls > 0)
        extras = answer_extras(self._message, self._usage)
        tier = tier_of(self._usage)
        if tier is not None:
            extras["service_tier"] = tier
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


def _thinking(block: RawBlock, text: str) -> Deltas:
    if not text:
        return []
    block.told.add("thinking")
    piece = {"type": "thinking", "thinking": text, "index": block.number}
    return [{"reasoning_content": text, "thinking_blocks": [piece]}]


def _signature(block: RawBlock, signature: str) -> Deltas:
    if not signature:
        return []
    block.told.update(("thinking", "signature"))
    piece = {"type": "thinking", "thinking": "", "signature": signature}
    return [{"thinking_blocks": [{**piece, "index": block.number}]}]


def _settled(block: RawBlock) -> Deltas:
    """Return what the end of a block brings to light, once."""
    if block.settled:
        return []
    block.settled = True
    if block.kind == "text":
        found = annotations_of(block.raw, block.begins_at, block.ends_at)
        return [{"annotations": found}] if found else []
    if block.kind != "thinking":
        return []
    # An unsigned thought, or a field nobody knows: it belongs to the block all the
    # same, and must be in the message that is put together.
    rest = {name: v for name, v in block.finished().items() if name not in block.told}
    piece = {"type": "thinking", "thinking": "", **rest, "index": block.number}
    return [{"thinking_blocks": [piece]}] if rest else []


_HANDLERS: dict[str, Callable[[MessageDecoder, dict[str, Any]], Deltas]] = {
    "message_start": MessageDecoder.on_message_start,
    "content_block_start": MessageDecoder.on_start,
    "content_block_delta": MessageDecoder.on_delta,
    "content_block_stop": MessageDecoder.on_stop,
    "message_delta": MessageDecoder.on_message_delta,
}
