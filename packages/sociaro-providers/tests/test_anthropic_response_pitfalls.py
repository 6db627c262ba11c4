"""Tests of what translators of Anthropic's answers are known to get wrong."""

from __future__ import annotations

import copy
import json
import pickle

import pytest

from sociaro_core.errors import error_from
from sociaro_core.wire import Response
from sociaro_providers import PROVIDERS
from sociaro_providers.calls import ChatCall

CHAT = PROVIDERS["anthropic"].chat
QUESTION = {"role": "user", "content": "hi"}
MODEL = "claude-opus-4-8"

THOUGHT = {"type": "thinking", "thinking": "Let me look", "signature": "czE="}
SIGNED = {"type": "thinking", "thinking": "", "signature": "czI="}
REDACTED = {"type": "redacted_thinking", "data": "ZA=="}
SEARCH = {"type": "server_tool_use", "id": "srvtoolu_1", "name": "web_search", "input": {"query": "x"}}  # fmt: skip
FOUND = {"type": "web_search_tool_result", "tool_use_id": "srvtoolu_1", "content": {"type": "web_search_tool_result_error", "error_code": "unavailable"}}  # fmt: skip
USE = {"type": "tool_use", "id": "toolu_1", "name": "now", "input": {}}
RESULT = {"role": "tool", "tool_call_id": "toolu_1", "content": "noon"}


def text(words):
    return {"type": "text", "text": words}


def answer(content, reason="end_turn", params=None, **more):
    body = {"id": "msg_1", "model": MODEL, "content": content, "stop_reason": reason}
    call = ChatCall([QUESTION], params or {})
    return CHAT.decode(call, Response(200, body=json.dumps(body | more).encode()))


def message(content, reason="end_turn"):
    return answer(content, reason).choices[0].message


def blocks_sent(*messages):
    """Return the assistant's blocks of the next request."""
    call = ChatCall([QUESTION, *messages])
    turns = json.loads(CHAT.encode(call, MODEL).body)["messages"]
    (sent,) = [turn["content"] for turn in turns if turn["role"] == "assistant"]
    return sent


def test_redacted_and_repeated_thinking_is_kept_apart():
    """No block is dropped, none is merged under another's signature."""
    made = message([THOUGHT, REDACTED, SIGNED, text("x")])
    assert [THOUGHT, REDACTED, SIGNED] == made.thinking_blocks
    assert "Let me look" == made.reasoning_content


def test_thinking_that_is_only_a_signature_is_kept():
    """It is not empty: it must go back."""
    made = message([SIGNED, text("x")])
    assert [SIGNED] == made.thinking_blocks
    assert made.reasoning_content is None
    assert [SIGNED, text("x")] == blocks_sent(made)


COPIES = {
    "itself": lambda made: made,
    "a dict": lambda made: made.to_dict(),
    "through JSON": lambda made: json.loads(made.to_json()),
    "through a dump": lambda made: made.model_dump(exclude_none=True),
    "through pickle": lambda made: pickle.loads(pickle.dumps(made)),
    "a deep copy": copy.deepcopy,
}
CONTENTS = {
    "thinking and calls": [THOUGHT, text("x"), USE],
    "redacted": [THOUGHT, REDACTED, SIGNED, USE],
    "server tools": [SIGNED, text("x"), SEARCH, FOUND, text("y"), USE],
    "thinking between": [THOUGHT, text("x"), SIGNED, USE],
    "citations": [{**text("x"), "citations": [{"type": "char_location"}]}, text("y"), USE],
    "fields nobody knows": [{**THOUGHT, "more": 1}, {**USE, "caller": {"type": "direct"}}],
}  # fmt: skip


@pytest.mark.parametrize("how", COPIES)
@pytest.mark.parametrize("name", CONTENTS)
def test_thinking_survives_the_tool_round(how, name):
    """However the message was stored, the same blocks go back, then the results."""
    content = CONTENTS[name]
    made = COPIES[how](message(content, "tool_use"))
    assert content == blocks_sent(made, RESULT)


def test_pause_goes_on_with_the_blocks_it_stopped_at():
    """The server tool that was not run yet comes last, and stays."""
    content = [text("Let me see."), SEARCH]
    made = message(content, "pause_turn")
    assert content == blocks_sent(made)


def test_server_tools_are_no_calls():
    """Nobody can execute them; their failures are data."""
    made = message([SEARCH, FOUND, text("x")])
    assert made.tool_calls is None
    assert [SEARCH, FOUND, text("x")] == (
        made.provider_specific_fields["anthropic"]["content"]
    )


def test_answer_that_is_not_finished_is_no_stop():
    """Pauses, full windows and refusals have their own finish reasons."""
    made = {
        reason: answer([], reason).choices[0].finish_reason
        for reason in ("pause_turn", "model_context_window_exceeded", "refusal")
    }
    assert {
        "pause_turn": "length",
        "model_context_window_exceeded": "length",
        "refusal": "content_filter",
    } == made


def test_prompt_tokens_include_those_of_the_cache():
    """And what was written to it is no completion."""
    counts = {"input_tokens": 12, "cache_creation_input_tokens": 100, "cache_read_input_tokens": 900, "output_tokens": 55}  # fmt: skip
    usage = answer([], usage=counts).usage
    assert (1012, 55, 1067) == (
        usage.prompt_tokens,
        usage.completion_tokens,
        usage.total_tokens,
    )
    assert usage.completion_tokens_details is None


def test_names_of_tools_come_back_as_the_caller_wrote_them():
    """The raw block keeps the name on the wire."""
    tool = {"type": "function", "function": {"name": "srv/get.weather"}}
    use = {**USE, "name": "srv_get_weather"}
    made = answer([use], "tool_use", {"tools": [tool]}).choices[0].message
    assert "srv/get.weather" == made.tool_calls[0].function.name
    raw = made.provider_specific_fields["anthropic"]["content"]
    assert "srv_get_weather" == raw[0]["name"]


EDITS = {
    "text": ({"content": "z"}, [THOUGHT, REDACTED, text("z"), USE]),
    "no text": ({"content": None}, [THOUGHT, REDACTED, USE]),
    "no calls": ({"tool_calls": None}, [THOUGHT, REDACTED, text("x")]),
    "no raw blocks": ({"provider_specific_fields": None}, [THOUGHT, REDACTED, text("x"), USE]),
    "no thinking either": ({"provider_specific_fields": {}, "thinking_blocks": []}, [text("x"), USE]),
}  # fmt: skip


@pytest.mark.parametrize("name", EDITS)
def test_edited_message_is_built_anew(name):
    """Thinking first, then text, then calls: what the message says now."""
    changes, expected = EDITS[name]
    made = message([THOUGHT, REDACTED, SEARCH, FOUND, text("x"), USE]).to_dict()
    edited = {**made, **changes}
    results = [RESULT] if edited.get("tool_calls") else []
    assert expected == blocks_sent(edited, *results)


def test_changed_thinking_does_not_change_the_raw_blocks():
    """They are copies: the message goes back as it came."""
    made = message([THOUGHT, text("x")])
    made.thinking_blocks[0]["thinking"] = "other"
    assert [THOUGHT, text("x")] == blocks_sent(made)


def test_call_that_was_cut_off_goes_back_as_an_object():
    """The API takes no other input; the history stays sendable."""
    made = message([{**USE, "input": '{"path": "/'}], "max_tokens")
    (sent,) = blocks_sent(made, RESULT)
    assert isinstance(sent["input"], dict)


def test_empty_text_beside_a_call_does_not_go_back():
    """The API gives it and refuses it."""
    made = message([text(""), USE], "tool_use")
    assert made.content is None
    assert [USE] == blocks_sent(made, RESULT)


@pytest.mark.parametrize("name", ["openai", "alibaba", "byteplus", "mulerouter"])
@pytest.mark.parametrize("how", COPIES)
def test_other_providers_get_what_they_know(name, how):
    """Thinking, its blocks and the raw blocks are taken off."""
    made = COPIES[how](message([THOUGHT, text("x"), USE], "tool_use"))
    call = ChatCall([QUESTION, made, RESULT])
    sent = json.loads(PROVIDERS[name].chat.encode(call, "m").body)["messages"]
    assert [QUESTION, RESULT] == [sent[0], sent[2]]
    assert {"role", "content", "tool_calls"} == set(sent[1]) - {"refusal"}
    assert "x" == sent[1]["content"]


ENVELOPES = {
    "Anthropic's": (b'{"type":"error","error":{"type":"api_error","message":"m"},"request_id":"r"}', "m", "api_error"),
    "without the outer type": (b'{"error":{"type":"api_error","message":"m"}}', "m", "api_error"),
    "text": (b'{"error":"m"}', "m", None),
    "a message": (b'{"message":"m"}', "m", None),
    "a detail": (b'{"detail":"m"}', "m", None),
    "nothing": (b"", "HTTP status 500 without a message", None),
    "HTML": (b"<html>m</html>", "<html>m</html>", None),
}  # fmt: skip


@pytest.mark.parametrize("name", ENVELOPES)
def test_error_in_any_envelope(name):
    """It has a message, the type as it came, and OpenAI's code."""
    body, words, kind = ENVELOPES[name]
    error = CHAT.refine(error_from(Response(500, body=body)))
    assert (words, kind, "server_error") == (error.message, error.type, error.code)
