"""
A raw HTTP/1.1 server on loopback that does what it is told, also what is wrong.

```python
with Server() as server:
    server.answers += [answer(503), [HEAD, Drip(b"abc", 0.1)], [RESET]]
    ...  # send requests to server.url
    assert 3 == len(server.requests)
    server.wait_closed()
```

Each request takes the next entry of `answers`, or `default` when there is none: a list
of actions, done one after another. An action is bytes to send, or one of those below,
or a function of the connection.
"""

from __future__ import annotations

import contextlib
import json
import socket
import ssl
import struct
import threading
from collections import deque
from dataclasses import dataclass, field


@dataclass(frozen=True)
class Drip:
    """Send `data` in pieces of `size` bytes, one every `every` seconds."""

    data: bytes
    every: float
    size: int = 1


@dataclass(frozen=True)
class Tunnel:
    """Become a proxy's tunnel to a port of this machine."""

    port: int


class _Action:
    def __init__(self, name):
        self._name = name

    def __repr__(self):
        return self._name


# End the connection in order; by a reset; never answer, until the other side closes.
CUT = _Action("CUT")
RESET = _Action("RESET")
HANG = _Action("HANG")


@dataclass
class Received:
    """A request as it arrived, and the number of its connection."""

    method: str
    target: str
    headers: list[tuple[str, str]]
    body: bytes
    connection: int

    def header(self, name):
        """Return all values of a header, joined."""
        return ", ".join(v for n, v in self.headers if n.lower() == name.lower())


def answer(status=200, body=b"", headers=(), *, chunked=False):
    """Return a whole answer; a body that is not bytes goes out as JSON."""
    if not isinstance(body, bytes):
        body = json.dumps(body).encode()
    lines = [*headers]
    if chunked:
        lines.append(("Transfer-Encoding", "chunked"))
        body = chunk(body) + b"0\r\n\r\n" if body else b"0\r\n\r\n"
    else:
        lines.append(("Content-Length", str(len(body))))
    return [head(status, lines) + body]


def head(status=200, headers=()):
    """Return the head of an answer."""
    lines = [f"HTTP/1.1 {status} X", *(f"{name}: {value}" for name, value in headers)]
    return ("\r\n".join(lines) + "\r\n\r\n").encode("latin-1")


def chunk(data):
    """Return `data` as one chunk."""
    return b"%x\r\n%s\r\n" % (len(data), data)


CHUNKED = head(200, [("Transfer-Encoding", "chunked")])


@dataclass
class Server:
    """
    The server; a context manager.

    Attributes:
        greeting: Actions at once after a connection was made, before any request.
        requests: What arrived, in order.
        connections: How many were made.
    """

    tls: ssl.SSLContext | None = None
    default: list = field(default_factory=lambda: answer(200, b"{}"))
    answers: deque = field(default_factory=deque)
    greeting: list = field(default_factory=list)
    requests: list = field(default_factory=list)
    connections: int = 0
    port: int = 0
    _open: set = field(default_factory=set)
    _changed: threading.Condition = field(default_factory=threading.Condition)
    _threads: list = field(default_factory=list)
    _stopping: threading.Event = field(default_factory=threading.Event)

    def __enter__(self):
        self._listener = socket.create_server(("127.0.0.1", self.port), backlog=1024)
        self.port = self._listener.getsockname()[1]
        self._thread(self._accept)
        return self

    def __exit__(self, *_):
        self._stopping.set()
        with contextlib.suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        with self._changed:
            for connection in self._open:
                with contextlib.suppress(OSError):
                    connection.shutdown(socket.SHUT_RDWR)
        for thread in self._threads:
            thread.join(10)

    @property
    def url(self):
        """The base URL."""
        return f"http{'s' if self.tls else ''}://127.0.0.1:{self.port}"

    @property
    def open(self):
        """How many connections are open now."""
        with self._changed:
            return len(self._open)

    def wait(self, condition, timeout=5):
        """Wait until `condition` holds; it is looked at whenever something happened."""
        with self._changed:
            assert self._changed.wait_for(condition, timeout), "it did not happen"

    def wait_requests(self, count):
        """Wait until that many requests have arrived."""
        self.wait(lambda: len(self.requests) >= count)

    def wait_closed(self):
        """Wait until the other side has closed every connection."""
        self.wait(lambda: not self._open)

    def _thread(self, work, *args):
        thread = threading.Thread(target=work, args=args, daemon=True)
        self._threads.append(thread)
        thread.start()

    def _accept(self):
        while not self._stopping.is_set():
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            with self._changed:
                self.connections += 1
                number = self.connections
                self._open.add(connection)
                self._changed.notify_all()
            self._thread(self._serve, connection, number)

    def _serve(self, plain, number):
        connection = plain
        try:
            if self.tls is not None:
                connection = self.tls.wrap_socket(
                    plain, server_side=True, do_handshake_on_connect=False
                )
                with self._changed:
                    self._open.discard(plain)
                    self._open.add(connection)
                connection.do_handshake()
            self._do(connection, self.greeting)
            # Of bytes, so that a body of any size costs no copies.
            stream = connection.makefile("rb")
            while (received := _received(stream, number)) is not None:
                with self._changed:
                    self.requests.append(received)
                    actions = self.answers.popleft() if self.answers else self.default
                    self._changed.notify_all()
                if callable(actions):
                    actions = actions(received)
                self._do(connection, actions)
        except (OSError, ValueError, _Closed):
            pass
        finally:
            with contextlib.suppress(Exception):
                stream.close()
            connection.close()
            with self._changed:
                self._open.discard(plain)
                self._open.discard(connection)
                self._changed.notify_all()

    def _do(self, connection, actions):
        for action in actions:
            if isinstance(action, bytes):
                connection.sendall(action)
            elif isinstance(action, Drip):
                self._drip(connection, action)
            elif isinstance(action, Tunnel):
                self._tunnel(connection, action.port)
            elif action is HANG:
                while connection.recv(65536):
                    pass
                raise _Closed
            elif action is CUT:
                raise _Closed
            elif action is RESET:
                linger = struct.pack("ii", 1, 0)
                connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
                raise _Closed
            else:
                action(connection)

    def _drip(self, connection, drip):
        for start in range(0, len(drip.data), drip.size):
            connection.sendall(drip.data[start : start + drip.size])
            if self._stopping.wait(drip.every):
                return

    def _tunnel(self, connection, port):
        with socket.create_connection(("127.0.0.1", port)) as other:
            connection.sendall(b"HTTP/1.1 200 Connected\r\n\r\n")
            self._thread(_pump, other, connection)
            _pump(connection, other)
        raise _Closed


class _Closed(Exception):
    pass


def _pump(source, target):
    with contextlib.suppress(OSError):
        while data := source.recv(65536):
            target.sendall(data)
    with contextlib.suppress(OSError):
        target.shutdown(socket.SHUT_WR)


def _received(stream, number):
    line = stream.readline().decode("latin-1")
    if not line:
        return None
    method, target, _ = line.split(" ", 2)
    headers = []
    while (line := stream.readline().decode("latin-1").strip()) != "":
        name, _, value = line.partition(":")
        headers.append((name, value.strip()))
    length = next((int(v) for n, v in headers if n.lower() == "content-length"), 0)
    body = stream.read(length)
    return Received(method, target, headers, body, number)
