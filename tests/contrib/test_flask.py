"""Flask with the integration: a scope is made where Flask knows the route, and lasts as the response does."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import flask
import pytest

from payi_transport import MemorySink, get_context
from payi_transport.contrib.flask import init_app
from tests.contrib.calls import call, strangers_baggage, users


def user_of(request: flask.Request) -> dict[str, str]:
    return {"user_id": (request.view_args or {})["user"], "account_name": flask.g.account}


def make_app() -> flask.Flask:
    app = flask.Flask(__name__)

    @app.before_request
    def authenticate() -> tuple[str, int] | None:
        flask.g.account = "acme"
        return ("no", 401) if "refuse" in flask.request.args else None

    init_app(app, user_of)

    @app.get("/ask/<user>/<name>")
    def ask(user: str, name: str) -> str:
        call(name)
        return ""

    @app.get("/stream/<user>/<name>")
    def stream(user: str, name: str) -> flask.Response:
        def lines() -> Iterator[str]:
            for number in range(3):
                call(f"{name}-{number}")
                yield "line\n"

        return flask.Response(lines())

    @app.get("/file/<user>")
    def send(user: str) -> flask.Response:
        return flask.send_file(__file__)

    return app


def test_requests_on_many_threads_each_have_their_own_user(instrumented: MemorySink) -> None:
    app = make_app()

    def visit(number: int) -> None:
        kind = "stream" if number % 2 else "ask"
        response = app.test_client().get(f"/{kind}/user-{number % 7}/{number}")
        assert response.status_code == 200
        assert response.data is not None
        assert "user_id" not in get_context()

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(visit, range(200)))
    expected: dict[str | None, str | None] = {}
    for number in range(200):
        names = [f"{number}-{part}" for part in range(3)] if number % 2 else [str(number)]
        expected.update(dict.fromkeys(names, f"user-{number % 7}"))
    assert users(instrumented) == expected
    assert {event.account_name for event in instrumented.events} == {"acme"}


def test_a_request_that_is_refused_before_has_no_scope(instrumented: MemorySink) -> None:
    assert make_app().test_client().get("/ask/a/b?refuse=1").status_code == 401
    assert "user_id" not in get_context()


def test_a_file_is_sent_as_it_is() -> None:
    response = make_app().test_client().get("/file/a")
    assert response.data.startswith(b'"""Flask with')
    response.close()


@strangers_baggage
def test_the_baggage_of_a_stranger_counts_only_if_trusted(
    options: dict[str, Any], user: str | None, instrumented: MemorySink
) -> None:
    app = flask.Flask(__name__)
    init_app(app, **options)

    @app.get("/")
    def ask() -> str:
        call("x")
        return ""

    assert app.test_client().get("/", headers={"baggage": "payi.user_id=mallory"}).status_code == 200
    assert users(instrumented) == {"x": user}


def test_a_wrong_scope_is_refused_when_the_app_is_made() -> None:
    with pytest.raises(TypeError, match="scope: expected a dict or a function of the request, got 'alice'"):
        init_app(flask.Flask(__name__), "alice")  # type: ignore[arg-type]
