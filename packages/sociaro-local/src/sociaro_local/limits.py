"""Headers that say how much of a rate limit is left."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone
from typing import Final

_LIMITS: Final = {
    "requests": 4_000,
    "input-tokens": 2_000_000,
    "output-tokens": 400_000,
    "tokens": 2_400_000,
}
_WINDOW: Final = timedelta(minutes=1)


def anthropic_limits(started: float) -> dict[str, str]:
    """
    Return Anthropic's headers for a key that makes no other calls.

    Args:
        started: When the request came, in seconds of Unix time.

    Source: Anthropic's API reference, "Rate limits", "Response headers".
    """
    now = datetime.fromtimestamp(started, timezone.utc)
    reset = (now + _WINDOW).strftime("%Y-%m-%dT%H:%M:%SZ")
    headers: dict[str, str] = {}
    for name, limit in _LIMITS.items():
        prefix = f"anthropic-ratelimit-{name}"
        headers[f"{prefix}-limit"] = str(limit)
        headers[f"{prefix}-remaining"] = str(limit - 1)
        headers[f"{prefix}-reset"] = reset
    return headers
