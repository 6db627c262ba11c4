"""Tests of what users give: made plain, or refused with the place."""

from __future__ import annotations

import collections
import copy
import enum
import json
import types

import pytest

from sociaro_core.errors import ConfigurationError
from sociaro_providers.calls import ChatCall, body_of, plain
from sociaro_providers.models import ChatCompletionMessage, ToolCall


class NotGiven:
    pass


class Omit:
    pass


class Dumping:
    def model_dump(self, *, mode, exclude_unset=False):
        return {"mode": mode, "exclude_unset": exclude_unset}


OpenAIs = type("OpenAIs", (Dumping,), {"__module__": "openai.types.chat"})


class DumpingPlainly:
    def model_dump(self):
        return {"a": (1, 2)}


class Converting:
    def to_dict(self):
        return {"b": ChatCompletionMessage(role="user")}


class Word(str, enum.Enum):
    USER = "user"


class Number(enum.IntEnum):
    ONE = 1


CALL = ToolCall(id="a", type="function", function={"name": "f", "arguments": "{}"})

PLAIN = {
    "text": ("a", "a"),
    "nothing": (None, None),
    "number": (1.5, 1.5),
    "enum of strings": (Word.USER, "user"),
    "enum of numbers": (Number.ONE, 1),
    "tuple": ((1, "a"), [1, "a"]),
    "deque": (collections.deque([1]), [1]),
    "mapping": (types.MappingProxyType({"a": 1}), {"a": 1}),
    "values": ({"a": 1}.values(), [1]),
    "numbers as keys": ({50256: -1, True: 2, None: 3, 0.5: 4}, None),
    "enum as key": ({Word.USER: 1}, {"user": 1}),
    "sentinel in a list": ([NotGiven(), "a"], ["a"]),
    "an iterator": (map(str, [1, 2]), ["1", "2"]),
    "of openai": (OpenAIs(), {"mode": "json", "exclude_unset": True}),
    "sentinels": ({"a": NotGiven(), "b": {"c": Omit(), "d": 1}}, {"b": {"d": 1}}),
    "model": (ChatCompletionMessage(role="user", content=None), None),
    "models inside": ({"tool_calls": [CALL]}, {"tool_calls": [CALL.to_dict()]}),
    "dumping": ([Dumping()], [{"mode": "json", "exclude_unset": False}]),
    "dumping plainly": (DumpingPlainly(), {"a": [1, 2]}),
    "converting": (Converting(), {"b": {"role": "user"}}),
}


@pytest.mark.parametrize("name", PLAIN)
def test_value_made_plain(name):
    """Whatever JSON can say is made so that it can."""
    given, expected = PLAIN[name]
    if name == "numbers as keys":
        expected = {"50256": -1, "true": 2, "null": 3, "0.5": 4}
    if name == "model":
        expected = {"role": "user", "content": None}
    made = plain(given)
    assert expected == made
    assert made == json.loads(json.dumps(made))


def test_generator_is_read_once():
    """It becomes a list."""
    assert [0, 1] == plain(n for n in range(2))


def test_value_is_copied_when_it_is_made_plain():
    """The caller's objects are never changed, nor shared."""
    given = {"a": [{"b": [1]}]}
    before = copy.deepcopy(given)
    made = plain(given)
    made["a"][0]["b"].append(2)
    assert before == given


class Failing:
    model_dump = 5


CYCLE: list = []
CYCLE.append(CYCLE)


@pytest.mark.parametrize(
    ("bad", "words"),
    [
        (b"x", "messages[0].content is of type bytes"),
        (bytearray(b"x"), "bytearray"),
        (memoryview(b"x"), "memoryview"),
        (float("nan"), "messages[0].content is nan"),
        (float("inf"), "is inf"),
        ({1, 2}, "of type set"),
        (object(), "of type object"),
        (Dumping, "the class Dumping"),
        (Failing(), "of type Failing"),
        ([{"a": {"b": 1j}}], "messages[0].content[0].a.b is of type complex"),
        ({(1, 2): 1}, "messages[0].content has a key of type tuple"),
        ({float("nan"): 1}, "messages[0].content.nan is nan"),
        (CYCLE, "contains itself"),
    ],
)
def test_value_json_cannot_write(bad, words):
    """The error names the place, and quotes nothing."""
    with pytest.raises(ConfigurationError) as caught:
        ChatCall([{"role": "user", "content": bad}])
    assert words in str(caught.value)


def nested(depth):
    value = []
    for _ in range(depth):
        value = [value]
    return value


class Endless:
    def to_dict(self):
        return self.to_dict()


def test_object_that_recurses():
    """Python's own limit is no other error."""
    with pytest.raises(ConfigurationError, match="a parameter is nested too deeply"):
        ChatCall([], {"a": Endless()})


def test_parameter_json_cannot_write():
    """Parameters are named like everything else."""
    with pytest.raises(ConfigurationError, match=r"^tools\[0\] is of type object"):
        ChatCall([], {"tools": [object()]})
    with pytest.raises(ConfigurationError, match="extra_body.a is of type object"):
        ChatCall([], extra_body={"a": object()})


@pytest.mark.parametrize(
    "bad",
    [
        "hello",
        b"hello",
        {"role": "user"},
        ChatCompletionMessage(role="user"),
        DumpingPlainly(),
        None,
        5,
    ],
)
def test_messages_that_are_no_list(bad):
    """One message, or none, is refused with the right form."""
    with pytest.raises(ConfigurationError, match="messages is a list"):
        ChatCall(bad)


def test_call_with_messages_of_every_kind():
    """Any iterable of dicts, models and foreign objects will do."""
    call = ChatCall(iter([{"role": "user"}, ChatCompletionMessage(role="assistant")]))
    assert [{"role": "user"}, {"role": "assistant"}] == call.messages


def test_call_with_sentinels():
    """Foreign sentinels are as good as nothing; None is kept."""
    call = ChatCall([], {"a": NotGiven(), "stop": None}, extra_body=Omit())
    assert {"stop": None} == call.params
    assert call.extra_body is None


def test_extra_body_that_is_no_mapping():
    """It is laid over the body key by key, so it needs keys."""
    with pytest.raises(ConfigurationError, match="extra_body is a dict, not list"):
        ChatCall([], extra_body=[1])


@pytest.mark.parametrize(
    ("params", "extra", "expected"),
    [
        ({}, None, False),
        ({"stream_options": None}, None, False),
        ({"stream_options": {"include_usage": False}}, None, False),
        ({"stream_options": {"include_usage": True}}, None, True),
        ({"stream_options": {}}, {"stream_options": {"include_usage": True}}, True),
    ],
)
def test_include_usage(params, extra, expected):
    """It is asked for in stream_options, wherever they are."""
    assert expected is ChatCall([], params, extra_body=extra).include_usage


def test_body_json_cannot_write():
    """What slipped through is still no error of Python's."""
    with pytest.raises(ConfigurationError, match="ValueError"):
        body_of({"a": float("nan")})


def test_deep_value_within_the_limit():
    """A hundred levels are fine."""
    assert nested(100) == plain(nested(100))
