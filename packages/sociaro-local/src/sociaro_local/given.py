"""What the model gave out and wants back as it was: signatures, blocks of its tools."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

JSON = dict[str, Any]
_KEY: Final = b"sociaro-local signs its thoughts"
_MINE = frozenset({"text", "tool_use"})


def digest(value: Any) -> str:
    """Return a digest of a JSON value, the same for the same value."""
    text = json.dumps(value, sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()[:24]


def signature(text: str, nonce: str, binding: str = "") -> str:
    """
    Return a signature of a thought, or of a redacted one.

    Args:
        text: The thought.
        nonce: Makes signatures of the same text differ.
        binding: Digest of the conversation that the thought is bound to, or "".
    """
    signed = f"{nonce}.{binding}.{_mac(nonce, binding, text)}"
    return base64.b64encode(signed.encode()).decode()


def binding_of(signed: str, text: str) -> str | None:
    """Return the binding in a signature of the text; None: it is none of ours."""
    try:
        nonce, binding, mac = (
            base64.b64decode(signed, validate=True).decode().split(".")
        )
    except ValueError:
        return None
    good = hmac.compare_digest(mac.encode(), _mac(nonce, binding, text).encode())
    return binding if good else None


def _mac(*parts: str) -> str:
    message = "\0".join(parts).encode("utf-8", "replace")
    return hmac.new(_KEY, message, hashlib.sha256).hexdigest()[:32]


class Given:
    """Blocks that were given out and cannot be checked by a signature."""

    def __init__(self) -> None:
        self._blocks: set[str] = set()
        self._ids: set[str] = set()
        self._paused: set[str] = set()

    def remember(self, blocks: Iterable[JSON]) -> None:
        """Remember blocks, but for text and calls of the user's tools."""
        for block in blocks:
            if block.get("type") not in _MINE:
                self._blocks.add(digest(block))
                self._ids.update(_ids(block))

    def pause(self, block: JSON) -> None:
        """Remember the last block of an answer that is to be continued."""
        self._paused.add(digest(block))

    def has(self, block: JSON) -> bool:
        """Say whether exactly this block was given out."""
        return bool(self._blocks) and digest(block) in self._blocks

    def has_changed(self, block: JSON) -> bool:
        """Say whether a block was given out with this type and id, but with others."""
        return not self.has(block) and not self._ids.isdisjoint(_ids(block))

    def paused_at(self, block: JSON) -> bool:
        """Say whether an answer that is to be continued ended with this block."""
        return digest(block) in self._paused


def _ids(block: JSON) -> Iterator[str]:
    for key in ("id", "tool_use_id"):
        if key in block:
            yield f"{block.get('type')} {key} {block[key]}"


def blocks_of(content: Any) -> list[JSON]:
    """Return the content of a message as blocks: a text is one block."""
    if isinstance(content, str):
        return [{"type": "text", "text": content}]
    return content or []


class Conversation:
    """
    Digests of a conversation, up to each of its blocks.

    Args:
        body: Of a request that is well-formed.

    Marks on blocks for the cache do not count, nor whether a text is a string or a
    block, nor how the blocks of one role are spread over messages.
    """

    def __init__(self, body: JSON) -> None:
        self._before: dict[tuple[int, int], frozenset[str]] = {}
        mark = digest(
            [_plain(body.get("tools")), _plain(blocks_of(body.get("system")))]
        )
        run: set[str] = set()
        previous = ""
        for number, message in enumerate(body["messages"]):
            role = message["role"]
            if role != previous:
                run = set()
            previous = role
            for index, block in enumerate(blocks_of(message["content"])):
                run.add(mark)
                self._before[number, index] = frozenset(run)
                mark = digest([mark, role, _plain(block)])
        self.end: str = mark

    def before(self, message: int, block: int) -> frozenset[str]:
        """Return the digests from the start of the block's turn up to the block."""
        return self._before[message, block]


def _plain(value: Any) -> Any:
    if isinstance(value, list):
        return [_plain(item) for item in value]
    if not isinstance(value, dict):
        return value
    plain = {key: item for key, item in value.items() if key != "cache_control"}
    if isinstance(plain.get("content"), list):
        plain["content"] = _plain(plain["content"])
    return plain
