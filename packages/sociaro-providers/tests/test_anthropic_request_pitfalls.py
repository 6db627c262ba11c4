"""Mistakes translators are known for: one test for each that must not come back."""

from __future__ import annotations

import base64
import json

import pytest

from sociaro_core.errors import BadRequestError
from sociaro_core.wire import Headers
from sociaro_providers import PROVIDERS
from sociaro_providers.calls import ChatCall

CHAT = PROVIDERS["anthropic"].chat
HELLO = [{"role": "user", "content": "hi"}]
PNG = base64.b64encode(b"\x89PNG\r\n\x1a\n" + b"0" * 20).decode()
IMAGE = {"type": "image_url", "image_url": {"url": f"data:image/png;base64,{PNG}"}}


def encoded(messages=HELLO, model="claude-sonnet-4-6", **params):
    return CHAT.encode(ChatCall(messages, params), model)


def body(messages=HELLO, model="claude-sonnet-4-6", **params):
    return json.loads(encoded(messages, model, **params).body)


def turns(*messages, model="claude-sonnet-4-6"):
    made = body([*HELLO, *messages], model)["messages"]
    return [(turn["role"], turn["content"]) for turn in made]


def kinds(turn):
    role, blocks = turn
    return role, [block["type"] for block in blocks]


def call_of(id_, name="f", arguments="{}"):
    function = {"name": name, "arguments": arguments}
    return {"id": id_, "type": "function", "function": function}


def says(content=None, *ids, **more):
    calls = {"tool_calls": [call_of(id_) for id_ in ids]} if ids else {}
    return {"role": "assistant", "content": content, **calls, **more}


def tool(id_, content="1"):
    return {"role": "tool", "tool_call_id": id_, "content": content}


def user(content):
    return {"role": "user", "content": content}


def system(content):
    return {"role": "system", "content": content}


def function(name="f", parameters=None, **more):
    fields = {"name": name, **more}
    if parameters is not None:
        fields["parameters"] = parameters
    return {"type": "function", "function": fields}


def test_results_of_parallel_calls_share_one_user_message():
    """Apart, the second is no longer right after its call."""
    made = turns(says(None, "a", "b"), tool("a"), tool("b"))
    assert ("user", ["tool_result", "tool_result"]) == kinds(made[2])


def test_no_image_between_results():
    """Results stand together and first."""
    made = turns(says(None, "a", "b"), tool("a"), user([IMAGE]), tool("b"))
    assert ("user", ["tool_result", "tool_result", "image"]) == kinds(made[2])


def test_orphan_results_go_out_as_they_are():
    """A silent repair would change the prefix; the API names the fault."""
    made = turns(says("a"), tool("lost"))
    expected = {"type": "tool_result", "tool_use_id": "lost", "content": "1"}
    assert ("user", [expected]) == made[2]
    assert ("assistant", ["tool_use"]) == kinds(turns(says(None, "a"))[1])


def test_no_empty_text_beside_calls():
    """Empty text is refused."""
    assert ("assistant", ["tool_use"]) == kinds(turns(says("", "a"), tool("a"))[1])


@pytest.mark.parametrize("content", ["", " ", None, [], [{"type": "text", "text": ""}]])
def test_empty_content_is_dropped_or_replaced(content):
    """In the middle it vanishes; at the end an answer would seem begun."""
    assert ["user"] == [role for role, _ in turns(user(content))]
    last = turns(says("a"), user(content))[-1]
    assert ("user", [{"type": "text", "text": "."}]) == last
    made = encoded([*HELLO, says("a"), user(content)])
    assert ('the last message is empty: "." went out',) == made.notes


def test_white_space_at_the_end_of_a_begun_answer_only():
    """Only there it is refused; elsewhere it may be art."""
    made = turns(user("art:  "), says("a  "), user("b "), says("So "), model="claude-haiku-4-5")  # fmt: skip
    texts = [block["text"] for _, blocks in made for block in blocks]
    assert ["hi", "art:  ", "a  ", "b ", "So"] == texts


def test_begun_answer_goes_out_where_the_model_refuses_it():
    """The API's error is clearer than an answer to something else."""
    last = turns(says("So"))[-1]
    assert ("assistant", [{"type": "text", "text": "So"}]) == last


def test_completed_answer_is_never_deleted():
    """Not to please a model either that takes no begun answer."""
    for model in ("claude-haiku-4-5", "claude-opus-4-8"):
        made = turns(says("done."), model=model)
        assert "done." == made[-1][1][0]["text"]


def test_late_system_message_is_not_hoisted():
    """It would change the prefix: caches miss, signed thinking breaks."""
    for model in ("claude-sonnet-4-6", "claude-opus-4-8"):
        before = [system("A"), *HELLO, says("a")]
        first = body([*before, user("b")], model)
        later = body([*before, user("b"), says("c"), system("S"), user("d")], model)
        assert first["system"] == later["system"]
        assert first["messages"] == later["messages"][:3]


def test_role_system_only_where_the_model_has_it():
    """The others refuse the role."""
    for model, expected in (("claude-sonnet-5", False), ("claude-opus-5", True)):
        roles = [role for role, _ in turns(system("S"), model=model)]
        assert expected is ("system" in roles)


def test_developer_is_a_system_message():
    """It is the newer name of the same."""
    made = body([{"role": "developer", "content": "D"}, *HELLO])
    assert [{"type": "text", "text": "D"}] == made["system"]


def test_system_message_alone_becomes_the_users():
    """The API wants at least one message."""
    made = encoded([system("A"), system("B"), system(" ")])
    assert [{"type": "text", "text": "A"}] == json.loads(made.body)["system"]
    assert "B" == json.loads(made.body)["messages"][0]["content"][0]["text"]
    assert ("the last system message went out as the user's",) == made.notes


def test_images_in_results_are_kept():
    """A result may hold what a message may hold."""
    made = turns(says(None, "a"), tool("a", [{"type": "text", "text": "x"}, IMAGE]))
    assert ["text", "image"] == [part["type"] for part in made[2][1][0]["content"]]


def test_native_blocks_in_openai_messages_are_kept():
    """Dropped, a history in mixed form would loop."""
    asked = {"type": "tool_use", "id": "a", "name": "f", "input": {"x": 1}}
    answered = {"type": "tool_result", "tool_use_id": "a", "content": "1", "cache_control": None}  # fmt: skip
    made = turns(says([asked]), user([{"type": "text", "text": "t"}, answered]))
    del answered["cache_control"]
    assert ("assistant", [asked]) == made[1]
    assert ("user", [answered, {"type": "text", "text": "t"}]) == made[2]
    odd = {"type": "tool_result", "x": 1}
    assert ("user", [odd, {"type": "text", "text": "hi"}]) == turns(user([odd]))[0]
    assert ("assistant", [{"type": "tool_use"}]) == turns(says([{"type": "tool_use"}]))[1]  # fmt: skip


def test_ids_of_other_providers_are_cleaned_alike_in_call_and_result():
    """Different ids stay different."""
    made = turns(says(None, "f:0", "f_0", "f.0"), tool("f.0", "3"), tool("f:0", "1"))
    ids = [block["id"] for block in made[1][1]]
    assert 3 == len(set(ids))
    assert all(id_.replace("_", "").isalnum() for id_ in ids)
    assert [ids[0], ids[2]] == [block["tool_use_id"] for block in made[2][1]]


def test_ids_used_twice_are_told_apart():
    """Each result finds its own call."""
    twice = turns(says(None, "a", "a"), tool("a", "1"), tool("a", "2"))
    assert ["a", "a_2"] == [block["id"] for block in twice[1][1]]
    assert ["a", "a_2"] == [block["tool_use_id"] for block in twice[2][1]]
    unanswered = turns(says(None, "a"), user("x"), says(None, "a"), tool("a", "2"))
    assert "a_2" == unanswered[-1][1][0]["tool_use_id"]


def test_names_of_tools_are_rewritten_one_to_one_and_back():
    """In tools, choice and history alike."""
    from sociaro_providers.dialects.anthropic.names import renamed

    tools = [function("a.b"), function("a_b"), function("a/b"), function("x" * 130)]
    asks = {"role": "assistant", "tool_calls": [call_of("1", "a.b"), call_of("2", "c d")]}  # fmt: skip
    messages = [*HELLO, asks, tool("1"), tool("2")]
    choice = {"type": "function", "function": {"name": "a/b"}}
    made = body(messages, tools=tools, tool_choice=choice)
    wire = [given["name"] for given in made["tools"]]
    assert ["a_b_2", "a_b", "a_b_3", "x" * 128] == wire
    assert {"type": "tool", "name": "a_b_3"} == made["tool_choice"]
    assert ["a_b_2", "c_d"] == [use["name"] for use in made["messages"][1]["content"]]
    back = {"a_b_2": "a.b", "a_b_3": "a/b", "x" * 128: "x" * 130, "c_d": "c d"}
    assert back == renamed(ChatCall(messages, {"tools": tools}))


def test_combinators_at_the_root_of_a_tool_are_flattened():
    """One such tool makes the whole request fail."""
    parameters = {"anyOf": [{"properties": {"a": {}}, "required": ["a"]}, {"required": ["b"]}]}  # fmt: skip
    (made,) = body(tools=[function(parameters=parameters, description="d")])["tools"]
    assert {"type": "object", "properties": {"a": {}}} == made["input_schema"]
    line = "Give at least one of these groups of parameters: (a) | (b)."
    assert f"d\n{line}" == made["description"]


def test_definitions_of_a_tool_are_kept():
    """References would point nowhere."""
    parameters = {"type": "object", "properties": {"a": {"$ref": "#/$defs/x"}}, "$defs": {"x": {}}}  # fmt: skip
    (made,) = body(tools=[function(parameters=parameters)])["tools"]
    assert parameters == made["input_schema"]


def test_tool_without_parameters_has_a_schema():
    """The API demands one."""
    (made,) = body(tools=[function()])["tools"]
    assert {"type": "object", "properties": {}} == made["input_schema"]


def test_text_and_all_calls_are_kept():
    """Neither makes the other superfluous."""
    made = turns(says("look", "a", "b"), tool("a"), tool("b"))
    assert ("assistant", ["text", "tool_use", "tool_use"]) == kinds(made[1])


def test_no_tools_are_made_up_for_a_history_with_calls():
    """The API asks for none."""
    assert "tools" not in body([*HELLO, says(None, "a"), tool("a")])


def test_tools_are_strict_only_when_asked():
    """Grammars of many tools grow too large."""
    parameters = {"type": "object", "properties": {"a": {"minLength": 1}}}
    plain, strict = body(
        tools=[function("a", parameters), function("b", parameters, strict=True)]
    )["tools"]
    assert "strict" not in plain
    assert parameters == plain["input_schema"]
    assert strict["strict"] is True
    assert {"a": {"description": "{minLength: 1}"}} == strict["input_schema"]["properties"]  # fmt: skip
    made = encoded(model="claude-sonnet-4-0", tools=[function(strict=True)])
    assert b"strict" not in made.body
    assert ("this model has no strict tools",) == made.notes


@pytest.mark.parametrize("label", ["image/jpg", "image/jpeg", "image/webp", ""])
def test_type_of_an_image_is_what_its_bytes_are(label):
    """The API compares both."""
    url = f"data:{label};base64,{PNG}"
    made = turns(user([{"type": "image_url", "image_url": url}]))
    assert "image/png" == made[0][1][-1]["source"]["media_type"]


def test_lone_surrogates_leave_the_body_valid():
    """UTF-8 has none."""
    assert "a?" == body([user("a\ud83d")])["messages"][0]["content"][0]["text"]


def test_stop_sequences_of_white_space_are_left_out():
    """They are refused."""
    made = encoded(stop=["\n", "END", ""])
    assert ["END"] == json.loads(made.body)["stop_sequences"]
    assert (
        (),
        ("stop sequences of nothing but white space were left out",),
    ) == (made.dropped, made.notes)
    assert ("stop",) == encoded(stop="\n\n").dropped


def test_temperature_and_top_p_never_go_out_together():
    """From Opus 4.1 on they exclude each other."""
    for model in ("claude-opus-4-1", "claude-sonnet-4-5", "claude-sonnet-4-6"):
        made = encoded(model=model, temperature=0.2, top_p=0.9)
        assert ("top_p",) == made.dropped
        assert {"temperature"} == {"temperature", "top_p"} & set(json.loads(made.body))


def test_no_sampling_where_the_model_refuses_it():
    """From Opus 4.7 on any value fails the request."""
    made = encoded(model="claude-opus-4-7", temperature=0, top_p=0.5, top_k=3)
    assert not {"temperature", "top_p", "top_k"} & set(json.loads(made.body))
    assert ("temperature", "top_p", "top_k") == made.dropped


def test_no_temperature_beside_thinking():
    """With it only a high top_p is accepted."""
    made = encoded(temperature=0.3, top_k=2, top_p=0.99, reasoning_effort="low")
    assert ("temperature", "top_k") == made.dropped
    assert 0.99 == json.loads(made.body)["top_p"]


def test_default_limit_does_not_cut_answers_off():
    """A small one cuts calls in the middle of their JSON."""
    assert 16_000 == body()["max_tokens"]
    streamed = CHAT.encode(ChatCall(HELLO, {}, stream=True), "claude-sonnet-4-6")
    assert 64_000 == json.loads(streamed.body)["max_tokens"]


@pytest.mark.parametrize(
    ("limit", "budget"), [(None, 16_384), (20_000, 16_000), (2000, 1600), (1000, None)]
)
def test_budget_is_below_the_limit_and_not_too_small(limit, budget):
    """Both ends are refused."""
    made = body(model="claude-haiku-4-5", reasoning_effort="high", max_tokens=limit)
    assert budget == made.get("thinking", {}).get("budget_tokens")
    assert (limit or 24_576) == made["max_tokens"]


def test_no_budget_for_models_that_adapt():
    """They are told an effort."""
    for model in ("claude-sonnet-4-6", "claude-opus-5-5", "claude-next"):
        made = body(model=model, reasoning_effort="medium")
        assert {"type": "adaptive", "display": "summarized"} == made["thinking"]
        assert {"effort": "medium"} == made["output_config"]


def test_thinking_is_not_disabled_where_it_is_always_on():
    """They refuse to be; little effort comes nearest."""
    for model in ("claude-fable-5", "claude-mythos-5-1", "claude-opus-5-5"):
        made = encoded(model=model, reasoning_effort="none")
        sent = json.loads(made.body)
        assert {"effort": "low"} == sent["output_config"]
        assert "thinking" not in sent
        assert 1 == len(made.notes)


def test_nothing_about_thinking_when_nothing_was_asked():
    """Every model has its own default."""
    for model in ("claude-haiku-4-5", "claude-sonnet-4-6", "claude-opus-5-5"):
        assert not {"thinking", "output_config"} & set(body(model=model))


def test_forced_call_takes_away_only_our_own_thinking():
    """The two exclude each other; what the caller wrote stays."""
    forced = {"tools": [function()], "tool_choice": "required"}
    ours = encoded(model="claude-opus-4-5", reasoning_effort="low", **forced)
    assert "thinking" not in json.loads(ours.body)
    assert {"effort": "low"} == json.loads(ours.body)["output_config"]
    assert ("thinking was left out: tool_choice forces a call",) == ours.notes
    thinking = {"type": "enabled", "budget_tokens": 1024}
    assert thinking == body(model="claude-opus-4-5", thinking=thinking, **forced)["thinking"]  # fmt: skip


def test_json_is_asked_for_without_a_tool():
    """A forced tool would clash with thinking and other tools."""
    wish = {"type": "json_schema", "json_schema": {"schema": {"type": "object"}}}
    made = body(response_format=wish)
    assert "json_schema" == made["output_config"]["format"]["type"]
    assert not {"tools", "tool_choice"} & set(made)


def test_schema_of_an_answer_has_no_refused_keywords():
    """What is refused is told in words."""
    schema = {"type": "array", "items": {"type": "integer", "minimum": 1}, "uniqueItems": True}  # fmt: skip
    wish = {"type": "json_schema", "json_schema": {"description": "D", "schema": schema}}  # fmt: skip
    made = body(response_format=wish)["output_config"]["format"]["schema"]
    items = {"type": "integer", "description": "{minimum: 1}"}
    expected = {"type": "array", "items": items, "description": "{uniqueItems: true}"}
    assert expected == made


@pytest.mark.parametrize("user_id", ["a@b.de", "me <a@b.de>", "+49 228 1234", "x" * 256, "a\n", ""])  # fmt: skip
def test_user_that_anthropic_refuses_is_skipped(user_id):
    """Addresses and numbers of people fail the request."""
    made = encoded(user=user_id, metadata={"user_id": "u"})
    assert ("user",) == made.dropped
    assert {"user_id": "u"} == json.loads(made.body)["metadata"]


def test_no_source_of_betas_overwrites_another():
    """The header is the union of all of them."""
    part = {"type": "file", "file": {"file_id": "file_1"}}
    headers = Headers([("Anthropic-Beta", "a"), ("anthropic-beta", "b, c")])
    call = ChatCall([user([part])], {"betas": ["c", "d"]}, headers=headers)
    made = CHAT.encode(call, "claude-sonnet-4-6").headers
    assert {"anthropic-beta": "a,b,c,d,files-api-2025-04-14"} == dict(made)


def test_cache_marks_are_neither_added_nor_taken_away():
    """Four are allowed: which ones is the caller's choice."""
    mark = {"type": "ephemeral"}
    parts = [{"type": "text", "text": str(n), "cache_control": mark} for n in range(5)]
    messages = [system("S"), user(parts), says("a", "x"), tool("x")]
    made = encoded(messages, tools=[function()])
    assert 5 == made.body.count(b"cache_control")
    assert 0 == encoded(messages[:1] + HELLO).body.count(b"cache_control")


def test_unknown_parts_are_refused_with_their_place():
    """Nothing is dropped in silence."""
    with pytest.raises(BadRequestError) as caught:
        body([*HELLO, user([IMAGE, {"type": "hologram"}])])
    assert "messages[1].content[1].type" == caught.value.param
