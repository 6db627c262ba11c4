"""Tests of what translators of Anthropic's streams are known to get wrong."""

from __future__ import annotations

import json

import pytest

from sociaro_core.errors import APIConnectionError, APIError, ProviderUnavailableError
from sociaro_core.retries import RetryPolicy
from sociaro_core.wire import Response
from sociaro_providers import PROVIDERS
from sociaro_providers.accumulator import Accumulator
from sociaro_providers.calls import ChatCall
from sociaro_providers.streams import carries

CHAT = PROVIDERS["anthropic"].chat
HELLO = [{"role": "user", "content": "hi"}]
TOOL = {"type": "function", "function": {"name": "srv/get.weather"}}


def event(kind, **fields):
    return f"event: {kind}\ndata: {json.dumps({'type': kind, **fields})}\n\n".encode()


def start(index, kind, **fields):
    return event(
        "content_block_start", index=index, content_block={"type": kind, **fields}
    )


def delta(index, kind, **fields):
    return event("content_block_delta", index=index, delta={"type": kind, **fields})


def stop(index):
    return event("content_block_stop", index=index)


def tool(index, *pieces, name="f", given=None):
    head = start(index, "tool_use", id=f"toolu_{index}", name=name, input=given or {})
    parts = (delta(index, "input_json_delta", partial_json=p) for p in pieces)
    return b"".join([head, *parts, stop(index)])


def text(index, words):
    head = start(index, "text", text="")
    return head + delta(index, "text_delta", text=words) + stop(index)


def begin(**usage):
    message = {"id": "msg_1", "model": "claude-opus-4-8", "usage": usage}
    return event("message_start", message=message)


def end(reason="end_turn", **usage):
    said = event("message_delta", delta={"stop_reason": reason}, usage=usage)
    return said + event("message_stop")


def play(*events, params=None, asks_usage=False):
    params = {**(params or {}), "stream_options": {"include_usage": asks_usage}}
    decoder = CHAT.stream(ChatCall(HELLO, params, stream=True), Response(200))
    return [*decoder.feed(b"".join(events)), *decoder.finish()], decoder.failure


def pieces(*events, **options):
    """Return index, id, name and arguments of every piece of a call."""
    return [
        (call.index, call.id, call.function.name, call.function.arguments)
        for chunk in play(begin(), *events, end("tool_use"), **options)[0]
        for call in chunk.choices[0].delta.tool_calls or []
    ]


def put_together(*events, params=None):
    accumulator = Accumulator()
    for chunk in play(*events, params=params)[0]:
        accumulator.add(chunk)
    return accumulator.completion().choices[0]


def test_index_of_a_call_counts_calls_not_blocks():
    """Text and thinking before it do not move it."""
    thought = start(0, "thinking", thinking="t") + stop(0)
    made = pieces(thought, text(1, "x"), tool(2, "{}"), text(3, "y"), tool(4, "{}"))
    assert [0, 0, 1, 1] == [index for index, *_ in made]


def test_parallel_calls_have_an_index_each():
    """Three calls, three numbers."""
    made = pieces(tool(0, "{}"), tool(1, "{}"), tool(2, "{}"))
    assert [(0, "toolu_0"), (1, "toolu_1"), (2, "toolu_2")] == [
        (index, given) for index, given, *_ in made if given
    ]


def test_arguments_go_to_the_call_of_their_block():
    """Not to the one that was begun last."""
    events = [
        start(0, "tool_use", id="a", name="f", input={}),
        start(1, "tool_use", id="b", name="g", input={}),
        delta(0, "input_json_delta", partial_json='{"a":'),
        delta(1, "input_json_delta", partial_json='{"b":'),
        delta(0, "input_json_delta", partial_json="1}"),
        delta(1, "input_json_delta", partial_json="2}"),
        stop(0),
        stop(1),
    ]
    made = put_together(begin(), *events, end("tool_use")).message.tool_calls
    assert [("a", '{"a":1}'), ("b", '{"b":2}')] == [
        (call.id, call.function.arguments) for call in made
    ]


@pytest.mark.parametrize("given", [(), ("",), ("", "")])
def test_call_without_arguments_gets_an_empty_object(given):
    """Or consumers parse an empty string."""
    assert [(0, "toolu_0", "f", ""), (0, None, None, "{}")] == pieces(tool(0, *given))


def test_arguments_begin_with_an_empty_string():
    """Not with the empty object of the block's start, which would stand in front."""
    made = pieces(tool(0, '{"a": 1}'))
    assert '{"a": 1}' == "".join(arguments for *_, arguments in made)


def test_input_in_the_start_of_a_block_is_told_once():
    """Some send it whole, and say the end twice."""
    made = pieces(tool(0, given={"a": 1}), stop(0))
    assert '{"a": 1}' == "".join(arguments for *_, arguments in made)


def test_pieces_of_arguments_are_not_parsed_alone():
    """They are cut inside of numbers and escapes, and joined at the end."""
    cut = ['{"a": 1', '2, "b": "\\u00', 'fc"', "}"]
    choice = put_together(begin(), tool(0, *cut), end("tool_use"))
    assert "".join(cut) == choice.message.tool_calls[0].function.arguments
    raw = choice.message.provider_specific_fields["anthropic"]["content"]
    assert {"a": 12, "b": "ü"} == raw[0]["input"]


def test_event_may_come_in_several_reads():
    """And one read may hold several events."""
    decoder = CHAT.stream(ChatCall(HELLO, stream=True), Response(200))
    body = begin() + text(0, "Hello")
    assert [] == decoder.feed(body[:20])
    assert 2 == len(decoder.feed(body[20:]))


@pytest.mark.parametrize(
    "kind", ["server_tool_use", "mcp_tool_use", "web_search_tool_result", "brand_new"]
)
def test_deltas_of_server_blocks_are_no_calls(kind):
    """Nobody can execute them; they stay raw."""
    events = [
        start(0, kind, id="srvtoolu_1", name="web_search", input={}),
        delta(0, "input_json_delta", partial_json='{"query": "x"}'),
        stop(0),
    ]
    assert [] == pieces(*events)
    choice = put_together(begin(), *events, end())
    assert "tool_calls" not in choice.message
    raw = choice.message.provider_specific_fields["anthropic"]["content"]
    assert {"query": "x"} == raw[0]["input"]


def test_error_event_is_no_good_end():
    """What follows it does not count, and no finish reason comes."""
    failed = event("error", error={"type": "api_error", "message": "m"})
    chunks, failure = play(begin(), text(0, "One"), failed, end())
    assert isinstance(failure, APIError)
    assert [None, None] == [chunk.choices[0].finish_reason for chunk in chunks]


STATUSES = {
    "invalid_request_error": (400, "invalid_request_error"),
    "authentication_error": (401, "invalid_api_key"),
    "billing_error": (402, "insufficient_quota"),
    "permission_error": (403, "permission_denied"),
    "not_found_error": (404, "model_not_found"),
    "conflict_error": (409, "conflict"),
    "request_too_large": (413, "request_too_large"),
    "rate_limit_error": (429, "rate_limit_exceeded"),
    "api_error": (500, "server_error"),
    "timeout_error": (504, "timeout"),
    "overloaded_error": (529, "overloaded"),
    "brand_new_error": (500, "server_error"),
}


@pytest.mark.parametrize("kind", STATUSES)
def test_error_event_has_the_status_of_its_type(kind):
    """And the class of that status, so that retries and chains see what it is."""
    failed = event("error", error={"type": kind, "message": "max_tokens: too many"})
    error = play(begin(), failed)[1]
    status, code = STATUSES[kind]
    assert (status, code, kind) == (error.status_code, error.code, error.type)
    assert ("max_tokens", "max_tokens: too many") == (error.param, error.message)
    assert status not in (200, 0)


def test_overload_before_anything_was_said_is_retried():
    """The role alone commits to nothing."""
    failed = event("error", error={"type": "overloaded_error", "message": "Overloaded"})
    chunks, failure = play(begin(), event("ping"), failed)
    assert not any(map(carries, chunks))
    assert ProviderUnavailableError is type(failure)
    assert RetryPolicy(max_retries=1).retries(failure, 0)


def test_first_chunk_has_the_role():
    """Whatever comes first."""
    for events in ([], [text(0, "a")], [tool(0)]):
        first = play(begin(), *events, end())[0][0]
        assert {"role": "assistant", "content": ""} == first.choices[0].delta.to_dict()


def usage_of(*events):
    return play(*events, asks_usage=True)[0][-1].usage


def test_prompt_tokens_of_the_start_are_in_the_usage():
    """Those of the cache too."""
    usage = usage_of(
        begin(input_tokens=3, cache_read_input_tokens=20, cache_creation_input_tokens=5),
        end(output_tokens=7),
    )  # fmt: skip
    assert (28, 7, 35) == (
        usage.prompt_tokens,
        usage.completion_tokens,
        usage.total_tokens,
    )
    assert {"cached_tokens": 20, "cache_write_tokens": 5} == (
        usage.prompt_tokens_details.to_dict()
    )


def test_prompt_tokens_are_not_counted_twice():
    """The end repeats what the start said."""
    usage = usage_of(
        begin(input_tokens=3, output_tokens=1), end(input_tokens=3, output_tokens=7)
    )
    assert (3, 7) == (usage.prompt_tokens, usage.completion_tokens)


def test_cache_tokens_that_only_the_end_has():
    """Some gateways tell them no earlier."""
    usage = usage_of(begin(input_tokens=3), end(cache_read_input_tokens=9))
    assert (12, 9) == (usage.prompt_tokens, usage.prompt_tokens_details.cached_tokens)


@pytest.mark.parametrize(
    ("reason", "expected"),
    [
        ("end_turn", "stop"),
        ("stop_sequence", "stop"),
        ("tool_use", "tool_calls"),
        ("max_tokens", "length"),
        ("model_context_window_exceeded", "length"),
        ("pause_turn", "length"),
        ("compaction", "length"),
        ("refusal", "content_filter"),
        ("brand_new", "stop"),
    ],
)
def test_finish_reason_is_that_of_the_stop_reason(reason, expected):
    """Not always a stop, and none of Anthropic's words."""
    choice = put_together(begin(), tool(0, "{}"), end(reason))
    assert expected == choice.finish_reason
    assert reason == choice.message.provider_specific_fields["anthropic"]["stop_reason"]


def test_truncated_call_is_not_completed():
    """Executing half of it would do harm."""
    events = [
        start(0, "tool_use", id="a", name="f", input={}),
        delta(0, "input_json_delta", partial_json='{"path": "/'),
    ]
    choice = put_together(begin(), *events, end("max_tokens"))
    assert "length" == choice.finish_reason
    assert '{"path": "/' == choice.message.tool_calls[0].function.arguments
    choice = put_together(begin(), events[0], end("max_tokens"))
    assert "" == choice.message.tool_calls[0].function.arguments


def test_names_of_tools_come_back_as_the_caller_wrote_them():
    """In the pieces of a call; the raw block keeps the name on the wire."""
    params = {"tools": [TOOL]}
    made = pieces(tool(0, "{}", name="srv_get_weather"), params=params)
    assert "srv/get.weather" == made[0][2]
    assert "other" == pieces(tool(0, name="other"), params=params)[0][2]
    assert pieces(tool(0, name=None), params=params)[0][2] is None


def test_signature_goes_only_to_a_thinking_block():
    """That of another block must not overwrite it."""
    events = [
        start(0, "thinking", thinking="t", signature="good"),
        stop(0),
        start(1, "brand_new"),
        delta(1, "signature_delta", signature="bad"),
        delta(1, "thinking_delta", thinking="no"),
        delta(1, "text_delta", text="nor this"),
        start(2, "tool_use", id="a", name="f", input={}),
        delta(2, "brand_new_delta"),
    ]
    message = put_together(begin(), *events, end()).message
    assert [{"type": "thinking", "thinking": "t", "signature": "good"}] == (
        message.thinking_blocks
    )
    assert ("t", None) == (message.reasoning_content, message.content)


def test_thinking_block_whose_start_got_lost():
    """Its deltas tell what it is; deltas nobody knows are passed over."""
    events = [
        delta(0, "thinking_delta", thinking="t"),
        delta(0, "brand_new_delta"),
        delta(0, "signature_delta", signature=""),
        delta(0, "signature_delta", signature="s"),
        stop(0),
    ]
    message = put_together(begin(), *events, end()).message
    assert [{"type": "thinking", "thinking": "t", "signature": "s"}] == (
        message.thinking_blocks
    )


def test_every_field_of_a_thinking_block_is_kept():
    """Also one nobody knows yet, and a block without any text or signature."""
    blocks = [
        {"type": "thinking", "thinking": "", "signature": "s", "more": 1},
        {"type": "thinking", "thinking": "", "signature": ""},
        {"type": "redacted_thinking", "data": "d", "more": 2},
    ]
    events = [start(n, **_kind(block)) + stop(n) for n, block in enumerate(blocks)]
    message = put_together(begin(), *events, text(3, "x"), end()).message
    assert blocks == message.thinking_blocks
    assert "reasoning_content" not in message


def _kind(block):
    return {"kind" if name == "type" else name: value for name, value in block.items()}


def test_cut_stream_is_no_answer():
    """It ends without a stop reason: a cut connection."""
    chunks, failure = play(begin(), text(0, "One"))
    assert isinstance(failure, APIConnectionError)
    assert 2 == len(chunks)
