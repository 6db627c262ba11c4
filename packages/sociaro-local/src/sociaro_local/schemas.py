"""Example values for JSON schemas, always the same for the same schema."""

from __future__ import annotations

from typing import Any

_SHALLOW = 3
"""Levels after which an object has only its required properties."""

_DEEP = 12
"""Levels after which a schema that contains itself is no longer followed."""

_BY_FORMAT = {
    "date": "2026-01-02",
    "date-time": "2026-01-02T03:04:05Z",
    "email": "user@example.com",
    "time": "03:04:05Z",
    "uri": "https://example.com/",
    "uuid": "00000000-0000-4000-8000-000000000000",
}


def example(schema: dict[str, Any], name: str = "value") -> Any:
    """
    Return a value that suits the schema.

    Args:
        schema: JSON schema; `$ref` into itself, `anyOf`, `oneOf` and `allOf` are
            followed.
        name: What the value is called; strings are made of it.

    A schema that says what it wants (`const`, `default`, `enum`, `examples`) gets that.
    """
    return _Examples(schema).of(schema, name, 0)


class _Examples:
    def __init__(self, root: dict[str, Any]) -> None:
        self._root = root

    def of(self, schema: Any, name: str, depth: int) -> Any:
        if not isinstance(schema, dict) or depth > _DEEP:
            return None
        for key in ("const", "default"):
            if key in schema:
                return schema[key]
        for key in ("enum", "examples"):
            if schema.get(key):
                return schema[key][0]
        for key in ("anyOf", "oneOf"):
            if schema.get(key):
                return self.of(schema[key][0], name, depth + 1)
        if "$ref" in schema or "allOf" in schema:
            return self.of(self._gathered(schema), name, depth + 1)
        return self._typed(schema, name, depth)

    def _typed(self, schema: dict[str, Any], name: str, depth: int) -> Any:
        kind = _kind(schema)
        if kind == "object":
            return self._object(schema, depth)
        if kind == "array":
            one = self.of(schema.get("items", {}), name, depth + 1)
            return [one] * max(1, schema.get("minItems", 1))
        if kind == "string":
            return _string(schema, name)
        if kind in ("integer", "number"):
            return schema.get("minimum", 1 if kind == "integer" else 1.5)
        return True if kind == "boolean" else None

    def _object(self, schema: dict[str, Any], depth: int) -> dict[str, Any]:
        properties: dict[str, Any] = schema.get("properties") or {}
        required = properties if depth < _SHALLOW else schema.get("required", ())
        return {
            name: self.of(inner, name, depth + 1)
            for name, inner in properties.items()
            if name in required
        }

    def _gathered(self, schema: dict[str, Any]) -> dict[str, Any]:
        """Return the schema with one step of `$ref` and `allOf` taken."""
        whole: dict[str, Any] = {}
        properties: dict[str, Any] = {}
        for part in (*schema.get("allOf", ()), schema):
            own = {k: v for k, v in part.items() if k not in ("$ref", "allOf")}
            for piece in (self._target(part.get("$ref")), own):
                properties |= piece.get("properties", {})
                whole |= piece
        return {**whole, "properties": properties} if properties else whole

    def _target(self, reference: Any) -> dict[str, Any]:
        if not isinstance(reference, str) or not reference.startswith("#"):
            return {}
        found: Any = self._root
        for step in filter(None, reference[1:].split("/")):
            found = found.get(step) if isinstance(found, dict) else None
        return found if isinstance(found, dict) else {}


def _kind(schema: dict[str, Any]) -> str:
    kind = schema.get("type", "object" if "properties" in schema else "string")
    if isinstance(kind, list):
        return next((one for one in kind if one != "null"), "null")
    return str(kind)


def _string(schema: dict[str, Any], name: str) -> str:
    text = _BY_FORMAT.get(schema.get("format", ""), name)
    return text.ljust(schema.get("minLength", 0), "x")[: schema.get("maxLength")]
