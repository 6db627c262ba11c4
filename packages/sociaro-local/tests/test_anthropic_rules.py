"""One row a rule: what is refused and how, and its twin that is accepted."""

import base64
import json

import pytest

from sociaro_local.errors import Refused
from sociaro_local.given import Given, signature
from sociaro_local.wires.anthropic_rules import judged

GONE = object()
OBJECT = {"type": "object", "properties": {}}
TOOL = {"name": "f", "input_schema": OBJECT}
SEARCH = {"type": "web_search_20250305", "name": "web_search"}
MARK = {"cache_control": {"type": "ephemeral"}}
CALL = {"type": "tool_use", "id": "a", "name": "f", "input": {}}
RESULT = {"type": "tool_result", "tool_use_id": "a", "content": "1"}
SERVER_CALL = {
    "type": "server_tool_use",
    "id": "srvtoolu_1",
    "name": "web_search",
    "input": {},
}
SERVER_RESULT = {
    "type": "web_search_tool_result",
    "tool_use_id": "srvtoolu_1",
    "content": [],
}
THOUGHT = {"type": "thinking", "thinking": "hm", "signature": signature("hm", "1")}
HIDDEN = {"type": "redacted_thinking", "data": signature("", "1")}
PNG = base64.b64encode(b"\x89PNG\r\n\x1a\n").decode()
WEBP = base64.b64encode(b"RIFF\0\0\0\0WEBPVP8 ").decode()
NO = "Extra inputs are not permitted"
ADAPTIVE = {"type": "adaptive"}
BUDGET = {"type": "enabled", "budget_tokens": 1024}
OFF = {"type": "disabled"}


def user(*content):
    """Return a message of the user."""
    return {"role": "user", "content": list(content)}


def assistant(*content):
    """Return a message of the assistant."""
    return {"role": "assistant", "content": list(content)}


def said(text, **fields):
    """Return a block of text."""
    return {"type": "text", "text": text, **fields}


HI, YO = user(said("hi")), assistant(said("yo"))


def talk(*messages, **fields):
    """Return fields of a request with these messages."""
    return {"messages": list(messages), **fields}


def shown(*content, **fields):
    """Return fields of a request in which the user shows these blocks."""
    return talk(user(*content), **fields)


def answered(*content, **fields):
    """Return fields of a request in which the assistant said these blocks."""
    return talk(HI, assistant(*content), HI, **fields)


def ran(*content, **fields):
    """Return fields of a request whose tool `a` ran, the user's message as given."""
    return talk(HI, assistant(CALL), user(*content), **fields)


def called(**fields):
    """Return fields of a request whose history has a call with these fields."""
    result = {**RESULT, "tool_use_id": fields.get("id", "a")}
    return talk(HI, assistant({**CALL, **fields}), user(result))


def image(kind="base64", **source):
    """Return an image."""
    return {"type": "image", "source": {"type": kind, **source}}


def png(media_type="image/png", data=PNG):
    """Return an image in the request."""
    return image(media_type=media_type, data=data)


def document(kind, **source):
    """Return a document."""
    return {"type": "document", "source": {"type": kind, **source}}


def formatted(schema, **fields):
    """Return fields of a request for an answer with a schema."""
    form = {"type": "json_schema", "schema": schema}
    return {"output_config": {"format": form}, **fields}


def closed(**properties):
    """Return the schema of a closed object, all of it required."""
    return {
        "type": "object",
        "properties": properties,
        "required": list(properties),
        "additionalProperties": False,
    }


def schema(**keywords):
    """Return fields of a request for an answer with one property."""
    return formatted(closed(x=keywords))


def strict(name="f", **keywords):
    """Return a strict tool."""
    return {"name": name, "input_schema": {**closed(), **keywords}, "strict": True}


def many(count, kind):
    """Return the schema's keywords of so many properties."""
    return {"properties": {f"p{n}": kind for n in range(count)}}


def tools(*definitions, **fields):
    """Return fields of a request with these tools."""
    return {"tools": list(definitions), **fields}


def forced(model, **fields):
    """Return fields of a request that must call a tool."""
    return tools(TOOL, tool_choice={"type": "any"}, model=model, **fields)


def model(name, **fields):
    """Return fields of a request to a model."""
    return {"model": name, **fields}


def effort(name, level, **fields):
    """Return fields of a request for an effort."""
    return model(name, output_config={"effort": level}, **fields)


def thinks(name, thinking, **fields):
    """Return fields of a request that says how to think."""
    return model(name, thinking=thinking, max_tokens=2000, **fields)


SYSTEM = {"role": "system", "content": [said("be brief")]}
CITED = {
    "type": "web_search_result_location",
    "cited_text": "x",
    "encrypted_index": "e",
    "title": None,
    "url": "https://a.example",
}
PLACE = {
    "type": "char_location",
    "cited_text": "x",
    "document_index": 0,
    "start_char_index": 0,
    "end_char_index": 1,
}

KEYS = [
    ({"seed": 1}, {"top_k": 1}, f"seed: {NO}"),
    ({"betas": ["x"]}, {}, f"betas: {NO}"),
    ({"model": GONE}, {}, "model: Field required"),
    ({"model": None}, {}, "model: Input should be a valid string"),
    ({"model": ""}, {}, "model: String should have at least 1 character"),
    ({"max_tokens": GONE}, {}, "max_tokens: Field required"),
    ({"max_tokens": "9"}, {}, "max_tokens: Input should be a valid integer"),
    ({"max_tokens": True}, {}, "max_tokens: Input should be a valid integer"),
    ({"max_tokens": None}, {}, "max_tokens: Input should be a valid integer"),
    (
        {"max_tokens": -1},
        {"max_tokens": 0},
        "max_tokens: Input should be greater than or equal to 0",
    ),
    (
        model("claude-haiku-4-5", max_tokens=64_001),
        model("claude-haiku-4-5", max_tokens=64_000),
        (
            "max_tokens: 64001 > 64000, which is the maximum allowed number of output"
            " tokens for claude-haiku-4-5"
        ),
    ),
    ({"messages": GONE}, {}, "messages: Field required"),
    ({"messages": []}, {}, "messages: at least one message is required"),
    ({"messages": "hi"}, {}, "messages: Input should be a valid list"),
    ({"messages": [HI] * 100_001}, {}, "messages: List should have at most 100000"),
    ({"system": None}, {"system": "x"}, "system: Input should be a valid list"),
    ({"system": " "}, {"system": [said("x", **MARK)]}, "system: text content blocks"),
    (
        {"system": [png()]},
        {"system": []},
        (
            "system.0: Input tag 'image' found using 'type' does not match any of the"
            " expected tags: 'text'"
        ),
    ),
    (
        {"stop_sequences": ["\n"]},
        {"stop_sequences": ["END"]},
        "stop_sequences.0: each stop sequence must contain non-whitespace",
    ),
    ({"stop_sequences": "a"}, {}, "stop_sequences: Input should be a valid list"),
    ({"temperature": 1.5}, {"temperature": 1}, "temperature: Input should be less"),
    ({"temperature": -1}, {"temperature": 0}, "temperature: Input should be greater"),
    ({"temperature": "1"}, {}, "temperature: Input should be a valid number"),
    ({"stream": None}, {"stream": False}, "stream: Input should be a valid boolean"),
    ({"stream": 1}, {"stream": True}, "stream: Input should be a valid boolean"),
    (
        {"service_tier": "flex"},
        {"service_tier": "standard_only"},
        "service_tier: Input should be 'auto' or 'standard_only'",
    ),
    (
        {"metadata": {"team": "x"}},
        {"metadata": {"user_id": "u_1"}},
        f"metadata.team: {NO}",
    ),
    (
        {"metadata": {"user_id": "a@b.co"}},
        {"metadata": {"user_id": "12345678"}},
        "metadata.user_id: user_id appears to contain an email address",
    ),
    (
        {"metadata": {"user_id": "+1 555 123-4567"}},
        {"metadata": {}},
        "metadata.user_id: user_id appears to contain a phone number",
    ),
    (
        {"metadata": {"user_id": "u" * 257}},
        {"metadata": {"user_id": "u" * 256}},
        "metadata.user_id: String should have at most 256 characters",
    ),
    ({"container": None}, {"container": "c_1"}, "container: Input should be a valid"),
    (
        {"thinking": {"type": "adaptive", "display": "updates"}},
        {"thinking": {"type": "adaptive", "display": "omitted"}},
        "thinking.adaptive.display: Input should be 'summarized' or 'omitted'",
    ),
    (
        {"thinking": {"type": "adaptive", "block_binding": "x"}},
        {"thinking": ADAPTIVE},
        f"thinking.adaptive.block_binding: {NO}",
    ),
    ({"thinking": {}}, {}, "thinking.type: Field required"),
    ({"thinking": {"type": 3}}, {}, "thinking: Input tag '3' found using 'type'"),
    (
        {"output_config": {"effort": "minimal"}},
        {"output_config": {"effort": "low"}},
        "output_config.effort: Input should be 'high', 'low', 'max', 'medium' or",
    ),
]

SHAPES = [
    (
        talk({**HI, "name": "x"}),
        talk(HI),
        f"messages.0.name: {NO}",
    ),
    (talk({"role": "user"}), talk(HI), "messages.0.content: Field required"),
    (
        talk({"role": "tool", "content": "x"}),
        talk(HI),
        "messages.0.role: Input should be 'user', 'assistant' or 'system'",
    ),
    (talk("hi"), talk(HI), "messages.0: Input should be an object"),
    (
        talk({"role": "user", "content": None}),
        talk({"role": "user", "content": "x"}),
        "messages.0.content: Input should be a valid list",
    ),
    (
        talk({"role": "user", "content": "\n"}),
        talk({"role": "user", "content": "\nx"}),
        "messages.0.content: text content blocks must contain non-whitespace text",
    ),
    (
        talk({"role": "user", "content": ""}),
        talk(HI, {"role": "assistant", "content": ""}),
        "messages.0: all messages must have non-empty content",
    ),
    (
        talk(HI, assistant(), HI),
        talk(HI, assistant()),
        "messages.1: all messages must have non-empty content",
    ),
    (shown("x"), shown(said("x")), "messages.0.content.0: Input should be a valid"),
    (
        shown(said("")),
        shown(said("x")),
        "messages.0.content.0.text.text: text content blocks must be non-empty",
    ),
    (
        shown(said(" ")),
        shown(said(" x")),
        "messages.0.content.0.text.text: text content blocks must contain",
    ),
    (
        answered(CALL | {"id": "b"}, said("")),
        answered(said("x")),
        "messages.1.content.1.text.text: text content blocks must be non-empty",
    ),
    (
        shown(said("x", index=0)),
        shown(said("x", **MARK)),
        f"messages.0.content.0.text.index: {NO}",
    ),
    (
        answered(said("x", citations=None)),
        answered(said("x", citations=[CITED, PLACE])),
        "messages.1.content.0.text.citations: Input should be a valid list",
    ),
    (
        shown(said("x", cache_control=None)),
        shown(said("x", cache_control={"type": "ephemeral", "ttl": "1h"})),
        "messages.0.content.0.text.cache_control: Input should be an object",
    ),
    (
        shown(said("x", cache_control={"type": "ephemeral", "ttl": "2h"})),
        {},
        "messages.0.content.0.text.cache_control.ephemeral.ttl: Input should be '5m'",
    ),
    (
        answered({**THOUGHT, **MARK}),
        answered(THOUGHT),
        f"messages.1.content.0.thinking.cache_control: {NO}",
    ),
    (
        shown({"type": "image_url", "image_url": {"url": "x"}}),
        shown(png()),
        "messages.0.content.0: Input tag 'image_url' found using 'type'",
    ),
    (
        shown({"text": "x"}),
        shown(said("x")),
        "messages.0.content.0.type: Field required",
    ),
    (
        shown(CALL),
        {},
        "messages.0.content.0: `tool_use` blocks can only be in `assistant` messages",
    ),
    (
        answered(RESULT),
        {},
        "messages.1.content.0: `tool_result` blocks can only be in `user` messages",
    ),
    (
        called(id="functions.f:0"),
        called(id="functions_f_0"),
        (
            "messages.1.content.0.tool_use.id: String should match pattern"
            " '^[a-zA-Z0-9_-]+$'"
        ),
    ),
    (
        called(name="srv/f"),
        called(name="srv_f"),
        "messages.1.content.0.tool_use.name: String should match pattern",
    ),
    (
        called(input="{}"),
        called(input={"a": None}, caller={"type": "direct"}, **MARK),
        "messages.1.content.0.tool_use.input: Input should be a valid dictionary",
    ),
    (
        ran({**RESULT, "tool_use_id": "a:0"}),
        ran(RESULT),
        "messages.2.content.0.tool_result.tool_use_id: String should match pattern",
    ),
    (
        ran({**RESULT, "content": []}),
        ran({**RESULT, "content": [said("x"), png()], "is_error": True, **MARK}),
        "messages.2.content.0.tool_result.content: List should have at least 1 item",
    ),
    (
        ran({**RESULT, "content": [CALL]}),
        ran({"type": "tool_result", "tool_use_id": "a"}),
        "messages.2.content.0.tool_result.content.0: Input tag 'tool_use'",
    ),
    (
        answered({**SERVER_CALL, "id": "toolu_1"}, SERVER_RESULT),
        answered(SERVER_CALL, SERVER_RESULT),
        (
            "messages.1.content.0.server_tool_use.id: String should match pattern"
            " '^srvtoolu_[a-zA-Z0-9_]+$'"
        ),
    ),
]

MEDIA = [
    (
        shown(png("image/jpg")),
        shown(png()),
        (
            "messages.0.content.0.image.source.base64.media_type: Input should be"
            " 'image/jpeg', 'image/png', 'image/gif' or 'image/webp'"
        ),
    ),
    (
        shown(png("image/jpeg")),
        shown(png("image/jpeg", data="aGk=")),
        (
            "messages.0.content.0.image.source.base64: The image was specified using the"
            " image/jpeg media type, but the image appears to be a image/png image"
        ),
    ),
    (
        ran({**RESULT, "content": [png(data=WEBP)]}),
        ran({**RESULT, "content": [png("image/webp", WEBP)]}),
        "messages.2.content.0.tool_result.content.0.image.source.base64: The image",
    ),
    (
        shown(png(data="\n" + PNG)),
        shown(png()),
        "messages.0.content.0.image.source.base64.data: invalid base64 data",
    ),
    (
        shown(image("url", url="http://a.example/x.png")),
        shown(image("url", url="https://a.example/x.png")),
        "messages.0.content.0.image.source.url.url: Only HTTPS URLs are supported.",
    ),
    (
        shown(image("file", file_id="file_1")),
        {},
        "messages.0.content.0.image.source: Input tag 'file' found using 'type'",
    ),
    (
        shown(document("base64", media_type="application/pdf", data=PNG)),
        shown(document("base64", media_type="application/pdf", data="JVBERi0=")),
        (
            "messages.0.content.0.document.source.base64: The file was specified using the"
            " application/pdf media type, but the file appears to be a image/png image"
        ),
    ),
    (
        shown(document("text", media_type="text/csv", data="a")),
        shown(document("text", media_type="text/plain", data="a")),
        "messages.0.content.0.document.source.text.media_type: Input should be",
    ),
    (
        shown(document("content", content=[png("image/gif")])),
        shown(document("content", content=[png()]), document("content", content="x")),
        "messages.0.content.0.document.source.content.content.0.image.source.base64",
    ),
    (
        shown(*[said("x", **MARK)] * 5),
        shown(*[said("x", **MARK)] * 4),
        (
            "cache_control: A maximum of 4 blocks with cache_control may be provided."
            " Found 5."
        ),
    ),
    (
        ran(
            {**RESULT, "content": [said("x", **MARK)], **MARK},
            **tools({**TOOL, **MARK}),
            system=[said("x", **MARK)],
            **MARK,
        ),
        ran({**RESULT, **MARK}, **tools({**TOOL, **MARK}), **MARK),
        "cache_control: A maximum of 4 blocks",
    ),
]

TURNS = [
    (talk(YO, HI), talk(HI, YO, HI), 'messages: first message must use the "user"'),
    (talk(SYSTEM, HI), talk(HI, SYSTEM), "messages.0: role 'system' cannot be the"),
    (
        talk(HI, SYSTEM, **model("claude-opus-4-7")),
        talk(HI, SYSTEM, **model("claude-opus-4-8")),
        "messages.1: role 'system' is not supported on this model",
    ),
    (
        shown({"type": "mid_conv_system", "content": [said("x")]}, **model("claude-x")),
        shown({"type": "mid_conv_system", "content": [said("x")]}),
        "messages.0.content.0: `mid_conv_system` is not supported on this model",
    ),
    (
        talk(HI, YO, SYSTEM),
        talk(HI, assistant(SERVER_CALL, SERVER_RESULT), SYSTEM),
        "messages.2: role 'system' must directly follow a 'user' message",
    ),
    (
        talk(HI, SYSTEM, HI),
        talk(HI, HI, SYSTEM, YO, HI),
        "messages.1: role 'system' must be the last message or be followed by",
    ),
    (
        talk(HI, {"role": "system", "content": [png()]}),
        talk(HI, SYSTEM),
        "messages.1.content.0: `image` blocks can only be in `user` messages",
    ),
    (
        talk(HI, assistant(CALL), HI),
        ran(RESULT, said("x")),
        (
            "messages.1: `tool_use` ids were found without `tool_result` blocks immediately"
            " after: a. Each `tool_use` block must have a corresponding"
        ),
    ),
    (talk(HI, assistant(CALL)), ran(RESULT), "messages.1: `tool_use` ids were found"),
    (
        talk(HI, assistant(CALL), SYSTEM, user(RESULT)),
        talk(HI, assistant(CALL), user(RESULT), SYSTEM),
        "messages.2: role 'system' must directly follow",
    ),
    (
        talk(HI, assistant(CALL, SERVER_CALL, SERVER_RESULT), SYSTEM),
        talk(HI, assistant(CALL, SERVER_CALL, SERVER_RESULT), user(RESULT), SYSTEM),
        "messages.1: `tool_use` ids were found without",
    ),
    (
        ran(said("x"), RESULT),
        ran(RESULT, said("x")),
        "messages.1: `tool_use` ids were found without",
    ),
    (
        talk(
            HI,
            assistant(CALL, CALL | {"id": "b"}),
            user(RESULT, said("x"), RESULT | {"tool_use_id": "b"}),
        ),
        talk(
            HI,
            assistant(CALL),
            assistant(CALL | {"id": "b"}),
            user(RESULT, RESULT | {"tool_use_id": "b"}, said("x")),
        ),
        (
            "messages.1: `tool_use` ids were found without `tool_result` blocks immediately"
            " after: b."
        ),
    ),
    (
        talk(
            HI,
            assistant(CALL, CALL | {"id": "b"}),
            user(RESULT),
            user(RESULT | {"tool_use_id": "b"}),
        ),
        talk(HI, assistant(CALL), user(RESULT), HI),
        "messages.1: `tool_use` ids were found without",
    ),
    (
        ran(RESULT, RESULT | {"tool_use_id": "x"}),
        ran(RESULT),
        (
            "messages.2.content.1: unexpected `tool_use_id` found in `tool_result` blocks:"
            " x. Each `tool_result` block must have a corresponding `tool_use` block"
        ),
    ),
    (shown(RESULT), ran(RESULT), "messages.0.content.0: unexpected `tool_use_id`"),
    (
        ran(RESULT, RESULT),
        ran(RESULT),
        "messages.2.content.1: each tool_use must have a single result. Found multiple",
    ),
    (
        talk(HI, assistant(CALL), user(RESULT), assistant(CALL), user(RESULT)),
        talk(
            HI,
            assistant(CALL),
            user(RESULT),
            assistant(CALL | {"id": "a_2"}),
            user(RESULT | {"tool_use_id": "a_2"}),
        ),
        "messages.3.content.0: `tool_use` ids must be unique",
    ),
    (
        answered(SERVER_CALL),
        talk(HI, assistant(SERVER_CALL)),
        (
            "messages.1.content.0: `web_search` tool use with id `srvtoolu_1` was found"
            " without a corresponding `web_search_tool_result` block"
        ),
    ),
    (
        talk(HI, assistant(SERVER_CALL, said("x"))),
        talk(HI, assistant(said("x"), SERVER_CALL)),
        "messages.1.content.0: `web_search` tool use with id",
    ),
    (
        answered(SERVER_RESULT),
        answered(SERVER_CALL, SERVER_RESULT),
        (
            "messages.1.content.0: unexpected `tool_use_id` found in"
            " `web_search_tool_result` blocks: srvtoolu_1."
        ),
    ),
    (
        talk(HI, YO, **model("claude-sonnet-4-6")),
        talk(HI, YO, **model("claude-sonnet-4-5")),
        (
            "messages: This model does not support assistant message prefill. The"
            " conversation must end with a user message."
        ),
    ),
    (
        talk(HI, assistant(SERVER_CALL, SERVER_RESULT, said("x")), model="claude-x"),
        talk(HI, assistant(SERVER_CALL, SERVER_RESULT), model="claude-x"),
        "messages: This model does not support assistant message prefill.",
    ),
    (
        talk(HI, assistant(said("yo "))),
        talk(HI, assistant(said("yo ")), HI, assistant(said("yo"))),
        "messages: final assistant content cannot end with trailing whitespace",
    ),
]

TOOLS = [
    (tools("x"), tools(TOOL), "tools.0: Input should be a valid dictionary"),
    (
        tools({"type": "function", "function": {}}),
        tools({**TOOL, "type": "custom"}, SEARCH),
        (
            "tools.0: Input tag 'function' found using 'type' does not match any of the"
            " expected tags: 'custom', 'mcp_toolset'"
        ),
    ),
    (
        tools({**TOOL, "parameters": {}}),
        tools({**TOOL, "description": "x", "eager_input_streaming": True}),
        f"tools.0.custom.parameters: {NO}",
    ),
    (
        tools({**TOOL, "name": "a.b"}),
        tools({**TOOL, "name": "n" * 128}),
        "tools.0.custom.name: String should match pattern '^[a-zA-Z0-9_-]{1,128}$'",
    ),
    (tools({**TOOL, "name": "n" * 129}), {}, "tools.0.custom.name: String should"),
    (tools(TOOL, TOOL), tools(TOOL, SEARCH), "tools: Tool names must be unique."),
    (
        tools({"type": "web_search_20250305"}),
        tools(SEARCH),
        "tools.0.web_search_20250305.name: Field required",
    ),
    (
        tools({**TOOL, **MARK, "defer_loading": True}),
        tools({**TOOL, "defer_loading": True}, {**SEARCH, **MARK}),
        "tools.0: Tools with defer_loading=true cannot use prompt caching",
    ),
    (
        tools({"name": "f", "input_schema": {}}),
        tools({"name": "f", "input_schema": {"type": "object"}}),
        "tools.0.custom.input_schema.type: Field required",
    ),
    (
        tools({"name": "f", "input_schema": {"type": "string"}}),
        {},
        "tools.0.custom.input_schema.type: Input should be 'object'",
    ),
    (
        tools({"name": "f", "input_schema": {**OBJECT, "anyOf": []}}),
        tools({"name": "f", "input_schema": {"type": "object", "required": ["x"]}}),
        (
            "tools.0.custom.input_schema: input_schema does not support oneOf, allOf, or"
            " anyOf at the top level"
        ),
    ),
    (
        tools({"name": "f", "input_schema": {"type": "object", "properties": None}}),
        {},
        "tools.0.custom.input_schema.properties: Input should be a valid dictionary",
    ),
    (
        {"tool_choice": {"type": "auto"}},
        tools(TOOL, tool_choice={"type": "auto", "disable_parallel_tool_use": True}),
        "tool_choice: tool_choice may only be specified while providing tools",
    ),
    (
        tools(TOOL, tool_choice={"type": "none", "disable_parallel_tool_use": True}),
        tools(TOOL, tool_choice={"type": "none"}),
        f"tool_choice.none.disable_parallel_tool_use: {NO}",
    ),
    (
        tools(TOOL, tool_choice={"type": "tool", "name": "g"}),
        tools(SEARCH, tool_choice={"type": "tool", "name": "web_search"}),
        "tool_choice: Tool 'g' not found in provided tools",
    ),
    (
        forced("claude-sonnet-5-5"),
        forced("claude-haiku-5-5"),
        "tool_choice: type 'any' is not supported on this model",
    ),
    (
        forced("claude-sonnet-4-6", thinking=BUDGET, max_tokens=2000),
        forced("claude-sonnet-4-6", thinking=ADAPTIVE),
        "thinking: Thinking may not be enabled when tool_choice forces tool use.",
    ),
    (
        tools(strict(), model="claude-sonnet-4-0"),
        tools(strict(), model="claude-sonnet-4-5"),
        "tools.0.custom.strict: strict tools are not supported on this model",
    ),
    (
        tools(strict(additionalProperties=True)),
        tools({**strict(additionalProperties=True), "strict": False}),
        "tools.0.custom.input_schema: For 'object' type, 'additionalProperties' must",
    ),
    (
        tools(*[strict(f"f{n}") for n in range(21)]),
        tools(*[strict(f"f{n}") for n in range(20)], TOOL),
        "tools: Schema is too complex for compilation: 21 strict tools, at most 20",
    ),
    (
        tools(strict(**many(25, {"type": "null"}))),
        tools(strict(**many(24, {"type": "null"}))),
        "tools: Schema is too complex for compilation: 25 optional parameters",
    ),
    (
        tools(strict(**many(17, {"type": ["null", "string"]}))),
        tools(strict(**many(16, {"anyOf": [{"type": "null"}]}))),
        "tools: Schema is too complex for compilation: 17 parameters with union types",
    ),
]

FORMATS = [
    (
        formatted(closed(), model="claude-3-haiku-20240307"),
        formatted(closed(), model="claude-opus-4-1"),
        "output_config.format: structured outputs are not supported on this model",
    ),
    (
        {"output_config": {"format": {"type": "json_object"}}},
        formatted(closed()),
        "output_config.format: Input tag 'json_object' found using 'type'",
    ),
    (
        schema(type="integer", minimum=1),
        schema(type="integer", description="minimum: 1"),
        (
            "output_config.format.schema: For 'integer' type, property 'minimum' is not"
            " supported"
        ),
    ),
    (
        schema(oneOf=[]),
        schema(anyOf=[{"type": "null"}, closed()]),
        "output_config.format.schema: For 'any' type, property 'oneOf'",
    ),
    (
        formatted({"type": "object"}),
        formatted({"type": "object", "additionalProperties": False}),
        (
            "output_config.format.schema: For 'object' type, 'additionalProperties' must be"
            " explicitly set to false"
        ),
    ),
    (
        schema(type="array", items={"type": "object"}),
        schema(type="array", items=closed(), minItems=1),
        "output_config.format.schema: For 'object' type, 'additionalProperties'",
    ),
    (
        schema(type="array", minItems=2),
        schema(type="array", minItems=0),
        "output_config.format.schema: For 'array' type, 'minItems' values other than",
    ),
    (
        schema(type="string", format="regex"),
        schema(type="string", format="uuid"),
        "output_config.format.schema: For 'string' type, format 'regex' is not",
    ),
    (
        schema(type="string", pattern="(?!x)y"),
        schema(type="string", pattern="^y$"),
        "output_config.format.schema: For 'string' type, 'pattern' must not use",
    ),
    (
        formatted(
            {**closed(x={"$ref": "#/$defs/a", "title": "x"}), "$defs": {"a": {}}}
        ),
        formatted({**closed(x={"$ref": "#/$defs/a"}), "$defs": {"a": {}}}),
        "output_config.format.schema: '$ref' must not have other keywords beside it",
    ),
    (
        formatted(closed(x={"$ref": "#"})),
        formatted({"$ref": "#/$defs/a", "$defs": {"a": closed()}}),
        "output_config.format.schema: Circular reference detected",
    ),
    (
        formatted(closed(x={"$ref": "#/$defs/a/b"})),
        {},
        "output_config.format.schema: Reference not found: #/$defs/a/b",
    ),
    (
        formatted(closed(x={"$ref": "https://a.example"})),
        {},
        "output_config.format.schema: External reference is not supported",
    ),
    (
        formatted({"properties": []}),
        formatted({"properties": {}}),
        "output_config.format.schema: JSON schema is invalid: 'properties'",
    ),
    (formatted(closed(x=True)), {}, "output_config.format.schema: JSON schema is inv"),
    (
        formatted(closed(), **talk(HI, YO)),
        formatted(closed(), **talk(HI, assistant(SERVER_CALL))),
        "output_config.format: prefilling the answer is not supported",
    ),
    (
        formatted(
            closed(),
            **shown(
                {
                    **document("text", media_type="text/plain", data="a"),
                    "citations": {"enabled": True},
                }
            ),
        ),
        formatted(
            closed(),
            **shown(
                {
                    **document("text", media_type="text/plain", data="a"),
                    "citations": {"enabled": False},
                }
            ),
        ),
        "output_config.format: citations cannot be enabled with structured outputs",
    ),
]

THINKING = [
    (
        thinks("claude-3-5-haiku-20241022", OFF),
        thinks("claude-3-7-sonnet-20250219", OFF),
        "thinking: This model does not support thinking.",
    ),
    (
        thinks("claude-sonnet-4-5", ADAPTIVE),
        thinks("claude-sonnet-4-5", BUDGET),
        'thinking.type: "thinking.type.adaptive" is not supported for this model.',
    ),
    (
        thinks("claude-opus-4-7", BUDGET),
        thinks("claude-opus-4-6", BUDGET),
        (
            'thinking.type: "thinking.type.enabled" is not supported for this model. Use'
            ' "thinking.type.adaptive" and "output_config.effort" to control'
        ),
    ),
    (
        thinks("claude-opus-5-5", OFF),
        thinks("claude-sonnet-5", OFF),
        'thinking.type: "thinking.type.disabled" is not supported for this model.',
    ),
    (
        thinks("claude-sonnet-5", {"type": "between_tools"}),
        thinks("claude-sonnet-5-5", {"type": "between_tools"}),
        'thinking.type: "thinking.type.between_tools" is not supported',
    ),
    (
        thinks("claude-opus-5", OFF, output_config={"effort": "xhigh"}),
        thinks("claude-opus-5", OFF, output_config={"effort": "high"}),
        "thinking.type: Thinking may only be disabled at an effort up to high.",
    ),
    (
        {"thinking": {"type": "enabled", "budget_tokens": 1023}},
        thinks("m", BUDGET),
        "thinking.enabled.budget_tokens: Input should be greater than or equal to 1024",
    ),
    ({"thinking": {"type": "enabled"}}, {}, "thinking.enabled.budget_tokens: Field"),
    (
        {"thinking": BUDGET, "max_tokens": 1024},
        {"thinking": BUDGET, "max_tokens": 1025},
        (
            "thinking.enabled.budget_tokens: `max_tokens` must be greater than"
            " `thinking.budget_tokens`."
        ),
    ),
    (
        effort("claude-haiku-4-5", "low"),
        effort("claude-opus-4-5", "low"),
        "output_config.effort: This model does not support the effort parameter.",
    ),
    (
        effort("claude-opus-4-6", "xhigh"),
        effort("claude-opus-4-7", "xhigh"),
        (
            "output_config.effort: This model does not support effort level 'xhigh'."
            " Supported levels: high, low, max, medium."
        ),
    ),
    (
        model("claude-opus-4-7", temperature=0),
        model("claude-opus-4-7", temperature=1),
        "temperature: `temperature` is deprecated for this model.",
    ),
    (
        model("claude-x", top_k=1),
        model("claude-x", top_p=1),
        "top_k: `top_k` is deprecated for this model.",
    ),
    (
        model("claude-sonnet-4-5", temperature=0.5, top_p=0.5),
        model("claude-opus-4-0", temperature=0.5, top_p=0.5),
        (
            "temperature: `temperature` and `top_p` cannot both be specified for this"
            " model. Please use only one."
        ),
    ),
    (
        thinks("m", ADAPTIVE, temperature=0.5),
        thinks("m", ADAPTIVE, temperature=1),
        "temperature: `temperature` may only be set to 1 when thinking is enabled",
    ),
    (
        thinks("m", BUDGET, top_p=0.9),
        thinks("m", BUDGET, top_p=0.95),
        "top_p: `top_p` must be greater than or equal to 0.95 or unset",
    ),
    (
        thinks("m", BUDGET, top_k=5),
        thinks("m", OFF, top_k=5),
        "top_k: `top_k` must be unset when thinking is enabled",
    ),
    (
        answered({"type": "thinking", "signature": "x"}),
        answered(THOUGHT),
        "messages.1.content.0.thinking: each thinking block must contain thinking",
    ),
    (
        answered({"type": "thinking", "thinking": "hm"}),
        answered(THOUGHT, said("x")),
        "messages.1.content.0.thinking.signature: Field required",
    ),
    (
        answered({**THOUGHT, "thinking": "ha"}),
        answered(THOUGHT),
        "messages.1.content.0: Invalid signature in thinking block",
    ),
    (
        answered({**THOUGHT, "signature": "EqQB"}),
        answered(THOUGHT),
        "messages.1.content.0: Invalid signature in thinking block",
    ),
    (
        answered({**HIDDEN, "data": THOUGHT["signature"]}),
        answered(HIDDEN),
        "messages.1.content.0: Invalid data in redacted_thinking block",
    ),
    (
        ran(RESULT, **thinks("m", BUDGET)),
        talk(HI, assistant(THOUGHT, CALL), user(RESULT), **thinks("m", BUDGET)),
        (
            "messages.1.content.0.type: Expected `thinking` or `redacted_thinking`, but"
            " found `tool_use`. When `thinking` is enabled, a final `assistant` message"
        ),
    ),
    (
        talk(HI, YO, **thinks("m", BUDGET)),
        talk(HI, YO, HI, **thinks("m", BUDGET)),
        (
            "messages.1.content.0.type: Expected `thinking` or `redacted_thinking`, but"
            " found `text`."
        ),
    ),
    (
        talk(HI, assistant(THOUGHT, said("x")), **model("claude-sonnet-4-5")),
        talk(HI, assistant(THOUGHT, said("x")), HI, **model("claude-sonnet-4-5")),
        (
            "messages.1.content.0: When `thinking` is disabled, an `assistant` message in"
            " the final position cannot contain `thinking`."
        ),
    ),
    (
        talk(HI, assistant(THOUGHT), **model("claude-opus-4-1")),
        talk(HI, assistant(THOUGHT, SERVER_CALL), **model("claude-opus-4-1")),
        "messages.1.content.0: When `thinking` is disabled",
    ),
]
ROWS = KEYS + SHAPES + MEDIA + TURNS + TOOLS + FORMATS + THINKING
IDS = [message[:60] for _, _, message in ROWS]

BETAS = [
    ("files-api-2025-04-14", shown(image("file", file_id="file_1"))),
    (
        "thinking-binding-controls-2026-08-01",
        {"thinking": {**ADAPTIVE, "block_binding": "x"}},
    ),
    (
        "thinking-display-updates-2026-08-18",
        {"thinking": {**ADAPTIVE, "display": "updates"}},
    ),
    ("interleaved-thinking-2025-05-14", {"thinking": BUDGET, "max_tokens": 100}),
    ("context-management-2025-06-27", {"context_management": {}}),
    ("compact-2026-01-12", {"context_management": {}}),
    ("fast-mode-2026-02-01", {"speed": "fast"}),
    ("server-side-fallback-2026-06-01", {"fallbacks": []}),
    (
        "mcp-client-2025-11-20",
        tools(
            {"type": "mcp_toolset", "mcp_server_name": "s"},
            mcp_servers=[{"type": "url", "name": "s", "url": "https://a.example"}],
        ),
    ),
]


def body(fields):
    """Return the body of a request; `GONE` removes a field."""
    whole = {"model": "m-1", "max_tokens": 100, "messages": [HI], **fields}
    return {key: value for key, value in whole.items() if value is not GONE}


def judge(fields, betas="", given=None):
    """Return what becomes of a request."""
    # What comes over the wire shares nothing.
    return judged(json.loads(json.dumps(body(fields))), betas, given or Given())


@pytest.mark.parametrize(("bad", "_good", "message"), ROWS, ids=IDS)
def test_request_is_refused_when_it_breaks_a_rule(bad, _good, message):
    """The message begins with the path, which is the parameter at fault."""
    with pytest.raises(Refused) as caught:
        judge(bad)
    problem = caught.value.problem
    assert problem.message.startswith(message)
    assert (400, problem.message.partition(": ")[0]) == (problem.status, problem.param)


@pytest.mark.parametrize(("_bad", "good", "_message"), ROWS, ids=IDS)
def test_request_is_accepted_when_it_keeps_a_rule(_bad, good, _message):
    """The twin of each row is let in."""
    assert body(good)["model"] == judge(good).body["model"]


@pytest.mark.parametrize(("beta", "fields"), BETAS)
def test_field_is_accepted_when_its_beta_is_on(beta, fields):
    """And refused when it is not."""
    judge(fields, f"other-2026-01-01, {beta}")
    with pytest.raises(Refused):
        judge(fields, "other-2026-01-01")


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        (tools({"type": "mcp_toolset", "mcp_server_name": "s"}), "tools: MCP server"),
        (tools({"type": "mcp_toolset"}), "tools.0.mcp_toolset.mcp_server_name: Field"),
        (
            {"mcp_servers": [{"name": "s", "url": "https://a.example"}]},
            "mcp_servers: MCP server 's' is not used by any mcp_toolset",
        ),
    ],
)
def test_request_is_refused_when_half_of_an_mcp_server_is_missing(fields, message):
    """Both halves are needed."""
    with pytest.raises(Refused, match=message):
        judge(fields, "mcp-client-2025-11-20")


@pytest.mark.parametrize(
    "name", ["nope-1", "gone-1", "anthropic/claude-opus-5", "claude-sonnet-4.6"]
)
def test_model_is_not_found_when_there_is_none_of_that_name(name):
    """A provider before the name, or a dot in it, makes another name."""
    with pytest.raises(Refused) as caught:
        judge({"model": name})
    problem = caught.value.problem
    assert (404, f"model: {name}") == (problem.status, problem.message)


@pytest.mark.parametrize(
    ("found", "message"),
    [
        ([1], "expected an object"),
        (body({"system": "\ud800"}), "no low surrogate in string"),
        (body({"temperature": float("nan")}), "NaN and Infinity are no numbers"),
    ],
)
def test_body_is_refused_when_only_python_reads_it(found, message):
    """Python's reader is more generous than the API's."""
    with pytest.raises(Refused, match=message):
        judged(found, "", Given())


def test_server_block_is_refused_when_it_was_changed():
    """It must come back as it was; blocks of other servers are let in."""
    given = Given()
    given.remember([SERVER_CALL, SERVER_RESULT, said("x")])
    judge(answered(SERVER_CALL, SERVER_RESULT), given=given)
    other = [
        {**SERVER_CALL, "id": "srvtoolu_2"},
        {**SERVER_RESULT, "tool_use_id": "srvtoolu_2"},
    ]
    judge(answered(*other), given=given)
    changed = {**SERVER_RESULT, "content": [{"url": "x"}]}
    with pytest.raises(
        Refused, match="content.1: `web_search_tool_result` blocks must"
    ):
        judge(answered(SERVER_CALL, changed), given=given)


def test_unknown_block_is_accepted_when_it_was_given_out():
    """And no other of its type."""
    given = Given()
    given.remember([{"type": "baz", "id": "1", "source": {}, "x": 1}])
    judge(answered({"type": "baz", "id": "1", "source": {}, "x": 1}), given=given)
    with pytest.raises(Refused, match="Input tag 'baz'"):
        judge(answered({"type": "baz", "id": "1", "x": 2}), given=given)


def test_thought_is_accepted_when_its_odd_signature_was_given_out():
    """A test may script any signature."""
    given, thought = Given(), {**THOUGHT, "signature": "EqQB"}
    given.remember([thought])
    judge(answered(thought), given=given)


def test_conversation_goes_on_when_the_answer_paused():
    """The answer is sent back as it is, also to models without prefill."""
    given, fields = Given(), talk(HI, assistant(said("yo ")), model="claude-opus-5")
    with pytest.raises(Refused, match="prefill"):
        judge(fields, given=given)
    given.pause(said("yo "))
    assert judge(fields, given=given).goes_on


def bound(before, **fields):
    """Return a request to a model whose thoughts are bound, with a thought in it."""
    name = model("claude-opus-5-5")
    end = judge({**talk(*before), **name}).conversation.end
    thought = {**THOUGHT, "signature": signature("hm", "1", end)}
    return {**talk(*before, assistant(thought, said("x")), HI), **name, **fields}


def test_thought_is_accepted_when_the_conversation_before_it_is_the_same():
    """Marks for the cache and the form of a text make no difference."""
    fields = bound([HI])
    judge(fields)
    fields["messages"][0] = user(said("hi", **MARK))
    judge(fields)
    fields["messages"][0] = {"role": "user", "content": "hi"}
    judge(fields)
    judge(bound([HI, assistant(THOUGHT, SERVER_CALL, SERVER_RESULT)]))


@pytest.mark.parametrize(
    "changed", [{"system": "x"}, tools(TOOL), {"messages": 0}, {"model": 0}]
)
def test_thought_is_refused_when_the_conversation_before_it_changed(changed):
    """On models that bind it; others do not look."""
    fields = bound([HI])
    if "messages" in changed:
        fields["messages"][0] = user(said("hello"))
    elif "model" in changed:
        fields["model"], fields["system"] = "claude-opus-5", "x"
        judge(fields)
        return
    else:
        fields |= changed
    with pytest.raises(Refused, match="it is bound to a different conversation"):
        judge(fields)


ODDITIES = (None, True, 3, "x", [], {}, [3], [{}], {"type": "text"}, {"x": None})


def spoiled(value):
    """Give a JSON value with each of its parts in turn replaced by what is odd."""
    yield from ODDITIES
    items = value.items() if isinstance(value, dict) else []
    if isinstance(value, list):
        items = enumerate(value)
    for key, item in list(items):
        for odd in spoiled(item):
            copy = value.copy()
            copy[key] = odd
            yield copy
        copy = value.copy()
        del copy[key]
        yield copy


@pytest.mark.parametrize("rows", [KEYS, SHAPES, MEDIA, TURNS, TOOLS, FORMATS, THINKING])
def test_request_is_judged_when_any_part_of_it_is_odd(rows):
    """It is accepted or refused, but never too much for the rules."""
    betas = ",".join(beta for beta, _ in BETAS)
    refused = 0
    for _, good, _ in rows:
        for fields in spoiled({**body(good), "mcp_servers": []}):
            try:
                judged(fields, betas, Given())
            except Refused:
                refused += 1
    assert refused > 1000
