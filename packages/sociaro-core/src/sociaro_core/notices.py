"""Log lines and warnings: the logger `sociaro`, and warnings at the caller's line."""

from __future__ import annotations

import logging
import os
import sys
import warnings

from .credentials import IN_USE

__all__ = ["configure_logging", "logger", "warn", "warn_once"]

_BELOW = ("connection", "http11", "http2", "proxy", "socks")


class _Mask(logging.Filter):
    """Masks the key of the request under way, should a server's text echo it."""

    def filter(self, record: logging.LogRecord) -> bool:
        """Let `record` pass, without the key."""
        secret = IN_USE.get()
        if secret is not None:
            text = record.getMessage()
            masked = secret.mask(text)
            if masked != text:
                record.msg, record.args = masked, ()
        return True


logger = logging.getLogger("sociaro")
logger.addHandler(logging.NullHandler())

# Those below us write the headers of answers at level DEBUG.
for _name in ("sociaro", "httpx", *map("httpcore.{}".format, _BELOW)):
    logging.getLogger(_name).addFilter(_Mask())

_LEVELS = {"info": logging.INFO, "debug": logging.DEBUG}
_OURS = ("sociaro", "sociaro_core", "sociaro_providers")
_said: set[str] = set()


def configure_logging() -> None:
    """
    Obey ``SOCIARO_LOG``: ``info`` or ``debug`` sends the logger's lines to stderr.

    Anything else, or no value, leaves the logger as the application set it up.
    """
    level = _LEVELS.get(os.environ.get("SOCIARO_LOG", "").strip().lower())
    if level is None or any(
        isinstance(handler, logging.StreamHandler) for handler in logger.handlers
    ):
        return
    handler = logging.StreamHandler()
    handler.setFormatter(
        logging.Formatter("[%(asctime)s %(name)s %(levelname)s] %(message)s")
    )
    logger.addHandler(handler)
    logger.setLevel(level)


def warn(message: str, category: type[Warning]) -> None:
    """Warn at the line of the caller's own code, outside these packages."""
    level = 2
    frame = sys._getframe(1)  # noqa: SLF001  # pyright: ignore[reportPrivateUsage]
    while frame.f_back is not None and _is_ours(frame.f_globals.get("__name__", "")):
        frame = frame.f_back
        level += 1
    warnings.warn(message, category, stacklevel=level)


def warn_once(message: str, category: type[Warning]) -> None:
    """Warn like `warn`, each message once per process."""
    if message not in _said:
        _said.add(message)
        warn(message, category)


def _is_ours(module: str) -> bool:
    return module.partition(".")[0] in _OURS
