"""What a message of a WebSocket costs its caller, and what memory a long session takes."""

from __future__ import annotations

import gc
from collections.abc import Callable, Iterator, Sequence
from time import perf_counter, process_time

from benchmarks.playback import CountingSink, record_to
from benchmarks.samples import Case, Pair, Round, Row
from benchmarks.samples import summarize as summarize_rounds
from benchmarks.soak import measure_memory
from payi_transport import payi_flush, payi_stats
from payi_transport.hooks.sockets import Recorder
from payi_transport.pipeline.pipeline import Pipeline
from payi_transport.providers.provider import WEBSOCKET

__all__ = ["list_cases", "measure", "summarize"]

_AUDIO = b"QUJD" * 6_400
_CREATE = b'{"type":"response.create"}'
_CREATED = (
    b'{"type":"response.created","event_id":"event_1","response":{"id":"resp_%d","status":"in_progress"}}'
)
_DELTA = (
    b'{"type":"response.output_audio_transcript.delta","event_id":"e","response_id":"resp_%d","delta":"Hi"}'
)
_DONE = (
    b'{"type":"response.done","event_id":"event_2","response":{"id":"resp_%d","status":"completed","usage":'
    b'{"total_tokens":253,"input_tokens":132,"output_tokens":121,"input_token_details":{"text_tokens":119,'
    b'"audio_tokens":13,"cached_tokens":64},"output_token_details":{"text_tokens":30,"audio_tokens":91}}}}'
)
_HEARD = b'{"type":"response.output_audio.delta","event_id":"e","response_id":"r","delta":"%b"}' % _AUDIO
_SAID = b'{"type":"input_audio_buffer.append","audio":"%b"}' % _AUDIO
_FRAMES: dict[str, bytes] = {"audio received": _HEARD, "audio sent": _SAID, "text": _DELTA, "end": _DONE}
_CPU = "µs CPU a frame"
_SESSION = "µs CPU a response"
_GROWTH = "MB grown"
_BUDGETS = {"end": 10.0}
# Of audio in a session, in both directions.
_BYTES = 1 << 30
_RESPONSES = 10_000


def list_cases(*, quick: bool = False) -> list[Case]:
    """A frame of each kind, and a session of 10,000 responses and 1 GB of audio."""
    return [*(("frame", kind) for kind in _FRAMES), ("session", "10,000 responses, 1 GB of audio")]


def measure(case: Case, *, rounds: int, quick: bool = False) -> list[Round]:
    """A round is some thousand frames, or a session."""
    with record_to(CountingSink(), content=False) as pipeline:
        if case[0] == "session":
            return [_run_session(pipeline, 100 if quick else _RESPONSES) for _ in range(rounds)]
        return [_run_frames(pipeline, _FRAMES[case[1]], 200 if quick else 2_000) for _ in range(rounds)]


def summarize(case: Case, rounds: Sequence[Round]) -> Iterator[Row]:
    """The budget of a frame that ends a response is larger, because the worker is given it."""
    budgets = {_CPU: _BUDGETS.get(case[1], 2.0), _GROWTH: 20.0}
    return summarize_rounds(case, rounds, budgets)


def _open(pipeline: Pipeline) -> Recorder:
    route = pipeline.routes.find(WEBSOCKET, "wss", "api.openai.com", None, "/v1/realtime")
    assert route is not None
    session = pipeline.open_session(route, (), {"model": "gpt-realtime"})
    assert session is not None
    return Recorder(pipeline, session)


def _run_frames(pipeline: Pipeline, data: bytes, count: int) -> Round:
    """What the caller's thread does for a frame; the worker sleeps, or is waited for outside of the time."""
    session = _open(pipeline)
    frames = [data % number if b"%d" in data else data for number in range(count)]
    handle: Callable[[bytes], None] = session.send if data is _SAID else session.receive
    spent = 0.0
    # In parts, so that the worker takes what is there and the ring stays empty.
    for start in range(0, count, 200):
        part = frames[start : start + 200]
        gc.collect()
        began = perf_counter()
        for frame in part:
            handle(frame)
        spent += perf_counter() - began
        payi_flush(60)
    session.finish()
    return {_CPU: Pair(spent / count * 1e6)}


def _run_session(pipeline: Pipeline, responses: int) -> Round:
    session = _open(pipeline)
    before = measure_memory()
    cpu, most, delivered = process_time(), before, payi_stats().delivered
    messages = _BYTES // _RESPONSES // len(_HEARD) + 1
    for number in range(responses):
        _respond(session, number, messages)
        if number % 100 == 99:
            payi_flush(60)
            most = max(most, measure_memory())
    payi_flush(60)
    cpu = process_time() - cpu
    session.finish()
    stats = payi_stats()
    if stats.delivered - delivered != responses or stats.faults:
        raise RuntimeError(f"not all of {responses} were delivered: {stats}")
    return {_SESSION: Pair(cpu / responses * 1e6), _GROWTH: Pair((most - before) / 1e6)}


def _respond(session: Recorder, number: int, messages: int) -> None:
    session.send(_CREATE)
    session.receive(_CREATED % number)
    for _ in range(messages):
        # A message of its own each time, as it arrives from the network.
        session.receive(_HEARD + b" ")
        session.send(_SAID + b" ")
        session.receive(_DELTA % number)
    session.receive(_DONE % number)
