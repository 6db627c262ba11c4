"""How the documentation is built: `nox -s docs`."""

from importlib.metadata import version as installed_version

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
napoleon_google_docstring = True
napoleon_numpy_docstring = False
default_role = "code"

# No inventory is fetched, so names of Python, httpx and attrs lead nowhere. Of our own
# names those of private modules and of type variables have no page either.
nitpick_ignore_regex = [
    (r"py:.*", r"(?!sociaro).*"),
    (r"py:.*", r"sociaro(_[a-z]+)?(\.\w+)*\._\w+.*"),
    (r"py:.*", r"sociaro(_[a-z]+)?(\.\w+)*\.[A-Z]"),
]

html_theme = "furo"
html_title = f"sociaro-ai {release}"
html_show_sourcelink = False
