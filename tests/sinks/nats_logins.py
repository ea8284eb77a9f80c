"""Keys, credentials files, and the configuration of servers that accept them."""

from __future__ import annotations

import base64
import hashlib
import json
import os
from pathlib import Path
from typing import Any

import pytest

nkeys = pytest.importorskip("nkeys")

__all__ = ["make_credentials", "make_key"]


def make_key(kind: int = nkeys.PREFIX_BYTE_USER) -> tuple[str, Any]:
    """A new seed, and its pair of keys."""
    seed = nkeys.encode_seed(os.urandom(32), kind)
    return seed.decode(), nkeys.from_seed(bytearray(seed))


def _encode(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def _make_token(issuer: Any, subject: str, kind: str, more: dict[str, Any]) -> str:
    claims = {
        "iat": 1_700_000_000,
        "iss": issuer.public_key.decode(),
        "sub": subject,
        "name": kind,
        "nats": {"type": kind, "version": 2, **more},
    }
    digest = hashlib.new("sha256", json.dumps(claims).encode()).digest()
    claims["jti"] = base64.b32encode(digest).rstrip(b"=").decode()
    head = _encode(json.dumps({"typ": "JWT", "alg": "ed25519-nkey"}).encode())
    body = _encode(json.dumps(claims).encode())
    return f"{head}.{body}.{_encode(issuer.sign(f'{head}.{body}'.encode()))}"


def make_credentials(folder: Path) -> tuple[Path, str]:
    """A credentials file, and the configuration of a server that accepts it."""
    _, operator = make_key(nkeys.PREFIX_BYTE_OPERATOR)
    _, account = make_key(nkeys.PREFIX_BYTE_ACCOUNT)
    _, system = make_key(nkeys.PREFIX_BYTE_ACCOUNT)
    seed, user = make_key()
    name, system_name = account.public_key.decode(), system.public_key.decode()
    unlimited = dict.fromkeys(("subs", "data", "payload", "imports", "exports", "conn", "leaf"), -1)
    # JetStream, which the system's own account must not have.
    limits = {**unlimited, **dict.fromkeys(("mem_storage", "disk_storage", "streams", "consumer"), -1)}
    own = _make_token(operator, operator.public_key.decode(), "operator", {"system_account": system_name})
    accounts = {
        key: _make_token(operator, key, "account", {"limits": limits if key == name else unlimited})
        for key in (name, system_name)
    }
    token = _make_token(account, user.public_key.decode(), "user", {"subs": -1, "data": -1, "payload": -1})
    file = folder / "user.creds"
    file.write_text(
        f"-----BEGIN NATS USER JWT-----\n{token}\n------END NATS USER JWT------\n\n"
        f"-----BEGIN USER NKEY SEED-----\n{seed}\n------END USER NKEY SEED------\n"
    )
    preload = "\n".join(f"{key}: {value}" for key, value in accounts.items())
    resolver = f"resolver: MEMORY\nresolver_preload: {{\n{preload}\n}}"
    return file, f"operator: {own}\nsystem_account: {system_name}\n{resolver}"
