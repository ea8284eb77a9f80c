"""The table of names agrees with the constants that OpenTelemetry publishes."""

from __future__ import annotations

import pytest

from payi_transport.sinks.otel import names

constants = pytest.importorskip("opentelemetry.semconv._incubating.attributes.gen_ai_attributes")


@pytest.mark.parametrize(
    ("name", "constant"),
    [
        (names.OPERATION, "GEN_AI_OPERATION_NAME"),
        (names.REQUEST_MODEL, "GEN_AI_REQUEST_MODEL"),
        (names.RESPONSE_MODEL, "GEN_AI_RESPONSE_MODEL"),
        (names.RESPONSE_ID, "GEN_AI_RESPONSE_ID"),
        (names.FINISH_REASONS, "GEN_AI_RESPONSE_FINISH_REASONS"),
        (names.INPUT_TOKENS, "GEN_AI_USAGE_INPUT_TOKENS"),
        (names.OUTPUT_TOKENS, "GEN_AI_USAGE_OUTPUT_TOKENS"),
        (names.TOKEN_TYPE, "GEN_AI_TOKEN_TYPE"),
    ],
)
def test_names_are_those_of_the_conventions(name: str, constant: str) -> None:
    assert name == getattr(constants, constant)


def test_no_name_is_used_twice() -> None:
    used = [value for key, value in vars(names).items() if key.isupper() and isinstance(value, str)]
    assert len(used) == len(set(used))
