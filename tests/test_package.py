import subprocess
import sys
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest

import gil_demo
from gil_demo.recorded import RECORDED, load_published, load_recorded
from gil_demo.running.pools import list_start_methods
from gil_demo.running.scripts import run_script
from gil_demo.tables.kinds import draw_each

HEAVY = {"pandas", "numpy", "matplotlib", "IPython", "ipykernel", "psutil", "loky"}
PACKAGE = Path(gil_demo.__file__).parent
TOP = Path(__file__).parents[1]


def run_python(script: str) -> str:
    answer = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True, timeout=60
    )
    assert answer.stderr == ""
    return answer.stdout


def test_importing_the_package_prints_nothing_and_loads_nothing_but_python_s_import_tools() -> None:
    script = (
        "import sys\n"
        "before = set(sys.modules)\n"
        "import gil_demo\n"
        "names = {name.split('.')[0] for name in set(sys.modules) - before}\n"
        "print(names - {'importlib', 'warnings'})\n"
    )
    assert run_python(script) == "{'gil_demo'}\n"


def test_importing_every_name_changes_no_setting_of_the_program() -> None:
    script = (
        "import multiprocessing, random, signal, sys\n"
        "random.seed(1)\n"
        "def look(): return (random.getstate(), sys.getswitchinterval(),\n"
        "    signal.getsignal(signal.SIGINT), multiprocessing.get_start_method(allow_none=True))\n"
        "before = look()\n"
        "import gil_demo\n"
        "for name in gil_demo.__all__: getattr(gil_demo, name)\n"
        "print(look() == before)\n"
    )
    assert run_python(script) == "True\n"


@pytest.mark.parametrize("method", [name for name in list_start_methods() if name != "fork"])
def test_a_worker_holds_nothing_heavy_and_neither_do_the_runners(
    method: str, tmp_path: Path
) -> None:
    listed = tmp_path / "modules.txt"
    # exec is a function of Python's own: the worker imports nothing for the test's sake
    task = f"import sys; open({str(listed)!r}, 'w').write(' '.join(sys.modules))"
    script = (
        "import sys\n"
        "from gil_demo import countdown, processes, sequential, threads\n"
        "if __name__ == '__main__':\n"
        f"    print({HEAVY!r} & set(sys.modules))\n"
        f"    with processes(1, {method!r}) as run:\n"
        "        run(countdown, [10])\n"
        f"        run(exec, [{task!r}])\n"
    )
    outcome = run_script(script, 60.0)
    assert (outcome.state, outcome.output) == ("finished", "set()\n")
    modules = set(listed.read_text().split())
    assert {"gil_demo.running.workers", "gil_demo.running.workloads"} <= modules
    assert not HEAVY & modules


def test_every_public_name_loads_and_explains_itself() -> None:
    names: dict[str, Any] = {}
    exec("from gil_demo import *", names)
    for name in gil_demo.__all__:
        loaded: Any = getattr(gil_demo, name)
        home = import_module(f"gil_demo.{gil_demo._HOMES[name]}")
        assert loaded is names[name] is getattr(home, name)
        assert loaded.__name__ == name
        assert loaded.__doc__
        assert name in dir(gil_demo)


def test_an_unknown_name_is_an_attribute_error_that_names_it() -> None:
    with pytest.raises(AttributeError, match="module 'gil_demo' has no attribute 'nonsense'"):
        gil_demo.nonsense  # noqa: B018
    with pytest.raises(ImportError, match="nonsense"):
        exec("from gil_demo import nonsense")


def test_the_errors_are_of_one_family_and_no_value_errors() -> None:
    for name in ("ResultsError", "RunnerUnavailable", "WorkerDied"):
        error: type[Exception] = getattr(gil_demo, name)
        assert issubclass(error, gil_demo.GilDemoError)
        assert not issubclass(error, ValueError | OSError)


def test_a_recorded_run_says_that_it_is_recorded() -> None:
    for name in RECORDED:
        (chart,) = draw_each(load_recorded(name))
        assert chart.description.startswith("Chart. Recorded run: ")


def test_the_published_figures_have_a_source_and_their_ratios_agree() -> None:
    table = load_published()
    assert (table["source"].str.len() > 0).all()
    ratios = table["threads_seconds"] / table["sequential_seconds"]
    assert list(table["time_ratio"]) == pytest.approx(list(ratios))
    assert {"beside", "requests_per_second"} <= set(load_published("convoy").columns)
    with pytest.raises(ValueError, match="countdown, convoy"):
        load_published("nonsense")


def test_pyplot_is_imported_nowhere_and_pandas_by_no_worker() -> None:
    for file in PACKAGE.rglob("*.py"):
        text = file.read_text(encoding="utf-8")
        assert "matplotlib.pyplot" not in text
        assert "import pandas" not in text or "running" not in file.parts


def test_the_citation_and_the_changes_are_of_this_version() -> None:
    citation = (TOP / "CITATION.cff").read_text(encoding="utf-8")
    changes = (TOP / ".github" / "CHANGELOG.md").read_text(encoding="utf-8")
    assert f"\nversion: {gil_demo.__version__}\n" in citation
    assert f"\n## {gil_demo.__version__}" in changes
