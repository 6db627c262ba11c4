"""What was published about chat works word by word, on sync, asyncio and trio."""

import ast
import gc
import sys
from pathlib import Path

import pytest

import sociaro
from sociaro import AllProvidersFailed, APIConnectionError, SociaroError

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT / "tests-integration"))

from blocks import Block  # noqa: E402 - beside this file

QUICK_START = """\
from sociaro import Sociaro

client = Sociaro(api_key="gw_live_...")  # or set SOCIARO_API_KEY env var

response = client.chat.completions.create(
    model="openai/gpt-4o",  # always "provider/model"
    messages=[{"role": "user", "content": "What is the speed of light?"}],
)
print(response.choices[0].message.content)
"""
STREAMING = """\
for chunk in client.chat.completions.create(
    model="openai/gpt-4o",
    messages=[{"role": "user", "content": "Count to 5."}],
    stream=True,
):
    print(chunk.choices[0].delta.content or "", end="", flush=True)
"""
FALLBACK = """\
client = Sociaro(
    api_key="gw_live_...",
    models={"smart": ["openai/gpt-4o", "anthropic/claude-3-5-sonnet"]},
)
response = client.chat.completions.create(model="smart", messages=[...])
"""
ATTRIBUTION = """\
client = Sociaro(api_key="gw_live_...", default_attribution={"team": "product"})

client.chat.completions.create(
    model="openai/gpt-4o",
    messages=[...],
    attribution={"feature": "chat"},  # → X-Attr-Feature header
)
"""
ASYNC = """\
from sociaro import AsyncSociaro

async with AsyncSociaro(api_key="gw_live_...") as client:
    response = await client.chat.completions.create(
        model="openai/gpt-4o",
        messages=[{"role": "user", "content": "Hello"}],
    )
"""
PUBLISHED = {
    "quick start": QUICK_START,
    "streaming": STREAMING,
    "fallback": FALLBACK,
    "attribution": ATTRIBUTION,
    "async": ASYNC,
}
ALIAS = {"smart": ["openai/gpt-4o", "anthropic/claude-3-5-sonnet"]}


class Mirror(ast.NodeTransformer):
    """Makes sync code async: what sends is awaited, streams are iterated with async."""

    def visit_ImportFrom(self, node):
        return ast.parse("from sociaro import AsyncSociaro").body[0]

    def visit_Name(self, node):
        return ast.Name("AsyncSociaro", node.ctx) if node.id == "Sociaro" else node

    def visit_Call(self, node):
        self.generic_visit(node)
        sends = isinstance(node.func, ast.Attribute) and node.func.attr == "create"
        return ast.Await(node) if sends else node

    def visit_For(self, node):
        self.generic_visit(node)
        return ast.AsyncFor(node.target, node.iter, node.body, node.orelse)


def mirrored(source):
    """Return published sync code for `AsyncSociaro`, its client closed at the end."""
    tree = ast.fix_missing_locations(Mirror().visit(ast.parse(source)))
    return f"{ast.unparse(tree)}\nawait client.close()\n"


@pytest.fixture(params=["sync", "asyncio", "trio"])
def play(request, gateway, monkeypatch):
    """Return a function that plays code on each face; gives what it printed."""
    monkeypatch.setenv("SOCIARO_BASE_URL", gateway.url)
    names = {"Sociaro": sociaro.Sociaro, "AsyncSociaro": sociaro.AsyncSociaro}

    def played(*sources):
        source = "\n".join(sources)
        source = source if request.param == "sync" else mirrored(source)
        loop = "asyncio" if request.param == "sync" else request.param
        block = Block(Path(f"published-{request.param}"), 1, source)
        assert block.is_async == (request.param != "sync")
        return block.run(names, gateway, loop)

    played.names = names
    yield played
    names.clear()
    gc.collect()
    assert gateway.wait_for_connections(0)


@pytest.mark.parametrize("name", PUBLISHED)
@pytest.mark.parametrize("page", ["README.md", "packages/sociaro-ai/README.md"])
def test_readmes_show_what_was_published(page, name):
    """The code is copied into the pages that ship, letter by letter."""
    assert f"```python\n{PUBLISHED[name]}```" in (ROOT / page).read_text("utf-8")


def test_quick_start_prints_an_answer(play, gateway):
    """A newcomer's first lines."""
    assert play(QUICK_START) == "You said: What is the speed of light?\n"
    (request,) = gateway.requests
    assert request.path == "/openai/v1/chat/completions"
    assert request.json() == {
        "model": "gpt-4o",
        "messages": [{"role": "user", "content": "What is the speed of light?"}],
    }
    assert request.headers["authorization"] == "Bearer gw_live_..."


def test_key_may_come_from_the_environment(play, gateway, monkeypatch):
    """The comment of the quick start: or set SOCIARO_API_KEY env var."""
    monkeypatch.setenv("SOCIARO_API_KEY", "gw_live_environment")
    play(QUICK_START.replace('api_key="gw_live_..."', ""))
    assert gateway.requests[0].headers["authorization"] == "Bearer gw_live_environment"


@pytest.mark.parametrize(
    "provider", ["openai", "anthropic", "alibaba", "byteplus", "mulerouter"]
)
def test_every_named_provider_answers(play, provider, gateway):
    """`model` is always "provider/model"; five providers are promised."""
    printed = play(QUICK_START.replace("openai/", f"{provider}/"))
    assert printed == "You said: What is the speed of light?\n"
    assert gateway.requests[0].provider == provider


def test_streaming_prints_piece_by_piece(play, gateway):
    """The loop of the page, behind the quick start that makes its client."""
    assert play(QUICK_START, STREAMING).endswith("\n1, 2, 3, 4, 5")
    assert gateway.requests[1].json()["stream"] is True


def test_alias_asks_the_first_of_its_chain(play, gateway):
    """While the first provider answers, nobody else is asked."""
    play(FALLBACK)
    assert [request.provider for request in gateway.requests] == ["openai"]


@pytest.mark.parametrize("status", [429, 500, 502, 503, 504, 529])
def test_chain_advances_on_retryable_errors(face, gateway, status):
    """5xx and 429 are answered by the next provider."""
    gateway.fail(status, provider="openai")
    answer = ask(face, max_retries=0)
    assert answer.choices[0].message.content == "You said: Hello"
    assert [request.provider for request in gateway.requests] == ["openai", "anthropic"]
    assert (answer.meta.provider, answer.meta.model) == (
        "anthropic",
        "claude-3-5-sonnet",
    )


@pytest.mark.parametrize("mishap", ["delay", "cut_stream"])
def test_chain_advances_on_timeouts_and_connection_errors(face, gateway, mishap):
    """A provider that is silent, and one that hangs up."""
    getattr(gateway, mishap)(3, provider="openai")
    answer = ask(face, max_retries=0, timeout=1)
    assert answer.meta.provider == "anthropic"
    assert isinstance(answer.meta.attempts[0].error, APIConnectionError)


@pytest.mark.parametrize("status", [400, 401, 403, 404, 422])
def test_terminal_errors_raise_immediately(face, gateway, status):
    """One request, no other provider."""
    gateway.fail(status, provider="openai")
    with pytest.raises(SociaroError) as caught:
        ask(face)
    assert caught.value.status_code == status
    assert [request.provider for request in gateway.requests] == ["openai"]


def test_all_providers_failed_has_every_error(face, gateway):
    """One error for each provider, in order."""
    gateway.fail(502, provider="openai")
    gateway.fail(503, provider="anthropic")
    with pytest.raises(AllProvidersFailed) as caught:
        ask(face, max_retries=0)
    assert [error.status_code for error in caught.value.errors] == [502, 503]


@pytest.mark.parametrize("fault", ["cut_stream", "error_event"])
def test_stream_falls_back_before_the_first_chunk(face, gateway, fault):
    """What opens a stream is no chunk: the reader sees one answer, whole."""
    getattr(gateway, fault)(after=0, provider="openai")
    assert stream_text(face) == "You said: Hello"
    assert [request.provider for request in gateway.requests] == ["openai", "anthropic"]


@pytest.mark.parametrize("fault", ["cut_stream", "error_event"])
def test_stream_stays_where_it_is_after_the_first_chunk(face, gateway, fault):
    """Text that was delivered cannot be taken back: the error is raised."""
    getattr(gateway, fault)(after=1, provider="openai")
    with pytest.raises(SociaroError):
        stream_text(face)
    assert [request.provider for request in gateway.requests] == ["openai"]


def test_attribution_is_sent_as_headers(play, gateway):
    """→ X-Attr-Feature header, and the client's default beside it."""
    play(ATTRIBUTION)
    (request,) = gateway.requests
    assert request.headers["x-attr-feature"] == "chat"
    assert request.headers["x-attr-team"] == "product"
    assert request.attribution == {"feature": "chat", "team": "product"}


@pytest.mark.parametrize("loop", ["asyncio", "trio"])
def test_async_client_answers(gateway, monkeypatch, loop):
    """The block as published, on both event loops."""
    monkeypatch.setenv("SOCIARO_BASE_URL", gateway.url)
    names = {}
    Block(Path("published-async"), 1, ASYNC).run(names, gateway, loop)
    assert names["response"].choices[0].message.content == "You said: Hello"
    assert gateway.wait_for_connections(0)


@pytest.mark.parametrize(
    ("name", "parent", "statuses"),
    [
        ("APIError", "SociaroError", ()),
        ("AuthError", "APIError", (401, 403)),
        ("RateLimitError", "APIError", (429,)),
        ("BadRequestError", "APIError", (400, 404, 422)),
        ("ProviderUnavailableError", "APIError", (502, 503, 504)),
        ("AsyncJobFailed", "SociaroError", ()),
        ("AsyncJobTimeout", "SociaroError", ()),
        ("AllProvidersFailed", "SociaroError", ()),
    ],
)
def test_errors_are_the_published_tree(face, gateway, name, parent, statuses):
    """Each class is where the page draws it, and stands for its statuses."""
    cls = getattr(sociaro, name)
    assert cls.__bases__ == (getattr(sociaro, parent),)
    for status in statuses:
        gateway.fail(status)
        with pytest.raises(SociaroError) as caught:
            face.chat(model="openai/gpt-4o", max_retries=0)
        assert (cls, status) == (type(caught.value), caught.value.status_code)


def ask(face, **options):
    """Ask the alias of the page."""
    return face.chat(client_options={"models": ALIAS}, model="smart", **options)


def stream_text(face):
    """Ask the alias of the page for a stream and return its text."""
    options = {"models": ALIAS, "max_retries": 0}
    chunks = face.stream(client_options=options, model="smart")
    return "".join(chunk.choices[0].delta.content or "" for chunk in chunks)
