"""
Every error of the SDK, and how an answer becomes one.

```
SociaroError
├── ConfigurationError (also ValueError)   wrong use, found before anything is sent
├── APIConnectionError                     no usable answer arrived
│   └── APITimeoutError                    a timeout, or the deadline
├── APIError                               an HTTP error, or an answer not understood
│   ├── AuthError                          401, 403
│   ├── RateLimitError                     429
│   ├── BadRequestError                    400, 404, 422 and the other 4xx
│   ├── BudgetExceededError                402
│   └── ProviderUnavailableError           502, 503, 504, 520-527, 529
├── AsyncJobFailed                         a job ended without a result
├── AsyncJobTimeout                        a job goes on, the wait is over
└── AllProvidersFailed                     every route of a chain failed
```

All of them pickle and copy, and none holds a connection or the key.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from .envelopes import Envelope, envelope_of, mapped_status, one_line

if TYPE_CHECKING:
    from .attempts import Meta
    from .wire import Response

__all__ = [
    "APIConnectionError",
    "APIError",
    "APITimeoutError",
    "AllProvidersFailed",
    "AsyncJobFailed",
    "AsyncJobTimeout",
    "AuthError",
    "BadRequestError",
    "BudgetExceededError",
    "ConfigurationError",
    "ProviderUnavailableError",
    "RateLimitError",
    "SociaroError",
    "SociaroWarning",
    "error_from",
    "error_inside",
    "invalid_response",
    "status_error",
]


class SociaroWarning(UserWarning):
    """Something was done otherwise than asked, or is risky; nothing failed."""


class SociaroError(Exception):
    """
    The base of every error of the SDK.

    Attributes:
        message: One printable line.
        meta: What happened on the way, attempt by attempt (`Meta`).
        task_id: Of the job it is about; None outside jobs.
    """

    def __init__(self, message: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.task_id: str | None = None
        self._meta: Meta | None = None

    @property
    def meta(self) -> Meta:
        """The requests that were sent, and what is known of the last answer."""
        from .attempts import Meta

        return Meta() if self._meta is None else self._meta

    @meta.setter
    def meta(self, meta: Meta) -> None:
        self._meta = meta


class ConfigurationError(SociaroError, ValueError):
    """Wrong use, found before anything was sent. The message says what to change."""


class APIConnectionError(SociaroError):
    """
    No usable answer arrived: refused, reset, cut off, or not HTTP.

    Attributes:
        phase: How far it came: ``"connect"``, ``"pool"``, ``"write"``, ``"read"``,
            or ``"deadline"``. With connect and pool nothing was sent.
    """

    def __init__(self, message: str = "", *, phase: str = "read") -> None:
        super().__init__(message)
        self.phase = phase


class APITimeoutError(APIConnectionError):
    """A step, the attempt or the whole call took longer than it was allowed to."""


class APIError(SociaroError):
    """
    An HTTP error answer, or an answer that cannot be understood.

    Attributes:
        status_code: Of the answer; for an error inside a 200 the status it stands for.
        code, type, param: As the provider or the gateway named them; None without.
        body: The parsed JSON, else the text, else None.
        headers: Of the answer (`Headers`).
        retry_after: Seconds the server asked to wait; None if it did not.
        request_id: The gateway's id of the request.
        provider, model: Of the route that failed.
    """

    def __init__(
        self,
        message: str = "",
        *,
        status_code: int = 0,
        code: str | None = None,
        type: str | None = None,  # noqa: A002 - the envelopes' own name
        param: str | None = None,
        body: object = None,
        headers: Mapping[str, str] | None = None,
        retry_after: float | None = None,
        request_id: str | None = None,
    ) -> None:
        super().__init__(message)
        self.status_code = status_code
        self.code = code
        self.type = type
        self.param = param
        self.body = body
        self.headers: Mapping[str, str] = {} if headers is None else headers
        self.retry_after = retry_after
        self.request_id = request_id
        self.provider: str | None = None
        self.model: str | None = None

    def __str__(self) -> str:
        route = "/".join(filter(None, (self.provider, self.model)))
        notes = [
            note
            for note in (route, self.request_id and f"request {self.request_id}")
            if note
        ]
        head = f"{self.status_code} " if self.status_code else ""
        kind = self.code or self.type
        tail = f" ({', '.join(notes)})" if notes else ""
        return f"{head}{f'{kind}: ' if kind else ''}{self.message}{tail}"


class AuthError(APIError):
    """401 or 403: the key is wrong, or may not do this."""


class RateLimitError(APIError):
    """429: too much at once; `retry_after` tells the wait if the server did."""


class BadRequestError(APIError):
    """400, 404, 422 or another 4xx: the request itself must change."""


class BudgetExceededError(APIError):
    """402: the money is used up, the organization's or the provider account's."""


class ProviderUnavailableError(APIError):
    """502, 503, 504, 520-527 or 529: the provider is down or overloaded."""


class AsyncJobFailed(SociaroError):
    """
    A job ended without a result.

    Attributes:
        status: The unified word; `code` and `body` are the provider's own.
    """

    def __init__(
        self,
        message: str = "",
        *,
        task_id: str | None = None,
        status: str | None = None,
        code: str | None = None,
        body: object = None,
    ) -> None:
        super().__init__(message)
        self.task_id = task_id
        self.status = status
        self.code = code
        self.body = body


class AsyncJobTimeout(SociaroError):
    """
    A job did not end within the time given. It lives on: wait again.

    Attributes:
        status: The last unified word; `elapsed` the seconds waited.
    """

    def __init__(
        self,
        message: str = "",
        *,
        task_id: str | None = None,
        status: str | None = None,
        elapsed: float | None = None,
    ) -> None:
        super().__init__(message)
        self.task_id = task_id
        self.status = status
        self.elapsed = elapsed


class AllProvidersFailed(SociaroError):
    """
    Every route of a chain failed.

    Attributes:
        errors: One per route, in order. The last is also the `__cause__`.
    """

    def __init__(
        self, message: str = "", *, errors: Sequence[SociaroError] = ()
    ) -> None:
        super().__init__(message)
        self.errors: tuple[SociaroError, ...] = tuple(errors)
        self.__cause__: BaseException | None = self.errors[-1] if self.errors else None

    def __setstate__(self, state: dict[str, Any] | None) -> None:
        """Restore the attributes and the cause, which a pickle leaves out."""
        super().__setstate__(state)
        self.__cause__ = self.errors[-1] if self.errors else None


_CLASSES: dict[int, type[APIError]] = {
    401: AuthError,
    402: BudgetExceededError,
    403: AuthError,
    408: APIError,
    409: APIError,
    425: APIError,
    429: RateLimitError,
    **dict.fromkeys((502, 503, 504, *range(520, 528), 529), ProviderUnavailableError),
}


def status_error(status: int) -> type[APIError]:
    """Return the class of an HTTP status: the tree at the top of this module."""
    default = BadRequestError if 400 <= status < 500 else APIError
    return _CLASSES.get(status, default)


def error_from(response: Response) -> APIError:
    """
    Return the error an HTTP error answer stands for; the status decides the class.

    The body may be any provider's envelope, the gateway's own, text, HTML or empty;
    `message` is never empty. A 3xx is an `APIError`: redirects are not followed.
    """
    envelope = envelope_of(response.body, response.secret)
    message = envelope.message
    if 300 <= response.status < 400:
        message = f"redirect not followed: {message or response.status}"
    return _built(status_error(response.status), response, envelope, message)


def error_inside(response: Response, body: object) -> APIError:
    """
    Return the error that came inside a 200, by its mapped status.

    Args:
        response: The 200.
        body: The decoded JSON object that carries the error.
    """
    envelope = envelope_of(body, response.secret)
    status = mapped_status(envelope)
    return _built(
        status_error(status), response, envelope, envelope.message, status=status
    )


def invalid_response(response: Response, why: str, body: object = None) -> APIError:
    """
    Return the error of an answer that cannot be understood.

    Args:
        response: Of which only status and headers are used.
        why: What is wrong with it.
        body: As far as it was read: bytes or decoded JSON.
    """
    shown = envelope_of(body, response.secret).body if body is not None else None
    secret = response.secret
    return APIError(
        one_line(why if secret is None else secret.mask(why)),
        status_code=response.status,
        code="invalid_response",
        body=shown,
        headers=_safe_headers(response),
        request_id=response.request_id,
    )


def _built(
    cls: type[APIError],
    response: Response,
    envelope: Envelope,
    message: str,
    status: int | None = None,
) -> APIError:
    from .retries import retry_after

    code = response.status if status is None else status
    return cls(
        one_line(message) or f"HTTP status {code} without a message",
        status_code=code,
        code=envelope.code,
        type=envelope.type,
        param=envelope.param,
        body=envelope.body,
        headers=_safe_headers(response),
        retry_after=retry_after(response.headers, response.received),
        request_id=response.request_id,
    )


def _safe_headers(response: Response) -> Mapping[str, str]:
    from .wire import Headers

    secret = response.secret
    if secret is None:
        return response.headers
    return Headers((name, secret.mask(value)) for name, value in response.headers.pairs)
