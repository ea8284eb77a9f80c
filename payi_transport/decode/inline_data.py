r"""Replace images, audio, files, and vectors in a recorded body with a placeholder, to keep events small.

Inline data is base64 in a string of the JSON. It is found with regular expressions on the text, without
parsing it. That leaves every other byte as it was sent, and works on a body that was cut off, whose last
string has no closing quote.

JSON's escaping makes this sound. Inside a string every quote is escaped, so an unescaped quote followed by a
field's name is that field, and whatever a user writes about `"b64_json"` in a prompt doesn't match. The
patterns check this with `"(?<!\\")`, a quote without a backslash before it.

Each byte is looked at a bounded number of times. Quantifiers over data are possessive (`*+`), so a match that
fails at its end doesn't backtrack, and every pattern starts at a quote that data can't contain. Nearly all
bodies hold no inline data, and one cheap search per body finds that out.

Data is recognized in two ways. A string of at least 512 characters that consists of base64 alone is data,
whatever its field is called, unless the field is known to hold something else, such as a signature. Shorter
strings are data if they are data URLs, or in a field that an API documents as base64.
"""

from __future__ import annotations

import re
from typing import Final

from payi_transport.values.patterns import compile_possessive, lazy_compile

__all__ = ["MIN_DATA_LENGTH", "NOT_INSTRUMENTED", "strip_inline_data"]

NOT_INSTRUMENTED: Final = b"<not_instrumented>"

# Base64 in both alphabets, as JSON may write it: some servers escape `/`, `+` and `=`, others break lines.
_PLAIN = rb"[A-Za-z0-9+/=_\-\r\n]"
_BASE64 = rb"%b*+(?:\\(?:[/rn]|u00[0-9A-Fa-f]{2})%b*+)*+" % (_PLAIN, _PLAIN)
# A closing quote that doesn't end a field's name, or the end of a body that was cut off.
_END = rb'(?P<end>"(?!\s*:)|\\?\Z)'
# A whole string.
_STRING = rb'"[^"\\]*+(?:\\.[^"\\]*+)*+"'

# A byte of base64, or of an escape in it.
_BASE64_BYTE = rb"[A-Za-z0-9+/=_\-\r\n\\]"
# From this length on, a string of base64 alone is data. Ids, hashes and keys are shorter, and images that are
# shorter too are icons.
MIN_DATA_LENGTH = 512
# Fields that may hold strings as long that aren't data: signatures, encrypted reasoning, ids.
_OPAQUE = (
    rb"(?:signature|thought_?[sS]ignature|encrypted_[a-z]{1,20}|redactedContent|(?:[a-z]{1,20}_)?id)"
    rb'"\s*:\s*"'
)
# Data of this length has a lower-case letter, an upper-case letter and a digit near its beginning. A string
# that lacks one of them is hex, a long number, or a ruler of dashes.
_MIXED = rb'(?=[^"a-z]*+[a-z])(?=[^"A-Z]*+[A-Z])(?=[^"0-9]*+[0-9])'
# Opaque fields are matched first and put back unchanged: that way their data is skipped, not found again.
_LONG = compile_possessive(
    rb'"(?<!\\")(?:%b|(?=%b{%d})%b%b%b)' % (_OPAQUE, _BASE64_BYTE, MIN_DATA_LENGTH, _MIXED, _BASE64, _END)
)
# That search is expensive, so it is only made if the body holds a long enough run of base64 bytes. Looking at
# every eighth byte is faster and never misses a run.
_STRIDE = 8
_RUN = b"\1" * (MIN_DATA_LENGTH // _STRIDE)
_IS_BASE64 = bytes(bool(re.match(_BASE64_BYTE, bytes([code]))) for code in range(256))

# A string that is a data URL with base64, as in `image_url` and `file_data`.
_DATA_URL = compile_possessive(
    rb'(?P<head>"(?<!\\"))(?i:data):(?:[^",\\]|\\.){0,200};(?i:base64),%b(?:%%[0-9A-Fa-f]{2}%b)*+%b'
    % (_BASE64, _BASE64, _END)
)
# Fields that only ever hold base64. Source: the API references of OpenAI, Google and AWS.
_BASE64_FIELD = compile_possessive(
    rb'(?P<head>"(?<!\\")(?:b64_json|base64String|bytesBase64Encoded|file_data|imageBytes|partial_image_b64'
    rb'|(?:condition|input|mask|reference|source)Image)"\s*:\s*")%b%b' % (_BASE64, _END)
)
# Images, documents, and videos of Bedrock's Converse API.
_SOURCE_BYTES = compile_possessive(
    rb'(?P<head>"(?<!\\")source"\s*:\s*\{\s*"bytes"\s*:\s*")%b%b' % (_BASE64, _END)
)
# Fields that hold base64 in some objects and short words or checksums in others: an image call's `result`, a
# response's `audio.data`, a vector, an `image` of Nova's and Stability's. Here base64 has at least 64
# characters.
_LONG_BASE64 = compile_possessive(
    rb'(?P<head>"(?<!\\")(?:audio|base64|data|embedding|image|init_image|input_audio|mask|result)"\s*:\s*")'
    rb'(?![0-9A-Fa-f]*+")(?=[^"]{64})%b%b' % (_BASE64, _END)
)
# Parts of a message, whose data may be short. Google and OpenAI write them.
_OBJECT_DATA = compile_possessive(
    rb'(?P<head>"(?<!\\")(?:audio|input_audio|inlineData|inline_data)"\s*:\s*\{(?:[^{}"]|%b)*?"data"\s*:\s*")%b%b'
    % (_STRING, _BASE64, _END),
    re.DOTALL,
)
# Events that stream audio. In any other event, a delta is text, even if it looks like base64.
_AUDIO_EVENT = lazy_compile(rb'"(?<!\\")type"\s*:\s*"(?:[a-z_.]*[._])?audio\.delta"')
_AUDIO_DELTA = compile_possessive(rb'(?P<head>"(?<!\\")(?:delta|audio)"\s*:\s*")%b%b' % (_BASE64, _END))

# Lists of images that a model takes or returns, and an item of such a list.
_IMAGES = compile_possessive(
    rb'"(?<!\\")images"\s*:\s*\[(?:\s*"%b"\s*,)*+(?:\s*"%b%b)?' % (_BASE64, _BASE64, _END)
)
_IMAGE = compile_possessive(rb'"(?=[^"]{64})%b%b' % (_BASE64, _END))

# The beginning of everything above. A body without any of it, as nearly all are, is searched only once.
# Escaped quotes match too; the patterns themselves rule them out.
_BEGINNING = lazy_compile(
    rb'"(?:b(?:64_json|ase64|ase64String|ytes|ytesBase64Encoded)|[dD][aA][tT][aA]|conditionImage|embedding'
    rb"|file_data"
    rb"|i(?:mage|mageBytes|mages|nit_image|nputImage|nput_audio)|mask|maskImage|partial_image_b64"
    rb'|re(?:ferenceImage|sult)|sourceImage|audio|type"\s*:\s*"(?:[a-z_.]*[._])?audio\.delta)[":]'
)

_PATTERNS = (_DATA_URL, _BASE64_FIELD, _SOURCE_BYTES, _OBJECT_DATA, _LONG_BASE64)


def strip_inline_data(body: bytes) -> bytes:
    """Return a body of JSON with `<not_instrumented>` in place of each piece of inline data."""
    if len(body) > MIN_DATA_LENGTH and _RUN in body[::_STRIDE].translate(_IS_BASE64):
        body = _LONG.sub(_replace_long, body)
    if _BEGINNING.search(body) is None:
        return body
    for pattern in _PATTERNS:
        body = pattern.sub(rb"\g<head>%b\g<end>" % NOT_INSTRUMENTED, body)
    body = _IMAGES.sub(lambda images: _IMAGE.sub(rb'"%b\g<end>' % NOT_INSTRUMENTED, images[0]), body)
    if _AUDIO_EVENT.search(body):
        body = _AUDIO_DELTA.sub(rb"\g<head>%b\g<end>" % NOT_INSTRUMENTED, body)
    return body


def _replace_long(match: re.Match[bytes]) -> bytes:
    # Only a match of data has an end; an opaque field has none.
    return match[0] if match["end"] is None else b'"%b%b' % (NOT_INSTRUMENTED, match["end"])
