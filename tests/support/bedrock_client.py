"""A client of Bedrock's runtime for a server on loopback."""

from __future__ import annotations

from typing import Any

import boto3
from botocore.config import Config

__all__ = ["connect_bedrock"]


def connect_bedrock(netloc: str) -> Any:
    """A client of boto3 that tries each call once."""
    return boto3.client(
        "bedrock-runtime",
        region_name="us-east-1",
        endpoint_url=f"http://{netloc}",
        aws_access_key_id="a",
        aws_secret_access_key="s",
        config=Config(retries={"total_max_attempts": 1}),
    )
