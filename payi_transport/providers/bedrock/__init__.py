"""Amazon Bedrock."""

from __future__ import annotations

from collections.abc import Mapping

from payi_transport.providers.provider import Forwarding, HostRule, Operation, Provider, Readers, post
from payi_transport.values.names import PayiCategories
from payi_transport.values.patterns import lazy_compile

__all__ = ["PROVIDER"]

_BEDROCK, _SAGEMAKER = PayiCategories.aws_bedrock, "sagemaker"
# Where AWS's endpoints are: worldwide, in China and in Europe's own cloud, for IPv4 alone and for both.
_AWS = r"(amazonaws\.(com(\.cn)?|eu)|api\.(aws|amazonwebservices\.(com\.cn|eu)))"


def _load_readers() -> Mapping[str, Readers]:
    from payi_transport.providers.bedrock.readers import READERS

    return READERS


PROVIDER = Provider(
    name="bedrock",
    load_readers=_load_readers,
    names_requests=True,
    hosts=(
        HostRule(
            # The prefix is that of a VPC endpoint, and `-fips` that of the validated endpoints of some
            # regions.
            lazy_compile(rf"(.+\.)?bedrock-runtime(-fips)?\.[a-z0-9-]+\.(vpce\.)?{_AWS}"),
            _BEDROCK,
            example="bedrock-runtime.us-east-1.amazonaws.com",
        ),
        HostRule(
            # Mantle serves the APIs of OpenAI and Anthropic, so it has no paths here and is read by their
            # operations.
            lazy_compile(r"bedrock-mantle\.[a-z0-9-]+\.api\.aws"),
            _BEDROCK,
            example="bedrock-mantle.us-east-1.api.aws",
        ),
        # Agents, knowledge bases and SageMaker's endpoints report no usage, so their calls are only counted.
        HostRule(
            lazy_compile(rf"bedrock-agent-runtime(-fips)?\.[a-z0-9-]+\.{_AWS}"),
            _BEDROCK,
            example="bedrock-agent-runtime.us-east-1.amazonaws.com",
            paid_paths=lazy_compile(
                "/text$|/retrieveAndGenerate(Stream)?$|/rerank$|/flows/|/optimize-prompt$"
            ),
        ),
        HostRule(
            # Where models are managed, and where the jobs start that call them or change them.
            lazy_compile(rf"bedrock(-fips)?\.[a-z0-9-]+\.{_AWS}"),
            _BEDROCK,
            example="bedrock.us-east-1.amazonaws.com",
            paid_paths=lazy_compile(
                "/(evaluation-jobs|model-customization-jobs|provisioned-model-throughput)$"
            ),
        ),
        HostRule(
            lazy_compile(rf"runtime\.sagemaker(-fips)?\.[a-z0-9-]+\.{_AWS}"),
            _SAGEMAKER,
            example="runtime.sagemaker.us-east-1.amazonaws.com",
            paid_paths=lazy_compile("/endpoints/[^/]+/(async-)?invocations"),
        ),
    ),
    operations=(
        Operation(
            name="bedrock.converse",
            category=_BEDROCK,
            paths=(post("model/.+/converse"), post("model/.+/converse-stream")),
            example="/model/my-model/converse",
        ),
        Operation(
            name="bedrock.invoke",
            category=_BEDROCK,
            paths=(post("model/.+/invoke"), post("model/.+/invoke-with-response-stream")),
            example="/model/my-model/invoke",
        ),
        Operation(
            name="bedrock.guardrail",
            category=_BEDROCK,
            paths=(post("guardrail/.+/version/[^/]+/apply"),),
            example="/guardrail/my-guardrail/version/1/apply",
        ),
        Operation(
            name="bedrock.checks",
            category=_BEDROCK,
            paths=(post("guardrail-checks/invoke"),),
            example="/guardrail-checks/invoke",
        ),
    ),
    # A model may be an ARN with slashes. A guardrail stands where a model does.
    resources_in_paths=(
        r"/model/(.+)/(?:converse|converse-stream|invoke|invoke-with-response-stream)\Z",
        r"/guardrail/(.+)/version/[^/]+/apply\Z",
    ),
    forwarded=(
        Forwarding(
            "aws.bedrock",
            _BEDROCK,
            lazy_compile("/model/.+/(converse|converse-stream|invoke|invoke-with-response-stream)"),
        ),
    ),
    make_denial=lambda message: {"message": message},
    # AWS's SDKs take the error's class from this header.
    denial_headers={"x-amzn-errortype": "AccessDeniedException"},
)
