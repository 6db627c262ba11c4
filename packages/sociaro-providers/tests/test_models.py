"""Tests of the models: three ways of access, unknown fields, oddities."""

from __future__ import annotations

import copy
import json
import pickle
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sociaro_core.errors import APIError
from sociaro_providers.models import (
    ChatCompletion,
    ChatCompletionChunk,
    ChatCompletionMessage,
    Choice,
    ChoiceDelta,
    CompletionUsage,
    ToolCall,
)
from sociaro_providers.models._structure import structure

ANSWER = {
    "id": "chatcmpl-1",
    "object": "chat.completion",
    "created": 1770000000,
    "model": "gpt-4o",
    "choices": [
        {
            "index": 0,
            "message": {
                "role": "assistant",
                "content": "Hi",
                "refusal": None,
                "annotations": [
                    {
                        "type": "url_citation",
                        "url_citation": {
                            "url": "u",
                            "title": "t",
                            "start_index": 0,
                            "end_index": 2,
                        },
                    }
                ],
                "tool_calls": [
                    {
                        "id": "call_1",
                        "type": "function",
                        "function": {"name": "f", "arguments": "{}"},
                    }
                ],
                "keys": "a field named like a method",
            },
            "logprobs": {
                "content": [
                    {
                        "token": "Hi",
                        "logprob": -0.5,
                        "bytes": [72, 105],
                        "top_logprobs": [{"token": "Ho", "logprob": -1, "bytes": None}],
                    }
                ]
            },
            "finish_reason": "stop",
        }
    ],
    "usage": {"prompt_tokens": 1, "completion_tokens": 2, "total_tokens": 3},
    "x_vendor": {"deep": [1, {"a": None}]},
}


@pytest.fixture
def answer():
    return structure(ChatCompletion, copy.deepcopy(ANSWER))


def test_answer_gives_the_same_data_in_three_ways(answer):
    """Attributes, keys and the dict agree."""
    assert "Hi" == answer.choices[0].message.content
    assert "Hi" == answer["choices"][0]["message"]["content"]
    assert ANSWER == answer.to_dict() == answer.model_dump()
    assert ANSWER == json.loads(answer.to_json())
    assert ANSWER == json.loads(answer.model_dump_json())
    assert "f" == answer.choices[0].message.tool_calls[0].function.name
    assert "Ho" == answer.choices[0].logprobs.content[0].top_logprobs[0].token
    assert "u" == answer.choices[0].message.annotations[0].url_citation.url


def test_declared_field_reads_as_none_when_absent(answer):
    """It is None as an attribute and as a key, but it is not there."""
    message = answer.choices[0].message
    assert message.reasoning_content is None
    assert message["reasoning_content"] is None
    assert "reasoning_content" not in message
    assert "d" == message.get("reasoning_content", "d")


def test_null_is_there_when_it_was_sent(answer):
    """A null is kept apart from an absent field."""
    message = answer.choices[0].message
    assert "refusal" in message
    assert message.get("refusal", "d") is None
    assert "refusal" in list(message)


def test_unknown_field_is_an_attribute_and_a_key(answer):
    """What nobody declared is reachable like the rest."""
    assert [1, {"a": None}] == answer.x_vendor["deep"] == answer["x_vendor"]["deep"]
    assert "x_vendor" in answer
    assert {"deep": [1, {"a": None}]} == answer.get("x_vendor")


def test_method_wins_when_a_field_has_its_name(answer):
    """The field is reached as a key."""
    message = answer.choices[0].message
    assert "a field named like a method" == message["keys"]
    assert "keys" in list(message)


@pytest.mark.parametrize("name", ["nothing", "_private", "__deepcopy__"])
def test_unknown_name_raises(answer, name):
    """Any other attribute is an AttributeError, any other key a KeyError."""
    with pytest.raises(AttributeError, match=name):
        getattr(answer, name)
    with pytest.raises(KeyError, match=name):
        answer[name]
    with pytest.raises(AttributeError, match=name):
        getattr(answer.usage, name)
    assert name not in answer
    assert 5 not in answer


def test_special_name_from_a_server_does_not_reach_python():
    """A field called like a hook of Python's is a key only."""
    made = structure(CompletionUsage, {"__deepcopy__": 1, "prompt_tokens": 2})
    assert made == copy.deepcopy(made)
    assert 1 == made["__deepcopy__"]


def test_mapping_protocol(answer):
    """A model turns into a dict, one level deep, and iterates over its keys."""
    usage = answer.usage
    assert ANSWER["usage"] == dict(usage) == {**usage}
    assert [1, 2, 3] == usage.values()
    assert list(ANSWER["usage"]) == list(usage) == usage.keys()


@pytest.mark.parametrize(
    "again",
    [copy.copy, copy.deepcopy, lambda made: pickle.loads(pickle.dumps(made))],
)
def test_copies_are_equal_and_keep_meta(answer, again):
    """Copies and pickles have the same value and the same meta."""
    answer.meta = APIError("x").meta
    made = again(answer)
    assert answer == made
    assert answer.meta == made.meta
    assert ANSWER == made.to_dict()
    assert made.choices[0].message.reasoning_content is None


def test_meta_when_it_never_came(answer):
    """An answer built by hand has an empty meta, outside its value."""
    assert answer.meta.attempts == ()
    assert answer._request_id is None
    other = structure(ChatCompletion, copy.deepcopy(ANSWER))
    assert other is other.with_meta(APIError("x").meta)
    assert other == answer
    assert "meta" not in other


def test_equality_is_by_value_and_class(answer):
    """Another value or another class is not equal."""
    assert ChoiceDelta(content="a") == ChoiceDelta(content="a")
    assert ChoiceDelta(content="a") != ChoiceDelta(content="b")
    assert ChoiceDelta(content="a") != ChatCompletionMessage(content="a", role=None)
    assert ChoiceDelta(content="a") != {"content": "a"}
    assert ChoiceDelta() != ChoiceDelta(content=None)
    with pytest.raises(TypeError):
        hash(answer)


def test_construction_by_keywords():
    """Fields are given by name; dicts become models, models stay, unknown are kept."""
    message = ChatCompletionMessage(role="assistant", content="x", self=1)
    made = Choice(index=0, message=message, finish_reason="stop")
    assert message is made.message
    assert 1 == message["self"]
    call = ToolCall(id="a", type="function", function={"name": "f"})
    assert "f" == call.function.name
    assert {"id": "a"} == ToolCall(id="a").to_dict()


def test_fields_when_they_are_set():
    """A set field is there; a declared one needs no value before."""
    message = ChatCompletionMessage(role="assistant")
    message.content = "new"
    assert {"role": "assistant", "content": "new"} == message.to_dict()
    assert "content" in message
    with pytest.raises(AttributeError):
        message.text = "typo"


def test_field_when_it_is_deleted():
    """It reads as None like any absent field."""
    message = ChatCompletionMessage(role="assistant", content="x")
    del message.content
    assert message.content is None


@pytest.mark.parametrize(
    "odd",
    [
        {"choices": None},
        {"choices": {"a": 1}},
        {"choices": [None, "x", 3, {"message": "text"}, {"message": ["x"]}]},
        {"choices": [{"message": {"tool_calls": "x", "content": [1]}}]},
        {"usage": "none", "created": "yesterday", "id": 5},
        {},
    ],
)
def test_odd_value_is_kept_when_a_model_was_expected(odd):
    """Nothing fails, and the dict tells what was sent."""
    made = structure(ChatCompletion, odd)
    assert odd == made.to_dict()
    assert made == pickle.loads(pickle.dumps(made))


def test_dict_is_a_copy(answer):
    """Changing it changes nothing in the model."""
    answer.to_dict()["x_vendor"]["deep"].append(2)
    assert ANSWER == answer.to_dict()


def test_nulls_are_left_out_on_demand(answer):
    """At every level of the models."""
    made = answer.model_dump(mode="json", exclude_unset=True, exclude_none=True)
    assert "refusal" not in made["choices"][0]["message"]
    assert '"refusal"' not in answer.to_json(exclude_none=True)


def test_json_when_text_is_not_ascii():
    """Text stays readable, and half a surrogate pair is escaped."""
    assert '{\n  "content": "ü"\n}' == ChoiceDelta(content="ü").to_json()
    assert '{"content": "\\ud83d"}' == ChoiceDelta(content="\ud83d").model_dump_json()
    assert '{"content": "a"}' == ChoiceDelta(content="a").to_json(indent=None)


def test_representation_is_short(answer):
    """Long texts are cut, and only what was sent is shown."""
    message = ChatCompletionMessage(content="x" * 1000, role="assistant", other={1: 2})
    assert repr(message).startswith("ChatCompletionMessage(role='assistant', content=")
    assert len(repr(message)) < 200
    assert "message=ChatCompletionMessage(" in repr(answer)
    message.tool_calls = [object()]
    assert "object" in repr(message)


def test_representation_when_a_model_holds_itself():
    """It does not recurse."""
    message = ChatCompletionMessage(role="assistant")
    message.content = message
    assert "..." in repr(message)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3)
    ),
    max_leaves=10,
)
NAMES = st.sampled_from(
    [
        "id", "choices", "delta", "message", "content", "usage", "index", "tool_calls",
        "_sent", "_extra", "_meta", "meta", "get", "to_dict", "__class__",
    ]
)  # fmt: skip
NESTED = st.recursive(
    JSON,
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(NAMES | st.text(), inner, max_size=5)
    ),
    max_leaves=20,
)


@pytest.mark.parametrize("cls", [ChatCompletion, ChatCompletionChunk])
@given(data=st.dictionaries(NAMES | st.text(), NESTED))
def test_round_trip_of_any_object(cls, data):
    """Whatever a server sends comes back out, also after a pickle."""
    made = structure(cls, data)
    assert data == made.to_dict()
    assert set(data) == set(made.keys()) == {key for key in data if key in made}
    assert made == pickle.loads(pickle.dumps(made)) == copy.deepcopy(made)
    assert all(made.to_dict()[key] == data[key] for key in made)


def test_chunk_is_small():
    """A kept chunk takes no more than a kilobyte beside its strings."""
    data = {
        "id": "a",
        "object": "b",
        "created": 1770000000,
        "model": "c",
        "choices": [{"index": 0, "delta": {"content": "d"}, "finish_reason": None}],
    }
    made = structure(ChatCompletionChunk, data)
    parts = [made, made.choices, made.choices[0], made.choices[0].delta]
    assert sum(map(sys.getsizeof, parts)) < 500
