"""The one version of all packages: read it, or move it with every pin between them."""

from __future__ import annotations

import re
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent

_VERSION = re.compile(r"[0-9]+\.[0-9]+\.[0-9]+((a|b|rc)[0-9]+)?(\.post[0-9]+)?")
_FIELD = re.compile(r'^version = "([^"]*)"$', re.MULTILINE)
_PIN = re.compile(r'"(sociaro-[a-z]+)(\[[a-z,]+\])?==([^";\s]*)')


def project_files(root: Path = ROOT) -> list[Path]:
    """Return the project file of every package, in order of their names."""
    return sorted(root.glob("packages/*/pyproject.toml"))


def current_version(root: Path = ROOT) -> str:
    """
    Return the version all packages have.

    Raises:
        ValueError: They disagree with each other or with their pins, or there is none.
    """
    found: set[str] = set()
    for path in project_files(root):
        text = path.read_text(encoding="utf-8")
        found.update(_FIELD.findall(text))
        found.update(version for _, _, version in _PIN.findall(text))
    if len(found) != 1:
        raise ValueError(f"the packages have not one version but {sorted(found)}")
    return found.pop()


def bump(version: str, root: Path = ROOT) -> list[Path]:
    """
    Give every package `version`, move the pins between them, return the changed files.

    Args:
        version: As ``1.2.3``, ``1.2.3rc1`` or ``1.2.3.post1``.
        root: The folder that holds ``packages``.

    Raises:
        ValueError: `version` has another form, or a project file has not exactly one
            version. Nothing was written then.
    """
    if not _VERSION.fullmatch(version):
        raise ValueError(f"{version!r} is no version like 1.2.3 or 1.2.3rc1")
    changed: dict[Path, str] = {}
    for path in project_files(root):
        old = path.read_text(encoding="utf-8")
        new, count = _FIELD.subn(f'version = "{version}"', old)
        if count != 1:
            raise ValueError(f"{path} has {count} lines with a version, not one")
        new = _PIN.sub(rf'"\g<1>\g<2>=={version}', new)
        if new != old:
            changed[path] = new
    for path, text in changed.items():
        path.write_text(text, encoding="utf-8", newline="\n")
    return list(changed)


def main(arguments: list[str]) -> int:
    """Run the command: without an argument print the version, with one move to it."""
    if len(arguments) > 1:
        print("usage: bump.py [X.Y.Z]", file=sys.stderr)
        return 2
    if not arguments:
        print(current_version())
        return 0
    for path in bump(arguments[0]):
        print(path.relative_to(ROOT))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
