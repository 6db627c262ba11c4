"""Tests of schemas: those of answers, and those of the arguments of tools."""

from __future__ import annotations

import copy

import pytest

from sociaro_core.errors import BadRequestError
from sociaro_providers.dialects.anthropic.schema import strict_schema
from sociaro_providers.dialects.anthropic.tool_schema import object_schema

CLOSED = {"type": "object", "additionalProperties": False}

STRICT = {
    "object": (
        {"type": "object", "properties": {"a": {"type": "string"}}, "required": ["a"], "title": "T"},
        {**CLOSED, "properties": {"a": {"type": "string"}}, "required": ["a"], "title": "T"},
    ),
    "object without its type": ({"properties": {"a": {}}}, {**CLOSED, "properties": {"a": {}}}),
    "object that was open": (
        {"type": "object", "properties": {"a": {}}, "additionalProperties": {"type": "string"}},
        {**CLOSED, "properties": {"a": {}}},
    ),
    "bare object": ({"type": "object"}, CLOSED),
    "limits": (
        {"type": "integer", "description": "n", "minimum": 1, "maximum": 10},
        {"type": "integer", "description": "n\n\n{minimum: 1, maximum: 10}"},
    ),
    "limits without a description": (
        {"type": "string", "minLength": 1, "enum": ["a"], "const": "a", "default": "a"},
        {"type": "string", "enum": ["a"], "const": "a", "default": "a", "description": "{minLength: 1}"},
    ),
    "one of": (
        {"oneOf": [{"type": "integer", "multipleOf": 2}, True]},
        {"anyOf": [{"type": "integer", "description": "{multipleOf: 2}"}, True]},
    ),
    "one of and any of": (
        {"anyOf": [{"type": "null"}], "oneOf": [{}]},
        {"anyOf": [{"type": "null"}], "description": "{oneOf: [{}]}"},
    ),
    "odd one of": ({"oneOf": 5}, {"description": "{oneOf: 5}"}),
    "all of": ({"allOf": [{"type": "object"}]}, {"allOf": [CLOSED]}),
    "several types": (
        {"type": ["string", "null"], "description": "d", "enum": ["a", None], "minLength": 2},
        {
            "description": "d",
            "anyOf": [
                {"type": "string", "enum": ["a", None], "description": "{minLength: 2}"},
                {"type": "null", "enum": ["a", None]},
            ],
        },
    ),
    "object or nothing": (
        {"type": ["object", "null"], "properties": {"a": {}}},
        {"anyOf": [{**CLOSED, "properties": {"a": {}}}, {"type": "null"}]},
    ),
    "one type in a list": ({"type": ["string"]}, {"type": "string"}),
    "types beside any of": (
        {"type": ["string", "null"], "anyOf": [{"type": "string"}]},
        {"anyOf": [{"type": "string"}], "description": '{type: ["string", "null"]}'},
    ),
    "format": ({"type": "string", "format": "uuid"}, {"type": "string", "format": "uuid"}),
    "unknown format": ({"format": "password"}, {"description": '{format: "password"}'}),
    "format of a number": (
        {"type": "integer", "format": "date"},
        {"type": "integer", "description": '{format: "date"}'},
    ),
    "pattern": ({"type": "string", "pattern": "^(?:a|b)$"}, {"type": "string", "pattern": "^(?:a|b)$"}),
    "pattern that looks around": (
        {"type": "string", "pattern": "(?=a)"},
        {"type": "string", "description": '{pattern: "(?=a)"}'},
    ),
    "odd pattern": ({"pattern": 5}, {"description": "{pattern: 5}"}),
    "array": (
        {"type": "array", "items": {"type": "object"}, "minItems": 1, "maxItems": 3},
        {"type": "array", "items": CLOSED, "minItems": 1, "description": "{maxItems: 3}"},
    ),
    "more items": ({"type": "array", "minItems": 2}, {"type": "array", "description": "{minItems: 2}"}),
    "list of items": ({"items": [{}]}, {"description": "{items: [{}]}"}),
    "definitions": (
        {"$schema": "x", "$defs": {"a": {"type": "object"}}, "$ref": "#/$defs/a", "description": "d"},
        {"$defs": {"a": CLOSED}, "$ref": "#/$defs/a"},
    ),
    "former definitions": (
        {"definitions": {"a": {"maximum": 1}}, "properties": {"b": {"$ref": "#/definitions/a"}}},
        {**CLOSED, "definitions": {"a": {"description": "{maximum: 1}"}}, "properties": {"b": {"$ref": "#/definitions/a"}}},
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", STRICT)
def test_schema_of_an_answer(name):
    """What the grammar lacks is told in words; the caller's schema is not changed."""
    given, expected = STRICT[name]
    before = copy.deepcopy(given)
    assert expected == strict_schema(given, "schema")
    assert before == given


@pytest.mark.parametrize("more", [True, {}, {"type": "string"}])
def test_schema_of_an_open_object(more):
    """It cannot be expressed; the place is named."""
    given = {"items": {"type": "object", "additionalProperties": more}}
    with pytest.raises(BadRequestError) as caught:
        strict_schema(given, "schema")
    assert "schema.items" == caught.value.param


A, B = {"type": "string"}, {"type": "integer"}
NODE = {"type": "object", "properties": {"next": {"$ref": "#/$defs/a~1b"}}}

OF_TOOLS = {
    "nothing": ({}, {"type": "object", "properties": {}}, ""),
    "no properties": ({"properties": None}, {"type": "object", "properties": {}}, ""),
    "object or nothing": ({"type": ["object", "null"]}, {"type": "object", "properties": {}}, ""),
    "another type": ({"type": "string"}, {"type": "string", "properties": {}}, ""),
    "everything else stays": (
        {"type": "object", "properties": {"a": {"anyOf": [A, B], "maximum": 3}}, "x": 1},
        {"type": "object", "properties": {"a": {"anyOf": [A, B], "maximum": 3}}, "x": 1},
        "",
    ),
    "alternatives": (
        {
            "properties": {"a": A},
            "required": ["a"],
            "anyOf": [
                {"properties": {"a": B, "b": B}, "required": ["b", "c"]},
                {"properties": {"c": A}, "required": ["c"]},
            ],
        },
        {"type": "object", "properties": {"a": A, "b": B, "c": A}, "required": ["a", "c"]},
        "Give at least one of these groups of parameters: (b, c) | (c).",
    ),
    "groups without requirements": (
        {"oneOf": [{"properties": {"a": A, "b": A}}, {"properties": {"c": B}}, {}]},
        {"type": "object", "properties": {"a": A, "b": A, "c": B}},
        "Give exactly one of these groups of parameters: (a, b) | (c).",
    ),
    "alternatives of nothing": ({"oneOf": [{}, 5]}, {"type": "object", "properties": {}}, ""),
    "all of": (
        {"allOf": [{"$ref": "#/$defs/x"}, {"required": ["a", "b"]}], "$defs": {"x": {"properties": {"a": A}, "required": ["a"]}}},
        {"type": "object", "properties": {"a": A}, "required": ["a", "b"], "$defs": {"x": {"properties": {"a": A}, "required": ["a"]}}},
        "",
    ),
    "reference at the root": (
        {"$ref": "#/$defs/a~1b", "$defs": {"a/b": NODE}},
        {**NODE, "$defs": {"a/b": NODE}},
        "",
    ),
    "reference elsewhere": (
        {"$ref": "https://x/y.json"},
        {"type": "object", "$ref": "https://x/y.json", "properties": {}},
        "",
    ),
    "reference to nothing": (
        {"$ref": "#/$defs/a"},
        {"type": "object", "$ref": "#/$defs/a", "properties": {}},
        "",
    ),
    "reference to itself": (
        {"$ref": "#/$defs/a", "$defs": {"a": {"$ref": "#/$defs/a"}}},
        {"type": "object", "$ref": "#/$defs/a", "$defs": {"a": {"$ref": "#/$defs/a"}}, "properties": {}},
        "",
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", OF_TOOLS)
def test_schema_of_a_tool(name):
    """Its root becomes an object without combinators; all below stays as it is."""
    given, expected, line = OF_TOOLS[name]
    before = copy.deepcopy(given)
    assert (expected, line) == object_schema(given)
    assert before == given


def test_schema_of_a_tool_whose_alternatives_refer_to_themselves():
    """It comes to an end."""
    node = {"anyOf": [{"$ref": "#/$defs/a"}, {"properties": {"x": A}}]}
    made, _ = object_schema({**node, "$defs": {"a": node}})
    assert {"x": A} == made["properties"]
    assert "anyOf" not in made
