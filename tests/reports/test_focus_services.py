"""Who sells, hosts, and publishes a model."""

from __future__ import annotations

import pytest

from payi_transport.providers.registry import REGISTRY
from payi_transport.reports.focus_services import Service, find_publisher, find_service


@pytest.mark.parametrize(
    "category", sorted(name for name in REGISTRY.names if name.count(".") and name != "system.databricks")
)
def test_every_category_of_ours_has_a_service(category: str) -> None:
    service = find_service(category)
    assert service.name != category


def test_an_unnamed_category_is_unknown() -> None:
    assert find_service("") == Service("unknown", "unknown")


def test_an_unknown_model_is_published_by_its_seller() -> None:
    service = Service("S", "Seller")
    assert find_publisher("x-1", service) == "Seller"
    assert find_publisher(None, service) == "Seller"
    assert find_publisher("us.meta.llama3-1-70b", service) == "Meta"
