"""The gateway on a real socket, in a thread of its own, and its script."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sociaro_local.answers import Answer, Blocks, ToolCall
from sociaro_local.app import GATEWAY, create_app
from sociaro_local.faults import Delay, Effect, Failure, Script, StreamFault
from sociaro_local.keys import Keys
from sociaro_local.listening import Connections, Listener
from sociaro_local.providers import PROVIDERS

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from types import TracebackType

    from typing_extensions import Self

    from sociaro_local.records import RecordedRequest


class LocalGateway:
    """
    The gateway on a free port of localhost, as a context manager.

    Args:
        keys: Exactly these are let in; None: every key that begins with `gw_live_`.
        host: Address to listen on.
        port: Port to listen on; 0: a free one.
        record: Whether requests are recorded.

    It runs in a thread of its own, so that tests may be synchronous or use any event
    loop. Scripting methods may be called from any thread. What they script happens to
    the next matching requests, first in first out: one answer or failure a request, a
    delay together with what is scripted after it, a broken stream together with the
    answer scripted before it.

    Raises:
        ValueError: `keys` is empty or holds an empty key.
        OSError: When it starts: the address cannot be listened on.
    """

    def __init__(
        self,
        *,
        keys: Iterable[str] | None = None,
        host: str = "127.0.0.1",
        port: int = 0,
        record: bool = True,
    ) -> None:
        known = Keys(keys)
        self.key = known.pick()
        self.requests: list[RecordedRequest] = []
        self._address = (host, port)
        self._script = Script()
        self._connections = Connections()
        requests = self.requests if record else None
        self._app = create_app(known, self._script, requests)
        self._url = ""
        self._listener: Listener | None = None

    def __enter__(self) -> Self:
        """Start, and give the gateway itself."""
        self.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        exc: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Stop."""
        self.stop()

    def start(self) -> None:
        """
        Listen, and serve in a thread; does nothing if it runs already.

        Raises:
            OSError: The address cannot be listened on.
        """
        if self._listener is None:
            host, port = self._address
            self._listener = Listener(self._app, self._connections, host, port)
            self._url = self._listener.url

    def stop(self) -> None:
        """Break open connections and stop; does nothing if it does not run."""
        if self._listener is not None:
            listener, self._listener = self._listener, None
            listener.stop()

    @property
    def url(self) -> str:
        """
        The base URL, without a slash at its end.

        Raises:
            RuntimeError: The gateway was never started.
        """
        if not self._url:
            raise RuntimeError("the gateway is not started: use `with LocalGateway()`")
        return self._url

    @property
    def connections_open(self) -> int:
        """How many connections clients have open now."""
        return self._connections.open

    @property
    def connections_opened(self) -> int:
        """How many connections were opened since the start or the last `reset`."""
        return self._connections.opened

    def wait_for_connections(self, count: int = 0, timeout: float = 5.0) -> bool:
        """
        Wait until so many connections are open, and say whether that came true.

        Args:
            count: How many are waited for.
            timeout: Seconds after which the answer is False.
        """
        return self._connections.wait(count, timeout)

    def reply(self, text: str, *, provider: str | None = None, times: int = 1) -> None:
        """
        Answer the next chat call with a text.

        Args:
            text: Words of the answer; it is cut by the call's limits like any other.
            provider: Whose next call; None: the next call to anybody.
            times: How many calls.

        Raises:
            ValueError: There is no such provider, or `times` is less than 1.
        """
        self._add(Answer(text), provider, times)

    def tool_call(
        self,
        name: str,
        arguments: Mapping[str, Any],
        *,
        provider: str | None = None,
        times: int = 1,
    ) -> None:
        """
        Answer the next chat call with a call of a tool.

        Args:
            name: The tool; the request need not have it.
            arguments: What it is called with, a JSON object.
            provider: Whose next call; None: the next call to anybody.
            times: How many calls.

        Raises:
            ValueError: There is no such provider, or `times` is less than 1.
        """
        self.tool_calls([(name, arguments)], provider=provider, times=times)

    def tool_calls(
        self,
        calls: Iterable[tuple[str, Mapping[str, Any]]],
        *,
        provider: str | None = None,
        times: int = 1,
    ) -> None:
        """
        Answer the next chat call with calls of several tools at once.

        Args:
            calls: Of each its name and its arguments, a JSON object.
            provider: Whose next call; None: the next call to anybody.
            times: How many calls.

        Raises:
            ValueError: There is no such provider, `times` is less than 1, or `calls` is
                empty.
        """
        made = tuple(ToolCall(name, dict(arguments)) for name, arguments in calls)
        if not made:
            raise ValueError("calls is empty; name at least one")
        self._add(Answer(calls=made, finish="tool"), provider, times)

    def blocks(
        self,
        content_blocks: Iterable[Mapping[str, Any]],
        stop_reason: str = "end_turn",
        *,
        stop_details: Mapping[str, Any] | None = None,
        usage: Mapping[str, Any] | None = None,
        times: int = 1,
    ) -> None:
        """
        Answer the next chat call to Anthropic with exactly these blocks.

        Args:
            content_blocks: List of `{"type", ...}`, of any type. Thoughts without a
                `signature` (or `data`) get one, `tool_use` without an `id` gets one.
            stop_reason: Such as `tool_use`, `refusal` or `pause_turn`.
            stop_details: Such as `{"type": "refusal", "explanation": ...}`.
            usage: Counts that differ from the usual ones.
            times: How many calls.

        Blocks other than `text` and `tool_use` must come back as they were given: a
        request that changes one is refused.

        Raises:
            ValueError: `times` is less than 1.
        """
        content = tuple(dict(block) for block in content_blocks)
        blocks = Blocks(content, stop_reason, stop_details, dict(usage or {}))
        self._add(Answer(blocks=blocks), "anthropic", times)

    def fail(
        self,
        status: int,
        times: int = 1,
        provider: str | None = None,
        *,
        body: Any = None,
        headers: Mapping[str, str] | None = None,
        message: str | None = None,
    ) -> None:
        """
        Answer the next call with an error.

        Args:
            status: HTTP status, 200 to 599.
            times: How many calls.
            provider: Whose next call, or `gw`; None: the next call to anybody.
            body: JSON value, or text or bytes to send as they are. None: the gateway's
                envelope for 400, 401, 402, 403, 404, 410, 429 and 503, no JSON for 502
                and 504, the provider's own envelope otherwise.
            headers: Added to the answer; 429 has `Retry-After: 1` unless they say so.
            message: Instead of the usual one, where `body` is None.

        Raises:
            ValueError: There is no such provider, `times` is less than 1, or the status
                is none.
        """
        if not 200 <= status <= 599:
            raise ValueError(f"status must be from 200 to 599, not {status}")
        failure = Failure(status, body, dict(headers or {}), message)
        self._add(failure, provider, times)

    def delay(
        self, seconds: float, *, provider: str | None = None, times: int = 1
    ) -> None:
        """
        Wait before the head of the next answer, or failure.

        Args:
            seconds: How long; the wait ends early when the client leaves.
            provider: Whose next call, or `gw`; None: the next call to anybody.
            times: How many calls.

        Raises:
            ValueError: There is no such provider, or a number is too small.
        """
        _not_negative("seconds", seconds)
        self._add(Delay(seconds), provider, times)

    def cut_stream(
        self, after: int = 0, *, provider: str | None = None, times: int = 1
    ) -> None:
        """
        Cut the connection in the midst of the next chat answer.

        Args:
            after: Content events (text, reasoning, pieces of a tool call) that come
                first; what opens a stream always comes. An answer that is not streamed
                is cut in the middle of its body.
            provider: Whose next call; None: the next call to anybody.
            times: How many calls.

        Raises:
            ValueError: There is no such provider, or a number is too small.
        """
        _not_negative("after", after)
        self._add(StreamFault("cut", after), provider, times)

    def hang_stream(
        self, after: int = 0, *, provider: str | None = None, times: int = 1
    ) -> None:
        """
        Fall silent in the midst of the next chat answer, until the client leaves.

        Args:
            after: As in `cut_stream`.
            provider: Whose next call; None: the next call to anybody.
            times: How many calls.

        Raises:
            ValueError: There is no such provider, or a number is too small.
        """
        _not_negative("after", after)
        self._add(StreamFault("hang", after), provider, times)

    def error_event(
        self,
        after: int = 0,
        error: str | Mapping[str, Any] | bytes | None = None,
        *,
        provider: str | None = None,
        times: int = 1,
    ) -> None:
        """
        End the next chat stream with an error event in the provider's shape.

        Args:
            after: As in `cut_stream`. An answer that is not streamed gives way to the
                error with its own HTTP status.
            error: Its message, or the error object, or the bytes of the whole event;
                None: the provider's usual one.
            provider: Whose next call; None: the next call to anybody.
            times: How many calls.

        Raises:
            ValueError: There is no such provider, or a number is too small.
        """
        _not_negative("after", after)
        self._add(StreamFault("error", after, error), provider, times)

    def down(self, provider: str) -> None:
        """
        Answer every call to the provider with 502 and no JSON, until `up`.

        Raises:
            ValueError: There is no such provider.
        """
        _check_provider(provider)
        self._script.set_down(provider, down=True)

    def up(self, provider: str) -> None:
        """
        Let the provider answer again.

        Raises:
            ValueError: There is no such provider.
        """
        _check_provider(provider)
        self._script.set_down(provider, down=False)

    def clear(self) -> None:
        """Forget the recorded requests."""
        self.requests.clear()

    def reset(self) -> None:
        """Forget everything: the script, providers that are down, requests, counts."""
        self._script.clear()
        self._connections.forget()
        self.clear()

    def _add(self, effect: Effect, provider: str | None, times: int) -> None:
        if provider is not None:
            _check_provider(provider, GATEWAY)
        self._script.add(effect, provider, times)


def _check_provider(name: str, *others: str) -> None:
    names = (*PROVIDERS, *others)
    if name not in names:
        raise ValueError(f"no provider '{name}'; there are: {', '.join(names)}")


def _not_negative(name: str, value: float) -> None:
    if value < 0:
        raise ValueError(f"{name} must be 0 or more, not {value}")
