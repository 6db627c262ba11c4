import httpx
import pytest

TOOL = {
    "type": "function",
    "function": {
        "name": "weather",
        "parameters": {"properties": {"city": {"type": "string"}}},
    },
}
CLOCK = {"type": "function", "function": {"name": "clock"}}
USAGE = {"include_usage": True}


def choice(chunk):
    """Return the only choice of a chunk."""
    (found,) = chunk["choices"]
    return found


def deltas(chunks):
    """Return the deltas between the first and the last of a stream without usage."""
    assert "[DONE]" == chunks[-1]
    return [choice(chunk)["delta"] for chunk in chunks[1:-2]]


def test_answer_is_a_chat_completion_when_it_is_whole(client, shaped):
    """An echo with the usage in words."""
    body = client.chat(shaped).json()
    assert ("chatcmpl-000001", "chat.completion") == (body["id"], body["object"])
    assert ("m-1", int) == (body["model"], type(body["created"]))
    (only,) = body["choices"]
    assert (0, "stop", None) == (only["index"], only["finish_reason"], only["logprobs"])
    assert "You said: hello there" == only["message"]["content"]
    assert "assistant" == only["message"]["role"]
    usage = body["usage"]
    assert (2, 4, 6) == (
        usage["prompt_tokens"],
        usage["completion_tokens"],
        usage["total_tokens"],
    )
    assert 0 == usage["prompt_tokens_details"]["cached_tokens"]
    assert 0 == usage["completion_tokens_details"]["reasoning_tokens"]


@pytest.mark.parametrize(
    ("provider", "fields"),
    [
        ("openai", {"service_tier", "system_fingerprint"}),
        ("alibaba", {"system_fingerprint"}),
        ("byteplus", {"service_tier"}),
        ("mulerouter", {"system_fingerprint"}),
    ],
)
def test_answer_has_the_providers_own_fields(client, provider, fields):
    """Whole answers and chunks alike."""
    usual = {"id", "object", "created", "model", "choices"}
    assert usual | {"usage"} | fields == set(client.chat(provider).json())
    assert usual | fields == set(client.stream(provider)[0])


def test_stream_is_word_by_word_when_it_is_text(client, shaped):
    """Role, words, finish, [DONE]; no usage unless it is asked for."""
    chunks = client.stream(shaped, "count to 3")
    first, *_, last, done = chunks
    opening = {k: v for k, v in choice(first)["delta"].items() if k != "refusal"}
    assert {"role": "assistant", "content": ""} == opening
    assert [{"content": "1,"}, {"content": " 2,"}, {"content": " 3"}] == deltas(chunks)
    assert "stop" == choice(last)["finish_reason"]
    expected = {"content": ""} if shaped == "alibaba" else {}
    assert expected == choice(last)["delta"]
    assert "[DONE]" == done
    assert all("usage" not in chunk for chunk in chunks[:-1])
    assert {"chat.completion.chunk"} == {chunk["object"] for chunk in chunks[:-1]}
    assert 1 == len({chunk["id"] for chunk in chunks[:-1]})


def test_stream_ends_with_usage_when_it_is_asked_for(client, shaped):
    """A chunk without choices; the others say null."""
    *others, last, done = client.stream(shaped, "count to 3", stream_options=USAGE)
    assert "[DONE]" == done
    assert [] == last["choices"]
    assert (3, 6) == (
        last["usage"]["completion_tokens"],
        last["usage"]["total_tokens"],
    )
    assert {None} == {chunk["usage"] for chunk in others}


def test_tool_is_called_when_the_request_has_one(client, shaped):
    """The first, with arguments of its schema."""
    body = client.chat(shaped, tools=[TOOL, CLOCK]).json()
    (only,) = body["choices"]
    assert "tool_calls" == only["finish_reason"]
    assert only["message"]["content"] in (None, "")
    (call,) = only["message"]["tool_calls"]
    assert ("call_000001_0", "function") == (call["id"], call["type"])
    assert {"name": "weather", "arguments": '{"city": "city"}'} == call["function"]


def test_tool_is_called_when_it_is_forced(client):
    """Whatever its place."""
    forced = {"type": "function", "function": {"name": "clock"}}
    body = client.chat(tools=[TOOL, CLOCK], tool_choice=forced).json()
    (call,) = body["choices"][0]["message"]["tool_calls"]
    assert {"name": "clock", "arguments": "{}"} == call["function"]


@pytest.mark.parametrize(
    "fields",
    [
        {"tools": [TOOL], "tool_choice": "none"},
        {"tools": []},
        {"tools": [{"type": "custom", "custom": {"name": "x"}}, "x"]},
        {"tools": [{"type": "function", "function": {"name": 3}}]},
        {
            "tools": [TOOL],
            "messages": [
                {"role": "user", "content": "a"},
                {"role": "assistant", "content": "b"},
            ],
        },
    ],
)
def test_no_tool_is_called_when_none_may_be(client, fields):
    """An echo instead."""
    message = client.chat(**fields).json()["choices"][0]["message"]
    assert message["content"].startswith("You said: ")
    assert "tool_calls" not in message


def test_tool_call_is_in_fragments_when_it_is_streamed(client, shaped):
    """Id and name come first; the arguments, joined, are JSON."""
    chunks = client.stream(shaped, tools=[TOOL])
    (first, *later) = [delta["tool_calls"][0] for delta in deltas(chunks)]
    function = {"name": "weather", "arguments": ""}
    assert "call_000001_0" == first["id"]
    assert (0, "function", function) == (
        first["index"],
        first["type"],
        first["function"],
    )
    joined = "".join(fragment["function"]["arguments"] for fragment in later)
    assert '{"city": "city"}' == joined
    assert len(later) > 1
    extra = {"id": "", "type": "function"} if shaped == "alibaba" else {}
    for fragment in later:
        assert extra == {k: v for k, v in fragment.items() if k in ("id", "type")}
        assert 0 == fragment["index"]
        assert "name" not in fragment["function"]
    last = choice(chunks[-2])
    assert ({}, "tool_calls") == (last["delta"], last["finish_reason"])


def test_results_are_quoted_when_tools_have_run(client, shaped):
    """All that end the conversation; their text may be in parts."""
    calls = [{"id": "c", "type": "function", "function": TOOL["function"]}]
    messages = [
        {"role": "user", "content": "weather?"},
        {"role": "assistant", "content": None, "tool_calls": calls},
        {"role": "tool", "tool_call_id": "c", "content": "sunny"},
        {"role": "tool", "tool_call_id": "d", "content": [{"text": "12:00"}]},
    ]
    body = client.chat(shaped, messages=messages, tools=[TOOL]).json()
    expected = "The tool said: sunny; 12:00"
    assert expected == body["choices"][0]["message"]["content"]


def test_results_are_quoted_when_there_is_nothing_else(client):
    """A conversation may be all tools."""
    messages = [{"role": "tool", "tool_call_id": "c", "content": "sunny"}]
    body = client.chat(messages=messages).json()
    assert "The tool said: sunny" == body["choices"][0]["message"]["content"]


def test_reply_is_the_scripted_one_when_there_is_one(client, shaped):
    """Once, whole or streamed."""
    client.gateway.reply("Good morning!", times=2)
    body = client.chat(shaped).json()
    assert "Good morning!" == body["choices"][0]["message"]["content"]
    chunks = client.stream(shaped)
    assert [{"content": "Good"}, {"content": " morning!"}] == deltas(chunks)
    assert "You said" in client.chat(shaped).text


def test_tool_call_is_the_scripted_one_when_there_is_one(client, shaped):
    """The request need not have the tool."""
    client.gateway.tool_call("lookup", {"q": "é"}, provider=shaped)
    (call,) = client.chat(shaped).json()["choices"][0]["message"]["tool_calls"]
    assert {"name": "lookup", "arguments": '{"q": "é"}'} == call["function"]


def test_text_parts_are_joined_when_content_is_a_list(client):
    """Images have nothing to say."""
    content = [
        {"type": "text", "text": "look"},
        {"type": "image_url", "image_url": {"url": "x"}},
        {"type": "text", "text": "here"},
    ]
    messages = [
        {"role": "system", "content": "be kind to all"},
        {"role": "user", "content": content},
    ]
    body = client.chat(messages=messages).json()
    assert "You said: look here" == body["choices"][0]["message"]["content"]
    assert 6 == body["usage"]["prompt_tokens"]


def test_echo_is_empty_when_the_user_said_nothing(client):
    """There need not be a user."""
    messages = [{"role": "system", "content": "be kind"}]
    body = client.chat(messages=messages).json()
    assert "You said: " == body["choices"][0]["message"]["content"]


def test_echo_is_readable_when_the_text_has_a_lone_surrogate(client):
    """Half a character cannot be written; the rest is."""
    body = client.http.post(
        "/openai/v1/chat/completions",
        headers=client.headers("openai"),
        content=b'{"model":"m","messages":[{"role":"user","content":"a\\ud800 \xc3\xa9"}]}',
    ).json()
    assert "You said: a? é" == body["choices"][0]["message"]["content"]


def test_choices_are_many_when_n_is(client, shaped):
    """Each with its index, and a call id of its own; their words are added up."""
    body = client.chat(shaped, n=3).json()
    assert [0, 1, 2] == [one["index"] for one in body["choices"]]
    assert 12 == body["usage"]["completion_tokens"]
    calls = client.chat(shaped, n=2, tools=[TOOL]).json()["choices"]
    assert 2 == len({one["message"]["tool_calls"][0]["id"] for one in calls})
    chunks = client.stream(shaped, "hi", n=2)[:-1]
    texts = ["", ""]
    for chunk in chunks:
        texts[choice(chunk)["index"]] += choice(chunk)["delta"].get("content") or ""
    assert ["You said: hi"] * 2 == texts
    ends = [choice(c)["index"] for c in chunks if choice(c)["finish_reason"]]
    assert [0, 1] == ends


@pytest.mark.parametrize(
    ("fields", "text", "finish"),
    [
        ({"max_tokens": 3}, "You said: hello", "length"),
        ({"max_completion_tokens": 1, "max_tokens": 3}, "You", "length"),
        ({"stop": " hello"}, "You said:", "stop"),
        ({"stop": ["zz", "said"]}, "You ", "stop"),
        ({"stop": None, "max_tokens": 9}, "You said: hello there", "stop"),
    ],
)
def test_text_is_cut_when_the_request_has_limits(client, shaped, fields, text, finish):
    """Whole and streamed alike."""
    (only,) = client.chat(shaped, **fields).json()["choices"]
    assert (text, finish) == (only["message"]["content"], only["finish_reason"])
    chunks = client.stream(shaped, **fields)
    assert text == "".join(delta["content"] for delta in deltas(chunks))
    assert finish == choice(chunks[-2])["finish_reason"]


def test_reasoning_is_shown_by_alibaba_when_thinking_is_on(client):
    """Text and reasoning each say null beside the other."""
    on = {"enable_thinking": True}
    message = client.chat("alibaba", "hi", **on).json()["choices"][0]["message"]
    assert "The user said: hi" == message["reasoning_content"]
    chunks = client.stream("alibaba", "hi", **on, stream_options=USAGE)
    opening = choice(chunks[0])["delta"]
    assert {"role": "assistant", "content": None, "reasoning_content": ""} == opening
    body = [choice(chunk)["delta"] for chunk in chunks[1:-3]]
    thoughts = [d["reasoning_content"] for d in body if d["content"] is None]
    assert "The user said: hi" == "".join(thoughts)
    words = [d["content"] for d in body if d["reasoning_content"] is None]
    assert "You said: hi" == "".join(words)
    closing = choice(chunks[-3])["delta"]
    assert {"content": "", "reasoning_content": None} == closing
    usage = chunks[-2]["usage"]
    assert 4 == usage["completion_tokens_details"]["reasoning_tokens"]
    assert 7 == usage["completion_tokens"]


def test_reasoning_is_shown_by_byteplus_when_thinking_is_on(client):
    """Without any nulls."""
    on = {"thinking": {"type": "enabled"}}
    chunks = client.stream("byteplus", "hi", **on)
    thoughts = [d.get("reasoning_content", "") for d in deltas(chunks)]
    assert "The user said: hi" == "".join(thoughts)
    assert "You said: hi" == "".join(d.get("content", "") for d in deltas(chunks))
    for off in ({"type": "disabled"}, "enabled"):
        assert "reasoning" not in client.chat("byteplus", thinking=off).text.replace(
            "reasoning_tokens", ""
        )


def test_reasoning_is_not_shown_when_the_provider_has_none(client):
    """OpenAI keeps its thoughts."""
    on = {"enable_thinking": True, "thinking": {"type": "enabled"}}
    message = client.chat("openai", **on).json()["choices"][0]["message"]
    assert "reasoning_content" not in message


@pytest.mark.parametrize(
    ("fields", "param"),
    [
        ({"model": None}, "model"),
        ({"model": ""}, "model"),
        ({"model": 4}, "model"),
        ({"messages": None}, "messages"),
        ({"messages": []}, "messages"),
        ({"messages": "hi"}, "messages"),
        ({"messages": ["hi"]}, "messages"),
        ({"messages": [{"content": "hi"}]}, "messages"),
        ({"n": 0}, "n"),
        ({"n": True}, "n"),
        ({"max_tokens": "9"}, "max_tokens"),
        ({"max_completion_tokens": -1}, "max_completion_tokens"),
        ({"stop": 3}, "stop"),
        ({"stop": [3]}, "stop"),
        ({"tools": 3}, "tools"),
        ({"stream_options": USAGE}, "stream_options"),
        ({"stream": True, "stream_options": "x"}, "stream_options"),
    ],
)
def test_request_is_refused_when_a_field_is_wrong(client, fields, param):
    """400, naming the field."""
    response = client.chat(**fields)
    error = response.json()["error"]
    assert (400, param) == (response.status_code, error["param"])
    assert "invalid_request_error" == error["type"]


def test_request_is_refused_when_a_field_is_missing(client, shaped):
    """In the provider's shape."""
    for name in ("model", "messages"):
        response = client.chat(shaped, **{name: None})
        assert 400 == response.status_code
        assert name in response.text


def test_request_is_refused_when_its_body_is_no_object(client):
    """JSON alone is not enough."""
    response = client.http.post(
        "/openai/v1/chat/completions", headers=client.headers("openai"), json=[1]
    )
    assert 400 == response.status_code


@pytest.mark.parametrize("after", [0, 2])
def test_stream_is_cut_after_so_many_events(client, shaped, after):
    """The role comes first; nothing says that it is over."""
    client.gateway.reply("a b c d")
    client.gateway.cut_stream(after)
    chunks = client.broken_stream(shaped)
    assert 1 + after == len(chunks)
    assert 1 + after == len(client.broken_stream(shaped, model=f"cut-{after}"))


def test_stream_is_cut_before_its_end_when_it_is_short(client):
    """The finish never comes."""
    client.gateway.reply("a b")
    client.gateway.cut_stream(after=9)
    chunks = client.broken_stream()
    assert [None] * 3 == [choice(chunk)["finish_reason"] for chunk in chunks]


def test_answer_is_cut_in_its_middle_when_it_is_not_streamed(client, provider):
    """The client got less than it was promised."""
    client.gateway.cut_stream()
    with pytest.raises(httpx.RemoteProtocolError, match="without sending complete"):
        client.chat(provider)
    assert [200] == [request.status for request in client.gateway.requests]


def test_stream_ends_with_an_error_event_when_it_is_scripted(client, shaped):
    """In the provider's shape, and without [DONE]."""
    client.gateway.error_event(after=1)
    _, word, error = client.stream(shaped)
    assert {"content": "You"} == choice(word)["delta"]
    assert "had an error" in str(error["error"])
    assert "choices" not in error
    assert 4 == len(client.stream(shaped, model="error-event-2"))


@pytest.mark.parametrize(
    ("error", "expected"),
    [
        ("too busy", "too busy"),
        ({"code": "Throttling", "message": "slow"}, "slow"),
        (b'data: {"error":{"message":"raw"}}\n\n', "raw"),
    ],
)
def test_error_event_is_the_given_one_when_there_is_one(client, error, expected):
    """A message, an object or bytes."""
    client.gateway.error_event(0, error)
    assert expected == client.stream()[-1]["error"]["message"]
    client.gateway.error_event(0, error)
    response = client.chat()
    assert 500 == response.status_code
    assert expected in response.text


def test_stream_is_silent_when_it_hangs(client, shaped):
    """Until the client leaves; the connection stays open until then."""
    client.gateway.hang_stream(after=1)
    body = client.body(shaped, stream=True)
    with client.open_stream(shaped, body) as response:
        pieces = response.iter_raw()
        got = b""
        while got.count(b"\n\n") < 2:
            got += next(pieces)
        assert not client.gateway.wait_for_connections(0, timeout=0.01)
    assert client.gateway.wait_for_connections(0)
    assert 2 == got.count(b"data: ")
