"""Answers of Anthropic's wire beyond text: thoughts, blocks, several calls."""

import json
import re

import pytest

THOUGHT = {"type": "thinking", "thinking": "well now"}
HIDDEN = {"type": "redacted_thinking"}
TEXT = {"type": "text", "text": "It is sunny."}
CITED = {
    "type": "web_search_result_location",
    "cited_text": "sunny",
    "encrypted_index": "e1",
    "title": "Weather",
    "url": "https://a.example",
}
SEARCH = {
    "type": "server_tool_use",
    "id": "srvtoolu_1",
    "name": "web_search",
    "input": {"query": "weather in Rome"},
}
FOUND = {
    "type": "web_search_tool_result",
    "tool_use_id": "srvtoolu_1",
    "content": [{"type": "web_search_result", "url": "https://a.example"}],
}
ODD = {"type": "baz", "x": [1]}
CALLS = [("weather", {"city": "Rome", "days": 3}), ("now", {})]
ALL = [
    THOUGHT,
    HIDDEN,
    SEARCH,
    FOUND,
    {**TEXT, "citations": [CITED]},
    ODD,
    {"type": "tool_use", "name": "weather", "input": {"city": "Rome"}},
    {"type": "tool_use", "id": "toolu_x", "name": "now", "input": {}},
]
BUDGET = {"type": "enabled", "budget_tokens": 1024}


@pytest.fixture
def provider():
    """Return the provider of these tests."""
    return "anthropic"


def put_together(events):
    """Return the content that a stream's events make up."""
    content = []
    for event in events:
        if event["type"] == "content_block_start":
            assert len(content) == event["index"]
            content.append(event["content_block"])
            partial = ""
        elif event["type"] == "content_block_delta":
            assert len(content) == event["index"] + 1
            partial = merged(content[-1], event["delta"], partial)
    return content


def merged(block, delta, partial):
    """Add a delta to a block, and return the JSON of its input so far."""
    kind = delta["type"].removesuffix("_delta")
    if kind == "citations":
        block["citations"].append(delta["citation"])
    elif kind == "input_json":
        partial += delta["partial_json"]
        block["input"] = json.loads(partial) if partial.endswith("}") else {}
    else:
        block[kind] += delta[kind]
    return partial


def again(client, content, model="claude-sonnet-4-6", **fields):
    """Return the response to a request that sends an answer back."""
    used = [block["id"] for block in content if block["type"] == "tool_use"]
    results = [{"type": "tool_result", "tool_use_id": one} for one in used]
    messages = [
        {"role": "user", "content": "hello there"},
        {"role": "assistant", "content": content},
        {"role": "user", "content": [*results, {"type": "text", "text": "go on"}]},
    ]
    return client.chat("anthropic", messages=messages, model=model, **fields)


def test_answer_begins_with_a_thought_when_thinking_is_on(client, provider):
    """Signed, counted, and accepted when it comes back."""
    fields = {"thinking": BUDGET, "max_tokens": 2000}
    body = client.chat(provider, **fields).json()
    thought, said = body["content"]
    assert ("thinking", "The user said: hello there") == (
        thought["type"],
        thought["thinking"],
    )
    assert {"type": "text", "text": "You said: hello there"} == said
    assert (9, {"thinking_tokens": 5}) == (
        body["usage"]["output_tokens"],
        body["usage"]["output_tokens_details"],
    )
    assert 200 == again(client, body["content"], **fields).status_code
    changed = [{**thought, "thinking": "no"}, said]
    response = again(client, changed, **fields)
    assert (
        400,
        "messages.1.content.0: Invalid signature in thinking block",
    ) == (response.status_code, response.json()["error"]["message"])


def test_thought_is_streamed_when_thinking_is_on(client, provider):
    """In pieces, with the signature in one."""
    fields = {"thinking": {"type": "adaptive"}, "model": "claude-sonnet-4-6"}
    events = client.stream(provider, "hi", **fields)
    found = [event for event in events if event["type"] == "content_block_delta"]
    deltas = [event["delta"]["type"] for event in found]
    expected = ["thinking_delta"] * 4 + ["signature_delta"] + ["text_delta"] * 3
    assert expected == deltas
    assert "output_tokens_details" not in events[0]["message"]["usage"]
    assert {"thinking_tokens": 4} == events[-2]["usage"]["output_tokens_details"]
    thought, _ = put_together(events)
    assert ("The user said: hi", True) == (
        thought["thinking"],
        bool(thought["signature"]),
    )


@pytest.mark.parametrize(
    ("model", "thinking", "text"),
    [
        ("claude-sonnet-4-6", None, None),
        ("claude-sonnet-4-6", {"type": "adaptive"}, "The user said: hello there"),
        ("claude-sonnet-4-6", {"type": "adaptive", "display": "omitted"}, ""),
        ("claude-opus-4-7", {"type": "adaptive"}, ""),
        ("claude-sonnet-5", None, ""),
        ("claude-sonnet-5", {"type": "disabled"}, None),
        ("claude-sonnet-5-5", {"type": "between_tools"}, None),
        (
            "claude-opus-5-5",
            {"type": "adaptive", "display": "summarized"},
            "The user said: hello there",
        ),
    ],
)
def test_thought_is_as_the_model_has_it(client, provider, model, thinking, text):
    """Newer models think unasked, and do not show it; it comes back to them."""
    body = client.chat(provider, model=model, thinking=thinking).json()
    assert [text] * (text is not None) == [
        b["thinking"] for b in body["content"] if b["type"] == "thinking"
    ]
    assert (text is not None) == ("output_tokens_details" in body["usage"])
    assert 200 == again(client, body["content"], model).status_code


@pytest.mark.parametrize(
    ("most", "types", "words"),
    [(3, ["thinking"], 3), (5, ["thinking"], 5), (6, ["thinking", "text"], 6)],
)
def test_answer_is_cut_when_thinking_takes_its_tokens(
    client, provider, most, types, words
):
    """The limit counts both."""
    fields = {"thinking": {"type": "adaptive"}, "max_tokens": most}
    body = client.chat(provider, **fields).json()
    assert types == [block["type"] for block in body["content"]]
    assert ("max_tokens", words) == (
        body["stop_reason"],
        body["usage"]["output_tokens"],
    )


def test_nothing_is_said_when_no_token_is_wanted(client, provider):
    """A way to fill the cache."""
    client.gateway.tool_call("now", {})
    body = client.chat(provider, max_tokens=0).json()
    assert ([], "max_tokens") == (body["content"], body["stop_reason"])


def test_answer_is_these_blocks_when_they_are_scripted(client, provider):
    """Whole and streamed, with ids and signatures added; they may be sent back."""
    client.gateway.blocks(ALL, "tool_use", times=2)
    body = client.chat(provider).json()
    content = body["content"]
    assert "tool_use" == body["stop_reason"]
    assert [block["type"] for block in ALL] == [block["type"] for block in content]
    assert ("well now", True, True) == (
        content[0]["thinking"],
        bool(content[0]["signature"]),
        bool(content[1]["data"]),
    )
    assert ALL[2:6] == content[2:6]
    assert ("toolu_000001", "toolu_x") == (content[6]["id"], content[7]["id"])
    assert {"thinking_tokens": 2} == body["usage"]["output_tokens_details"]
    events = client.stream(provider)
    streamed = put_together(events)
    assert content[2:6] == streamed[2:6]
    assert "toolu_000002" == streamed[6]["id"]
    assert body["usage"] == events[-2]["usage"]
    for one in (content, streamed):
        response = again(client, one)
        assert 200 == response.status_code, response.text
    response = again(client, [b for b in content if b != FOUND])
    assert 400 == response.status_code


def test_blocks_come_in_pieces_when_they_are_streamed(client, provider):
    """But for calls without input, and blocks that come whole."""
    client.gateway.blocks([*ALL, {"type": "tool_use", "name": "g", "input": {}}])
    events = client.stream(provider)
    deltas = [set() for _ in range(9)]
    for event in events:
        if event["type"] == "content_block_delta":
            deltas[event["index"]].add(event["delta"]["type"])
    assert [
        {"thinking_delta", "signature_delta"},
        set(),
        {"input_json_delta"},
        set(),
        {"text_delta", "citations_delta"},
        set(),
        {"input_json_delta"},
        set(),
        set(),
    ] == deltas
    ids = [b["id"] for b in put_together(events) if b["type"] == "tool_use"]
    assert ["toolu_000001", "toolu_x", "toolu_000001_3"] == ids


def test_usage_is_the_scripted_one_when_it_is_given(client, provider):
    """Counts of the cache are in the first event, and again in the last."""
    usage = {"input_tokens": 3, "cache_read_input_tokens": 900, "output_tokens": None}
    client.gateway.blocks([TEXT], usage=usage)
    events = client.stream(provider)
    first, last = events[0]["message"]["usage"], events[-2]["usage"]
    assert (3, 900, 1) == (
        first["input_tokens"],
        first["cache_read_input_tokens"],
        first["output_tokens"],
    )
    assert usage.items() <= last.items()


def test_answer_is_a_refusal_when_it_is_scripted(client, provider):
    """No content, and an explanation; streamed the same."""
    details = {"type": "refusal", "explanation": "I must not."}
    client.gateway.blocks([], "refusal", stop_details=details, times=2)
    body = client.chat(provider).json()
    assert ([], "refusal", details) == (
        body["content"],
        body["stop_reason"],
        body["stop_details"],
    )
    events = client.stream(provider)
    expected = {"stop_reason": "refusal", "stop_sequence": None}
    assert {**expected, "stop_details": details} == events[-2]["delta"]


def test_pause_is_continued_when_the_answer_comes_back(client, provider):
    """Even by a model that has no prefill, and if it ends with a blank."""
    blocks = [SEARCH, FOUND, {"type": "text", "text": "so "}]
    client.gateway.blocks(blocks, "pause_turn")
    body = client.chat(provider, model="claude-opus-4-8").json()
    messages = [
        {"role": "user", "content": "hello there"},
        {"role": "assistant", "content": body["content"]},
    ]
    fields = {"model": "claude-opus-4-8", "messages": messages}
    assert 200 == client.chat(provider, **fields).status_code
    messages[1]["content"] = [*blocks[:2], {"type": "text", "text": "so"}]
    assert 400 == client.chat(provider, **fields).status_code


def test_blocks_wait_for_anthropic_when_others_are_called(client):
    """No other provider has them."""
    client.gateway.blocks([TEXT])
    other = client.chat("openai").json()["choices"][0]["message"]["content"]
    assert "You said: hello there" == other
    assert [TEXT] == client.chat("anthropic").json()["content"]


def test_explicit_signature_comes_back_when_it_was_scripted(client, provider):
    """It is known, though it is none of the server's own."""
    client.gateway.blocks([{**THOUGHT, "signature": "EqQB"}, TEXT])
    content = client.chat(provider).json()["content"]
    assert "EqQB" == content[0]["signature"]
    assert 200 == again(client, content).status_code
    assert 400 == again(client, [{**content[0], "thinking": "no"}]).status_code


def test_several_tools_are_called_when_they_are_scripted(client, provider):
    """One block each; whole and streamed."""
    client.gateway.tool_calls(CALLS, times=2)
    body = client.chat(provider).json()
    assert CALLS == [(block["name"], block["input"]) for block in body["content"]]
    assert ["toolu_000001", "toolu_000001_2"] == [b["id"] for b in body["content"]]
    streamed = put_together(client.stream(provider))
    assert CALLS == [(block["name"], block["input"]) for block in streamed]


def test_several_tools_are_called_when_they_are_scripted_for_others(client, shaped):
    """With one index each; whole and streamed."""
    client.gateway.tool_calls(CALLS, times=2)
    choice = client.chat(shaped).json()["choices"][0]
    assert "tool_calls" == choice["finish_reason"]
    calls = choice["message"]["tool_calls"]
    assert ["call_000001_0", "call_000001_0_1"] == [call["id"] for call in calls]
    assert CALLS == [
        (c["function"]["name"], json.loads(c["function"]["arguments"])) for c in calls
    ]
    arguments = {}
    for chunk in client.stream(shaped)[:-1]:
        for choice in chunk["choices"]:
            for call in choice["delta"].get("tool_calls", ()):
                text = arguments.get(call["index"], "") + call["function"]["arguments"]
                arguments[call["index"]] = text
    assert {0: CALLS[0][1], 1: CALLS[1][1]} == {
        index: json.loads(text) for index, text in arguments.items()
    }


def test_script_is_refused_when_no_tool_is_called(gateway):
    """An answer must say something."""
    with pytest.raises(ValueError, match="calls is empty"):
        gateway.tool_calls([])


def test_answer_says_what_is_left_of_the_limits(client, provider):
    """In headers, also of errors; and the id of the request."""
    for response in (client.chat(provider), client.chat(provider, seed=1)):
        headers = response.headers
        assert headers["request-id"].startswith("req_")
        for name in ("requests", "tokens", "input-tokens", "output-tokens"):
            prefix = f"anthropic-ratelimit-{name}"
            assert int(headers[f"{prefix}-limit"]) > int(headers[f"{prefix}-remaining"])
            assert re.fullmatch(
                r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", headers[f"{prefix}-reset"]
            )
    assert "anthropic-ratelimit-requests-limit" not in client.chat("openai").headers


def test_request_is_refused_when_it_is_too_large(client, provider):
    """32 MB are the most; other providers take more."""
    text = "x" * (32 * 1024 * 1024)
    response = client.chat(provider, text)
    error = response.json()["error"]
    assert (413, "request_too_large") == (response.status_code, error["type"])


def test_results_are_quoted_when_system_words_follow_them(client, provider):
    """A message of the system is not the last word."""
    call = {"type": "tool_use", "id": "a", "name": "now", "input": {}}
    result = {"type": "tool_result", "tool_use_id": "a", "content": "12:00"}
    messages = [
        {"role": "user", "content": "go"},
        {"role": "assistant", "content": [call]},
        {"role": "user", "content": [result]},
        {"role": "system", "content": "be brief"},
    ]
    (block,) = client.chat(provider, messages=messages).json()["content"]
    assert "The tool said: 12:00" == block["text"]
