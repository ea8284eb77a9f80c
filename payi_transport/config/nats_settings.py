"""The section of the config for a stream of NATS."""

from __future__ import annotations

from typing import Annotated

from msgspec import Meta

from payi_transport.config.section import Interval, Name, Section

__all__ = ["NatsSettings"]

StreamName = Annotated[
    str,
    Meta(pattern=r"^[^\s.*>/\\]+$", description="a name without spaces, dots, slashes, '*' and '>'"),
]
Subject = Annotated[
    str,
    Meta(
        pattern=r"^[^\s.*>]+(\.[^\s.*>]+)*$",
        description="words with dots between them, such as 'payi.events', without '*' and '>'",
    ),
]


class NatsSettings(Section, frozen=True):
    """The stream of NATS JetStream that events are published to, for a relay to deliver. Seconds."""

    public_name = "PayiNatsConfig"

    servers: tuple[Name, ...] = ("nats://127.0.0.1:4222",)
    stream: StreamName = "PAYI"
    subject: Subject = "payi.events"
    # At most one of credentials, nkey, token, and user with password.
    credentials_file: Name | None = None
    nkey_file: Name | None = None
    token: Name | None = None
    user: Name | None = None
    password: Name | None = None
    tls_ca_file: Name | None = None
    tls_certificate_file: Name | None = None
    tls_key_file: Name | None = None
    # Whether TLS begins before the server says anything, as its setting `handshake_first` asks for.
    tls_first: bool = False
    timeout: Interval = 5.0

    def __post_init__(self) -> None:
        kinds = ("credentials_file", "nkey_file", "token", "user")
        given = [kind for kind in kinds if getattr(self, kind) is not None]
        if len(given) > 1:
            raise ValueError(f"expected one way to log in, got {' and '.join(given)}")
        if (self.user is None) != (self.password is None):
            raise ValueError("user and password are needed together")
        if self.tls_key_file is not None and self.tls_certificate_file is None:
            raise ValueError("tls_key_file needs tls_certificate_file")
        if not self.servers:
            raise ValueError("servers: at least one is needed")
