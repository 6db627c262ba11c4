"""Shapes of the blocks in messages, in tool results and in the system prompt."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from sociaro_local.wires.anthropic_rules.shapes import (
    Check,
    Fields,
    anything,
    array,
    boolean,
    dictionary,
    either,
    integer,
    nullable,
    one_of,
    record,
    tagged,
    text,
    typed,
    wrong,
)

if TYPE_CHECKING:
    from sociaro_local.wires.anthropic_rules.request import MessagesRequest

TOOL_ID: Final = r"^[a-zA-Z0-9_-]+$"
SERVER_TOOL_ID: Final = r"^srvtoolu_[a-zA-Z0-9_]+$"
TOOL_NAME: Final = r"^[a-zA-Z0-9_-]{1,128}$"

IMAGE_TYPES: Final = ("image/jpeg", "image/png", "image/gif", "image/webp")
_URL_RULE: Final = "Only HTTPS URLs are supported."
_EMPTY: Final = "text content blocks must be non-empty"
_BLANK: Final = "text content blocks must contain non-whitespace text"

cache_control: Final = typed({}, {"ttl": one_of("5m", "1h")})
_EPHEMERAL: Final = tagged({"ephemeral": cache_control})
_CACHED: Final[Fields] = {"cache_control": _EPHEMERAL}


def _https(value: Any, path: str) -> None:
    text()(value, path)
    if not value.startswith("https://"):
        wrong(path, _URL_RULE)


def _spoken(value: Any, path: str) -> None:
    text()(value, path)
    if not value:
        wrong(path, _EMPTY)
    if not value.strip():
        wrong(path, _BLANK)


def _no_thought(value: Any, path: str) -> None:
    if "thinking" not in value:
        wrong(path, "each thinking block must contain thinking")
    typed({"thinking": text(), "signature": text(least=1)})(value, path)


_TITLES: Final[Fields] = {"document_title": nullable(text()), "file_id": text()}
_CITED: Final[Fields] = {"cited_text": text(), "document_index": integer(0)}


def _span(name: str) -> Check:
    ends = {f"start_{name}": integer(0), f"end_{name}": integer(0)}
    return typed({**_CITED, **ends}, _TITLES)


_CITATIONS: Final = tagged(
    {
        "char_location": _span("char_index"),
        "page_location": _span("page_number"),
        "content_block_location": _span("block_index"),
        "web_search_result_location": typed(
            {
                "cited_text": text(),
                "encrypted_index": text(),
                "title": nullable(text()),
                "url": text(),
            }
        ),
        "search_result_location": typed(
            {
                "cited_text": text(),
                "search_result_index": integer(0),
                "source": text(),
                "start_block_index": integer(0),
                "end_block_index": integer(0),
                "title": nullable(text()),
            }
        ),
    }
)
text_block: Final = typed(
    {"text": _spoken}, {"citations": array(_CITATIONS), **_CACHED}
)
text_blocks: Final = array(tagged({"text": text_block}))
system: Final = either(_spoken, text_blocks)

_FILE: Final = typed({"file_id": text()})
_URL: Final = typed({"url": _https})
_IMAGE_SOURCE: Final = tagged(
    {
        "base64": typed({"media_type": one_of(*IMAGE_TYPES), "data": text(least=1)}),
        "url": _URL,
        "file": _FILE,
    }
)
_image: Final = typed({"source": _IMAGE_SOURCE}, _CACHED)
_shown: Final = array(tagged({"text": text_block, "image": _image}), 1)
_DOCUMENT_SOURCE: Final = tagged(
    {
        "base64": typed(
            {"media_type": one_of("application/pdf"), "data": text(least=1)}
        ),
        "text": typed({"media_type": one_of("text/plain"), "data": text()}),
        "content": typed({"content": either(_spoken, _shown)}),
        "url": _URL,
        "file": _FILE,
    }
)
_switch: Final = record({}, {"enabled": boolean})
_document: Final = typed(
    {"source": _DOCUMENT_SOURCE},
    {"title": text(), "context": text(), "citations": _switch, **_CACHED},
)
_search_result: Final = typed(
    {
        "source": text(),
        "title": text(),
        "content": array(tagged({"text": text_block}), 1),
    },
    {"citations": _switch, **_CACHED},
)
_RESULT_BLOCKS: Final = array(
    tagged(
        {
            "text": text_block,
            "image": _image,
            "document": _document,
            "search_result": _search_result,
            "tool_reference": typed({"tool_name": text()}, _CACHED),
        }
    ),
    1,
)
_OF_USER: Final[Fields] = {
    "text": text_block,
    "image": _image,
    "document": _document,
    "search_result": _search_result,
    "container_upload": typed({"file_id": text()}),
    "mid_conv_system": typed({"content": text_blocks}),
    "tool_result": typed(
        {"tool_use_id": text(pattern=TOOL_ID)},
        {
            "content": either(text(), _RESULT_BLOCKS),
            "is_error": boolean,
            **_CACHED,
        },
    ),
}
_SERVER_RESULT: Final = typed(
    {"tool_use_id": text(pattern=SERVER_TOOL_ID), "content": anything},
    {"caller": dictionary},
)
_OF_ASSISTANT: Final[Fields] = {
    "text": text_block,
    "thinking": _no_thought,
    "redacted_thinking": typed({"data": text(least=1)}),
    "tool_use": typed(
        {
            "id": text(pattern=TOOL_ID),
            "name": text(pattern=TOOL_NAME),
            "input": dictionary,
        },
        {"caller": dictionary, **_CACHED},
    ),
    "server_tool_use": typed(
        {"id": text(pattern=SERVER_TOOL_ID), "name": text(), "input": dictionary},
        {"caller": dictionary},
    ),
    "mcp_tool_use": typed(
        {
            "id": text(pattern=TOOL_ID),
            "name": text(),
            "server_name": text(),
            "input": dictionary,
        }
    ),
    "mcp_tool_result": typed(
        {"tool_use_id": text(pattern=TOOL_ID), "content": anything},
        {"is_error": boolean},
    ),
    "compaction": typed({"content": nullable(text())}),
    "container_upload": typed({"file_id": text()}),
    **{
        f"{name}_tool_result": _SERVER_RESULT
        for name in (
            "web_search",
            "web_fetch",
            "code_execution",
            "bash_code_execution",
            "text_editor_code_execution",
            "tool_search",
            "advisor",
        )
    },
}
_ROLES: Final[dict[str, Fields]] = {
    "user": _OF_USER,
    "assistant": _OF_ASSISTANT,
    "system": {"text": text_block},
}
_ALL: Final[Fields] = {**_OF_USER, **_OF_ASSISTANT}
_HOLDERS: Final = {name: [r for r, f in _ROLES.items() if name in f] for name in _ALL}


def messages(request: MessagesRequest) -> None:
    """Refuse messages that have not the shape of one, or blocks of another role."""
    found = request.body["messages"]
    array(anything)(found, "messages")
    if not found:
        wrong("messages", "at least one message is required")
    if len(found) > 100_000:
        wrong("messages", "List should have at most 100000 items")
    check = record({"role": one_of(*_ROLES), "content": anything})
    for number, message in enumerate(found):
        check(message, f"messages.{number}")
        _content(request, message, f"messages.{number}")
    for number, message in enumerate(found):
        _filled(message, f"messages.{number}", last=number == len(found) - 1)


def _content(request: MessagesRequest, message: dict[str, Any], path: str) -> None:
    content, path = message["content"], f"{path}.content"
    if isinstance(content, str):
        if content:
            _spoken(content, path)
        return
    array(dictionary)(content, path)
    for index, block in enumerate(content):
        if not request.given.has(block):
            _block(block, message["role"], f"{path}.{index}")


def _block(block: dict[str, Any], role: str, path: str) -> None:
    holders = _HOLDERS.get(str(block.get("type")), [role])
    if role not in holders:
        name = block["type"]
        wrong(path, f"`{name}` blocks can only be in `{holders[0]}` messages")
    tagged(_ALL)(block, path)


def _filled(message: dict[str, Any], path: str, *, last: bool) -> None:
    if message["content"] or (last and message["role"] == "assistant"):
        return
    wrong(
        path,
        "all messages must have non-empty content except for the optional final"
        " assistant message",
    )
