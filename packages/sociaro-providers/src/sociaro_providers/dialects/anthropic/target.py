"""What a translation is made for, and what comes of it beside the request."""

from __future__ import annotations

from collections.abc import Mapping

import attrs

from .models_table import ClaudeModel
from .remarks import Remarks

__all__ = ["Target"]


@attrs.frozen
class Target:
    """
    What every part of a translation may look at.

    Args:
        model: Its row in the table.
        names: On the wire, of the names of tools that were rewritten.
        remarks: Takes what could not be kept.
    """

    model: ClaudeModel
    names: Mapping[str, str]
    remarks: Remarks
