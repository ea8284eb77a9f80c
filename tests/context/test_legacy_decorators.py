"""The older decorators: `track` under other names, which tell where they are taken in the wrong mode."""

from __future__ import annotations

import asyncio
import warnings
from collections.abc import Callable, Iterator
from typing import Any

import httpx
import pytest

from payi_transport import (
    MemorySink,
    get_context,
    ingest,
    payi_instrument,
    payi_uninstrument,
    proxy,
    track,
)

DECORATORS: dict[str, tuple[Callable[..., Any], dict[str, Any]]] = {
    "ingest": (ingest, {}),
    "proxy": (proxy, {"proxy": True}),
}
both = pytest.mark.parametrize(("decorator", "more"), DECORATORS.values(), ids=DECORATORS.keys())


@pytest.fixture(autouse=True)
def instrumented(sink: MemorySink) -> None:
    payi_instrument(sink=sink, config={"use_case_name": "", "limit_ids": ["all"]})


@both
def test_they_set_what_track_sets(decorator: Any, more: dict[str, Any]) -> None:
    scope: Any = {
        "limit_ids": ["l"],
        "request_tags": ["t"],
        "use_case_name": "n",
        "use_case_id": "i",
        "user_id": "u",
        "request_properties": {"a": "b"},
    }
    assert decorator(**scope)(get_context)() == track(**scope, **more)(get_context)()
    assert get_context() == {"limit_ids": ["all"]}


@both
def test_functions_coroutines_and_generators_can_be_decorated(decorator: Any, more: dict[str, Any]) -> None:
    decorate = decorator(user_id="u")

    async def coroutine() -> Any:
        return get_context()["user_id"]

    def generator() -> Iterator[Any]:
        yield get_context()["user_id"]

    async def async_generator() -> Any:
        yield get_context()["user_id"]

    async def main() -> None:
        assert await decorate(coroutine)() == "u"
        assert [value async for value in decorate(async_generator)()] == ["u"]

    asyncio.run(main())
    assert list(decorate(generator)()) == ["u"]


@both
def test_experience_names_are_deprecated_aliases_of_use_case_names(
    decorator: Any, more: dict[str, Any]
) -> None:
    with pytest.warns(DeprecationWarning) as caught:
        decorate = decorator(experience_name="n", experience_id="i")
    assert [str(warning.message) for warning in caught] == [
        "experience_name is deprecated, use use_case_name",
        "experience_id is deprecated, use use_case_id",
    ]
    assert {warning.filename for warning in caught} == {__file__}
    context = decorate(get_context)()
    assert (context["use_case_name"], context["use_case_id"]) == ("n", "i")


@both
def test_the_newer_names_win(decorator: Any, more: dict[str, Any]) -> None:
    with pytest.warns(DeprecationWarning):
        decorate = decorator(experience_name="n", experience_id="i", use_case_name="m", use_case_id="j")
    context = decorate(get_context)()
    assert (context["use_case_name"], context["use_case_id"]) == ("m", "j")


@both
@pytest.mark.parametrize(
    ("scope", "message"),
    [
        (
            {"experience": "n"},
            "unexpected keyword argument 'experience'; accepted: .*experience_name.*user_id",
        ),
        ({"limit_ids": "abc"}, "limit_ids: expected a list of strings, got 'abc'"),
    ],
    ids=["a name that is not known", "limits that are no list"],
)
def test_a_mistake_is_an_error_at_once(decorator: Any, more: Any, scope: Any, message: str) -> None:
    with pytest.raises(TypeError, match=message):
        decorator(**scope)


@both
@pytest.mark.parametrize("name", ["name", "id"])
def test_a_deprecated_name_accepts_what_the_newer_one_accepts(decorator: Any, more: Any, name: str) -> None:
    with (
        pytest.warns(DeprecationWarning),
        pytest.raises(TypeError, match=f"use_case_{name}: expected a string"),
    ):
        decorator(**{f"experience_{name}": ["a"]})


def logged(caplog: pytest.LogCaptureFixture) -> list[str]:
    return [record.getMessage() for record in caplog.records if record.name == "payi.instrument"]


def call(url: str) -> None:
    reply = httpx.Response(200, json={})
    with httpx.Client(transport=httpx.MockTransport(lambda request: reply)) as client:
        client.post(url, json={"model": "gpt-4.1"})


PROVIDER = "https://api.openai.com/v1/chat/completions"
PAYI = "https://api.pay-i.com/api/v1/proxy/openai/v1/chat/completions"
TO_PROXY = "Decorate the function with @proxy or @track, or point the client at the provider"
TO_INGEST = "Decorate the function with @ingest or @track, or send all calls through the proxy"

# The decorator, whether the program is in proxy mode, where the client points, and what the warning says.
MIXED: dict[str, tuple[Any, bool, str, str | None]] = {
    "ingest": (ingest, False, PROVIDER, None),
    "ingest in proxy mode": (ingest, True, PROVIDER, TO_PROXY),
    "ingest with a client of the proxy": (ingest, False, PAYI, TO_PROXY),
    "proxy": (proxy, True, PROVIDER, None),
    "proxy with a client of the proxy": (proxy, True, PAYI, None),
    "proxy with a client of the proxy alone": (proxy, False, PAYI, None),
    "proxy in ingest mode": (proxy, False, PROVIDER, TO_INGEST),
    "track": (track, False, PAYI, None),
    "track in proxy mode": (track, True, PROVIDER, None),
}


@pytest.mark.parametrize(("decorator", "mode", "url", "told"), MIXED.values(), ids=MIXED.keys())
def test_a_decorator_for_the_other_mode_is_warned_about_once_with_what_to_change(
    decorator: Any,
    mode: bool,
    url: str,
    told: str | None,
    sink: MemorySink,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    payi_uninstrument()
    monkeypatch.setenv("PAYI_API_KEY", "payi-key")
    payi_instrument(sink=sink, config={"proxy": mode})
    function = decorator(user_id="u")(call)
    function(url)
    function(url)
    messages = logged(caplog)
    assert len(messages) == (told is not None)
    assert told is None or told in messages[0]


@both
def test_without_instrumentation_they_do_nothing(
    decorator: Any, more: dict[str, Any], caplog: pytest.LogCaptureFixture
) -> None:
    payi_uninstrument()
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert decorator(user_id="u")(get_context)() == {}
    assert logged(caplog) == []


def test_the_name_of_the_decorator_decides_on_the_proxy() -> None:
    assert proxy(proxy=False, user_id="u")(get_context)()["proxy"] is True
    assert ingest(proxy=True, user_id="u")(get_context)()["proxy"] is True
    assert "proxy" not in ingest(user_id="u")(get_context)()


@both
def test_a_deprecated_name_keeps_what_the_newer_one_sets(decorator: Any, more: dict[str, Any]) -> None:
    with pytest.warns(DeprecationWarning):
        context = decorator(experience_name="n", use_case_name="", user_id="u")(get_context)()
    assert "use_case_name" not in context
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert (
            decorator(experience_name=None, experience_id=None, user_id="u")(get_context)()["user_id"] == "u"
        )
