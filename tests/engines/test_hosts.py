"""A cluster of several hosts: network namespaces with addresses of their own, made here."""

import os
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path

import pytest

from gil_demo.running.runners import find_missing

PROJECT = Path(__file__).parents[2]
NAMES = ("scheduler", "first", "second", "reader")
HOSTS = {name: f"192.0.2.{number}" for number, name in enumerate(NAMES, start=1)}
ADDRESS = f"tcp://{HOSTS['scheduler']}:8786"
TASKS = 60
TASK_SECONDS = 0.15  # so that two workers need several seconds, on any machine
READER = f"""
import sys
from gil_demo import cluster, sweep_engines
from gil_demo.running.workloads import count_pair

if __name__ == "__main__":
    table = sweep_engines(["cluster"], address="{ADDRESS}", budget=3)
    print("measured", set(table["runner"]), table["is_elsewhere"].all(), flush=True)
    with cluster(2, "{ADDRESS}") as run:
        told = run.args[0].scheduler_info()["workers"]
        print("workers", *sorted(told), flush=True)
        (trial, *_) = run(count_pair, [(0, 1_000_000)] * 4)
        steps = int(1_000_000 * {TASK_SECONDS} / (trial.end - trial.start))
        print("mapping", flush=True)
        spans = run(count_pair, [(number, steps) for number in range({TASKS})])
        print("answers", [span.answer[0] for span in spans] == list(range({TASKS})))
        print("tasks", [span.task for span in spans] == list(range({TASKS})))
        left = run.args[0].scheduler_info()["workers"]
        print("left", *sorted(left))
        print("durations", all(span.end > span.start >= 0 for span in spans), flush=True)
"""


def call(*words: str) -> str:
    return subprocess.run(["ip", *words], check=True, capture_output=True, text=True).stdout


@contextmanager
def hosts_made() -> Iterator[dict[str, str]]:
    """Make a namespace for each host, all on one network of their own; give their names."""
    if sys.platform != "linux" or shutil.which("ip") is None:
        pytest.skip("network namespaces need Linux and the command ip")
    hub, *namespaces = (f"gil{os.getpid()}{host}" for host in ("hub", *HOSTS))
    names = dict(zip(HOSTS, namespaces, strict=True))
    try:
        call("netns", "add", hub)
    except (OSError, subprocess.CalledProcessError):
        pytest.skip("this user may not make network namespaces")
    try:
        for name in namespaces:
            call("netns", "add", name)
        call("-n", hub, "link", "add", "hub", "type", "bridge")
        call("-n", hub, "link", "set", "hub", "up")
        for number, (host, name) in enumerate(names.items()):
            ends = ("link", "add", "eth", "netns", name, "type", "veth")
            call(*ends, "peer", "name", f"port{number}", "netns", hub)
            call("-n", hub, "link", "set", f"port{number}", "master", "hub", "up")
            call("-n", name, "address", "add", f"{HOSTS[host]}/24", "dev", "eth")
            for device in ("eth", "lo"):
                call("-n", name, "link", "set", device, "up")
        yield names
    finally:
        for name in (hub, *namespaces):
            with suppress(subprocess.CalledProcessError):
                call("netns", "delete", name)


@contextmanager
def running(namespace: str, *words: str) -> Iterator["subprocess.Popen[str]"]:
    """Run a Python in a namespace and end it afterwards."""
    process = subprocess.Popen(
        ["ip", "netns", "exec", namespace, sys.executable, *words],
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, cwd=PROJECT,
    )  # fmt: skip
    try:
        yield process
    finally:
        process.kill()
        process.communicate()


@pytest.mark.thorough
@pytest.mark.skipif(bool(find_missing("cluster")), reason=find_missing("cluster"))
def test_a_cluster_of_several_hosts_gives_every_answer_though_a_worker_is_killed_half_way(
    tmp_path: Path,
) -> None:
    script = tmp_path / "reader.py"
    script.write_text(READER, encoding="utf-8")
    with ExitStack() as stack:
        names = stack.enter_context(hosts_made())
        scheduler = ("-m", "distributed.cli.dask_scheduler", "--no-dashboard", "--no-show")
        stack.enter_context(running(names["scheduler"], *scheduler, "--host", HOSTS["scheduler"]))
        worker = ("-m", "distributed.cli.dask_worker", ADDRESS, "--no-nanny", "--no-dashboard")
        workers = {}
        for host in ("first", "second"):
            options = ("--nthreads", "1", "--local-directory", str(tmp_path / host))
            started = running(names[host], *worker, "--host", HOSTS[host], *options)
            workers[host] = stack.enter_context(started)
        reader = stack.enter_context(running(names["reader"], str(script)))
        assert reader.stdout is not None
        lines = []
        for line in reader.stdout:
            lines.append(line.strip())
            if line == "mapping\n":
                time.sleep(1.0)
                workers["first"].kill()
        assert reader.wait(timeout=60) == 0, "\n".join(lines)
        assert call("netns", "pids", names["reader"]) == ""
    told = dict(line.split(" ", 1) for line in lines if " " in line)
    assert "'cluster'" in told["measured"]
    assert told["measured"].endswith("True")
    assert all(HOSTS[host] in told["workers"] for host in ("first", "second"))
    assert told["answers"] == told["tasks"] == told["durations"] == "True"
    assert HOSTS["first"] not in told["left"]
    assert HOSTS["second"] in told["left"]
