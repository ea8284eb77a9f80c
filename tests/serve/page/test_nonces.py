"""Only what a template itself holds gets a nonce."""

from __future__ import annotations

import re
from types import SimpleNamespace

import httpx
import pytest

pytest.importorskip("nicegui", reason="the extra serve is not installed")

from jinja2 import DictLoader, Environment

from payi_transport.serve.page.nonces import add_nonces
from payi_transport.serve.security import NONCE

REQUEST = SimpleNamespace(scope={NONCE: "n1"})


def test_scripts_and_styles_of_a_template_get_the_nonce_and_texts_do_not() -> None:
    source = (
        '<script type="module"></script><style></style><scripted>{{ text | safe }}<p style="display: none">'
    )
    environment = Environment(loader=DictLoader({"page": source}), autoescape=True)
    add_nonces(environment)
    made = environment.get_template("page").render(request=REQUEST, text="<script>alert(1)</script>")
    assert made == (
        '<script nonce="n1" type="module"></script><style nonce="n1"></style><scripted>'
        "<script>alert(1)</script><p hidden>"
    )


def test_templates_without_a_loader_stay_as_they_are() -> None:
    environment = Environment(autoescape=True)
    add_nonces(environment)
    assert environment.loader is None


@pytest.mark.parametrize("path", ["/", "/calls", "/nowhere"])
def test_a_page_allows_its_own_scripts_alone_and_no_eval(empty: str, path: str) -> None:
    responses = [httpx.get(empty + path, timeout=30) for _ in range(2)]
    nonces = set()
    for response in responses:
        policy = response.headers["content-security-policy"]
        [nonce] = set(re.findall("'nonce-([^']+)'", policy))
        nonces.add(nonce)
        assert "unsafe" not in policy and "*" not in policy and policy.startswith("default-src 'none'")
        assert set(re.findall(r'<(?:script|style) nonce="([^"]+)"', response.text)) == {nonce}
        inline = re.findall(r"<script(?![^>]*(?:nonce|src)=)[^>]*>", response.text)
        assert inline == []
    assert len(nonces) == 2
    assert responses[0].status_code == (404 if path == "/nowhere" else 200)
