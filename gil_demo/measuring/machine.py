"""What computer this is, as far as threads and processes care; nothing that names a person."""

import datetime
import math
import os
import platform
import sys
import sysconfig
from collections import Counter
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

from gil_demo.checks import shorten
from gil_demo.running.pools import check_start_method, list_start_methods
from gil_demo.running.workers import is_gil_enabled
from gil_demo.tables.schema import SHARES

_LOOK_SECONDS = 0.2
_LEAST_SECONDS = 0.5  # systems count in hundredths of a second
_KEEPS_ENDED = sys.platform == "linux"  # what ended processes took counts as their parents'
_GROUPS, _MY_GROUPS = Path("/sys/fs/cgroup"), Path("/proc/self/cgroup")
_MEMORY_FILES = {
    True: ("memory.max", "memory.current", "inactive_file"),
    False: ("memory.limit_in_bytes", "memory.usage_in_bytes", "total_inactive_file"),
}


class Machine(NamedTuple):
    """Facts about the computer and its Python; None where the system doesn't tell."""

    usable_cores: int  # logical cores that this process may use, after affinity and quota
    logical_cores: int
    physical_cores: int | None  # without hyper-threading
    cores_limited_by: str  # "affinity", "quota" or "" for no limit
    python_version: str
    implementation: str  # for example "CPython"
    gil_enabled: bool  # whether threads take turns by a global interpreter lock
    free_threaded_build: bool  # whether this Python can run without the lock
    switch_interval_seconds: float  # how long a thread may keep the lock while others wait
    start_method: str  # how multiprocessing starts workers unless told otherwise
    start_methods: str  # all of the machine, separated by spaces
    operating_system: str  # "Linux", "Darwin" or "Windows"
    architecture: str  # for example "x86_64"
    on_battery: bool | None


def describe_machine() -> Machine:
    """Look at the computer and its Python.

    Usable cores come from loky, which honours an affinity mask and a container's quota; physical
    cores and the battery come from psutil.

    Returns:
        The facts, as they are at the time of the call.
    """
    import psutil

    logical_cores = os.cpu_count() or 1
    usable_cores = count_usable_cores()
    return Machine(
        usable_cores=usable_cores,
        logical_cores=logical_cores,
        physical_cores=psutil.cpu_count(logical=False),
        cores_limited_by=_find_limit(usable_cores, logical_cores),
        python_version=platform.python_version(),
        implementation=platform.python_implementation(),
        gil_enabled=is_gil_enabled(),
        free_threaded_build=can_do_without_gil(),
        switch_interval_seconds=sys.getswitchinterval(),
        start_method=check_start_method(None),
        start_methods=" ".join(list_start_methods()),
        operating_system=platform.system(),
        architecture=platform.machine(),
        on_battery=_is_on_battery(),
    )


def can_do_without_gil() -> bool:
    """Tell whether this Python is a free-threaded build."""
    return bool(sysconfig.get_config_var("Py_GIL_DISABLED"))


def count_usable_cores() -> int:
    """Count the logical cores that an affinity mask and a container's quota leave."""
    from loky import cpu_count

    wish = os.environ.pop("LOKY_MAX_CPU_COUNT", None)  # bounds loky's own pools and nothing here
    try:
        return int(cpu_count())
    finally:
        if wish is not None:
            os.environ["LOKY_MAX_CPU_COUNT"] = wish


def count_waits() -> float:
    """Count how often threads of this process gave up a core to wait; nan where that isn't told."""
    if sys.platform == "win32":
        return math.nan
    import resource

    return float(resource.getrusage(resource.RUSAGE_SELF).ru_nvcsw)


def measure_free_bytes() -> int:
    """Measure how much memory this process and its workers may still take, in a container, too."""
    import psutil

    return min([int(psutil.virtual_memory().available), *_list_rooms()])


def _list_rooms() -> Iterator[int]:
    """List what the memory limits of this process's control groups leave; Linux alone has those.

    Files that are cached and not in use make room, so they don't count as taken.
    """
    with suppress(OSError):
        for line in _MY_GROUPS.read_text().splitlines():
            _, controllers, place = line.split(":", 2)
            is_new = not controllers  # version 2 of control groups
            if not (is_new or "memory" in controllers.split(",")):
                continue
            root = _GROUPS if is_new else _GROUPS / "memory"
            own = root / place.lstrip("/")
            for folder in {root, own, *own.parents}:
                with suppress(OSError, ValueError):
                    yield _read_room(folder, *_MEMORY_FILES[is_new])


def _read_room(folder: Path, limit: str, taken: str, cached: str) -> int:
    """Read what is left in a control group; raises where it has no limit."""
    usage = dict(line.split() for line in (folder / "memory.stat").read_text().splitlines())
    most, own = (int((folder / name).read_text()) for name in (limit, taken))
    return max(0, most - own + int(usage.get(cached, 0)))


def measure_busy_percent() -> float:
    """Measure how busy the cores of this process are, while it sleeps for a moment."""
    import psutil

    shares = psutil.cpu_percent(interval=_LOOK_SECONDS, percpu=True)
    mine = [shares[core] for core in _list_affinity() if core < len(shares)] or shares
    return float(sum(mine) / len(mine)) if mine else 0.0


class Usage(NamedTuple):
    """What the cores of this process have done so far, in seconds of all of them together."""

    total: float
    busy: float  # by whomever, this process among them
    stolen: float  # given by a virtual machine's host to others
    own: float  # by this process and all that it has started


def read_usage() -> Usage:
    """Read what the cores of this process have done since the machine was started."""
    import psutil

    cores = psutil.cpu_times(percpu=True)
    mine = [cores[core]._asdict() for core in _list_affinity() if core < len(cores)]
    seconds = Counter[str]()
    for core in mine:
        seconds.update(core)
    # guests count as user and nice, too; under Windows the others count as system
    twice = sum(seconds[name] for name in ("guest", "guest_nice", "interrupt", "dpc"))
    total = sum(seconds.values()) - twice
    stolen = seconds["steal"]
    busy = total - seconds["idle"] - seconds["iowait"] - stolen
    return Usage(total, busy, stolen, _read_own_seconds())


def _read_own_seconds() -> float:
    import psutil

    process, seconds = psutil.Process(), 0.0
    for member in (process, *process.children(recursive=True)):
        with suppress(psutil.Error):  # one that has ended: see `_KEEPS_ENDED`
            seconds += sum(member.cpu_times()[:4])
    return seconds


def tell_shares(before: Usage, *, is_lasting: bool = False) -> dict[str, float]:
    """Tell what others have taken of this process's cores since then, in percent of them.

    Unless the processes that this one uses live throughout (`is_lasting`), Linux alone knows what
    they took: elsewhere nothing is told, so that they aren't taken for others.
    """
    total, busy, stolen, own = (b - a for a, b in zip(before, read_usage(), strict=True))
    if total < _LEAST_SECONDS or not (is_lasting or _KEEPS_ENDED):
        return dict.fromkeys(SHARES, math.nan)
    shares = (busy - own) / total, stolen / total
    return {n: round(100 * min(1.0, max(0.0, s)), 1) for n, s in zip(SHARES, shares, strict=True)}


def name_system(system: str) -> str:
    """Return the name by which people know an operating system: macOS for Darwin."""
    return {"Darwin": "macOS"}.get(system, system)


def get_date() -> str:
    """Return today's date in universal time, as year-month-day."""
    return datetime.datetime.now(datetime.UTC).date().isoformat()


def _list_affinity() -> list[int]:
    import psutil

    # macOS binds a process to no cores
    tell = getattr(psutil.Process(), "cpu_affinity", lambda: range(os.cpu_count() or 1))
    return sorted(tell())


def _find_limit(usable_cores: int, logical_cores: int) -> str:
    mask = len(_list_affinity())
    if sys.platform == "linux" and usable_cores < min(mask, logical_cores):
        return "quota"
    return "affinity" if mask < logical_cores else ""  # of many cores Windows lets loky count 61


def _is_on_battery() -> bool | None:
    import psutil

    try:
        battery = psutil.sensors_battery()
    except (AttributeError, OSError, RuntimeError):  # no such sensor on this system
        return None
    return None if battery is None or battery.power_plugged is None else not battery.power_plugged


def warn(machine: Machine) -> list[str]:
    """Say in words what about a machine will shape the results.

    Args:
        machine: the facts, as `describe_machine` gives them.

    Returns:
        Sentences; empty for an ordinary machine.

    Raises:
        TypeError: it is no `Machine`.
    """
    if not isinstance(machine, Machine):
        raise TypeError(f"machine must be what describe_machine() gives, not {shorten(machine)}")
    usable, logical, physical, limit, _, name, is_locked, can_be_free = machine[:8]
    shared = usable if physical is None else physical
    told = {
        "One usable core: neither threads nor processes can make a countdown faster here. "
        "The recorded results stand in for that part.": usable == 1,
        f"A quota leaves {usable} of {logical} cores to this Python (a container, or a shared "
        "server): os.cpu_count() does not see that.": limit == "quota",
        f"This Python is bound to {usable} of {logical} cores.": limit == "affinity",
        f"{usable} logical cores share {physical} physical one{'s' * (physical != 1)}: "
        "processes beyond that number add less than the first ones.": shared < usable,
        "The GIL is off in this Python: threads run at the same time. In the story they don't.": (
            not is_locked
        ),
        "This Python can run without the GIL, but something turned it on (a package that "
        "isn't ready for it, such as pandas). PYTHON_GIL=0 in the environment keeps it off.": (
            is_locked and can_be_free
        ),
        "On battery: many laptops slow down to save power. Plug it in.": machine.on_battery,
        f"This is {name}: the story is about CPython.": name != "CPython",
    }
    return [warning for warning, is_so in told.items() if is_so]
