"""The names of OpenTelemetry's conventions for generative AI that this library uses.

The conventions are in development, and they move. Those here are from the repository
semantic-conventions-genai at commit 002c8a6ea1c8a42b14a4527db83b3cabcded610a, file
docs/registry/attributes/gen-ai.md. The names that start with `payi.` are this library's own.
"""

from __future__ import annotations

from typing import Annotated, Any, Final

from msgspec import Meta

SCOPE: Final = "payi_transport"

OPERATION: Final = "gen_ai.operation.name"
PROVIDER: Final = "gen_ai.provider.name"
REQUEST_MODEL: Final = "gen_ai.request.model"
REQUEST_STREAM: Final = "gen_ai.request.stream"
RESPONSE_MODEL: Final = "gen_ai.response.model"
RESPONSE_ID: Final = "gen_ai.response.id"
FINISH_REASONS: Final = "gen_ai.response.finish_reasons"
FIRST_CHUNK: Final = "gen_ai.response.time_to_first_chunk"
INPUT_TOKENS: Final = "gen_ai.usage.input_tokens"
OUTPUT_TOKENS: Final = "gen_ai.usage.output_tokens"
CACHE_READ: Final = "gen_ai.usage.cache_read.input_tokens"
CACHE_CREATION: Final = "gen_ai.usage.cache_creation.input_tokens"
REASONING: Final = "gen_ai.usage.reasoning.output_tokens"
INPUT_MESSAGES: Final = "gen_ai.input.messages"
OUTPUT_MESSAGES: Final = "gen_ai.output.messages"
SYSTEM_INSTRUCTIONS: Final = "gen_ai.system_instructions"
ERROR_TYPE: Final = "error.type"
SERVER_ADDRESS: Final = "server.address"
SERVER_PORT: Final = "server.port"
# Of the registry of general attributes: what AWS calls one request.
AWS_REQUEST_ID: Final = "aws.request_id"

# What an exporter can encode. A number beyond it is not a limit of anything, or a sum of made-up counts.
MAX_INT: Final = 2**63 - 1
_Int = Annotated[int, Meta(ge=-MAX_INT, le=MAX_INT)]
# Characters of a model, which is in the name of a span and in each of its metrics.
MAX_MODEL: Final = 256

# Parameters of a request: the names that providers have for each, and how it is read.
PARAMETERS: Final[dict[str, tuple[Any, tuple[str, ...]]]] = {
    "gen_ai.request.max_tokens": (
        _Int,
        (
            "max_completion_tokens",
            "max_output_tokens",
            "maxOutputTokens",
            "maxTokens",
            "max_tokens",
            "num_predict",
        ),
    ),
    "gen_ai.request.temperature": (float, ("temperature",)),
    "gen_ai.request.top_p": (float, ("top_p", "topP", "p")),
}
# Objects in a request whose keys are parameters as well.
PARAMETER_OBJECTS: Final = ("generationConfig", "generation_config", "inferenceConfig", "options")

# Tokens by modality, by the first part of the unit's name and the direction.
MODALITIES: Final = {
    ("text", "input"): "gen_ai.usage.text.input_tokens",
    ("text", "output"): "gen_ai.usage.text.output_tokens",
    ("audio", "input"): "gen_ai.usage.audio.input_tokens",
    ("audio", "output"): "gen_ai.usage.audio.output_tokens",
    ("vision", "input"): "gen_ai.usage.image.input_tokens",
    ("image", "output"): "gen_ai.usage.image.output_tokens",
}

# What an operation of this library is called there. Others are named for their last part.
OPERATIONS: Final = {
    "openai.chat": "chat",
    "openai.responses": "chat",
    "openai.realtime": "chat",
    "openai.live": "chat",
    "openai.completions": "text_completion",
    "openai.embeddings": "embeddings",
    "cohere.chat": "chat",
    "ollama.generation": "chat",
    "anthropic.messages": "chat",
    "anthropic.vertex": "chat",
    "databricks.invocations": "chat",
    "bedrock.converse": "chat",
    "bedrock.invoke": "chat",
    "google.content": "generate_content",
    "google.embeddings": "embeddings",
    "google.live": "generate_content",
    "google.mistral": "chat",
    "mistral.conversations": "chat",
    "google.interactions": "generate_content",
    "xai.chat": "chat",
}

# Of an event whose address tells none.
UNKNOWN_OPERATION: Final = "call"

# What a category is called there. Others, such as `groq`, have the same name.
PROVIDERS: Final = {
    "system.openai": "openai",
    "system.azureopenai": "azure.ai.openai",
    "system.azure": "azure.ai.inference",
    "system.anthropic": "anthropic",
    "system.aws.bedrock": "aws.bedrock",
    "system.google.vertex": "gcp.vertex_ai",
    "system.databricks.azure": "databricks",
    "system.databricks.aws": "databricks",
    "system.databricks.google": "databricks",
    "mistral": "mistral_ai",
    "xai": "x_ai",
    "moonshot": "moonshot_ai",
}
AWS_REQUEST_HEADER: Final = "x-amzn-requestid"
# Google's API for developers, which has the category of Vertex AI.
GEMINI_HOST: Final = "generativelanguage.googleapis.com"
GEMINI: Final = "gcp.gemini"

# The scope of a call, by the field of its event.
CONTEXT: Final = {
    "use_case_name": "payi.use_case.name",
    "use_case_id": "payi.use_case.id",
    "use_case_step": "payi.use_case.step",
    "user_id": "payi.user.id",
    "account_name": "payi.account.name",
    "limit_ids": "payi.limit.ids",
    "request_tags": "payi.request.tags",
}
# Properties of an event, by which Pay-i and traces can be joined.
TRACE_ID: Final = "trace_id"
SPAN_ID: Final = "span_id"
# What the resources of Pay-i put before the name of a model, at Google and at Anthropic on Vertex AI.
RESOURCE_PREFIXES: Final = ("google.", "anthropic.")

# Operations that another library's span has if it is about one request to a model.
LLM_OPERATIONS: Final = frozenset({"chat", "generate_content", "text_completion", "embeddings", "completion"})
# Attributes of such spans by libraries with other conventions, and their values.
LLM_MARKS: Final = {
    "openinference.span.kind": frozenset({"LLM", "EMBEDDING", "RERANKER"}),
    "llm.request.type": frozenset({"chat", "completion", "embedding", "rerank"}),
    "langfuse.observation.type": frozenset({"generation", "embedding"}),
}
# Attributes that only such a span has, where it names no operation.
MODEL_ATTRIBUTES: Final = ("gen_ai.request.model", "gen_ai.response.model")
# What the names of attributes with usage start with.
USAGE_PREFIXES: Final = (
    "gen_ai.usage.",
    "llm.token_count.",
    "llm.usage.",
    "langfuse.observation.usage_details",
)
# Where a library has them as JSON, by the provider's names or its own.
USAGE_OBJECT: Final = "langfuse.observation.usage_details"
# All input and all output tokens.
TOKEN_NAMES: Final = (
    (
        INPUT_TOKENS,
        "llm.token_count.prompt",
        "gen_ai.usage.prompt_tokens",
        "prompt_tokens",
        "input_tokens",
        "input",
    ),
    (
        OUTPUT_TOKENS,
        "llm.token_count.completion",
        "gen_ai.usage.completion_tokens",
        "completion_tokens",
        "output_tokens",
        "output",
    ),
)

TOKEN_USAGE: Final = "gen_ai.client.token.usage"  # noqa: S105 (no secret)
TOKEN_TYPE: Final = "gen_ai.token.type"  # noqa: S105
OPERATION_DURATION: Final = "gen_ai.client.operation.duration"
OPERATION_FIRST_CHUNK: Final = "gen_ai.client.operation.time_to_first_chunk"
COST: Final = "payi.cost"
EVENTS_CAPTURED: Final = "payi.events.captured"
EVENTS_DELIVERED: Final = "payi.events.delivered"
EVENTS_LOST: Final = "payi.events.lost"
QUEUE_LENGTH: Final = "payi.queue.length"
WORKER_LAG: Final = "payi.worker.lag"
SINK: Final = "payi.sink"
REASON: Final = "payi.reason"

# Boundaries of the histograms, which the conventions state.
TOKEN_BUCKETS: Final = [4**power for power in range(14)]
SECOND_BUCKETS: Final = [0.01 * 2**power for power in range(14)]
