"""A stream under way: what has been decoded, what went wrong, whether it is over."""

from __future__ import annotations

import copy
from collections import deque
from typing import TYPE_CHECKING

import attrs

from sociaro_core.attempts import Meta
from sociaro_core.errors import APIError, ConfigurationError, SociaroError
from sociaro_providers.streams import Accumulator

if TYPE_CHECKING:
    from sociaro_core.wire import Response
    from sociaro_providers.models.chat import ChatCompletion, ChatCompletionChunk
    from sociaro_providers.streams import StreamDecoder


class OpenStream:
    """
    The state behind `Stream` and `AsyncStream`, which only add the reading.

    Args:
        response: Open, its head received.
        decoder: Fed with its bytes.
    """

    __slots__ = (
        "_accumulator",
        "_decoder",
        "closed",
        "failure",
        "meta",
        "over",
        "ready",
        "response",
    )

    def __init__(self, response: Response, decoder: StreamDecoder) -> None:
        self.response: Response = response
        self.ready: deque[ChatCompletionChunk] = deque()
        self.failure: SociaroError | None = None
        self.over: bool = False
        self.closed: bool = False
        self.meta: Meta = Meta()
        self._decoder = decoder
        self._accumulator = Accumulator()

    def feed(self, data: bytes) -> list[ChatCompletionChunk]:
        """Take the next bytes, empty at their end; return the new chunks."""
        decoder = self._decoder
        chunks = decoder.feed(data) if data else decoder.finish()
        self.ready.extend(chunks)
        if decoder.failure is not None:
            self.fail(decoder.failure)
        self.over = self.over or decoder.done
        return chunks

    def broken(self, error: SociaroError) -> None:
        """Note that reading failed; an answer that was whole before stays whole."""
        if self._decoder.whole:
            self.feed(b"")
        else:
            self.fail(error)

    def fail(self, error: SociaroError) -> None:
        """Note what ended the stream; the attempt trail gets it too."""
        self.over = True
        self.failure = error
        meta = self.meta
        if meta.attempts:
            last = attrs.evolve(meta.attempts[-1], error=_copied(error))
            error.meta = attrs.evolve(meta, attempts=(*meta.attempts[:-1], last))
            self.meta = error.meta
            if isinstance(error, APIError):
                error.provider, error.model = meta.provider, meta.model

    def take(self) -> ChatCompletionChunk | None:
        """
        Return the next decoded chunk; None if there is none now.

        Raises:
            SociaroError: What ended the stream, behind its last chunk.
        """
        if self.ready:
            chunk = self.ready.popleft()
            self._accumulator.add(chunk)
            return chunk
        if self.failure is not None:
            raise self.failure
        return None

    def shut(self) -> None:
        """Note that the reader has closed the stream."""
        self.closed = self.closed or not self.over or bool(self.ready)
        self.over = True
        self.ready.clear()

    def completion(self) -> ChatCompletion:
        """
        Return all chunks as one answer.

        Raises:
            ConfigurationError: The stream was closed before its end.
        """
        if self.closed:
            raise ConfigurationError("the stream was closed before its end")
        completion = self._accumulator.completion()
        completion.meta = self.meta
        return completion


def _copied(error: SociaroError) -> SociaroError:
    """Return `error` without traceback and cause, so that nothing is kept alive."""
    return copy.copy(error)
