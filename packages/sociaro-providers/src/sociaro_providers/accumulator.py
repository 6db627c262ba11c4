"""The whole answer out of its chunks, which are not kept."""

# The short way for text looks at the slots of the models: it runs for every chunk.
# ruff: noqa: SLF001
# pyright: reportPrivateUsage=false

from __future__ import annotations

from typing import Any, cast

from .models import ChatCompletion, ChatCompletionChunk, ChoiceDelta, ChunkChoice
from .models._structure import structure
from .shapes import as_list

__all__ = ["Accumulator"]

# Bits of a delta that has nothing but text: most chunks are that.
_TEXT_ONLY = ChoiceDelta(content="")._sent

_HEAD = ("id", "created", "model", "service_tier", "system_fingerprint")
# Not grown piece by piece; a later value replaces an earlier one.
_WHOLE = frozenset({"id", "type", "name", "role", "signature", "index"})
_NESTED = frozenset({"function", "custom", "function_call", "audio"})
# Lists whose `index` only served to put pieces together.
_NUMBERED = frozenset({"tool_calls", "thinking_blocks"})
# What a message may have instead of text.
_INSTEAD = ("tool_calls", "function_call", "refusal")


class _Text(list[str]):
    """Pieces of a string, joined once at the end."""


class _ChoiceState:
    """What is known of one choice so far."""

    __slots__ = ("fields", "message", "text")

    def __init__(self) -> None:
        self.text = _Text()
        self.message: dict[str, Any] = {}
        self.fields: dict[str, Any] = {}

    def add(self, choice: ChunkChoice) -> None:
        for name, value in choice.items():
            if name == "delta":
                self._add_delta(value)
            elif name == "logprobs" and _is_mapping(value):
                known = self.fields.get(name)
                known = self.fields[name] = known if isinstance(known, dict) else {}
                for inner, item in value.items():
                    _merge(cast("dict[str, Any]", known), inner, item)
            elif value is not None or name not in self.fields:
                self.fields[name] = value

    def _add_delta(self, delta: Any) -> None:
        for name, value in delta.items() if isinstance(delta, ChoiceDelta) else ():
            if name == "content" and isinstance(value, str):
                self.message[name] = self.text
                self.text.append(value)
            else:
                _merge(self.message, name, value)

    def result(self, index: int) -> dict[str, Any]:
        # A message that is to be sent back needs its role.
        message = {"role": "assistant", **_joined(self.message)}
        if message.get("content") == "" and any(map(message.get, _INSTEAD)):
            # It only opened the stream; an answer that was not streamed has a null.
            message["content"] = None
        return {**_joined(self.fields), "index": index, "message": message}


class Accumulator:
    """
    Add chunks as they come, get the `ChatCompletion` they make up.

    Text, reasoning, refusal and tool arguments are joined; pieces of tool calls are
    put together by their index, and an empty id or name never replaces one that is
    known. Usage is that of the last chunk that has it. What was never sent is absent;
    an empty text beside calls or a refusal is None, as where nothing is streamed.
    """

    __slots__ = ("_choices", "_head")

    def __init__(self) -> None:
        self._head: dict[str, Any] = {}
        self._choices: dict[Any, _ChoiceState] = {}

    def add(self, chunk: ChatCompletionChunk) -> None:
        """Take a chunk in; it is neither changed nor kept."""
        choices: Any = chunk.choices
        if type(choices) is list and len(choices) == 1 and self._head:
            choice = choices[0]
            delta = choice.delta if type(choice) is ChunkChoice else None
            if (
                type(delta) is ChoiceDelta
                and delta._sent == _TEXT_ONLY
                and delta._extra is None
                and type(delta.content) is str
                and choice.finish_reason is None
                and choice.logprobs is None
                and choice._extra is None
                and chunk.usage is None
                and chunk._extra is None
            ):
                index = choice.index
                state = self._choices.get(index) if type(index) is int else None
                if state is not None and state.message.get("content") is state.text:
                    state.text.append(delta.content)
                    return
        self._add(chunk)

    def _add(self, chunk: ChatCompletionChunk) -> None:
        for name, value in chunk.items():
            if name in _HEAD:
                # The first that says something: some begin with empty names.
                self._head[name] = self._head.get(name) or value
            elif name == "usage":
                self._head[name] = value or self._head.get(name)
            elif name not in {"choices", "object", "obfuscation"}:
                self._head[name] = value
        choices: Any = chunk.choices
        for choice in as_list(choices):
            if isinstance(choice, ChunkChoice):
                number: Any = choice.index
                index = number if isinstance(number, int) else 0
                self._choices.setdefault(index, _ChoiceState()).add(choice)

    def completion(self) -> ChatCompletion:
        """Return the answer as far as it has come. May be asked again later."""
        data = {
            **self._head,
            "object": "chat.completion",
            "choices": [
                state.result(index) for index, state in sorted(self._choices.items())
            ],
        }
        return structure(ChatCompletion, data)


def _merge(target: dict[str, Any], name: str, value: Any) -> None:
    known = target.get(name)
    if value is None:
        target.setdefault(name, None)
    elif isinstance(value, str):
        if name in _WHOLE:
            target[name] = value or known or value
        elif isinstance(known, _Text):
            known.append(value)
        else:
            target[name] = _Text([value])
    elif isinstance(value, list):
        if not isinstance(known, list) or isinstance(known, _Text):
            known = target[name] = []
        _extend(known, name, value)
    elif name in _NESTED and _is_mapping(value):
        if not isinstance(known, dict):
            known = target[name] = {}
        for inner, item in value.items():
            _merge(cast("dict[str, Any]", known), inner, item)
    else:
        target[name] = value


def _extend(known: list[Any], name: str, items: list[Any]) -> None:
    for item in items:
        fields: dict[str, Any] = dict(item.items()) if _is_mapping(item) else {}
        if name != "tool_calls" and not isinstance(fields.get("index"), int):
            known.append(item)
            continue
        found = _place(known, fields)
        if found is None:
            found = {}
            known.append(found)
        for inner, value in fields.items():
            _merge(found, inner, value)


def _place(known: list[Any], item: dict[str, Any]) -> dict[str, Any] | None:
    """Return the entry that the piece `item` belongs to; None for a new one."""
    index = item.get("index")
    dicts = [entry for entry in known if isinstance(entry, dict)]
    if isinstance(index, int):
        return next((entry for entry in dicts if entry.get("index") == index), None)
    # Some leave the index out: a piece without an id of its own continues the last.
    if dicts and item.get("id") in (None, "", dicts[-1].get("id")):
        return cast("dict[str, Any]", dicts[-1])
    return None


def _is_mapping(value: Any) -> bool:
    return hasattr(value, "items") and hasattr(value, "keys")


def _joined(value: dict[str, Any]) -> dict[str, Any]:
    return {name: _join(name, item) for name, item in value.items()}


def _join(name: str, value: Any) -> Any:
    if isinstance(value, _Text):
        return "".join(value)
    if isinstance(value, dict):
        return _joined(cast("dict[str, Any]", value))
    if not isinstance(value, list):
        return value
    items = [_joined(item) if isinstance(item, dict) else item for item in value]
    if name not in _NUMBERED:
        return items
    items.sort(key=_index)
    return [_without_index(item) for item in items]


def _index(item: Any) -> int:
    index = item.get("index") if isinstance(item, dict) else None
    return index if isinstance(index, int) else 0


def _without_index(item: Any) -> Any:
    if not isinstance(item, dict):
        return item
    fields = cast("dict[str, Any]", item)
    return {name: value for name, value in fields.items() if name != "index"}
