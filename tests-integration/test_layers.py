"""Imports go down only: the source is parsed and every import looked at."""

import ast
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
SOURCES = {
    "sociaro_core": ROOT / "packages/sociaro-core/src",
    "sociaro_providers": ROOT / "packages/sociaro-providers/src",
    "sociaro": ROOT / "packages/sociaro-ai/src",
    "sociaro_local": ROOT / "packages/sociaro-local/src",
}

# What a package may import of the others.
BELOW = {
    "sociaro_core": set(),
    "sociaro_providers": {"sociaro_core"},
    "sociaro": {"sociaro_core", "sociaro_providers"},
    "sociaro_local": set(),
}
PURE = {"sociaro_core.effects", "sociaro_core.errors", "sociaro_core.wire"}
IMPURE = {"anyio", "asyncio", "httpcore", "httpx", "socket", "threading", "time"}
NETWORK = {"anyio", "h11", "httpcore", "httpx"}
NETWORKED = {
    f"sociaro_core.{name}"
    for name in (
        "borrowed",
        "drivers",
        "lines",
        "messages",
        "proxies",
        "settings",
        "sockets",
        "steps",
        "tls",
        "transports",
    )
}


def modules():
    """Yield the dotted name and the syntax tree of every module."""
    for package, source in SOURCES.items():
        for path in sorted((source / package).rglob("*.py")):
            yield module_name(path.relative_to(source)), ast.parse(path.read_bytes())


def module_name(path):
    """Return the dotted name; that of a package ends in ``__init__``."""
    return ".".join(path.with_suffix("").parts)


def imports(module, tree):
    """
    Return ``(line, name, typing_only)`` of each import, relative ones made absolute.

    ``from a import b`` may mean the module ``a.b`` and is returned as that.
    """
    found = []

    def visit(node, typing_only):
        if isinstance(node, ast.Import):
            found.extend((node.lineno, name.name, typing_only) for name in node.names)
        elif isinstance(node, ast.ImportFrom):
            base = node.module or ""
            if node.level:
                parent = module.split(".")[: -node.level]
                base = ".".join([*parent, *([base] if base else [])])
            found.extend(
                (node.lineno, f"{base}.{name.name}", typing_only) for name in node.names
            )
        elif isinstance(node, ast.If) and "TYPE_CHECKING" in ast.dump(node.test):
            for child in node.body:
                visit(child, typing_only=True)
            for child in node.orelse:
                visit(child, typing_only)
        else:
            for child in ast.iter_child_nodes(node):
                visit(child, typing_only)

    visit(tree, typing_only=False)
    return found


def within(name, allowed):
    """Return whether `name` is one of the modules in `allowed`, or something in one."""
    return any(name == module or name.startswith(f"{module}.") for module in allowed)


def violations(module, tree):
    """Return what is wrong with the imports of one module, as readable lines."""
    package = module.partition(".")[0]
    wrong = []
    for line, name, typing_only in imports(module, tree):
        top = name.partition(".")[0]
        where = f"{module}:{line} imports {name}"
        exempt = typing_only or module in NETWORKED
        if top in SOURCES and top != package:
            if top not in BELOW[package]:
                wrong.append(f"{where}: imports go down only")
            elif (
                package == "sociaro_providers"
                and not within(name, PURE)
                and not typing_only
            ):
                wrong.append(f"{where}: providers use wire, errors and effects only")
        elif package == "sociaro_providers" and top in IMPURE:
            wrong.append(f"{where}: providers do no I/O")
        elif package != "sociaro_local" and top in NETWORK and not exempt:
            wrong.append(f"{where}: only the transport does I/O")
    return wrong


def is_private(module):
    """Return whether a module of the facade is hidden from its users."""
    _, first, *_ = module.split(".")
    return first.startswith("_")


def check(module, source):
    """Return how many violations a planted source has."""
    return len(violations(module, ast.parse(source)))


def test_every_package_is_looked_at():
    """A moved folder does not make these tests pass on nothing."""
    assert set(SOURCES) == {module.partition(".")[0] for module, _ in modules()}


def test_imports_go_down_only():
    """No module imports what stands above it, or I/O where none belongs."""
    assert [] == [line for found in modules() for line in violations(*found)]


def test_facade_modules_are_private():
    """Users import from `sociaro` itself."""
    facade = [name for name, _ in modules() if name.startswith("sociaro.")]
    assert [] == [name for name in facade if not is_private(name)]


@pytest.mark.parametrize(
    ("module", "source"),
    [
        ("sociaro_core.errors", "import sociaro"),
        ("sociaro_core.errors", "from sociaro_providers import table"),
        ("sociaro_core.errors", "import sociaro_providers.table as t"),
        ("sociaro_core.errors", "import sociaro_local"),
        ("sociaro_core.errors", "def f():\n    import sociaro"),
        ("sociaro_core.errors", "import httpx"),
        ("sociaro_core.errors", "import os, httpx"),
        ("sociaro_core.errors", "import httpcore._async"),
        ("sociaro_core.errors", "from h11 import Connection"),
        (
            "sociaro_core.client",
            "try:\n    import anyio\nexcept ImportError:\n    pass",
        ),
        ("sociaro_core.x", "if TYPE_CHECKING:\n    pass\nelse:\n    import httpx"),
        ("sociaro_core.x", "from typing import TYPE_CHECKING\nimport httpx"),
        ("sociaro_core.drivers", "import sociaro_providers"),
        ("sociaro_providers.table", "from sociaro import Sociaro"),
        ("sociaro_providers.table", "from sociaro_core import Gateway"),
        ("sociaro_providers.table", "from sociaro_core.drivers import Driver"),
        ("sociaro_providers.table", "import sociaro_core.client"),
        ("sociaro_providers.table", "from sociaro_core import wire, drivers"),
        ("sociaro_providers.table", "import sociaro_core.wirehouse"),
        ("sociaro_providers.table", "import sociaro_local"),
        ("sociaro_providers.a.b", "from ...sociaro_core import drivers"),
        ("sociaro_providers.table", "import httpx"),
        ("sociaro_providers.table", "if TYPE_CHECKING:\n    import httpx"),
        ("sociaro_providers.table", "from time import time"),
        ("sociaro_providers.table", "import asyncio.events"),
        ("sociaro._cli.main", "import sociaro_local"),
        ("sociaro._sync", "def f():\n    from sociaro_local import serve"),
        ("sociaro._sync", "import httpx"),
        ("sociaro_local.app", "import sociaro"),
        ("sociaro_local.app", "from sociaro_core import wire"),
    ],
)
def test_checker_finds_a_wrong_import(module, source):
    """One violation is planted, one is found."""
    assert 1 == check(module, source)


@pytest.mark.parametrize(
    ("module", "source"),
    [
        ("sociaro_core.drivers", "import httpx, anyio"),
        ("sociaro_core.transports", "from httpcore import ConnectionPool"),
        ("sociaro_core.client", "if TYPE_CHECKING:\n    import httpx"),
        ("sociaro_core.client", "if typing.TYPE_CHECKING:\n    import httpx"),
        ("sociaro_core.__init__", "from .drivers import Driver"),
        ("sociaro_core.client", "import threading, asyncio, time"),
        ("sociaro_providers.table", "from sociaro_core import wire, errors"),
        ("sociaro_providers.table", "from sociaro_core.effects import send"),
        ("sociaro_providers.table", "import json, attrs, cattrs"),
        ("sociaro_providers.a.b", "from . import time\nfrom .time import x"),
        ("sociaro_providers.a.b", "from ..time import x"),
        (
            "sociaro._sync",
            "if TYPE_CHECKING:\n    import httpx\nfrom sociaro_core import Driver",
        ),
        (
            "sociaro_providers.models",
            "if TYPE_CHECKING:\n    from sociaro_core.attempts import Meta",
        ),
        ("sociaro._sync", "from sociaro_providers.table import find"),
        ("sociaro_local.app", "import starlette, uvicorn, asyncio"),
    ],
)
def test_checker_accepts_a_right_import(module, source):
    """What is allowed is not found."""
    assert 0 == check(module, source)


@pytest.mark.parametrize(
    ("module", "private"),
    [
        ("sociaro.__init__", True),
        ("sociaro.__main__", True),
        ("sociaro._sync", True),
        ("sociaro._cli.main", True),
        ("sociaro._cli.__init__", True),
        ("sociaro.sync", False),
        ("sociaro.flows.__init__", False),
        ("sociaro.flows._chat", False),
    ],
)
def test_checker_tells_private_modules(module, private):
    """A folder hides what is in it; a file in an open folder is open."""
    assert private == is_private(module)


def test_standard_library_names_are_real():
    """A typing error in the list would let the module pass."""
    assert {"asyncio", "socket", "threading", "time"} == IMPURE & set(
        sys.stdlib_module_names
    )
