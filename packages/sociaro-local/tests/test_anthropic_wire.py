import pytest

TOOL = {
    "name": "weather",
    "input_schema": {"type": "object", "properties": {"city": {"type": "string"}}},
}
CLOCK = {"name": "clock", "input_schema": {"type": "object"}}
SERVER_TOOL = {"type": "web_search_20250305", "name": "web_search"}


@pytest.fixture
def provider():
    """Return the provider of these tests."""
    return "anthropic"


def test_answer_is_a_message_when_it_is_whole(client, provider):
    """An echo with the usage in words."""
    response = client.chat(provider, system="be kind")
    usage = {
        "input_tokens": 4,
        "cache_creation_input_tokens": 0,
        "cache_read_input_tokens": 0,
        "output_tokens": 4,
        "service_tier": "standard",
    }
    expected = {
        "id": "msg_000001",
        "type": "message",
        "role": "assistant",
        "model": "m-1",
        "content": [{"type": "text", "text": "You said: hello there"}],
        "stop_reason": "end_turn",
        "stop_sequence": None,
        "usage": usage,
    }
    assert expected == response.json()


def test_stream_is_word_by_word_when_it_is_text(client, provider):
    """Every event of the protocol, in its order; the usage grows."""
    events = client.stream(provider, "count to 2")
    expected = [
        "message_start",
        "ping",
        "content_block_start",
        "content_block_delta",
        "content_block_delta",
        "content_block_stop",
        "message_delta",
        "message_stop",
    ]
    assert expected == [event["type"] for event in events]
    message = events[0]["message"]
    assert ([], None, 1) == (
        message["content"],
        message["stop_reason"],
        message["usage"]["output_tokens"],
    )
    assert {"type": "text", "text": ""} == events[2]["content_block"]
    deltas = [event["delta"] for event in events[3:5]]
    assert [{"type": "text_delta", "text": text} for text in ("1,", " 2")] == deltas
    assert {"stop_reason": "end_turn", "stop_sequence": None} == events[6]["delta"]
    assert (3, 2) == (
        events[6]["usage"]["input_tokens"],
        events[6]["usage"]["output_tokens"],
    )


def test_tool_is_called_when_the_request_has_one(client, provider):
    """The first of the user's own; those of the server are not called."""
    body = client.chat(provider, tools=[SERVER_TOOL, TOOL, CLOCK]).json()
    call = {"type": "tool_use", "id": "toolu_000001", "name": "weather"}
    assert [{**call, "input": {"city": "city"}}] == body["content"]
    assert "tool_use" == body["stop_reason"]


def test_tool_is_called_when_it_is_forced(client, provider):
    """Whatever its place."""
    forced = {"type": "tool", "name": "clock"}
    body = client.chat(provider, tools=[TOOL, CLOCK], tool_choice=forced).json()
    assert ("clock", {}) == (body["content"][0]["name"], body["content"][0]["input"])


def test_tool_call_is_in_pieces_when_it_is_streamed(client, provider):
    """The input is empty at first; the pieces, joined, are JSON."""
    client.gateway.tool_call("lookup", {"query": "the answer"})
    events = client.stream(provider)
    start = [e for e in events if e["type"] == "content_block_start"]
    call = {"type": "tool_use", "id": "toolu_000001", "name": "lookup", "input": {}}
    assert [call] == [event["content_block"] for event in start]
    deltas = [e["delta"] for e in events if e["type"] == "content_block_delta"]
    assert {"input_json_delta"} == {delta["type"] for delta in deltas}
    pieces = [delta["partial_json"] for delta in deltas]
    assert '{"query": "the answer"}' == "".join(pieces)
    assert ("", True) == (pieces[0], len(pieces) > 2)
    assert "tool_use" == events[-2]["delta"]["stop_reason"]


@pytest.mark.parametrize(
    "fields",
    [
        {"tools": [TOOL], "tool_choice": {"type": "none"}},
        {"tools": [SERVER_TOOL]},
        {
            "tools": [TOOL],
            "messages": [
                {"role": "user", "content": "a"},
                {"role": "assistant", "content": "b"},
            ],
        },
    ],
)
def test_no_tool_is_called_when_none_may_be(client, provider, fields):
    """An echo instead."""
    (block,) = client.chat(provider, **fields).json()["content"]
    assert block["text"].startswith("You said: ")


def test_results_are_quoted_when_tools_have_run(client, provider):
    """Their content is text, or blocks, or nothing."""
    blocks = [{"type": "text", "text": "12:00"}]
    content = [
        {"type": "tool_result", "tool_use_id": "a", "content": "sunny"},
        {"type": "tool_result", "tool_use_id": "b", "content": blocks},
        {"type": "tool_result", "tool_use_id": "c"},
        {"type": "text", "text": "well?"},
    ]
    calls = [{"type": "tool_use", "id": i, "name": "f", "input": {}} for i in "abc"]
    messages = [
        {"role": "user", "content": "go"},
        {"role": "assistant", "content": calls},
        {"role": "user", "content": content},
    ]
    (block,) = client.chat(provider, messages=messages, tools=[TOOL]).json()["content"]
    assert "The tool said: sunny; 12:00; " == block["text"]


@pytest.mark.parametrize(
    ("fields", "content", "reason", "sequence"),
    [
        ({"max_tokens": 2}, "You said:", "max_tokens", None),
        ({"stop_sequences": ["hello"]}, "You said: ", "stop_sequence", "hello"),
    ],
)
def test_text_is_cut_when_the_request_has_limits(
    client, provider, fields, content, reason, sequence
):
    """The message says what ended it."""
    body = client.chat(provider, **fields).json()
    assert content == body["content"][0]["text"]
    assert (reason, sequence) == (body["stop_reason"], body["stop_sequence"])


def test_content_is_empty_when_nothing_is_said(client, provider):
    """An empty list is no error; the stream has no block."""
    client.gateway.reply("", times=2)
    assert [] == client.chat(provider).json()["content"]
    types = [event["type"] for event in client.stream(provider)]
    assert ["message_start", "ping", "message_delta", "message_stop"] == types


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"model": None}, "model: Field required"),
        ({"model": 3}, "model: Input should be a valid string"),
        ({"max_tokens": None}, "max_tokens: Field required"),
        ({"max_tokens": -1}, "max_tokens: Input should be greater"),
        ({"messages": None}, "messages: Field required"),
        ({"messages": []}, "messages: at least one message"),
        ({"tools": 3}, "tools: Input should be a valid list"),
        ({"tool_choice": "auto"}, "tool_choice: Input should be an object"),
    ],
)
def test_request_is_refused_when_a_field_is_wrong(client, provider, fields, message):
    """In Anthropic's envelope, naming the field."""
    response = client.chat(provider, **fields)
    body = response.json()
    assert (400, "error") == (response.status_code, body["type"])
    assert "invalid_request_error" == body["error"]["type"]
    assert body["error"]["message"].startswith(message)
    assert body["request_id"] == response.headers["request-id"]


def test_request_is_refused_when_it_has_no_version(client, provider):
    """The header is required."""
    response = client.http.post(
        "/anthropic/v1/messages",
        headers={"x-api-key": client.gateway.key},
        json=client.body(provider),
    )
    expected = "anthropic-version: header is required"
    assert (400, expected) == (
        response.status_code,
        response.json()["error"]["message"],
    )


def test_request_is_refused_when_its_body_is_no_object(client, provider):
    """JSON alone is not enough."""
    response = client.http.post(
        "/anthropic/v1/messages", headers=client.headers(provider), json=[1]
    )
    assert 400 == response.status_code


def test_stream_is_cut_after_so_many_events(client, provider):
    """What opens it always comes, the end never does."""
    client.gateway.reply("a b c")
    client.gateway.cut_stream(after=1)
    client.gateway.reply("a b c")
    client.gateway.cut_stream(after=9)
    opening = ["message_start", "ping", "content_block_start"]
    events = client.broken_stream(provider)
    assert [*opening, "content_block_delta"] == [event["type"] for event in events]
    events = client.broken_stream(provider)
    expected = [*opening, *["content_block_delta"] * 3, "content_block_stop"]
    assert expected == [event["type"] for event in events]


@pytest.mark.parametrize(
    ("error", "kind", "message"),
    [
        (None, "overloaded_error", "had an error"),
        ("busy", "overloaded_error", "busy"),
        ({"type": "api_error", "message": "broken"}, "api_error", "broken"),
    ],
)
def test_stream_ends_with_an_error_event_when_it_is_scripted(
    client, provider, error, kind, message
):
    """Overloaded, unless told otherwise; not streamed it has a status of its own."""
    client.gateway.error_event(0, error, times=2)
    last = client.stream(provider)[-1]
    assert ("error", kind) == (last["type"], last["error"]["type"])
    assert message in last["error"]["message"]
    response = client.chat(provider)
    assert (529, last["error"]) == (response.status_code, response.json()["error"])
