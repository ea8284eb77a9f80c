"""The request properties of an event: the caller's own, the provider's, and what went wrong.

Four things can go wrong, and each is reported in its own way:

- No response arrived, or reading it raised: `system.failure` names the exception.
- A 200 response reports a failure in its body, as streams do after their first bytes: `system.failure` is the
  provider's code.
- The response is an error: its type and code go into `provider.error.*`. Its status already says that the
  call failed.
- The response stopped before its end: `system.stream` is `partial`.

Exceptions and error messages may quote credentials or the prompt. Credentials are always removed. If content
isn't logged, only the type of an exception and the code of a provider's error are reported, and no text.
"""

from __future__ import annotations

from payi_transport.capture.exchange import Exchange, Outcome
from payi_transport.context.frame import event_properties
from payi_transport.decode.recorded_headers import find_retry_count
from payi_transport.providers.shared.raw_response import RawResponse
from payi_transport.values.event import Failure, ParsedResponse
from payi_transport.values.names import (
    ERROR_CODE_PROPERTY,
    ERROR_TYPE_PROPERTY,
    RETRY_PROPERTY,
    STREAM_PROPERTY,
    PayiPropertyNames,
)
from payi_transport.values.redaction import is_code, remove_secrets

__all__ = ["make_properties"]


def make_properties(exchange: Exchange, response: ParsedResponse, raw: RawResponse) -> dict[str, str]:
    """Return the properties of an event; where the names collide, the ones made here win."""
    properties = event_properties(exchange.context)
    properties.update(response.properties)
    if exchange.status is None:
        properties.update(_describe_exception(exchange.error, exchange.log_content))
    elif exchange.status < 400:
        if response.failure is not None:
            properties.update(_describe_failure(response.failure, exchange.log_content))
        if _is_partial(exchange, response, raw):
            properties[STREAM_PROPERTY] = "partial"
        if exchange.outcome is Outcome.FAILED:
            properties.update(_describe_exception(exchange.error, exchange.log_content))
    elif response.failure is not None:
        properties.update(_name_error(response.failure, exchange.log_content))
    # The first attempt has the number 0, and gets no property.
    if retry_count := find_retry_count(raw.request_headers):
        properties[RETRY_PROPERTY] = str(retry_count)
    return properties


def _is_partial(exchange: Exchange, response: ParsedResponse, raw: RawResponse) -> bool:
    if exchange.outcome is not Outcome.EXHAUSTED:
        return exchange.outcome is Outcome.FAILED or not response.finished
    # A body that was read whole is complete by its length. Only a stream has to say that it has finished.
    if not raw.is_stream or response.finished:
        return False
    # In a body over the limit, the message that says so may be in the gap.
    return bool(raw.unread) or not (raw.is_cut and response.units)


def _describe_exception(error: tuple[str, str] | None, log_content: bool) -> dict[str, str]:
    name, text = error or ("unknown", "")
    # HTTP libraries quote a malformed header whole, for example an API key that ends in a line break.
    description = remove_secrets(text) if log_content and "header" not in text.lower() else name
    return {PayiPropertyNames.failure: name, PayiPropertyNames.failure_description: description or name}


def _describe_failure(failure: Failure, log_content: bool) -> dict[str, str]:
    code = _clean(failure.code, log_content) or _clean(failure.type, log_content) or "error"
    message = remove_secrets(failure.message or "") if log_content else None
    return {PayiPropertyNames.failure: code, PayiPropertyNames.failure_description: message or code}


def _name_error(failure: Failure, log_content: bool) -> dict[str, str]:
    named = {ERROR_TYPE_PROPERTY: failure.type, ERROR_CODE_PROPERTY: failure.code}
    return {name: code for name, value in named.items() if (code := _clean(value, log_content))}


def _clean(code: str | None, log_content: bool) -> str | None:
    # A gateway may put a whole sentence in the place of a code.
    if not code or not (log_content or is_code(code)):
        return None
    return remove_secrets(code)
