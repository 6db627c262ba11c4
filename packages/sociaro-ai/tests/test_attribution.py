import asyncio

import anyio.lowlevel
import pytest
from hypothesis import given
from hypothesis import strategies as st

import sociaro
from sociaro._attribution import attribution_headers, current_attribution
from sociaro_core.errors import ConfigurationError


@pytest.mark.parametrize(
    ("tag", "header"),
    [
        ("feature", "X-Attr-Feature"),
        ("team_name", "X-Attr-Team-Name"),
        ("a-b_c", "X-Attr-A-B-C"),
        ("iOS", "X-Attr-IOS"),
        ("7th", "X-Attr-7th"),
    ],
)
def test_attribution_headers_of_a_tag_name_the_header(tag, header):
    """Underscores become dashes, words get a capital."""
    assert {header: "x"} == dict(attribution_headers({tag: "x"}, "attribution").pairs)


@pytest.mark.parametrize(
    "tags",
    [
        {"": "x"},
        {"-a": "x"},
        {"a b": "x"},
        {"a:b": "x"},
        {"ä": "x"},
        {7: "x"},
        {"a": " x"},
        {"a": "x "},
        {"a": "x\r\nEvil: 1"},
        {"a": "ä"},
        {"a": 7},
        {"a": None},
        {"a": "x" * 2049},
        ["a"],
        "a=b",
    ],
)
def test_attribution_headers_of_a_wrong_tag_is_refused(tags):
    """What cannot stand in a header is found before anything is sent."""
    with pytest.raises(ConfigurationError, match="attribution"):
        attribution_headers(tags, "attribution")


def test_attribution_headers_of_a_wrong_value_name_the_tag_only():
    """The error names the tag and does not quote the value."""
    with pytest.raises(ConfigurationError, match="'team'") as caught:
        attribution_headers({"team": "geheim\n"}, "attribution")
    assert "geheim" not in str(caught.value)


@given(st.text(st.characters(min_codepoint=33, max_codepoint=126), max_size=2048))
def test_attribution_headers_of_any_printable_value_keep_it(value):
    """A value goes out as it came."""
    assert value == attribution_headers({"a": value}, "attribution")["x-attr-a"]


def test_attribution_scopes_when_nested_merge_and_end():
    """An inner scope goes on top of an outer one, and both end."""
    with sociaro.attribution(team="a", feature="x"):
        with sociaro.attribution({"team-name": "b"}, team="c"):
            assert {
                "x-attr-team": "c",
                "x-attr-feature": "x",
                "x-attr-team-name": "b",
            } == dict(current_attribution())
        assert "a" == current_attribution()["x-attr-team"]
    assert {} == dict(current_attribution())


def test_attribution_scope_when_tasks_start_inside_follows_them():
    """Tasks see the scope they were started in, and not each other's."""

    async def seen(name):
        with sociaro.attribution(feature=name):
            await asyncio.sleep(0)
            return dict(current_attribution())

    async def main():
        with sociaro.attribution(team="a"):
            tasks = [asyncio.create_task(seen(name)) for name in "xy"]
        return await asyncio.gather(*tasks)

    expected = [{"x-attr-team": "a", "x-attr-feature": name} for name in "xy"]
    assert expected == asyncio.run(main())


def test_attribution_scope_with_a_wrong_tag_fails_where_it_is_made():
    """The error comes from the line that has the tag."""
    with pytest.raises(ConfigurationError):
        sociaro.attribution(team="ä")


def test_attribution_on_a_call_merges_client_scope_and_call(face, gateway):
    """Later sources win key by key; a canonical header goes by extra_headers."""

    async def body():
        async with face.client(
            default_attribution={"team": "client", "app": "client", "x": "client"}
        ) as client:
            with sociaro.attribution(team="scope", app="scope"):
                await client.chat.completions.create(
                    model="openai/gpt-4o",
                    messages=[{"role": "user", "content": "Hello"}],
                    attribution={"Team": "call", "y": "call"},
                    extra_headers={"X-Project": "apollo", "x-attr-y": "header"},
                )

    face.run(body)
    headers = gateway.requests[0].headers
    assert "header" == headers["x-attr-y"]
    assert ("call", "scope", "client", "apollo") == (
        headers["x-attr-team"],
        headers["x-attr-app"],
        headers["x-attr-x"],
        headers["x-project"],
    )


@pytest.mark.parametrize("kind", ["asyncio", "trio"])
def test_attribution_object_may_be_shared_by_tasks(kind):
    """One object at module level, entered by many at once."""
    tags = sociaro.attribution(team="a")
    seen = []

    async def one(pauses):
        with sociaro.attribution(app=str(pauses)):
            with tags:
                for _ in range(pauses):
                    await anyio.lowlevel.checkpoint()
                seen.append(dict(current_attribution()))
            assert {"x-attr-app": str(pauses)} == dict(current_attribution())
        assert {} == dict(current_attribution())

    async def main():
        async with anyio.create_task_group() as group:
            for pauses in (5, 1, 3):
                group.start_soon(one, pauses)

    anyio.run(main, backend=kind)
    assert ["1", "3", "5"] == [tags["x-attr-app"] for tags in seen]
    assert {"a"} == {tags["x-attr-team"] for tags in seen}
