import pytest

from sociaro_local.schemas import example


@pytest.mark.parametrize(
    ("schema", "expected"),
    [
        ({"type": "string"}, "value"),
        ({}, "value"),
        ({"type": "string", "minLength": 7}, "valuexx"),
        ({"type": "string", "maxLength": 3}, "val"),
        ({"type": "string", "format": "date"}, "2026-01-02"),
        ({"type": "integer"}, 1),
        ({"type": "integer", "minimum": 5}, 5),
        ({"type": "number"}, 1.5),
        ({"type": "boolean"}, True),
        ({"type": "null"}, None),
        ({"type": ["null", "integer"]}, 1),
        ({"type": ["null"]}, None),
        ({"type": "array", "items": {"type": "integer"}}, [1]),
        ({"type": "array", "minItems": 2}, ["value", "value"]),
        ({"const": 3, "type": "string"}, 3),
        ({"default": None, "type": "string"}, None),
        ({"enum": ["a", "b"]}, "a"),
        ({"examples": [7]}, 7),
        ({"anyOf": [{"type": "integer"}, {"type": "null"}]}, 1),
        ({"oneOf": [{"type": "boolean"}]}, True),
        ({"$ref": "https://example.com/x"}, "value"),
        ({"$ref": "#/nowhere/at/all"}, "value"),
    ],
)
def test_example_suits_the_schema_when_it_is_simple(schema, expected):
    """Each kind of schema has its example."""
    assert expected == example(schema)


def test_example_has_every_property_when_the_schema_is_an_object():
    """Strings are made of the property's name; no properties make an empty object."""
    properties = {"city": {"type": "string"}, "days": {"type": "integer"}, "odd": True}
    expected = {"city": "city", "days": 1, "odd": None}
    assert expected == example({"properties": properties})
    assert {} == example({"type": "object"})


def test_example_follows_references_when_they_point_into_the_schema():
    """Properties of all parts are gathered."""
    schema = {
        "$defs": {"unit": {"enum": ["c", "f"]}, "named": {"properties": {"name": {}}}},
        "allOf": [{"$ref": "#/$defs/named"}, {"properties": {"unit": {}}}],
        "properties": {"unit": {"$ref": "#/$defs/unit"}},
    }
    assert {"name": "name", "unit": "c"} == example(schema)
    alone = {"$defs": schema["$defs"], "$ref": "#/$defs/named"}
    assert {"name": "name"} == example(alone)


def test_example_ends_when_the_schema_contains_itself():
    """Optional properties go first; what is required is cut in the end."""
    optional = {"type": "object", "properties": {"next": {"$ref": "#"}}}
    assert {"next": {"next": {}}} == example(optional)
    text = repr(example({**optional, "required": ["next"]}))
    assert "None" in text
    assert None is example({"$ref": "#"})
