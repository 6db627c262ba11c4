"""Exact requests for exact calls: what a translation must be, in one table."""

from __future__ import annotations

import base64
import copy
import json

import pytest

from sociaro_core.wire import Response
from sociaro_providers import PROVIDERS
from sociaro_providers.calls import ChatCall

CHAT = PROVIDERS["anthropic"].chat
HELLO = [{"role": "user", "content": "hi"}]
PNG = base64.b64encode(b"\x89PNG\r\n\x1a\n" + b"0" * 20).decode()


def text(value):
    return {"type": "text", "text": value}


def turn(role, *blocks):
    return {"role": role, "content": list(blocks)}


def use(id_, name="f"):
    return {"type": "tool_use", "id": id_, "name": name, "input": {}}


def result(id_, content):
    return {"type": "tool_result", "tool_use_id": id_, "content": content}


def call_of(id_, arguments="{}"):
    function = {"name": "f", "arguments": arguments}
    return {"id": id_, "type": "function", "function": function}


def says(content, *ids):
    calls = {"tool_calls": [call_of(id_) for id_ in ids]} if ids else {}
    return {"role": "assistant", "content": content, **calls}


def tool(id_, content):
    return {"role": "tool", "tool_call_id": id_, "content": content}


def system(content):
    return {"role": "system", "content": content}


def user(content):
    return {"role": "user", "content": content}


F = {"type": "function", "function": {"name": "f"}}
LATE = [user("u1"), says("a1"), system("S"), user("u2")]
CALLED = [turn("user", text("hi")), turn("assistant", use("a"), use("b"))]
ANSWERED = turn("user", result("a", "1"), result("b", "2"), text("go"))
PICTURE = [
    user([{"type": "image_url", "image_url": {"url": f"data:image/jpg;base64,{PNG}"}}])
]
SOURCE = {"type": "base64", "media_type": "image/png", "data": PNG}

VECTORS = {
    "leading system messages": (
        "sonnet-4-6", [system("A"), system("B"), *HELLO], {},
        {"system": [text("A"), text("B")], "messages": [turn("user", text("hi"))]},
    ),
    "late system message": (
        "sonnet-4-6", LATE, {},
        {"messages": [turn("user", text("u1")), turn("assistant", text("a1")), turn("user", text("<system>\nS\n</system>"), text("u2"))]},
    ),
    "late system message where the model has the role": (
        "opus-4-8", LATE, {},
        {"messages": [turn("user", text("u1")), turn("assistant", text("a1")), turn("user", text("u2")), turn("system", text("S"))]},
    ),
    "results, then the user": (
        "sonnet-4-6", [*HELLO, says(None, "a", "b"), tool("a", "1"), tool("b", "2"), user("go")], {},
        {"messages": [*CALLED, ANSWERED]},
    ),
    "the user between results": (
        "sonnet-4-6", [*HELLO, says(None, "a", "b"), tool("a", "1"), user("go"), tool("b", "2")], {},
        {"messages": [*CALLED, ANSWERED]},
    ),
    "call without arguments": (
        "sonnet-4-6", [*HELLO, {"role": "assistant", "content": "", "tool_calls": [call_of("a", "")]}, tool("a", "1")], {},
        {"messages": [turn("user", text("hi")), turn("assistant", use("a")), turn("user", result("a", "1"))]},
    ),
    "required, one at a time": (
        "sonnet-4-6", HELLO, {"tools": [F], "tool_choice": "required", "parallel_tool_calls": False},
        {"tool_choice": {"type": "any", "disable_parallel_tool_use": True}},
    ),
    "none, one at a time": (
        "sonnet-4-6", HELLO, {"tools": [F], "tool_choice": "none", "parallel_tool_calls": False},
        {"tool_choice": {"type": "none"}},
    ),
    "one at a time": (
        "sonnet-4-6", HELLO, {"tools": [F], "parallel_tool_calls": False},
        {"tool_choice": {"type": "auto", "disable_parallel_tool_use": True}},
    ),
    "stop": ("sonnet-4-6", HELLO, {"stop": ["\n", "END", ""]}, {"stop_sequences": ["END"]}),
    "invisible stop": ("sonnet-4-6", HELLO, {"stop": "\n"}, {"stop_sequences": None}),
    "temperature above one": ("sonnet-4-5", HELLO, {"temperature": 1.7}, {"temperature": 1.0}),
    "temperature where there is none": ("opus-4-8", HELLO, {"temperature": 0}, {"temperature": None}),
    "temperature and top_p": ("haiku-4-5", HELLO, {"temperature": 0.2, "top_p": 0.9}, {"temperature": 0.2, "top_p": None}),
    "effort as a budget": (
        "haiku-4-5", HELLO, {"reasoning_effort": "high"},
        {"thinking": {"type": "enabled", "budget_tokens": 16384}, "max_tokens": 24576, "output_config": None},
    ),
    "adaptive effort": (
        "sonnet-4-6", HELLO, {"reasoning_effort": "high"},
        {"thinking": {"type": "adaptive", "display": "summarized"}, "output_config": {"effort": "high"}},
    ),
    "no effort where thinking is always on": ("opus-5-5", HELLO, {"reasoning_effort": "none"}, {"thinking": None, "output_config": {"effort": "low"}}),
    "no effort": ("sonnet-5", HELLO, {"reasoning_effort": "none"}, {"thinking": {"type": "disabled"}, "output_config": None}),
    "effort the model has not": ("opus-4-6", HELLO, {"reasoning_effort": "xhigh"}, {"output_config": {"effort": "high"}}),
    "image with a wrong label": ("sonnet-4-6", PICTURE, {}, {"messages": [turn("user", {"type": "image", "source": SOURCE})]}),
    "tool without parameters": (
        "sonnet-4-6", HELLO, {"tools": [F]},
        {"tools": [{"name": "f", "input_schema": {"type": "object", "properties": {}}}]},
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", VECTORS)
def test_request(name):
    """It is as the table says; twice it is the same, and nothing given is changed."""
    model, messages, params, expected = VECTORS[name]
    before = copy.deepcopy((messages, params))
    call = ChatCall(messages, params)
    made = CHAT.encode(call, f"claude-{model}")
    body = json.loads(made.body)
    assert expected == {key: body.get(key) for key in expected}
    assert made == CHAT.encode(ChatCall(messages, params), f"claude-{model}")
    assert before == (messages, params)


RAW = [
    {"type": "thinking", "thinking": "", "signature": "s"},
    text("x"),
    {"type": "server_tool_use", "id": "srvtoolu_1", "name": "web_search", "input": {}},
    {"type": "web_search_tool_result", "tool_use_id": "srvtoolu_1", "content": []},
    text("y"),
    use("toolu_1"),
]


def answer():
    body = {"id": "msg_1", "role": "assistant", "content": RAW, "stop_reason": "tool_use"}  # fmt: skip
    response = Response(200, body=json.dumps(body).encode())
    return CHAT.decode(ChatCall(HELLO), response).choices[0].message


def test_answer_put_back_into_the_messages():
    """Its blocks go out as they came in, whatever they are."""
    messages = [*HELLO, answer(), tool("toolu_1", "1")]
    body = json.loads(CHAT.encode(ChatCall(messages), "claude-opus-4-8").body)
    turns = [turn("user", text("hi")), turn("assistant", *RAW), turn("user", result("toolu_1", "1"))]  # fmt: skip
    assert turns == body["messages"]


def test_answer_put_back_after_it_was_edited():
    """What the message says counts; its thinking is kept."""
    edited = {**answer().to_dict(), "content": "new"}
    messages = [*HELLO, edited, tool("toolu_1", "1")]
    body = json.loads(CHAT.encode(ChatCall(messages), "claude-opus-4-8").body)
    assert [RAW[0], text("new"), use("toolu_1")] == body["messages"][1]["content"]
