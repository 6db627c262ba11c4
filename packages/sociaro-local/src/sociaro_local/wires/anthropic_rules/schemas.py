"""JSON schemas that answers can be held to: which keywords they may have."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

from sociaro_local.wires.anthropic_rules.shapes import wrong

if TYPE_CHECKING:
    from collections.abc import Iterator

_KEYWORDS: Final = frozenset(
    {
        "$defs",
        "$ref",
        "additionalProperties",
        "allOf",
        "anyOf",
        "const",
        "default",
        "definitions",
        "description",
        "enum",
        "format",
        "items",
        "minItems",
        "pattern",
        "properties",
        "required",
        "title",
        "type",
    }
)
_FORMATS: Final = frozenset(
    {
        "date",
        "date-time",
        "duration",
        "email",
        "hostname",
        "ipv4",
        "ipv6",
        "time",
        "uri",
        "uuid",
    }
)
_KINDS: Final = {
    "$defs": dict,
    "allOf": list,
    "anyOf": list,
    "definitions": dict,
    "format": str,
    "pattern": str,
    "properties": dict,
    "required": list,
}
_LOOK_AROUND: Final = ("(?=", "(?!", "(?<=", "(?<!")
_BESIDE_REF: Final = frozenset({"$ref", "$defs", "definitions"})


@dataclass
class Grammar:
    """
    What has been counted in the schemas of a request.

    Args:
        optional: Properties that are not required.
        unions: Properties of more than one type.
    """

    optional: int = 0
    unions: int = 0
    _open: list[str] = field(default_factory=list)

    def add(self, schema: dict[str, Any], path: str) -> None:
        """
        Count a schema.

        Args:
            schema: The root.
            path: Where it stands in the request.

        Raises:
            Refused: It has what the grammar cannot express.
        """
        self._node(schema, schema, path)

    def _node(self, node: Any, root: dict[str, Any], path: str) -> None:
        if not isinstance(node, dict):
            wrong(path, "JSON schema is invalid")
        _keywords(node, path)
        if "$ref" in node:
            self._reference(node["$ref"], root, path)
        if node.get("type") == "object":
            self._object(node, path)
        for child in _children(node):
            self._node(child, root, path)

    def _reference(self, reference: Any, root: dict[str, Any], path: str) -> None:
        if reference in self._open:
            wrong(
                path, f"Circular reference detected in schema definitions: {reference}"
            )
        self._open.append(reference)
        self._node(_target(reference, root, path), root, path)
        self._open.pop()

    def _object(self, node: dict[str, Any], path: str) -> None:
        if node.get("additionalProperties") is not False:
            wrong(
                path,
                "For 'object' type, 'additionalProperties' must be explicitly set to"
                " false",
            )
        properties = node.get("properties", {})
        required = node.get("required", [])
        self.optional += sum(name not in required for name in properties)
        for one in properties.values():
            if isinstance(one, dict):
                self.unions += "anyOf" in one or isinstance(one.get("type"), list)


def _keywords(node: dict[str, Any], path: str) -> None:
    kind = node.get("type", "any")
    for key, value in node.items():
        if key in _KINDS and not isinstance(value, _KINDS[key]):
            wrong(path, f"JSON schema is invalid: '{key}'")
        if key not in _KEYWORDS:
            wrong(path, f"For '{kind}' type, property '{key}' is not supported")
    if node.get("format", "date") not in _FORMATS:
        wrong(path, f"For '{kind}' type, format '{node['format']}' is not supported")
    if node.get("minItems", 0) not in (0, 1):
        wrong(
            path,
            "For 'array' type, 'minItems' values other than 0 or 1 are not supported",
        )
    if any(sign in node.get("pattern", "") for sign in _LOOK_AROUND):
        wrong(path, "For 'string' type, 'pattern' must not use look-around")
    if "$ref" in node and not node.keys() <= _BESIDE_REF:
        wrong(path, "'$ref' must not have other keywords beside it")


def _target(reference: Any, root: dict[str, Any], path: str) -> Any:
    if not isinstance(reference, str) or not reference.startswith("#"):
        wrong(path, f"External reference is not supported: {reference}")
    found: Any = root
    for step in filter(None, reference[1:].split("/")):
        found = found.get(step) if isinstance(found, dict) else None
    if found is None:
        wrong(path, f"Reference not found: {reference}")
    return found


def _children(node: dict[str, Any]) -> Iterator[Any]:
    for key in ("$defs", "definitions", "properties"):
        yield from node.get(key, {}).values()
    for key in ("allOf", "anyOf"):
        yield from node.get(key, ())
    if "items" in node:
        yield node["items"]
