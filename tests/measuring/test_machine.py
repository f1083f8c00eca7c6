import getpass
import os
import platform
import re
import socket
import subprocess
import sys
from datetime import UTC, datetime

import psutil
import pytest

from gil_demo.measuring import machine
from gil_demo.measuring.machine import Machine, describe_machine, warn
from gil_demo.running.pools import list_start_methods

ORDINARY_MACHINE = Machine(
    usable_cores=4,
    logical_cores=4,
    physical_cores=4,
    cores_limited_by="",
    python_version="3.13.0",
    implementation="CPython",
    gil_enabled=True,
    free_threaded_build=False,
    switch_interval_seconds=0.005,
    start_method="fork",
    start_methods="fork spawn forkserver",
    operating_system="Linux",
    architecture="x86_64",
    on_battery=None,
)


# what is found out


def test_the_facts_agree_with_this_python_and_with_each_other() -> None:
    facts = describe_machine()
    assert 1 <= facts.usable_cores <= facts.logical_cores
    assert facts.physical_cores is None or 1 <= facts.physical_cores <= facts.logical_cores
    assert (facts.cores_limited_by == "") == (facts.usable_cores == facts.logical_cores)
    assert facts.python_version == platform.python_version()
    assert facts.implementation == platform.python_implementation()
    assert facts.switch_interval_seconds == sys.getswitchinterval()
    assert facts.operating_system in ("Linux", "Darwin", "Windows")
    assert facts.free_threaded_build or facts.gil_enabled
    assert facts.start_methods.split() == list_start_methods()
    assert facts.start_method in facts.start_methods.split()


def test_a_gil_that_is_off_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "_is_gil_enabled", lambda: False, raising=False)
    assert describe_machine().gil_enabled is False


def test_nothing_names_the_user_or_the_computer() -> None:
    told = " ".join(str(value) for value in describe_machine()).lower()
    for name in (socket.gethostname(), getpass.getuser(), platform.node()):
        assert name.lower() not in told.split()
    assert os.path.expanduser("~").lower() not in told  # noqa: PTH111 (the text is what counts)


@pytest.mark.parametrize(
    ("usable", "in_mask", "limit"),
    [(2, 8, "quota"), (2, 2, "affinity"), (2, 4, "quota"), (8, 8, ""), (1, 1, "affinity")],
)
def test_a_quota_is_told_apart_from_an_affinity_mask(
    monkeypatch: pytest.MonkeyPatch, usable: int, in_mask: int, limit: str
) -> None:
    monkeypatch.setattr(os, "cpu_count", lambda: 8)
    monkeypatch.setattr(machine, "count_usable_cores", lambda: usable)
    monkeypatch.setattr(machine, "_list_affinity", lambda: list(range(in_mask)))
    assert describe_machine().cores_limited_by == limit


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux has taskset and its masks")
def test_a_process_bound_to_one_core_says_so() -> None:
    core = min(os.sched_getaffinity(0))
    script = (
        "import os\n"
        f"os.sched_setaffinity(0, {{{core}}})\n"
        "from gil_demo.measuring.machine import describe_machine, measure_busy_percent\n"
        "facts = describe_machine()\n"
        "print(facts.usable_cores, facts.cores_limited_by or 'none')\n"
        "print(0 <= measure_busy_percent() <= 100)\n"
    )
    answer = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True, timeout=30
    )
    limit = "none" if os.cpu_count() == 1 else "affinity"
    assert answer.stdout.split() == ["1", limit, "True"]


def test_only_the_cores_that_may_be_used_count_for_how_busy_it_is(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(psutil, "cpu_percent", lambda **_: [100.0, 10.0, 30.0, 100.0])
    monkeypatch.setattr(machine, "_list_affinity", lambda: [1, 2, 4])
    assert machine.measure_busy_percent() == 20.0
    monkeypatch.setattr(machine, "_list_affinity", lambda: [7])
    assert machine.measure_busy_percent() == 60.0


@pytest.mark.parametrize(("plugged", "told"), [(True, False), (False, True), (None, None)])
def test_the_battery_is_told_where_it_is_known(
    monkeypatch: pytest.MonkeyPatch, plugged: bool | None, told: bool | None
) -> None:
    class Battery:
        power_plugged = plugged

    monkeypatch.setattr(psutil, "sensors_battery", Battery, raising=False)
    assert describe_machine().on_battery is told


def test_a_machine_without_a_battery_sensor_is_no_error(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse() -> None:
        raise OSError

    monkeypatch.setattr(psutil, "sensors_battery", refuse, raising=False)
    assert describe_machine().on_battery is None
    monkeypatch.delattr(psutil, "sensors_battery")
    assert describe_machine().on_battery is None


def test_the_date_is_todays_in_universal_time() -> None:
    days = {datetime.now(UTC).date().isoformat()}
    told = machine.get_date()
    assert re.fullmatch(r"\d{4}-\d\d-\d\d", told)
    assert told in days | {datetime.now(UTC).date().isoformat()}


# what is warned of


@pytest.mark.parametrize("facts", [{}, {"physical_cores": None}, {"on_battery": False}])
def test_what_is_as_it_should_be_or_not_known_is_not_warned_of(facts: dict[str, object]) -> None:
    assert warn(ORDINARY_MACHINE._replace(**facts)) == []  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("facts", "told"),
    [
        ({"usable_cores": 1}, "One usable core: neither threads nor processes"),
        ({"usable_cores": 2, "cores_limited_by": "quota"}, "A quota leaves 2 of 4 cores"),
        ({"usable_cores": 2, "cores_limited_by": "affinity"}, "is bound to 2 of 4 cores"),
        ({"physical_cores": 2}, "4 logical cores share 2 physical ones"),
        ({"gil_enabled": False, "free_threaded_build": True}, "The GIL is off"),
        ({"free_threaded_build": True}, "something turned it on"),
        ({"on_battery": True}, "On battery"),
        ({"implementation": "PyPy"}, "This is PyPy"),
    ],
)
def test_what_shapes_the_results_is_warned_of(facts: dict[str, object], told: str) -> None:
    (warning,) = warn(ORDINARY_MACHINE._replace(**facts))  # type: ignore[arg-type]
    assert told in warning
    assert warning.endswith(".")
