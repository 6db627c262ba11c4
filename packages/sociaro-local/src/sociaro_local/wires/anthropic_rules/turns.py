"""The order of a conversation: roles, calls of tools and their results, its end."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from sociaro_local.given import blocks_of
from sociaro_local.wires.anthropic_rules.shapes import wrong

if TYPE_CHECKING:
    from sociaro_local.wires.anthropic_rules.request import MessagesRequest, Placed

_USES: Final = ("server_tool_use", "mcp_tool_use")


def roles(request: MessagesRequest) -> None:
    """Refuse a conversation that the user does not begin, and system out of place."""
    found = [message["role"] for message in request.messages]
    if "system" in found and not request.model.system_messages:
        number = found.index("system")
        wrong(f"messages.{number}", "role 'system' is not supported on this model")
    if not request.model.system_messages:
        for placed in request.blocks:
            if placed.kind == "mid_conv_system":
                wrong(placed.path, "`mid_conv_system` is not supported on this model")
    if found[0] == "system":
        wrong("messages.0", "role 'system' cannot be the first message")
    if found[0] != "user":
        wrong("messages", 'first message must use the "user" role')
    for number, role in enumerate(found):
        if role == "system":
            _system(request, found, number)


def _system(request: MessagesRequest, found: list[str], number: int) -> None:
    before = request.messages[number - 1]
    served = before["role"] == "assistant" and ends_with_server_tool(before)
    if before["role"] != "user" and not served:
        wrong(
            f"messages.{number}",
            "role 'system' must directly follow a 'user' message or an 'assistant'"
            " message that ends with a server tool result",
        )
    if found[number + 1 : number + 2] not in ([], ["assistant"]):
        wrong(
            f"messages.{number}",
            "role 'system' must be the last message or be followed by an 'assistant'"
            " message",
        )


def ends_with_server_tool(message: dict[str, Any]) -> bool:
    """Say whether the last block of a message is a server tool's result."""
    kinds = [str(block["type"]) for block in blocks_of(message["content"])]
    return bool(kinds) and is_server_result(kinds[-1])


def is_server_result(kind: str) -> bool:
    """Say whether a type of blocks is the result of a tool of the server."""
    return kind.endswith("_tool_result")


def tool_ids(request: MessagesRequest) -> None:
    """Refuse ids of calls that occur twice."""
    seen: set[str] = set()
    for placed in request.blocks:
        if placed.kind in ("tool_use", *_USES):
            if placed.block["id"] in seen:
                wrong(placed.path, "`tool_use` ids must be unique")
            seen.add(placed.block["id"])


def tool_results(request: MessagesRequest) -> None:
    """
    Refuse calls without results and results without calls.

    The results must open the one message right after the assistant's turn.
    """
    messages, open_calls = request.messages, list[str]()
    placed_calls = [p for p in request.blocks if p.kind == "tool_use"]
    for number, message in enumerate(messages):
        if message["role"] == "assistant":
            calls = [p.block["id"] for p in placed_calls if p.message == number]
            open_calls += calls
            follows = messages[number + 1 : number + 2]
            if open_calls and (not follows or follows[0]["role"] == "system"):
                _missing(number, open_calls)
        else:
            _results(message, number, open_calls)
            open_calls = []


def _results(message: dict[str, Any], number: int, calls: list[str]) -> None:
    blocks = blocks_of(message["content"])
    results = [b["type"] == "tool_result" for b in blocks]
    first = results.index(False) if False in results else len(results)
    opening = [block["tool_use_id"] for block in blocks[:first]]
    missing = [call for call in calls if call not in opening]
    if missing:
        _missing(number - 1, missing)
    for index, block in enumerate(blocks):
        path = f"messages.{number}.content.{index}"
        if not results[index]:
            continue
        one = block["tool_use_id"]
        if one not in calls:
            wrong(
                path,
                f"unexpected `tool_use_id` found in `tool_result` blocks: {one}. Each"
                " `tool_result` block must have a corresponding `tool_use` block in the"
                " previous message.",
            )
        if one in [
            b["tool_use_id"] for b in blocks[:index] if b["type"] == "tool_result"
        ]:
            wrong(
                path,
                "each tool_use must have a single result. Found multiple `tool_result`"
                f" blocks with id: {one}",
            )


def _missing(number: int, ids: list[str]) -> None:
    wrong(
        f"messages.{number}",
        "`tool_use` ids were found without `tool_result` blocks immediately after:"
        f" {', '.join(ids)}. Each `tool_use` block must have a corresponding"
        " `tool_result` block in the next message.",
    )


def server_tools(request: MessagesRequest) -> None:
    """Refuse blocks of the server's tools that were changed, or are without pair."""
    waiting: dict[str, Placed] = {}
    for placed in request.blocks:
        if request.given.has_changed(placed.block):
            wrong(placed.path, f"`{placed.kind}` blocks must be sent back unchanged")
        if placed.role == "user":
            _no_result(waiting)
        if placed.kind in _USES:
            waiting[placed.block["id"]] = placed
        elif is_server_result(placed.kind):
            _paired(placed, waiting)
    if waiting and waiting.keys() != {request.blocks[-1].block.get("id")}:
        _no_result(waiting)


def _paired(placed: Placed, waiting: dict[str, Placed]) -> None:
    if waiting.pop(str(placed.block.get("tool_use_id")), None) is None:
        wrong(
            placed.path,
            f"unexpected `tool_use_id` found in `{placed.kind}` blocks:"
            f" {placed.block.get('tool_use_id')}. Each `{placed.kind}` block must have"
            " a corresponding `server_tool_use` block before it.",
        )


def _no_result(waiting: dict[str, Placed]) -> None:
    for tool_id, placed in waiting.items():
        name = placed.block.get("name")
        wrong(
            placed.path,
            f"`{name}` tool use with id `{tool_id}` was found without a corresponding"
            f" `{name}_tool_result` block",
        )


def ending(request: MessagesRequest) -> None:
    """Refuse an assistant who speaks last where he must not, or ends with a blank."""
    if request.last["role"] != "assistant" or request.goes_on:
        return
    if not request.model.prefill:
        wrong(
            "messages",
            "This model does not support assistant message prefill. The conversation"
            " must end with a user message.",
        )
    said = blocks_of(request.last["content"])
    words = said[-1].get("text", "") if said else ""
    if words != words.rstrip():
        wrong("messages", "final assistant content cannot end with trailing whitespace")
