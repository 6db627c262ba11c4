"""Chains: the next route is tried when the one before failed in a way that lets it."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from sociaro_core.attempts import Trail
from sociaro_core.effects import Flow
from sociaro_core.errors import (
    AllProvidersFailed,
    APIConnectionError,
    APIError,
    SociaroError,
)
from sociaro_core.retries import is_spend_limit

from ._routes import Chain, Route

T = TypeVar("T")


def advances(error: SociaroError, *, on_rate_limit: bool) -> bool:
    """
    Return whether another provider may succeed where `error` came up.

    Connection errors and timeouts advance, except a shortage of our own pool and a
    passed deadline; 5xx, 408 and 429 (if `on_rate_limit`) do, and 402 unless the budget
    is the organization's own. Everything else would fail again, or needs the caller.
    """
    if isinstance(error, APIConnectionError):
        return error.phase not in ("pool", "deadline")
    if not isinstance(error, APIError) or error.code == "invalid_response":
        return False
    if error.status_code == 429:
        return on_rate_limit or is_spend_limit(error)
    if error.status_code == 402:
        return error.type != "budget_exceeded"
    return error.status_code == 408 or 500 <= error.status_code < 600


def first_success(
    routes: Chain,
    one: Callable[[Route], Flow[T]],
    trail: Trail,
    *,
    on_rate_limit: bool,
) -> Flow[T]:
    """
    Return what the first route gives that does not fail.

    Args:
        routes: In order.
        one: The flow of one route, retries included.
        trail: Told which route is tried.
        on_rate_limit: Whether 429 advances.

    Raises:
        AllProvidersFailed: Each of several routes failed.
        SociaroError: Of a single route; or one that ends the chain.
    """
    errors: list[SociaroError] = []
    for route in routes:
        trail.provider, trail.model = route.provider.name, route.model
        trail.dropped = ()
        try:
            return (yield from one(route))
        except SociaroError as exc:
            trail.marked(exc)
            if errors and exc.__cause__ is None and not isinstance(exc, APIError):
                exc.__cause__ = errors[-1]
            if len(routes) == 1 or not advances(exc, on_rate_limit=on_rate_limit):
                raise
            errors.append(exc)
    raise _all_failed(routes, errors, trail)


def _reason(error: SociaroError) -> str:
    status = f"{error.status_code} " if isinstance(error, APIError) else ""
    return f"{status}{error.message}"


def _all_failed(
    routes: Chain, errors: list[SociaroError], trail: Trail
) -> AllProvidersFailed:
    reasons = "; ".join(
        f"{route.name}: {type(error).__name__}: {_reason(error)[:200]}"
        for route, error in zip(routes, errors, strict=True)
    )
    failed = AllProvidersFailed(f"all providers failed: {reasons}", errors=errors)
    failed.meta = trail.meta(errors[-1].meta.headers)
    return failed
