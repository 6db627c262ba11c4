"""
The header for features that are not for everyone yet.

*Source*: "Beta headers" of Anthropic: names with commas between them.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from sociaro_core.wire import Headers
from sociaro_providers.shapes import as_list

from .media import refers_to_files

__all__ = ["beta_header"]

_NAME = "anthropic-beta"
_FILES = "files-api-2025-04-14"
_MCP = "mcp-client-2025-11-20"


def beta_header(given: Headers, betas: list[Any], body: dict[str, Any]) -> Headers:
    """
    Return the header as the union of all its sources; none without any.

    Args:
        given: Headers of the caller's.
        betas: Further sources: names, or lists of names.
        body: Whose fields may need a beta of their own.
    """
    names = [*_names(given.get(_NAME)), *(name for b in betas for name in _names(b))]
    # Servers in the former shape go with the former name.
    if "mcp_servers" in body and not any(n.startswith("mcp-client-") for n in names):
        names.append(_MCP)
    if refers_to_files(body.get("messages")):
        names.append(_FILES)
    return Headers({_NAME: ",".join(dict.fromkeys(names))} if names else {})


def _names(value: Any) -> Iterator[str]:
    entries = [value] if isinstance(value, str) else as_list(value)
    for entry in entries:
        if isinstance(entry, str):
            yield from filter(None, (name.strip() for name in entry.split(",")))
