"""Everything but text generation: embeddings, images, transcription, speech.

Source: https://platform.openai.com/docs/api-reference and the types of OpenAI's SDK 3.54. Models that
report tokens are counted by tokens. Older ones report nothing, or zeros where a gateway writes a usage for
them, and are billed by other measures, so those are counted instead: images that were made, seconds of
audio, characters of the text to be spoken.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec

from payi_transport.providers.openai.usage import find_extras, map_total
from payi_transport.providers.shared.counts import count, section, take
from payi_transport.providers.shared.extras import describe_extras
from payi_transport.providers.shared.failures import Failing, find_failure
from payi_transport.providers.shared.json_values import decode
from payi_transport.providers.shared.merged_usage import fuller_usage
from payi_transport.providers.shared.raw_response import RawResponse
from payi_transport.values.event import ParsedResponse, Units

__all__ = ["map_transcription", "read_embeddings", "read_images", "read_speech", "read_transcription"]


class _Body(Failing):
    """A document, or an event of a stream."""

    id: Any = None
    model: Any = None
    usage: Any = None
    duration: Any = None
    quality: Any = None
    size: Any = None
    # The usage of another model, which writes SVG at a price of its own.
    svg_usage: Any = None
    # The vectors or images themselves. They can be large, so they are counted and never parsed.
    data: msgspec.Raw = msgspec.Raw(b"null")


class _Speech(msgspec.Struct):
    model: str = ""
    input: str = ""


_body = msgspec.json.Decoder(_Body)
_speech = msgspec.json.Decoder(_Speech)
_list = msgspec.json.Decoder(list[msgspec.Raw])
_Counts = Mapping[str, Any]


def read_embeddings(raw: RawResponse) -> ParsedResponse:
    """Read embeddings, as floats or base64. Only the prompt is billed."""
    body, usage, finished = _read_last(raw)
    return _make_response(body, map_total(usage), finished, describe_extras(None, find_extras(usage)))


def read_images(raw: RawResponse) -> ParsedResponse:
    """Read images: tokens if the model reports them, else (DALL-E) the number of images."""
    body, usage, finished = _read_last(raw)
    drawn = body.svg_usage if isinstance(body.svg_usage, dict) else {}
    extras = {"size": body.size, "quality": body.quality, **find_extras(usage), "svg_usage": drawn}
    # DALL-E reports no usage, or zeros behind LiteLLM's proxy, and is billed by the image, so the images in
    # the body are counted.
    units = _map_images(usage, 0 if raw.is_cut else _count_items(body.data))
    return _make_response(body, units, finished, describe_extras(None, extras))


def read_transcription(raw: RawResponse) -> ParsedResponse:
    """Read a transcription or translation: tokens, or seconds if the model is billed by duration."""
    body, usage, finished = _read_last(raw)
    # Older verbose transcriptions have no usage, but they state the duration of the recording.
    units = map_transcription(usage if any(_count_sides(usage)) else {"seconds": body.duration, **usage})
    return _make_response(body, units, finished, describe_extras(usage.get("service_tier"), {}))


def read_speech(raw: RawResponse) -> ParsedResponse:
    """Read speech: tokens if a stream reports them, else the characters of the request."""
    body, usage, finished = _read_last(raw)
    prompt, completion = _count_sides(usage)
    units = {} if prompt is None else {"text": Units(input=prompt)}
    if completion is not None:
        units["audio"] = Units(output=completion)
    # Mistral's voices may be spoken after a recording, whose length is all that it reports of it.
    extras = describe_extras(
        usage.get("service_tier"), {"prompt_audio_seconds": count(usage, "prompt_audio_seconds") or None}
    )
    # A response of speech is audio and says nothing of its cost unless it is streamed as events.
    if not (prompt or completion):
        units = _count_characters(raw.request_body) or units
    return _make_response(body, units, finished, extras)


def _read_last(raw: RawResponse) -> tuple[_Body, _Counts, bool]:
    """Return the last readable message, the last usage, and whether the response is complete."""
    last, usage, ended = _Body(), dict[str, Any](), False
    for _, data in raw.messages:
        body = decode(_body, data)
        if body is None:
            continue
        last = body
        # Image streams end in `.completed` and those of audio in `.done`.
        ended = ended or (isinstance(body.type, str) and body.type.endswith((".completed", ".done")))
        # Partial images come before the usage, so keep the last one that isn't empty. It is that of all
        # images: OpenAI streams one (n=1), and hosts that stream several, such as MiniMax, end with a sum.
        if isinstance(body.usage, dict):
            usage = fuller_usage(usage, body.usage)
    # A document has no type, and all that shows its end is that it was read to the end.
    streamed = isinstance(last.type, str)
    return last, usage, ended if streamed else raw.read_to_end


def _make_response(
    body: _Body, units: Mapping[str, Units], finished: bool, properties: Mapping[str, str] | None = None
) -> ParsedResponse:
    failure = find_failure(body)
    return ParsedResponse(
        model=body.model if isinstance(body.model, str) else None,
        response_id=body.id if isinstance(body.id, str) else None,
        units=units,
        failure=failure,
        finished=finished or failure is not None,
        properties=properties or {},
    )


def _map_images(usage: _Counts, made: int) -> dict[str, Units]:
    prompt, completion = count(usage, "input_tokens"), count(usage, "output_tokens")
    # Without a token on either side, the number of images is all that there is to bill.
    if made and not (prompt or completion):
        return {"image": Units(output=made)}
    units: dict[str, Units] = {}
    if prompt is not None:
        details = section(usage, "input_tokens_details")
        taken, text = take(
            prompt,
            {"text_cache_read": count(details, "cached_tokens"), "vision": count(details, "image_tokens")},
        )
        units = {name: Units(input=value) for name, value in {"text": text, **taken}.items()}
    if completion is not None:
        taken, image = take(
            completion, {"text": count(section(usage, "output_tokens_details"), "text_tokens")}
        )
        for name, value in {"image": image, **taken}.items():
            units[name] = Units(input=units[name].input if name in units else None, output=value)
    return units


def map_transcription(usage: _Counts) -> dict[str, Units]:
    """Return the units of a transcription: tokens, or seconds of audio."""
    seconds = _read_seconds(usage.get("seconds"))
    if seconds is not None:
        return {"audio": Units(input=seconds)}
    units: dict[str, Units] = {}
    prompt, completion = _count_sides(usage)
    seconds = _read_seconds(usage.get("prompt_audio_seconds"))
    if seconds is not None:
        # Mistral bills the recording by its length. The tokens of the prompt are those of its text.
        text = Units(input=prompt, output=completion)
        return {"audio": Units(input=seconds), **({} if text == Units() else {"text": text})}
    if prompt is not None:
        # Transcription spells this field in the singular, unlike OpenAI's images and responses.
        details = section(usage, "input_token_details", "input_tokens_details")
        # What no detail accounts for is audio here rather than text, because the prompt is a recording.
        taken, audio = take(prompt, {"text": count(details, "text_tokens")})
        units = {name: Units(input=value) for name, value in {"audio": audio, **taken}.items()}
    if completion is not None:
        units["text"] = Units(input=units["text"].input if "text" in units else None, output=completion)
    return units


def _count_sides(usage: _Counts) -> tuple[int | None, int | None]:
    """Return the tokens in and out. Mistral's audio APIs have the names that chat completions have."""
    return count(usage, "input_tokens", "prompt_tokens"), count(usage, "output_tokens", "completion_tokens")


def _count_items(data: msgspec.Raw) -> int:
    items = decode(_list, data)
    return len(items) if items else 0


def _read_seconds(value: Any) -> int | None:
    """Return seconds rounded the way they are billed, to the nearest. Older responses use a string."""
    try:
        seconds = float(value)
    except (TypeError, ValueError, OverflowError):
        return None
    # round() would round half to even, and so bill 2.5 seconds as 2. The bound rejects infinity and NaN as
    # well.
    return int(seconds + 0.5) if 0 <= seconds < 1e9 else None


def _count_characters(request: bytes) -> dict[str, Units]:
    speech = decode(_speech, request) or _Speech()
    # Only the `tts-` models are billed by characters; for newer ones, a count of characters would be priced
    # as tokens.
    return {"text": Units(input=len(speech.input))} if speech.model.startswith("tts-") else {}
