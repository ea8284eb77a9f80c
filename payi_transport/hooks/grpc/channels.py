"""Channels of `grpc` and `grpc.aio`, secure and insecure.

The methods of a channel are hooked that make a callable for an RPC. Where the address and the RPC are known,
they return one that records; any other RPC gets the library's own, so its calls cost nothing. A callable that
was made before `payi_instrument()` can't be recorded. So the channels that exist by then are looked at once,
and those to known hosts are counted as unobserved.
"""

from __future__ import annotations

import gc
import sys
import weakref
from collections.abc import Callable
from typing import Any
from urllib.parse import unquote

from payi_transport.hooks.grpc.calls import RecordedCall, Rpc
from payi_transport.hooks.methods import MethodHook
from payi_transport.pipeline.active import get_active
from payi_transport.values.patterns import lazy_compile

__all__ = ["ASYNC_HOOK", "SYNC_HOOK"]

_Make = Callable[..., Any]
# Source: https://github.com/grpc/grpc/blob/master/doc/naming.md
_RESOLVER = lazy_compile(r"\A(dns|ipv[46]):")


class _MultiCallable:
    """Makes the calls of one RPC. `make` makes the library's own callable with other serializers."""

    def __init__(self, make: _Make, rpc: Rpc) -> None:
        self._make = make
        self._rpc = rpc
        self._plain = make(rpc.serialize, rpc.deserialize)

    @property  # type: ignore[misc]  # as in unittest.mock
    def __class__(self) -> Any:
        # Google's SDKs ask which kind of callable it is.
        return type(self._plain)

    def __getattr__(self, name: str) -> Any:
        # A copy is made without calling `__init__`, and is asked for a method before it has any attribute.
        if name == "_plain":
            raise AttributeError(name)
        return getattr(self._plain, name)

    def _begin(self, metadata: Any) -> tuple[RecordedCall | None, Any, Any]:
        """Return what records a call, what makes it, and the metadata to send with it."""
        options = {"metadata": metadata}
        call = self._rpc.begin(options)
        make = self._plain if call is None else self._make(call.serialize, call.deserialize)
        return call, make, options["metadata"]


# The names and the order of the parameters are those of the library, as far as `metadata`.
class _UnaryUnary(_MultiCallable):
    """A call of one message each way, in threads."""

    def __call__(
        self, request: Any, timeout: Any = None, metadata: Any = None, *args: Any, **options: Any
    ) -> Any:
        return self.with_call(request, timeout, metadata, *args, **options)[0]

    def with_call(
        self, request: Any, timeout: Any = None, metadata: Any = None, *args: Any, **options: Any
    ) -> Any:
        call, make, metadata = self._begin(metadata)
        try:
            result = make.with_call(request, timeout, metadata, *args, **options)
        except BaseException as exc:
            if call is not None:
                call.fail(exc)
            raise
        if call is not None:
            call.end("OK", None, None)
        return result

    def future(
        self, request: Any, timeout: Any = None, metadata: Any = None, *args: Any, **options: Any
    ) -> Any:
        call, make, metadata = self._begin(metadata)
        future = make.future(request, timeout, metadata, *args, **options)
        if call is not None:
            _record_end(call, future)
        return future


class _UnaryStream(_MultiCallable):
    """A call with a stream of messages in response, in threads."""

    def __call__(
        self, request: Any, timeout: Any = None, metadata: Any = None, *args: Any, **options: Any
    ) -> Any:
        call, make, metadata = self._begin(metadata)
        stream = make(request, timeout, metadata, *args, **options)
        if call is not None:
            _record_end(call, stream)
        return stream


def _record_end(call: RecordedCall, rpc: Any) -> None:
    read_status = _find_status(rpc)

    def end() -> None:
        call.end(*read_status(), None)

    if not rpc.add_callback(end):
        end()


def _find_status(rpc: Any) -> Callable[[], tuple[Any, Any]]:
    """Return what reads the code and the details of an RPC once it has ended."""
    state = getattr(rpc, "_state", None)
    if state is None:
        return lambda: (rpc.code(), rpc.details())
    # gRPC cancels an RPC whose object is dropped. It keeps callbacks until then, so they do not refer to it.
    return lambda: (state.code, state.details)


class _AsyncUnary(_MultiCallable):
    """A call of `grpc.aio`, which takes everything but the request by name."""

    def __call__(self, request: Any, *args: Any, metadata: Any = None, **options: Any) -> Any:
        call, make, metadata = self._begin(metadata)
        running = make(request, *args, metadata=metadata, **options)
        if call is not None:
            running.add_done_callback(lambda done: _end_async(call, done))
        return running


def _end_async(call: RecordedCall, done: Any) -> None:
    code, details = _result_of(done.code()), _result_of(done.details())
    # The response of a unary call is deserialized after its status is known.
    call.end(code, details, None, waits=True)


def _result_of(coroutine: Any) -> Any:
    """Return the result of a coroutine that has nothing to wait for, None if it does wait."""
    try:
        coroutine.send(None)
    except StopIteration as stop:
        return stop.value
    coroutine.close()
    return None


def _make_method(kind: type[_MultiCallable]) -> Callable[[_Make], _Make]:
    def make(original: _Make) -> _Make:
        # The names of the parameters are those of the library, since a program may pass them by name.
        def make_recorded(
            channel: Any,
            method: str,
            request_serializer: Any = None,
            response_deserializer: Any = None,
            *args: Any,
            **options: Any,
        ) -> Any:
            address = _find_address(channel, method)
            if address is None:
                return original(channel, method, request_serializer, response_deserializer, *args, **options)

            def make_callable(serialize: Any, deserialize: Any) -> Any:
                return original(channel, method, serialize, deserialize, *args, **options)

            return kind(make_callable, Rpc(*address, method, request_serializer, response_deserializer))

        return make_recorded

    return make


def _find_address(channel: Any, name: str) -> tuple[str, int | None] | None:
    """Return host and port of a channel if the RPC may be observed there, else None. Never raises."""
    pipeline = get_active()
    if pipeline is None:
        return None
    try:
        host, port = _read_target(channel)
        return (host, port) if pipeline.routes.may_observe(host, port, name) else None
    except Exception as exc:
        pipeline.count_fault(exc)
        return None


def _read_target(channel: Any) -> tuple[str, int | None]:
    """Return host and port of a channel, whose target may name a resolver: `dns:///host:443`, `dns:host`."""
    # Channels in threads also have a method for it, which crashes the process once they are closed.
    target = getattr(channel, "_target", None) or channel._channel.target
    text = unquote(target.decode() if isinstance(target, bytes) else str(target)).rpartition("/")[2]
    text = _RESOLVER.sub("", text)
    host, colon, port = text.rpartition(":")
    if not colon or not port.isdigit():
        host, port = text, "443"
    return host.strip("[]").lower(), None if port == "443" else int(port)


class _ChannelHook(MethodHook):
    """Also counts the channels that exist by the time it is installed, once for each pipeline."""

    _counted: weakref.ref[Any] | None = None

    def install(self) -> list[str]:
        missing = super().install()
        pipeline = get_active()
        # Installing again, as after a mock, finds the same channels.
        if pipeline is not None and (self._counted is None or self._counted() is not pipeline):
            self._counted = weakref.ref(pipeline)
            channel_class = getattr(sys.modules[self.name], "Channel", None)
            # An instance refers to its class. Asking for that takes a fifth of the time of looking at each
            # object: 17 ms where a process has 630,000.
            for thing in gc.get_referrers(channel_class):
                if type(thing) is channel_class:
                    _count_earlier(pipeline, thing)
        return missing


def _count_earlier(pipeline: Any, channel: Any) -> None:
    try:
        host, port = _read_target(channel)
    except AttributeError:
        return  # Its constructor has raised, so it has no address.
    pipeline.routes.count_channel(host, port)


SYNC_HOOK = _ChannelHook(
    "grpc._channel",
    "Channel",
    unary_unary=_make_method(_UnaryUnary),
    unary_stream=_make_method(_UnaryStream),
)
ASYNC_HOOK = _ChannelHook(
    "grpc.aio._channel",
    "Channel",
    unary_unary=_make_method(_AsyncUnary),
    unary_stream=_make_method(_AsyncUnary),
)
