"""Microsoft Azure: OpenAI's models and others, through the APIs of their makers at hosts of Azure's own."""

from __future__ import annotations

from payi_transport.providers.provider import Forwarding, HostRule, Provider
from payi_transport.values.names import PayiCategories
from payi_transport.values.patterns import lazy_compile

__all__ = ["PROVIDER"]

_AZURE, _AZURE_OPENAI = PayiCategories.azure, PayiCategories.azure_openai
# A resource of Azure AI Foundry has OpenAI's API at its root, and each of its projects has it below its own
# path.
_OPENAI_API = lazy_compile(r"(?:/api/projects/[^/]+)?/openai/")
_OPENAI_V1 = lazy_compile(rf"{_OPENAI_API.pattern}v1/")
# The older hosts serve speech, vision, and language services, too.
_MODELS = lazy_compile("/(openai|models|anthropic|providers)/")
_BY_PATH = ((_OPENAI_API, _AZURE_OPENAI),)

PROVIDER = Provider(
    name="azure",
    names_requests=True,
    reads_batches=True,
    hosts=(
        HostRule("*.openai.azure.com", _AZURE_OPENAI),
        HostRule("*.cognitiveservices.azure.com", _AZURE_OPENAI, paid_paths=_MODELS),
        # Azure Government, and Azure in China.
        HostRule("*.openai.azure.us", _AZURE_OPENAI),
        HostRule("*.cognitiveservices.azure.us", _AZURE_OPENAI, paid_paths=_MODELS),
        HostRule("*.openai.azure.cn", _AZURE_OPENAI),
        HostRule("*.cognitiveservices.azure.cn", _AZURE_OPENAI, paid_paths=_MODELS),
        HostRule("*.services.ai.azure.com", _AZURE, categories_by_path=_BY_PATH),
        HostRule("*.models.ai.azure.com", _AZURE, categories_by_path=_BY_PATH),
    ),
    examples={
        _AZURE_OPENAI: (
            "/openai/v1/chat/completions",
            "/openai/v1/responses",
            "/openai/deployments/my-deployment/chat/completions",
        ),
        _AZURE: ("/models/chat/completions", "/anthropic/v1/messages", "/openai/v1/chat/completions"),
    },
    # A deployment has a name of the customer's own.
    resources_in_paths=("/deployments/([^/]+)/",),
    # Azure's v1 API takes `stream_options`; of its dated versions, only the later ones do.
    usage_paths={_AZURE_OPENAI: _OPENAI_V1},
    forwarded=(
        Forwarding(
            "azure.openai",
            _AZURE_OPENAI,
            lazy_compile(
                rf"{_OPENAI_API.pattern}(deployments/[^/]+/|v1/)?"
                "(chat/completions|responses|embeddings|images/generations)"
            ),
        ),
        Forwarding("azure.anthropic", _AZURE, lazy_compile("(/api/projects/[^/]+)?/anthropic/v1/messages")),
    ),
    instruments={_AZURE: frozenset({_AZURE, _AZURE_OPENAI})},
)
