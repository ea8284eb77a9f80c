"""The table of context fields: what else names a field agrees with the field's row."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, get_args, get_type_hints

import pytest

from payi_transport import (
    Event,
    PayiContext,
    PayiHeaderNames,
    PayiInstrumentConfig,
    create_headers,
    get_context,
    track,
    track_context,
)
from payi_transport.config.validation import check_config
from payi_transport.context.field_types import PROPERTIES, SWITCH, TEXT, TEXTS, VERSION
from payi_transport.context.fields import ROWS, ConfigFields, HeaderFields, Scope
from payi_transport.context.frame import FIELDS, Frame
from payi_transport.errors import PayiConfigError

# The types that type checkers see for each type of field: in a scope, in a frame, in get_context().
STATIC = {
    TEXT.expected: (str, str | None, str),
    TEXTS.expected: (list[str], tuple[str, ...], list[str]),
    PROPERTIES.expected: (Mapping[str, object], Mapping[str, str], dict[str, str]),
    VERSION.expected: (int, int | None, int),
    SWITCH.expected: (bool, bool | None, bool),
}


@pytest.mark.parametrize("name", ROWS)
def test_type_checkers_see_the_type_of_a_field(name: str) -> None:
    in_scope, in_frame, in_context = STATIC[ROWS[name].type.expected]
    accepted = get_args(get_type_hints(Scope)[name])
    assert in_scope in accepted
    assert type(None) in accepted
    assert get_type_hints(Frame)[name] == in_frame
    assert get_type_hints(PayiContext)[name] == in_context


def test_every_type_that_names_fields_names_those_of_the_table() -> None:
    assert set(Frame.__struct_fields__) == {*ROWS, "hash_user_ids"}
    assert set(PayiContext.__annotations__) == {*ROWS, "last_result"}
    assert set(ConfigFields.__annotations__) == {name for name, row in ROWS.items() if row.config}
    assert set(HeaderFields.__annotations__) == set(FIELDS.headers)


def test_a_frame_starts_with_the_defaults_of_its_field_types() -> None:
    assert {name: getattr(Frame(), name) for name in ROWS} == {n: row.type.default for n, row in ROWS.items()}


def test_every_context_header_of_the_api_sets_one_field() -> None:
    known = {value for name, value in vars(PayiHeaderNames).items() if not name.startswith("_")}
    others = {PayiHeaderNames.api_key, PayiHeaderNames.provider_base_uri}
    assert sorted(FIELDS.headers.values()) == sorted(known - others)


def test_every_field_that_an_event_reports_is_one_of_the_events_own() -> None:
    reported: list[Any] = [row.event for row in ROWS.values() if row.event is not None]
    assert set(reported) <= set(Event.__struct_fields__)
    assert len(set(reported)) == len(reported)


def test_the_fields_of_a_use_case_are_those_that_are_named_for_it() -> None:
    assert set(FIELDS.no_use_case) == {name for name in ROWS if name.startswith("use_case_")}


def test_type_checkers_see_each_keyword_and_refuse_what_the_checks_refuse() -> None:
    track(limit_ids=("a",), request_properties={"a": 1}, use_case_version=2, proxy=True)
    create_headers(limit_ids={"a"}, user_id="u", log_prompt_and_response=False)
    config: PayiInstrumentConfig = {"limit_ids": ["a"], "use_case_version": 2}
    check_config(config)
    name: str | None = get_context().get("use_case_name")
    assert name is None
    with pytest.raises(TypeError):
        track(limit_ids="a")  # type: ignore[call-overload]
    with pytest.raises(TypeError):
        track_context(userid="u")  # type: ignore[call-arg]
    with pytest.raises(TypeError):
        create_headers(proxy=True)  # type: ignore[call-arg]
    wrong: PayiInstrumentConfig = {"user_id": 7}  # type: ignore[typeddict-item]
    with pytest.raises(PayiConfigError):
        check_config(wrong)
