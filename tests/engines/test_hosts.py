"""A cluster of several hosts: network namespaces with addresses of their own, made here."""

import os
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
from gil_demo import cluster, sweep_engines
from gil_demo.running.workloads import count_pair

table = sweep_engines(["cluster"], address="{ADDRESS}", budget=3)
assert table["is_elsewhere"].all()
with cluster(2, "{ADDRESS}") as run:
    workers = " ".join(run.args[0].scheduler_info()["workers"])
    assert "{HOSTS["first"]}" in workers and "{HOSTS["second"]}" in workers
    (trial, *_) = run(count_pair, [(0, 1_000_000)] * 4)
    steps = int(1_000_000 * {TASK_SECONDS} / (trial.end - trial.start))
    print("mapping", flush=True)
    spans = run(count_pair, [(number, steps) for number in range({TASKS})])
    assert [span.answer[0] for span in spans] == list(range({TASKS}))
    assert all(span.end > span.start >= 0 for span in spans)
    left = " ".join(run.args[0].scheduler_info()["workers"])
    assert "{HOSTS["first"]}" not in left and "{HOSTS["second"]}" in left
print("done")
"""


def call(*words: str) -> str:
    return subprocess.run(["ip", *words], check=True, capture_output=True, text=True).stdout


@contextmanager
def hosts_made() -> Iterator[dict[str, str]]:
    """Make a namespace for each host, all on one network of their own; give their names."""
    hub, *namespaces = (f"gil{os.getpid()}{host}" for host in ("hub", *HOSTS))
    names = dict(zip(HOSTS, namespaces, strict=True))
    try:
        call("netns", "add", hub)
    except (OSError, subprocess.CalledProcessError):
        pytest.skip("network namespaces need Linux, the command ip and the right to make them")
    try:
        call("-n", hub, "link", "add", "hub", "type", "bridge")
        call("-n", hub, "link", "set", "hub", "up")
        for number, (host, name) in enumerate(names.items()):
            call("netns", "add", name)
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


def start(stack: ExitStack, namespace: str, *words: str) -> "subprocess.Popen[str]":
    """Start a Python in a namespace, which ends with the stack."""
    process = subprocess.Popen(
        ["ip", "netns", "exec", namespace, sys.executable, *words],
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, cwd=PROJECT,
    )  # fmt: skip
    stack.enter_context(process)
    stack.callback(process.kill)
    return process


@pytest.mark.thorough
@pytest.mark.skipif(bool(find_missing("cluster")), reason=find_missing("cluster"))
def test_a_cluster_of_several_hosts_gives_every_answer_though_a_worker_is_killed_half_way(
    tmp_path: Path,
) -> None:
    with ExitStack() as stack:
        names = stack.enter_context(hosts_made())
        scheduler = ("-m", "distributed.cli.dask_scheduler", "--no-dashboard", "--no-show")
        start(stack, names["scheduler"], *scheduler, "--host", HOSTS["scheduler"])
        worker = ("-m", "distributed.cli.dask_worker", ADDRESS, "--no-nanny", "--no-dashboard")
        workers = {}
        for host in ("first", "second"):
            options = ("--host", HOSTS[host], "--nthreads", "1", "--local-directory")
            workers[host] = start(stack, names[host], *worker, *options, str(tmp_path / host))
        reader = start(stack, names["reader"], "-c", READER)
        assert reader.stdout is not None
        lines = []
        for line in reader.stdout:
            lines.append(line)
            if line == "mapping\n":
                time.sleep(1.0)
                workers["first"].kill()
        assert reader.wait(timeout=60) == 0, "".join(lines)
        assert lines[-1] == "done\n"
        assert call("netns", "pids", names["reader"]) == ""
