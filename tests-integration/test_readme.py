"""Every page is run: what it shows works, and prints what it says (see `blocks`)."""

import gc
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT / "tests-integration"))

from blocks import blocks_of  # noqa: E402 - beside this file

DOCS = sorted(
    page
    for page in (ROOT / "docs").rglob("*.md")
    if not {"changes", "_build"} & set(page.relative_to(ROOT).parts)
)
PAGES = [ROOT / "README.md", *sorted(ROOT.glob("packages/*/README.md")), *DOCS]
COMMAND = "python3 -m pip install"


def runs():
    """Return each page with code, once for each event loop it can run on."""
    for page in PAGES:
        blocks = blocks_of(page)
        loops = ["asyncio", "trio"] if any(b.is_async for b in blocks) else ["asyncio"]
        for loop in loops if blocks else []:
            yield pytest.param(page, loop, id=f"{page.relative_to(ROOT)}-{loop}")


@pytest.fixture
def environment(gateway, monkeypatch):
    """Let the environment name the local gateway."""
    monkeypatch.setenv("SOCIARO_BASE_URL", gateway.url)
    monkeypatch.setenv("SOCIARO_API_KEY", gateway.key)


@pytest.mark.parametrize(("page", "loop"), list(runs()))
@pytest.mark.usefixtures("environment")
def test_page_does_what_it_shows(page, loop, gateway):
    """All blocks run in order without a warning, and leave no connection open."""
    names = {"__name__": "page"}
    for block in blocks_of(page):
        block.check(block.run(names, gateway, loop))
    names.clear()
    gc.collect()
    assert gateway.wait_for_connections(0)


@pytest.mark.parametrize("page", DOCS, ids=lambda page: page.name)
def test_user_page_opens_with_code(page):
    """A guide shows how it is done before it explains."""
    explains = {"architecture.md", "changelog.md", "providers.md", "reference.md"}
    first = re.search(r"^```(\w+)", page.read_text("utf-8"), re.MULTILINE)
    assert page.name in explains or (first is not None and first[1] == "python")


def commands():
    """Return the lines of the README that somebody may paste into a shell."""
    lines = (ROOT / "README.md").read_text("utf-8").splitlines()
    return [line for line in lines if line.startswith(COMMAND)]


def test_readme_has_two_commands():
    """One shows that it works, one proves it."""
    demo, everything = commands()
    assert f"{COMMAND} nox && python3 -m nox -s demo" == demo
    assert everything.startswith(f"{COMMAND} nox && python3 -m nox -s tests ")


@pytest.mark.skipif(not shutil.which("bash"), reason="the script is one of bash")
def test_ci_runs_the_second_command(tmp_path):
    """A python3 that only notes how it is called is called by .ci/run."""
    calls, python = tmp_path / "calls", tmp_path / "bin/python3"
    for file in (".ci/run", "README.md"):
        (tmp_path / file).parent.mkdir(exist_ok=True)
        shutil.copy(ROOT / file, tmp_path / file)
    python.parent.mkdir()
    python.write_text(f'#!/bin/sh\necho "python3 $*" >>"{calls}"\n')
    python.chmod(0o755)
    environment = {"PATH": f"{python.parent}{os.pathsep}{os.environ['PATH']}"}
    environment["HOME"] = str(tmp_path)
    subprocess.run(
        ["bash", tmp_path / ".ci/run"], env=environment, check=True, capture_output=True
    )
    venv, *rest = calls.read_text().splitlines()
    assert venv.startswith("python3 -m venv ")
    assert commands()[1].split(" && ") == rest
