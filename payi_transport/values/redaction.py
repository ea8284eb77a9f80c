"""Take secrets out of texts that somebody else wrote: exceptions, header values, addresses.

An exception of an HTTP library or a middleware may quote a URL, a header or a key, in any form. No pattern
recognizes every secret, so the patterns here err on the side of removing too much: a description that lost a
harmless word is still useful. All patterns run in linear time, because the text may be long and hostile.
"""

from __future__ import annotations

import re

from payi_transport.values.patterns import lazy_compile

__all__ = ["cut_urls", "is_code", "is_secret_header", "remove_keys", "remove_secrets", "remove_tokens"]

_REMOVED = "<removed>"

# A query reaches to the next space. It may be percent-encoded, once or more, where a URL quotes a URL. None
# begins where only what closes a quote or a sentence follows.
_QUERY = lazy_compile(r"(?:(?<!\?)\?|%(?:25){0,8}3[Ff])(?!\?*[\"')\]}>.,;:!]*(?:\s|$))\S+")
# The part of a URL before its host. It ends at a slash, which is encoded where the URL is, so no two of these
# share a part of the text.
_USERINFO = lazy_compile(
    r"((?::|%3[Aa])//)[^\s/]*(?:@|%40)|((?::|%3[Aa])%2[Ff]%2[Ff])(?:[^\s/%]|%(?!2[Ff]))*(?:@|%40)"
)
# The same without a scheme, `user:password@host`: what is in front of a host, and where a name in it begins.
# In one pattern, each name in a text without a host would be tried up to the end of the text.
_BEFORE_HOST = lazy_compile(r"(?<![^\s/@])[^\s/@]+@(?=[\w\[])")
_BARE_USERINFO = lazy_compile(r"(?<![\w.%+:-])[\w.%+-]+:[^@].*", re.DOTALL)

# `Authorization: Bearer xyz`, with or without the name. Other schemes are ordinary words, too ("basic
# support"), so what follows them must look unlike a word.
_SCHEME = lazy_compile(
    r"(?i:\bbearer)[\s:]+[^\s,;\"'<\\]+"
    r"|(?i:\b(?:basic|token|digest|negotiate|apikey|aws4-hmac-sha256))\s+(?=[\w+/-]*[\d=A-Z])[\w.~+/=-]{6,}"
)
# `api_key=xyz`, `"client_secret": "xyz"`, `X-Api-Key: xyz`: a name that ends in one of these words.
_NAMED = lazy_compile(
    r"((?i:(?:(?:api|access|account|auth|client|encryption|functions?|master|private|secret|shared|signing"
    r"|subscription)[-_ ]?key(?:[-_ ]?id)?|token|secret|passw(?:or)?d|passphrase|pwd|credentials?|signature"
    r"|authorization|cookie|session[-_ ]?id|\b(?:key|sig|auth|pass|pw|jwt|code)))"
    r"(?:\\?[\"'])?[ \t]{0,2}(?:=>?|:|%3D)[ \t]{0,2})"
    r"(?:b?\\?\"[^\"]*\"?|b?\\?'[^']*'?|(?i:(?:bearer|basic|token|digest)[ ]+)?[^\s,;&\"')}\]<]+)"
)
# Keys that are recognizable by themselves: the prefixes of providers and clouds, and JSON web tokens.
_SHAPED = lazy_compile(
    r"\b(?:(?:sk|pk|rk|gsk|hf|xai|pplx|nvapi|fw|tgp|csk|r8|key|jina|voyage|payi|lsv2|ghp|gho|ghs|ghu|glpat|npm"
    r"|xox[abeprs]|whsec|github_pat)[-_](?:\w[\w-]*)?\w"
    r"|dapi[0-9a-f]{8,}[\w-]*|pa-[\w-]{12,}|AIza[\w-]{8,}|(?:AKIA|ASIA)[A-Z0-9]{8,}|ya29\.[\w.-]+"
    r"|eyJ[\w-]{8,}[\w.-]*)"
)
# Anything else that long, of letters and digits, is a key or a hash.
_LONG = lazy_compile(r"(?<![\w-])(?=[A-Za-z]*\d)(?=\d*[A-Za-z])[A-Za-z0-9]{32,}={0,2}(?![\w-])")
_BASE64 = lazy_compile(r"(?<![\w+/=-])(?=[\w+/-]*[\d+=])[\w+/]{40,}={1,2}")

_SECRET_NAME = lazy_compile(
    r"(?:.*[-_.])?(?:token|secret|passw(?:or)?d|cookie2?|signature|credentials?|authorization|authenticate"
    r"|authentication-info|(?:api|access|subscription|private|encryption|functions|account|master)[-_]?key"
    r"|apikey|session(?:[-_]?id)?|auth|jwt)"
)
# A name, a number, or a code, as providers write them. Words in a row or in other scripts may be content.
_CODE = lazy_compile(r"[\w./:#-]{1,100}", re.ASCII)


def is_code(text: str) -> bool:
    """Return whether a text of a provider is one that may be told where content may not."""
    return _CODE.fullmatch(text) is not None


def cut_urls(text: str) -> str:
    """Return `text` without the queries and the userinfo of the URLs in it."""
    if "?" not in text and "@" not in text and "%" not in text:
        return text
    text = _USERINFO.sub(r"\1\2", _QUERY.sub("", text))
    return _BEFORE_HOST.sub(lambda found: _BARE_USERINFO.sub("", found[0]), text)


def remove_secrets(text: str) -> str:
    """Return `text` with `<removed>` in place of everything that looks like a credential.

    Queries and userinfo of URLs are cut without a trace.
    """
    text = remove_tokens(cut_urls(text))
    return _BASE64.sub(_REMOVED, _LONG.sub(_REMOVED, text))


def remove_tokens(text: str) -> str:
    """Return `text` with `<removed>` for what its name or form says is a credential, but not for long ids."""
    return remove_keys(_NAMED.sub(rf"\1{_REMOVED}", text))


def remove_keys(text: str) -> str:
    """Return JSON with `<removed>` for what its form says is a key. It stays JSON: strings stay strings."""
    return _SHAPED.sub(_REMOVED, _SCHEME.sub(_REMOVED, text))


def is_secret_header(name: str) -> bool:
    """Return whether a header (lower-case name) carries a credential, judged by its name."""
    return _SECRET_NAME.fullmatch(name) is not None
