"""Context headers are made, found among others, and removed unless they are signed."""

from __future__ import annotations

from typing import Any

import pytest

from payi_transport import create_headers, create_limit_header_from_ids
from payi_transport.context.fields import ROWS
from payi_transport.context.frame import Frame
from payi_transport.context.headers import find_own_headers, find_removable_headers, write_proxied_headers
from payi_transport.values.headers import Headers, pack_headers


def test_the_headers_are_those_of_the_api() -> None:
    assert create_headers(
        limit_ids=["a", "b"],
        user_id="u",
        account_name="acme",
        use_case_id="7",
        use_case_name="bot",
        use_case_version=3,
        use_case_step="draft",
        use_case_properties={"b": "2"},
        request_properties={"a": 1, "none": None},
        price_as_category="c",
        price_as_resource="r",
        resource_scope="region.eu",
        log_prompt_and_response=False,
        request_tags=["t"],
    ) == {
        "xProxy-Limit-IDs": "a,b",
        "xProxy-User-ID": "u",
        "xProxy-Account-Name": "acme",
        "xProxy-UseCase-ID": "7",
        "xProxy-UseCase-Name": "bot",
        "xProxy-UseCase-Version": "3",
        "xProxy-UseCase-Step": "draft",
        "xProxy-UseCase-Properties": '{"b":"2"}',
        "xProxy-Request-Properties": '{"a":"1"}',
        "xProxy-PriceAs-Category": "c",
        "xProxy-PriceAs-Resource": "r",
        "xProxy-Resource-Scope": "region.eu",
        "xProxy-Logging-Disable": "True",
        "xProxy-Request-Tags": "t",
    }
    assert create_limit_header_from_ids(limit_ids=[" a ", "b", " "]) == {"xProxy-Limit-IDs": "a,b"}


@pytest.mark.parametrize("limit_ids", ["budget", {"budget": 1}, 3, ["budget", None]])
def test_limits_that_are_not_a_list_are_an_error_at_once(limit_ids: Any) -> None:
    with pytest.raises(TypeError, match=r"limit_ids: expected a list of strings, got .*"):
        create_limit_header_from_ids(limit_ids=limit_ids)
    with pytest.raises(TypeError, match="request_tags"):
        create_headers(request_tags=limit_ids)


@pytest.mark.parametrize("name", ["request_properties", "use_case_properties"])
def test_properties_that_are_not_a_dict_are_an_error_at_once(name: str) -> None:
    wrong: dict[str, Any] = {name: ["tier"]}
    with pytest.raises(TypeError, match=rf"{name}: expected a dict, got \['tier'\]"):
        create_headers(**wrong)


def test_pay_is_headers_are_found_in_any_case() -> None:
    plain: Headers = (b"accept", b"xProxy-User-ID", b"x-stainless-os", b"Linux")
    assert find_own_headers(plain) == frozenset()
    assert find_own_headers((*plain, b"not-xproxy-user-id", b"")) == frozenset()
    for name in (b"xProxy-User-ID", b"XPROXY-API-KEY", b"xproxy-anything"):
        assert find_own_headers((*plain, name, b"v", name, b"w")) == {name.lower()}
        # The form in which httpx keeps them.
        packed = pack_headers([(b"A", b"a", b"xproxy-"), (name, name.lower(), b"v")])
        assert find_own_headers(packed) == find_removable_headers(packed) == {name.lower()}
    assert find_own_headers(pack_headers([(b"A", b"a", b"xproxy-")])) == frozenset()
    assert find_own_headers(pack_headers([(b"A", b"a", b"1")])) == frozenset()


SIGNATURE = b"AWS4-HMAC-SHA256 Credential=AK/x, SignedHeaders=host;xproxy-user-id, Signature=f"


@pytest.mark.parametrize(
    ("authorization", "removable"),
    [
        (SIGNATURE, {b"xproxy-account-name"}),
        (SIGNATURE.replace(b", ", b","), {b"xproxy-account-name"}),
        (SIGNATURE.replace(b"xproxy-user-id", b"date"), {b"xproxy-user-id", b"xproxy-account-name"}),
        (b"Bearer key", {b"xproxy-user-id", b"xproxy-account-name"}),
    ],
)
def test_signed_headers_are_not_removed(authorization: bytes, removable: set[bytes]) -> None:
    own: Headers = (b"xProxy-User-ID", b"u", b"xProxy-Account-Name", b"a")
    plain: Headers = (b"Accept", b"*/*", b"Authorization", authorization)
    assert find_removable_headers(plain + own) == removable
    assert find_removable_headers(own) == {b"xproxy-user-id", b"xproxy-account-name"}
    assert find_removable_headers(plain) == frozenset()


def test_an_argument_without_a_header_is_an_error_that_says_what_is_accepted() -> None:
    wrong: dict[str, Any] = {"user_id": "u", "proxy": True, "usecase_name": "x"}
    with pytest.raises(TypeError) as raised:
        create_headers(**wrong)
    got = "create_headers() got an unexpected keyword argument 'proxy', 'usecase_name'"
    assert str(raised.value).startswith(f"{got}; accepted: account_name, ")


def test_a_frame_goes_to_the_proxy_with_a_hash_in_place_of_the_user_where_that_is_configured() -> None:
    frame = Frame(user_id="ada", hash_user_ids=True, use_case_version=0, log_prompt_and_response=True)
    assert write_proxied_headers(frame) == {
        "xProxy-User-ID": "sha256-fdee430d40bd57deeac186cd9790033d",
        "xProxy-UseCase-Version": "0",
    }
    assert write_proxied_headers(Frame()) == {}


@pytest.mark.parametrize(
    ("values", "headers"),
    [
        ({"user_id": None, "limit_ids": None}, {}),
        ({"user_id": "", "limit_ids": []}, {"xProxy-User-ID": "", "xProxy-Limit-IDs": ""}),
        ({"use_case_version": 0}, {"xProxy-UseCase-Version": "0"}),
        ({"use_case_version": "two"}, {"xProxy-UseCase-Version": "two"}),
    ],
)
def test_only_values_that_are_set_have_a_header(values: dict[str, Any], headers: dict[str, str]) -> None:
    assert create_headers(**values) == headers


def test_the_error_names_every_field_that_has_a_header() -> None:
    wrong: dict[str, Any] = {"proxy": True}
    with pytest.raises(TypeError) as raised:
        create_headers(**wrong)
    accepted = ", ".join(sorted(set(ROWS) - {"proxy"}))
    assert str(raised.value).partition("; ")[2] == f"accepted: {accepted}"
