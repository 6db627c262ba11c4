"""Compressed bodies, unpacked in bounded pieces: no small body fills the memory."""

from __future__ import annotations

import zlib

__all__ = ["PIECE", "Unpacker", "unpacker_for"]

PIECE = 64 * 1024

_GZIP = b"\x1f\x8b"


class Unpacker:
    """
    Unpacks gzip or deflate, at most 64 kB a step.

    What follows behind the end of the packed body is dropped.

    Args:
        gzip: Whether the body is gzip; else deflate, with or without zlib's frame.
    """

    def __init__(self, *, gzip: bool) -> None:
        self._gzip = gzip
        self._inflater = zlib.decompressobj(31 if gzip else zlib.MAX_WBITS)
        self._pending = b""
        self._begun = False
        self._between = False
        self._over = False
        self._full = False

    def feed(self, data: bytes) -> None:
        """Take the next packed bytes; `take` gives what is in them."""
        if not self._over:
            self._pending += data

    def take(self) -> bytes:
        """
        Return the next unpacked piece, empty when more packed bytes are needed.

        Raises:
            zlib.error: The bytes are not what the label says.
        """
        while self._ready():
            piece = self._inflater.decompress(self._pending, PIECE)
            self._pending = self._inflater.unconsumed_tail
            # A full piece: the inflater may hold back more than its input tells.
            self._full = len(piece) == PIECE
            if self._inflater.eof:
                self._full = False
                self._between = True
                self._pending = self._inflater.unused_data
            if piece:
                return piece
        return b""

    def _ready(self) -> bool:
        """Return whether there is something to unpack; begin what must be begun."""
        if self._over:
            return False
        if self._between:
            return self._next_member()
        if self._begun:
            return bool(self._pending) or self._full
        if len(self._pending) < 2:
            return False
        self._begun = True
        if not self._gzip and not _has_frame(self._pending):
            # Some servers send deflate without the frame zlib expects.
            self._inflater = zlib.decompressobj(-zlib.MAX_WBITS)
        return True

    def _next_member(self) -> bool:
        """Go on behind a finished member: gzip bodies may have several."""
        if self._gzip and self._pending[:2] == _GZIP:
            self._inflater = zlib.decompressobj(31)
            self._between = False
            return True
        if not self._gzip or self._pending not in (b"", _GZIP[:1]):
            self._over = True
            self._pending = b""
        return False

    @property
    def whole(self) -> bool:
        """Whether the packed body is at an end, or never began."""
        if self._begun:
            return self._between or self._over
        return not self._pending


def _has_frame(start: bytes) -> bool:
    """Return whether bytes begin like zlib's frame (RFC 1950, 2.2)."""
    return start[0] & 0x0F == 8 and (start[0] << 8 | start[1]) % 31 == 0


def unpacker_for(encoding: str) -> Unpacker | None:
    """
    Return what unpacks a body with this ``Content-Encoding``; None if it is plain.

    Raises:
        ValueError: An encoding that was not asked for.
    """
    name = encoding.strip().lower()
    if name in ("", "identity"):
        return None
    if name in ("gzip", "x-gzip"):
        return Unpacker(gzip=True)
    if name == "deflate":
        return Unpacker(gzip=False)
    raise ValueError(f"the body is packed as {name[:40]!r}, which was not asked for")
