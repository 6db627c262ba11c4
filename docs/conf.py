"""How the documentation is built: `nox -s docs`."""

import re
from importlib.metadata import version as installed_version
from typing import Any

from sociaro_providers import Model

project = "sociaro-ai"
author = "Sociaro"
copyright = "Sociaro"
release = version = installed_version("sociaro-ai")

extensions = ["myst_parser", "sphinx.ext.autodoc", "sphinx.ext.napoleon"]
exclude_patterns = ["_build", "changes"]
source_suffix = {".md": "markdown"}

myst_enable_extensions = ["colon_fence", "deflist"]
myst_heading_anchors = 3

autodoc_default_options = {"members": True, "show-inheritance": True}
autodoc_member_order = "bysource"
autodoc_typehints = "signature"
add_module_names = False
napoleon_google_docstring = True
napoleon_numpy_docstring = False
napoleon_use_ivar = True
default_role = "code"

# No inventory is fetched, so names of Python, httpx and attrs lead nowhere. Of our own
# names those that only live in a module, public or not, and type variables have no
# place on a page either.
nitpick_ignore_regex = [
    (r"py:.*", r"(?!sociaro).*"),
    (r"py:.*", r"sociaro(_[a-z]+)?(\.\w+)*\._\w+.*"),
    (r"py:.*", r"sociaro_[a-z]+(\.[a-z]\w*)+\.\w+"),
    (r"py:.*", r"sociaro(_[a-z]+)?(\.\w+)*\.[A-Z]"),
]

html_theme = "furo"
html_title = f"sociaro-ai {release}"
html_show_sourcelink = False


def _fences(*event: Any) -> None:
    """Turn the Markdown code blocks of docstrings into those of reStructuredText."""
    lines: list[str] = event[-1]
    inside = False
    written = []
    for line in lines:
        fence = re.fullmatch(r"( *)```(\w*)", line)
        if fence:
            inside = not inside
            language = fence[2] or "text"
            written += ["", f"{fence[1]}.. code-block:: {language}", ""][: 3 * inside]
        else:
            written.append(f"   {line}" if inside else line)
    lines[:] = written


def _fields(
    _app: Any, what: str, _name: str, value: Any, _options: Any, lines: list[str]
) -> None:
    """Add the fields of a model, which have no docstrings of their own."""
    if what == "class" and issubclass(value, Model):
        fields = getattr(value, "__attrs_attrs__", ())
        lines += ["", *(f":ivar {field.name}: ``{field.type}``" for field in fields)]


def setup(app: Any) -> None:
    """Tell Sphinx of what is done to docstrings, before napoleon reads them."""
    app.connect("autodoc-process-docstring", _fences, priority=400)
    app.connect("autodoc-process-docstring", _fields, priority=600)
