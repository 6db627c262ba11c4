"""The minimal embed: any request through the gateway, with retries and typed errors."""

from __future__ import annotations

import json
from collections.abc import Mapping
from types import TracebackType
from typing import TYPE_CHECKING, Any

import attrs

from .addresses import checked_headers, checked_path
from .attempts import Meta, Trail
from .byte_streams import AsyncByteStream, ByteStream
from .credentials import Auth, Key, KeyCallable
from .drivers import AsyncDriver, Driver
from .effects import Flow
from .errors import ConfigurationError, invalid_response
from .notices import configure_logging
from .retries import RetryBudget, RetryPolicy, with_retries
from .settings import (
    BASE_URL,
    DEFAULT_TIMEOUT,
    async_transport_of,
    auth_style,
    base_url_of,
    retries_of,
    timeout_of,
    transport_of,
    user_agent,
)
from .wire import Headers, Request, Response, Timeout, encode_json

if TYPE_CHECKING:
    import httpx
    from typing_extensions import Self

__all__ = [
    "BASE_URL",
    "DEFAULT_TIMEOUT",
    "AsyncByteStream",
    "AsyncGateway",
    "ByteStream",
    "Gateway",
    "GatewayResponse",
    "async_transport_of",
    "auth_style",
    "base_url_of",
    "retries_of",
    "timeout_of",
    "transport_of",
    "user_agent",
]


@attrs.frozen
class GatewayResponse:
    """
    An answer as the provider wrote it.

    Args:
        status_code: 2xx; everything else is raised.
        headers: Of the answer.
        content: The body, unpacked.
        meta: How it came about: attempts, elapsed seconds, the gateway's request id.
    """

    status_code: int
    headers: Mapping[str, str]
    content: bytes = attrs.field(repr=False)
    meta: Meta = attrs.field(eq=False, repr=False)

    @property
    def request_id(self) -> str | None:
        """The gateway's id of the request, for logs and support."""
        return self.meta.request_id

    def json(self) -> Any:
        """
        Return the decoded body.

        Raises:
            APIError: It is not JSON in UTF-8 (`code` is ``"invalid_response"``).
        """
        try:
            return json.loads(self.content.decode("utf-8-sig"))
        except (ValueError, RecursionError) as exc:
            why = f"the answer is no JSON: {exc}"
        response = Response(self.status_code, Headers(self.headers))
        error = invalid_response(response, why)
        error.meta = self.meta
        raise error


@attrs.frozen
class _Settings:
    key: Key
    base_url: str
    timeout: Timeout
    policy: RetryPolicy

    @classmethod
    def of(
        cls,
        key: Key,
        base_url: str | None,
        timeout: float | httpx.Timeout | Timeout | None,
        max_retries: int,
    ) -> _Settings:
        configure_logging()
        limit = timeout_of(timeout)
        policy = RetryPolicy(retries_of(max_retries), limit.read, RetryBudget())
        return cls(key, base_url_of(base_url), limit, policy)

    def request(
        self,
        method: str,
        path: str,
        json_body: object,
        content: bytes | str | None,
        headers: Mapping[str, str] | None,
        *,
        stream: bool,
    ) -> Request:
        given = checked_headers(headers, "headers")
        path = checked_path(path)
        body, kind = _body(json_body, content)
        ours = {"Accept": "text/event-stream" if stream else "application/json"}
        ours["User-Agent"] = user_agent()
        if kind:
            ours["Content-Type"] = kind
        if path.startswith("/anthropic/"):
            ours["anthropic-version"] = "2023-06-01"
        return Request(
            _method(method),
            self.base_url + path,
            Headers(ours).merged(given),
            body,
            Auth(auth_style(path), self.key),
            self.timeout,
            stream,
        )


def _method(method: object) -> str:
    if not isinstance(method, str) or not method.isascii() or not method.isalpha():
        raise ConfigurationError("method is a word such as GET or POST")
    return method.upper()


def _body(json_body: object, content: bytes | str | None) -> tuple[bytes, str | None]:
    if content is not None and json_body is not None:
        raise ConfigurationError("either json or content, not both")
    if isinstance(content, str):
        return content.encode("utf-8", "replace"), None
    if content is not None:
        return bytes(content), None
    if json_body is None:
        return b"", None
    try:
        return encode_json(json_body), "application/json"
    except (TypeError, ValueError, RecursionError) as exc:
        raise ConfigurationError(f"json cannot be written: {exc}") from None


def _request_flow(request: Request, policy: RetryPolicy) -> Flow[GatewayResponse]:
    trail = Trail()
    response = yield from with_retries(request, policy, trail=trail)
    return GatewayResponse(
        response.status, response.headers, response.body, trail.meta(response.headers)
    )


class Gateway:
    """
    The gateway for code that knows its provider's wire: bytes in, bytes out.

    ```python
    with Gateway() as gateway:
        answer = gateway.request("GET", "/gw/me")
        print(answer.json()["scopes"])
    ```

    Args:
        api_key: The key, or a function that returns it, called before each attempt.
            None: ``SOCIARO_API_KEY``.
        base_url: None: ``SOCIARO_BASE_URL``, else ``https://api.sociaro.com``.
        timeout: Seconds for one attempt, by the wall clock; on streams the longest
            silence. Default 600, 5 to connect. None: no limit.
        max_retries: After connection errors, 408, 409, 425, 429 and 5xx.
        http_client: Used as it is, and never closed.

    Raises:
        ConfigurationError: An argument cannot be right.
    """

    # A traceback may show what is not made yet.
    _base_url: str | None = None

    def __init__(
        self,
        api_key: str | KeyCallable | None = None,
        *,
        base_url: str | None = None,
        timeout: float | httpx.Timeout | Timeout | None = DEFAULT_TIMEOUT,
        max_retries: int = 2,
        http_client: httpx.Client | None = None,
    ) -> None:
        try:
            key = Key.of(api_key)
        finally:
            del api_key  # a traceback may print local variables
        self._settings = _Settings.of(key, base_url, timeout, max_retries)
        self._base_url = self._settings.base_url
        self._driver = Driver(transport_of(http_client))
        self._closed = False

    def request(
        self,
        method: str,
        path: str,
        *,
        json: object = None,
        content: bytes | str | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> GatewayResponse:
        """
        Send one request and return the answer as it came.

        Args:
            method: GET, POST ...
            path: Below the base URL, with the provider: ``/openai/v1/models``. The
                key goes where that provider looks for it.
            json: Sent as a JSON body.
            content: Sent as it is.
            headers: On top of ours.

        Raises:
            APIConnectionError: No usable answer arrived.
            APIError: An HTTP error, by status (`sociaro_core.errors`).
            ConfigurationError: An argument cannot be sent.
        """
        request = self._request(method, path, json, content, headers, stream=False)
        return self._driver.run(_request_flow(request, self._settings.policy))

    def stream(
        self,
        method: str,
        path: str,
        *,
        json: object = None,
        content: bytes | str | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> ByteStream:
        """
        Return an iterator over the bytes of the answer as they come.

        Arguments and errors as `request`; retries only before the first byte. Use it
        as a context manager when the loop may be left early.
        """
        request = self._request(method, path, json, content, headers, stream=True)
        return ByteStream(self._driver, request, self._settings.policy)

    def _request(self, *args: Any, stream: bool) -> Request:
        if self._closed:
            raise ConfigurationError("the gateway client is closed")
        return self._settings.request(*args, stream=stream)

    def close(self) -> None:
        """Close the connections; again does nothing."""
        self._closed = True
        self._driver.transport.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()

    def __repr__(self) -> str:
        return f"Gateway(base_url={self._base_url!r})"


class AsyncGateway:
    """
    `Gateway` for asyncio and trio; the same arguments, an `httpx.AsyncClient`.

    ```python
    async with AsyncGateway() as gateway:
        answer = await gateway.request("GET", "/gw/me")
    ```
    """

    # A traceback may show what is not made yet.
    _base_url: str | None = None

    def __init__(
        self,
        api_key: str | KeyCallable | None = None,
        *,
        base_url: str | None = None,
        timeout: float | httpx.Timeout | Timeout | None = DEFAULT_TIMEOUT,
        max_retries: int = 2,
        http_client: httpx.AsyncClient | None = None,
    ) -> None:
        try:
            key = Key.of(api_key)
        finally:
            del api_key  # a traceback may print local variables
        self._settings = _Settings.of(key, base_url, timeout, max_retries)
        self._base_url = self._settings.base_url
        self._driver = AsyncDriver(async_transport_of(http_client))
        self._closed = False

    async def request(
        self,
        method: str,
        path: str,
        *,
        json: object = None,
        content: bytes | str | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> GatewayResponse:
        """Send one request and return the answer as it came; see `Gateway.request`."""
        request = self._request(method, path, json, content, headers, stream=False)
        return await self._driver.run(_request_flow(request, self._settings.policy))

    def stream(
        self,
        method: str,
        path: str,
        *,
        json: object = None,
        content: bytes | str | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> AsyncByteStream:
        """Return an iterator over the bytes of the answer; see `Gateway.stream`."""
        request = self._request(method, path, json, content, headers, stream=True)
        return AsyncByteStream(self._driver, request, self._settings.policy)

    def _request(self, *args: Any, stream: bool) -> Request:
        if self._closed:
            raise ConfigurationError("the gateway client is closed")
        return self._settings.request(*args, stream=stream)

    async def close(self) -> None:
        """Close the connections; again does nothing."""
        self._closed = True
        await self._driver.transport.close()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        await self.close()

    def __repr__(self) -> str:
        return f"AsyncGateway(base_url={self._base_url!r})"
