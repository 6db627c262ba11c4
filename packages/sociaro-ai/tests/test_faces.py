import inspect

import pytest

import sociaro
from sociaro import AsyncSociaro, Sociaro, _async, _sync

TWINS = [
    (_sync.Sociaro, _async.AsyncSociaro),
    (_sync.Chat, _async.AsyncChat),
    (_sync.Completions, _async.AsyncCompletions),
    (_sync.Stream, _async.AsyncStream),
]
TWIN_NAMES = {
    "__iter__": "__aiter__",
    "__next__": "__anext__",
    "__enter__": "__aenter__",
    "__exit__": "__aexit__",
}


def methods(cls):
    """Return name to signature text, the names of the sync face."""
    back = {asynced: name for name, asynced in TWIN_NAMES.items()}
    found = {}
    for name, value in vars(cls).items():
        if inspect.isfunction(value) and not name.startswith("_abc"):
            parameters = [
                (p.name, p.kind, p.default)
                for p in inspect.signature(value).parameters.values()
            ]
            found[back.get(name, name)] = parameters
        elif isinstance(value, property):
            found[name] = "property"
    return found


@pytest.mark.parametrize("pair", TWINS, ids=lambda pair: pair[0].__name__)
def test_faces_have_the_same_names_and_signatures(pair):
    """Whatever one face has, the other has, with the same arguments and defaults."""
    sync, asynced = map(methods, pair)
    asynced.pop("aclose", None)
    assert sync == asynced


@pytest.mark.parametrize("pair", TWINS, ids=lambda pair: pair[0].__name__)
def test_faces_document_every_public_method(pair):
    """Each public method says what it gives."""
    for cls in pair:
        for name, value in vars(cls).items():
            if not name.startswith("_") and callable(value):
                assert inspect.getdoc(value), name


def test_everything_that_sends_is_a_coroutine_on_the_async_face():
    """`create`, `close` and the reading of streams are awaited."""
    for cls, names in (
        (_async.AsyncCompletions, ["create"]),
        (_async.AsyncSociaro, ["close"]),
        (_async.AsyncStream, ["close", "aclose", "get_final_completion"]),
    ):
        for name in names:
            assert inspect.iscoroutinefunction(getattr(cls, name))


@pytest.mark.parametrize("cls", [Sociaro, AsyncSociaro])
@pytest.mark.parametrize(
    ("path", "says"),
    [
        ("responses", "chat.completions.create"),
        ("with_raw_response", ".meta"),
        ("images", "not in this version"),
        ("chat.create", "client.chat.completions.create"),
        ("chat.completions.stream", "stream=True"),
        ("chat.completions.parse", "response_format"),
        ("something_else", "no 'something_else'"),
    ],
)
def test_names_of_other_sdks_say_what_to_use(cls, path, says):
    """A well-known name that does not exist tells its replacement."""
    target = cls(api_key="k")
    *steps, last = path.split(".")
    for step in steps:
        target = getattr(target, step)
    with pytest.raises(AttributeError, match=says):
        getattr(target, last)


def test_package_gives_every_name_it_lists():
    """Each name of __all__ loads at its first use; others do not exist."""
    for name in sociaro.__all__:
        assert getattr(sociaro, name) is not None
    assert sociaro.__all__ == dir(sociaro)
    assert sociaro.__version__.count(".") >= 2
    with pytest.raises(AttributeError, match="no attribute 'nope'"):
        _ = sociaro.nope
