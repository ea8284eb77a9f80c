"""How a client of NATS says who it is: a credentials file, an nkey, a token, or a user with a password.

With the first two, the server sends a nonce, and the client signs it with a seed that never leaves this
machine. Files are read anew for each connection, because credentials are rotated while programs run.
"""

from __future__ import annotations

import base64
import re
import ssl
from pathlib import Path
from typing import Any

from payi_transport.config.nats_settings import NatsSettings
from payi_transport.errors import PayiConfigError
from payi_transport.runtime.imports import forks_wait

__all__ = ["check_login", "make_login", "make_tls_context"]

# The two blocks of a credentials file: a JSON web token, and the seed of the key that it belongs to.
_BLOCK = r"-----BEGIN {}-----\s*(\S+)\s*-+END"
_TOKEN = re.compile(_BLOCK.format("NATS USER JWT"))
_SEED = re.compile(_BLOCK.format("USER NKEY SEED"))


def make_login(
    settings: NatsSettings, nonce: str, user: str | None = None, password: str | None = None
) -> dict[str, str]:
    """Return the fields of `CONNECT` that log in; `user` and `password` are those of the server's URL.

    Raises PayiConfigError for a file that can't be used.
    """
    if settings.credentials_file is not None:
        token, seed = _read_credentials(settings.credentials_file)
        return {"jwt": token, "sig": _sign(seed, nonce, settings.credentials_file)[1]}
    if settings.nkey_file is not None:
        seed = _read(settings.nkey_file, "nkey_file").strip()
        public, signature = _sign(seed, nonce, settings.nkey_file)
        return {"nkey": public, "sig": signature}
    if settings.token is not None:
        return {"auth_token": settings.token}
    if settings.user is not None and settings.password is not None:
        return {"user": settings.user, "pass": settings.password}
    # In a URL, a name alone is a token.
    if user is not None:
        return {"auth_token": user} if password is None else {"user": user, "pass": password}
    return {}


def check_login(settings: NatsSettings) -> None:
    """Raise PayiConfigError for files that can't be used, before anything connects."""
    make_login(settings, "nonce")
    make_tls_context(settings)


def make_tls_context(settings: NatsSettings) -> ssl.SSLContext:
    """Return what TLS needs: authorities to trust, and the certificate of this client, if it has one."""
    try:
        # As for the client of Pay-i.
        with forks_wait():
            context = ssl.create_default_context(cafile=settings.tls_ca_file)
            if settings.tls_certificate_file is not None:
                context.load_cert_chain(settings.tls_certificate_file, settings.tls_key_file)
    # Without the text of the error for what is no file, which names none of the files.
    except (OSError, ValueError) as exc:
        files = [settings.tls_ca_file, settings.tls_certificate_file, settings.tls_key_file]
        names = ", ".join(repr(name) for name in files if name is not None)
        raise PayiConfigError(f"config.nats: can't use {names} for TLS: {exc}") from None
    return context


def _read_credentials(file: str) -> tuple[str, str]:
    text = _read(file, "credentials_file")
    token, seed = _TOKEN.search(text), _SEED.search(text)
    if token is None or seed is None:
        raise PayiConfigError(
            f"config.nats.credentials_file: {file!r} has no user JWT and no nkey seed; expected a file as"
            " `nsc generate creds` writes it"
        )
    return token[1], seed[1]


def _read(file: str, key: str) -> str:
    try:
        return Path(file).read_text("utf-8", "replace")
    except OSError as exc:
        raise PayiConfigError(f"config.nats.{key}: can't read {file!r}: {exc.strerror}") from None


def _sign(seed: str, nonce: str, file: str) -> tuple[str, str]:
    """Return the public key of a seed, and the signature of a nonce."""
    try:
        # An extra's package, so it is imported where it is needed.
        import nkeys
    except ImportError:
        raise PayiConfigError(
            "config.nats: credentials files and nkeys need one more package:"
            ' pip install "payi-transport[nats]"'
        ) from None
    try:
        pair: Any = nkeys.from_seed(bytearray(seed.encode()))
        return pair.public_key.decode(), base64.b64encode(pair.sign(nonce.encode())).decode()
    # Its errors have several unrelated classes, and none may quote the seed.
    except Exception:
        raise PayiConfigError(f"config.nats: the nkey seed in {file!r} can't be used") from None
