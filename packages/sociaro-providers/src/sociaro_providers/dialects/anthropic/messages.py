"""
Messages to a system prompt and turns.

Nothing depends on more than the messages themselves, and appending a turn changes
nothing before it: prompt caches and signed thinking rely on the prefix.

*Source*: "Messages" of the Messages API.
"""

from __future__ import annotations

import json
from typing import Any, cast

import attrs

from sociaro_providers.shapes import as_dict, as_text

from .assistant import assistant_blocks
from .blocks import Block, content_blocks, text_blocks
from .refusals import unsupported
from .target import Target
from .tool_ids import ToolIds

__all__ = ["conversation"]

_SYSTEM = ("system", "developer")
_UNCACHED = ("thinking", "redacted_thinking")


def conversation(
    messages: list[Any], target: Target
) -> tuple[list[Block], list[dict[str, Any]]]:
    """
    Return the system prompt, a list of text blocks, and the turns.

    Args:
        messages: In OpenAI shape, plain JSON.
        target: Whose model may take late system messages and unfinished answers.

    Raises:
        BadRequestError: A message that has no counterpart, or none is left.
    """
    checked = [_checked(message, n) for n, message in enumerate(messages)]
    late = next(
        (n for n, m in enumerate(checked) if m["role"] not in _SYSTEM), len(checked)
    )
    leading = [_system_blocks(checked[n], n) for n in range(late)]
    leading = [blocks for blocks in leading if blocks]
    builder = _Conversation(target)
    if late == len(checked) and leading:
        # The API wants at least one message.
        builder.user(leading.pop())
        target.remarks.note("the last system message went out as the user's")
    for n in range(late, len(checked)):
        builder.add(checked[n], n)
    turns = builder.turns()
    if not turns:
        raise unsupported("messages", "none has any content")
    return [block for blocks in leading for block in blocks], turns


def _checked(message: Any, n: int) -> dict[str, Any]:
    fields = as_dict(message)
    if not isinstance(fields.get("role"), str):
        raise unsupported(f"messages[{n}]", "a message is a dict with a role")
    return fields


def _system_blocks(message: dict[str, Any], n: int) -> list[Block]:
    blocks = text_blocks(message.get("content"), f"messages[{n}].content")
    return _marked(blocks, message)


def _marked(blocks: list[Block], message: dict[str, Any]) -> list[Block]:
    mark = message.get("cache_control")
    if mark is None or not blocks or blocks[-1]["type"] in _UNCACHED:
        return blocks
    return [*blocks[:-1], {**blocks[-1], "cache_control": mark}]


@attrs.define
class _Turn:
    role: str
    blocks: list[Block] = attrs.field(factory=list[Block])
    results: list[Block] = attrs.field(factory=list[Block])
    # Late system messages: they stand behind the whole user turn.
    notes: list[Block] = attrs.field(factory=list[Block])


class _Conversation:
    """Turns under construction: same roles merge, results come first."""

    def __init__(self, target: Target) -> None:
        self._target = target
        self._model = target.model
        self._turns: list[_Turn] = []
        self._waiting: list[Block] = []
        self._blank = False
        self._ids = ToolIds()
        self._legacy: list[str] = []

    def add(self, message: dict[str, Any], n: int) -> None:
        role = message["role"]
        place = f"messages[{n}]"
        if role in _SYSTEM:
            self._system(_system_blocks(message, n))
        elif role == "user":
            blocks = content_blocks(message.get("content"), f"{place}.content")
            self.user(_marked(blocks, message))
        elif role == "assistant":
            self._assistant(message, n)
        elif role in ("tool", "function"):
            self._user_turn().results.append(self._result(message, place))
        else:
            raise unsupported(f"{place}.role", "there is no such role")

    def user(self, blocks: list[Block]) -> None:
        self._blank = not blocks
        for block in blocks:
            if block["type"] == "tool_result":
                given = as_text(block.get("tool_use_id"))
                wire = {"tool_use_id": self._ids.of_result(given)} if given else {}
                self._user_turn().results.append({**block, **wire})
            else:
                self._user_turn().blocks.append(block)

    def turns(self) -> list[dict[str, Any]]:
        self._flush()
        if self._blank and not (self._turns and self._turns[-1].role == "user"):
            # Left out, it would turn the answer before it into an unfinished one.
            self._turns.append(_Turn("user", [{"type": "text", "text": "."}]))
            self._target.remarks.note('the last message is empty: "." went out')
        if self._turns and self._turns[-1].role == "assistant" and self._model.prefill:
            _strip_end(self._turns)
        written: list[dict[str, Any]] = []
        order: dict[Any, int] = {}
        for turn in self._turns:
            if turn.role == "assistant":
                ids = [as_text(block.get("id")) for block in turn.blocks]
                order = {id_: n for n, id_ in enumerate(ids)}
            results = sorted(
                turn.results,
                key=lambda r: order.get(as_text(r.get("tool_use_id")), len(order)),
            )
            written.append({"role": turn.role, "content": [*results, *turn.blocks]})
            if turn.notes:
                written.append({"role": "system", "content": turn.notes})
        return written

    def _user_turn(self) -> _Turn:
        if not self._turns or self._turns[-1].role != "user":
            self._turns.append(_Turn("user", notes=self._waiting))
            self._waiting = []
        return self._turns[-1]

    def _system(self, blocks: list[Block]) -> None:
        if not self._model.system_messages:
            self.user([_wrapped(block) for block in blocks])
        elif self._turns and self._turns[-1].role == "user":
            self._turns[-1].notes += blocks
        else:
            self._waiting += blocks

    def _flush(self) -> None:
        waiting, self._waiting = self._waiting, []
        if waiting:
            self.user([_wrapped(block) for block in waiting])

    def _assistant(self, message: dict[str, Any], n: int) -> None:
        follows_user = bool(self._turns) and self._turns[-1].role == "user"
        if follows_user or self._waiting:
            self._ids.next_turn()
        blocks = assistant_blocks(message, n, self._ids, self._target)
        if not blocks:
            return
        self._flush()
        self._blank = False
        if isinstance(message.get("function_call"), dict):
            self._legacy.append(cast("str", blocks[-1]["id"]))
        if not self._turns or self._turns[-1].role != "assistant":
            self._turns.append(_Turn("assistant"))
        self._turns[-1].blocks += _marked(blocks, message)

    def _result(self, message: dict[str, Any], place: str) -> Block:
        given = message.get("tool_call_id")
        if message["role"] == "function" and self._legacy:
            wire = self._legacy.pop(0)
        elif isinstance(given, str):
            wire = self._ids.of_result(given)
        else:
            raise unsupported(f"{place}.tool_call_id", "a result names its call")
        self._blank = False
        result: Block = {"type": "tool_result", "tool_use_id": wire}
        content = _result_content(message.get("content"), f"{place}.content")
        if content:
            result["content"] = content
        if message.get("is_error") is True:
            result["is_error"] = True
        return _marked([result], message)[0]


def _result_content(content: Any, place: str) -> Any:
    if content is None or isinstance(content, str):
        return content
    if isinstance(content, list):
        return content_blocks(content, place)
    return json.dumps(content, ensure_ascii=False)


def _wrapped(block: Block) -> Block:
    return {**block, "text": f"<system>\n{block['text']}\n</system>"}


def _strip_end(turns: list[_Turn]) -> None:
    """Take white space off the end of an unfinished answer: the API refuses it."""
    blocks = turns[-1].blocks
    last = blocks[-1]
    if last["type"] == "text":
        blocks[-1] = {**last, "text": last["text"].rstrip()}
