import getpass
import math
import os
import platform
import socket
import sys
import time
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from unittest.mock import Mock

import psutil
import pytest

from gil_demo.measuring import machine
from gil_demo.measuring.machine import Machine, Usage, describe_machine, warn
from gil_demo.running.pools import list_start_methods, processes

Patch = pytest.MonkeyPatch


def test_the_facts_and_the_date_are_true_and_name_nobody(monkeypatch: Patch) -> None:
    today = datetime.now(UTC).date().isoformat()
    assert today <= machine.get_date() <= datetime.now(UTC).date().isoformat()
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
    told = " ".join(map(str, facts)).lower().split()
    assert not {socket.gethostname().lower(), getpass.getuser().lower()} & {*told}
    monkeypatch.setattr(sys, "_is_gil_enabled", lambda: False, raising=False)
    assert describe_machine().gil_enabled is False


def test_a_quota_is_told_from_an_affinity_mask(monkeypatch: Patch) -> None:
    for system, usable, in_mask, cores, limit in (
        *(("linux", 2, 8, 8, "quota"), ("linux", 2, 2, 8, "affinity"), ("linux", 8, 8, 8, "")),
        ("linux", 4, 8, 4, ""),  # PYTHON_CPU_COUNT says 4
        *(("win32", 2, 2, 8, "affinity"), ("win32", 61, 64, 64, "")),
    ):
        monkeypatch.setattr(machine, "sys", SimpleNamespace(platform=system))
        monkeypatch.setattr(machine, "_list_affinity", lambda most=in_mask: list(range(most)))
        assert machine._find_limit(usable, cores) == limit


@pytest.mark.parametrize(
    ("line", "folder", "files"),
    [
        ("0::/user/job", "user", {"memory.max": "900", "memory.current": "500"}),
        ("0::/user/job", "", {"memory.max": "900", "memory.current": "500"}),
        ("4:cpu,memory:/job", "memory/job",
         {"memory.limit_in_bytes": "900", "memory.usage_in_bytes": "500"}),
    ],
)  # fmt: skip
def test_what_a_container_may_still_take_bounds_the_free_memory(
    monkeypatch: Patch, tmp_path: Path, line: str, folder: str, files: dict[str, str]
) -> None:
    groups, mine = tmp_path / "groups", tmp_path / "mine"
    (groups / folder).mkdir(parents=True)
    mine.write_text(f"9:name=systemd:/\n{line}\n")
    monkeypatch.setattr(machine, "_GROUPS", groups)
    monkeypatch.setattr(machine, "_MY_GROUPS", mine)
    free = machine.measure_free_bytes()
    assert free > 10_000
    stat = "inactive_file 30\ntotal_inactive_file 30\nanon 5\n"
    for name, text in {**files, "memory.stat": stat}.items():
        (groups / folder / name).write_text(text)
    assert machine.measure_free_bytes() == 900 - 500 + 30
    (groups / folder / next(iter(files))).write_text("max")
    assert machine.measure_free_bytes() > 10_000


def test_a_wish_that_is_meant_for_loky_is_no_limit_of_this_machine(monkeypatch: Patch) -> None:
    facts = describe_machine()
    for wish in ("1", "many"):
        monkeypatch.setenv("LOKY_MAX_CPU_COUNT", wish)
        assert describe_machine()[:4] == facts[:4]  # its cores
        assert os.environ["LOKY_MAX_CPU_COUNT"] == wish


def test_the_cores_of_a_mask_are_looked_at_and_without_one_every_core(monkeypatch: Patch) -> None:
    monkeypatch.setattr(psutil, "cpu_percent", lambda **_: [30.0, 10.0, 50.0])
    monkeypatch.setattr(os, "cpu_count", lambda: 2)
    for mask, busy in (([1], 10.0), ([0, 2, 4], 40.0), ([7], 30.0)):  # some are not told of
        monkeypatch.setattr(psutil.Process, "cpu_affinity", lambda _, m=mask: m, raising=False)
        assert machine.measure_busy_percent() == busy
    monkeypatch.delattr(psutil.Process, "cpu_affinity")  # which macOS lacks
    assert machine.measure_busy_percent() == 20.0


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


def test_the_battery_is_told_where_it_is_known(monkeypatch: Patch) -> None:
    known = [SimpleNamespace(power_plugged=plugged) for plugged in (True, False, None)]
    sensors = Mock(side_effect=[*known, None, OSError])
    monkeypatch.setattr(psutil, "sensors_battery", sensors, raising=False)
    told = [describe_machine().on_battery for _ in range(5)]
    monkeypatch.delattr(psutil, "sensors_battery")
    assert [*told, describe_machine().on_battery] == [False, True, None, None, None, None]


def test_what_shapes_the_results_is_warned_of() -> None:
    cases: tuple[tuple[dict[str, Any], str], ...] = (
        ({"physical_cores": None, "on_battery": False}, ""),
        ({"usable_cores": 1}, "neither threads nor processes can make a countdown faster"),
        ({"usable_cores": 2, "cores_limited_by": "quota"}, "A quota leaves 2 of 4 cores"),
        ({"usable_cores": 2, "cores_limited_by": "affinity"}, "is bound to 2 of 4 cores"),
        ({"physical_cores": 2}, "4 logical cores share 2 physical ones: processes beyond"),
        ({"usable_cores": 2, "physical_cores": 1}, "2 logical cores share 1 physical one:"),
        ({"gil_enabled": False, "free_threaded_build": True}, "The GIL is off"),
        ({"free_threaded_build": True}, "something turned it on"),
        ({"on_battery": True}, "On battery"),
        ({"implementation": "PyPy"}, "This is PyPy"),
    )
    own = (4, 4, 4, "", "3.13.0", "CPython", True, False, 0.005, "fork", "fork spawn forkserver")
    ordinary = Machine(*own, "Linux", "x86_64", None)
    for facts, told in cases:
        warnings = warn(ordinary._replace(**facts))
        assert len(warnings) == (told != "")
        assert told in "".join(warnings)


def test_what_others_take_of_the_cores_is_told_from_what_this_program_and_its_workers_do(
    monkeypatch: Patch,
) -> None:
    usages = [
        Usage(total=10.0, busy=4.0, stolen=1.0, own=1.0),
        Usage(total=14.0, busy=7.0, stolen=1.5, own=2.0),
        Usage(total=14.4, busy=7.4, stolen=1.5, own=2.0),  # too short to tell
    ]
    for first, is_lasting, keeps_ended, shares in (
        (0, True, False, [50.0, 12.5]),
        (0, False, True, [50.0, 12.5]),
        (0, False, False, [math.nan] * 2),
        (1, True, True, [math.nan] * 2),
    ):
        monkeypatch.setattr(machine, "_KEEPS_ENDED", keeps_ended)
        monkeypatch.setattr(machine, "read_usage", partial(usages.__getitem__, first + 1))
        told = machine.tell_shares(usages[first], is_lasting=is_lasting)
        assert [*told.values()] == pytest.approx(shares, nan_ok=True)


def test_what_systems_count_as_two_things_is_counted_once(monkeypatch: Patch) -> None:
    linux = {"user": 4.0, "nice": 1.0, "system": 2.0, "idle": 5.0, "iowait": 1.0, "steal": 2.0}
    windows = {"user": 4.0, "system": 3.0, "idle": 5.0, "interrupt": 0.5, "dpc": 1.0}
    monkeypatch.setattr(machine, "_list_affinity", lambda: [0])
    for seconds, told in (
        (linux | {"guest": 3.0, "guest_nice": 1.0}, (15.0, 7.0, 2.0)),
        (windows, (12.0, 7.0, 0.0)),
    ):
        core = Mock(_asdict=Mock(return_value=seconds))
        monkeypatch.setattr(psutil, "cpu_times", Mock(return_value=[core]))
        assert machine.read_usage()[:3] == told


def spend(seconds: float) -> None:
    end = time.process_time() + seconds  # whichever worker has spent some already
    while time.process_time() < end:
        pass


def test_seconds_of_this_program_and_of_its_processes_are_its_own() -> None:
    before = machine.read_usage()
    with processes(2) as run:
        spans = run(spend, [0.3, 0.3])
        during = machine.read_usage()
    after = machine.read_usage()  # when the workers have ended
    assert len(spans) == 2
    for usage in (during, after)[: 1 + machine._KEEPS_ENDED]:
        spent = usage.own - before.own
        assert 0.5 <= spent <= usage.busy - before.busy + 0.5
    assert after.total > before.total
