"""A URL as text is taken apart as the table of routes wants it."""

from __future__ import annotations

import pytest

from payi_transport.hooks.urls import get_target, split_url


@pytest.mark.parametrize(
    ("url", "parts"),
    [
        ("https://h.test/a/b%3A0/c", ("https", "h.test", None, "/a/b%3A0/c")),
        ("https://H.Test/a?b=/c://d", ("https", "h.test", None, "/a")),
        ("http://127.0.0.1:8080/a", ("http", "127.0.0.1", 8080, "/a")),
        ("http://h.test:80/", ("http", "h.test", None, "/")),
        ("https://h.test:443", ("https", "h.test", None, "")),
        ("https://h.test:80/", ("https", "h.test", 80, "/")),
        ("https://h.test:/a", ("https", "h.test", None, "/a")),
        ("http://[::1]/a", ("http", "::1", None, "/a")),
        ("http://[::1]:8080/a", ("http", "::1", 8080, "/a")),
        ("https://h.test?a=b", ("https", "h.test", None, "")),
        ("https://user:p%40ss@h.test:8080/a", ("https", "h.test", 8080, "/a")),
        ("https://h.test/a#b?c", ("https", "h.test", None, "/a")),
        ("", ("", "", None, "")),
    ],
)
def test_a_url_is_split(url: str, parts: tuple[str, str, int | None, str]) -> None:
    assert split_url(url) == parts


def test_an_invalid_port_is_an_error() -> None:
    with pytest.raises(ValueError, match="invalid literal"):
        split_url("http://h.test:port/")


@pytest.mark.parametrize(
    ("url", "target"),
    [
        ("https://h.test/a%3A0/b?c=d&e#f", "/a%3A0/b?c=d&e"),
        ("https://h.test//a", "//a"),
        ("https://h.test/a?", "/a"),
    ],
)
def test_a_target_is_what_is_sent_of_a_url(url: str, target: str) -> None:
    assert get_target(url) == target
