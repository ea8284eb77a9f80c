"""Guardrails: those of a call, reported in the trace of its response, and those that are calls of their own.

Source: https://docs.aws.amazon.com/bedrock/latest/APIReference/API_runtime_ApplyGuardrail.html and botocore
1.44's model of bedrock-runtime. Each policy of a guardrail has a price and a unit of its own. Converse,
InvokeModel and ApplyGuardrail nest the same assessments in different shapes, so assessments are searched
for and summed up.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from typing import Any
from urllib.parse import unquote

import msgspec

from payi_transport.providers.shared.counts import count, section
from payi_transport.providers.shared.json_values import decode, text
from payi_transport.providers.shared.raw_response import RawResponse
from payi_transport.values.event import Failure, ParsedResponse, Units
from payi_transport.values.names import PayiPropertyNames
from payi_transport.values.patterns import lazy_compile

__all__ = ["Guardrail", "read_checks", "read_guardrail"]

_UNITS = {
    "topicPolicyUnits": "guardrail_topic",
    "contentPolicyUnits": "guardrail_content",
    "contentPolicyImageUnits": "guardrail_content_image",
    "wordPolicyUnits": "guardrail_word_free",
    "sensitiveInformationPolicyUnits": "guardrail_sensitive_information",
    "sensitiveInformationPolicyFreeUnits": "guardrail_sensitive_information_free",
    "contextualGroundingPolicyUnits": "guardrail_contextual_grounding",
    "automatedReasoningPolicyUnits": "guardrail_automated_reasoning",
}
# Checks without a guardrail. Prompt attacks are priced as a category of harmful content.
_CHECKS = {
    "contentFilter": "guardrail_content",
    "promptAttack": "guardrail_content",
    "sensitiveInformation": "guardrail_sensitive_information",
}
# Where a trace has its assessments, in the names of Converse and of InvokeModel.
_SECTIONS = ("inputAssessment", "input", "outputAssessments", "outputs")
# How Converse, InvokeModel and ApplyGuardrail say that a guardrail intervened.
_INTERVENTIONS = ("guardrail_intervened", "INTERVENED", "GUARDRAIL_INTERVENED")
# Deep enough for maps of lists of assessments.
_DEEPEST = 3
_PATH = lazy_compile(r"/guardrail/(.+)/version/([^/]+)/apply$")


class _Response(msgspec.Struct):
    usage: Any = None
    action: Any = None
    assessments: Any = None


_response = msgspec.json.Decoder(_Response)


class Guardrail:
    """What a response says about its guardrail, in one body or in the events of a stream."""

    def __init__(self, identifier: Any = None, version: Any = None) -> None:
        self._requested = (identifier, version)
        self._assessments: dict[str, Any] = {}
        self._action: str | None = None

    def gather(self, trace: Any, action: Any) -> None:
        """Add a `trace`, and what may be the word for an intervention. Later traces repeat earlier ones."""
        traced = section(trace, "guardrail", "guardrails") if isinstance(trace, dict) else {}
        # Replace rather than add: a stream repeats a trace with more in it, and adding would count its
        # units twice.
        self._assessments.update((name, traced[name]) for name in _SECTIONS if traced.get(name))
        # The other values say that nothing was done, or are ordinary stop reasons of the model.
        if isinstance(action, str) and action in _INTERVENTIONS:
            self._action = action

    @property
    def units(self) -> dict[str, Units]:
        """Return the units of all assessments, of input and output."""
        usages = (section(section(found, "invocationMetrics"), "usage") for found in self._find())
        return _sum_units(_UNITS, usages)

    @property
    def failure(self) -> Failure | None:
        # The response has status 200, so nothing else marks the call as failed.
        return Failure(code=self._action, message="Bedrock Guardrails intervened") if self._action else None

    @property
    def properties(self) -> dict[str, str]:
        """Return id and version as requested, or else as in the trace, and an intervention."""
        details = next((section(found, "appliedGuardrailDetails") for found in self._find()), {})
        # The request wins, because it is there even if the guardrail left no trace.
        identifier, version = self._requested
        properties = {
            PayiPropertyNames.aws_bedrock_guardrail_id: text(identifier) or text(details.get("guardrailId")),
            PayiPropertyNames.aws_bedrock_guardrail_version: text(version)
            or text(details.get("guardrailVersion")),
            PayiPropertyNames.aws_bedrock_guardrail_action: self._action,
        }
        return {name: value for name, value in properties.items() if value}

    def _find(self) -> Iterator[Mapping[str, Any]]:
        return _find_assessments(list(self._assessments.values()), _DEEPEST)


def read_guardrail(raw: RawResponse) -> ParsedResponse:
    """Read ApplyGuardrail, a guardrail by itself. Its `usage` is the sum over its assessments."""
    body = _decode_first(raw)
    found = _PATH.search(raw.uri)
    guardrail = Guardrail(*map(unquote, found.groups())) if found else Guardrail()
    guardrail.gather({"guardrail": {"outputs": body.assessments}}, body.action)
    usage = body.usage if isinstance(body.usage, dict) else {}
    return ParsedResponse(
        # Either the sum or its parts, never both, because they are the same units.
        units=_sum_units(_UNITS, [usage]) or guardrail.units,
        failure=guardrail.failure,
        properties=guardrail.properties,
        finished=raw.read_to_end,
        # A guardrail whose policies had nothing to check reports zeros.
        has_usage=bool(usage),
    )


def read_checks(raw: RawResponse) -> ParsedResponse:
    """Read InvokeGuardrailChecks: checks without a guardrail, each with its own text units."""
    usage = _decode_first(raw).usage
    checks = usage if isinstance(usage, dict) else {}
    used = {name: count(section(checks, name), "textUnits") for name in _CHECKS}
    return ParsedResponse(units=_sum_units(_CHECKS, [used]), finished=raw.read_to_end, has_usage=bool(checks))


def _decode_first(raw: RawResponse) -> _Response:
    return next((body for _, data in raw.messages if (body := decode(_response, data))), _Response())


def _find_assessments(value: Any, deepest: int) -> Iterator[Mapping[str, Any]]:
    """Yield the assessments in maps and lists, however they are nested."""
    if isinstance(value, dict) and "invocationMetrics" in value:
        # Don't search inside an assessment, whose own sections aren't assessments.
        yield value
    elif isinstance(value, dict | list) and deepest:
        for item in value.values() if isinstance(value, dict) else value:
            yield from _find_assessments(item, deepest - 1)


def _sum_units(names: Mapping[str, str], usages: Iterable[Mapping[str, Any]]) -> dict[str, Units]:
    sums: Counter[str] = Counter()
    for usage in usages:
        for field, unit in names.items():
            sums[unit] += count(usage, field) or 0
    # Guardrails are billed by what they check, so the units of output assessments are input as well.
    return {unit: Units(input=value) for unit, value in sums.items() if value}
