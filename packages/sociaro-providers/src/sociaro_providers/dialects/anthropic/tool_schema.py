"""
Schemas of the arguments of tools: as given, but for what their root must be.

*Source*: "Tools" of the Messages API: the root is an object, without combinators.
"""

from __future__ import annotations

from typing import Any
from urllib.parse import unquote

from sociaro_providers.shapes import as_dict, as_list, as_text

__all__ = ["object_schema"]

_COMBINED = ("allOf", "anyOf", "oneOf")
# Members may refer to each other: their number grows with every level.
_DEEPEST = 5


def object_schema(schema: dict[str, Any]) -> tuple[dict[str, Any], str]:
    """
    Return a schema whose root is an object, and a line on its alternatives.

    A reference at the root is resolved; properties of the members of `allOf`, `anyOf`
    and `oneOf` at the root become properties of the root. Of alternatives nothing but
    what all require stays required; the line, empty without any, names the groups.

    Args:
        schema: JSON schema; not changed.
    """
    lines: list[str] = []
    made = {"type": "object", **_flat(schema, schema, lines, 0)}
    if isinstance(made["type"], list) and "object" in made["type"]:
        made["type"] = "object"
    if made.get("properties") is None:
        made["properties"] = {}
    return made, " ".join(lines)


def _flat(
    schema: dict[str, Any], root: dict[str, Any], lines: list[str], depth: int
) -> dict[str, Any]:
    schema = _resolved(schema, root)
    combined = [key for key in _COMBINED if isinstance(schema.get(key), list)]
    if not combined or depth > _DEEPEST:
        return schema
    made = {key: value for key, value in schema.items() if key not in combined}
    properties = dict(as_dict(schema.get("properties")))
    required = list(as_list(schema.get("required")))
    for key in combined:
        members = [
            _flat(as_dict(member), root, lines, depth + 1)
            for member in as_list(schema[key])
        ]
        for member in members:
            for name, child in as_dict(member.get("properties")).items():
                properties.setdefault(name, child)
        required += [name for name in _needed(key, members) if name not in required]
        lines += _groups(key, members)
    made["properties"] = properties
    if required:
        made["required"] = required
    return made


def _needed(key: str, members: list[dict[str, Any]]) -> list[Any]:
    """Return what is required by all alternatives, or by any member of `allOf`."""
    lists = [as_list(member.get("required")) for member in members]
    named = [name for names in lists for name in names]
    if key != "allOf":
        named = [name for name in named if all(name in names for names in lists)]
    unique: list[Any] = []
    for name in named:
        if name not in unique:
            unique.append(name)
    return unique


def _groups(key: str, members: list[dict[str, Any]]) -> list[str]:
    if key == "allOf":
        return []
    named = [
        ", ".join(
            str(name)
            for name in as_list(member.get("required"))
            or as_dict(member.get("properties"))
        )
        for member in members
    ]
    groups = " | ".join(f"({names})" for names in named if names)
    many = "exactly one" if key == "oneOf" else "at least one"
    return [f"Give {many} of these groups of parameters: {groups}."] if groups else []


def _resolved(schema: dict[str, Any], root: dict[str, Any]) -> dict[str, Any]:
    """Return `schema` with its own reference replaced by what it points at."""
    seen: list[str] = []
    while "$ref" in schema:
        reference = as_text(schema["$ref"])
        target = _target(reference, root)
        if target is None or reference in seen:
            break
        seen.append(reference)
        beside = {key: value for key, value in schema.items() if key != "$ref"}
        schema = {**target, **beside}
    return schema


def _target(reference: str, root: dict[str, Any]) -> dict[str, Any] | None:
    if not reference.startswith("#/"):
        return None
    found: Any = root
    for step in reference[2:].split("/"):
        found = as_dict(found).get(unquote(step).replace("~1", "/").replace("~0", "~"))
    return found if isinstance(found, dict) else None
