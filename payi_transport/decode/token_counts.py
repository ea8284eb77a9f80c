"""Count the tokens that a provider doesn't report, with a tokenizer that the user configured.

Providers leave a gap in three cases:

- The model reports no usage, as some embedding and text models on Bedrock do. The provider's reader then
  returns the texts of the prompt as `uncounted`, and prompt and output are both counted.
- The caller left a stream early, before the message with the usage. The output received so far is counted.
  What the stream reported before that is only replaced by a higher count.
- The prompt holds images. Text and images are priced differently, but the usage is one number. The text is
  counted, and the remaining tokens are billed as `vision`.

Models without a tokenizer keep the units that the provider reported.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence

from payi_transport.providers.provider import Readers
from payi_transport.providers.shared.prompt_size import LARGE_CONTEXT
from payi_transport.providers.shared.raw_response import RawResponse
from payi_transport.values.event import ParsedResponse, Units

__all__ = ["CountTokens", "add_counted_tokens"]

# Takes a model and a text. Returns None if the model has no tokenizer.
CountTokens = Callable[[str, str], int | None]
_Count = Callable[[str], int | None]
# The units of cached text, which the text of a prompt may be.
_CACHES = ("text_cache_read", "text_cache_write", "text_cache_write_1h")
_NONE = Units()


def add_counted_tokens(
    readers: Readers,
    response: ParsedResponse,
    raw: RawResponse,
    count_tokens: CountTokens,
    models: Iterable[str],
    truncated: bool,
) -> Mapping[str, Units]:
    """Return the units of a response, completed by the tokens that only a tokenizer can count.

    `models` are the names of the model; the first that has a tokenizer is used. `truncated` is whether a
    stream ended before its last message.
    """
    names = tuple(models)

    def count(text: str) -> int | None:
        counts = (count_tokens(name, text) for name in names)
        return next((number for number in counts if number is not None), None)

    units = response.units
    uncounted = _sum(count, response.uncounted or None)
    if uncounted is not None:
        units = {**units, "text": Units(input=uncounted)}
    if truncated or uncounted is not None:
        units = _raise_output(units, count(readers.read_output_text(raw.all_messages)) or 0)
    # A prompt that was counted here has no tokens besides those of its text.
    texts = None if uncounted is not None else readers.read_prompt_texts(raw.request_body)
    return _split_vision(units, _sum(count, texts))


def _sum(count: _Count, texts: Sequence[str] | None) -> int | None:
    """Return the tokens of all texts, or None if one can't be counted or `texts` is None."""
    if texts is None:
        return None
    # Count an empty text if there are none: that returns 0 with a tokenizer, and None without.
    counts = [count(text) for text in texts or ("",)]
    # The sum of the other texts would be too low, and nobody could see that.
    return None if None in counts else sum(filter(None, counts))


def _raise_output(units: Mapping[str, Units], counted: int) -> Mapping[str, Units]:
    """Return the units with at least `counted` tokens of output."""
    name = f"text{_find_suffix(units)}"
    text = units.get(name, Units())
    # The provider's own count is better, unless it ended before the output did.
    if counted <= (text.output or 0):
        return units
    return {**units, name: Units(input=text.input, output=counted)}


def _split_vision(units: Mapping[str, Units], counted: int | None) -> Mapping[str, Units]:
    """Return the units with all input beyond the `counted` tokens of text as `vision`.

    What is in the cache counts as text first. `counted` is None for a prompt without images. A provider that
    reports `vision` itself knows better.
    """
    suffix = _find_suffix(units)
    name, vision_name = f"text{suffix}", f"vision{suffix}"
    text = units.get(name)
    if counted is None or text is None or not text.input or vision_name in units:
        return units
    # The text may be in the cache, and a tokenizer that is not the provider's may count more than the tokens.
    cached = sum(units.get(f"{cache}{suffix}", _NONE).input or 0 for cache in _CACHES)
    vision = min(text.input, max(0, text.input + cached - counted))
    rest = Units(input=text.input - vision, output=text.output)
    return {**units, name: rest, vision_name: Units(input=vision)}


def _find_suffix(units: Mapping[str, Units]) -> str:
    return LARGE_CONTEXT if f"text{LARGE_CONTEXT}" in units else ""
