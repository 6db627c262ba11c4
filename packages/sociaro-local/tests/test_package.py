import importlib.metadata
import re
import subprocess
import sys
from pathlib import Path

import pytest

import sociaro_local

README = Path(__file__).resolve().parent.parent / "README.md"


def blocks(language):
    """Return the code of the README's blocks in a language."""
    return re.findall(rf"```{language}\n(.*?)```", README.read_text("utf-8"), re.DOTALL)


def test_names_are_sorted_when_they_are_listed():
    """What is public is what is promised."""
    assert sorted(sociaro_local.__all__) == sociaro_local.__all__
    assert {"LocalGateway", "RecordedRequest"} < set(sociaro_local.__all__)


def test_version_is_that_of_the_distribution_when_it_is_installed():
    """It is looked up only when somebody asks."""
    try:
        expected = importlib.metadata.version("sociaro-local")
    except importlib.metadata.PackageNotFoundError:
        pytest.skip("not installed")
    assert expected == sociaro_local.__version__


def test_attribute_is_unknown_when_there_is_none():
    """The error reads like Python's own."""
    with pytest.raises(AttributeError, match="has no attribute 'nothing'"):
        sociaro_local.nothing  # noqa: B018


def test_import_is_silent_in_a_fresh_interpreter():
    """No warning, no output, none of the SDK's packages."""
    code = (
        "import sys, sociaro_local; "
        "sys.exit(any(m in sys.modules for m in ('sociaro', 'sociaro_core')))"
    )
    command = [sys.executable, "-W", "error", "-c", code]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert (0, "", "") == (done.returncode, done.stdout, done.stderr)


@pytest.mark.parametrize("code", blocks("python"))
def test_readme_code_runs_as_it_is_printed(code):
    """Every block stands alone; those for the SDK need it to be installed."""
    if "from sociaro import" in code:
        pytest.importorskip("sociaro")
    space = {"__name__": "readme"}
    exec(compile(code, str(README), "exec"), space)
    tests = [value for name, value in space.items() if name.startswith("test_")]
    assert [] == tests
