"""Everything that is run on this repository; `nox -l` lists the sessions."""

from __future__ import annotations

import os
import shutil
import sys
from pathlib import Path

import nox

nox.needs_version = ">=2025.5"
nox.options.default_venv_backend = "uv|virtualenv"
nox.options.download_python = "never"
# A machine tests the interpreters it has; hosted CI asks for all of them by
# --error-on-missing-interpreters.
nox.options.error_on_missing_interpreters = False
nox.options.sessions = ["lint", "typing", "tests", "integration"]
os.environ.setdefault("UV_PYTHON_DOWNLOADS", "never")

PYTHONS = ["3.10", "3.11", "3.12", "3.13", "3.14"]
PACKAGES = ["sociaro-core", "sociaro-providers", "sociaro-ai", "sociaro-local"]

ROOT = Path(__file__).parent
DIST = ROOT / "dist"
WHEEL_CHECKS = "tests-integration/test_wheels.py"


def group(name: str) -> list[str]:
    """Return the requirements of a dependency group of the root project file."""
    project = nox.project.load_toml(ROOT / "pyproject.toml")
    return list(nox.project.dependency_groups(project, name))


def install(session: nox.Session, *groups: str) -> None:
    """
    Install groups, and the four packages as they are worked on.

    The build backend is installed once and shared: four isolated builds would take
    longer than everything else.
    """
    backend = ["editables>=0.5", "hatchling>=1.27"]
    session.install(*backend, *(entry for name in groups for entry in group(name)))
    packages = [arg for name in PACKAGES for arg in ("-e", f"packages/{name}")]
    session.install("--no-build-isolation", *packages)


def wheel(name: str) -> str:
    """Return the path of the built wheel of a package."""
    (found,) = DIST.glob(f"{name.replace('-', '_')}-*.whl")
    return str(found)


@nox.session
def demo(session: nox.Session) -> None:
    """Play the quick start: on a local gateway, or a real one by SOCIARO_API_KEY."""
    install(session)
    session.run("python", "examples/quickstart.py", *session.posargs)


@nox.session(python=PYTHONS)
def tests(session: nox.Session) -> None:
    """Run each package's own tests; every line and branch of the four is covered."""
    install(session, "test")
    # Data of another interpreter or of a broken run must not be counted.
    data = Path(session.create_tmp()) / "coverage"
    shutil.rmtree(data, ignore_errors=True)
    data.mkdir()
    env = {"COVERAGE_FILE": str(data / "data")}
    targets = session.posargs or ["packages"]
    session.run("coverage", "run", "-m", "pytest", *targets, env=env)
    session.run("coverage", "combine", "--quiet", env=env)
    if not session.posargs:
        session.run("coverage", "report", "--fail-under=100", env=env)


@nox.session(python=PYTHONS)
def integration(session: nox.Session) -> None:
    """Run all packages together against the local gateway, on real sockets."""
    install(session, "test")
    targets = session.posargs or ["tests-integration", f"--ignore={WHEEL_CHECKS}"]
    session.run("pytest", *targets)


@nox.session
def build(session: nox.Session) -> None:
    """Build each sdist, each wheel out of its sdist, and check what they say."""
    session.install(*group("build"))
    shutil.rmtree(DIST, ignore_errors=True)
    for name in PACKAGES:
        # Not isolated: the group has the build backend, which four packages share.
        command = ["python", "-m", "build", "--no-isolation", "--outdir", str(DIST)]
        session.run(*command, f"packages/{name}", silent=True)
    files = sorted(str(path) for path in DIST.iterdir())
    session.run("twine", "check", "--strict", *files)


@nox.session(python=PYTHONS, requires=["build"])
def wheel_tests(session: nox.Session) -> None:
    """Run the packages' tests and the checks of installed files on the built wheels."""
    session.install(*(wheel(name) for name in PACKAGES), *group("test"))
    targets = session.posargs or ["packages", WHEEL_CHECKS]
    session.run("pytest", *targets, env={"SOCIARO_WHEELS": "1"})


@nox.session(python=PYTHONS, requires=["build"])
def core_alone(session: nox.Session) -> None:
    """Run sociaro-core's tests on its wheel, with nothing else of ours installed."""
    session.install(wheel("sociaro-core"), *group("test"))
    others = ["sociaro", "sociaro_providers", "sociaro_local"]
    session.run(
        "python",
        "-I",
        "-c",
        "import sys, sysconfig, sociaro_core\n"
        "from importlib.util import find_spec\n"
        "assert sociaro_core.__file__.startswith(sysconfig.get_path('purelib'))\n"
        f"found = [name for name in {others} if find_spec(name)]\n"
        "sys.exit(f'{found} should be absent' if found else 0)",
    )
    session.run("pytest", *(session.posargs or ["packages/sociaro-core/tests"]))


@nox.session
def typing(session: nox.Session) -> None:
    """Check the types inside, and those users see, with mypy and pyright."""
    install(session, "typing")
    session.run("mypy")
    session.run("pyright")
    session.run("pyright", "--verifytypes", "sociaro", "--ignoreexternal", silent=True)


@nox.session
def lint(session: nox.Session) -> None:
    """Check form, style and spelling; `nox -s lint -- --fix` mends what it can."""
    session.install(*group("lint"))
    fix = "--fix" in session.posargs
    session.run("ruff", "format", *([] if fix else ["--check"]), ".")
    session.run("ruff", "check", *(["--fix"] if fix else []), ".")
    session.run("codespell")


@nox.session
def docs(session: nox.Session) -> None:
    """Build the documentation; a warning is an error, nothing comes from the net."""
    install(session, "docs")
    command = ["sphinx-build", "-b", "html", "-n", "-W", "--keep-going", "-q"]
    session.run(*command, "docs", "docs/_build/html")


@nox.session(python=False)
def bump(session: nox.Session) -> None:
    """Move all packages and the pins between them: `nox -s bump -- X.Y.Z`."""
    if len(session.posargs) != 1:
        session.error("say which version: nox -s bump -- X.Y.Z")
    session.run(sys.executable, "tools/bump.py", *session.posargs, external=True)


@nox.session
def changelog(session: nox.Session) -> None:
    """Move the fragments into CHANGELOG.md; `-- --draft` only shows the result."""
    session.install(*group("changelog"))
    version = session.run("python", "tools/bump.py", silent=True)
    arguments = session.posargs or ["--yes"]
    session.run("towncrier", "build", "--version", str(version).strip(), *arguments)
