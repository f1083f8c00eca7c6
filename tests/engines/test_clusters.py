"""The runners of engines, each tried in a Python of its own: engines leave idle threads behind."""

import re
from importlib.util import find_spec

import pytest

from gil_demo.checks import RunnerUnavailable
from gil_demo.engines import remotes
from gil_demo.engines.clusters import check_address, cluster
from gil_demo.engines.overheads import sweep_engines
from gil_demo.engines.rays import ray
from gil_demo.engines.remotes import Timed, check_engine, make_spans
from gil_demo.measuring.runs import check_runners
from gil_demo.running.runners import ENGINES, RUNNERS, find_missing
from gil_demo.running.scripts import run_script

SECONDS = {"cluster": 60.0, "ray": 150.0}
HERE = [
    pytest.param(
        name, marks=pytest.mark.skipif(bool(find_missing(name)), reason=find_missing(name))
    )
    for name in ENGINES
]
each_engine = pytest.mark.parametrize("engine", HERE)

CHECKS = """
import os, psutil, sys, tempfile, threading, time
from gil_demo.checks import GilDemoError, WorkerDied
from gil_demo.runners import {engine} as engine
from gil_demo.running.workloads import count_pair, countdown

def say(*words):
    print("own:", *words, flush=True)

def list_ports():
    own = psutil.Process()
    family = [own, *own.children(recursive=True)]
    sockets = [one for member in family for one in member.net_connections("inet")]
    return [one.laddr for one in sockets if one.status == psutil.CONN_LISTEN]

def kill_one_worker(name, before, seconds):
    time.sleep(seconds)
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
        killer = threading.Thread(target=kill_one_worker, args=({worker!r}, None, 0.7))
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
            if "gil_demo" in name or "ray" in name or "dask" in name or "plasma" in name]
    say("files left", mine)
    say("variables", dict(os.environ) == variables)
"""
WORKERS = {"cluster": "multiprocessing.spawn", "ray": "PoolActor"}


def pick_own(output: str) -> list[str]:
    """Return what a script says, without what an engine says of a lost worker or task."""
    return re.findall("own: (.*)", output)


@each_engine
def test_an_engine_runs_tasks_survives_a_killed_worker_and_leaves_nothing(engine: str) -> None:
    script = CHECKS.format(engine=engine, worker=WORKERS[engine])
    outcome = run_script(script, SECONDS[engine])
    assert outcome.state == "finished", outcome.output[-3000:]
    assert pick_own(outcome.output) == [
        "hosts True {'127.0.0.1'} False",
        "answers True",
        "workers {0, 1}",
        "passed on ValueError",
        "passed on TypeError",
        "after a kill True",
        "died worker after worker ended with 1 task under way: [1]",
        f"ended this {'cluster' if engine == 'cluster' else 'Ray'} has ended: "
        "run tasks inside its with block",
        "processes left []",
        "ports left []",
        "files left []",
        "variables True",
    ]


@each_engine
def test_an_engine_that_is_interrupted_ends_cleanly(engine: str) -> None:
    script = (
        "import os, psutil, signal, threading, time\n"
        f"from gil_demo.runners import {engine} as engine\n"
        "if __name__ == '__main__':\n"
        "    with engine(2) as run:\n"
        "        try:\n"
        "            threading.Timer(0.5, os.kill, [os.getpid(), signal.SIGINT]).start()\n"
        "            run(time.sleep, [30, 30])\n"
        "        except KeyboardInterrupt:\n"
        "            print('own: interrupted', flush=True)\n"
        "    left = [p for p in psutil.Process().children(recursive=True)\n"
        "            if 'resource_tracker' not in ' '.join(p.cmdline())]\n"
        "    print('own: left', left)\n"
    )
    outcome = run_script(script, SECONDS[engine])
    assert pick_own(outcome.output) == ["interrupted", "left []"]
    assert outcome.seconds < 29


@pytest.mark.skipif(find_spec("distributed") is None, reason="Dask is not installed")
def test_a_scheduler_that_is_not_there_is_one_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("gil_demo.clusters.START_SECONDS", 4)
    script = (
        "import gil_demo.clusters\n"
        "gil_demo.clusters.START_SECONDS = 4\n"
        "try:\n"
        "    gil_demo.clusters.cluster(2, 'tcp://127.0.0.1:9').__enter__()\n"
        "except gil_demo.GilDemoError as reason:\n"
        "    print(reason)\n"
    )
    outcome = run_script(script, 30)
    assert "no scheduler with 2 workers was reached at 'tcp://127.0.0.1:9'" in outcome.output


@pytest.mark.parametrize("engine", ENGINES)
def test_an_engine_that_is_not_installed_is_named_with_what_to_install(
    engine: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(remotes, "find_spec", lambda _: None)
    told = (
        rf"{engine}: (Dask|Ray) is not installed; pip install -e \"\.\[{engine}\]\" in the folder"
    )
    with pytest.raises(RunnerUnavailable, match=told):
        check_engine(engine)
    with pytest.raises(RunnerUnavailable, match=told):
        check_runners([engine])
    with pytest.raises(RunnerUnavailable, match=told), RUNNERS[engine](2):
        pass
    with pytest.raises(RunnerUnavailable, match=told):
        sweep_engines([engine])
    with pytest.raises(RunnerUnavailable, match=r"cluster: Dask is not .*; ray: Ray is not"):
        sweep_engines()


def test_other_runners_need_no_engine() -> None:
    assert find_missing("threads") == ""
    assert check_runners(["threads"]) == ["threads"]


@pytest.mark.parametrize("runner", [cluster, ray])
@pytest.mark.parametrize(
    ("address", "error"), [(5, TypeError), ("", ValueError), ("a\nb", ValueError)]
)
def test_a_wrong_address_is_refused_at_once(
    runner: object, address: object, error: type[Exception]
) -> None:
    with pytest.raises(error, match="address must be that of"), runner(2, address):  # type: ignore[operator]
        pass


def test_the_environment_names_the_scheduler(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("DASK_SCHEDULER_ADDRESS", raising=False)
    assert check_address(None) is None
    monkeypatch.setenv("DASK_SCHEDULER_ADDRESS", "tcp://192.0.2.1:8786")
    assert check_address(None) == "tcp://192.0.2.1:8786"
    assert check_address("tcp://192.0.2.9:1") == "tcp://192.0.2.9:1"


def test_spans_of_each_worker_count_from_its_own_first_task() -> None:
    import pickle

    answers = [("a", 100.0, 101.0, 1), ("b", 7.0, 9.0, None), ("a", 102.0, 105.0, "x")]
    spans = make_spans([pickle.dumps(answer) for answer in answers])
    assert [(span.worker, span.start, span.end) for span in spans] == [
        (0, 0.0, 1.0), (1, 0.0, 2.0), (0, 2.0, 5.0)
    ]  # fmt: skip
    assert [span.answer for span in spans] == [1, None, "x"]


def test_a_timed_function_says_who_ran_it_and_for_how_long() -> None:
    (span,) = make_spans([Timed(abs)(-3)])
    assert (span.task, span.worker, span.answer) == (0, 0, 3)
    assert span.end > span.start == 0.0
