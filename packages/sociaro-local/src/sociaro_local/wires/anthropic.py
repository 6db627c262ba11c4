"""Anthropic's Messages."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sociaro_local.answers import Answer, Ask, Tool, fragments, pieces
from sociaro_local.responses import Frame, encode
from sociaro_local.wires import reading
from sociaro_local.wires.reading import refuse

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

JSON = dict[str, Any]
_REASONS = {"stop": "end_turn", "length": "max_tokens", "tool": "tool_use"}


class AnthropicWire:
    """
    Messages, whole and streamed.

    Source: Anthropic's API reference, "Create a Message" and "Streaming Messages".
    """

    def read(self, headers: Mapping[str, str], body: Any, /) -> Ask:
        """Return what the request asks for; see `Wire`."""
        if not headers.get("anthropic-version"):
            refuse("anthropic-version: header is required")
        _check(body)
        messages = body["messages"]
        last = messages[-1]
        results = _results(last)
        contents = [body.get("system"), *(m.get("content") for m in messages)]
        choice = body.get("tool_choice")
        return Ask(
            model=body["model"],
            user_text=reading.last_text(messages),
            results=results,
            tools=_tools(body) if last["role"] == "user" else (),
            forced=choice.get("name") if isinstance(choice, dict) else None,
            prompt_words=reading.words(*contents),
            max_words=body["max_tokens"],
            stops=reading.stops(body.get("stop_sequences")),
            stream=bool(body.get("stream")),
        )

    def whole(self, answer: Answer, ask: Ask, number: int) -> JSON:
        """Return the answer in one piece; see `Wire`."""
        message = _message(ask, number, _usage(ask, answer.words))
        return {**message, "content": _content(answer, number), **_end(answer)}

    def frames(self, answer: Answer, ask: Ask, number: int) -> Iterator[Frame]:
        """Give the answer as events; see `Wire`."""
        message = _message(ask, number, _usage(ask, min(1, answer.words)))
        yield Frame(self.event({"type": "message_start", "message": message}))
        yield Frame(self.event({"type": "ping"}))
        for block in _content(answer, number):
            start = {"type": "content_block_start", "index": 0}
            empty: JSON = {"input": {}} if answer.call else {"text": ""}
            yield Frame(self.event({**start, "content_block": {**block, **empty}}))
            for delta in _deltas(answer):
                event = {"type": "content_block_delta", "index": 0, "delta": delta}
                yield Frame(self.event(event), "content")
            yield Frame(self.event({"type": "content_block_stop", "index": 0}))
        usage = _usage(ask, answer.words)
        end = {"type": "message_delta", "delta": _end(answer), "usage": usage}
        yield Frame(self.event(end), "end")
        yield Frame(self.event({"type": "message_stop"}), "end")

    def event(self, payload: JSON) -> bytes:
        """Return an event of the stream, named by its type; see `Wire`."""
        name = str(payload["type"]).encode()
        return b"event: " + name + b"\ndata: " + encode(payload) + b"\n\n"


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


def _content(answer: Answer, number: int) -> list[JSON]:
    if answer.call:
        call_id = f"toolu_{number:06}"
        call = {"name": answer.call.name, "input": dict(answer.call.arguments)}
        return [{"type": "tool_use", "id": call_id, **call}]
    return [{"type": "text", "text": answer.text}] if answer.text else []


def _deltas(answer: Answer) -> Iterator[JSON]:
    for piece in pieces(answer.text):
        yield {"type": "text_delta", "text": piece}
    if answer.call:
        for part in ("", *fragments(answer.call.json)):
            yield {"type": "input_json_delta", "partial_json": part}


def _end(answer: Answer) -> JSON:
    reason = "stop_sequence" if answer.stopped_by else _REASONS[answer.finish]
    return {"stop_reason": reason, "stop_sequence": answer.stopped_by}


def _usage(ask: Ask, words: int) -> JSON:
    return {
        "input_tokens": ask.prompt_words,
        "cache_creation_input_tokens": 0,
        "cache_read_input_tokens": 0,
        "output_tokens": words,
        "service_tier": "standard",
    }


def _check(body: Any) -> None:
    if not isinstance(body, dict):
        refuse("The request body is not valid JSON: expected an object")
    for name in ("model", "max_tokens", "messages"):
        if body.get(name) is None:
            refuse(f"{name}: Field required", name)
    if not isinstance(body["model"], str):
        refuse("model: Input should be a valid string", "model")
    if not reading.known_model(body["model"]):
        refuse(f"model: {body['model']}", "model", status=404)
    if not reading.whole_number(body["max_tokens"]):
        refuse("max_tokens: Input should be greater than or equal to 1", "max_tokens")
    if not reading.are_messages(body["messages"]):
        refuse("messages: at least one message is required", "messages")


def _results(message: JSON) -> tuple[str, ...]:
    content = message.get("content")
    blocks = content if isinstance(content, list) else []
    return tuple(
        " ".join(reading.texts(block.get("content")))
        for block in blocks
        if isinstance(block, dict) and block.get("type") == "tool_result"
    )


def _tools(body: JSON) -> tuple[Tool, ...]:
    choice = body.get("tool_choice") or {}
    definitions = body.get("tools") or []
    if not isinstance(choice, dict) or not isinstance(definitions, list):
        refuse("tools: Input should be a valid list", "tools")
    if choice.get("type") == "none":
        return ()
    own = [d for d in definitions if isinstance(d, dict) and "input_schema" in d]
    found = [reading.tool(definition, "input_schema") for definition in own]
    return tuple(one for one in found if one)
