"""
Flows are used as they must be: the source is parsed and every call looked at.

A flow that is called without `yield from` does nothing, and no type checker tells. A
flow that yields in `finally` breaks when it is closed. A bare `yield` has no type.
"""

import ast
from itertools import pairwise
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
SOURCES = [
    ROOT / "packages/sociaro-core/src",
    ROOT / "packages/sociaro-providers/src",
    ROOT / "packages/sociaro-ai/src",
    ROOT / "packages/sociaro-local/src",
]
OURS = ("sociaro", "sociaro_core", "sociaro_providers")
EFFECTS = "sociaro_core.effects"
MANAGERS = {"asynccontextmanager", "contextmanager", "fixture"}
# A function that says it gives one of these is a generator of values, no flow.
ITERATORS = {"AsyncGenerator", "AsyncIterator", "Generator", "Iterator"}

FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef)
SCOPES = (*FUNCTIONS, ast.Lambda, ast.ClassDef)
YIELDS = (ast.Yield, ast.YieldFrom)


def modules():
    """Return dotted names, that of a package ending in ``__init__``, and the trees."""
    return {
        ".".join(path.relative_to(source).with_suffix("").parts): ast.parse(
            path.read_bytes()
        )
        for source in SOURCES
        for path in sorted(source.rglob("*.py"))
    }


def own_nodes(scope):
    """Yield the nodes of a function or module, not those of scopes within it."""
    waiting = list(ast.iter_child_nodes(scope))
    while waiting:
        node = waiting.pop()
        yield node
        if not isinstance(node, SCOPES):
            waiting.extend(ast.iter_child_nodes(node))


def name_of(node):
    """Return the last part of a dotted name, of a call's or subscript's too."""
    if isinstance(node, ast.Call):
        return name_of(node.func)
    if isinstance(node, ast.Subscript):
        return name_of(node.value)
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        return name_of(ast.parse(node.value, mode="eval").body)
    return getattr(node, "attr", getattr(node, "id", None))


def is_flow(function):
    """Return whether calling a function does nothing until it is yielded from."""
    if not isinstance(function, ast.FunctionDef) or is_manager(function):
        return False
    if name_of(function.returns) == "Flow":
        return True
    return any(isinstance(node, YIELDS) for node in own_nodes(function))


def is_manager(function):
    """Return whether a decorator makes the generator a context manager or fixture."""
    return any(name_of(node) in MANAGERS for node in function.decorator_list)


def flow_names(trees):
    """
    Return the flows of all modules: functions as ``(module, name)``, methods alike.

    A method is known as ``(module, "Class.name")``.
    """
    found = set()
    for module, tree in trees.items():
        for node in ast.walk(tree):
            if isinstance(node, ast.ClassDef):
                found.update(
                    (module, f"{node.name}.{inner.name}")
                    for inner in node.body
                    if is_flow(inner)
                )
        methods = {
            inner
            for node in ast.walk(tree)
            if isinstance(node, ast.ClassDef)
            for inner in node.body
        }
        found.update(
            (module, node.name)
            for node in ast.walk(tree)
            if is_flow(node) and node not in methods
        )
    return found


def imported(module, tree):
    """Return what the names a module imports from ours mean: name to dotted name."""
    found = {}
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom):
            base = node.module or ""
            if node.level:
                parent = module.split(".")[: -node.level]
                base = ".".join([*parent, *([base] if base else [])])
            if base.partition(".")[0] in OURS:
                for name in node.names:
                    found[name.asname or name.name] = f"{base}.{name.name}"
        elif isinstance(node, ast.Import):
            for name in node.names:
                if name.name.partition(".")[0] in OURS and name.asname:
                    found[name.asname] = name.name
    return found


class DroppedFlows(ast.NodeVisitor):
    """Looks for flows that are called and left lying, in one module."""

    def __init__(self, module, tree, flows):
        self.module = module
        self.flows = flows
        # A package passes names on, so an imported one is known by its last part.
        self.names = {name for _, name in flows}
        self.imported = imported(module, tree)
        self.classes = []
        self.found = []

    def visit_ClassDef(self, node):
        """Remember whose methods `self` has."""
        self.classes.append(node.name)
        self.generic_visit(node)
        self.classes.pop()

    def visit_Expr(self, node):
        """Look at an expression nobody uses, awaited or not."""
        value = node.value.value if isinstance(node.value, ast.Await) else node.value
        if isinstance(value, ast.Call) and self.is_flow(value.func):
            self.found.append(f"{self.module}:{node.lineno} drops {name_of(value)}()")
        self.generic_visit(node)

    def is_flow(self, called):
        """Return whether the called name or attribute is a known flow."""
        if isinstance(called, ast.Name):
            if called.id in self.imported:
                return self.imported[called.id].rpartition(".")[2] in self.names
            return (self.module, called.id) in self.flows
        if not isinstance(called, ast.Attribute):
            return False
        if isinstance(called.value, ast.Name):
            owner = called.value.id
            if owner in ("self", "cls") and self.classes:
                return (self.module, f"{self.classes[-1]}.{called.attr}") in self.flows
            if owner in self.imported:
                target = self.imported[owner]
                return (target, called.attr) in self.flows or (
                    f"{target.rpartition('.')[2]}.{called.attr}" in self.names
                )
        # A variable of unknown type: its name is a flow's if flows alone have it.
        return called.attr.endswith("_flow") and any(
            name.rpartition(".")[2] == called.attr for name in self.names
        )


def yields_in_finally(module, tree):
    """Return where a yield stands in a `finally` block of its own function."""
    found = []
    for node in ast.walk(tree):
        if isinstance(node, ast.Try) or type(node).__name__ == "TryStar":
            block = ast.Module(node.finalbody, type_ignores=[])
            found.extend(
                f"{module}:{inner.lineno} yields in finally"
                for inner in own_nodes(block)
                if isinstance(inner, YIELDS)
            )
    return sorted(set(found))


def bare_yields(module, tree):
    """
    Return where a bare `yield` stands outside the effect helpers.

    Context managers, fixtures and generators of plain values may have one; and a `yield`
    that is never reached, right after a `return` or `raise`, only makes a function a
    flow.
    """
    if module == EFFECTS or module.partition(".")[0] not in OURS:
        return []
    found = []
    for function in ast.walk(tree):
        if isinstance(function, (*FUNCTIONS, ast.Lambda)):
            if isinstance(function, FUNCTIONS) and (
                is_manager(function) or name_of(function.returns) in ITERATORS
            ):
                continue
            unreached = unreached_yields(function)
            found.extend(
                f"{module}:{node.lineno} has a bare yield"
                for node in own_nodes(function)
                if isinstance(node, ast.Yield) and node not in unreached
            )
    return found


def unreached_yields(function):
    """Return the yields that follow a return or raise in the same block."""
    found = set()
    for node in [function, *own_nodes(function)]:
        body = getattr(node, "body", None)
        if not isinstance(body, list):
            continue
        for before, after in pairwise(body):
            if isinstance(before, (ast.Return, ast.Raise)) and isinstance(
                after, ast.Expr
            ):
                found.add(after.value)
    return found


def violations(trees):
    """Return everything that is wrong with flows, as readable lines."""
    flows = flow_names(trees)
    found = []
    for module, tree in trees.items():
        dropped = DroppedFlows(module, tree, flows)
        dropped.visit(tree)
        found += dropped.found
        found += yields_in_finally(module, tree)
        found += bare_yields(module, tree)
    return found


PLANTED = {
    EFFECTS: (
        "Flow = Generator\n"
        "def send(request) -> Flow[Response]:\n"
        "    response = yield Send(request)\n"
        "    return response\n"
        "def close(response) -> Flow[None]:\n"
        "    yield Close(response)\n"
    ),
    "sociaro_core.__init__": "from .effects import close, send\n",
    "sociaro_core.trail": (
        "class Trail:\n"
        "    def note(self) -> Flow[None]:\n"
        "        yield from now()\n"
        "    def poll_flow(self) -> Flow[None]:\n"
        "        yield from now()\n"
        "    def close(self): ...\n"
    ),
    "sociaro._plain": "def close(): ...\n",
}


def check(source, module="sociaro._chat"):
    """Return the violations of a source beside the planted effect helpers."""
    planted = {**PLANTED, module: source}
    return violations({name: ast.parse(text) for name, text in planted.items()})


def test_effect_helpers_are_known():
    """The rules are applied to the flows there really are."""
    flows = flow_names(modules())
    assert {(EFFECTS, "send"), (EFFECTS, "close"), (EFFECTS, "sleep")} <= flows


def test_flows_are_used_as_they_must_be():
    """Nothing is dropped, nothing yields in `finally`, nothing yields bare."""
    assert [] == violations(modules())


@pytest.mark.parametrize(
    "source",
    [
        "from sociaro_core.effects import send\ndef f():\n    send(1)",
        "from sociaro_core import send\ndef f():\n    send(1)",
        "from sociaro_core.effects import send as s\ndef f():\n    s(1)",
        "from sociaro_core import effects\ndef f():\n    effects.send(1)",
        "import sociaro_core.effects as e\ndef f():\n    e.close(1)",
        "from sociaro_core.effects import send\nasync def f():\n    await send(1)",
        "from sociaro_core.effects import send\ndef f():\n    if x:\n        send(1)",
        "def one() -> Flow[int]:\n    return two()\ndef f():\n    one()",
        "def one() -> 'Flow[int]':\n    return two()\ndef f():\n    one()",
        "def one() -> effects.Flow[int]:\n    return two()\ndef f():\n    one()",
        "def one():\n    yield from two()\ndef f():\n    one()",
        "def f():\n    def one():\n        yield from two()\n    one()",
        "class A:\n    def x(self) -> Flow[int]: ...\n    def y(self):\n        self.x()",
        "from sociaro_core.trail import Trail\ndef f(t):\n    Trail.note(t)",
        "def f(trail):\n    trail.poll_flow()",
    ],
)
def test_checker_finds_a_dropped_flow(source):
    """A flow that nobody yields from is found, by whatever name it goes."""
    (found,) = check(source)
    assert "drops" in found


@pytest.mark.parametrize(
    "source",
    [
        "from sociaro_core.effects import send\ndef f():\n    yield from send(1)",
        "from sociaro_core.effects import send\ndef f():\n    return send(1)",
        "from sociaro_core.effects import send\ndef f():\n    run(send(1))",
        "from sociaro._plain import shut\ndef f():\n    shut()",
        "from os import close\ndef f():\n    close(1)",
        "def f(response):\n    response.close()",
        "class A:\n    def close(self): ...\n    def f(self):\n        self.close()",
        "@contextlib.contextmanager\ndef one():\n    yield\ndef f():\n    one()",
        "def f():\n    def inner():\n        yield from x()\n    return inner",
    ],
)
def test_checker_accepts_a_flow_in_use(source):
    """What is yielded from, returned or handed over is not found."""
    assert [] == check(source)


@pytest.mark.parametrize(
    "body",
    [
        "yield from close(r)",
        "x = yield from close(r)",
        "if r:\n            yield from close(r)",
        "with a:\n            yield from close(r)",
        "try:\n            pass\n        finally:\n            yield from close(r)",
    ],
)
def test_checker_finds_a_yield_in_finally(body):
    """However deep it stands in the block."""
    source = f"def f():\n    try:\n        pass\n    finally:\n        {body}"
    (found,) = check(source)
    assert "yields in finally" in found


@pytest.mark.parametrize(
    "source",
    [
        "def f():\n    try:\n        yield from g()\n    finally:\n        h()",
        "def f():\n    try:\n        x()\n    except E:\n        yield from h()",
        "def f():\n    try:\n        x()\n    except E: ...\n    else:\n        yield from h()",
        "def f():\n    try:\n        x()\n    finally:\n        def g():\n            yield from h()",
    ],
)
def test_checker_accepts_a_yield_beside_finally(source):
    """Only the `finally` block of the function itself is forbidden ground."""
    assert [] == check(source)


@pytest.mark.parametrize(
    "source",
    [
        "def f():\n    x = yield Send(1)",
        "def f():\n    yield",
        "async def f():\n    yield 1",
        "f = lambda: (yield 1)",
        "class A:\n    def __iter__(self):\n        yield 1",
        "def f():\n    if x:\n        return 1\n    yield",
        "def f():\n    def g():\n        yield 1\n    return g",
    ],
)
def test_checker_finds_a_bare_yield(source):
    """Outside the effect helpers none is allowed."""
    (found,) = check(source)
    assert "bare yield" in found


@pytest.mark.parametrize(
    ("module", "source"),
    [
        ("sociaro_core.effects", "def now():\n    x = yield Now()\n    return x"),
        ("sociaro._x", "@contextmanager\ndef f():\n    yield 1"),
        ("sociaro._x", "@contextlib.asynccontextmanager\nasync def f():\n    yield"),
        ("sociaro._x", "def f():\n    return 1\n    yield"),
        ("sociaro._x", "def f():\n    raise E\n    yield"),
        ("sociaro._x", "def f() -> Iterator[int]:\n    yield 1"),
        ("sociaro._x", "async def f() -> AsyncIterator[bytes]:\n    yield b''"),
        ("sociaro_local.app", "async def body():\n    yield b''"),
        ("sociaro_local.plugin", "@pytest.fixture(scope='x')\ndef f():\n    yield 1"),
    ],
)
def test_checker_accepts_a_yield_with_a_reason(module, source):
    """Helpers, context managers, fixtures, and yields that are never reached."""
    assert [] == check(source, module)
