"""Tests of the translation of calls to the Messages API."""

from __future__ import annotations

import base64
import copy
import json

import pytest

from sociaro_core.errors import BadRequestError, ConfigurationError
from sociaro_core.wire import Headers
from sociaro_providers import PROVIDERS
from sociaro_providers.calls import ChatCall

CHAT = PROVIDERS["anthropic"].chat
HELLO = [{"role": "user", "content": "hi"}]
PNG = base64.b64encode(b"\x89PNG\r\n\x1a\n" + b"0" * 20).decode()
WEBP = base64.b64encode(b"RIFF0000WEBPVP8 ").decode()


def text(value, **more):
    return {"type": "text", "text": value, **more}


def user(*blocks):
    return {"role": "user", "content": list(blocks)}


def assistant(*blocks):
    return {"role": "assistant", "content": list(blocks)}


def use(id_, name="f", **arguments):
    return {"type": "tool_use", "id": id_, "name": name, "input": arguments}


def result(id_, content=None):
    made = {"type": "tool_result", "tool_use_id": id_}
    return made if content is None else {**made, "content": content}


def call_of(id_, arguments="", name="f"):
    function = {"name": name, "arguments": arguments}
    return {"id": id_, "type": "function", "function": function}


def tool(id_, content):
    return {"role": "tool", "tool_call_id": id_, "content": content}


def encoded(messages, params=None, model="claude-sonnet-4-6", **more):
    return CHAT.encode(ChatCall(messages, params or {}, **more), model)


def body(messages, params=None, model="claude-sonnet-4-6", **more):
    return json.loads(encoded(messages, params, model, **more).body)


def settings(model="claude-sonnet-4-6", **params):
    made = body(HELLO, params, model)
    for name in ("model", "messages", "max_tokens"):
        del made[name]
    return made


ASKS = {"role": "assistant", "content": "", "tool_calls": [call_of("a"), call_of("b")]}
SIGNED = {"type": "thinking", "thinking": "t", "signature": "s"}
RAW = [
    {"type": "thinking", "thinking": "", "signature": "s"},
    text("x"),
    {"type": "server_tool_use", "id": "srvtoolu_1", "name": "web_search", "input": {}},
    {"type": "web_search_tool_result", "tool_use_id": "srvtoolu_1", "content": []},
    text("y"),
    use("toolu_1"),
]


def from_anthropic(raw=RAW, content="xy", calls=("toolu_1",), **more):
    extras = {"anthropic": {"content": raw}}
    return {
        "role": "assistant",
        "content": content,
        "tool_calls": [call_of(id_) for id_ in calls],
        "provider_specific_fields": extras,
        **more,
    }


TURNS = {
    "text": ([{"role": "user", "content": "hi"}], [user(text("hi"))]),
    "parts": (
        [{"role": "user", "content": [text("a"), "b", text(" "), text("c", x=1)]}],
        [user(text("a"), text("b"), text("c"))],
    ),
    "same roles merge": (
        [*HELLO, *HELLO, {"role": "assistant", "content": "a"}, {"role": "assistant", "content": "b"}, *HELLO],
        [user(text("hi"), text("hi")), assistant(text("a"), text("b")), user(text("hi"))],
    ),
    "results come first": (
        [*HELLO, ASKS, tool("a", "1"), {"role": "user", "content": "go"}, tool("b", "2")],
        [user(text("hi")), assistant(use("a"), use("b")), user(result("a", "1"), result("b", "2"), text("go"))],
    ),
    "results in the order of the calls": (
        [*HELLO, ASKS, tool("x", "3"), tool("b", "2"), tool("a", "1")],
        [user(text("hi")), assistant(use("a"), use("b")), user(result("a", "1"), result("b", "2"), result("x", "3"))],
    ),
    "results of every kind": (
        [*HELLO, ASKS, tool("a", ""), {**tool("b", None), "is_error": True, "cache_control": {"type": "ephemeral"}}],
        [user(text("hi")), assistant(use("a"), use("b")), user(result("a"), {**result("b"), "is_error": True, "cache_control": {"type": "ephemeral"}})],
    ),
    "results of parts and of JSON": (
        [*HELLO, ASKS, tool("a", [text("x"), text("")]), tool("b", {"n": 1})],
        [user(text("hi")), assistant(use("a"), use("b")), user(result("a", [text("x")]), result("b", '{"n": 1}'))],
    ),
    "text beside calls": (
        [*HELLO, {**ASKS, "content": "look", "refusal": None, "name": "x"}, tool("a", "1")],
        [user(text("hi")), assistant(text("look"), use("a"), use("b")), user(result("a", "1"))],
    ),
    "refusal": (
        [*HELLO, {"role": "assistant", "content": [{"type": "refusal", "refusal": "no"}]}, *HELLO],
        [user(text("hi")), assistant(text("no")), user(text("hi"))],
    ),
    "empty answers vanish": (
        [*HELLO, {"role": "assistant", "content": ""}, *HELLO, {"role": "assistant", "content": None}],
        [user(text("hi"), text("hi"))],
    ),
    "empty words vanish": (
        [*HELLO, {"role": "assistant", "content": "a"}, {"role": "user", "content": " "}, {"role": "assistant", "content": "b"}, *HELLO],
        [user(text("hi")), assistant(text("a"), text("b")), user(text("hi"))],
    ),
    "empty last words": (
        [*HELLO, {"role": "assistant", "content": "a"}, {"role": "user", "content": None}],
        [user(text("hi")), assistant(text("a")), user(text("."))],
    ),
    "nothing but empty words": ([{"role": "user", "content": ""}], [user(text("."))]),
    "ids of other providers": (
        [*HELLO, {"role": "assistant", "tool_calls": [call_of("functions.f:0")]}, tool("functions.f:0", "1")],
        [user(text("hi")), assistant(use("functions_f_0_d83d4c73")), user(result("functions_f_0_d83d4c73", "1"))],
    ),
    "ids used again": (
        [*HELLO, {"role": "assistant", "tool_calls": [call_of("a")]}, tool("a", "1"), {"role": "assistant", "tool_calls": [call_of("a")]}, tool("a", "2")],
        [user(text("hi")), assistant(use("a")), user(result("a", "1")), assistant(use("a_2")), user(result("a_2", "2"))],
    ),
    "legacy calls": (
        [*HELLO, {"role": "assistant", "content": None, "function_call": {"name": "f", "arguments": "{}"}}, {"role": "function", "name": "f", "content": "1"}],
        [user(text("hi")), assistant(use("fc_1")), user(result("fc_1", "1"))],
    ),
    "free-form call": (
        [*HELLO, {"role": "assistant", "tool_calls": [{"id": "a", "type": "custom", "custom": {"name": "f", "input": "x"}}]}, tool("a", "1")],
        [user(text("hi")), assistant(use("a", input="x")), user(result("a", "1"))],
    ),
    "cached call": (
        [*HELLO, {"role": "assistant", "tool_calls": [{**call_of("a"), "cache_control": {"type": "ephemeral"}}]}, tool("a", "1")],
        [user(text("hi")), assistant({**use("a"), "cache_control": {"type": "ephemeral"}}), user(result("a", "1"))],
    ),
    "signed thinking": (
        [*HELLO, {"role": "assistant", "content": "x", "reasoning_content": "t", "thinking_blocks": [{**SIGNED, "index": 0}, {"type": "thinking", "thinking": "unsigned"}, {"type": "redacted_thinking", "data": "d", "index": 1}, "odd"]}, *HELLO],
        [user(text("hi")), assistant(SIGNED, {"type": "redacted_thinking", "data": "d"}, text("x")), user(text("hi"))],
    ),
    "raw blocks go back": (
        [*HELLO, from_anthropic(), tool("toolu_1", "1")],
        [user(text("hi")), assistant(*RAW), user(result("toolu_1", "1"))],
    ),
    "raw blocks the API refuses": (
        [*HELLO, from_anthropic([text(""), text("x", citations=None), {"type": "server_tool_use", "id": "s"}, text("y", citations=[1]), {"type": "server_tool_use", "id": "t"}], calls=()), *HELLO],
        [user(text("hi")), assistant(text("x"), text("y", citations=[1]), {"type": "server_tool_use", "id": "t"}), user(text("hi"))],
    ),
    "edited text": (
        [*HELLO, from_anthropic(content="new", thinking_blocks=[SIGNED]), tool("toolu_1", "1")],
        [user(text("hi")), assistant(SIGNED, text("new"), use("toolu_1")), user(result("toolu_1", "1"))],
    ),
    "edited calls": (
        [*HELLO, from_anthropic(calls=()), *HELLO],
        [user(text("hi")), assistant(text("xy")), user(text("hi"))],
    ),
    "odd raw blocks": (
        [*HELLO, from_anthropic(raw=["odd"], calls=()), *HELLO],
        [user(text("hi")), assistant(text("xy")), user(text("hi"))],
    ),
    "native parts": (
        [{"role": "user", "content": [{"type": "document", "source": {"x": 1}}, {"type": "search_result"}, {"type": "web_search_tool_result"}]}],
        [user({"type": "document", "source": {"x": 1}}, {"type": "search_result"}, {"type": "web_search_tool_result"})],
    ),
    "cache marks": (
        [{"role": "user", "content": "hi", "cache_control": {"type": "ephemeral"}}, {"role": "user", "content": [text("a", cache_control={"type": "ephemeral", "ttl": "1h"}), text("b", prompt_cache_breakpoint={"mode": "explicit"})]}],
        [user(text("hi", cache_control={"type": "ephemeral"}), text("a", cache_control={"type": "ephemeral", "ttl": "1h"}), text("b", cache_control={"type": "ephemeral"}))],
    ),
    "cache mark on nothing": (
        [*HELLO, {"role": "user", "content": "", "cache_control": {"type": "ephemeral"}}],
        [user(text("hi"))],
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", TURNS)
def test_turns(name):
    """Messages become turns; the caller's are not changed, and twice is the same."""
    messages, expected = TURNS[name]
    before = copy.deepcopy(messages)
    call = ChatCall(messages)
    first = CHAT.encode(call, "claude-sonnet-4-6")
    assert expected == json.loads(first.body)["messages"]
    assert first == CHAT.encode(call, "claude-sonnet-4-6")
    assert before == messages == call.messages


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        (None, {}),
        ("", {}),
        ("  ", {}),
        ("null", {}),
        ('""', {}),
        ('{"a": 1}', {"a": 1}),
        ('"{\\"a\\": 1}"', {"a": 1}),
        ({"a": 1}, {"a": 1}),
        ('"null"', {}),
        ('{"a": ', {"__raw_arguments": '{"a": '}),
        ('{"a": NaN}', {"__raw_arguments": '{"a": NaN}'}),
        ("[" * 100_000, {"__raw_arguments": "[" * 100_000}),
    ],
)
def test_arguments_of_a_call(arguments, expected):
    """They are an object; what was cut off is wrapped, so that it can be sent."""
    asks = {"role": "assistant", "tool_calls": [call_of("a", arguments)]}
    made = body([*HELLO, asks, tool("a", "1")])
    assert expected == made["messages"][1]["content"][0]["input"]


S = {"role": "system", "content": "S"}
A1 = {"role": "assistant", "content": "a"}
U2 = {"role": "user", "content": "u2"}
LATE = "<system>\nS\n</system>"

SYSTEMS = {
    "leading": ([{"role": "system", "content": "A"}, {"role": "developer", "content": [text("B"), text("")]}, *HELLO], [text("A"), text("B")], [user(text("hi"))]),
    "cached": ([{**S, "cache_control": {"type": "ephemeral"}}, *HELLO], [text("S", cache_control={"type": "ephemeral"})], [user(text("hi"))]),
    "alone": ([{"role": "system", "content": "A"}, S], [text("A")], [user(text("S"))]),
    "late": ([*HELLO, A1, S, U2], None, [user(text("hi")), assistant(text("a")), user(text(LATE), text("u2"))]),
    "late before results": ([*HELLO, ASKS, S, tool("a", "1"), tool("b", "2")], None, [user(text("hi")), assistant(use("a"), use("b")), user(result("a", "1"), result("b", "2"), text(LATE))]),
}  # fmt: skip


@pytest.mark.parametrize("name", SYSTEMS)
def test_system_messages(name):
    """The first go on top, late ones stay in place: the prefix does not change."""
    messages, system, turns = SYSTEMS[name]
    made = body(messages)
    assert (system, turns) == (made.get("system"), made["messages"])


NOTE = {"role": "system", "content": [text("S")]}

LATE_SYSTEMS = {
    "after the user": ([*HELLO, S], [user(text("hi")), NOTE]),
    "between users": ([*HELLO, S, U2], [user(text("hi"), text("u2")), NOTE]),
    "after the assistant": ([*HELLO, A1, S, U2], [user(text("hi")), assistant(text("a")), user(text("u2")), NOTE]),
    "twice": ([*HELLO, A1, S, U2, S], [user(text("hi")), assistant(text("a")), user(text("u2")), {**NOTE, "content": [text("S"), text("S")]}]),
    "at the end": ([*HELLO, A1, S], [user(text("hi")), assistant(text("a")), user(text(LATE))]),
    "between assistants": ([*HELLO, A1, S, A1, U2], [user(text("hi")), assistant(text("a")), user(text(LATE)), assistant(text("a")), user(text("u2"))]),
}  # fmt: skip


@pytest.mark.parametrize("name", LATE_SYSTEMS)
def test_late_system_messages_when_the_model_takes_them(name):
    """They stand behind the user turn; where there is none, they become one."""
    messages, turns = LATE_SYSTEMS[name]
    assert turns == body(messages, model="claude-opus-4-8")["messages"]


def test_unfinished_answer():
    """It goes out, white space at its end only where it is not refused anyway."""
    messages = [*HELLO, {"role": "assistant", "content": "So \n"}]
    assert [text("So")] == body(messages, model="claude-haiku-4-5")["messages"][-1][
        "content"
    ]
    assert [text("So \n")] == body(messages)["messages"][-1]["content"]
    calls = body([*HELLO, ASKS], model="claude-haiku-4-5")["messages"]
    assert [use("a"), use("b")] == calls[-1]["content"]
    raw = from_anthropic(raw=[text("\n")], content="\n", calls=())
    assert 1 == len(body([*HELLO, raw], model="claude-haiku-4-5")["messages"])


def test_turns_are_a_prefix_when_messages_are_appended():
    """Up to a turn of the model, translating more changes nothing before it."""
    messages = [S, *HELLO, A1, S, U2, ASKS, tool("b", "2"), tool("a", "1"), A1, U2]
    whole = body(messages)["messages"]
    for end in (2, 5, 8):
        part = body(messages[:end])["messages"]
        assert part == whole[: len(part)]


IMAGES = {
    "https": ({"url": "https://x/y.png", "detail": "low"}, {"type": "url", "url": "https://x/y.png"}),
    "bare string": ("https://x/y.png", {"type": "url", "url": "https://x/y.png"}),
    "bytes beat the label": ({"url": f"data:image/jpg;base64,{PNG}"}, {"type": "base64", "media_type": "image/png", "data": PNG}),
    "webp": ({"url": f"DATA:image/webp;charset=x;BASE64,{WEBP}"}, {"type": "base64", "media_type": "image/webp", "data": WEBP}),
    "label when the bytes say nothing": ({"url": "data:image/jpg;base64,AAAA AAAA"}, {"type": "base64", "media_type": "image/jpeg", "data": "AAAAAAAA"}),
    "percent-encoded": ({"url": "data:image/gif,GIF8%39a"}, {"type": "base64", "media_type": "image/gif", "data": "R0lGODlh"}),
}  # fmt: skip


@pytest.mark.parametrize("name", IMAGES)
def test_image(name):
    """By URL or inline; the type is what the bytes are."""
    image, source = IMAGES[name]
    part = {"type": "image_url", "image_url": image, "cache_control": {"type": "x"}}
    made = body([{"role": "user", "content": [part]}])["messages"][0]["content"]
    assert [{"type": "image", "source": source, "cache_control": {"type": "x"}}] == made


def test_document_by_data_url():
    """A PDF is a document."""
    part = {"type": "image_url", "image_url": "data:application/pdf;base64,JVBERg=="}
    made = body([{"role": "user", "content": [part]}])["messages"][0]["content"]
    assert ["document"] == [block["type"] for block in made]


def image(url):
    return [{"role": "user", "content": [{"type": "image_url", "image_url": url}]}]


def file(**fields):
    return [{"role": "user", "content": [{"type": "file", "file": fields}]}]


REFUSED = {
    "n": (HELLO, {"n": 2}, "n"),
    "functions": (HELLO, {"functions": []}, "functions"),
    "function_call": (HELLO, {"function_call": "auto"}, "function_call"),
    "audio": (HELLO, {"audio": {"voice": "x"}}, "audio"),
    "modalities": (HELLO, {"modalities": ["text", "audio"]}, "modalities"),
    "moderation": (HELLO, {"moderation": {"input": {"mode": "block"}}}, "moderation"),
    "web search beside a tool of the name": (HELLO, {"web_search_options": {}, "tools": [{"function": {"name": "web_search"}}]}, "web_search_options"),
    "odd parameters": (HELLO, {"tools": [{"function": {"name": "f", "parameters": []}}]}, "tools[0].function.parameters"),
    "allowed tools without any": (HELLO, {"tools": [{"function": {"name": "f"}}], "tool_choice": {"type": "allowed_tools", "mode": "auto"}}, "tool_choice"),
    "unknown effort": (HELLO, {"reasoning_effort": "huge"}, "reasoning_effort"),
    "odd effort": (HELLO, {"reasoning_effort": {"effort": 5}}, "reasoning_effort"),
    "nested moderation": (HELLO, {"moderation": [{"policy": {"mode": "block"}}]}, "moderation"),
    "open schema": (HELLO, {"response_format": {"type": "json_schema", "json_schema": {"schema": {"properties": {"a": {"type": "object", "additionalProperties": {}}}}}}}, "response_format.json_schema.schema.properties.a"),
    "answer format": (HELLO, {"response_format": {"type": "grammar"}}, "response_format"),
    "odd answer format": (HELLO, {"response_format": 5}, "response_format"),
    "no schema": (HELLO, {"response_format": {"type": "json_schema"}}, "response_format"),
    "tools": (HELLO, {"tools": "x"}, "tools"),
    "custom tool": (HELLO, {"tools": [{"type": "custom", "custom": {}}]}, "tools[0]"),
    "odd tool": (HELLO, {"tools": [5]}, "tools[0]"),
    "nameless tool": (HELLO, {"tools": [{"function": {}}]}, "tools[0].function.name"),
    "forced without tools": (HELLO, {"tool_choice": "required"}, "tool_choice"),
    "odd choice": (HELLO, {"tool_choice": "any"}, "tool_choice"),
    "nameless choice": (HELLO, {"tool_choice": {"type": "function"}}, "tool_choice"),
    "custom choice": (HELLO, {"tool_choice": {"type": "custom"}}, "tool_choice"),
    "odd allowed tools": (HELLO, {"tool_choice": {"type": "allowed_tools"}}, "tool_choice"),
    "no messages": ([], {}, "messages"),
    "empty system": ([{"role": "system", "content": ""}], {}, "messages"),
    "odd message": (["hi"], {}, "messages[0]"),
    "no role": ([{"content": "x"}], {}, "messages[0]"),
    "unknown role": ([{"role": "robot"}], {}, "messages[0].role"),
    "odd content": ([{"role": "user", "content": 5}], {}, "messages[0].content"),
    "odd part": ([{"role": "user", "content": [5]}], {}, "messages[0].content[0].type"),
    "audio part": ([{"role": "user", "content": [{"type": "input_audio"}]}], {}, "messages[0].content[0].type"),
    "odd text": ([{"role": "user", "content": [{"type": "text"}]}], {}, "messages[0].content[0].text"),
    "image in a system message": ([{"role": "system", "content": image("https://x")[0]["content"]}], {}, "messages[0].content"),
    "image without url": (image({}), {}, "messages[0].content[0].image_url"),
    "image by http": (image("http://x/y.png"), {}, "messages[0].content[0].image_url"),
    "image of another kind": (image("data:image/svg+xml,<svg/>"), {}, "messages[0].content[0].image_url"),
    "broken image": (image("data:image/png;base64,%%%%"), {}, "messages[0].content[0].image_url"),
    "result without a call": ([{"role": "tool", "content": "x"}], {}, "messages[0].tool_call_id"),
    "call without id": ([{"role": "assistant", "tool_calls": [{}]}], {}, "messages[0].tool_calls[0].id"),
    "call without name": ([{"role": "assistant", "tool_calls": [{"id": "a"}]}], {}, "messages[0].tool_calls[0].function.name"),
    "odd arguments": ([{"role": "assistant", "tool_calls": [call_of("a", "[1]")]}], {}, "messages[0].tool_calls[0].function.arguments"),
    "arguments that are text": ([{"role": "assistant", "tool_calls": [call_of("a", '"text"')]}], {}, "messages[0].tool_calls[0].function.arguments"),
    "image of the assistant": ([{"role": "assistant", "content": image("https://x")[0]["content"]}], {}, "messages[0].content[0].type"),
    "file without content": (file(filename="x.pdf"), {}, "messages[0].content[0].file"),
    "file of OpenAI's": (file(file_id="file-1"), {}, "messages[0].content[0].file"),
    "file by http": (file(file_id="http://x/y.pdf"), {}, "messages[0].content[0].file"),
    "file of another kind": (file(filename="x.zip", file_data="UEsDBA=="), {}, "messages[0].content[0].file"),
    "empty file": (file(filename="x.pdf", file_data=""), {}, "messages[0].content[0].file"),
    "broken file": (file(filename="x.txt", file_data="AAAA" * 7 + "\u00e4AAA" + "AAAA"), {}, "messages[0].content[0].file"),
    "odd number": ([{"role": "assistant", "tool_calls": [call_of("a", 5)]}], {}, "messages[0].tool_calls[0].function.arguments"),
}  # fmt: skip


@pytest.mark.parametrize("name", REFUSED)
def test_what_cannot_be_expressed(name):
    """It is refused before anything is sent, and the place is named."""
    messages, params, param = REFUSED[name]
    with pytest.raises(BadRequestError) as caught:
        encoded(messages, params)
    error = caught.value
    assert (400, "unsupported_parameter", param) == (
        error.status_code,
        error.code,
        error.param,
    )
    assert error.message.startswith(f"{param} cannot be sent to anthropic: ")


def test_schema_when_the_model_has_no_structured_output():
    """It would change the shape of the answer, so it is refused."""
    wish = {"type": "json_schema", "json_schema": {"schema": {"type": "object"}}}
    with pytest.raises(BadRequestError):
        encoded(HELLO, {"response_format": wish}, "claude-3-7-sonnet")


F = {"type": "function", "function": {"name": "f"}}
BARE = {"name": "f", "input_schema": {"type": "object", "properties": {}}}
NATIVE_TOOL = {"type": "web_search_20250305", "name": "web_search"}

TOOLS = {
    "bare": (F, BARE),
    "without a type": ({"function": {"name": "f", "parameters": {}}}, BARE),
    "full": (
        {
            "type": "function",
            "cache_control": {"type": "ephemeral"},
            "function": {
                "name": "f",
                "description": "d",
                "strict": True,
                "input_examples": [{}],
                "parameters": {
                    "$defs": {"x": {}},
                    "properties": {"a": {"$ref": "#/$defs/x"}},
                    "required": ["a"],
                },
            },
        },
        {
            "name": "f",
            "description": "d",
            "input_schema": {
                "type": "object",
                "$defs": {"x": {}},
                "properties": {"a": {"$ref": "#/$defs/x"}},
                "required": ["a"],
                "additionalProperties": False,
            },
            "strict": True,
            "cache_control": {"type": "ephemeral"},
            "input_examples": [{}],
        },
    ),
    "no properties": ({"function": {"name": "f", "strict": False, "parameters": {"properties": None}}}, BARE),
    "native": (NATIVE_TOOL, NATIVE_TOOL),
    "native by its schema": ({"name": "g", "input_schema": {}}, {"name": "g", "input_schema": {}}),
    "toolset": ({"type": "mcp_toolset", "x": 1}, {"type": "mcp_toolset", "x": 1}),
}  # fmt: skip


@pytest.mark.parametrize("name", TOOLS)
def test_tool(name):
    """The schema stays as it is, but for what its root must have."""
    given, expected = TOOLS[name]
    assert {"tools": [expected]} == settings(tools=[given])


G = {"type": "function", "function": {"name": "g"}}
ALLOWED = {"mode": "required", "tools": [G, "odd"]}


@pytest.mark.parametrize(
    ("params", "expected"),
    [
        ({}, None),
        ({"tool_choice": "auto"}, {"type": "auto"}),
        ({"tool_choice": "none", "parallel_tool_calls": False}, {"type": "none"}),
        ({"tool_choice": "required", "parallel_tool_calls": True}, {"type": "any"}),
        (
            {"tool_choice": "required", "parallel_tool_calls": False},
            {"type": "any", "disable_parallel_tool_use": True},
        ),
        ({"parallel_tool_calls": False}, {"type": "auto", "disable_parallel_tool_use": True}),
        ({"tool_choice": F}, {"type": "tool", "name": "f"}),
        ({"tool_choice": {"type": "function", "name": "f"}}, {"type": "tool", "name": "f"}),
        ({"tool_choice": {"type": "any", "x": 1}}, {"type": "any", "x": 1}),
        ({"tool_choice": {"type": "allowed_tools", "allowed_tools": ALLOWED}}, {"type": "any"}),
    ],
)  # fmt: skip
def test_tool_choice(params, expected):
    """Every form of OpenAI's has its counterpart."""
    made = settings(tools=[F, G], **params)
    assert expected == made.get("tool_choice")
    count = 1 if "allowed_tools" in str(params) else 2
    assert count == len(made["tools"])


def test_tool_choice_without_tools():
    """What asks for nothing is left out."""
    assert {} == settings(tool_choice="auto", tools=[], parallel_tool_calls=False)


SETTINGS = {
    "temperature": ("claude-sonnet-4-5", {"temperature": 0.2}, {"temperature": 0.2}, ()),
    "too hot": ("claude-sonnet-4-5", {"temperature": 1.7}, {"temperature": 1.0}, ()),
    "one of two": ("claude-haiku-4-5", {"temperature": 0.2, "top_p": 0.9}, {"temperature": 0.2}, ("top_p",)),
    "the other of two": ("claude-haiku-4-5", {"temperature": 1, "top_p": 0.9}, {"top_p": 0.9}, ()),
    "both on old models": ("claude-3-haiku", {"temperature": 0.2, "top_p": 0.9, "top_k": 3}, {"temperature": 0.2, "top_p": 0.9, "top_k": 3}, ()),
    "none on new models": ("claude-opus-4-8", {"temperature": 0, "top_p": 1, "top_k": 1}, {}, ("temperature", "top_k")),
    "while thinking": ("claude-sonnet-4-5", {"thinking": {"type": "enabled"}, "temperature": 0.5, "top_p": 0.99, "top_k": 2}, {"thinking": {"type": "enabled"}, "top_p": 0.99}, ("temperature", "top_k")),
    "at one while thinking": ("claude-3-7-sonnet", {"thinking": {"type": "enabled"}, "temperature": 1, "top_p": 0.5}, {"thinking": {"type": "enabled"}, "temperature": 1}, ("top_p",)),
    "odd temperature": ("claude-sonnet-4-5", {"temperature": "hot"}, {"temperature": "hot"}, ()),
    "stop": (None, {"stop": "END"}, {"stop_sequences": ["END"]}, ()),
    "stops": (None, {"stop": ["\n", "END", ""]}, {"stop_sequences": ["END"]}, ()),
    "native stops": (None, {"stop_sequences": ["END", 5]}, {"stop_sequences": ["END", 5]}, ()),
    "invisible stop": (None, {"stop": "\n"}, {}, ("stop",)),
    "user": (None, {"user": "u_1"}, {"metadata": {"user_id": "u_1"}}, ()),
    "safety identifier": (None, {"user": "u_1", "safety_identifier": "s"}, {"metadata": {"user_id": "s"}}, ()),
    "address": (None, {"user": "a@b.de"}, {}, ("user",)),
    "telephone": (None, {"user": "+49 228 123456"}, {}, ("user",)),
    "metadata": (None, {"metadata": {"user_id": "u", "x": "y"}}, {"metadata": {"user_id": "u"}}, ("metadata",)),
    "tier": (None, {"service_tier": "default"}, {"service_tier": "standard_only"}, ()),
    "unknown tier": (None, {"service_tier": "flex"}, {}, ("service_tier",)),
    "odd tier": (None, {"service_tier": ["x"]}, {}, ("service_tier",)),
    "hints": (None, {"seed": 1, "frequency_penalty": 0.5, "logprobs": True, "foo": 1}, {}, ("seed", "frequency_penalty", "logprobs", "foo")),
    "hints that say nothing": (None, {"seed": None, "frequency_penalty": 0, "logprobs": False, "store": False, "n": 1, "modalities": ["text"], "stream_options": {"include_usage": True}, "moderation": None}, {}, ()),
    "moderation without a gate": (None, {"moderation": {"mode": "log"}}, {}, ("moderation",)),
    "native": (None, {"thinking": {"type": "adaptive"}, "output_config": {"effort": "low"}, "container": "c"}, {"thinking": {"type": "adaptive"}, "output_config": {"effort": "low"}, "container": "c"}, ()),
    "schema": (None, {"response_format": {"type": "json_schema", "json_schema": {"name": "x", "schema": {"type": "object"}}}, "output_config": {"effort": "low"}}, {"output_config": {"effort": "low", "format": {"type": "json_schema", "schema": {"type": "object", "additionalProperties": False}}}}, ()),
    "text": (None, {"response_format": {"type": "text"}}, {}, ()),
    "system": (None, {"system": "Be brief."}, {"system": [text("Be brief.")]}, ()),
    "system of blocks": (None, {"system": [text("A", x=1)]}, {"system": [text("A", x=1)]}, ()),
    "no system": (None, {"system": " "}, {}, ()),
}  # fmt: skip


@pytest.mark.parametrize("name", SETTINGS)
def test_settings(name):
    """What has a counterpart goes out, hints are left out and named."""
    model, params, expected, dropped = SETTINGS[name]
    model = model or "claude-sonnet-4-6"
    assert expected == settings(model, **params)
    assert dropped == encoded(HELLO, params, model).dropped


def test_json_object_without_a_schema():
    """There is no such mode: a constant line asks for it."""
    made = settings(response_format={"type": "json_object"})
    assert made["system"][0]["text"].startswith("Respond with one valid JSON object")


@pytest.mark.parametrize(
    ("params", "stream", "model", "expected"),
    [
        ({}, False, "claude-sonnet-4-6", 16_000),
        ({}, True, "claude-sonnet-4-6", 64_000),
        ({}, True, "claude-3-haiku-20240307", 4096),
        ({}, True, "claude-opus-4-1", 32_000),
        ({}, False, "who-knows", 16_000),
        ({"max_tokens": 5, "max_completion_tokens": None}, False, "m", 5),
        ({"max_tokens": 5, "max_completion_tokens": 6.0}, False, "m", 6),
        ({"max_tokens": 0}, False, "m", 0),
        ({"max_tokens": 1_000_000}, False, "claude-3-haiku", 1_000_000),
        ({"max_tokens": "many"}, False, "m", "many"),
    ],
)
def test_max_tokens(params, stream, model, expected):
    """Anthropic demands it; what was given is not clamped."""
    made = body(HELLO, params, model, stream=stream)
    assert (expected, stream) == (made["max_tokens"], made.get("stream", False))


@pytest.mark.parametrize(
    ("params", "stream", "expected"),
    [
        ({}, False, 450.0),
        ({"max_tokens": 128_000}, False, 3600.0),
        ({"max_tokens": 128_000}, True, None),
        ({"max_tokens": 0}, False, None),
        ({"max_tokens": "many"}, False, None),
    ],
)
def test_patience(params, stream, expected):
    """As long as the tokens take; silence on a stream is another thing."""
    assert expected == encoded(HELLO, params, stream=stream).patience


def test_extra_body_is_laid_over_last():
    """Two of its fields merge a level deep, the others replace."""
    extra = {
        "output_config": {"effort": "low"},
        "metadata": {"x": 1},
        "max_tokens": 7,
        "top_k": 5,
    }
    params = {"user": "u", "output_config": {"a": 1}}
    made = body(HELLO, params, extra_body=extra)
    assert {"a": 1, "effort": "low"} == made["output_config"]
    assert {"user_id": "u", "x": 1} == made["metadata"]
    assert (7, 5) == (made["max_tokens"], made["top_k"])


@pytest.mark.parametrize(
    ("params", "extra", "given", "expected"),
    [
        ({}, None, {"Anthropic-Beta": "x,"}, "x"),
        ({}, None, {}, None),
        ({"mcp_servers": [], "betas": "mcp-client-2025-04-04"}, None, {}, "mcp-client-2025-04-04"),
        ({"betas": ["a", "b", 5]}, None, {}, "a,b"),
        ({"betas": "a"}, {"betas": ["b"]}, {"Anthropic-Beta": "x, a"}, "x,a,b"),
        ({"mcp_servers": []}, None, {}, "mcp-client-2025-11-20"),
    ],
)  # fmt: skip
def test_beta_header(params, extra, given, expected):
    """It is the union of all sources, never one instead of another."""
    call = ChatCall(HELLO, params, headers=Headers(given), extra_body=extra)
    made = CHAT.encode(call, "claude-sonnet-4-6")
    assert expected == made.headers.get("anthropic-beta")
    assert "betas" not in json.loads(made.body)


def test_body_when_text_has_half_a_surrogate_pair():
    """The body is valid JSON all the same."""
    messages = [{"role": "user", "content": "a\ud83db"}]
    assert "a?b" == body(messages)["messages"][0]["content"][0]["text"]


def test_body_json_cannot_write():
    """It is wrong use, not an error of Python's."""
    with pytest.raises(ConfigurationError):
        encoded(HELLO, {"max_tokens": 10**5000})
