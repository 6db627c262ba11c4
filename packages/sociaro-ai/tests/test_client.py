import contextlib
import pickle
import subprocess
import sys

import anyio
import attrs
import httpx
import pytest
from faces import Face

import sociaro
from sociaro import (
    APITimeoutError,
    AsyncSociaro,
    ConfigurationError,
    Sociaro,
    SociaroWarning,
)
from sociaro._calls import chat_plan
from sociaro._flows import chat_flow
from sociaro._routes import Route
from sociaro_core.client import DEFAULT_TIMEOUT
from sociaro_core.wire import BEARER, Timeout
from sociaro_providers.provider import Provider

KEY = "gw_live_canary0123456789"
ASK = {"model": "openai/gpt-4o", "messages": [{"role": "user", "content": "Hello"}]}


def key_from_function():
    """Return a key; importable, so that clients with it pickle."""
    return KEY


def failing_key():
    """Fail, as a vault would."""
    raise LookupError("no vault")


@pytest.mark.parametrize("cls", [Sociaro, AsyncSociaro])
def test_client_without_a_key_names_the_variable(cls):
    """The error says where a key may come from."""
    with pytest.raises(ConfigurationError, match="SOCIARO_API_KEY") as caught:
        cls()
    assert isinstance(caught.value, ValueError)


@pytest.mark.parametrize("cls", [Sociaro, AsyncSociaro])
@pytest.mark.parametrize(
    ("options", "says"),
    [
        ({"api_key": ""}, "api_key is empty"),
        ({"api_key": "gw live"}, "characters"),
        ({"api_key": 7}, "instead of str"),
        ({"base_url": "ftp://x"}, "base_url"),
        ({"base_url": 7}, "base_url"),
        ({"models": {"a/b": []}}, "alias"),
        ({"default_attribution": {"ä": "x"}}, "default_attribution"),
        ({"default_headers": {"X-A": "ä"}}, "default_headers"),
        ({"default_headers": {"Host": "x"}}, "set by the SDK"),
        ({"default_headers": ["X-A"]}, "mapping"),
        ({"fallback_on_rate_limit": "no"}, "True or False"),
        ({"timeout": 0}, "timeout"),
        ({"timeout": "7"}, "timeout"),
        ({"timeout": float("nan")}, "timeout"),
        ({"timeout": True}, "timeout"),
        ({"deadline": 0}, "deadline"),
        ({"deadline": "7"}, "deadline"),
        ({"deadline": True}, "deadline"),
        ({"deadline": float("nan")}, "deadline"),
        ({"max_retries": -1}, "max_retries"),
        ({"max_retries": 1.5}, "max_retries"),
        ({"max_retries": None}, "max_retries"),
        ({"retry_budget": -1}, "retry_budget"),
        ({"retry_budget": "x"}, "retry_budget"),
        ({"retry_budget": True}, "retry_budget"),
        ({"http_client": object()}, "http_client"),
    ],
)
def test_client_with_a_wrong_argument_says_which(cls, options, says):
    """Wrong use is found when the client is made."""
    with pytest.raises(ConfigurationError, match=says):
        cls(**{"api_key": KEY, **options})


def test_client_with_the_other_faces_http_client_says_which_is_needed():
    """An AsyncClient does not fit the sync client, nor the other way round."""
    with httpx.Client() as client, pytest.raises(ConfigurationError, match="AsyncCl"):
        AsyncSociaro(KEY, http_client=client)
    with pytest.raises(ConfigurationError, match="needed: httpx.Client"):
        Sociaro(KEY, http_client=httpx.AsyncClient())


def test_client_with_an_httpx2_client_says_which_package_is_meant():
    """The successor package looks alike but is another one."""
    other = type("Client", (), {"__module__": "httpx2._client"})()
    with pytest.raises(ConfigurationError, match="not httpx2"):
        Sociaro(KEY, http_client=other)


def test_client_settings_come_from_the_environment_and_arguments_win(monkeypatch):
    """Environment, then arguments; a slash at the end of the URL is ignored."""
    monkeypatch.setenv("SOCIARO_API_KEY", KEY)
    monkeypatch.setenv("SOCIARO_BASE_URL", "https://gw.example/prefix/")
    assert "https://gw.example/prefix" == Sociaro().base_url
    assert "https://b.example" == Sociaro(base_url="https://b.example/").base_url
    monkeypatch.delenv("SOCIARO_BASE_URL")
    assert "https://api.sociaro.com" == Sociaro().base_url


def test_client_over_plain_http_to_a_far_host_warns_once():
    """The key would be readable on the way; loopback is nobody else's business."""
    with pytest.warns(SociaroWarning, match="plain http") as caught:
        Sociaro(KEY, base_url="http://far.example.test")
        Sociaro(KEY, base_url="http://far.example.test:8080/")
    assert 1 == len(caught)
    assert __file__ == caught[0].filename


@pytest.mark.parametrize("cls", [Sociaro, AsyncSociaro])
def test_client_shows_no_part_of_the_key(cls):
    """Neither repr nor any attribute tells it."""
    client = cls(api_key=KEY)
    seen = repr(client) + repr(vars(client)) + repr(vars(client._engine))
    seen += repr(client._settings) + str(client._settings.key)
    assert "canary" not in seen
    with pytest.raises(AttributeError):
        _ = client.api_key


def test_with_options_changes_a_copy_and_merges_tags_and_headers(gateway):
    """Headers and tags merge key by key, other options are replaced."""
    client = Sociaro(
        gateway.key,
        base_url=gateway.url,
        default_headers={"X-A": "1", "X-B": "1"},
        default_attribution={"team": "a"},
        models={"smart": ["openai/a"]},
    )
    with client.with_options(
        default_headers={"x-b": "2"}, default_attribution={"app": "b"}, timeout=7
    ) as copy:
        copy.chat.completions.create(**ASK)
        assert Timeout.of(7) == copy._settings.timeout
    assert DEFAULT_TIMEOUT is client._settings.timeout
    client.chat.completions.create(**{**ASK, "model": "smart"})
    first, second = gateway.requests
    assert ("1", "2") == (first.headers["x-a"], first.headers["x-b"])
    assert {"team": "a", "app": "b"} == first.attribution
    assert "1" == second.headers["x-b"]
    assert 1 == gateway.connections_opened
    client.close()
    with pytest.raises(ConfigurationError, match="closed"):
        copy.chat.completions.create(**ASK)


def test_with_options_of_an_unknown_option_is_refused():
    """A misspelt option is not dropped in silence."""
    with pytest.raises(ConfigurationError, match="no option 'retries'"):
        Sociaro(KEY).with_options(retries=7)


def test_with_options_shares_the_retry_budget_unless_it_is_changed():
    """Copies of a client are one load on the gateway."""
    client = Sociaro(KEY)
    assert client._settings.budget is client.with_options(timeout=1)._settings.budget
    assert client.with_options(retry_budget=None)._settings.budget.size is None


def test_close_may_be_repeated_and_ends_the_client(face):
    """A call after it says that the client is closed."""

    async def body():
        client = face.client()
        await client.close()
        await client.close()
        with pytest.raises(ConfigurationError, match="closed"):
            await client.chat.completions.create(**ASK)

    face.run(body)


def test_client_when_pickled_takes_the_key_from_where_it_came(
    face, gateway, monkeypatch
):
    """A key of the environment, or of a function, is looked up again on loading."""
    monkeypatch.setenv("SOCIARO_API_KEY", gateway.key)
    options = {
        "base_url": gateway.url,
        "models": {"smart": ["openai/a", "anthropic/b"]},
        "timeout": 7,
        "retry_budget": None,
    }
    made = face.client_class(**options)
    pickled = pickle.dumps(made)
    assert gateway.key.encode() not in pickled
    loaded = pickle.loads(pickled)
    assert made._settings.models == loaded._settings.models
    assert made._settings.timeout == loaded._settings.timeout
    assert loaded._settings.budget.size is None
    other = pickle.loads(pickle.dumps(face.client_class(key_from_function)))
    assert KEY == other._settings.key.get().reveal()
    assert other._settings.timeout_is_default

    async def body():
        async with face.adapted(loaded) as client:
            return await client.chat.completions.create(**ASK)

    assert "You said: Hello" == face.run(body).choices[0].message.content


@pytest.mark.parametrize("cls", [Sociaro, AsyncSociaro])
def test_client_with_a_literal_key_does_not_pickle(cls):
    """The error says so, and does not quote the key."""
    with pytest.raises(ConfigurationError, match="does not pickle") as caught:
        pickle.dumps(cls(KEY))
    assert KEY not in str(caught.value)


def test_client_with_a_lambda_or_an_http_client_does_not_pickle():
    """Neither can be looked up again."""
    with pytest.raises(ConfigurationError, match="pickle"):
        pickle.dumps(Sociaro(lambda: KEY))
    with httpx.Client() as own, pytest.raises(ConfigurationError, match="http_client"):
        pickle.dumps(Sociaro(key_from_function, http_client=own))


def test_callable_key_is_called_before_each_attempt(face, gateway):
    """A rotating key is asked for anew, on retries too; outer spaces are removed."""
    keys = iter([f" {gateway.key}1 ", f"{gateway.key}2\n"])
    gateway.fail(503, headers={"retry-after-ms": "1"})
    face.chat(model="openai/gpt-4o", client_options={"api_key": lambda: next(keys)})
    sent = [request.headers["authorization"] for request in gateway.requests]
    assert [f"Bearer {gateway.key}1", f"Bearer {gateway.key}2"] == sent


def test_callable_key_that_fails_or_gives_nonsense_is_not_retried(face, gateway):
    """The function's own exception comes through; nonsense is a configuration error."""
    with pytest.raises(LookupError, match="no vault"):
        face.chat(model="openai/gpt-4o", client_options={"api_key": failing_key})
    with pytest.raises(ConfigurationError, match="function"):
        face.chat(model="openai/gpt-4o", client_options={"api_key": lambda: None})
    assert [] == gateway.requests


def test_callable_key_that_is_async_works_on_the_async_client_only(face, gateway):
    """The sync client says that it needs the async one."""

    async def key():
        return gateway.key

    if face.name == "sync":
        with pytest.raises(ConfigurationError, match="async"):
            face.chat(model="openai/gpt-4o", client_options={"api_key": key})
    else:
        assert face.chat(model="openai/gpt-4o", client_options={"api_key": key})


def test_http_client_of_the_caller_sends_everything_and_stays_open(gateway):
    """Its hooks see each request; closing ours does not close theirs."""
    seen = []
    with httpx.Client(
        event_hooks={"request": [seen.append]}, headers={"X-Trace": "t1"}
    ) as own:
        with Sociaro(gateway.key, base_url=gateway.url, http_client=own) as client:
            client.chat.completions.create(**ASK)
            chunks = list(client.chat.completions.create(**ASK, stream=True))
        assert not own.is_closed
    assert 2 == len(seen)
    assert chunks[-1].choices[0].finish_reason == "stop"
    assert "t1" == gateway.requests[0].headers["x-trace"]


def test_import_loads_neither_httpx_nor_models_and_prints_nothing():
    """Importing the package costs nothing until a name is used."""
    code = (
        "import sys, socket; socket.socket = None; import sociaro; "
        "heavy = {'httpx', 'httpcore', 'attrs', 'cattrs', 'anyio', 'asyncio'}; "
        "assert not heavy & set(sys.modules), heavy & set(sys.modules)"
    )
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", code], capture_output=True, check=True
    )
    assert (b"", b"") == (done.stdout, done.stderr)


def test_errors_importable_from_the_package_are_cores():
    """One tree, wherever it is imported from."""
    from sociaro_core import errors

    assert errors.RateLimitError is sociaro.RateLimitError


def test_with_options_copy_when_left_closes_nothing(face, gateway):
    """The original goes on, on the same connection."""

    async def body():
        client = face.client()
        copy = client.with_options(timeout=7, max_retries=type("NotGiven", (), {})())
        await copy.chat.completions.create(**ASK)
        await copy.close()
        answer = await client.chat.completions.create(**ASK)
        assert client.base_url == copy.base_url == gateway.url
        await client.close()
        return answer

    assert face.run(body)
    assert 1 == gateway.connections_opened


def test_async_stream_can_be_closed_by_aclosing(gateway):
    """`contextlib.aclosing` knows the name `aclose`."""
    face = Face("asyncio", api_key=gateway.key, base_url=gateway.url)
    gateway.hang_stream(after=1)

    async def body():
        async with face.client() as client:
            stream = await client.chat.completions.create(**ASK, stream=True)
            async with contextlib.aclosing(stream):
                await stream.__anext__()

    face.run(body)
    assert gateway.wait_for_connections(0)


def test_provider_without_chat_is_a_configuration_error():
    """A provider that only makes videos, say, cannot chat."""
    silent = Route(Provider("silent", BEARER), "m")
    client = Sociaro(KEY)
    plan = chat_plan(
        client._settings, "openai/x", ASK["messages"], stream=False, params={}
    )
    with pytest.raises(ConfigurationError, match="silent has no chat"):
        next(chat_flow(attrs.evolve(plan, routes=(silent,))))


@pytest.mark.parametrize("cls", [Sociaro, AsyncSociaro])
@pytest.mark.parametrize(
    "make",
    [
        lambda cls: cls(f"{KEY} with spaces"),
        lambda cls: cls(KEY, timeout=-1),
        lambda cls: cls(KEY, http_client=object()),
        lambda cls: cls("other").with_options(api_key=KEY, timeout=-1),
        lambda cls: cls("other").with_options(api_key=f"{KEY} with spaces"),
    ],
)
def test_client_that_is_refused_leaves_the_key_in_no_frame(cls, make):
    """A traceback with local variables is shown by many tools."""
    with pytest.raises(ConfigurationError) as caught:
        make(cls)
    traceback = caught.value.__traceback__
    while traceback is not None:
        if traceback.tb_frame.f_code.co_filename != __file__:
            assert "canary" not in repr(traceback.tb_frame.f_locals)
        traceback = traceback.tb_next


def test_client_with_a_foreign_sentinel_as_key_keeps_its_own():
    """`NOT_GIVEN` means left out, here too."""
    client = Sociaro(KEY).with_options(api_key=type("NotGiven", (), {})())
    assert KEY == client._settings.key.get().reveal()


@pytest.mark.parametrize("cls", [Sociaro, AsyncSociaro])
def test_client_with_foreign_sentinels_takes_its_defaults(cls, monkeypatch):
    """`NOT_GIVEN` and `omit` mean left out, wherever they stand."""
    monkeypatch.setenv("SOCIARO_API_KEY", KEY)
    omit = type("Omit", (), {})()
    client = cls(
        omit,
        base_url=omit,
        models=omit,
        timeout=omit,
        http_client=omit,
        default_headers={"X-A": omit, "X-B": "b"},
        default_attribution={"a": omit},
    )
    assert KEY == client._settings.key.get().reveal()
    assert "https://api.sociaro.com" == client.base_url
    assert (("X-B", "b"),) == client._settings.headers.pairs
    assert () == client._settings.attribution.pairs
    own = client._settings.for_call(
        {"attribution": {"a": omit}, "extra_headers": {"X-C": omit}}
    )
    assert (("X-B", "b"),) == own.headers.pairs


@pytest.mark.parametrize("kind", ["asyncio", "trio"])
def test_callable_key_that_hangs_ends_with_the_deadline(kind, gateway):
    """The deadline is over everything, the caller's own function too."""
    face = Face(kind, api_key=gateway.key, base_url=gateway.url)

    async def key():
        await anyio.sleep(30)

    with pytest.raises(APITimeoutError, match="api_key function") as caught:
        face.chat(model="openai/m", client_options={"api_key": key, "deadline": 0.1})
    assert "deadline" == caught.value.phase
    assert [] == gateway.requests

    async def quick():
        return gateway.key

    options = {"api_key": quick, "deadline": 30}
    assert face.chat(model="openai/m", client_options=options)
