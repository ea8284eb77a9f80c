"""Paths in a file are relative to it, and what is no path stays as it is written."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from payi_transport.config.sources import read_file

PATHS = [
    "offline_instrumentation",
    "offline_instrumentation.file_name",
    "delivery.spool_directory",
    "nats.credentials_file",
    "nats.nkey_file",
    "nats.tls_ca_file",
    "nats.tls_certificate_file",
    "nats.tls_key_file",
    "aws_config.model_config.m.tokenizer_path",
    "budgets_file",
    "bucket.url",
]


@pytest.mark.parametrize("name", PATHS)
def test_a_path_is_relative_to_its_file(name: str, tmp_path: Path) -> None:
    file = tmp_path / "payi.toml"
    # A key file of TLS needs a certificate beside it.
    certificate = 'nats.tls_certificate_file = "/c"\n' if name == "nats.tls_key_file" else ""
    file.write_text(f'{certificate}{name} = "down/x"\n')
    values: Any = read_file(file)
    for part in name.split("."):
        values = values[part]
    assert values == str(tmp_path / "down/x")


@pytest.mark.parametrize(
    ("line", "table"),
    [
        (
            'request_properties = { file_name = "report.pdf", url = "a" }',
            {"request_properties": {"file_name": "report.pdf", "url": "a"}},
        ),
        ('use_case_properties.tokenizer_path = "t"', {"use_case_properties": {"tokenizer_path": "t"}}),
        ('bucket.url = "s3://bucket/prefix"', {"bucket": {"url": "s3://bucket/prefix"}}),
        ("offline_instrumentation = true", {"offline_instrumentation": True}),
        (
            'host_mappings.url.price_as_category = "file_name"',
            {"host_mappings": {"url": {"price_as_category": "file_name"}}},
        ),
        ('delivery.spool_directory = "/var/spool"', {"delivery": {"spool_directory": "/var/spool"}}),
        ('nats.servers = ["nats://h"]', {"nats": {"servers": ["nats://h"]}}),
    ],
)
def test_what_is_no_relative_path_stays_as_it_is(line: str, table: dict[str, Any], tmp_path: Path) -> None:
    (tmp_path / "payi.toml").write_text(line)
    assert read_file(tmp_path / "payi.toml") == table
