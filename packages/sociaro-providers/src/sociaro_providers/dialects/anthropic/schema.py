"""
Schemas an answer can be held to, out of schemas anyone may write.

*Source*: "JSON schema limitations" of Anthropic's structured outputs.
"""

from __future__ import annotations

import json
import re
from typing import Any

from sociaro_providers.shapes import as_dict, as_list, as_text

from .refusals import unsupported

__all__ = ["strict_schema"]

_MAPS = ("$defs", "definitions")
_KEPT = ("enum", "const", "title", "default", "required")
# Says nothing about a value.
_SILENT = frozenset({"$schema", "$id", "$comment", "description"})
_FORMATS = frozenset(
    {
        "date-time",
        "time",
        "date",
        "duration",
        "email",
        "hostname",
        "uri",
        "ipv4",
        "ipv6",
        "uuid",
    }
)
# Look-around, references back and word boundaries.
_HARD_PATTERN = re.compile(r"\(\?(?!:)|\\[1-9bBk]")
_OUTSIDE = ("title", "description", "default", *_MAPS)
_OF_ONE_TYPE = {
    "properties": "object",
    "required": "object",
    "additionalProperties": "object",
    "items": "array",
    "minItems": "array",
    "maxItems": "array",
    "format": "string",
    "pattern": "string",
    "minLength": "string",
    "maxLength": "string",
}


def strict_schema(schema: dict[str, Any], place: str) -> dict[str, Any]:
    """
    Return `schema` with what Anthropic's grammar has; the rest becomes description.

    Args:
        schema: JSON schema; not changed.
        place: Where it stands, for errors.

    Raises:
        BadRequestError: An object whose properties are open: there is no such thing.
    """
    maps = {
        key: {
            name: _node(child, f"{place}.{key}.{name}")
            for name, child in as_dict(schema[key]).items()
        }
        for key in _MAPS
        if isinstance(schema.get(key), dict)
    }
    if "$ref" in schema:
        return {"$ref": schema["$ref"], **maps}
    schema = _one_type(schema)
    made = {**_children(schema, place), **maps}
    for key in _KEPT:
        if key in schema:
            made[key] = schema[key]
    if _is_object(schema):
        _close(schema, made, place)
    made |= _details(schema)
    text = _description(schema, made)
    return {**made, "description": text} if text else made


def _node(schema: Any, place: str) -> Any:
    # True and False are schemas too.
    return strict_schema(schema, place) if isinstance(schema, dict) else schema


def _one_type(schema: dict[str, Any]) -> dict[str, Any]:
    """Return `schema` with one type each: several become `anyOf`."""
    types = schema.get("type")
    if not isinstance(types, list) or "anyOf" in schema or "oneOf" in schema:
        return schema
    if len(types) == 1:
        return {**schema, "type": types[0]}
    outside = {key: schema[key] for key in _OUTSIDE if key in schema}
    inside = {k: v for k, v in schema.items() if k not in (*_OUTSIDE, "type")}
    members = [
        {
            "type": kind,
            **{k: v for k, v in inside.items() if _OF_ONE_TYPE.get(k, kind) == kind},
        }
        for kind in types
    ]
    return {**outside, "anyOf": members}


def _children(schema: dict[str, Any], place: str) -> dict[str, Any]:
    made: dict[str, Any] = {}
    if isinstance(schema.get("type"), str):
        made["type"] = schema["type"]
    for key in ("anyOf", "oneOf", "allOf"):
        target = "anyOf" if key == "oneOf" else key
        if isinstance(schema.get(key), list) and target not in made:
            members = as_list(schema[key])
            made[target] = [
                _node(member, f"{place}.{key}[{n}]") for n, member in enumerate(members)
            ]
    if isinstance(schema.get("properties"), dict):
        made["properties"] = {
            name: _node(child, f"{place}.properties.{name}")
            for name, child in as_dict(schema["properties"]).items()
        }
    if isinstance(schema.get("items"), (dict, bool)):
        made["items"] = _node(schema["items"], f"{place}.items")
    return made


def _is_object(schema: dict[str, Any]) -> bool:
    named = "properties" in schema or "additionalProperties" in schema
    return schema.get("type") == "object" or ("type" not in schema and named)


def _close(schema: dict[str, Any], made: dict[str, Any], place: str) -> None:
    is_open = schema.get("additionalProperties") not in (None, False)
    if is_open and not schema.get("properties"):
        raise unsupported(place, "an object that may have any properties")
    made["type"] = "object"
    made["additionalProperties"] = False


def _details(schema: dict[str, Any]) -> dict[str, Any]:
    """Return what strings and arrays keep of their limits."""
    made: dict[str, Any] = {}
    textual = schema.get("type") in (None, "string")
    if textual and as_text(schema.get("format")) in _FORMATS:
        made["format"] = schema["format"]
    pattern = schema.get("pattern")
    if isinstance(pattern, str) and textual and not _HARD_PATTERN.search(pattern):
        made["pattern"] = pattern
    fewest = schema.get("minItems")
    if fewest in (0, 1) and not isinstance(fewest, bool):
        made["minItems"] = fewest
    return made


def _description(schema: dict[str, Any], made: dict[str, Any]) -> str:
    """Return the description, what the grammar lacks appended for the model to read."""
    lost = [
        f"{key}: {json.dumps(value, ensure_ascii=False)}"
        for key, value in schema.items()
        if key not in made and key not in _SILENT and not _is_said(key, schema)
    ]
    given = as_text(schema.get("description"))
    return "\n\n".join(filter(None, (given, f"{{{', '.join(lost)}}}" if lost else "")))


def _is_said(key: str, schema: dict[str, Any]) -> bool:
    """Return whether a keyword is there by another name, or is always the same."""
    if key == "oneOf":
        return isinstance(schema[key], list) and "anyOf" not in schema
    return key == "additionalProperties"
