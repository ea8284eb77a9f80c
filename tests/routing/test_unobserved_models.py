"""Requests that call a model at a known host, and are not read, are counted: nothing is unseen in silence."""

from __future__ import annotations

import pytest

from tests.routing.test_unobserved import count

GEMINI = "generativelanguage.googleapis.com"
VERTEX = "us-central1-aiplatform.googleapis.com"
PUBLISHERS = "/v1/projects/p/locations/l/publishers"


@pytest.mark.parametrize(
    ("host", "path"),
    [
        (GEMINI, "/v1beta/models/veo-3:predictLongRunning"),
        (GEMINI, "/v1beta/models/aqa:generateAnswer"),
        (VERTEX, f"{PUBLISHERS}/google/models/veo-3:predictLongRunning"),
        (VERTEX, f"{PUBLISHERS}/meta/models/llama-4:rawPredict"),
        ("api.openai.com", "/v1/threads/runs"),
        ("api.openai.com", "/v1/containers"),
        ("router.huggingface.co", "/hf-inference/models/gpt2"),
        ("api.mistral.ai", "/v1/fine_tuning/jobs"),
    ],
)
def test_a_call_of_a_model_that_is_not_read_is_counted(host: str, path: str) -> None:
    assert count("POST", host, path, times=2) == {"unread": 2}


def test_geminis_calls_over_grpc_are_counted() -> None:
    path = "/google.ai.generativelanguage.v1beta.GenerativeService/GenerateContent"
    assert count("GRPC", GEMINI, path) == {"grpc": 1}


@pytest.mark.parametrize(
    ("host", "path"),
    [
        ("api.openai.com", "/v1/conversations"),
        ("api.openai.com", "/v1/threads"),
        ("api.openai.com", "/v1/containers/c1"),
        ("api.openai.com", "/v1/models"),
        (GEMINI, "/v1beta/models/gemini-x:countTokens"),
        (VERTEX, f"{PUBLISHERS}/google/models/veo-3:fetchPredictOperation"),
    ],
)
def test_what_costs_nothing_is_not_counted(host: str, path: str) -> None:
    assert count("POST", host, path) == {}
