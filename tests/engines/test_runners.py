"""The runners of engines, each tried in a Python of its own: engines leave idle threads behind."""

import pickle
import sys
import tempfile
from functools import partial
from pathlib import Path
from unittest.mock import Mock

import pytest

from gil_demo import GilDemoError, RunnerUnavailable, sweep_engines, threads
from gil_demo.engines import overheads
from gil_demo.engines.clusters import find_scheduler
from gil_demo.engines.remotes import Timed, make_spans
from gil_demo.measuring.runs import check_runners
from gil_demo.running import runners
from gil_demo.running.runners import ENGINES, find_missing, get_runner
from tests.conftest import finish

needs = {
    name: pytest.mark.skipif(bool(find_missing(name)), reason=find_missing(name))
    for name in ENGINES
}

CHECKS = r"""
import os, psutil, pytest, signal, subprocess, sys, tempfile, threading, time
from gil_demo import GilDemoError, WorkerDied, {engine} as engine
from gil_demo.running.workloads import count_pair

def list_files():
    places = [place for place in ("/tmp", "/dev/shm") if os.path.isdir(place)]
    shared = [name for place in places for name in os.listdir(place)]
    own = [name for name in os.listdir(tempfile.gettempdir()) if name.startswith(("gil", "dask"))]
    return {{*own, *(name for name in shared if "ray" in name or "plasma" in name)}}

def list_children():
    children = psutil.Process().children(recursive=True)
    return [one for one in children if "resource_tracker" not in " ".join(one.cmdline())]

def list_ports():
    family = [psutil.Process(), *psutil.Process().children(recursive=True)]
    sockets = [one for member in family for one in member.net_connections("inet")]
    return [one.laddr for one in sockets if one.status == psutil.CONN_LISTEN]

def kill_one_worker():
    time.sleep(0.7)
    [*_, last] = [one for one in list_children() if {worker!r} in " ".join(one.cmdline())]
    last.kill()

if __name__ == "__main__":
    variables, files = dict(os.environ), list_files()
    with engine(2) as run:
        began = time.monotonic()
        with pytest.raises(KeyboardInterrupt):
            threading.Timer(0.5, os.kill, [os.getpid(), signal.SIGINT]).start()
            run(time.sleep, [30, 30])
        assert time.monotonic() - began < 25
    assert list_children() == []
    with engine(2) as run:
        reader_s = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE)
        ports = list_ports()
        assert {{port.ip.removeprefix("::ffff:") for port in ports}} == {{"127.0.0.1"}}
        assert 8787 not in [port.port for port in ports]
        spans = run(count_pair, [(number, 1000) for number in range(30)])
        assert [span.answer[0] for span in spans] == list(range(30))
        assert {{span.worker for span in spans}} == {{0, 1}}
        for wrong, task, error in ((int, "x", ValueError), (len, None, TypeError)):
            with pytest.raises(error):
                run(wrong, [task, task])
        killer = threading.Thread(target=kill_one_worker)
        killer.start()
        spans = run(count_pair, [(number, 2_000_000) for number in range(40)])
        killer.join()
        assert [span.answer[0] for span in spans] == list(range(40))
        told = r"^worker after worker ended with 1 task under way: \[1\]$"
        with pytest.raises(WorkerDied, match=told):
            run(os._exit, [1])
    with pytest.raises(GilDemoError, match="^{name} has ended: run tasks inside its with block$"):
        run(abs, [1])
    time.sleep(0.5)
    assert reader_s.poll() is None
    reader_s.communicate(b"now")
    assert list_children() == list_ports() == []
    assert list_files() - files == set()
    assert dict(os.environ) == variables
"""
SWEEP = """
from gil_demo import summarise, sweep_engines, verdict

if __name__ == "__main__":
    table = sweep_engines(["cluster"], workers=2, budget=2)
    summary = summarise(table)
    assert [*summary["runner"]] == ["processes", "cluster"]
    assert (summary["overhead_seconds"] > 0).all()
    maps = table.drop_duplicates(["runner", "tasks", "steps"])
    assert [*maps.groupby("runner").size()] == [7, 7, 7]
    assert not table["is_elsewhere"].any()
    assert (table["start_up_seconds"] > 0).all()
    assert verdict(table)
"""
NO_SCHEDULER = """
import pytest
from gil_demo import GilDemoError
from gil_demo.engines import clusters

clusters.START_SECONDS = 1
told = "^no scheduler with 2 workers was reached at 'tcp://127.0.0.1:9': "
with pytest.raises(GilDemoError, match=told), clusters.cluster(2, "tcp://127.0.0.1:9"):
    pass
"""


@pytest.mark.thorough
@needs["cluster"]
def test_dask_is_held_against_the_pool_and_the_plain_loop() -> None:
    finish(SWEEP, 250.0)


@pytest.mark.thorough
@pytest.mark.parametrize(
    ("engine", "worker", "name"),
    [
        pytest.param("cluster", "multiprocessing.spawn", "this cluster", marks=needs["cluster"]),
        pytest.param("ray", "PoolActor", "this Ray", marks=needs["ray"]),
    ],
)
def test_an_engine_runs_tasks_survives_interrupts_and_kills_and_leaves_nothing(
    engine: str, worker: str, name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    monkeypatch.setattr(tempfile, "tempdir", None)
    finish(CHECKS.format(engine=engine, worker=worker, name=name), 250.0)


@pytest.mark.thorough
@needs["cluster"]
def test_a_scheduler_that_is_not_there_is_one_error() -> None:
    finish(NO_SCHEDULER, 250.0)


def test_an_engine_that_is_not_installed_is_named_with_what_to_install(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(runners, "find_spec", lambda _: None)
    for engine, name in (("cluster", "Dask"), ("ray", "Ray")):
        told = rf"{engine}: {name} is not installed; pip install -e \"\.\[{engine}\]\" in the"
        enter = get_runner(engine)(2).__enter__
        for call in (partial(check_runners, [engine]), partial(sweep_engines, [engine]), enter):
            with pytest.raises(RunnerUnavailable, match=told):
                call()
    with pytest.raises(RunnerUnavailable, match=r"cluster: Dask is not .*; ray: Ray is not"):
        sweep_engines()


@pytest.mark.usefixtures("no_wait")
def test_the_environment_names_the_scheduler(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("DASK_SCHEDULER_ADDRESS", raising=False)
    assert find_scheduler(None) is None
    monkeypatch.setenv("DASK_SCHEDULER_ADDRESS", "tcp://192.0.2.1:8786")
    assert find_scheduler(None) == "tcp://192.0.2.1:8786"
    assert find_scheduler("tcp://192.0.2.9:1") == "tcp://192.0.2.9:1"
    # where Dask isn't tried, nobody asks it
    monkeypatch.setattr(runners, "find_spec", lambda _: "found")
    monkeypatch.setattr(overheads, "ray", threads)
    assert not sweep_engines(["ray"], budget=0.05)["is_elsewhere"].any()


def test_a_ray_that_can_t_be_started_is_one_error(monkeypatch: pytest.MonkeyPatch) -> None:
    engine, pools, told = Mock(), Mock(), "The current node timed out during startup."
    engine.is_initialized.return_value, engine.init.side_effect = False, Exception(told)
    monkeypatch.setattr(runners, "find_spec", lambda _: "found")
    monkeypatch.setitem(sys.modules, "ray", engine)
    monkeypatch.setitem(sys.modules, "ray.util.multiprocessing", pools)
    with pytest.raises(GilDemoError, match=f"^the cluster failed: {told}$"):
        get_runner("ray")(8).__enter__()
    engine.shutdown.assert_called_once_with()


def test_spans_of_each_worker_count_from_its_own_first_task() -> None:
    answers = [("a", 100.0, 101.0, 1), ("b", 7.0, 9.0, None), ("a", 102.0, 105.0, "x")]
    spans = make_spans([pickle.dumps(answer) for answer in answers])
    assert spans == [(0, 0, 0.0, 1.0, 1), (1, 1, 0.0, 2.0, None), (2, 0, 2.0, 5.0, "x")]
    (span,) = make_spans([Timed(abs)(-3)])
    assert (span.task, span.worker, span.answer) == (0, 0, 3)
    assert span.end > span.start == 0.0
