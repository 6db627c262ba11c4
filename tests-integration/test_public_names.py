"""What can be imported from each package, told by its `__all__`."""

import importlib
import subprocess
import sys
from types import ModuleType

import pytest

PACKAGES = ["sociaro", "sociaro_core", "sociaro_local", "sociaro_providers"]


@pytest.fixture(params=PACKAGES)
def package(request):
    """Return each package in turn."""
    return importlib.import_module(request.param)


def test_names_are_sorted_and_said_once(package):
    """A name is found where one looks for it, and once."""
    assert sorted(set(package.__all__)) == list(package.__all__)


def test_every_name_is_there(package):
    """Nothing is promised that is missing, also where names are loaded late."""
    assert [] == [name for name in package.__all__ if not hasattr(package, name)]


def test_names_are_public(package):
    """Private names are not given away."""
    private = [name for name in package.__all__ if name.startswith("_")]
    assert private in ([], ["__version__"])


def test_every_public_attribute_is_listed(package):
    """A name that is imported here is meant for users, or hidden."""
    attributes = {
        name
        for name, value in vars(package).items()
        if not name.startswith("_")
        and not isinstance(value, ModuleType)
        and name not in ("annotations", "TYPE_CHECKING")
    }
    assert set() == attributes - set(package.__all__)


def test_every_listed_name_is_in_dir(package):
    """Completion in a shell shows what there is."""
    assert set() == set(package.__all__) - set(dir(package)) - {"__version__"}


@pytest.mark.parametrize("name", PACKAGES)
def test_star_import_works_in_a_fresh_interpreter(name):
    """No name needs another import first, and nothing warns."""
    code = f"from {name} import *"
    command = [sys.executable, "-I", "-W", "error", "-c", code]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert (0, "", "") == (done.returncode, done.stdout, done.stderr)
