"""What is compared of the spans of three libraries, and why what differs differs."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

__all__ = ["CALL_NOTES", "ROWS", "VERSIONS", "Row"]

# Distributions whose versions the page names, by the library and what they instrument.
VERSIONS = {
    "OpenLLMetry": {"all": "opentelemetry-instrumentation-openai"},
    "OpenInference": {
        "OpenAI": "openinference-instrumentation-openai",
        "Anthropic": "openinference-instrumentation-anthropic",
        "Google": "openinference-instrumentation-google-genai",
        "AWS": "openinference-instrumentation-bedrock",
    },
}


class Row(NamedTuple):
    """One thing that spans have, the names that each library has for it, and why values are not ours."""

    title: str
    names: Mapping[str, tuple[str, ...]]
    why: Mapping[str, str]

    def read(self, library: str, attributes: Mapping[str, Any]) -> Any:
        """Return the value that the first of the names has. Several finish reasons may be one string."""
        found = next((attributes[name] for name in self.names[library] if name in attributes), None)
        return found[0] if isinstance(found, list) and len(set(found)) == 1 else found


def _row(title: str, *names_of: str, llmetry: str = "", inference: str = "") -> Row:
    """Make a row of the names of each library, with spaces between them, and of each other's explanation."""
    libraries = ("payi_transport", "OpenLLMetry", "OpenInference")
    names = {library: tuple(text.split()) for library, text in zip(libraries, names_of, strict=True)}
    return Row(title, names, {"OpenLLMetry": llmetry, "OpenInference": inference})


_GENAI, _LLM = "gen_ai.usage.", "llm.token_count."
_NO_SPAN = "no span of an incomplete response"
ROWS = [
    _row("operation", "gen_ai.operation.name", "gen_ai.operation.name", "", llmetry=_NO_SPAN),
    _row(
        "provider",
        "gen_ai.provider.name",
        "gen_ai.provider.name",
        "llm.provider llm.system",
        llmetry=f"{_NO_SPAN}; `gcp.gen_ai` for Gemini",
        inference="`google` and `aws`",
    ),
    _row(
        "requested model",
        "gen_ai.request.model",
        "gen_ai.request.model",
        "llm.request.model_name llm.model_name embedding.model_name",
        llmetry=f"{_NO_SPAN}; Bedrock's without the region and the vendor",
        inference="what the response names",
    ),
    _row(
        "model of the response",
        "gen_ai.response.model",
        "gen_ai.response.model",
        "llm.response.model_name llm.model_name",
        llmetry=f"{_NO_SPAN}; one in a stream of InvokeModel",
        inference="the requested one where none is named; none of embeddings",
    ),
    _row(
        "id of the response",
        "gen_ai.response.id",
        "gen_ai.response.id",
        "",
        llmetry=f"{_NO_SPAN}; one in a stream of InvokeModel",
    ),
    _row("id of the request", "aws.request_id", "", ""),
    _row(
        "finish reasons",
        "gen_ai.response.finish_reasons",
        "gen_ai.response.finish_reasons",
        "llm.finish_reason",
        llmetry=f"{_NO_SPAN}; translates `end_turn`, `tool_use`, `STOP` and the like to OpenAI's words",
        inference="none of OpenAI's Responses",
    ),
    _row(
        "limit of tokens",
        "gen_ai.request.max_tokens",
        "gen_ai.request.max_tokens",
        "",
        llmetry=_NO_SPAN,
    ),
    _row(
        "whether it streams",
        "gen_ai.request.stream",
        "gen_ai.is_streaming",
        "",
        llmetry="none at Gemini and Bedrock",
    ),
    _row("time to the first chunk", "gen_ai.response.time_to_first_chunk", "", ""),
    _row(
        "all input tokens",
        f"{_GENAI}input_tokens",
        f"{_GENAI}input_tokens",
        f"{_LLM}prompt",
        llmetry="see the next table",
        inference="see the next table",
    ),
    _row(
        "all output tokens",
        f"{_GENAI}output_tokens",
        f"{_GENAI}output_tokens",
        f"{_LLM}completion",
        llmetry="see the next table",
        inference="see the next table",
    ),
    _row(
        "read from a cache",
        f"{_GENAI}cache_read.input_tokens",
        f"{_GENAI}cache_read.input_tokens",
        f"{_LLM}prompt_details.cache_read",
        llmetry=f"{_NO_SPAN}; none of InvokeModel",
        inference="none of a failed stream and of InvokeModel's streams",
    ),
    _row(
        "written to a cache",
        f"{_GENAI}cache_creation.input_tokens",
        f"{_GENAI}cache_creation.input_tokens",
        f"{_LLM}prompt_details.cache_write",
        llmetry="none of OpenAI and of InvokeModel",
        inference="none of a failed stream and of InvokeModel's streams",
    ),
    _row(
        "reasoning",
        f"{_GENAI}reasoning.output_tokens",
        f"{_GENAI}reasoning_tokens",
        f"{_LLM}completion_details.reasoning",
        llmetry=f"{_NO_SPAN}; none of a chat's stream and of Gemini",
        inference="none of a failed stream; tokens of Claude's thinking, which Pay-i bills as text",
    ),
    _row("audio input", f"{_GENAI}audio.input_tokens", "", f"{_LLM}prompt_details.audio"),
    _row("audio output", f"{_GENAI}audio.output_tokens", "", f"{_LLM}completion_details.audio"),
    _row(
        "error",
        "error.type",
        "error.type",
        "",
        llmetry="the name of the exception, none where a stream fails",
    ),
    _row("server", "server.address", "", ""),
    _row("cost", "gen_ai.usage.cost", "", ""),
    _row("use case", "payi.use_case.name", "", ""),
]

# Why the tokens of a call are not ours, and the libraries and calls that it holds for.
CALL_NOTES: dict[str, set[tuple[str, str]]] = {
    "OpenLLMetry makes no span of a response of OpenAI's whose status is `incomplete`.": {
        ("OpenLLMetry", "openai/responses_incomplete")
    },
    "OpenInference reads no usage from a stream of OpenAI's Responses that fails.": {
        ("OpenInference", "openai/responses_stream_failed")
    },
    "OpenLLMetry adds the tokens of `message_start` to those of `message_delta`, which include them.": {
        ("OpenLLMetry", f"anthropic/{name}") for name in ("message_stream", "cache_stream", "tools_stream")
    },
    "OpenLLMetry leaves out Gemini's thoughts, and the tokens of results of tools.": {
        ("OpenLLMetry", f"google/gemini_{name}")
        for name in ("unary", "stream", "no_details_and_thoughts", "tool_use_and_search")
    },
    "OpenLLMetry leaves out Bedrock's cached tokens, which are beside `inputTokens`.": {
        ("OpenLLMetry", f"bedrock/{name}") for name in ("converse_cache", "nova_unary", "anthropic_stream")
    },
    "OpenInference leaves them out of calls of Nova.": {("OpenInference", "bedrock/nova_unary")},
}
