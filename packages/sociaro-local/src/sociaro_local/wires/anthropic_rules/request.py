"""A request as the rules see it."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

from sociaro_local.given import Conversation, Given, blocks_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sociaro_local.claude_models import Model

JSON = dict[str, Any]


@dataclass(frozen=True)
class Placed:
    """
    A block of a message, and where it stands.

    Args:
        block: The block.
        message: Number of its message.
        index: Number of the block in its message.
        role: Of its message.
    """

    block: JSON
    message: int
    index: int
    role: str

    @property
    def kind(self) -> str:
        """The block's type."""
        return str(self.block["type"])

    @property
    def path(self) -> str:
        """Where it stands, in words of the API."""
        return f"messages.{self.message}.content.{self.index}"


@dataclass(frozen=True)
class MessagesRequest:
    """
    A request that the rules judge one after the other.

    Args:
        body: Its JSON object.
        model: What its model can do.
        betas: Names in the header `anthropic-beta`.
        given: What was given out before.
    """

    body: JSON
    model: Model
    betas: frozenset[str]
    given: Given

    @property
    def messages(self) -> list[JSON]:
        """Its messages."""
        messages: list[JSON] = self.body["messages"]
        return messages

    @property
    def last(self) -> JSON:
        """The last message."""
        return self.messages[-1]

    @cached_property
    def blocks(self) -> list[Placed]:
        """All blocks of all messages; a text counts as a block."""
        return list(self._blocks())

    def _blocks(self) -> Iterator[Placed]:
        for number, message in enumerate(self.messages):
            for index, block in enumerate(blocks_of(message["content"])):
                yield Placed(block, number, index, message["role"])

    @cached_property
    def conversation(self) -> Conversation:
        """Digests of the conversation."""
        return Conversation(self.body)

    @property
    def thinking(self) -> str:
        """How the model is to think: the type, or "" if nothing is said."""
        return str(self.body.get("thinking", {}).get("type", ""))

    @property
    def thinks(self) -> bool:
        """Whether the model thinks before it answers."""
        if self.thinking:
            return self.thinking not in ("disabled", "between_tools")
        return self.model.thinks_by_default

    @property
    def shows_thinking(self) -> bool:
        """Whether its thoughts have text."""
        thinking = self.body.get("thinking", {})
        return bool(thinking.get("display", self.model.display) != "omitted")

    @property
    def forces_tool(self) -> bool:
        """Whether the model must call a tool."""
        return self.body.get("tool_choice", {}).get("type") in ("any", "tool")

    @property
    def effort(self) -> str | None:
        """The effort that the request names, or None."""
        effort: str | None = self.body.get("output_config", {}).get("effort")
        return effort

    @property
    def goes_on(self) -> bool:
        """Whether the last message is an answer that paused, to be continued."""
        said = blocks_of(self.last["content"])
        if self.last["role"] != "assistant" or not said:
            return False
        kind = str(said[-1]["type"])
        served = kind == "server_tool_use" or kind.endswith("_tool_result")
        return served or self.given.paused_at(said[-1])

    def has_beta(self, prefix: str) -> bool:
        """Say whether a beta is on whose name begins so."""
        return any(beta.startswith(prefix) for beta in self.betas)
