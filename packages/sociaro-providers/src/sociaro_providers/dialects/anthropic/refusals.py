"""What cannot be expressed, and what Anthropic's errors mean."""

from __future__ import annotations

import re

from sociaro_core.errors import APIError, BadRequestError

__all__ = ["refine", "unsupported"]


def unsupported(param: str, why: str) -> BadRequestError:
    """
    Return the error for what the Messages API cannot express; nothing was sent.

    Args:
        param: The parameter, or the place inside `messages`.
        why: What is wrong and what to do instead.
    """
    return BadRequestError(
        f"{param} cannot be sent to anthropic: {why}",
        status_code=400,
        code="unsupported_parameter",
        param=param,
    )


_BY_TYPE = {
    "invalid_request_error": "invalid_request_error",
    "authentication_error": "invalid_api_key",
    "billing_error": "insufficient_quota",
    "permission_error": "permission_denied",
    "not_found_error": "model_not_found",
    "conflict_error": "conflict",
    "request_too_large": "request_too_large",
    "rate_limit_error": "rate_limit_exceeded",
    "api_error": "server_error",
    "timeout_error": "timeout",
    "overloaded_error": "overloaded",
}
_BY_STATUS = {
    401: "invalid_api_key",
    402: "insufficient_quota",
    403: "permission_denied",
    408: "timeout",
    409: "conflict",
    413: "request_too_large",
    429: "rate_limit_exceeded",
    504: "timeout",
    529: "overloaded",
}
_TOO_LONG = ("prompt is too long", "exceed context limit", "context window")
_PARAM = re.compile(r"([a-z_]+(?:\.[A-Za-z0-9_]+)*): ")


def refine(error: APIError) -> APIError:
    """
    Fill in `code` and `param` as `openai` has them; what is there stays.

    *Source*: Anthropic's error types; the place of a fault stands in front of the
    message (``messages.2.content.0: ...``).
    """
    if error.code is None:
        error.code = _code(error)
    if error.param is None and error.code != "invalid_response":
        found = _PARAM.match(error.message)
        error.param = None if found is None else found[1]
    return error


def _code(error: APIError) -> str | None:
    message = error.message.lower()
    if error.status_code == 400 and any(words in message for words in _TOO_LONG):
        return "context_length_exceeded"
    known = _BY_TYPE.get(error.type or "") or _BY_STATUS.get(error.status_code)
    if known is None and error.status_code >= 500:
        return "server_error"
    return known
