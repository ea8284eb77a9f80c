"""What a tokenizer of the user's adds to the units that an answer tells. Pure."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence

from payi_transport.providers.reading.raw_response import RawResponse
from payi_transport.providers.registry import Dialect
from payi_transport.values.event import ParsedResponse, Units

__all__ = ["CountTokens", "add_counted_tokens"]

# The tokens of a text for a model, None where the model has no tokenizer.
CountTokens = Callable[[str, str], int | None]
_Count = Callable[[str], int | None]


def add_counted_tokens(
    dialect: Dialect,
    answer: ParsedResponse,
    reply: RawResponse,
    tokens: CountTokens,
    models: Iterable[str],
    cut: bool,
) -> Mapping[str, Units]:
    """The units that an answer tells, with the text that it does not: uncounted, cut, or beside images.

    `models` are the names that the model goes by; `cut` is whether a stream ended before its last word.
    """
    names = tuple(models)

    def count(text: str) -> int | None:
        counts = (tokens(name, text) for name in names)
        return next((number for number in counts if number is not None), None)

    units = answer.units
    uncounted = _sum(count, answer.uncounted or None)
    if uncounted is not None:
        units = {**units, "text": Units(input=uncounted)}
    if cut or uncounted is not None:
        units = _raise_output(units, count(dialect.read_output_text(reply.frames)) or 0)
    return _split_vision(units, _sum(count, dialect.read_prompt_texts(reply.request)))


def _sum(count: _Count, texts: Sequence[str] | None) -> int | None:
    """The tokens of all the texts; None where one can't be counted, or nothing is to be."""
    if texts is None:
        return None
    # A model without a tokenizer does not count an empty text either.
    counts = [count(text) for text in texts or ("",)]
    return None if None in counts else sum(filter(None, counts))


def _raise_output(units: Mapping[str, Units], counted: int) -> Mapping[str, Units]:
    """The units of a stream that was cut: what they tell of its output is from before it was."""
    name = "text_large_context" if "text_large_context" in units else "text"
    text = units.get(name, Units())
    if counted <= (text.output or 0):
        return units
    return {**units, name: Units(input=text.input, output=counted)}


def _split_vision(units: Mapping[str, Units], counted: int | None) -> Mapping[str, Units]:
    """The units where all that is no text is an image; `counted` are the tokens of a text that has any."""
    text = units.get("text")
    if counted is None or text is None or not text.input or "vision" in units:
        return units
    counted = min(counted, text.input)
    vision = Units(input=text.input - counted)
    return {**units, "text": Units(input=counted, output=text.output), "vision": vision}
