import subprocess
import sys
from importlib import import_module, resources
from pathlib import Path

import pytest

import gil_demo
from gil_demo.checks import GilDemoError
from gil_demo.running.scripts import run_script

HEAVY = {"pandas", "numpy", "matplotlib", "IPython", "ipykernel", "psutil", "loky"}
PACKAGE = Path(gil_demo.__file__).parent
TOP = Path(__file__).parents[1]


def run_python(script: str) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True, timeout=30
    )


def test_importing_the_package_prints_nothing_and_loads_nothing_but_python_s_import_tools() -> None:
    script = (
        "import sys\n"
        "before = set(sys.modules)\n"
        "import gil_demo\n"
        "names = {name.split('.')[0] for name in set(sys.modules) - before}\n"
        "sys.exit(' '.join(names - {'gil_demo', 'importlib', 'warnings'}))\n"
    )
    answer = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=False, timeout=30
    )
    assert (answer.stdout, answer.stderr.strip()) == ("", "")


def test_the_runners_load_nothing_heavy() -> None:
    answer = run_python(
        "import sys\n"
        "from gil_demo import countdown, processes, sequential, split, threads, run_script\n"
        f"print({HEAVY!r} & set(sys.modules))\n"
    )
    assert answer.stdout == "set()\n"


def test_importing_the_package_changes_no_setting_of_the_program() -> None:
    answer = run_python(
        "import multiprocessing, random, signal, sys, warnings\n"
        "random.seed(1)\n"
        "def look(): return (random.getstate(), sys.getswitchinterval(), list(warnings.filters),\n"
        "    signal.getsignal(signal.SIGINT), multiprocessing.get_start_method(allow_none=True))\n"
        "before = look()\n"
        "import gil_demo\n"
        "for name in gil_demo.__all__:\n"
        "    if not name.startswith('draw'):\n"
        "        getattr(gil_demo, name)\n"
        "after = look()\n"
        "print(before[:2] == after[:2], before[3:] == after[3:])\n"
    )
    assert answer.stdout == "True True\n"


@pytest.mark.parametrize("method", ["spawn", "forkserver"])
def test_a_worker_holds_nothing_heavy(method: str, tmp_path: Path) -> None:
    import multiprocessing

    if method not in multiprocessing.get_all_start_methods():
        pytest.skip(f"this system has no {method}")
    listed = tmp_path / "modules.txt"
    # exec is a function of Python's own: the worker imports nothing for the test's sake
    task = f"import sys; open({str(listed)!r}, 'w').write(' '.join(sys.modules))"
    script = (
        "from gil_demo import countdown, processes\n"
        "if __name__ == '__main__':\n"
        f"    with processes(1, {method!r}) as run:\n"
        "        run(countdown, [10])\n"
        f"        run(exec, [{task!r}])\n"
    )
    outcome = run_script(script, 20.0)
    assert (outcome.state, outcome.output) == ("finished", "")
    modules = set(listed.read_text().split())
    assert {"gil_demo", "gil_demo.workers", "gil_demo.workloads"} <= modules
    assert not HEAVY & modules


@pytest.mark.parametrize("name", gil_demo.__all__)
def test_every_public_name_loads_and_explains_itself(name: str) -> None:
    loaded = getattr(gil_demo, name)
    assert callable(loaded)
    assert loaded.__name__ == name
    assert loaded.__doc__
    assert name in dir(gil_demo)


def test_a_star_import_gives_the_public_names() -> None:
    names: dict[str, object] = {}
    exec("from gil_demo import *", names)
    assert set(gil_demo.__all__) <= set(names)


def test_an_unknown_name_is_an_attribute_error_that_names_it() -> None:
    with pytest.raises(AttributeError, match="module 'gil_demo' has no attribute 'nonsense'"):
        gil_demo.nonsense  # noqa: B018
    with pytest.raises(ImportError, match="nonsense"):
        exec("from gil_demo import nonsense")


def test_a_name_is_the_same_object_as_in_its_module() -> None:
    assert gil_demo.countdown is import_module("gil_demo.workloads").countdown
    assert gil_demo.summarise is import_module("gil_demo.results").summarise


def test_the_errors_are_of_one_family_and_no_value_errors() -> None:
    for name in ("ResultsError", "RunnerUnavailable", "WorkerDied"):
        error: type[Exception] = getattr(gil_demo, name)
        assert issubclass(error, GilDemoError)
        assert not issubclass(error, ValueError | OSError)


def test_the_recorded_runs_say_that_they_are_recorded() -> None:
    from gil_demo.recorded import RECORDED, load_recorded
    from gil_demo.tables.kinds import draw_each

    for name in RECORDED:
        table = load_recorded(name)
        assert (table["recorded_on"] != "").all()
        (chart,) = draw_each(table)
        assert chart.description.startswith("Chart. Recorded run: ")


def test_an_unknown_recording_is_refused_with_those_that_there_are() -> None:
    from gil_demo.recorded import RECORDED, load_recorded

    with pytest.raises(ValueError, match=", ".join(RECORDED)):
        load_recorded("nonsense")


def test_the_published_figures_have_a_source_and_their_ratios_agree() -> None:
    from gil_demo.recorded import load_published

    table = load_published()
    assert (table["source"].str.len() > 0).all()
    assert table["time_ratio"].tolist() == pytest.approx(
        (table["threads_seconds"] / table["sequential_seconds"]).tolist()
    )


def test_the_recordings_are_files_of_the_package() -> None:
    files = {file.name for file in resources.files("gil_demo.recorded").iterdir()}
    assert {"published-countdown.csv", "published-convoy.csv"} <= files


def test_neither_workers_nor_workloads_import_more_than_the_standard_library() -> None:
    for module in ("workers", "workloads"):
        for line in (PACKAGE / f"{module}.py").read_text(encoding="utf-8").splitlines():
            if line.startswith(("import ", "from ")):
                assert line.split()[1].split(".")[0] in sys.stdlib_module_names


def test_imports_point_down_the_line_only() -> None:
    forbidden = {
        "charts": ("gil_demo.runners", "gil_demo.experiments", "gil_demo.sampling"),
        "experiments": ("gil_demo.charts", "matplotlib"),
    }
    for folder, names in forbidden.items():
        for file in (PACKAGE / folder).glob("*.py"):
            text = file.read_text(encoding="utf-8")
            assert not [
                name for name in names if f"from {name}" in text or f"import {name}" in text
            ]
    for name in ("runners", "workers", "workloads", "sampling"):
        assert "pandas" not in (PACKAGE / f"{name}.py").read_text(encoding="utf-8")


def test_pyplot_is_imported_nowhere() -> None:
    for file in PACKAGE.rglob("*.py"):
        assert "matplotlib.pyplot" not in file.read_text(encoding="utf-8")


def test_the_citation_and_the_changes_are_of_this_version() -> None:
    citation = (TOP / "CITATION.cff").read_text(encoding="utf-8")
    changes = (TOP / ".github" / "CHANGELOG.md").read_text(encoding="utf-8")
    assert f"\nversion: {gil_demo.__version__}\n" in citation
    assert f"\n## {gil_demo.__version__}" in changes
