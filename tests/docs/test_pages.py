"""What the pages list is what the code has: folders, scope arguments, public names, links."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

import payi_transport
from payi_transport.cli.main import cli
from payi_transport.context.fields import ROWS
from tests import test_layers
from tests.support.snippets import ROOT

DOCS = ROOT / "docs"
PAGES = sorted(DOCS.rglob("*.md"))
LINK = re.compile(r"\]\((?!https?:)([^)\s]+)\)")
# Types that the reference describes next to the function or class that uses them, or that are not ours.
NOT_IN_REFERENCE = {"Timeout"}


def slugs_of(page: Path) -> set[str]:
    """The anchors of a page: its headings, and what mkdocstrings documents on it."""
    text = page.read_text("utf-8")
    headings = re.findall(r"^#+ (.+)$", text, re.MULTILINE)
    plain = [re.sub(r"[^\w\s-]", "", heading.lower()).strip() for heading in headings]
    return {re.sub(r"[\s]+", "-", slug) for slug in plain} | set(
        re.findall(r"^::: (\S+)$", text, re.MULTILINE)
    )


def test_architecture_lists_the_folders_in_the_order_of_imports() -> None:
    text = (DOCS / "architecture.md").read_text("utf-8")
    listed = [
        name
        for name in re.findall(r"^\| `(\w+)` \|", text, re.MULTILINE)
        if (ROOT / "payi_transport" / name).is_dir()
    ]
    ordered = [
        name for name in test_layers.ORDER if (ROOT / "payi_transport" / name).is_dir() and name != "types"
    ]
    assert listed == ordered


def test_context_lists_every_argument_of_a_scope() -> None:
    text = (DOCS / "context.md").read_text("utf-8")
    table = "".join(line for line in text.splitlines() if line.startswith("|"))
    assert set(ROWS) <= set(re.findall(r"`(\w+)`", table))


def test_the_command_line_page_has_a_section_for_each_command() -> None:
    text = (DOCS / "cli.md").read_text("utf-8")
    assert sorted(re.findall(r"^## ([\w-]+)$", text, re.MULTILINE)) == sorted(cli.commands)


def test_the_reference_has_every_public_name() -> None:
    text = (DOCS / "reference.md").read_text("utf-8")
    documented = set(re.findall(r"^::: payi_transport\.(\w+)$", text, re.MULTILINE))
    assert documented == set(payi_transport.__all__) - NOT_IN_REFERENCE


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.relative_to(DOCS).as_posix())
def test_links_lead_to_pages_and_headings(page: Path) -> None:
    for target in LINK.findall(page.read_text("utf-8")):
        name, _, anchor = target.partition("#")
        linked = (page.parent / name).resolve() if name else page
        assert linked.exists(), target
        if anchor and linked.name != "security.md":
            assert anchor in slugs_of(linked), target


def test_every_page_is_in_the_navigation() -> None:
    navigation = (ROOT / "mkdocs.yml").read_text("utf-8").partition("nav:")[2]
    assert [page for page in PAGES if page.relative_to(DOCS).as_posix() not in navigation] == []


def test_pages_load_nothing_from_other_hosts() -> None:
    text = (ROOT / "mkdocs.yml").read_text("utf-8")
    assert "font: false" in text
    assert "https://" not in text
