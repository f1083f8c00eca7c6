import getpass
import os
import platform
import socket
import sys
from datetime import UTC, datetime
from types import SimpleNamespace

import psutil
import pytest

from gil_demo.measuring import machine
from gil_demo.measuring.machine import Machine, describe_machine, warn
from gil_demo.running.pools import list_start_methods

ORDINARY_MACHINE = Machine(
    *(4, 4, 4, "", "3.13.0", "CPython", True, False, 0.005, "fork", "fork spawn forkserver"),
    *("Linux", "x86_64", None),
)


def test_the_facts_are_true_and_name_nobody(monkeypatch: pytest.MonkeyPatch) -> None:
    facts = describe_machine()
    assert 1 <= facts.usable_cores <= facts.logical_cores
    assert facts.physical_cores is None or 1 <= facts.physical_cores <= facts.logical_cores
    assert (facts.cores_limited_by == "") == (facts.usable_cores == facts.logical_cores)
    own = (platform.python_version(), platform.python_implementation())
    assert (facts.python_version, facts.implementation) == own
    assert facts.switch_interval_seconds == sys.getswitchinterval()
    assert facts.operating_system in ("Linux", "Darwin", "Windows")
    assert facts.free_threaded_build or facts.gil_enabled
    assert facts.start_methods.split() == list_start_methods()
    assert facts.start_method in facts.start_methods.split()
    told = " ".join(map(str, facts)).lower().split()
    assert not {socket.gethostname().lower(), getpass.getuser().lower()} & {*told}
    monkeypatch.setattr(sys, "_is_gil_enabled", lambda: False, raising=False)
    assert describe_machine().gil_enabled is False


def test_a_quota_is_told_apart_from_an_affinity_mask(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "cpu_count", lambda: 8)
    cases = [(2, 8, "quota"), (2, 2, "affinity"), (2, 4, "quota"), (8, 8, ""), (1, 1, "affinity")]
    for usable, in_mask, limit in cases:
        monkeypatch.setattr(machine, "count_usable_cores", lambda usable=usable: usable)
        monkeypatch.setattr(machine, "_list_affinity", lambda most=in_mask: list(range(most)))
        assert describe_machine().cores_limited_by == limit


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux has taskset and its masks")
def test_a_process_bound_to_one_core_says_so() -> None:
    before = os.sched_getaffinity(0)
    os.sched_setaffinity(0, {min(before)})
    try:
        facts = describe_machine()
    finally:
        os.sched_setaffinity(0, before)
    assert facts.usable_cores == 1
    assert facts.cores_limited_by == ("" if os.cpu_count() == 1 else "affinity")


def test_only_usable_cores_count_for_how_busy_it_is(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(psutil, "cpu_percent", lambda **_: [100.0, 10.0, 30.0, 100.0])
    for mine, busy in (([1, 2, 4], 20.0), ([7], 60.0)):
        monkeypatch.setattr(machine, "_list_affinity", lambda mine=mine: mine)
        assert machine.measure_busy_percent() == busy


def test_the_battery_is_told_where_it_is_known(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse() -> None:
        raise OSError

    for plugged, told in ((True, False), (False, True), (None, None)):
        battery = SimpleNamespace(power_plugged=plugged)
        monkeypatch.setattr(psutil, "sensors_battery", lambda it=battery: it, raising=False)
        assert describe_machine().on_battery is told
    monkeypatch.setattr(psutil, "sensors_battery", refuse)
    assert describe_machine().on_battery is None
    monkeypatch.delattr(psutil, "sensors_battery")
    assert describe_machine().on_battery is None


def test_the_date_is_todays_in_universal_time() -> None:
    before = datetime.now(UTC).date().isoformat()
    assert before <= machine.get_date() <= datetime.now(UTC).date().isoformat()


@pytest.mark.parametrize(
    ("facts", "told"),
    [
        ({"physical_cores": None, "on_battery": False}, ""),
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
    warnings = warn(ORDINARY_MACHINE._replace(**facts))  # type: ignore[arg-type]
    assert len(warnings) == (told != "")
    assert told in "".join(warnings)
