"""The runners of engines, each tried in a Python of its own: engines leave idle threads behind."""

import pickle
import re
from functools import partial

import pytest

from gil_demo import RunnerUnavailable, sweep_engines
from gil_demo.engines.clusters import find_scheduler
from gil_demo.engines.remotes import Timed, make_spans
from gil_demo.measuring.runs import check_runners
from gil_demo.running import runners
from gil_demo.running.runners import ENGINES, find_missing, get_runner
from gil_demo.running.scripts import run_script

needs = {
    name: pytest.mark.skipif(bool(find_missing(name)), reason=find_missing(name))
    for name in ENGINES
}
engines = [pytest.param(name, marks=mark) for name, mark in needs.items()]
each_engine = pytest.mark.parametrize("engine", engines)

CHECKS = """
import os, psutil, sys, tempfile, threading, time
from gil_demo.checks import GilDemoError, WorkerDied
from gil_demo import {engine} as engine
from gil_demo.running.workloads import count_pair, countdown

def say(*words):
    print("own:", *words, flush=True)

def list_ports():
    own = psutil.Process()
    family = [own, *own.children(recursive=True)]
    sockets = [one for member in family for one in member.net_connections("inet")]
    return [one.laddr for one in sockets if one.status == psutil.CONN_LISTEN]

def kill_one_worker(name):
    time.sleep(0.7)
    found = [p for p in psutil.Process().children(recursive=True) if name in " ".join(p.cmdline())]
    found[-1].kill()

if __name__ == "__main__":
    variables = dict(os.environ)
    places = (tempfile.gettempdir(), "/tmp", "/dev/shm")
    files = {{place: set(os.listdir(place)) for place in places if os.path.isdir(place)}}
    with engine(2) as run:
        ports = list_ports()
        hosts = {{port.ip.removeprefix("::ffff:") for port in ports}}
        say("hosts", len(ports) > 0, hosts, 8787 in [port.port for port in ports])
        spans = run(count_pair, [(number, 1000) for number in range(30)])
        say("answers", [span.answer[0] for span in spans] == list(range(30)))
        say("workers", {{span.worker for span in spans}})
        for wrong, task in ((int, "x"), (len, None)):
            try:
                run(wrong, [task, task])
            except (TypeError, ValueError) as reason:
                say("passed on", type(reason).__name__)
        killer = threading.Thread(target=kill_one_worker, args=({worker!r},))
        killer.start()
        spans = run(count_pair, [(number, 2_000_000) for number in range(40)])
        killer.join()
        say("after a kill", [span.answer[0] for span in spans] == list(range(40)))
        try:
            run(os._exit, [1])
        except WorkerDied as reason:
            say("died", reason)
    try:
        run(abs, [1])
    except GilDemoError as reason:
        say("ended", reason)
    time.sleep(0.5)
    left = [p for p in psutil.Process().children(recursive=True)
            if "resource_tracker" not in " ".join(p.cmdline())]
    say("processes left", left)
    say("ports left", list_ports())
    mine = [name for place, before in files.items() for name in set(os.listdir(place)) - before
            if "gil_demo" in name or "ray" in name or "plasma" in name]
    say("files left", mine)
    say("variables", dict(os.environ) == variables)
"""
WORKERS = {"cluster": "multiprocessing.spawn", "ray": "PoolActor"}


def run_and_pick(script: str) -> list[str]:
    """Return what a script says, without what an engine says of a lost worker or task."""
    outcome = run_script(script, 150.0)
    assert outcome.state == "finished", outcome.output[-3000:]
    return re.findall("own: (.*)", outcome.output)


SWEEP = """
from gil_demo import summarise, sweep_engines, verdict

if __name__ == "__main__":
    table = sweep_engines(["cluster"], workers=2, budget=2)
    summary = summarise(table)
    print("own:", *summary["runner"], (summary["overhead_seconds"] > 0).all())
    print("own:", *table.drop_duplicates(["runner", "tasks", "steps"]).groupby("runner").size())
    print("own:", table["is_elsewhere"].any(), set(table["start_up_seconds"] > 0))
    assert verdict(table)
"""


@needs["cluster"]
def test_dask_is_held_against_the_pool_and_the_plain_loop() -> None:
    assert run_and_pick(SWEEP) == ["processes cluster True", "7 7 7", "False {True}"]


@pytest.mark.thorough
@each_engine
def test_an_engine_runs_tasks_survives_a_killed_worker_and_leaves_nothing(engine: str) -> None:
    ended = "this Ray" if engine == "ray" else "this cluster"
    assert run_and_pick(CHECKS.format(engine=engine, worker=WORKERS[engine])) == [
        "hosts True {'127.0.0.1'} False",
        "answers True",
        "workers {0, 1}",
        "passed on ValueError",
        "passed on TypeError",
        "after a kill True",
        "died worker after worker ended with 1 task under way: [1]",
        f"ended {ended} has ended: run tasks inside its with block",
        "processes left []",
        "ports left []",
        "files left []",
        "variables True",
    ]


@pytest.mark.thorough
@each_engine
def test_an_engine_that_is_interrupted_ends_cleanly(engine: str) -> None:
    script = f"""
import os, psutil, signal, threading, time
from gil_demo import {engine} as engine
if __name__ == "__main__":
    with engine(2) as run:
        began = time.monotonic()
        try:
            threading.Timer(0.5, os.kill, [os.getpid(), signal.SIGINT]).start()
            run(time.sleep, [30, 30])
        except KeyboardInterrupt:
            print("own: interrupted", time.monotonic() - began < 25, flush=True)
    left = [p for p in psutil.Process().children(recursive=True)
            if "resource_tracker" not in " ".join(p.cmdline())]
    print("own: left", left)
"""
    assert run_and_pick(script) == ["interrupted True", "left []"]


@pytest.mark.thorough
@needs["cluster"]
def test_a_scheduler_that_is_not_there_is_one_error() -> None:
    script = """
from gil_demo import GilDemoError
from gil_demo.engines import clusters
clusters.START_SECONDS = 1
try:
    clusters.cluster(2, "tcp://127.0.0.1:9").__enter__()
except GilDemoError as reason:
    print("own:", reason)
"""
    (told,) = run_and_pick(script)
    assert told.startswith("no scheduler with 2 workers was reached at 'tcp://127.0.0.1:9': ")


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


def test_the_environment_names_the_scheduler(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("DASK_SCHEDULER_ADDRESS", raising=False)
    assert find_scheduler(None) is None
    monkeypatch.setenv("DASK_SCHEDULER_ADDRESS", "tcp://192.0.2.1:8786")
    assert find_scheduler(None) == "tcp://192.0.2.1:8786"
    assert find_scheduler("tcp://192.0.2.9:1") == "tcp://192.0.2.9:1"


def test_spans_of_each_worker_count_from_its_own_first_task() -> None:
    answers = [("a", 100.0, 101.0, 1), ("b", 7.0, 9.0, None), ("a", 102.0, 105.0, "x")]
    spans = make_spans([pickle.dumps(answer) for answer in answers])
    assert spans == [(0, 0, 0.0, 1.0, 1), (1, 1, 0.0, 2.0, None), (2, 0, 2.0, 5.0, "x")]
    (span,) = make_spans([Timed(abs)(-3)])
    assert (span.task, span.worker, span.answer) == (0, 0, 3)
    assert span.end > span.start == 0.0
