"""What users write, seen by their type checker: checked by mypy and pyright, never run."""

from __future__ import annotations

import sociaro

assert sociaro
