"""The OpenAI shape of chat, with the small differences of those who speak it."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

from sociaro_local.answers import Answer, Ask, Tool, fragments, pieces
from sociaro_local.responses import Frame, encode
from sociaro_local.wires import reading
from sociaro_local.wires.reading import refuse

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

JSON = dict[str, Any]
_FINISH = {"stop": "stop", "length": "length", "tool": "tool_calls"}
_DONE = Frame(b"data: [DONE]\n\n", "end")


@dataclass(frozen=True)
class Manner:
    """
    What one provider does its own way.

    Args:
        envelope: Fields added to every answer and chunk.
        message: Fields added to every whole message.
        opening: Fields added to the first delta.
        closing: The last delta of a text.
        continued: Fields added to the later fragments of a tool call.
        tool_content: Whether deltas with tool calls say `"content": null`.
        empty_content: `content` of a whole message that only calls a tool.
        thinks: Says whether a request asks for reasoning.
        null_reasoning: Whether texts beside reasoning say `"reasoning_content": null`.
        audio_details: Whether the usage details count audio and predictions.
    """

    envelope: JSON = field(default_factory=dict)
    message: JSON = field(default_factory=dict)
    opening: JSON = field(default_factory=dict)
    closing: JSON = field(default_factory=dict)
    continued: JSON = field(default_factory=dict)
    tool_content: bool = False
    empty_content: str | None = None
    thinks: Callable[[JSON], bool] = lambda _: False
    null_reasoning: bool = False
    audio_details: bool = False


def _thinking_type(body: JSON) -> Any:
    thinking = body.get("thinking")
    return thinking.get("type") if isinstance(thinking, dict) else None


OPENAI: Final = Manner(
    envelope={"service_tier": "default", "system_fingerprint": "fp_sociaro_local"},
    message={"refusal": None, "annotations": []},
    opening={"refusal": None},
    audio_details=True,
)
ALIBABA: Final = Manner(
    envelope={"system_fingerprint": None},
    closing={"content": ""},
    continued={"id": "", "type": "function"},
    tool_content=True,
    empty_content="",
    thinks=lambda body: body.get("enable_thinking") is True,
    null_reasoning=True,
)
BYTEPLUS: Final = Manner(
    envelope={"service_tier": "default"},
    empty_content="",
    thinks=lambda body: _thinking_type(body) == "enabled",
)
MULEROUTER: Final = Manner(envelope={"system_fingerprint": None})


class OpenAIWire:
    """
    Chat completions in one provider's manner.

    Source: OpenAI's API reference, "Chat Completions"; recorded streams of DashScope.
    """

    def __init__(self, manner: Manner) -> None:
        self._manner = manner

    def read(self, _headers: Mapping[str, str], body: Any, /) -> Ask:
        """Return what the request asks for; see `Wire`."""
        _check(body)
        messages = body["messages"]
        results = _results(messages)
        options = body.get("stream_options") or {}
        return Ask(
            model=body["model"],
            user_text=reading.last_text(messages),
            results=results,
            tools=_tools(body) if messages[-1]["role"] == "user" else (),
            forced=_forced(body.get("tool_choice")),
            prompt_words=reading.words(*(m.get("content") for m in messages)),
            max_words=body.get("max_completion_tokens") or body.get("max_tokens"),
            stops=reading.stops(body.get("stop")),
            n=body.get("n") or 1,
            stream=bool(body.get("stream")),
            usage=bool(options.get("include_usage")),
            thinks=self._manner.thinks(body),
        )

    def whole(self, answer: Answer, ask: Ask, number: int) -> JSON:
        """Return the answer in one piece; see `Wire`."""
        finish = _FINISH[answer.finish]
        choices = [
            {
                "index": index,
                "message": self._message(answer, number, index),
                "logprobs": None,
                "finish_reason": finish,
            }
            for index in range(ask.n)
        ]
        head = self._head("chat.completion", ask, number)
        return {**head, "choices": choices, "usage": self._usage(answer, ask)}

    def frames(self, answer: Answer, ask: Ask, number: int) -> Iterator[Frame]:
        """Give the answer as chunks; see `Wire`."""
        head = self._head("chat.completion.chunk", ask, number)
        if ask.usage:
            head["usage"] = None

        def chunk(index: int, delta: JSON, finish: str | None = None) -> bytes:
            choice = {"index": index, "delta": delta, "logprobs": None}
            choices = [{**choice, "finish_reason": finish}]
            return self.event({**head, "choices": choices})

        for index in range(ask.n):
            yield Frame(chunk(index, self._opening(answer)))
            for delta in self._deltas(answer, number, index):
                yield Frame(chunk(index, delta), "content")
        for index in range(ask.n):
            finish = _FINISH[answer.finish]
            yield Frame(chunk(index, self._closing(answer), finish), "end")
        if ask.usage:
            usage = self._usage(answer, ask)
            yield Frame(self.event({**head, "choices": [], "usage": usage}), "end")
        yield _DONE

    def event(self, payload: JSON) -> bytes:
        """Return an event of the stream; see `Wire`."""
        return b"data: " + encode(payload) + b"\n\n"

    def _head(self, kind: str, ask: Ask, number: int) -> JSON:
        return {
            "id": f"chatcmpl-{number:06}",
            "object": kind,
            "created": int(time.time()),
            "model": ask.model,
            **self._manner.envelope,
        }

    def _message(self, answer: Answer, number: int, index: int) -> JSON:
        message = {"role": "assistant", "content": answer.text, **self._manner.message}
        if answer.reasoning:
            message["reasoning_content"] = answer.reasoning
        if answer.calls:
            message["content"] = self._manner.empty_content
            message["tool_calls"] = [
                _call(number, index, place, call.name, call.json)
                for place, call in enumerate(answer.calls)
            ]
        return message

    def _opening(self, answer: Answer) -> JSON:
        delta: JSON = {"role": "assistant", "content": "", **self._manner.opening}
        if answer.calls:
            delta["content"] = None
        if answer.reasoning and self._manner.null_reasoning:
            delta |= {"content": None, "reasoning_content": ""}
        return delta

    def _closing(self, answer: Answer) -> JSON:
        return {} if answer.calls else self._beside(answer, self._manner.closing)

    def _deltas(self, answer: Answer, number: int, index: int) -> Iterator[JSON]:
        null = {"content": None} if self._manner.null_reasoning else {}
        for piece in pieces(answer.reasoning):
            yield {**null, "reasoning_content": piece}
        for piece in pieces(answer.text):
            yield self._beside(answer, {"content": piece})
        null = {"content": None} if self._manner.tool_content else {}
        for fragment in self._call_fragments(answer, number, index):
            yield {**null, "tool_calls": [fragment]}

    def _beside(self, answer: Answer, delta: JSON) -> JSON:
        marked = answer.reasoning and self._manner.null_reasoning and delta
        return {**delta, "reasoning_content": None} if marked else delta

    def _call_fragments(
        self, answer: Answer, number: int, index: int
    ) -> Iterator[JSON]:
        for place, call in enumerate(answer.calls):
            yield {"index": place, **_call(number, index, place, call.name, "")}
            for part in fragments(call.json):
                function = {"arguments": part}
                yield {"index": place, **self._manner.continued, "function": function}

    def _usage(self, answer: Answer, ask: Ask) -> JSON:
        said = answer.words * ask.n
        prompt_details = {"cached_tokens": 0}
        details = {"reasoning_tokens": answer.reasoning_words * ask.n}
        if self._manner.audio_details:
            prompt_details["audio_tokens"] = 0
            details |= {"audio_tokens": 0, "accepted_prediction_tokens": 0}
            details["rejected_prediction_tokens"] = 0
        return {
            "prompt_tokens": ask.prompt_words,
            "completion_tokens": said,
            "total_tokens": ask.prompt_words + said,
            "prompt_tokens_details": prompt_details,
            "completion_tokens_details": details,
        }


def _call(number: int, index: int, place: int, name: str, arguments: str) -> JSON:
    function = {"name": name, "arguments": arguments}
    call_id = f"call_{number:06}_{index}" + (f"_{place}" if place else "")
    return {"id": call_id, "type": "function", "function": function}


def _check(body: Any) -> None:
    if not isinstance(body, dict):
        refuse("We could not parse the JSON body of your request: expected an object.")
    model = body.get("model")
    if not isinstance(model, str) or not model:
        refuse("you must provide a model parameter", "model")
    if not reading.known_model(model):
        message = f"The model `{model}` does not exist or you do not have access to it."
        refuse(message, "model", status=404)
    if "messages" not in body:
        refuse("Missing required parameter: 'messages'.", "messages")
    if not reading.are_messages(body["messages"]):
        refuse("Invalid 'messages': expected an array of messages.", "messages")
    _check_options(body)


def _check_options(body: JSON) -> None:
    for name in ("n", "max_tokens", "max_completion_tokens"):
        if body.get(name) is not None and not reading.whole_number(body[name]):
            refuse(f"Invalid '{name}': expected an integer of 1 or more.", name)
    options = body.get("stream_options")
    if options is None:
        return
    if not body.get("stream"):
        message = "The 'stream_options' parameter is only allowed when 'stream' is on."
        refuse(message, "stream_options")
    if not isinstance(options, dict):
        refuse("Invalid 'stream_options': expected an object.", "stream_options")


def _results(messages: list[JSON]) -> tuple[str, ...]:
    results: list[str] = []
    for message in reversed(messages):
        if message["role"] not in ("tool", "function"):
            break
        results.insert(0, " ".join(reading.texts(message.get("content"))))
    return tuple(results)


def _tools(body: JSON) -> tuple[Tool, ...]:
    if body.get("tool_choice") == "none":
        return ()
    definitions = body.get("tools") or []
    if not isinstance(definitions, list):
        refuse("Invalid 'tools': expected an array of tools.", "tools")
    functions = [d.get("function") for d in definitions if isinstance(d, dict)]
    found = [reading.tool(function, "parameters") for function in functions]
    return tuple(one for one in found if one)


def _forced(choice: Any) -> str | None:
    function = choice.get("function") if isinstance(choice, dict) else None
    return function.get("name") if isinstance(function, dict) else None
