"""The page in a real browser: what it draws, and what happens on clicks and keys."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

pytest.importorskip("nicegui", reason="the extra serve is not installed")
pytest.importorskip("playwright.sync_api", reason="playwright is not installed")

from playwright.sync_api import Page, expect

from tests.serve.events import item
from tests.serve.page.odd import LONG, fill
from tests.serve.page.program import start
from tests.serve.page.test_views import ingest, now
from tests.serve.page.visits import VIEWS, save, visit, wait_until_fit


@pytest.mark.parametrize("view", VIEWS)
def test_a_view_fits_its_width_and_has_no_errors(page: Page, demo: str, view: str) -> None:
    problems: list[str] = []
    page.on("console", lambda message: problems.append(message.text) if message.type == "error" else None)
    page.on("pageerror", lambda error: problems.append(str(error)))
    foreign: list[str] = []
    page.on("request", lambda request: None if demo in request.url else foreign.append(request.url))
    for look in visit(page, demo + view):
        wait_until_fit(page, look)
        assert page.locator("td, th, p, a, span").first.is_visible()
        save(page, f"demo {view}", look)
    assert (problems, [url for url in foreign if not url.startswith(("data:", "ws:"))]) == ([], [])


@pytest.mark.parametrize("view", ["/", "/budgets", "/nowhere"])
def test_a_page_without_calls_fits_its_width(page: Page, empty: str, view: str) -> None:
    for look in visit(page, empty + view):
        wait_until_fit(page, look)
        save(page, f"empty {view}", look)


@pytest.fixture(scope="module")
def odd(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with start(tmp_path_factory.mktemp("odd")) as address:
        fill(address)
        yield address


@pytest.mark.parametrize("view", VIEWS)
def test_odd_calls_fit_any_width(page: Page, odd: str, view: str) -> None:
    for look in visit(page, odd + view):
        wait_until_fit(page, look)
        save(page, f"odd {view}", look)


def test_a_long_name_is_short_in_a_table_and_whole_on_hover(page: Page, odd: str) -> None:
    page.goto(f"{odd}/breakdown?by=account")
    cell = page.get_by_role("cell", name="…")
    expect(cell).to_have_attribute("title", LONG, timeout=30_000)
    cell.get_by_role("link").click()
    expect(page.get_by_text(f"Customer: {LONG}")).to_be_attached(timeout=30_000)


@pytest.mark.parametrize("view", ["/breakdown?by=model", "/calls", "/calls/6", "/runs"])
def test_on_a_phone_no_figure_of_a_wide_table_is_cut(page: Page, demo: str, view: str) -> None:
    page.set_viewport_size({"width": 390, "height": 844})
    page.goto(demo + view)
    expect(page.locator("table.wide")).to_be_visible(timeout=30_000)
    box = page.locator(".scroll:has(table.wide)").element_handle()
    page.wait_for_function("box => box.scrollWidth <= box.clientWidth", arg=box)
    # Each figure has its title, and each row is still a row.
    label = "node => getComputedStyle(node, '::before').content"
    assert page.locator("table.wide tbody td").nth(1).evaluate(label) not in ("none", '""')
    expect(page.get_by_role("row").nth(2)).to_be_visible()


def test_a_click_leads_from_the_overview_to_one_call(page: Page, demo: str) -> None:
    page.goto(demo)
    expect(page.locator(".chart svg")).to_be_visible(timeout=30_000)
    page.get_by_role("link", name="support_bot", exact=True).click()
    expect(page).to_have_url(re.compile(r"/breakdown\?by=model&use_case=support_bot"), timeout=30_000)
    page.get_by_role("link", name="gpt-4.1", exact=True).click()
    expect(page).to_have_url(re.compile("/calls.*model=gpt-4.1"), timeout=30_000)
    page.locator("tbody a").first.click()
    expect(page.get_by_role("heading", name="Attribution")).to_be_visible(timeout=30_000)


def test_keys_reach_the_filter_and_move_between_rows(page: Page, demo: str) -> None:
    page.goto(f"{demo}/?by=account")
    expect(page.locator("tbody a").first).to_be_visible(timeout=30_000)
    page.keyboard.press("/")
    field = page.get_by_role("combobox", name="Filter by customer")
    expect(field).to_be_focused()
    field.press_sequentially("glob")
    expect(page.locator("datalist option")).to_have_attribute("value", "Globex", timeout=30_000)
    field.press("Enter")
    expect(page).to_have_url(re.compile("account=Globex"), timeout=30_000)
    page.get_by_role("link", name="Remove the filter Customer: Globex").click()
    expect(page).not_to_have_url(re.compile("Globex"), timeout=30_000)
    rows = page.locator("section:has(h2:text('Cost by customer')) tbody a")
    expect(rows.first).to_be_visible(timeout=30_000)
    rows.first.focus()
    page.keyboard.press("ArrowDown")
    expect(rows.nth(1)).to_be_focused()
    page.keyboard.press("Escape")
    expect(rows.nth(1)).not_to_be_focused()


def test_a_name_that_nothing_has_is_said_so(page: Page, demo: str) -> None:
    page.goto(f"{demo}/?by=account")
    field = page.get_by_role("combobox", name="Filter by customer")
    field.fill("nobody")
    field.press("Enter")
    expect(page.get_by_text("No customer contains 'nobody'")).to_be_visible(timeout=30_000)


def test_a_table_can_be_saved_as_csv(page: Page, demo: str) -> None:
    page.goto(f"{demo}/breakdown?by=model")
    button = page.get_by_role("button", name="Download as CSV: Cost by model")
    expect(button).to_be_visible(timeout=30_000)
    with page.expect_download() as download:
        button.click()
    path = download.value.path()
    header, first, *_ = Path(path).read_text().splitlines()
    assert header.startswith("Model,Cost,Share,Calls")
    assert re.match(r"[\w.-]+,\$\d+\.\d{4,}", first)


def test_new_calls_appear_without_a_reload(page: Page, tmp_path: Path) -> None:
    with start(tmp_path) as address:
        page.goto(address)
        expect(page.get_by_text("No calls yet")).to_be_visible(timeout=30_000)
        ingest(address, item(now(), account_name="acme"))
        expect(page.locator(".figure .value").nth(1)).to_have_text("1", timeout=30_000)
        page.get_by_text("Numbers of this chart").click()
        ingest(address, item(now(), account_name="acme"))
        expect(page.locator(".figure .value").nth(1)).to_have_text("2", timeout=30_000)
        # What the reader has unfolded stays open.
        expect(page.locator("details table")).to_be_visible(timeout=30_000)
