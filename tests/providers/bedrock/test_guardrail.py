"""Guardrails: the units of every assessment, their names, and interventions."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given

from payi_transport.providers.bedrock.guardrail import Guardrail, read_checks, read_guardrail
from payi_transport.providers.shared.raw_response import RawResponse
from payi_transport.values.event import Failure, ParsedResponse
from tests.providers.shapes import DEEP, Shown, make_messages, objects_of, show

UNITS = {
    "topicPolicyUnits": "guardrail_topic",
    "contentPolicyUnits": "guardrail_content",
    "contentPolicyImageUnits": "guardrail_content_image",
    "wordPolicyUnits": "guardrail_word_free",
    "sensitiveInformationPolicyUnits": "guardrail_sensitive_information",
    "sensitiveInformationPolicyFreeUnits": "guardrail_sensitive_information_free",
    "contextualGroundingPolicyUnits": "guardrail_contextual_grounding",
    "automatedReasoningPolicyUnits": "guardrail_automated_reasoning",
}
ID, VERSION, ACTION = (f"system.aws.bedrock.guardrail.{name}" for name in ("id", "version", "action"))
URI = "https://bedrock-runtime.us-east-1.amazonaws.com/guardrail/{}/version/{}/apply"


def assess(**usage: Any) -> dict[str, Any]:
    return {"invocationMetrics": {"usage": usage}}


def gather(trace: Any, action: Any = None, *asked: Any) -> Guardrail:
    guardrail = Guardrail(*asked)
    guardrail.gather(trace, action)
    return guardrail


@pytest.mark.parametrize(("field", "unit"), UNITS.items())
def test_each_policy_has_its_unit(field: str, unit: str) -> None:
    trace = {"guardrail": {"inputAssessment": {"g": assess(**{field: 3})}}}
    assert show(gather(trace).units) == {unit: (3, None)}


TRACES: dict[str, tuple[Any, Shown]] = {
    "Converse": (
        {
            "guardrail": {
                "inputAssessment": {"g": assess(topicPolicyUnits=1)},
                "outputAssessments": {"g": [assess(topicPolicyUnits=2), assess(wordPolicyUnits=4)]},
            }
        },
        {"guardrail_topic": (3, None), "guardrail_word_free": (4, None)},
    ),
    "InvokeModel": (
        {
            "guardrail": {
                "input": {"g": assess(topicPolicyUnits=1)},
                "outputs": [{"g": assess(topicPolicyUnits=2)}, {"g": assess(wordPolicyUnits=4)}],
            }
        },
        {"guardrail_topic": (3, None), "guardrail_word_free": (4, None)},
    ),
    "several guardrails": (
        {"guardrail": {"input": {"g": assess(topicPolicyUnits=1), "h": assess(topicPolicyUnits=2)}}},
        {"guardrail_topic": (3, None)},
    ),
    "the name in the documentation": (
        {"guardrails": {"input": {"g": assess(topicPolicyUnits=1)}}},
        {"guardrail_topic": (1, None)},
    ),
    "nothing used": ({"guardrail": {"input": {"g": assess(topicPolicyUnits=0)}}}, {}),
    "nulls": (
        {
            "guardrail": {
                "inputAssessment": None,
                "input": {"g": {"invocationMetrics": None}},
                "outputs": [None],
            }
        },
        {},
    ),
    "an assessment without metrics": ({"guardrail": {"input": {"g": {"topicPolicy": {"topics": []}}}}}, {}),
    "no trace": (None, {}),
    "a trace of another type": ([1], {}),
    "a guardrail of another type": ({"guardrail": [1]}, {}),
    "deeper than any trace": ({"guardrail": {"input": [[[[[assess(topicPolicyUnits=1)]]]]]}}, {}),
}


@pytest.mark.parametrize(("trace", "units"), TRACES.values(), ids=TRACES)
def test_the_units_of_a_trace(trace: Any, units: Shown) -> None:
    assert show(gather(trace).units) == units


def test_a_later_event_that_repeats_a_trace_counts_once() -> None:
    guardrail = gather({"guardrail": {"input": {"g": assess(topicPolicyUnits=1)}}}, "NONE")
    guardrail.gather(
        {
            "guardrail": {
                "input": {"g": assess(topicPolicyUnits=1)},
                "outputs": [{"g": assess(wordPolicyUnits=2)}],
            }
        },
        "INTERVENED",
    )
    guardrail.gather(None, "NONE")
    assert show(guardrail.units) == {"guardrail_topic": (1, None), "guardrail_word_free": (2, None)}
    assert guardrail.failure == Failure(code="INTERVENED", message="Bedrock Guardrails intervened")


@pytest.mark.parametrize("action", ["guardrail_intervened", "INTERVENED", "GUARDRAIL_INTERVENED"])
def test_an_intervention_is_a_failure_and_a_property(action: str) -> None:
    guardrail = gather(None, action, "gr1", "2")
    assert guardrail.properties == {ID: "gr1", VERSION: "2", ACTION: action}
    assert guardrail.failure == Failure(code=action, message="Bedrock Guardrails intervened")


@pytest.mark.parametrize("action", ["NONE", "end_turn", "", None, 7, ["INTERVENED"], {}])
def test_any_other_word_is_none(action: Any) -> None:
    assert gather(None, action, "gr1", "2").properties == {ID: "gr1", VERSION: "2"}
    assert gather(None, action).failure is None


@pytest.mark.parametrize(
    ("asked", "details", "properties"),
    [
        (("gr1", "2"), {"guardrailId": "enforced", "guardrailVersion": "9"}, {ID: "gr1", VERSION: "2"}),
        ((), {"guardrailId": "enforced", "guardrailVersion": "9"}, {ID: "enforced", VERSION: "9"}),
        ((None, ""), {"guardrailId": 7, "guardrailVersion": None}, {}),
        ((["gr1"], 2), {}, {}),
    ],
)
def test_a_guardrail_is_named_as_it_was_requested(
    asked: tuple[Any, ...], details: dict[str, Any], properties: dict[str, str]
) -> None:
    trace = {"guardrail": {"input": {"g": {**assess(), "appliedGuardrailDetails": details}}}}
    assert gather(trace, None, *asked).properties == properties


def apply(body: Any, uri: str = URI.format("gr1", "2"), read_to_end: bool = True) -> ParsedResponse:
    return read_guardrail(RawResponse(make_messages(body), read_to_end, uri=uri))


def test_a_guardrail_by_itself_has_its_sums_and_the_names_in_the_path() -> None:
    parsed = apply(
        {
            "action": "GUARDRAIL_INTERVENED",
            "usage": {"topicPolicyUnits": 2},
            "assessments": [assess(topicPolicyUnits=1), assess(topicPolicyUnits=1)],
        },
        URI.format("arn%3Aaws%3Abedrock%3Aeu%3A1%3Aguardrail%2Fgr1", "DRAFT"),
    )
    assert show(parsed.units) == {"guardrail_topic": (2, None)}
    assert parsed.properties == {
        ID: "arn:aws:bedrock:eu:1:guardrail/gr1",
        VERSION: "DRAFT",
        ACTION: "GUARDRAIL_INTERVENED",
    }
    assert parsed.failure is not None
    assert parsed.finished


def test_without_sums_the_assessments_of_a_guardrail_are_added() -> None:
    body = {"action": "NONE", "assessments": [assess(topicPolicyUnits=1), assess(topicPolicyUnits=2)]}
    assert show(apply(body).units) == {"guardrail_topic": (3, None)}


def test_a_response_that_broke_off_is_not_finished() -> None:
    assert not apply(b'{"action":', read_to_end=False).finished
    assert not read_checks(RawResponse([], read_to_end=False)).finished


def test_a_path_that_names_no_guardrail_leaves_its_names_out() -> None:
    assert apply({"action": "NONE"}, "https://h.test/apply").properties == {}


def test_checks_have_their_text_units() -> None:
    usage = {
        "contentFilter": {"textUnits": 2},
        "promptAttack": {"textUnits": 1},
        "sensitiveInformation": None,
    }
    parsed = read_checks(RawResponse(make_messages({"usage": usage})))
    assert show(parsed.units) == {"guardrail_content": (3, None)}
    assert parsed.finished


@pytest.mark.parametrize("reader", [read_guardrail, read_checks])
@pytest.mark.parametrize("body", [b"", b"{", b"[]", b"null", {"usage": 7}, {"usage": [1]}, *DEEP])
def test_bodies_without_counts_have_no_units(reader: Any, body: Any) -> None:
    assert reader(RawResponse(make_messages(body))).units == {}


NAMES = (
    "usage", "action", "assessments", "invocationMetrics", "topicPolicyUnits", "guardrail", "input",
    "outputs", "contentFilter", "textUnits", "appliedGuardrailDetails", "guardrailId", "INTERVENED",
)  # fmt: skip


@given(objects_of(NAMES), objects_of(NAMES))
def test_bodies_of_any_shape_raise_nothing(body: dict[str, Any], asked: dict[str, Any]) -> None:
    apply(body)
    read_checks(RawResponse(make_messages(body)))
    guardrail = gather(body, body.get("action"), asked, body.get("usage"))
    assert guardrail.units is not None and guardrail.properties is not None


@pytest.mark.parametrize(
    ("usage", "has_usage"), [({"topicPolicyUnits": 0}, True), ({}, False), (None, False), ([1], False)]
)
def test_a_guardrail_that_had_nothing_to_check_reports_zeros(usage: Any, has_usage: bool) -> None:
    parsed = apply({"usage": usage, "action": "NONE", "assessments": []})
    assert (parsed.units, parsed.has_usage, parsed.finished) == ({}, has_usage, True)
    checks = read_checks(RawResponse(make_messages({"usage": usage}), read_to_end=False))
    assert (checks.units, checks.has_usage, checks.finished) == ({}, has_usage, False)
