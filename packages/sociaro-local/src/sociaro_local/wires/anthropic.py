"""Anthropic's Messages."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sociaro_local.answers import Answer, Ask, Blocks, Tool
from sociaro_local.given import Given, signature
from sociaro_local.responses import Frame, encode
from sociaro_local.wires import reading
from sociaro_local.wires.anthropic_events import events
from sociaro_local.wires.anthropic_rules import judged
from sociaro_local.wires.reading import refuse

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from sociaro_local.wires.anthropic_rules.request import MessagesRequest

JSON = dict[str, Any]
_REASONS = {"stop": "end_turn", "length": "max_tokens", "tool": "tool_use"}
_SIGNED = {"thinking": ("thinking", "signature"), "redacted_thinking": ("", "data")}


class AnthropicWire:
    """
    Messages, whole and streamed, as strict as the API itself.

    It remembers blocks that it gave out and wants back as they were.

    Source: Anthropic's API reference, "Create a Message" and "Streaming Messages".
    """

    def __init__(self) -> None:
        self._given = Given()

    def read(self, headers: Mapping[str, str], body: Any, /) -> Ask:
        """Return what the request asks for; see `Wire`."""
        if not headers.get("anthropic-version"):
            refuse("anthropic-version: header is required")
        request = judged(body, headers.get("anthropic-beta", ""), self._given)
        contents = [body.get("system"), *(m["content"] for m in request.messages)]
        binds = request.thinks and request.model.bound
        return Ask(
            model=body["model"],
            user_text=reading.last_text(request.messages),
            results=_results(request),
            tools=_tools(request),
            forced=body.get("tool_choice", {}).get("name"),
            prompt_words=reading.words(*contents),
            max_words=body["max_tokens"],
            stops=tuple(body.get("stop_sequences", ())),
            stream=body.get("stream", False),
            thinks=request.thinks,
            hides=not request.shows_thinking,
            shares=True,
            binding=request.conversation.end if binds else "",
        )

    def whole(self, answer: Answer, ask: Ask, number: int) -> JSON:
        """Return the answer in one piece; see `Wire`."""
        message = _message(ask, number, _usage(answer, ask))
        content = self._content(answer, ask, number)
        return {**message, "content": content, **_end(answer)}

    def frames(self, answer: Answer, ask: Ask, number: int) -> Iterator[Frame]:
        """Give the answer as events; see `Wire`."""
        content = self._content(answer, ask, number)
        usage = _usage(answer, ask)
        begun = {**usage, "output_tokens": min(1, answer.words)}
        begun.pop("output_tokens_details", None)
        message = _message(ask, number, begun)
        yield Frame(self.event({"type": "message_start", "message": message}))
        yield Frame(self.event({"type": "ping"}))
        for index, block in enumerate(content):
            for event, is_content in events(block, index):
                yield Frame(self.event(event), "content" if is_content else "plain")
        end = {"type": "message_delta", "delta": _end(answer), "usage": usage}
        yield Frame(self.event(end), "end")
        yield Frame(self.event({"type": "message_stop"}), "end")

    def event(self, payload: JSON) -> bytes:
        """Return an event of the stream, named by its type; see `Wire`."""
        name = str(payload["type"]).encode()
        return b"event: " + name + b"\ndata: " + encode(payload) + b"\n\n"

    def _content(self, answer: Answer, ask: Ask, number: int) -> list[JSON]:
        if answer.blocks is None:
            return _filled(_said(answer, ask), ask, number)
        scripted = answer.blocks.content
        content = _filled(scripted, ask, number)
        kept = zip(content, scripted, strict=True)
        self._given.remember(block for block, raw in kept if block == raw)
        if content and answer.blocks.stop_reason == "pause_turn":
            self._given.pause(content[-1])
        return content


def _said(answer: Answer, ask: Ask) -> tuple[JSON, ...]:
    blocks: list[JSON] = []
    if answer.reasoning:
        thought = "" if ask.hides else answer.reasoning
        blocks.append({"type": "thinking", "thinking": thought})
    if answer.text:
        blocks.append({"type": "text", "text": answer.text})
    for call in answer.calls:
        used = {"name": call.name, "input": dict(call.arguments)}
        blocks.append({"type": "tool_use", **used})
    return tuple(blocks)


def _filled(blocks: tuple[JSON, ...], ask: Ask, number: int) -> list[JSON]:
    """Return the blocks, with ids and signatures where they lack them."""
    filled: list[JSON] = []
    called = 0
    for index, block in enumerate(blocks):
        kind = block.get("type")
        filled.append(block)
        if kind == "tool_use":
            called += 1
            tool_id = f"toolu_{number:06}" + (f"_{called}" if called > 1 else "")
            filled[-1] = {"type": kind, "id": tool_id, **block}
        elif kind in _SIGNED:
            words, key = _SIGNED[kind]
            nonce = f"{number}-{index}"
            signed = signature(block.get(words, ""), nonce, ask.binding)
            filled[-1] = {**block, key: block.get(key) or signed}
    return filled


def _message(ask: Ask, number: int, usage: JSON) -> JSON:
    return {
        "id": f"msg_{number:06}",
        "type": "message",
        "role": "assistant",
        "model": ask.model,
        "content": [],
        "stop_reason": None,
        "stop_sequence": None,
        "usage": usage,
    }


def _end(answer: Answer) -> JSON:
    reason = "stop_sequence" if answer.stopped_by else _REASONS[answer.finish]
    blocks = answer.blocks or Blocks((), reason)
    end: JSON = {"stop_reason": blocks.stop_reason, "stop_sequence": answer.stopped_by}
    if blocks.stop_details is not None:
        end["stop_details"] = dict(blocks.stop_details)
    return end


def _usage(answer: Answer, ask: Ask) -> JSON:
    usage: JSON = {
        "input_tokens": ask.prompt_words,
        "cache_creation_input_tokens": 0,
        "cache_read_input_tokens": 0,
        "output_tokens": answer.words,
        "service_tier": "standard",
    }
    if answer.reasoning_words:
        details = {"thinking_tokens": answer.reasoning_words}
        usage["output_tokens_details"] = details
    return {**usage, **(answer.blocks.usage if answer.blocks else {})}


def _results(request: MessagesRequest) -> tuple[str, ...]:
    said = [p.message for p in request.blocks if p.role == "assistant"]
    last = max(said, default=-1)
    return tuple(
        " ".join(reading.texts(placed.block.get("content")))
        for placed in request.blocks
        if placed.message > last and placed.kind == "tool_result"
    )


def _tools(request: MessagesRequest) -> tuple[Tool, ...]:
    chosen = request.body.get("tool_choice", {}).get("type")
    if chosen == "none" or request.last["role"] == "assistant":
        return ()
    return tuple(
        Tool(tool["name"], tool["input_schema"])
        for tool in request.body.get("tools", ())
        if "input_schema" in tool
    )
