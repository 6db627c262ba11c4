"""Checks of what is installed: `nox -s wheel_tests` runs them on the built wheels."""

import importlib
import importlib.metadata
import os
import pkgutil
import subprocess
import sys
import sysconfig
from pathlib import Path

import pytest

pytestmark = pytest.mark.skipif(
    "SOCIARO_WHEELS" not in os.environ,
    reason="these check installed wheels: nox -s wheel_tests",
)

ROOT = Path(__file__).resolve().parent.parent
SITE = Path(sysconfig.get_path("purelib")).resolve()
PACKAGES = {
    "sociaro-ai": "sociaro",
    "sociaro-core": "sociaro_core",
    "sociaro-local": "sociaro_local",
    "sociaro-providers": "sociaro_providers",
}

# Whatever opens a socket or looks up a name is an event that a hook sees.
QUIET = """
import sys
seen = []
sys.addaudithook(lambda event, args: seen.append(event))
import {module}
noisy = [e for e in seen if e.startswith(("socket.", "subprocess.", "urllib."))]
sys.exit(repr(noisy) if noisy else 0)
"""


@pytest.fixture(params=PACKAGES)
def distribution(request):
    """Return each installed distribution in turn."""
    return importlib.metadata.distribution(request.param)


def module_names(package):
    """Return the dotted names of a package and of everything in it."""
    root = importlib.import_module(package)
    found = pkgutil.walk_packages(root.__path__, f"{package}.")
    return [package, *(module.name for module in found)]


def run_isolated(code):
    """Run code in a fresh interpreter that sees neither this folder nor the user's."""
    command = [sys.executable, "-I", "-W", "error", "-c", code]
    return subprocess.run(command, capture_output=True, text=True, check=False)


@pytest.mark.parametrize("package", PACKAGES.values())
def test_package_comes_from_its_wheel(package):
    """The tests of this very run saw the installed files, not `src`."""
    module = importlib.import_module(package)
    assert SITE / package == Path(module.__file__).resolve().parent


def test_sources_are_not_on_the_path():
    """No folder of the repository but the tests' own can answer an import."""
    sources = {path.resolve() for path in ROOT.glob("packages/*/src")}
    assert set() == sources & {Path(entry).resolve() for entry in sys.path}


def test_no_distribution_is_editable(distribution):
    """Each was installed as a wheel."""
    assert "dir_info" not in (distribution.read_text("direct_url.json") or "")


def test_types_are_installed(distribution):
    """Type checkers trust a package that has `py.typed`."""
    package = PACKAGES[distribution.name]
    assert distribution.locate_file(f"{package}/py.typed").is_file()


def test_wheel_holds_its_package_only(distribution):
    """No tests, no second package, nothing beside."""
    info = f"{distribution.name.replace('-', '_')}-{distribution.version}.dist-info"
    tops = {file.parts[0] for file in distribution.files}
    assert {PACKAGES[distribution.name], info} == tops
    assert [] == [str(file) for file in distribution.files if "tests" in file.parts]


def test_wheel_holds_every_module(distribution):
    """An ignored file name has not dropped a module in silence."""
    package = PACKAGES[distribution.name]
    source = ROOT / "packages" / distribution.name / "src"
    written = {
        path.relative_to(source).as_posix()
        for path in (source / package).rglob("*")
        if path.is_file() and path.suffix != ".pyc"
    }
    installed = {file.as_posix() for file in distribution.files}
    assert set() == written - installed


def test_licence_is_installed(distribution):
    """The full text comes with every package."""
    (text,) = [
        file.read_text() for file in distribution.files if file.name == "LICENSE"
    ]
    assert (ROOT / "LICENSE").read_text(encoding="utf-8") == text
    assert "Apache-2.0" == distribution.metadata["License-Expression"]


def test_versions_agree():
    """The four were built from one state."""
    found = {name: importlib.metadata.version(name) for name in PACKAGES}
    assert 1 == len(set(found.values())), found


@pytest.mark.parametrize("package", PACKAGES.values())
def test_version_attribute_is_the_installed_one(package):
    """What a bug report quotes is true."""
    module = importlib.import_module(package)
    names = {package: name for name, package in PACKAGES.items()}
    assert importlib.metadata.version(names[package]) == module.__version__


@pytest.mark.parametrize("package", PACKAGES.values())
def test_every_module_can_be_imported_first(package):
    """No module needs another to be imported before it."""
    names = [name for name in module_names(package) if not name.endswith("__main__")]
    code = "import sys\n" + "".join(
        f"for name in [n for n in sys.modules if n.startswith('sociaro')]:\n"
        f"    del sys.modules[name]\n"
        f"import {name}\n"
        for name in names
    )
    done = run_isolated(code)
    assert (0, "", "") == (done.returncode, done.stdout, done.stderr)


@pytest.mark.parametrize("package", PACKAGES.values())
def test_import_is_silent_and_opens_no_socket(package):
    """Importing costs time and nothing else."""
    done = run_isolated(QUIET.format(module=package))
    assert (0, "", "") == (done.returncode, done.stdout, done.stderr)


def test_quiet_check_sees_a_socket():
    """The hook is awake."""
    done = run_isolated(QUIET.format(module="socket; socket.socket().close()"))
    assert 1 == done.returncode
    assert "socket.__new__" in done.stderr
