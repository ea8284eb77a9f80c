"""Methods of resources: from one function, in each surface."""

from __future__ import annotations

import inspect
from typing import Any

import pytest

from payi_transport.client.endpoints import RAW, STREAMING, Resource, endpoint, list_endpoint
from payi_transport.client.request import RequestOptions, RequestSpec
from payi_transport.compat import Unpack
from payi_transport.pagination import CursorPage


class Surface:
    """Says what it was asked to do."""

    def __init__(self, name: str = "plain") -> None:
        self.name = name

    def call(self, call: RequestSpec[Any]) -> str:
        return f"{self.name} call {call.path}"

    def list(self, call: RequestSpec[Any]) -> str:
        return f"{self.name} list {call.path}"

    def raw(self) -> Surface:
        return Surface("raw")

    def streaming(self) -> Surface:
        return Surface("streaming")


class Things(Resource[Any]):
    """Things."""

    with_raw_response = RAW
    with_streaming_response = STREAMING

    @endpoint
    def retrieve(self, name: str, *, size: int = 1, **options: Unpack[RequestOptions]) -> RequestSpec[int]:
        """One thing."""
        return RequestSpec("GET", f"/{name}/{size}", int, options)

    @list_endpoint
    def list(self) -> RequestSpec[CursorPage[int]]:
        """All things."""
        return RequestSpec("GET", "/", CursorPage[int])


things: Any = Things(Surface())


@pytest.mark.parametrize(
    ("resource", "name"),
    [(things, "plain"), (things.with_raw_response, "raw"), (things.with_streaming_response, "streaming")],
)
def test_a_method_hands_its_call_to_the_world_that_the_resource_is_in(resource: Any, name: str) -> None:
    assert type(resource).__name__ == "Things"
    assert resource.retrieve("a", size=2) == f"{name} call /a/2"
    assert resource.list() == f"{name} list /"


def test_a_method_shows_its_parameters_and_what_it_does() -> None:
    assert things.retrieve.__doc__ == "One thing."
    assert things.retrieve.__name__ == "retrieve"
    assert list(inspect.signature(things.retrieve).parameters) == ["name", "size", "options"]
    assert list(inspect.signature(things.list).parameters) == []


def test_a_parameter_that_there_is_not_is_an_error_that_names_it() -> None:
    assert things.retrieve("a", timeout=3, extra_headers={}, extra_query={}, extra_body={})
    with pytest.raises(TypeError, match=r"Things.retrieve\(\) got an unexpected keyword argument 'siez'"):
        things.retrieve("a", siez=2)


def test_of_the_class_one_gets_what_is_there() -> None:
    assert Things.retrieve.__doc__ == "One thing."
    assert isinstance(Things.retrieve, endpoint)
    assert isinstance(Things.list, list_endpoint)
    assert Things.with_raw_response is RAW
