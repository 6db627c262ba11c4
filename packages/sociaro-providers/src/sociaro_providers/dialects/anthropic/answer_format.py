"""
The form of the answer: `response_format`.

*Source*: "Structured outputs" of Anthropic; OpenAI's response formats.
"""

from __future__ import annotations

from typing import Any, cast

from sociaro_providers.shapes import as_dict

from .blocks import Block
from .models_table import ClaudeModel
from .refusals import unsupported
from .schema import strict_schema

__all__ = ["JSON_ONLY", "answer_format"]

# Constant, so that the prefix stays the same from turn to turn.
JSON_ONLY: Block = {
    "type": "text",
    "text": "Respond with one valid JSON object only. No prose, no code fences.",
}


def answer_format(given: Any, model: ClaudeModel) -> tuple[dict[str, Any] | None, bool]:
    """
    Return `output_config.format`, and whether any JSON object is asked for.

    Args:
        given: `response_format`; its `name` and `strict` have no counterpart.
        model: Whether it can be held to a schema.

    Raises:
        BadRequestError: The form is unknown, or the model has no such output.
    """
    if given is None:
        return None, False
    fields = as_dict(given)
    kind = fields.get("type")
    if kind in ("text", "json_object"):
        return None, kind == "json_object"
    if kind != "json_schema":
        raise unsupported("response_format", "there is no such type")
    if not model.json_schema:
        raise unsupported("response_format", "this model has no structured output")
    return {"type": "json_schema", "schema": _schema(fields.get("json_schema"))}, False


def _schema(wish: Any) -> dict[str, Any]:
    fields = as_dict(wish)
    schema = fields.get("schema")
    place = "response_format.json_schema.schema"
    if not isinstance(schema, dict):
        raise unsupported("response_format", "json_schema needs a schema")
    made = strict_schema(cast("dict[str, Any]", schema), place)
    described = fields.get("description")
    if isinstance(described, str) and described and not _describes(made):
        return {**made, "description": described}
    return made


def _describes(schema: dict[str, Any]) -> bool:
    # A reference stands alone.
    return bool(schema.get("description")) or "$ref" in schema
