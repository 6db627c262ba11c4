"""Tests of the parameters that depend on the model, on files, and on each other."""

from __future__ import annotations

import base64
import json
import sys

import pytest

from sociaro_core.errors import BadRequestError, ConfigurationError
from sociaro_providers import PROVIDERS
from sociaro_providers.calls import ChatCall

CHAT = PROVIDERS["anthropic"].chat
HELLO = [{"role": "user", "content": "hi"}]
ADAPTIVE = {"type": "adaptive", "display": "summarized"}
DISABLED = {"type": "disabled"}
ALWAYS = "this model always thinks: effort low was sent instead of none"


def encoded(messages=HELLO, model="claude-sonnet-4-6", extra=None, **params):
    return CHAT.encode(ChatCall(messages, params, extra_body=extra), model)


def body(messages=HELLO, model="claude-sonnet-4-6", extra=None, **params):
    return json.loads(encoded(messages, model, extra, **params).body)


def budget(tokens):
    return {"type": "enabled", "budget_tokens": tokens}


EFFORTS = {
    ("3-haiku", "high"): (None, None),
    ("3-haiku", "none"): (None, None),
    ("3-7-sonnet", "minimal"): (budget(1024), None),
    ("sonnet-4-0", "low"): (budget(2048), None),
    ("sonnet-4-5", "medium"): (budget(8192), None),
    ("haiku-4-5", "xhigh"): (budget(24_576), None),
    ("opus-4-1", "max"): (budget(25_600), None),
    ("haiku-4-5", "none"): (None, None),
    ("opus-4-5", "high"): (budget(16_384), "high"),
    ("opus-4-5", "max"): (budget(32_768), "high"),
    ("opus-4-5", "minimal"): (budget(1024), "low"),
    ("opus-4-6", "xhigh"): (ADAPTIVE, "high"),
    ("opus-4-6", "max"): (ADAPTIVE, "max"),
    ("sonnet-4-6", "none"): (None, None),
    ("opus-4-7", "xhigh"): (ADAPTIVE, "xhigh"),
    ("opus-4-8", "none"): (None, None),
    ("sonnet-5", "none"): (DISABLED, None),
    ("opus-5", "none"): (DISABLED, None),
    ("haiku-5-5", "none"): (DISABLED, None),
    ("sonnet-5-5", "none"): ({"type": "between_tools"}, None),
    ("opus-5-5", "none"): (None, "low"),
    ("fable-5", "none"): (None, "low"),
    ("next-9", "none"): (None, "low"),
    ("next-9", "max"): (ADAPTIVE, "high"),
}


@pytest.mark.parametrize(("model", "level"), EFFORTS)
def test_reasoning_effort(model, level):
    """Each generation is told in its own way; what it has not is rounded down."""
    thinking, effort = EFFORTS[model, level]
    for wish in (level, {"effort": level, "summary": "auto"}):
        made = body(model=f"claude-{model}", reasoning_effort=wish)
        assert thinking == made.get("thinking")
        assert effort == made.get("output_config", {}).get("effort")
        assert made["max_tokens"] > made.get("thinking", {}).get("budget_tokens", 0)


@pytest.mark.parametrize(
    ("model", "level", "dropped", "notes"),
    [
        ("3-haiku", "high", ("reasoning_effort",), ()),
        ("3-haiku", "none", (), ()),
        ("opus-4-6", "xhigh", (), ("reasoning_effort xhigh was lowered to high",)),
        ("opus-4-6", "minimal", (), ()),
        ("opus-5-5", "none", (), (ALWAYS,)),
        ("sonnet-5", "none", (), ()),
    ],
)
def test_reasoning_effort_that_cannot_be_kept(model, level, dropped, notes):
    """It is told, and only then."""
    made = encoded(model=f"claude-{model}", reasoning_effort=level)
    assert (dropped, notes) == (made.dropped, made.notes)


@pytest.mark.parametrize("where", ["params", "extra"])
def test_thinking_in_anthropics_form_beats_the_effort(where):
    """Only the effort beside it is taken from there."""
    thinking = {"type": "enabled", "budget_tokens": 2000}
    for model, level, effort in (
        ("sonnet-4-5", "high", None),
        ("opus-4-6", "max", "max"),
        ("opus-4-6", "none", None),
    ):
        params = {"thinking": thinking} if where == "params" else {}
        extra = {"thinking": thinking} if where == "extra" else None
        made = body(HELLO, f"claude-{model}", extra, reasoning_effort=level, **params)
        assert thinking == made["thinking"]
        assert effort == made.get("output_config", {}).get("effort")


def test_effort_beside_disabled_thinking():
    """The one model that refuses more than high with it gets high."""
    for model, effort in (("opus-5", "high"), ("sonnet-5", "max")):
        made = body(model=f"claude-{model}", reasoning_effort="max", thinking=DISABLED)
        assert effort == made["output_config"]["effort"]


def test_output_config_of_the_callers_own():
    """It beats what comes of other parameters, key by key."""
    wish = {"type": "json_schema", "json_schema": {"schema": {"type": "string"}}}
    made = body(
        reasoning_effort="high",
        response_format=wish,
        output_config={"effort": "low", "x": 1},
        extra={"output_config": {"x": 2}},
    )
    form = {"type": "json_schema", "schema": {"type": "string"}}
    assert {"effort": "low", "format": form, "x": 2} == made["output_config"]


CALLS = {"role": "assistant", "tool_calls": [{"id": "a", "function": {"name": "f"}}]}
RESULT = {"role": "tool", "tool_call_id": "a", "content": "1"}
SIGNED = [{"type": "thinking", "thinking": "t", "signature": "s"}]
THOUGHT = {"role": "assistant", "content": "x", "thinking_blocks": SIGNED}


@pytest.mark.parametrize(
    ("messages", "thinks"),
    [
        ([*HELLO, {"role": "assistant", "content": "a"}, *HELLO], True),
        ([*HELLO, CALLS, RESULT], False),
        ([*HELLO, {**CALLS, "thinking_blocks": SIGNED}, RESULT], True),
        ([*HELLO, THOUGHT, *HELLO, CALLS, RESULT], True),
        ([*HELLO, {"role": "assistant", "content": "begun"}], False),
    ],
)
def test_budget_when_the_history_has_no_thinking(messages, thinks):
    """Where the API would miss it before a call, it is left out, and told."""
    made = encoded(messages, "claude-haiku-4-5", reasoning_effort="low")
    assert thinks is ("thinking" in json.loads(made.body))
    why = "the last turn that needs some in the history came without"
    assert (() if thinks else (f"thinking was left out: {why}",)) == made.notes
    assert "thinking" in body(messages, reasoning_effort="low")


def test_limit_in_extra_body_counts():
    """The budget stays below it."""
    made = body(HELLO, "claude-haiku-4-5", {"max_tokens": 2000}, reasoning_effort="max")
    assert (2000, budget(1600)) == (made["max_tokens"], made["thinking"])
    odd = body(model="claude-haiku-4-5", max_tokens="many", reasoning_effort="low")
    assert budget(2048) == odd["thinking"]


@pytest.mark.parametrize(
    ("params", "kept", "dropped", "notes"),
    [
        ({"temperature": 1.7}, {"temperature": 1.0}, (), ("temperature was lowered to 1, the highest there is",)),
        ({"temperature": 1.7, "top_p": 0.5}, {"top_p": 0.5}, ("temperature",), ()),
        ({"temperature": -1}, {"temperature": -1}, (), ()),
        ({"temperature": 1, "top_p": 0.5, "thinking": {"type": "adaptive"}}, {"temperature": 1}, ("top_p",), ()),
    ],
)  # fmt: skip
def test_sampling_that_cannot_be_kept(params, kept, dropped, notes):
    """What is left out is named, what is changed is told."""
    made = encoded(**params)
    sent = json.loads(made.body)
    assert kept == {n: sent[n] for n in ("temperature", "top_p") if n in sent}
    assert (dropped, notes) == (made.dropped, made.notes)


SEARCH = {"type": "web_search_20250305", "name": "web_search"}
BONN = {"type": "approximate", "approximate": {"city": "Bonn", "country": "DE", "region": None}}  # fmt: skip
F = {"type": "function", "function": {"name": "f"}}
BARE = {"name": "f", "input_schema": {"type": "object", "properties": {}}}


@pytest.mark.parametrize(
    ("options", "tools", "expected"),
    [
        ({}, None, [SEARCH]),
        ({"search_context_size": "high"}, [F], [BARE, {**SEARCH, "max_uses": 10}]),
        ({"search_context_size": "huge"}, None, [SEARCH]),
        ({"user_location": BONN}, None, [{**SEARCH, "user_location": {"type": "approximate", "city": "Bonn", "country": "DE"}}]),
        ({}, [{**SEARCH, "max_uses": 3, "cache_control": None}], [{**SEARCH, "max_uses": 3}]),
    ],
)  # fmt: skip
def test_web_search(options, tools, expected):
    """It is a native tool, behind the caller's; one is enough."""
    made = body(web_search_options=options, tools=tools)
    assert expected == made["tools"]


@pytest.mark.parametrize("nested", [True, False])
def test_allowed_tools(nested):
    """Only those go out that are named, in the caller's order."""
    given = [{"function": {"name": name}} for name in ("a.b", "g", "f")]
    fields = {"mode": "required", "tools": [F, {"type": "function", "name": "a.b"}]}
    choice = {"type": "allowed_tools", **({"allowed_tools": fields} if nested else fields)}  # fmt: skip
    made = body(tools=given, tool_choice=choice, web_search_options={})
    assert ["a_b", "f", "web_search"] == [tool["name"] for tool in made["tools"]]
    assert {"type": "any"} == made["tool_choice"]


def test_tools_in_extra_body():
    """A choice may be made among them."""
    made = body(extra={"tools": [SEARCH]}, tool_choice="required")
    assert ({"type": "any"}, [SEARCH]) == (made["tool_choice"], made["tools"])


def test_none_in_extra_body_takes_a_key_away():
    """Anthropic knows no null."""
    assert "temperature" not in body(extra={"temperature": None}, temperature=0.5)


def test_stop_sequences_of_both_kinds():
    """Those in Anthropic's own form stay as they are."""
    assert [" ", "a", "b"] == body(stop=["a", "b"], stop_sequences=[" ", "a"])["stop_sequences"]  # fmt: skip
    assert "odd" == body(stop="a", stop_sequences="odd")["stop_sequences"]


def test_obfuscation_is_a_hint():
    """There is none; asking for it is named."""
    made = encoded(stream_options={"include_obfuscation": True, "include_usage": True})
    assert ("stream_options.include_obfuscation",) == made.dropped
    assert () == encoded(stream_options={"include_obfuscation": False}).dropped


def test_odd_metadata_is_a_hint():
    """It is left out and named."""
    assert ("metadata",) == encoded(metadata="x").dropped


PDF = base64.b64encode(b"%PDF-1.7").decode()
GIF = base64.b64encode(b"GIF89a" + b"\xff" * 10).decode()
CSV = {"type": "text", "media_type": "text/plain", "data": "a,b"}
OF_PDF = {"type": "base64", "media_type": "application/pdf", "data": PDF}
OF_GIF = {"type": "base64", "media_type": "image/gif", "data": GIF}
STORED = {"type": "file", "file_id": "file_1"}

FILES = {
    "pdf": ({"file_data": f"data:application/pdf;base64,{PDF}", "filename": "x.pdf"}, {"type": "document", "source": OF_PDF, "title": "x.pdf"}),
    "pdf by its bytes": ({"file_data": PDF}, {"type": "document", "source": OF_PDF}),
    "pdf by another name": ({"file_data": "data:application/x-pdf;base64,AAAA"}, {"type": "document", "source": {**OF_PDF, "data": "AAAA"}}),
    "text": ({"file_data": "data:text/csv;charset=utf-8;base64,YSxi"}, {"type": "document", "source": CSV}),
    "text with a mark": ({"file_data": "data:application/json;base64,77u/YSxi"}, {"type": "document", "source": CSV}),
    "text by its name": ({"file_data": "YSxi", "filename": "x.CSV"}, {"type": "document", "source": CSV, "title": "x.CSV"}),
    "text of no kind": ({"file_data": "data:application/octet-stream;base64,YSxi", "filename": "x.csv"}, {"type": "document", "source": CSV, "title": "x.csv"}),
    "plain text": ({"file_data": "data:,a%2Cb"}, {"type": "document", "source": CSV}),
    "image": ({"file_data": f"data:image/png;base64,{GIF}", "filename": "x.png"}, {"type": "image", "source": OF_GIF}),
    "base64 for URLs": ({"file_data": GIF.replace("/", "_").rstrip("=")}, {"type": "image", "source": OF_GIF}),
    "stored": ({"file_id": "file_1", "filename": "x.pdf"}, {"type": "document", "source": STORED, "title": "x.pdf"}),
    "stored image": ({"file_id": "file_1", "filename": "x.png"}, {"type": "image", "source": STORED}),
    "by URL": ({"file_id": "https://x/y.pdf"}, {"type": "document", "source": {"type": "url", "url": "https://x/y.pdf"}}),
}  # fmt: skip


@pytest.mark.parametrize("name", FILES)
def test_file(name):
    """PDF and text are documents, images are images; stored ones need a beta."""
    fields, expected = FILES[name]
    part = {"type": "file", "file": fields}
    made = encoded([{"role": "user", "content": [part]}])
    assert [expected] == json.loads(made.body)["messages"][0]["content"]
    stored = STORED == expected["source"]
    assert ("files-api-2025-04-14" if stored else None) == made.headers.get(
        "anthropic-beta"
    )


def test_file_with_more_to_say():
    """What a document may have beside its source is kept, the rest is not."""
    part = {
        "type": "file",
        "file": {"file_id": "file_1", "filename": "x"},
        "title": "T",
        "context": "C",
        "citations": {"enabled": True},
        "cache_control": {"type": "ephemeral"},
        "detail": "high",
    }
    (made,) = body([{"role": "user", "content": [part]}])["messages"][0]["content"]
    kept = {n: part[n] for n in ("title", "context", "citations", "cache_control")}
    assert {"type": "document", "source": STORED, **kept} == made


def test_stored_file_inside_a_result():
    """It needs the beta as well, and so does an upload to a container."""
    result = {**RESULT, "content": [{"type": "document", "source": STORED}]}
    upload = [{"type": "container_upload", "file_id": "file_1"}]
    for messages in ([*HELLO, CALLS, result], [{"role": "user", "content": upload}]):
        made = encoded(messages).headers
        assert "files-api-2025-04-14" == made.get("anthropic-beta")


@pytest.mark.parametrize("url", ["data:image/png;base64,", "data:image/bmp;base64,Qk0AAAAA", "data:image/heic;base64,AAAA", "data:image/png;base64,A"])  # fmt: skip
def test_image_that_is_none(url):
    """It is refused before it is sent."""
    part = {"type": "image_url", "image_url": url}
    with pytest.raises(BadRequestError) as caught:
        body([{"role": "user", "content": [part]}])
    assert "messages[0].content[0].image_url" == caught.value.param


def assistant_of(message):
    return body([*HELLO, {"role": "assistant", **message}, *HELLO])["messages"][1]["content"]  # fmt: skip


def test_signature_that_came_apart_from_its_thinking():
    """The two make a block; either alone does not."""
    extra = {"extra_content": {"anthropic": {"signature": "s"}}}
    text = {"type": "text", "text": "x"}
    for reasoning in ("t", {"content": "t"}):
        made = assistant_of({"content": "x", "reasoning": reasoning, **extra})
        assert [*SIGNED, text] == made
    assert [text] == assistant_of({"content": "x", "reasoning": "t"})


def test_cache_mark_of_an_assistant_message():
    """It goes to the last block, but never to thinking."""
    mark = {"type": "ephemeral"}
    made = assistant_of({"content": "x", "cache_control": mark})
    assert [{"type": "text", "text": "x", "cache_control": mark}] == made
    alone = {"content": None, "thinking_blocks": SIGNED, "cache_control": mark}
    assert SIGNED == assistant_of(alone)


def test_raw_blocks_beside_content_of_parts():
    """They still say what the message says; white space alone is no text."""
    raw = [{"type": "text", "text": "\n"}, {"type": "text", "text": "x", "y": 1}]
    extras = {"provider_specific_fields": {"anthropic": {"content": raw}}}
    parts = [{"type": "text", "text": "\n"}, {"type": "text", "text": "x"}]
    assert [raw[1]] == assistant_of({"content": parts, **extras})
    legacy = {"content": "\nx", "function_call": {"name": "f"}, **extras}
    assert ["text", "tool_use"] == [block["type"] for block in assistant_of(legacy)]


def test_arguments_cut_off_are_told():
    """The place is named, the arguments are not."""
    asks = {"role": "assistant", "tool_calls": [{"id": "a", "function": {"name": "f", "arguments": '{"secret'}}]}  # fmt: skip
    place = "messages[1].tool_calls[0].function.arguments"
    note = f"{place} is no JSON: it went out as __raw_arguments"
    assert (note,) == encoded([*HELLO, asks, RESULT]).notes


@pytest.mark.parametrize(
    ("schema", "expected"),
    [
        ({"type": "null"}, {"type": "null", "description": "D"}),
        ({"type": "null", "description": "d"}, {"type": "null", "description": "d"}),
        ({"$ref": "#/$defs/a"}, {"$ref": "#/$defs/a"}),
    ],
)
def test_description_of_an_answer(schema, expected):
    """The format's own goes to the schema, if there is room for it."""
    form = {"description": "D", "name": "n", "strict": True, "schema": schema}
    made = body(response_format={"type": "json_schema", "json_schema": form})
    assert {"type": "json_schema", "schema": expected} == made["output_config"]["format"]  # fmt: skip


def test_what_cannot_be_kept_is_told_once():
    """However often it occurs."""
    tools = [{"function": {"name": name, "strict": True}} for name in "ab"]
    params = {"web_search_options": None, "user": "a@b.de", "safety_identifier": "a@b.de"}  # fmt: skip
    metadata = {"x": "y", "user_id": "a@b.de"}
    made = encoded(model="claude-sonnet-4-0", tools=tools, metadata=metadata, **params)
    assert ("metadata", "safety_identifier", "user") == made.dropped
    assert ("this model has no strict tools",) == made.notes


def test_raw_call_that_was_cut_off():
    """It goes out as an object all the same, and that is told."""
    use = {"type": "tool_use", "id": "a", "name": "f", "input": '{"x'}
    extras = {"provider_specific_fields": {"anthropic": {"content": [use]}}}
    made = encoded([*HELLO, {**CALLS, **extras}, RESULT])
    sent = json.loads(made.body)["messages"][1]["content"]
    assert [{**use, "input": {"__raw_arguments": '{"x'}}] == sent
    note = "messages[1].tool_calls is no JSON: it went out as __raw_arguments"
    assert (note,) == made.notes


def test_schema_nested_deeper_than_python_can_follow():
    """It is wrong use, not an error of Python's."""
    schema = {}
    for _ in range(190):
        schema = {"items": schema}
    form = {"type": "json_schema", "json_schema": {"schema": schema}}
    call = ChatCall(HELLO, {"response_format": form})

    def below(frames):
        return below(frames - 1) if frames else CHAT.encode(call, "claude-opus-5")

    with pytest.raises(ConfigurationError, match="nested too deeply"):
        below(sys.getrecursionlimit() - 400)
    assert below(0).body
