"""Mark the tests that are slow: `pytest -m "not slow"` is the run for while you work.

Slow are the tests that start processes or servers of their own, and most cases of the matrices: a test that
runs for each recorded body with each client keeps one case in so many. Which one depends on its name, so that
every client and every body gets its turn among the quick ones.

`interpreter` marks the tests of what depends on the version of Python: forks, exits, threads, hooks. CI runs
these with every version, slow or not.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from pathlib import Path
from zlib import crc32

import pytest

__all__ = ["INTERPRETER", "LONG", "MATRICES", "PROCESSES", "ROOT", "mark_tests"]

ROOT = Path(__file__).parents[2]

# Files and tests that take their time in processes of their own.
PROCESSES = (
    "tests/api/test_child_start.py",
    "tests/api/test_default_use_case.py",
    "tests/api/test_instrument_reentered.py",
    "tests/api/test_instrument_signals.py",
    "tests/api/test_instrument_mistakes.py::test_the_real_sdk_of_pay_i_is_recognized",
    "tests/autostart",
    "tests/api/test_instrument_imports.py",
    "tests/cli/test_main.py::test_output_to_a_full_disk_is_refused_in_one_line",
    "tests/client/test_payi_documented.py",
    "tests/contrib/test_celery.py",
    "tests/contrib/test_pytest_plugin.py",
    "tests/contract/test_aiohttp_hooks.py::test_the_library_is_imported_by_the_program_alone",
    "tests/delivery/test_process_exit.py",
    "tests/delivery/test_process_exit_hooks.py",
    "tests/docs/test_guides.py",
    "tests/docs/test_guides_agents.py",
    "tests/docs/test_guides_apps.py",
    "tests/docs/test_snippets.py",
    "tests/examples/test_examples.py",
    "tests/instrumentations",
    "tests/faults/test_alone.py",
    "tests/hooks/httpx/test_client.py::test_in_a_process_of_its_own",
    "tests/serve/test_ending.py::test_a_closed_terminal_ends_the_demo_and_nothing_of_it_stays",
    "tests/serve/test_ending.py::test_ctrl_c_again_and_again_ends_a_request_that_waits_and_says_nothing",
    "tests/serve/test_kills.py",
    "tests/serve/test_payi_instrument.py",
    "tests/serve/test_run_program.py",
    "tests/serve/page/test_accessibility.py",
    "tests/serve/page/test_browser.py",
    "tests/serve/page/test_nonces.py",
    "tests/serve/page/test_stored_scripts.py",
    "tests/serve/page/test_views.py",
    "tests/relay",
    "tests/sinks/otel/test_sink_collector.py",
    "tests/sinks/test_nats",
    "tests/sinks/test_offline_names.py",
    "tests/test_benchmark_peers.py",
    "tests/test_benchmark_fleet.py",
    "tests/test_benchmarks.py",
    "tests/test_bundles.py::test_a_program_that_pyinstaller_bundles_records_its_calls",
    "tests/test_forks.py",
    "tests/test_gevent.py",
    "tests/test_readme.py",
    "tests/test_servers.py",
    "tests/test_two_services.py",
)

# Tests that compute for long, or wait for what a server doesn't send.
LONG = (
    "tests/cli/test_main.py::test_demo_runs_in_a_process_whose_environment_points_elsewhere",
    "tests/contract/test_aiohttp_failures.py::test_a_failure_while_reading_is_the_callers_and_one_event",
    "tests/contract/test_bedrock_results.py::test_without_a_result_there_is_none_not_even_of_the_call_before",
    "tests/contract/test_botocore.py::test_a_read_timeout_is_the_sdks_own_exception_and_an_event",
    "tests/contract/test_botocore_proxy.py::test_each_attempt_goes_through",
    "tests/contract/test_concurrency.py",
    "tests/contrib/test_asgi.py::test_a_thousand_requests_at_once_each_have_their_own_user",
    "tests/decode/test_recorded_headers.py::test_values_that_differ_each_time_do_not_fill_the_memory",
    "tests/decode/test_inflate_packages.py::test_every_brotli_package_is_bounded",
    "tests/delivery/test_delivery_sinks.py::test_a_sink_that_works_gets_everything_in_time_whatever_the_others_do",
    "tests/framing/test_gap.py::test_time_is_linear",
    "tests/mutants",
    "tests/providers/bedrock/test_converse.py::test_events_of_any_shape_raise_nothing",
    "tests/providers/openai/test_media.py::test_any_json_raises_nothing_and_gives_whole_units",
    "tests/reports/test_made_up_month.py",
    "tests/rewrite/test_include_usage_hidden.py::test_time_is_linear_however_small_the_chunks_are",
    "tests/serve/test_demo.py",
    "tests/serve/test_start.py::test_the_demo_has_a_store_of_its_own",
    "tests/sinks/test_bucket.py::test_many_events_are_a_part_by_themselves_and_more_may_come",
    "tests/sinks/test_deadlines.py",
    "tests/sinks/test_payi_degrading.py::test_every_event_is_held_once_whatever_its_numbers_and_names",
    "tests/sinks/test_payi_faults.py",
    "tests/sinks/test_payi_uncertain.py",
    "tests/values/test_lenient_json.py::test_time_is_linear",
    "tests/test_any_order.py",
)

# Folders and files of matrices, and of how many cases of a test one is quick. Primes, so that the quick cases
# of a test don't all have the same client.
MATRICES = {
    "tests/api": 5,
    "tests/cli": 5,
    "tests/client": 7,
    "tests/contract": 29,
    "tests/contrib": 5,
    "tests/decode": 29,
    "tests/hooks": 11,
    "tests/providers": 13,
    "tests/rewrite": 11,
    "tests/serve": 5,
    "tests/sinks": 7,
    "tests/test_compat.py": 5,
    "tests/faults": 23,
    "tests/test_hostile.py": 23,
    "tests/test_odd_bodies.py": 5,
    "tests/test_privacy": 23,
    "tests/wire/test_fields.py": 29,
}
INTERPRETER = (
    "tests/api/test_instrument_signals.py",
    "tests/autostart",
    "tests/delivery",
    "tests/hooks",
    "tests/runtime",
    "tests/test_forks.py",
    "tests/test_gevent.py",
    "tests/test_servers.py",
)
# Tests with fewer cases are not matrices.
_MIN_CASES = 4


def mark_tests(items: Iterable[pytest.Item]) -> None:
    """Add the markers to the collected tests."""
    items = list(items)
    cases = Counter(_name_of(item) for item in items)
    seen: Counter[str] = Counter()
    for item in items:
        name = _name_of(item)
        if name.startswith((*PROCESSES, *LONG)) or not _is_quick(name, seen[name], cases[name]):
            item.add_marker(pytest.mark.slow)
        if name.startswith(INTERPRETER):
            item.add_marker(pytest.mark.interpreter)
        seen[name] += 1


def _name_of(item: pytest.Item) -> str:
    return item.nodeid.partition("[")[0]


def _is_quick(name: str, case: int, cases: int) -> bool:
    """Whether this case of a test, of so many, is among the quick ones."""
    if cases < _MIN_CASES:
        return True
    stride = min(next((stride for place, stride in MATRICES.items() if name.startswith(place)), 1), cases)
    return case % stride == crc32(name.encode()) % stride
