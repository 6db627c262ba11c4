"""Agents on Anthropic's models: thinking and tools, round after round."""

import json

import pytest

from sociaro import APIError

WEATHER = {
    "type": "function",
    "function": {
        "name": "get_weather",
        "parameters": {
            "type": "object",
            "properties": {"city": {"type": "string"}},
            "required": ["city"],
        },
    },
}
# A name that Anthropic does not take: it is written otherwise on the wire.
NOW = {"type": "function", "function": {"name": "clock/now"}}
TOOLS = [WEATHER, NOW]
SEARCH = {
    "type": "server_tool_use",
    "id": "srvtoolu_01",
    "name": "web_search",
    "input": {"query": "Bonn"},
}
FOUND = {"type": "web_search_tool_result", "tool_use_id": "srvtoolu_01", "content": []}

# One thinks between calls by itself, one by a budget, one binds its thoughts to the
# conversation before them.
MODELS = ["claude-sonnet-4-6", "claude-haiku-4-5", "claude-opus-5-5"]


def use(name, **arguments):
    """Return a call of a tool as the model makes it; the gateway gives it an id."""
    return {"type": "tool_use", "name": name, "input": arguments}


def thought(text):
    """Return a thought; the gateway signs it."""
    return {"type": "thinking", "thinking": text}


ROUNDS = [
    [thought("Two cities."), {"type": "text", "text": "Looking."}, use("get_weather", city="Köln")],
    [thought(""), SEARCH, FOUND, use("get_weather", city="Rom"), use("clock_now")],
    [{"type": "redacted_thinking"}, thought("Hm."), {"type": "text", "text": "More."}, use("clock_now")],
]  # fmt: skip


def script(gateway, rounds=ROUNDS):
    """Let the model call tools in each round, and answer at the end."""
    for blocks in rounds:
        gateway.blocks(blocks, "tool_use")
    gateway.blocks([thought("Done."), {"type": "text", "text": "It rains."}])


async def ask(client, messages, *, stream, **options):
    """Return the next message of the model."""
    create = client.chat.completions.create
    if not stream:
        return (await create(messages=messages, **options)).choices[0].message
    async with await create(messages=messages, stream=True, **options) as chunks:
        made = await chunks.get_final_completion()
    return made.choices[0].message


def run_tool(call):
    """Return the result of a call as a message."""
    given = json.loads(call.function.arguments)
    text = f"{call.function.name} of {given.get('city', 'here')}"
    return {"role": "tool", "tool_call_id": call.id, "content": text}


async def agent(client, **options):
    """Talk to the model until it calls no tool; return the conversation."""
    messages = [
        {"role": "system", "content": "Be brief."},
        {"role": "user", "content": "What is the weather in Köln and in Rom?"},
    ]
    while True:
        message = await ask(client, messages, **options)
        messages.append(message)
        if not message.tool_calls:
            return messages
        messages += map(run_tool, message.tool_calls)


def said_by_the_model(request):
    """Return the blocks of every turn of the assistant in a request."""
    turns = request.json()["messages"]
    return [turn["content"] for turn in turns if turn["role"] == "assistant"]


def without_marks(blocks):
    """Leave out ids and signatures, which the gateway made."""
    made = ("signature", "data", "tool_use_id", "id")
    return [{k: v for k, v in block.items() if k not in made} for block in blocks]


@pytest.mark.parametrize("stream", [False, True], ids=["plain", "stream"])
@pytest.mark.parametrize("model", MODELS)
def test_three_rounds_of_tools_with_thinking(face, gateway, model, stream):
    """Every block goes back as it came, and the gateway is as strict as the API."""
    script(gateway)

    async def body():
        async with face.client() as client:
            return await agent(
                client,
                model=f"anthropic/{model}",
                tools=TOOLS,
                reasoning_effort="high",
                stream=stream,
            )

    messages = face.run(body)
    assert "It rains." == messages[-1].content
    calls = [call for m in messages if m["role"] == "assistant" for call in m.tool_calls or []]  # fmt: skip
    assert ["get_weather", "get_weather", "clock/now", "clock/now"] == [
        call.function.name for call in calls
    ]
    sent = said_by_the_model(gateway.requests[-1])
    assert [without_marks(blocks) for blocks in ROUNDS] == [
        without_marks(blocks) for blocks in sent
    ]
    # What was said stays what it was, request by request.
    for earlier, later in zip(gateway.requests, gateway.requests[1:], strict=False):
        before, after = earlier.json()["messages"], later.json()["messages"]
        assert before == after[: len(before)]


@pytest.mark.parametrize("stream", [False, True], ids=["plain", "stream"])
def test_conversation_stored_as_json_goes_on(face, gateway, stream):
    """A program may end between the rounds."""
    script(gateway, ROUNDS[:1])
    options = {
        "model": "anthropic/claude-opus-5-5",
        "tools": TOOLS,
        "reasoning_effort": "high",
        "stream": stream,
    }

    async def body():
        async with face.client() as client:
            question = {"role": "user", "content": "What is the weather?"}
            first = await ask(client, [question], **options)
            stored = json.dumps([question, first.to_dict(), run_tool(*first.tool_calls)])  # fmt: skip
            return await ask(client, json.loads(stored), **options)

    assert "It rains." == face.run(body).content


@pytest.mark.parametrize("stream", [False, True], ids=["plain", "stream"])
def test_pause_is_continued_by_sending_the_message_back(face, gateway, stream):
    """It is no stop, and its last block waits for the server's tool."""
    gateway.blocks([{"type": "text", "text": "Let me see."}, SEARCH], "pause_turn")
    gateway.blocks([FOUND, {"type": "text", "text": "It rains."}])
    options = {"model": "anthropic/claude-opus-4-8", "stream": stream}

    async def body():
        async with face.client() as client:
            messages = [{"role": "user", "content": "What is the weather?"}]
            messages.append(await ask(client, messages, **options))
            return await ask(client, messages, **options)

    assert "It rains." == face.run(body).content
    (sent,) = said_by_the_model(gateway.requests[-1])
    assert [{"type": "text", "text": "Let me see."}, SEARCH] == sent


@pytest.mark.parametrize("stream", [False, True], ids=["plain", "stream"])
def test_chain_that_changes_the_provider_and_comes_back(face, gateway, stream):
    """One history for both: each gets what it knows of it."""
    options = {
        "model": ["openai/gpt-4o", "anthropic/claude-sonnet-4-6"],
        "tools": TOOLS,
        "max_retries": 0,
        "stream": stream,
    }
    gateway.tool_call("get_weather", {"city": "Köln"}, provider="openai")
    gateway.blocks(ROUNDS[0], "tool_use")
    gateway.blocks([thought("Done."), {"type": "text", "text": "It rains."}])

    async def body():
        async with face.client() as client:
            messages = [{"role": "user", "content": "What is the weather?"}]
            for turn in ("openai", "anthropic", "openai", "anthropic"):
                if turn == "anthropic":
                    gateway.fail(503, provider="openai")
                message = await ask(client, messages, **options)
                messages.append(message)
                messages += map(run_tool, message.tool_calls or [])
                if not message.tool_calls:
                    messages.append({"role": "user", "content": "And now?"})
            return messages

    messages = face.run(body)
    assert "It rains." == messages[-2].content
    providers = [request.provider for request in gateway.requests]
    assert ["openai", "openai", "anthropic", "openai", "openai", "anthropic"] == (
        providers
    )
    # Anthropic's own turn is as it was, openai's are translated.
    sent = said_by_the_model(gateway.requests[-1])
    assert ["tool_use"] == [block["type"] for block in sent[0]]
    assert without_marks(ROUNDS[0]) == without_marks(sent[1])
    assert ["text"] == [block["type"] for block in sent[2]]
    known = {"role", "content", "refusal", "tool_calls", "annotations"}
    for request in gateway.requests:
        if request.provider == "openai":
            said = [m for m in request.json()["messages"] if m["role"] == "assistant"]
            assert all(set(message) <= known for message in said)


@pytest.mark.parametrize("stream", [False, True], ids=["plain", "stream"])
def test_refusal_is_no_failure(face, gateway, stream):
    """It has its own finish reason, says why, and has no text."""
    details = {"type": "refusal", "explanation": "Not this."}
    gateway.blocks([], "refusal", stop_details=details)

    async def body():
        async with face.client() as client:
            question = [{"role": "user", "content": "Hm?"}]
            model = "anthropic/claude-opus-4-8"
            return await ask(client, question, model=model, stream=stream)

    message = face.run(body)
    assert (None, "Not this.") == (message.content, message.refusal)


OVERLOADED = {"type": "overloaded_error", "message": "Overloaded"}


def test_overload_before_the_first_word_is_retried_then_advances(face, gateway):
    """An error event on a 200 counts like the status it stands for."""
    gateway.error_event(0, OVERLOADED, provider="anthropic", times=2)
    gateway.reply("Here.", provider="openai")

    async def body():
        async with face.client() as client:
            stream = await client.chat.completions.create(
                model=["anthropic/claude-opus-4-8", "openai/gpt-4o"],
                messages=[{"role": "user", "content": "Hello"}],
                max_retries=1,
                stream=True,
            )
            async with stream:
                return stream.meta, (await stream.get_final_completion())

    meta, made = face.run(body)
    assert "Here." == made.choices[0].message.content
    assert ["anthropic", "anthropic", "openai"] == [a.provider for a in meta.attempts]


def test_error_after_the_first_word_is_raised(face, gateway):
    """What was said stays with the caller, nothing is asked again."""
    gateway.reply("one two three", provider="anthropic")
    error = {"type": "api_error", "message": "Internal server error"}
    gateway.error_event(1, error, provider="anthropic")
    heard = []

    async def body():
        async with face.client() as client:
            stream = await client.chat.completions.create(
                model=["anthropic/claude-opus-4-8", "openai/gpt-4o"],
                messages=[{"role": "user", "content": "Hello"}],
                stream=True,
            )
            async with stream:
                async for chunk in stream:
                    heard.append(chunk.choices[0].delta.content)

    with pytest.raises(APIError) as caught:
        face.run(body)
    assert (500, "server_error") == (caught.value.status_code, caught.value.code)
    assert ["", "one"] == heard
    assert 1 == len(gateway.requests)
