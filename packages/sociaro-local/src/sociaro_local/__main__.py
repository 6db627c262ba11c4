"""The command `python -m sociaro_local`."""

from __future__ import annotations

import argparse
import signal
import sys
import time
from typing import TYPE_CHECKING

from sociaro_local.server import LocalGateway

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence


def main(
    arguments: Sequence[str] | None = None,
    wait: Callable[[LocalGateway], object] | None = None,
) -> int:
    """
    Serve the gateway until Ctrl-C or SIGTERM, and return the exit status.

    Args:
        arguments: Of the command line; None: those of the process.
        wait: Called with the running gateway, which stops when it returns; None: it
            never returns.
    """
    options = _parser().parse_args(arguments)
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.default_int_handler)
    try:
        gateway = LocalGateway(
            keys=options.key, host=options.host, port=options.port, record=False
        )
        with gateway:
            _greet(gateway)
            (wait or _sleep)(gateway)
    except KeyboardInterrupt:
        pass
    except (OSError, ValueError) as exc:
        sys.stderr.write(f"sociaro_local: {exc}\n")
        return 1
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m sociaro_local",
        description="The Sociaro AI gateway on localhost.",
    )
    parser.add_argument("--host", default="127.0.0.1", help="default: %(default)s")
    parser.add_argument(
        "--port", type=int, default=8080, help="default: %(default)s; 0: a free one"
    )
    parser.add_argument(
        "--key",
        action="append",
        help="let only this key in (repeatable); default: every gw_live_ key",
    )
    return parser


def _greet(gateway: LocalGateway) -> None:
    sys.stdout.write(
        f"Sociaro gateway on {gateway.url} (Ctrl-C stops it)\n"
        f"export SOCIARO_BASE_URL={gateway.url}\n"
        f"export SOCIARO_API_KEY={gateway.key}\n"
    )
    sys.stdout.flush()


def _sleep(_: LocalGateway) -> None:  # pragma: no cover - a subprocess runs it
    while True:  # an Event's wait would keep Ctrl-C from coming through on Windows
        time.sleep(3600)


if __name__ == "__main__":  # pragma: no cover - a subprocess runs it
    sys.exit(main())
