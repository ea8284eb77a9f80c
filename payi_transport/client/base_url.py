"""Check the address of Pay-i when it is set, not when the first request fails.

Every request appends its path to this address, so a query, a fragment or a path that ends in the API's own
`/api/v1` would send all of them to the wrong place.
"""

from __future__ import annotations

import re
from urllib.parse import urlsplit

from payi_transport.errors import PayiConfigError
from payi_transport.routing.hosts import parse_host
from payi_transport.values.patterns import lazy_compile
from payi_transport.values.redaction import remove_secrets

__all__ = ["check_base_url"]

_SCHEMES = ("https", "http")
_API_PATH = lazy_compile(r"/api(/v1(/.*)?)?/*", re.IGNORECASE)
# Clients resolve dots, gateways merge double slashes, and an encoded `?` or `#` ends the path where it is
# decoded.
_ODD_PATH = lazy_compile(r"[\s\\]|//|%3f|%23|/\.{1,2}(/|$)", re.IGNORECASE)


def check_base_url(url: str, name: str) -> str:
    """Return `url` without white space around it. Raises PayiConfigError, which calls the setting `name`."""
    problem = _find_problem(url.strip())
    if problem is not None:
        raise PayiConfigError(
            f"{name}: expected an address such as https://host or https://host/path, got"
            f" {remove_secrets(url)!r}, {problem}"
        )
    return url.strip()


def _find_problem(url: str) -> str | None:
    """Return what is wrong with an address, without quoting it: a query may hold a key."""
    try:
        # `parse_host` accepts more than a URL, such as a bare host, so what is missing is checked one by
        # one below.
        scheme = urlsplit(url).scheme.lower()
        parse_host(url)
    except ValueError:
        return "which is not a URL"
    if scheme not in _SCHEMES or "://" not in url:
        return "which has no https://"
    # Search the text rather than the parsed parts: an empty query or fragment is not in them, but spoils
    # the address as well.
    if "?" in url:
        return "which has a query; default_query of Payi adds one to every request"
    if "#" in url:
        return "which has a fragment"
    path = urlsplit(url).path
    if _ODD_PATH.search(path):
        return "whose path can't be extended with /api/v1/ingest"
    return "which ends in a path of the API, and that is added to it" if _API_PATH.fullmatch(path) else None
