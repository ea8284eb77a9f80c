"""Leaving images, audio and files out of a recorded body: base64 that stands in it is replaced by a word.

Works on the JSON text, so nothing is parsed and the rest stays as on the wire. Inside a text of the JSON
every quote is escaped, so what users write about data URLs is not taken for one. Of a body that was cut, the
last piece has no quote behind it. No pattern looks at a byte more than a few times.

A long string of nothing but base64 is data whatever its field is called; names are for what is shorter.
"""

from __future__ import annotations

import re
from typing import Final

__all__ = ["NOT_INSTRUMENTED", "strip_inline_data"]

NOT_INSTRUMENTED: Final = b"<not_instrumented>"

# Base64 in both alphabets, as JSON writes it: some servers escape `/`, `+` and `=`, some break lines.
_PLAIN = rb"[A-Za-z0-9+/=_\-\r\n]"
_BASE64 = rb"%b*+(?:\\(?:[/rn]|u00[0-9A-Fa-f]{2})%b*+)*+" % (_PLAIN, _PLAIN)
_END = rb'(?P<end>"(?!\s*:)|\\?\Z)'
_TEXT = rb'"[^"\\]*+(?:\\.[^"\\]*+)*+"'

# A byte of base64 or of an escape in it.
_WRITTEN = rb"[A-Za-z0-9+/=_\-\r\n\\]"
# A string of base64 alone is data from this many characters on: ids, hashes and keys are shorter, and the
# images that are shorter too are icons.
_SURE = 512
# What is as long and is no image, audio or file: signatures, encrypted reasoning and ids, vectors.
_OPAQUE = (
    rb"(?:signature|thought_?[sS]ignature|encrypted_[a-z]{1,20}|redactedContent|embedding|(?:[a-z]{1,20}_)?id)"
    rb'"\s*:\s*"|base64"\s*:\s*\[[^\]]*+'
)
# In data each of these is seen soon. What lacks one is hex, a number, a line of signs.
_MIXED = rb'(?=[^"a-z]*+[a-z])(?=[^"A-Z]*+[A-Z])(?=[^"0-9]*+[0-9])'
_LONG = re.compile(rb'"(?<!\\")(?:%b|(?=%b{%d})%b%b%b)' % (_OPAQUE, _WRITTEN, _SURE, _MIXED, _BASE64, _END))
# In so long a run every eighth byte is one of those too, which is told several times as fast.
_APART = 8
_RUN = b"\1" * (_SURE // _APART)
_HAS = bytes(bool(re.match(_WRITTEN, bytes([code]))) for code in range(256))

# A string that is a data URL with base64 in it, as in `image_url` and `file_data`.
_DATA_URL = re.compile(
    rb'(?P<head>"(?<!\\"))(?i:data):(?:[^",\\]|\\.){0,200};(?i:base64),%b(?:%%[0-9A-Fa-f]{2}%b)*+%b'
    % (_BASE64, _BASE64, _END)
)
# Fields that hold base64 and nothing else. Source: the API references of OpenAI, Google and AWS.
_BASE64_FIELD = re.compile(
    rb'(?P<head>"(?<!\\")(?:b64_json|base64String|bytesBase64Encoded|file_data|imageBytes|partial_image_b64'
    rb'|(?:condition|input|mask|reference|source)Image)"\s*:\s*")%b%b' % (_BASE64, _END)
)
# AWS's images, documents and videos.
_SOURCE_BYTES = re.compile(rb'(?P<head>"(?<!\\")source"\s*:\s*\{\s*"bytes"\s*:\s*")%b%b' % (_BASE64, _END))
# Fields that hold base64 in some objects (an image call's `result`, an answer's `audio.data`, an `image` of
# Nova's and Stability's) and short words or a checksum in others.
_LONG_BASE64 = re.compile(
    rb'(?P<head>"(?<!\\")(?:audio|base64|data|image|init_image|input_audio|mask|result)"\s*:\s*")'
    rb'(?![0-9A-Fa-f]*+")(?=[^"]{64})%b%b' % (_BASE64, _END)
)
# Google's parts of a message may be short, too.
_OBJECT_DATA = re.compile(
    rb'(?P<head>"(?<!\\")(?:audio|input_audio|inlineData|inline_data)"\s*:\s*\{(?:[^{}"]|%b)*?"data"\s*:\s*")%b%b'
    % (_TEXT, _BASE64, _END),
    re.DOTALL,
)
# Elsewhere a delta is text, which may look like base64.
_AUDIO_EVENT = re.compile(rb'"(?<!\\")type"\s*:\s*"(?:[a-z_.]*[._])?audio\.delta"')
_AUDIO_DELTA = re.compile(rb'(?P<head>"(?<!\\")(?:delta|audio)"\s*:\s*")%b%b' % (_BASE64, _END))

# Lists of what image models take and make, and an item of one.
_IMAGES = re.compile(rb'"(?<!\\")images"\s*:\s*\[(?:\s*"%b"\s*,)*+(?:\s*"%b%b)?' % (_BASE64, _BASE64, _END))
_IMAGE = re.compile(rb'"(?=[^"]{64})%b%b' % (_BASE64, _END))

# How each of these begins, an escaped quote or not. Nearly every body has none of it, and is looked at once.
_BEGINNING = re.compile(
    rb'"(?:b(?:64_json|ase64|ase64String|ytes|ytesBase64Encoded)|[dD][aA][tT][aA]|conditionImage|file_data'
    rb"|i(?:mage|mageBytes|mages|nit_image|nputImage|nput_audio)|mask|maskImage|partial_image_b64"
    rb'|re(?:ferenceImage|sult)|sourceImage|audio|type"\s*:\s*"(?:[a-z_.]*[._])?audio\.delta)[":]'
)

_PATTERNS = (_DATA_URL, _BASE64_FIELD, _SOURCE_BYTES, _OBJECT_DATA, _LONG_BASE64)


def strip_inline_data(body: bytes) -> bytes:
    """`body`, JSON as it was sent, with `<not_instrumented>` for each piece of inline data."""
    if len(body) > _SURE and _RUN in body[::_APART].translate(_HAS):
        body = _LONG.sub(_replace_long, body)
    if _BEGINNING.search(body) is None:
        return body
    for pattern in _PATTERNS:
        body = pattern.sub(rb"\g<head>%b\g<end>" % NOT_INSTRUMENTED, body)
    body = _IMAGES.sub(lambda images: _IMAGE.sub(rb'"%b\g<end>' % NOT_INSTRUMENTED, images[0]), body)
    if _AUDIO_EVENT.search(body):
        body = _AUDIO_DELTA.sub(rb"\g<head>%b\g<end>" % NOT_INSTRUMENTED, body)
    return body


def _replace_long(found: re.Match[bytes]) -> bytes:
    return found[0] if found["end"] is None else b'"%b%b' % (NOT_INSTRUMENTED, found["end"])
