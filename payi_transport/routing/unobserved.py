"""Count the requests that probably cost money and are not recorded, so that none of them is silent.

These kinds are counted by host: calls to hosts that are neither known nor mapped (`unmapped`), requests to a
provider's own host for an API that this version does not read (`unread`, or `websocket` and `grpc` by their
kind of connection), and batches whose results travel as files (`batch`). What providers do for free is left
out.
"""

from __future__ import annotations

import re
from typing import Final

from payi_transport.providers.provider import GRPC, WEBSOCKET
from payi_transport.routing.paths import tidy_path
from payi_transport.runtime.counter import Counter
from payi_transport.values.patterns import lazy_compile

__all__ = ["OTHER_HOSTS", "Unobserved", "find_unread_reason", "is_free"]

# A program may call any number of hosts. Beyond this many, calls are counted here.
_MAX_HOSTS = 1000
OTHER_HOSTS: Final = "other hosts"

# Source: the API references of Anthropic, Google, Mistral and AWS.
_BATCH = lazy_compile(
    r"POST .*(/messages/batches|:(async)?batch(GenerateContent|EmbedContents?)|/batchPredictionJobs"
    r"|/batch/jobs|/async-invoke|/model-invocation-job)|GET .*/messages/batches/[^/]+/results",
    re.IGNORECASE,
)
# OpenAI's path, which other hosts have too. Its own batches report their usage where they are fetched by id.
# Source: the API references of Groq, Together, xAI, Moonshot, DashScope, OpenRouter, Voyage, and Google.
_OPENAI_BATCH = lazy_compile(r"POST .*/(v\d\w*|beta|openai)/batches", re.IGNORECASE)
# Listing, storing, counting tokens, and administration cost nothing, whoever the provider is.
_FREE = lazy_compile(
    r".*(/(moderations|files|uploads|batches|datasets|conversations|vector_stores|assistants)(/[^/]+)?"
    # A model, or a verb of one, is called. Both a thread and a container are free to change.
    r"|/models|/containers/[^/]+|/threads(/(?!runs$)[^/]+)?"
    r"|/(uploads|vector_stores|containers|conversations|threads)/[^/]+/(parts|complete|files|file_batches|items"
    r"|messages)(/.*)?"
    r"|/(count_tokens|count-tokens|input_tokens|tokenize|detokenize|segment|cancel|client_secrets|(?<!live/)sessions)"
    r"|/count-tokens:rawPredict|:(countTokens|computeTokens|cancel|copy|export|fetchPredictOperation)"
    r"|/api/(show|pull|push|create|copy|delete|me|signout|blobs/.+)"
    r"|/traces/ingest"
    r"|/(organization|organizations|user_profiles|keys|credits|key|auth|oauth)(/.*)?)|/"
)
# Source: the definitions of the services in xai-sdk 1.21 and google-cloud-aiplatform 2.7.
_PAID_RPC = lazy_compile(
    r"/xai_api\.(Chat/(StartDeferredCompletion|CompactContext)|(Image|Video|Sample|Embedder)/\w+)"
    r"|/google\.cloud\.aiplatform\.v\w+\.PredictionService/\w+"
    r"|/google\.ai\.generativelanguage\.v\w+\.(GenerativeService|PredictionService)/(?!CountTokens)\w+"
)


def is_free(path: str) -> bool:
    """Return whether requests to a path below the root cost nothing, whoever the provider is."""
    tidy = tidy_path(path)
    return tidy != "/" and _FREE.fullmatch(tidy) is not None


def find_unread_reason(
    method: str,
    path: str,
    paid_paths: re.Pattern[str] | None,
    never_free: re.Pattern[str] | None = None,
    reads_batches: bool = False,
) -> str | None:
    """Return why a request to a known host that matches no rule is counted, None for one that costs nothing.

    `paid_paths` limits the requests that may cost something, for a host that serves more than models.
    `reads_batches` is whether the host's batches of OpenAI's kind report their usage.
    """
    tidy = tidy_path(path)
    request = f"{method} {tidy}"
    if _BATCH.fullmatch(request) or (not reads_batches and _OPENAI_BATCH.fullmatch(request)):
        return "batch"
    if method == GRPC:
        return "grpc" if _PAID_RPC.fullmatch(tidy) else None
    if method == WEBSOCKET:
        return "websocket" if paid_paths is None or paid_paths.search(tidy) else None
    if method != "POST" or (_FREE.fullmatch(tidy) and not (never_free and never_free.search(tidy))):
        return None
    return "unread" if paid_paths is None or paid_paths.search(tidy) else None


class Unobserved:
    """Counters by host and reason. Any thread may use it, without a lock."""

    def __init__(self) -> None:
        self._counters: dict[tuple[str, str], Counter] = {}

    def find_counter(self, host: str, reason: str) -> Counter:
        """Return the counter of a host and a reason."""
        key = (host, reason)
        if key not in self._counters and len(self._counters) >= _MAX_HOSTS:
            key = (OTHER_HOSTS, reason)
        return self._counters.setdefault(key, Counter())

    def read(self) -> dict[str, dict[str, int]]:
        """Return the counts by host and reason."""
        counts: dict[str, dict[str, int]] = {}
        # Other threads go on adding, and dict.copy is atomic.
        for (host, reason), counter in self._counters.copy().items():
            counts.setdefault(host, {})[reason] = counter.value
        return counts

    def clear(self) -> None:
        """Forget all counts, in a process that was just forked."""
        self._counters.clear()
