"""What the model says, before any provider's wire: the same each time."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, Final, Literal

from sociaro_local.schemas import example

if TYPE_CHECKING:
    from collections.abc import Mapping

Finish = Literal["stop", "length", "tool"]

_COUNT = re.compile(r"count to (\d{1,4})\b", re.IGNORECASE)
_WORD: Final = re.compile(r"\s*\S+|\s+")


@dataclass(frozen=True)
class Tool:
    """A tool that the model may call: its name and the JSON schema of its input."""

    name: str
    schema: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Ask:
    """
    A chat request as every provider means it.

    Args:
        model: Its name on the wire.
        user_text: Text parts of the last message of the user, joined by a space.
        results: Texts of the tool results that end the conversation.
        tools: Those that may be called now; none if `tool_choice` forbids it.
        forced: The tool that must be called, or None.
        prompt_words: Words of all messages; they are counted as tokens.
        max_words: Words that the answer may have, or None.
        stops: Texts before which the answer ends.
        n: How many answers are wanted.
        stream: Whether the answer goes out word by word.
        usage: Whether a streamed answer ends with its usage.
        thinks: Whether the answer has reasoning.
        hides: Whether the reasoning is counted but its text not shown.
        shares: Whether `max_words` counts the words of the reasoning, too.
        binding: Digest of the conversation, to which the reasoning is bound, or "".
    """

    model: str
    user_text: str = ""
    results: tuple[str, ...] = ()
    tools: tuple[Tool, ...] = ()
    forced: str | None = None
    prompt_words: int = 0
    max_words: int | None = None
    stops: tuple[str, ...] = ()
    n: int = 1
    stream: bool = False
    usage: bool = False
    thinks: bool = False
    hides: bool = False
    shares: bool = False
    binding: str = ""


@dataclass(frozen=True)
class ToolCall:
    """A call of a tool; `arguments` are a JSON object."""

    name: str
    arguments: Mapping[str, Any]

    @property
    def json(self) -> str:
        """The arguments as JSON text."""
        return json.dumps(self.arguments, ensure_ascii=False)


@dataclass(frozen=True)
class Blocks:
    """
    An answer of Anthropic's, block by block.

    Args:
        content: The blocks. Thoughts may lack their signature, calls their id.
        stop_reason: Why it ended.
        stop_details: More about that, or None.
        usage: Counts that differ from the usual ones.
    """

    content: tuple[dict[str, Any], ...]
    stop_reason: str = "end_turn"
    stop_details: Mapping[str, Any] | None = None
    usage: Mapping[str, Any] = field(default_factory=dict)

    @property
    def words(self) -> int:
        """Number of words of texts, thoughts and inputs of tools."""
        texts = sum(count(block.get("text") or "") for block in self.content)
        inputs = [block["input"] for block in self.content if "input" in block]
        called = sum(1 + count(json.dumps(given)) for given in inputs)
        return texts + called + self.thinking_words

    @property
    def thinking_words(self) -> int:
        """Number of words of the thoughts."""
        return sum(count(block.get("thinking") or "") for block in self.content)


@dataclass(frozen=True)
class Answer:
    """
    What the model says.

    Args:
        text: Empty if it calls a tool instead.
        calls: The calls of tools, made all at once.
        reasoning: Its thoughts, empty if it has none.
        finish: Why it ended.
        stopped_by: The stop text it met, or None.
        blocks: Says all this instead, on Anthropic's wire; or None.
    """

    text: str = ""
    calls: tuple[ToolCall, ...] = ()
    reasoning: str = ""
    finish: Finish = "stop"
    stopped_by: str | None = None
    blocks: Blocks | None = None

    @property
    def words(self) -> int:
        """Number of words, counted as tokens of one answer."""
        if self.blocks:
            return self.blocks.words
        said = count(self.text) + self.reasoning_words
        return said + sum(1 + count(call.json) for call in self.calls)

    @property
    def reasoning_words(self) -> int:
        """Number of words of the reasoning, which `words` includes."""
        return self.blocks.thinking_words if self.blocks else count(self.reasoning)


def count(text: str) -> int:
    """Return the number of words in a text."""
    return len(text.split())


def pieces(text: str) -> list[str]:
    """Return the text cut before the white space between words; joined they give it."""
    return _WORD.findall(text)


def fragments(text: str, size: int = 8) -> list[str]:
    """Return the text cut every `size` characters, wherever that is."""
    return [text[start : start + size] for start in range(0, len(text), size)]


def respond(ask: Ask, scripted: Answer | None = None) -> Answer:
    """
    Return the answer to a request.

    Args:
        ask: The request.
        scripted: What to say instead of the usual, or None.

    Otherwise: counting when the user asks to "count to N", a call of the forced or
    first tool when tools may be called, a quotation of tool results, or an echo.
    Stop texts and the limit of words cut every text; nothing is said if it is 0.
    """
    if scripted and scripted.blocks:
        return scripted
    if ask.max_words == 0:
        return Answer(finish="length")
    answer = scripted or _usual(ask)
    if ask.thinks:
        answer = replace(answer, reasoning=f"The user said: {ask.user_text}")
    return answer if answer.calls else _limited(_stopped(answer, ask.stops), ask)


def _usual(ask: Ask) -> Answer:
    if ask.results:
        return Answer("The tool said: " + "; ".join(ask.results))
    counting = _COUNT.search(ask.user_text)
    if counting:
        numbers = range(1, int(counting[1]) + 1)
        return Answer(", ".join(str(number) for number in numbers))
    if ask.tools:
        return _called(_chosen(ask))
    return Answer(f"You said: {ask.user_text}")


def _chosen(ask: Ask) -> Tool:
    return next((t for t in ask.tools if t.name == ask.forced), ask.tools[0])


def _called(tool: Tool) -> Answer:
    arguments = example({"type": "object", **tool.schema})
    return Answer(calls=(ToolCall(tool.name, arguments),), finish="tool")


def _stopped(answer: Answer, stops: tuple[str, ...]) -> Answer:
    met = [(answer.text.find(stop), stop) for stop in stops if stop in answer.text]
    if not met:
        return answer
    place, stop = min(met)
    return replace(answer, text=answer.text[:place], stopped_by=stop)


def _limited(answer: Answer, ask: Ask) -> Answer:
    if ask.max_words is None:
        return answer
    thoughts = pieces(answer.reasoning)[: ask.max_words if ask.shares else None]
    most = ask.max_words - len(thoughts) * ask.shares
    if count(answer.text) <= most:
        return answer
    text = "".join(pieces(answer.text)[:most])
    cut = replace(answer, text=text, finish="length", stopped_by=None)
    return replace(cut, reasoning="".join(thoughts))
