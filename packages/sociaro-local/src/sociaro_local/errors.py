"""Error bodies: the gateway's own envelope, and each provider's."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final

Payload = dict[str, Any]

GATEWAY_ERRORS: Final[Mapping[int, tuple[str, str]]] = {
    400: ("bad_request", "The gateway refuses this request."),
    401: ("unauthorized", "The key is missing, unknown or revoked."),
    402: ("budget_exceeded", "The organization's budget is exhausted."),
    403: ("forbidden", "The key does not allow this."),
    404: ("not_found", "There is nothing at this address."),
    410: ("gone", "The task can no longer be finalized; create it again."),
    429: ("rate_limited", "The key makes too many calls."),
    503: ("unavailable", "The gateway cannot do this just now; try again."),
}
"""Type and default message of the errors that the gateway itself answers."""

WITHOUT_JSON: Final = {502: "Bad Gateway", 504: ""}
"""Text of the answers to an unreachable provider, which carry no JSON."""


@dataclass(frozen=True)
class Problem:
    """
    What a provider has against a call, before it is written in the provider's shape.

    Args:
        status: HTTP status of the answer.
        message: For people.
        param: The field of the request at fault, or None.
    """

    status: int
    message: str
    param: str | None = None


class Refused(Exception):
    """Raised while a request is read: it breaks the provider's rules."""

    def __init__(self, problem: Problem) -> None:
        super().__init__(problem.message)
        self.problem = problem


ErrorShape = Callable[[Problem, str], Payload]
"""Writes a problem as a provider would; the second argument is the request's id."""


def gateway_error(status: int, message: str | None = None) -> Payload:
    """Return the gateway's envelope: exactly `type` and `message`."""
    kind, default = GATEWAY_ERRORS[status]
    return {"error": {"type": kind, "message": message or default}}


def openai_error(problem: Problem, _: str) -> Payload:
    """Return OpenAI's envelope."""
    kind = "invalid_request_error" if problem.status < 500 else "server_error"
    error = {"message": problem.message, "type": kind, "param": problem.param}
    return {"error": {**error, "code": _CODES_OPENAI.get(problem.status)}}


def alibaba_error(problem: Problem, request_id: str) -> Payload:
    """Return DashScope's envelope on the compatible paths."""
    kind = "invalid_request_error" if problem.status < 500 else "internal_error"
    code = _CODES_ALIBABA.get(problem.status, kind)
    error = {"message": problem.message, "type": kind, "param": problem.param}
    return {"error": {**error, "code": code}, "request_id": request_id.lower()}


def byteplus_error(problem: Problem, request_id: str) -> Payload:
    """Return Ark's envelope: `param` is "" for none, the message ends with the id."""
    lower, upper = ("InvalidParameter", "BadRequest"), ("InternalServiceError",) * 2
    default = lower if problem.status < 500 else upper
    code, kind = _CODES_BYTEPLUS.get(problem.status, default)
    message = f"{problem.message} Request id: {request_id.lower()}"
    param = problem.param or ""
    return {"error": {"code": code, "message": message, "param": param, "type": kind}}


def mulerouter_error(problem: Problem, _: str) -> Payload:
    """Return MuleRouter's envelope: a number, a title and a detail."""
    default = (2001, "Parameter validation failed")
    if problem.status >= 500:
        default = (3001, "Task execution error")
    code, title = _CODES_MULEROUTER.get(problem.status, default)
    return {"error": {"error_code": code, "title": title, "detail": problem.message}}


def anthropic_error(problem: Problem, request_id: str) -> Payload:
    """Return Anthropic's envelope."""
    default = "invalid_request_error" if problem.status < 500 else "api_error"
    kind = _TYPES_ANTHROPIC.get(problem.status, default)
    error = {"type": kind, "message": problem.message}
    return {"type": "error", "error": error, "request_id": provider_id(request_id)}


def provider_id(request_id: str) -> str:
    """Return the id that Anthropic would give to the request, made from ours."""
    return f"req_{request_id}"


_CODES_OPENAI = {401: "invalid_api_key", 404: "model_not_found"}
_CODES_ALIBABA = {
    400: "invalid_parameter_error",
    401: "invalid_api_key",
    404: "model_not_found",
    500: "InternalError",
}
_CODES_BYTEPLUS = {
    400: ("InvalidParameter", "BadRequest"),
    401: ("AuthenticationError", "Unauthorized"),
    404: ("InvalidEndpointOrModel.NotFound", "NotFound"),
}
_CODES_MULEROUTER = {404: (2001, "Model not found")}
_TYPES_ANTHROPIC = {
    401: "authentication_error",
    404: "not_found_error",
    409: "conflict_error",
    413: "request_too_large",
    529: "overloaded_error",
}
