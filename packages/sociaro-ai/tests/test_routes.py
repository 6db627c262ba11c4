import pickle

import pytest

from sociaro._routes import checked_aliases, resolve, route_of
from sociaro_core.errors import ConfigurationError


def test_route_of_a_name_keeps_all_behind_the_first_slash():
    """Only the provider is taken off; the model may have slashes of its own."""
    route = route_of("mulerouter/alibaba/wan2.6-t2v")
    assert ("mulerouter", "alibaba/wan2.6-t2v") == (route.provider.name, route.model)
    assert "mulerouter/alibaba/wan2.6-t2v" == route.name


@pytest.mark.parametrize(
    ("name", "says"),
    [
        ("gpt-4o", "neither an alias"),
        ("", "neither an alias"),
        ("openai/", "empty part"),
        ("/gpt-4o", "unknown provider"),
        ("mulerouter/alibaba//x", "empty part"),
        ("google/gemini", "unknown provider"),
        ("OpenAI/gpt-4o", "unknown provider"),
        (7, "named by a str"),
        (None, "named by a str"),
    ],
)
def test_route_of_a_wrong_name_says_what_is_wrong(name, says):
    """Nothing is sent for a name that cannot be one."""
    with pytest.raises(ConfigurationError, match=says):
        route_of(name)


@pytest.mark.parametrize(
    ("models", "says"),
    [
        ({"a/b": ["openai/x"]}, "contains /"),
        ({"": ["openai/x"]}, "empty"),
        ({7: ["openai/x"]}, "empty"),
        ({"smart": []}, "empty list"),
        ({"smart": "openai/x"}, "is a list"),
        ({"smart": {"openai/x": 1}}, "is a list"),
        ({"smart": 7}, "is a list"),
        ({"smart": {"openai/a", "openai/b"}}, "is a list"),
        ({"smart": ["openai/x", "fast"], "fast": ["openai/y"]}, "neither an alias"),
        (["openai/x"], "mapping of alias"),
    ],
)
def test_checked_aliases_of_a_wrong_mapping_says_what_is_wrong(models, says):
    """Aliases are checked when the client is made, not at the first call."""
    with pytest.raises(ConfigurationError, match=says):
        checked_aliases(models)


def test_resolve_of_an_alias_comes_before_anything_else():
    """An alias, a name and an unnamed chain give routes in order."""
    models = checked_aliases({"smart": ("openai/a", "anthropic/b")})
    assert ["openai/a", "anthropic/b"] == [r.name for r in resolve(models, "smart")]
    assert ["byteplus/ep-1"] == [r.name for r in resolve(models, "byteplus/ep-1")]
    assert ["openai/c", "openai/d"] == [
        r.name for r in resolve(models, ["openai/c", "openai/d"])
    ]
    assert {} == checked_aliases(None)


@pytest.mark.parametrize("model", [[], ["smart"], None, 7, b"openai/x"])
def test_resolve_of_something_else_is_refused(model):
    """An alias inside a list, an empty list or no name at all is wrong use."""
    with pytest.raises(ConfigurationError):
        resolve(checked_aliases({"smart": ["openai/a"]}), model)


def test_route_when_pickled_is_looked_up_again():
    """A route pickles by its name."""
    route = route_of("openai/gpt-4o")
    assert route == pickle.loads(pickle.dumps(route))
