"""Binding the recording to a module: once for each module object, with a hook on both of its clients."""

from __future__ import annotations

from typing import Any

import pytest

from payi_transport.hooks.httpx.family import SEND_METHOD, BoundFamily, bind
from tests.hooks.scripted import every_module


@every_module
def test_a_module_is_bound_once(module: Any) -> None:
    assert bind(module) is bind(module)
    assert bind(module).name == module.__name__
    assert bind(module).module is module


@every_module
def test_both_clients_are_hooked_once_and_put_back(module: Any) -> None:
    originals = [getattr(client, SEND_METHOD) for client in (module.Client, module.AsyncClient)]
    family = BoundFamily(module)
    assert family.install() == []
    hooked = [getattr(client, SEND_METHOD) for client in (module.Client, module.AsyncClient)]
    assert family.install() == []
    assert [getattr(client, SEND_METHOD) for client in (module.Client, module.AsyncClient)] == hooked
    assert not set(hooked) & set(originals)
    family.uninstall()
    assert [getattr(client, SEND_METHOD) for client in (module.Client, module.AsyncClient)] == originals


@every_module
def test_the_clients_are_hooked_below_classes_that_another_library_put_in_their_place(
    module: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """AWS X-Ray replaces `httpx.Client`."""
    clients = (module.Client, module.AsyncClient)
    for client in clients:
        traced = type(f"Traced{client.__name__}", (client,), {"__module__": "tracing.patch"})
        monkeypatch.setattr(module, client.__name__, traced)
    originals = [client.__dict__[SEND_METHOD] for client in clients]
    family = BoundFamily(module)
    assert family.install() == []
    assert not {client.__dict__[SEND_METHOD] for client in clients} & set(originals)
    family.uninstall()
    assert [client.__dict__[SEND_METHOD] for client in clients] == originals


@every_module
def test_a_version_without_the_method_is_reported_by_its_name(
    module: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delattr(module.AsyncClient, SEND_METHOD)
    family = BoundFamily(module)
    [missing] = family.install()
    assert missing.endswith(f".AsyncClient.{SEND_METHOD}")
    family.uninstall()


@every_module
def test_streams_are_of_the_class_that_the_client_checks_for(module: Any) -> None:
    family = bind(module)
    assert issubclass(family.sync_stream, module.SyncByteStream)
    assert issubclass(family.async_stream, module.AsyncByteStream)
