"""Guardrails: that of a call, told in the trace of its answer, and those that are calls of their own.

Source: AWS's API reference, and botocore 1.44's model of bedrock-runtime.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from typing import Any
from urllib.parse import unquote

import msgspec

from payi_transport.providers.reading.counts import count, section
from payi_transport.providers.reading.json_values import decode, text
from payi_transport.providers.reading.raw_response import RawResponse
from payi_transport.values.event import Failure, ParsedResponse, Units
from payi_transport.values.names import PayiPropertyNames

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
# Checks that need no guardrail: attacks are a category of harmful content.
_CHECKS = {
    "contentFilter": "guardrail_content",
    "promptAttack": "guardrail_content",
    "sensitiveInformation": "guardrail_sensitive_information",
}
# Where a trace has its assessments: Converse's names, and InvokeModel's.
_SECTIONS = ("inputAssessment", "input", "outputAssessments", "outputs")
# How Converse, InvokeModel and ApplyGuardrail say that a guardrail stepped in.
_INTERVENTIONS = ("guardrail_intervened", "INTERVENED", "GUARDRAIL_INTERVENED")
# Maps of lists of assessments, and the assessment.
_DEEPEST = 3
_PATH = re.compile(r"/guardrail/(.+)/version/([^/]+)/apply$")


class _Applied(msgspec.Struct):
    usage: Any = None
    action: Any = None
    assessments: Any = None


_applied = msgspec.json.Decoder(_Applied)


class Guardrail:
    """What one answer tells of its guardrail, in one body or in the events of a stream."""

    def __init__(self, identifier: Any = None, version: Any = None) -> None:
        self._asked = (identifier, version)
        self._assessments: dict[str, Any] = {}
        self._action: str | None = None

    def gather(self, trace: Any, action: Any) -> None:
        """Take a `trace` and what may be the word for an intervention; a later trace says it all again."""
        traced = section(trace, "guardrail", "guardrails") if isinstance(trace, dict) else {}
        self._assessments.update((name, traced[name]) for name in _SECTIONS if traced.get(name))
        if isinstance(action, str) and action in _INTERVENTIONS:
            self._action = action

    @property
    def units(self) -> dict[str, Units]:
        """The units of all assessments, of input and output."""
        usages = (section(section(found, "invocationMetrics"), "usage") for found in self._find())
        return _sum_units(_UNITS, usages)

    @property
    def failure(self) -> Failure | None:
        return Failure(code=self._action, message="Bedrock Guardrails intervened") if self._action else None

    @property
    def properties(self) -> dict[str, str]:
        """Id and version as they were asked for, else as the trace has them, and an intervention."""
        details = next((section(found, "appliedGuardrailDetails") for found in self._find()), {})
        identifier, version = self._asked
        told = {
            PayiPropertyNames.aws_bedrock_guardrail_id: text(identifier) or text(details.get("guardrailId")),
            PayiPropertyNames.aws_bedrock_guardrail_version: text(version)
            or text(details.get("guardrailVersion")),
            PayiPropertyNames.aws_bedrock_guardrail_action: self._action,
        }
        return {name: value for name, value in told.items() if value}

    def _find(self) -> Iterator[Mapping[str, Any]]:
        return _find_assessments(list(self._assessments.values()), _DEEPEST)


def read_guardrail(raw: RawResponse) -> ParsedResponse:
    """ApplyGuardrail: a guardrail by itself. Its `usage` is the sum of what the assessments used."""
    body = _decode_last(raw)
    found = _PATH.search(raw.uri)
    guardrail = Guardrail(*map(unquote, found.groups())) if found else Guardrail()
    guardrail.gather({"guardrail": {"outputs": body.assessments}}, body.action)
    usage = body.usage if isinstance(body.usage, dict) else {}
    return ParsedResponse(
        units=_sum_units(_UNITS, [usage]) or guardrail.units,
        failure=guardrail.failure,
        properties=guardrail.properties,
        finished=raw.read_to_end,
    )


def read_checks(raw: RawResponse) -> ParsedResponse:
    """InvokeGuardrailChecks: checks that name no guardrail, each with its text units."""
    usage = _decode_last(raw).usage
    checks = usage if isinstance(usage, dict) else {}
    used = {name: count(section(checks, name), "textUnits") for name in _CHECKS}
    return ParsedResponse(units=_sum_units(_CHECKS, [used]), finished=raw.read_to_end)


def _decode_last(raw: RawResponse) -> _Applied:
    return next((body for _, data in raw.messages if (body := decode(_applied, data))), _Applied())


def _find_assessments(value: Any, deepest: int) -> Iterator[Mapping[str, Any]]:
    """The assessments in maps by guardrail and lists, however one is in the other."""
    if isinstance(value, dict) and "invocationMetrics" in value:
        yield value
    elif isinstance(value, dict | list) and deepest:
        for item in value.values() if isinstance(value, dict) else value:
            yield from _find_assessments(item, deepest - 1)


def _sum_units(names: Mapping[str, str], usages: Iterable[Mapping[str, Any]]) -> dict[str, Units]:
    sums: Counter[str] = Counter()
    for usage in usages:
        for field, unit in names.items():
            sums[unit] += count(usage, field) or 0
    return {unit: Units(input=value) for unit, value in sums.items() if value}
