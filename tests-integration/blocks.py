"""
The code on a page, as it is run by tests.

The blocks of a page run in order, in one namespace, where ``[...]`` stands for a list of
messages. Blocks with ``await`` at their top run in an event loop.

- A ``text`` block directly behind a ``python`` block is what it prints; ``...`` in it
  stands for anything.
- A comment ``<!-- gateway.fail(503) -->`` above a block prepares the local gateway.
- Functions named ``test_*`` are called, with a fresh ``gateway`` if they ask for it.
"""

from __future__ import annotations

import ast
import contextlib
import doctest
import inspect
import io
import re
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

import anyio

_PIECE = re.compile(
    r"^<!-- (?P<preparation>gateway\..+) -->$"
    r"|^```(?P<language>\w*)\n(?P<source>(?:.*\n)*?)```$"
    r"|^(?P<other>.*\S.*)$",
    re.MULTILINE,
)
_MESSAGES = '[{"role": "user", "content": "Hello"}]'
_same = partial(doctest.OutputChecker().check_output, optionflags=doctest.ELLIPSIS)


@dataclass
class Block:
    """
    One block of code.

    Args:
        page: The file it stands in.
        line: Its first line there, from 1.
        source: As printed on the page.
        output: What it prints; None if the page does not show it.
        preparations: What is done to the gateway first.
    """

    page: Path
    line: int
    source: str
    output: str | None = None
    preparations: list[str] = field(default_factory=list)

    @property
    def tree(self) -> ast.Module:
        """The code, with messages for ``[...]`` and the page's line numbers."""
        tree = ast.fix_missing_locations(_Messages().visit(ast.parse(self.source)))
        return ast.increment_lineno(tree, self.line - 1)

    @property
    def is_async(self) -> bool:
        """Whether it needs an event loop."""
        return bool(self._code(self.tree).co_flags & inspect.CO_COROUTINE) or any(
            isinstance(node, ast.AsyncFunctionDef) and node.name.startswith("test_")
            for node in self.tree.body
        )

    def run(self, names: dict[str, Any], gateway: Any, backend: str) -> str:
        """Run the block in the namespace `names` and return what it printed."""
        for preparation in self.preparations:
            exec(preparation, {"gateway": gateway})
        known = set(names)
        with contextlib.redirect_stdout(io.StringIO()) as printed:
            _performed(partial(eval, self._code(self.tree), names), backend)
            for name in [n for n in names if n not in known and n.startswith("test_")]:
                test = names[name]
                wanted = inspect.signature(test).parameters
                options = {"gateway": gateway} if "gateway" in wanted else {}
                gateway.reset()
                _performed(partial(test, **options), backend)
        return printed.getvalue()

    def check(self, printed: str) -> None:
        """Compare what was printed with what the page shows."""
        printed = printed.rstrip("\n") + "\n"
        if self.output is not None and not _same(self.output, printed):
            assert self.output == printed, f"{self.page}:{self.line}"

    def _code(self, tree: ast.Module) -> Any:
        flags = ast.PyCF_ALLOW_TOP_LEVEL_AWAIT
        return compile(tree, str(self.page), "exec", flags, dont_inherit=True)


class _Messages(ast.NodeTransformer):
    def visit_List(self, node: ast.List) -> ast.AST:
        """Put messages where the page has ``[...]``."""
        if [type(item) for item in node.elts] != [ast.Constant]:
            return self.generic_visit(node)
        (item,) = node.elts
        if not isinstance(item, ast.Constant) or item.value is not ...:
            return node
        return ast.copy_location(ast.parse(_MESSAGES, mode="eval").body, node)


def _performed(step: Any, backend: str) -> None:
    result = step()
    if inspect.iscoroutine(result):
        anyio.run(lambda: result, backend=backend)


def blocks_of(page: Path, text: str | None = None) -> list[Block]:
    """
    Return the Python blocks of a page, in order.

    Args:
        page: A Markdown file.
        text: What stands in it; None: read it.
    """
    text = page.read_text("utf-8") if text is None else text
    blocks: list[Block] = []
    preparations: list[str] = []
    printing: Block | None = None
    for piece in _PIECE.finditer(text):
        if piece["preparation"]:
            preparations.append(piece["preparation"])
        elif piece["language"] == "python":
            line = text.count("\n", 0, piece.start()) + 2
            printing = Block(page, line, piece["source"], None, preparations)
            blocks.append(printing)
            preparations = []
            continue
        elif piece["language"] == "text" and printing is not None:
            printing.output = piece["source"]
        printing = None
    return blocks
