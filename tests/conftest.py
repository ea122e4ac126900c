"""What all tests share: how golden files are rewritten, and how hard hypothesis works."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

ROOT = Path(__file__).resolve().parent.parent

# Scripts that tests start in other processes.
collect_ignore = ["accelerate_runs.py", "distributed_runs.py", "keras_runs.py", "ranks_of_two.py"]
# Of files that are quick on the whole: what takes seconds each. `make core` leaves it out, as it does files marked `long`.
LONG = (
    "e353_undecided",
    "e115_too_many_nodes",
    "test_a_look_up_is_a_bisection",
    "test_a_module_runs_where_lrdsl_is_not",
    "test_ten_thousand_phases_compile",
    "test_limits_are_errors_within_bounded_time",
    "test_a_file_is_the_same_",
    "test_each_output_has_axes_of_its_own",
    "test_many_at_once_do_not_disturb_one_another",
    "test_drawn_texts_are_explained",
    "test_many_phases_are_decided_though_they_are_more_than_the_budget",
    "test_a_schedule_of_torch_is_one_line",
)

_QUIET = [HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.filter_too_much]
settings.register_profile("quick", max_examples=10, deadline=None, suppress_health_check=_QUIET)
settings.register_profile("dev", max_examples=60, deadline=None, suppress_health_check=_QUIET)
settings.register_profile("ci", max_examples=300, deadline=None, derandomize=True, suppress_health_check=_QUIET)
settings.register_profile("thorough", max_examples=5000, deadline=None, suppress_health_check=_QUIET)
settings.load_profile(os.environ.get("LRDSL_PROFILE", "ci" if os.environ.get("CI") else "dev"))


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--update-golden", action="store_true", help="rewrite tests/golden/*.md; read the difference in review"
    )


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if any(name in item.nodeid for name in LONG):
            item.add_marker(pytest.mark.long)


@pytest.fixture
def update_golden(request: pytest.FixtureRequest) -> bool:
    return bool(request.config.getoption("--update-golden"))


@pytest.fixture
def root() -> Path:
    return ROOT
