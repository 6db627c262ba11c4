"""Tests of the package as a whole: its names, its imports, its README."""

from __future__ import annotations

import importlib.metadata
import pathlib
import re
import subprocess
import sys

import pytest

import sociaro_providers

README = pathlib.Path(__file__).parents[1] / "README.md"


def test_public_names_are_there_and_sorted():
    """Every name of __all__ can be imported."""
    assert sorted(sociaro_providers.__all__) == sociaro_providers.__all__
    assert all(hasattr(sociaro_providers, name) for name in sociaro_providers.__all__)


def test_version_is_looked_up_when_asked_for(monkeypatch):
    """It is that of the distribution."""
    monkeypatch.setattr(importlib.metadata, "version", lambda name: f"1 of {name}")
    assert "1 of sociaro-providers" == sociaro_providers.__version__


def test_unknown_name():
    """It is no part of the module."""
    with pytest.raises(AttributeError, match="nothing"):
        sociaro_providers.nothing  # noqa: B018


def test_import_brings_no_converter_and_no_transport():
    """What is needed later is imported later, what is never needed not at all."""
    code = """
import sys
before = set(sys.modules)
import sociaro_providers
new = {name.split(".")[0] for name in set(sys.modules) - before}
assert not new & {"cattrs", "httpx", "asyncio"}, new
"""
    subprocess.run([sys.executable, "-c", code], check=True)


@pytest.mark.skipif(not README.exists(), reason="tests run without their sources")
def test_readme_runs():
    """Every block of it does what it says."""
    blocks = re.findall(r"```python\n(.*?)```", README.read_text(), re.DOTALL)
    assert 3 == len(blocks)
    for block in blocks:
        done = subprocess.run(
            [sys.executable, "-c", block], check=True, capture_output=True, text=True
        )
        for line in re.findall(r"print\(.*\)  # (.*)", block):
            assert line in done.stdout
