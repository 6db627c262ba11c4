"""The packages share one version and pin each other to it."""

import importlib.util
import re
import shutil
from importlib.metadata import requires, version
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
PACKAGES = ["sociaro-ai", "sociaro-core", "sociaro-local", "sociaro-providers"]


def load_bump():
    """Return the module that moves the version; it is a script, not installed."""
    spec = importlib.util.spec_from_file_location("bump", ROOT / "tools" / "bump.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


bump = load_bump()


@pytest.fixture
def copy(tmp_path):
    """Return a folder with copies of the project files."""
    for path in bump.project_files():
        target = tmp_path / path.relative_to(ROOT)
        target.parent.mkdir(parents=True)
        shutil.copy(path, target)
    return tmp_path


def test_project_files_are_those_of_the_four_packages():
    """Every package is found, and nothing else."""
    assert PACKAGES == [path.parent.name for path in bump.project_files()]


def test_versions_and_pins_agree():
    """One version is written down, in every place."""
    assert re.fullmatch(r"\d+\.\d+\.\d+\S*", bump.current_version())


@pytest.mark.parametrize("package", PACKAGES)
def test_installed_version_is_the_written_one(package):
    """What is installed is what is worked on."""
    assert bump.current_version() == version(package)


@pytest.mark.parametrize("package", PACKAGES)
def test_every_sibling_is_pinned_exactly(package):
    """A sibling of another version is never installed beside this one."""
    siblings = [line for line in requires(package) or [] if line.startswith("sociaro")]
    loose = [
        line
        for line in siblings
        if not re.fullmatch(
            rf"sociaro-[a-z]+=={re.escape(version(package))}(;.*)?",
            line.replace(" ", ""),
        )
    ]
    assert [] == loose


def test_bump_moves_versions_and_pins(copy):
    """Every project file changes, and they agree afterwards."""
    changed = bump.bump("12.3.4rc1", copy)
    assert bump.project_files(copy) == changed
    assert "12.3.4rc1" == bump.current_version(copy)


def test_bump_moves_nothing_else(copy):
    """The minimum of a foreign package that equals our version stays."""
    old = bump.current_version(copy)
    path = bump.project_files(copy)[0]
    text = path.read_text(encoding="utf-8")
    path.write_text(text + f'\n[tool.other]\nneeds = ["other=={old}"]\n', "utf-8")
    bump.bump("12.3.4", copy)
    expected = text.replace(f'"{old}"', '"12.3.4"').replace(f"=={old}", "==12.3.4")
    expected += f'\n[tool.other]\nneeds = ["other=={old}"]\n'
    assert expected == path.read_text(encoding="utf-8")


def test_bump_to_the_same_version_changes_nothing(copy):
    """Running it twice is harmless."""
    assert [] == bump.bump(bump.current_version(copy), copy)


@pytest.mark.parametrize("wrong", ["", "1", "1.2", "v1.2.3", "1.2.3-rc1", "1.2.3\n"])
def test_bump_refuses_what_is_no_version(copy, wrong):
    """A slip of the hand is found before anything is written."""
    before = bump.current_version(copy)
    with pytest.raises(ValueError, match="no version"):
        bump.bump(wrong, copy)
    assert before == bump.current_version(copy)


def test_bump_writes_nothing_when_a_file_has_no_version(copy):
    """All files are read before the first is written."""
    before = bump.current_version(copy)
    last = bump.project_files(copy)[-1]
    last.write_text("[project]\n", encoding="utf-8")
    with pytest.raises(ValueError, match="0 lines with a version"):
        bump.bump("12.3.4", copy)
    assert before == bump.current_version(copy)


def test_current_version_tells_when_a_pin_lags_behind(copy):
    """A pin that was moved by hand is found."""
    path = bump.project_files(copy)[0]
    text = path.read_text(encoding="utf-8")
    path.write_text(re.sub('sociaro-core==[^"]*', "sociaro-core==0.0.1", text), "utf-8")
    with pytest.raises(ValueError, match=r"0\.0\.1"):
        bump.current_version(copy)
