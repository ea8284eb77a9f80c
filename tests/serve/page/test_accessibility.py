"""Every view is for everyone: axe-core finds nothing serious, wide and on a phone, light and dark."""

from __future__ import annotations

import pytest

pytest.importorskip("nicegui", reason="the extra serve is not installed")
pytest.importorskip("playwright.sync_api", reason="playwright is not installed")

from playwright.sync_api import Page

from tests.serve.page.axe import find_faults, load_axe
from tests.serve.page.visits import VIEWS, visit


@pytest.fixture(scope="session")
def script(tmp_path_factory: pytest.TempPathFactory) -> str:
    return load_axe(tmp_path_factory.mktemp("axe"))


@pytest.mark.parametrize("view", VIEWS)
def test_a_view_has_no_serious_fault(page: Page, demo: str, script: str, view: str) -> None:
    faults = {look: find_faults(page, script) for look in visit(page, demo + view)}
    assert not any(faults.values()), faults


def test_a_page_without_calls_has_no_serious_fault(page: Page, empty: str, script: str) -> None:
    faults = {look: find_faults(page, script) for look in visit(page, empty)}
    assert not any(faults.values()), faults


def test_a_fault_is_found(page: Page, script: str) -> None:
    page.set_content("<title>No name</title><button></button>")
    assert {fault.partition(":")[0] for fault in find_faults(page, script)} == {
        "button-name",
        "html-has-lang",
    }


def test_the_page_says_its_language_and_has_one_main_part(page: Page, demo: str) -> None:
    for _ in visit(page, f"{demo}/calls"):
        assert page.locator("html").get_attribute("lang") == "en-US"
        assert page.locator("main").count() == 1
        assert page.locator("main header, main nav[aria-label=Views]").count() == 0
