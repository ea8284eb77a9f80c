"""A category that looks like a mistake is found, and a free one is left alone."""

from __future__ import annotations

import logging
from typing import Any

import pytest

from payi_transport import MemorySink, PayiCategories, payi_flush, payi_instrument
from payi_transport.config.categories import find_category_problems, resolve_category, suggest_category
from payi_transport.config.mappings import collect_host_mappings, collect_model_mappings
from payi_transport.config.validation import check_config
from payi_transport.providers.registry import REGISTRY
from tests.support.calls import call


@pytest.mark.parametrize(
    ("name", "near"),
    [
        ("openai", "system.openai"),
        ("system.opnai", "system.openai"),
        ("System.OpenAI", "system.openai"),
        ("system.antropic", "system.anthropic"),
        ("azureopenai", "system.azureopenai"),
        ("azure_openai", "system.azureopenai"),
        ("bedrock", "system.aws.bedrock"),
        ("gemini", "system.google.vertex"),
        ("google", "system.google.vertex"),
        ("vertex", "system.google.vertex"),
        ("VertexAI", "system.google.vertex"),
        (" aws ", "system.aws.bedrock"),
        ("Claude", "system.anthropic"),
        ("azure-openai", "system.azureopenai"),
        ("google_vertex", "system.google.vertex"),
        ("system.databrick.azure", "system.databricks.azure"),
        ("my.category", None),
        ("internal-llm", None),
        ("", None),
    ],
)
def test_the_nearest_category(name: str, near: str | None) -> None:
    assert suggest_category(name) == near


@pytest.mark.parametrize("host", ["adb-1.2.azuredatabricks.net", "*.azuredatabricks.net"])
def test_databricks_without_a_cloud_is_that_of_a_known_host(host: str) -> None:
    assert resolve_category("system.databricks", host) == "system.databricks.azure"
    settings = check_config(
        {
            "databricks": {"host_mappings": {f"https://{host}/": {"price_as_category": "system.databricks"}}},
            "openai_config": {
                "model_mappings": [{"model": "m", "host": host, "price_as_category": "system.databricks"}]
            },
        }
    )
    assert [row.category for row in collect_host_mappings(settings).values()] == ["system.databricks.azure"]
    assert collect_model_mappings(settings)[0].price_as_category == "system.databricks.azure"
    assert find_category_problems(settings) == []


def find(category: str, host: str = "llm.test") -> list[str]:
    return find_category_problems(check_config({"host_mappings": {host: {"price_as_category": category}}}))


def test_databricks_without_a_cloud_elsewhere_is_a_problem() -> None:
    (problem,) = find("system.databricks")
    assert problem.startswith("config.host_mappings['llm.test'].price_as_category: 'system.databricks'")
    assert problem.endswith("Use system.databricks.aws, system.databricks.azure, system.databricks.google")


@pytest.mark.parametrize("category", ["my.category", "acme", *vars(PayiCategories).values()])
def test_a_free_or_a_known_category_is_none(category: Any) -> None:
    if isinstance(category, str) and "." in category and not category.startswith("payi_"):
        assert find(category) == []


@pytest.mark.parametrize(
    ("category", "says"),
    [
        ("system.opnai", "did you mean 'system.openai'?"),
        ("system.zzz", "the known ones are system.anthropic"),
    ],
)
def test_a_typo_is_warned_about_once_at_start_and_calls_are_still_recorded(
    category: str, says: str, sink: MemorySink, caplog: pytest.LogCaptureFixture
) -> None:
    config: Any = {"host_mappings": {"api.openai.com": {"price_as_category": category}}}
    payi_instrument(sink=sink, config=config)
    for _ in range(3):
        call()
    assert payi_flush(10)
    assert {event.category for event in sink.events} == {category}
    (record,) = [record for record in caplog.records if record.levelno == logging.WARNING]
    assert says in record.getMessage()
    assert repr(category) in record.getMessage()


def test_a_model_mapping_is_checked_too() -> None:
    rows = [{"model": "m", "price_as_category": "openai"}, {"model": "n", "price_as_resource": "r"}]
    problems = find_category_problems(check_config({"azure_openai_config": {"model_mappings": rows}}))
    assert problems == [
        "config.azure_openai_config.model_mappings[0].price_as_category: 'openai' is not a known category,"
        " so its calls may have no price; did you mean 'system.openai'?"
    ]


def test_a_model_mapping_without_a_host_has_databricks_for_all_clouds() -> None:
    row = {"model": "m", "price_as_category": "system.databricks"}
    settings = check_config({"openai_config": {"model_mappings": [row]}})
    assert collect_model_mappings(settings)[0].price_as_category == "system.databricks"
    assert find_category_problems(settings) == [
        "config.openai_config.model_mappings[0].price_as_category: 'system.databricks' does not name the"
        " cloud, so its calls may have no price. Use system.databricks.aws, system.databricks.azure,"
        " system.databricks.google"
    ]


def test_a_category_under_system_that_is_near_none_is_told_all_of_them() -> None:
    (problem,) = find("system.zzz")
    assert problem.startswith(
        "config.host_mappings['llm.test'].price_as_category: 'system.zzz' is not a known category, so its"
        " calls may have no price; the known ones are system.anthropic, system.aws.bedrock, "
    )
    assert problem.endswith(f", {REGISTRY.names[-1]}.")


@pytest.mark.parametrize("host", ["api.openai.com", "llm.test", None])
def test_databricks_elsewhere_keeps_its_category(host: str | None) -> None:
    assert resolve_category("system.databricks", host) == "system.databricks"


@pytest.mark.parametrize("category", ["system.openai", "system.databricks.aws", None])
def test_other_categories_do_not_depend_on_the_host(category: str | None) -> None:
    assert resolve_category(category, "adb-1.2.azuredatabricks.net") == category


def test_each_problem_is_reported_once_with_its_own_place() -> None:
    row = {"price_as_category": "openai"}
    problems = find_category_problems(
        check_config(
            {"host_mappings": {"a.test": row, "b.test": row}, "google": {"host_mappings": {"c.test": row}}}
        )
    )
    assert [problem.partition(": ")[0] for problem in problems] == [
        "config.host_mappings['a.test'].price_as_category",
        "config.host_mappings['b.test'].price_as_category",
        "config.google.host_mappings['c.test'].price_as_category",
    ]
