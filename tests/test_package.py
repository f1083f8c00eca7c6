import re
import subprocess
import sys
import tomllib
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest

import gil_demo
from gil_demo.checks import PACKAGES
from gil_demo.recorded import PUBLISHED, load_published
from gil_demo.running.pools import list_start_methods
from tests.conftest import finish

HEAVY = {"pandas", "numpy", "matplotlib", "IPython", "ipykernel", "psutil", "loky"}
TOP = Path(__file__).parents[1]


def test_importing_the_package_loads_nothing_and_importing_every_name_changes_no_setting() -> None:
    script = (
        "import sys\n"
        "before = set(sys.modules)\n"
        "import gil_demo\n"
        "names = {name.split('.')[0] for name in set(sys.modules) - before}\n"
        "import multiprocessing, random, signal\n"
        "random.seed(1)\n"
        "def look(): return (random.getstate(), sys.getswitchinterval(),\n"
        "    signal.getsignal(signal.SIGINT), multiprocessing.get_start_method(allow_none=True))\n"
        "before = look()\n"
        "for name in gil_demo.__all__: getattr(gil_demo, name)\n"
        "print(names - {'importlib', 'warnings'}, look() == before)\n"
    )
    assert finish(script, 60.0) == "{'gil_demo'} True\n"


@pytest.mark.parametrize("method", [name for name in list_start_methods() if name != "fork"])
def test_a_worker_holds_nothing_heavy_and_neither_do_runners(method: str, tmp_path: Path) -> None:
    listed = tmp_path / "modules.txt"
    # exec is a function of Python's own: the worker imports nothing for the test's sake
    task = f"import sys; open({str(listed)!r}, 'w').write(' '.join(sys.modules))"
    script = (
        "import sys, gil_demo.waiting.blocking, gil_demo.waiting.loopback\n"
        "import gil_demo.costs.cargo, gil_demo.costs.weighing\n"
        "from gil_demo import countdown, processes, sequential, threads\n"
        "if __name__ == '__main__':\n"
        f"    print({HEAVY!r} & set(sys.modules))\n"
        f"    with processes(1, {method!r}) as run:\n"
        "        run(countdown, [10])\n"
        f"        run(exec, [{task!r}])\n"
    )
    assert finish(script, 60.0) == "set()\n"
    modules = set(listed.read_text().split())
    assert {"gil_demo.running.workers", "gil_demo.running.workloads"} <= modules
    assert not HEAVY & modules


def test_every_public_name_loads_and_explains_itself_and_another_is_an_error_of_python_s() -> None:
    names: dict[str, Any] = {}
    exec("from gil_demo import *", names)
    for name in gil_demo.__all__:
        loaded: Any = getattr(gil_demo, name)
        home = import_module(f"gil_demo.{gil_demo._HOMES[name]}")
        assert loaded is names[name] is getattr(home, name)
        assert loaded.__name__ == name
        assert loaded.__doc__
        assert name in dir(gil_demo)
    with pytest.raises(AttributeError, match="module 'gil_demo' has no attribute 'nonsense'"):
        gil_demo.nonsense  # noqa: B018
    for name in ("ResultsError", "RunnerUnavailable", "WorkerDied"):
        error: type[Exception] = getattr(gil_demo, name)
        assert issubclass(error, gil_demo.GilDemoError)
        assert not issubclass(error, ValueError | OSError)


def test_what_fails_while_a_name_is_loaded_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(gil_demo._HOMES, "lost", "checks")
    told = r"^lost could not be loaded: module 'gil_demo\.checks' has no .* \(.*checks\.py\)$"
    with pytest.raises(gil_demo.GilDemoError, match=told):
        exec("from gil_demo import lost")


@pytest.mark.parametrize(  # one loop looks for all of them
    "name",
    [PACKAGES[0], *(pytest.param(one, marks=pytest.mark.thorough) for one in PACKAGES[1:])],
)
def test_a_file_of_the_reader_s_own_is_not_taken_for_a_package_by_a_command_and_else_named(
    name: str, tmp_path: Path
) -> None:
    file = tmp_path / f"{name}.py"
    file.write_text("numbers = [1, 2, 3]\n")
    command = [sys.executable, "-c", "from gil_demo import compare"]
    answer = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    told = answer.stderr.splitlines()[-1]
    assert f"{file} stands in the way of the package {name}: rename that file" in told
    command = [sys.executable, "-m", "gil_demo", "machine"]
    answer = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert (answer.returncode, answer.stderr) == (0, "")


def test_a_package_that_is_missing_is_named_with_the_command_that_gets_it() -> None:
    readme = (TOP / "README.md").read_text(encoding="utf-8")
    for words in (["-c", "from gil_demo import compare"], ["-m", "gil_demo", "compare"]):
        command = [sys.executable, "-S", *words]  # which sees no package that was installed
        answer = subprocess.run(command, cwd=TOP, capture_output=True, text=True, check=False)
        missing, told = answer.stderr.splitlines()[-1].split(" is not installed; ")
        assert missing.endswith(f"the package {PACKAGES[0]}")
        assert told == "pip install -r requirements.txt in the folder of this set gets it"
        assert told.partition(" in ")[0] in readme
    assert (answer.returncode, answer.stderr.count("\n")) == (1, 1)


def test_the_packages_that_are_looked_for_are_those_that_are_needed_and_numpy() -> None:
    project = tomllib.loads((TOP / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    needed = {re.split("[<>=]", one)[0] for one in project["dependencies"]}
    assert set(PACKAGES) == needed | {"numpy"}  # which comes with pandas


def test_the_published_figures_have_a_source() -> None:
    for name in PUBLISHED:
        assert (load_published(name)["source"].str.len() > 0).all()


def test_pyplot_is_imported_nowhere_and_pandas_by_no_worker() -> None:
    package = Path(gil_demo.__file__).parent
    for file in package.rglob("*.py"):
        text = file.read_text(encoding="utf-8")
        assert "matplotlib.pyplot" not in text
        is_of_workers = file.relative_to(package).parts[0] == "running"
        assert "import pandas" not in text or not is_of_workers


def test_the_citation_and_the_changes_are_of_this_version() -> None:
    citation = (TOP / "CITATION.cff").read_text(encoding="utf-8")
    changes = (TOP / ".github" / "CHANGELOG.md").read_text(encoding="utf-8")
    assert f"\nversion: {gil_demo.__version__}\n" in citation
    assert f"\n## {gil_demo.__version__}" in changes
