"""A context field is one row: one that is added from outside the package works everywhere."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from payi_transport import MemorySink, get_context, payi_flush, payi_instrument, track_context
from payi_transport.config.schema import Settings, add_context_keys
from payi_transport.config.validation import check_config
from payi_transport.context.field_types import TEXT, TEXTS
from payi_transport.context.fields import ROWS, Field
from payi_transport.context.frame import Fields, enter_scope, event_fields, event_properties
from payi_transport.context.headers import write_headers, write_proxied_headers
from payi_transport.context.scope import set_base_frame
from payi_transport.errors import PayiConfigError
from payi_transport.pipeline.assembly import make_base_frame
from tests.support.calls import call

TOY = Fields({**ROWS, "tenant": Field(TEXT, "xProxy-Tenant", property="system.tenant", config=True)})
TOY_SETTINGS = add_context_keys(Settings, TOY)


class toy_context(track_context):
    fields = TOY


def test_a_toy_context_field_added_as_one_row_from_outside_the_package_travels_into_the_event(
    sink: MemorySink,
) -> None:
    payi_instrument(sink=sink)
    settings = check_config({"tenant": "of the config"}, TOY_SETTINGS)
    set_base_frame(make_base_frame(settings, "toy", TOY))
    scope: Any = {"tenant": "of the scope", "user_id": "u"}
    call()
    with toy_context(**scope):
        call()
        call(headers=write_headers({"tenant": "of the header"}, TOY))
        context: Any = get_context()
    assert payi_flush()
    tenants = [(event.properties or {}).get("system.tenant") for event in sink.events]
    assert tenants == ["of the config", "of the scope", "of the header"]
    assert [event.user_id for event in sink.events] == [None, "u", "u"]
    assert context["tenant"] == "of the scope"


def test_a_toy_field_is_checked_and_goes_through_the_proxy_too() -> None:
    wrong: Any = {"tenant": ["a"]}
    with pytest.raises(TypeError, match="tenant: expected a string, got"):
        toy_context(**wrong)
    with pytest.raises(TypeError, match="unexpected keyword argument 'tenant'"):
        track_context(**wrong)
    with pytest.raises(PayiConfigError, match=r"config\.tenant: expected a string, got 3"):
        check_config({"tenant": 3}, TOY_SETTINGS)
    unset = make_base_frame(check_config({}, TOY_SETTINGS), "toy", TOY)
    assert event_properties(unset) == {}
    assert "xProxy-Tenant" not in write_proxied_headers(unset)
    frame = make_base_frame(check_config({"tenant": "t"}, TOY_SETTINGS), "toy", TOY)
    assert write_proxied_headers(frame)["xProxy-Tenant"] == "t"


def test_a_toy_field_may_be_one_of_the_events_own_and_end_with_its_use_case() -> None:
    row = Field(TEXTS, event="resource", in_use_case=True)
    frame = Fields({**ROWS, "stages": row}).frame_type()
    assert (event_fields(frame).get("resource"), event_properties(frame)) == (None, {})
    first: Any = {"use_case_name": "a", "stages": ["one"]}
    second: Any = {"stages": ["two"]}
    inside = enter_scope(enter_scope(frame, first), second)
    assert event_fields(inside)["resource"] == ("one", "two")
    assert "resource" not in event_fields(enter_scope(inside, {"use_case_name": "b"}))


def test_a_frame_with_a_toy_field_is_one_like_any_other() -> None:
    frame: Any = TOY.frame_type(tenant="t")  # type: ignore[call-arg]  # type checkers don't know the field
    assert msgspec.to_builtins(frame) == {"tenant": "t"}
    assert msgspec.to_builtins(TOY.frame_type()) == {}
    with pytest.raises(AttributeError):
        frame.tenant = "u"
    with pytest.raises(TypeError):
        TOY.frame_type("t")  # type: ignore[arg-type, call-arg]  # by position
    assert (type(frame).__name__, frame.fields) == ("Frame", TOY)
