"""Values in errors: on one line, without secrets, and not endlessly long."""

from __future__ import annotations

from pathlib import PurePosixPath

import pytest

from payi_transport.values.shown import has_password, is_secret_name, show, show_whole


@pytest.mark.parametrize(
    ("value", "name", "shown"),
    [
        ("batch", "mode", "'batch'"),
        ("a\nb", None, r"'a\nb'"),
        ("hunter2", "password", "'<removed>'"),
        ("", "token", "''"),
        (["https://hooks.test/x"], "webhook", "'<removed>'"),
        ({"user": "a", "password": "x", "rows": [{"token": 7}]}, None,
         "{'user': 'a', 'password': <removed>, 'rows': [{'token': <removed>}]}"),
        ({"https://u:hunter2@h": {}, 3: None}, None, "{'https://h': {}, 3: None}"),
        ("Bearer sk-abcdefghijklmnop", None, "'<removed>'"),
        ("x" * 1000, None, f"'{'x' * 199}…"),
        ({"signature": ["a", "b"]}, None, "{'signature': <removed>}"),
        (("https://h/?k=v", "a\tsk-abcdefghijklmnop"), None, r"('https://h/', 'a\t<removed>')"),
        ({"Bearer sk-abcdefghijklmnop"}, None, "{'<removed>'}"),
    ],
)  # fmt: skip
def test_a_value_is_shown_without_secrets(value: object, name: str | None, shown: str) -> None:
    assert show(value, name) == shown


@pytest.mark.parametrize(
    "value",
    [
        *("?", "a?", "What?\nNo", "??", "#", "@", "%", "'", '"', "'?'", "", " ", "key=", "token:", "://"),
        *(b"?", b"key=", 0, None, True, 1.5, [], (), ("a?",), ("key=", "b"), ["a?", "b"], {"a?"}, set()),
        *({"a?": "b?"}, {}, {"a": {"b": ["?"]}}, {3: ("?", 7)}, PurePosixPath("a?")),
    ],
)  # fmt: skip
def test_a_value_without_secrets_is_shown_as_its_repr(value: object) -> None:
    assert show(value) == show_whole(value) == repr(value)


def test_a_value_is_shown_whole_where_there_is_room() -> None:
    assert show_whole(["x" * 1000]) == repr(["x" * 1000])


@pytest.mark.parametrize(
    "name",
    ["key", "api_key", "apiKey", "X-Api-Key", "OPENAI_API_KEY", "auth", "accessToken", "jwt", "Pwd"],
)  # fmt: skip
def test_names_of_secrets_are_recognized(name: str) -> None:
    assert is_secret_name(name)


@pytest.mark.parametrize(
    "name", ["monkey", "credentials_file", "nkey_file", "tokens_per_hour", "author", 7, None]
)
def test_other_names_are_not(name: object) -> None:
    assert not is_secret_name(name)


def test_an_address_has_a_password_or_not() -> None:
    assert has_password("nats://user:pass@host")
    assert has_password("nats://user:a:b@host")
    assert not any(map(has_password, ["https://host/a:b@c", "user@host", "https://user@host", "a:b"]))


@pytest.mark.parametrize(("length", "end"), [(198, "x'"), (199, "x…")])
def test_a_text_of_two_hundred_characters_is_shown_whole(length: int, end: str) -> None:
    shown = show("x" * length)
    assert shown.endswith(end)
    assert len(shown) == (200 if length == 198 else 201)
