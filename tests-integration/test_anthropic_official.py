"""Anthropic's own package reads our requests, and our streams as we do."""

import json

import pytest

from sociaro_core.wire import Headers, Response
from sociaro_local.given import Given, signature
from sociaro_local.wires.anthropic_rules import judged
from sociaro_providers import PROVIDERS
from sociaro_providers.calls import ChatCall

anthropic = pytest.importorskip("anthropic")

from anthropic.types import message_create_params as official  # noqa: E402
from pydantic import BaseModel, TypeAdapter  # noqa: E402 - comes with anthropic

CHAT = PROVIDERS["anthropic"].chat
VERSION = "2023-06-01"
# Of this version, but no longer among the types of the package: it has gone on.
SAMPLING = ("temperature", "top_p", "top_k")
PLAIN = TypeAdapter(official.MessageCreateParamsNonStreaming)
STREAMING = TypeAdapter(official.MessageCreateParamsStreaming)

PIXEL = (
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNkYPhfDwAChwGA60e6"
    "kgAAAABJRU5ErkJggg=="
)
IMAGE = {"type": "image_url", "image_url": {"url": f"data:image/jpg;base64,{PIXEL}"}}
PDF = "data:application/pdf;base64,JVBERi0xLjQK"
CACHED = {"cache_control": {"type": "ephemeral"}}
HELLO = {"role": "user", "content": "Hello"}
SCHEMA = {
    "type": "object",
    "properties": {"city": {"type": "string", "minLength": 1}, "n": {"type": "integer"}},
    "required": ["city"],
}  # fmt: skip
TOOL = {"type": "function", "function": {"name": "weather", "description": "d", "parameters": SCHEMA}}  # fmt: skip
STRICT = {"type": "function", "function": {"name": "look/up", "parameters": SCHEMA, "strict": True}}  # fmt: skip
BARE = {"type": "function", "function": {"name": "now"}}
SEARCH = {"type": "web_search_20250305", "name": "web_search", "max_uses": 3}


def user(*parts):
    return {"role": "user", "content": list(parts)}


def text(words, **more):
    return {"type": "text", "text": words, **more}


def called(*names, content=None):
    calls = [
        {"id": f"call:{name}", "type": "function", "function": {"name": name, "arguments": '{"city": "Rom"}'}}
        for name in names
    ]  # fmt: skip
    return {"role": "assistant", "content": content, "tool_calls": calls}


def result(name, content="12 C", **more):
    return {
        "role": "tool",
        "tool_call_id": f"call:{name}",
        "content": content,
        **more,
    }


THOUGHTS = [
    {"type": "thinking", "thinking": "Hm.", "signature": signature("Hm.", "1")},
    {"type": "redacted_thinking", "data": signature("", "2")},
]
SEARCHED = [
    {"type": "server_tool_use", "id": "srvtoolu_1", "name": "web_search", "input": {"query": "x"}},
    {
        "type": "web_search_tool_result",
        "tool_use_id": "srvtoolu_1",
        "content": [{"type": "web_search_result", "url": "https://a.example", "title": "A", "encrypted_content": "ZQ=="}],
    },
    {
        "type": "text",
        "text": "Rain.",
        "citations": [{"type": "web_search_result_location", "url": "https://a.example", "title": "A", "cited_text": "c", "encrypted_index": "ZQ=="}],
    },
]  # fmt: skip


def answered(blocks, reason="end_turn"):
    """Return the message we make of blocks that Anthropic gave."""
    body = json.dumps({"content": blocks, "stop_reason": reason}).encode()
    return CHAT.decode(ChatCall([HELLO]), Response(200, body=body)).choices[0].message


ROUNDS = [HELLO, called("weather", "now"), result("now"), result("weather")]
CALLS = {
    "text": ([HELLO], {}),
    "system": ([{"role": "system", "content": "Be brief."}, {"role": "developer", "content": [text("Be kind.", **CACHED)]}, HELLO], {}),
    "only a system message": ([{"role": "system", "content": "Be brief."}], {}),
    "late system": ([HELLO, {"role": "assistant", "content": "Hi"}, {"role": "system", "content": "S"}, HELLO], {}),
    "parts": ([user(text("What?"), IMAGE, {"type": "image_url", "image_url": {"url": "https://a.example/b.png", "detail": "low"}})], {}),
    "files": (
        [
            user(
                {"type": "file", "file": {"file_data": PDF, "filename": "a.pdf"}},
                {"type": "file", "file": {"file_data": "data:text/plain;base64,YQ==", "filename": "a.txt"}},
                text("Which?", **CACHED),
            )
        ],
        {},
    ),
    "tools": ([HELLO], {"tools": [TOOL, BARE], "tool_choice": "auto"}),
    "strict tool": ([HELLO], {"tools": [STRICT], "parallel_tool_calls": False}),
    "forced tool": ([HELLO], {"tools": [TOOL], "tool_choice": {"type": "function", "function": {"name": "weather"}}}),
    "some tool": ([HELLO], {"tools": [TOOL, BARE], "tool_choice": "required"}),
    "allowed tools": (
        [HELLO],
        {"tools": [TOOL, BARE], "tool_choice": {"type": "allowed_tools", "allowed_tools": {"mode": "auto", "tools": [BARE]}}},
    ),
    "no tool now": (ROUNDS, {"tools": [TOOL, BARE], "tool_choice": "none", "parallel_tool_calls": False}),
    "server tool": ([HELLO], {"tools": [SEARCH, TOOL]}),
    "web search": ([HELLO], {"web_search_options": {"search_context_size": "low", "user_location": {"type": "approximate", "approximate": {"city": "Bonn"}}}}),
    "results": (ROUNDS, {"tools": [TOOL, BARE]}),
    "results with images": ([HELLO, called("weather", content="Look"), result("weather", [text("Here"), IMAGE], is_error=True, **CACHED)], {"tools": [TOOL]}),
    "empty result": ([HELLO, called("now"), result("now", ""), HELLO], {"tools": [BARE]}),
    "names rewritten": ([HELLO, called("look/up"), result("look/up")], {"tools": [STRICT]}),
    "thinking goes back": (
        [HELLO, answered([*THOUGHTS, text("x"), {"type": "tool_use", "id": "call_weather", "name": "weather", "input": {}}]), {**result("weather"), "tool_call_id": "call_weather"}],
        {"tools": [TOOL], "reasoning_effort": "high"},
    ),
    "server tools go back": ([HELLO, answered(SEARCHED), HELLO], {"tools": [SEARCH]}),
    "cited text goes back": ([HELLO, answered([{**text("x"), "citations": None}, text("")]), HELLO], {}),
    "schema": ([HELLO], {"response_format": {"type": "json_schema", "json_schema": {"name": "s", "schema": SCHEMA, "strict": True}}}),
    "any JSON": ([HELLO], {"response_format": {"type": "json_object"}}),
    "limits": ([HELLO], {"max_completion_tokens": 50, "stop": ["END", "\n"], "temperature": 1.7, "top_p": 0.9}),
    "hints": ([HELLO], {"seed": 1, "user": "u_1", "service_tier": "default", "verbosity": "low"}),
    "cache": ([HELLO], {"cache_control": {"type": "ephemeral", "ttl": "1h"}, "metadata": {"user_id": "u"}}),
    **{
        f"effort {level}": ([HELLO], {"reasoning_effort": level})
        for level in ("none", "minimal", "low", "medium", "high", "xhigh", "max")
    },
    "effort and schema": ([HELLO], {"reasoning_effort": "high", "response_format": {"type": "json_schema", "json_schema": {"name": "s", "schema": SCHEMA}}}),
}  # fmt: skip
MODELS = [
    "claude-haiku-4-5",
    "claude-opus-4-5",
    "claude-sonnet-4-6",
    "claude-opus-4-7",
    "claude-opus-4-8",
    "claude-sonnet-5",
    "claude-opus-5",
    "claude-haiku-5-5",
]


def made_plain(value):
    """Return a validated value; what was not known to a type is gone from it."""
    if isinstance(value, dict):
        return {name: made_plain(item) for name, item in value.items()}
    if isinstance(value, BaseModel):
        # Its types for answers are good for requests as well.
        return value.model_dump(mode="json", exclude_unset=True, by_alias=True)
    if isinstance(value, str) or not hasattr(value, "__iter__"):
        return value
    return [made_plain(item) for item in value]


@pytest.mark.filterwarnings("ignore::sociaro.SociaroWarning")
@pytest.mark.parametrize("stream", [False, True], ids=["plain", "stream"])
@pytest.mark.parametrize("model", MODELS)
@pytest.mark.parametrize("name", CALLS)
def test_request_is_one_of_the_official_types(name, model, stream):
    """Every field is known to them, and the strict local gateway takes it."""
    messages, params = CALLS[name]
    made = CHAT.encode(ChatCall(messages, params, stream=stream), model)
    body = json.loads(made.body)
    judged(body, made.headers.get("anthropic-beta", ""), Given())
    known = {key: value for key, value in body.items() if key not in SAMPLING}
    kind = STREAMING if stream else PLAIN
    assert known == made_plain(kind.validate_python(known, strict=True))


def fixed(kind, **fields):
    return {"type": kind, **fields}


ANSWERS = {
    "text": ([text("Guten Tag, 🦊\u2028.")], "end_turn"),
    "nothing": ([], "end_turn"),
    "thinking": ([*THOUGHTS, text("x")], "end_turn"),
    "calls": (
        [
            text("Looking."),
            fixed("tool_use", id="toolu_1", name="weather", input={"city": "Köln", "n": 1.5}),
            fixed("tool_use", id="toolu_2", name="now", input={}),
        ],
        "tool_use",
    ),
    "search": (SEARCHED, "end_turn"),
    "pause": (SEARCHED[:1], "pause_turn"),
    "refusal": ([], "refusal"),
    "limit": ([text("and then")], "max_tokens"),
}  # fmt: skip
USAGE = {
    "input_tokens": 12,
    "cache_creation_input_tokens": 100,
    "cache_read_input_tokens": 900,
    "output_tokens": 55,
    "server_tool_use": {"web_search_requests": 1, "web_fetch_requests": 0},
}


def said(value):
    """Leave out nulls and empty citations, and read arguments as JSON."""
    if isinstance(value, list):
        return [said(item) for item in value]
    if not isinstance(value, dict):
        return value
    made = {
        name: said(item)
        for name, item in value.items()
        if item is not None and (name, item) != ("citations", [])
    }
    if isinstance(made.get("arguments"), str):
        made["arguments"] = json.loads(made["arguments"])
    return made


def official_client(gateway):
    """Return a client of the package that speaks the gateway's version."""
    headers = {"x-api-key": gateway.key, "anthropic-version": VERSION}
    return anthropic.Anthropic(
        base_url=f"{gateway.url}/anthropic", default_headers=headers, max_retries=0
    )


@pytest.fixture(autouse=True)
def no_key_in_the_environment(monkeypatch):
    """Keep the machine's own account out of the tests."""
    for name in ("ANTHROPIC_API_KEY", "ANTHROPIC_AUTH_TOKEN", "ANTHROPIC_BASE_URL"):
        monkeypatch.delenv(name, raising=False)


@pytest.mark.parametrize("name", ANSWERS)
def test_stream_is_the_message_the_official_package_makes_of_it(face, gateway, name):
    """Content, calls, stop reason and usage, token by token."""
    blocks, reason = ANSWERS[name]
    gateway.blocks(blocks, reason, usage=USAGE, times=2)
    request = {"model": "claude-opus-4-8", "max_tokens": 100, "messages": [HELLO]}
    with official_client(gateway) as client, client.messages.stream(**request) as told:
        theirs = told.get_final_message()

    async def body():
        async with face.client() as client:
            stream = await client.chat.completions.create(
                **{**request, "model": "anthropic/claude-opus-4-8"},
                stream=True,
                stream_options={"include_usage": True},
            )
            async with stream:
                return await stream.get_final_completion()

    ours = face.run(body)
    response = Response(200, Headers(), theirs.to_json().encode())
    expected = said(CHAT.decode(ChatCall([HELLO]), response).to_dict())
    made = said(ours.to_dict())
    assert expected["usage"] == made["usage"]
    assert 1012 == made["usage"]["prompt_tokens"]
    assert expected["choices"] == made["choices"]
    raw = made["choices"][0]["message"]["provider_specific_fields"]["anthropic"]
    assert theirs.stop_reason == raw["stop_reason"]
    assert said(blocks) == raw["content"]
