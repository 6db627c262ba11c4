"""The rules of Anthropic's Messages: what a request must be to get an answer."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from sociaro_local.claude_models import model_named
from sociaro_local.wires.anthropic_rules import (
    blocks,
    body,
    media,
    thinking,
    tools,
    turns,
)
from sociaro_local.wires.anthropic_rules.request import MessagesRequest

if TYPE_CHECKING:
    from collections.abc import Callable

    from sociaro_local.given import Given

RULES: Final[tuple[Callable[[MessagesRequest], None], ...]] = (
    body.keys,
    body.versions,
    body.limit,
    blocks.messages,
    tools.definitions,
    tools.choice,
    tools.servers,
    thinking.mode,
    thinking.effort,
    thinking.sampling,
    turns.roles,
    turns.tool_ids,
    turns.tool_results,
    turns.server_tools,
    turns.ending,
    thinking.history,
    tools.grammars,
    tools.answer_format,
    media.sources,
    media.marks,
)
"""The rules, in their order: each may take for granted what those before it check."""


def judged(found: Any, betas: str, given: Given) -> MessagesRequest:
    """
    Return the request that a body holds.

    Args:
        found: The JSON value of the body.
        betas: The header `anthropic-beta`: names with commas between them.
        given: What the server gave out before.

    Raises:
        Refused: It breaks a rule; the message begins with the path of what is wrong.
    """
    body.json_object(found)
    body.model(found)
    names = frozenset(name.strip() for name in betas.split(","))
    model = model_named(found["model"])
    request = MessagesRequest(found, model, names - {""}, given)
    for rule in RULES:
        rule(request)
    return request
