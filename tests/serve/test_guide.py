"""What the guide to the local service says is so: its commands, its addresses, and its limits."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import pytest

from payi_transport.cli.main import cli
from payi_transport.serve.faults import Refusal
from payi_transport.serve.proxy_targets import Targets, read_proxy_path
from payi_transport.serve.settings import DEFAULT_PORT, ServeSettings

GUIDE = (Path(__file__).parents[2] / "docs/guides/local-service.md").read_text("utf-8")
COMMANDS = re.findall(r"^payi-transport (.+)$", GUIDE, re.MULTILINE)
PATHS = re.findall(rf"http://127\.0\.0\.1:{DEFAULT_PORT}(/api/v1/\S+?)`? ", GUIDE)


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_can_be_given(command: str) -> None:
    name, *arguments = shlex.split(command)
    found = cli.commands[name]
    assert found.make_context(name, arguments, parent=None).params


@pytest.mark.parametrize("path", PATHS)
def test_every_address_is_of_a_provider(path: str) -> None:
    targets = Targets(ServeSettings(file=Path("s")))
    proxied = read_proxy_path(f"{path}/x")
    try:
        assert targets.find("POST", proxied, {}).url.startswith("https://")
    except Refusal as refusal:
        assert refusal.code == "header_is_missing"


def test_the_guide_names_all_providers_and_the_limit_of_bodies() -> None:
    assert len(COMMANDS) >= 10 and len(PATHS) == 6
    assert f"A body may be up to {ServeSettings(file=Path('s')).max_body >> 20} MB" in GUIDE
