"""How one function that builds a request becomes a method on every surface."""

from __future__ import annotations

import inspect
from typing import Any

import pytest

from payi_transport.client.endpoints import RAW, STREAMING, Resource, endpoint, list_endpoint
from payi_transport.client.request import RequestOptions, RequestSpec
from payi_transport.compat import Unpack
from payi_transport.pagination import CursorPage


class Surface:
    """Returns a description of what it would send."""

    def __init__(self, name: str = "plain") -> None:
        self.name = name

    def send(self, spec: RequestSpec[Any]) -> str:
        return f"{self.name} one {spec.path}"

    def send_list(self, spec: RequestSpec[Any]) -> str:
        return f"{self.name} list {spec.path}"

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
def test_a_method_sends_its_request_on_the_surface_of_its_resource(resource: Any, name: str) -> None:
    assert type(resource).__name__ == "Things"
    assert resource.retrieve("a", size=2) == f"{name} one /a/2"
    assert resource.list() == f"{name} list /"


def test_a_method_has_the_signature_and_the_docstring_of_its_function() -> None:
    assert things.retrieve.__doc__ == "One thing."
    assert things.retrieve.__name__ == "retrieve"
    assert list(inspect.signature(things.retrieve).parameters) == ["name", "size", "options"]
    assert list(inspect.signature(things.list).parameters) == []


def test_an_unknown_parameter_raises_an_error_that_names_it() -> None:
    assert things.retrieve("a", timeout=3, extra_headers={}, extra_query={}, extra_body={})
    with pytest.raises(TypeError, match=r"Things.retrieve\(\) got an unexpected keyword argument 'siez'"):
        things.retrieve("a", siez=2)


def test_access_through_the_class_returns_the_descriptor() -> None:
    assert Things.retrieve.__doc__ == "One thing."
    assert isinstance(Things.retrieve, endpoint)
    assert isinstance(Things.list, list_endpoint)
    assert Things.with_raw_response is RAW
