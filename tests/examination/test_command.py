import json
import re
import subprocess
import sys
from html.parser import HTMLParser
from pathlib import Path
from unittest.mock import Mock

import pytest

from gil_demo import cli, load, verdict
from gil_demo.examination import portable
from gil_demo.examination.elsewhere import examine_elsewhere
from gil_demo.examination.page import write_json, write_page
from gil_demo.examination.target import find_function, read_arguments
from tests.made.examination import make_examination
from tests.made.pythons import needs_scripts

Capture = pytest.CaptureFixture[str]
OWN = "def triple(n):\n    print(n)\n    return 3 * n\n\n\ndef fail(n):\n    return 1 / n\n"
OWN += "\n\ndef leave(n):\n    raise SystemExit(n)\n"


@pytest.fixture(autouse=True)
def a_script_of_one_s_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", [*sys.path])
    monkeypatch.setitem(sys.modules, "own_work", None)
    del sys.modules["own_work"]  # and whatever the test imports goes with it
    Path("own_work.py").write_text(OWN)


@pytest.mark.usefixtures("no_wait")
def test_it_prints_the_recommendation_and_writes_what_it_says(capsys: Capture) -> None:
    words = ["examine", "own_work.py:triple", "--arguments", "[1, 2, 3, 4]", "--budget", "0.3"]
    assert cli.main([*words, "--output", "mine.csv"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines.pop(0).startswith("triple will be called at most ")
    if lines[0].startswith("After a first look: "):
        del lines[0]
    assert re.match("Stay with|Use|No verdict", lines[0])
    files = {"table": "mine.csv", "chart": "mine.png", "JSON": "mine.json", "page": "mine.html"}
    assert lines[-4:] == [f"{name}: {file}" for name, file in files.items()]
    assert "\n".join(lines[:-5]) == verdict(load("mine.csv"))
    drawn = Path("mine.png").read_bytes()
    assert cli.main(["plot", "mine.csv"]) == 0
    assert Path("mine.png").read_bytes() == drawn


@pytest.mark.usefixtures("no_wait")
def test_a_function_that_goes_to_another_folder_doesn_t_take_the_files_along(
    capsys: Capture,
) -> None:
    Path("elsewhere").mkdir()
    text = f"import os\ndef go(_):\n    os.chdir({str(Path('elsewhere').absolute())!r})\n"
    Path("own_work.py").write_text(text)
    words = ["examine", "own_work.py:go", "--arguments", "[1, 2]", "--budget", "0.3"]
    assert cli.main([*words, "--output", "mine.csv"]) == 0
    assert "table: mine.csv" in capsys.readouterr().out
    assert Path("mine.csv").is_file()


@needs_scripts
@pytest.mark.thorough
@pytest.mark.usefixtures("no_wait")
def test_it_is_run_under_other_pythons_too_and_one_that_can_t_is_told(capsys: Capture) -> None:
    Path("stranger").write_text("#!/bin/sh\necho hello\n")
    Path("stranger").chmod(0o755)
    words = ["examine", "own_work:triple", "--arguments", "[1, 2]", "--budget", "0.3"]
    words += ["--pythons", sys.executable, "stranger", "--output", "mine.csv"]
    assert cli.main(words) == 0
    told = capsys.readouterr().out
    assert re.search(r"^CPython [\d.]+t?: its threads took ", told, re.MULTILINE)
    assert "Left out, stranger: printed something else." in told
    assert set(load("mine.csv")["interpreter"]) == {"", f"CPython {sys.version.split()[0]}"}


@needs_scripts
def test_a_task_that_leaves_another_python_is_told() -> None:
    own, python = find_function("own_work.py:leave"), [Path(sys.executable)]
    table = examine_elsewhere(make_examination(tasks=2), own, [7, 7], python)
    assert table["missing"].iloc[0].endswith(": SystemExit: 7")


def test_rounds_that_take_no_time_under_another_python_come_to_an_end(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(portable, "time", Mock(**{"perf_counter.return_value": 7.0}))
    is_alike, rounds = portable.measure(abs, [-1, 1], 2, 1, 5.0)
    assert (is_alike, rounds) == (True, dict.fromkeys(["sequential", "threads"], [1e-9] * 1_000))


def test_answers_under_another_python_are_compared_as_far_as_they_can_be() -> None:
    import numpy as np

    one, other = [np.zeros(3)], [np.ones(3)]
    assert portable.are_alike(one, [np.zeros(3)])
    assert not portable.are_alike(one, other)  # whose truth is ambiguous
    assert portable.are_alike([open], [open])
    assert portable.are_alike([sys.stdin], [sys.stdout])  # which can't be pickled


@pytest.mark.usefixtures("nothing_may_be_measured")
def test_what_is_wrong_is_one_line_and_a_status(capsys: Capture) -> None:
    Path("lines.jsonl").write_text("1\n\nnonsense\n")
    Path("broken.py").write_text("1 / 0\n")
    Path("my-work.py").write_text("")
    Path("string.py").write_text("def f(n): pass\n")
    Path("leaves.py").write_text("raise SystemExit\n")
    Path("wide.jsonl").write_text("1\n", encoding="utf-16")
    some = ["--arguments", "[1]"]
    for status, words, told in (
        (2, ["own_work.py", *some], "name FILE.py:FUNCTION or MODULE:FUNCTION, not 'own_work.py'"),
        (2, ["missing.py:f", *some], "there is no file missing.py"),
        (2, ["missing:f", *some], "there is no module missing here"),
        (2, ["my-work.py:f", *some], "my-work.py can't be imported: letters, digits and _ may"),
        (2, ["string.py:f", *some], "string.py is called like a module of Python's own: rename it"),
        (2, ["own_work.py:nothing", *some], "own_work has no function nothing"),
        (2, ["own_work.py:triple"], "give either --arguments or --arguments-from"),
        (2, ["own_work.py:triple", "--arguments", "{}"], "arguments must be a list, not {}"),
        (2, ["own_work.py:triple", "--arguments", "[1"], "--arguments is no JSON ("),
        (2, ["own_work.py:triple", "--arguments-from", "none"], "cannot read none: "),
        (2, ["own_work.py:triple", "--arguments-from", "lines.jsonl"], "line 3 of lines.jsonl is"),
        (2, ["own_work.py:triple", "--arguments-from", "wide.jsonl"], "read wide.jsonl: it is no"),
        (2, ["own_work.py:triple", *some, "--output", "a.png"], "ends in .csv, not a.png"),
        (2, ["own_work.py:triple", *some, "--once", "--pythons"], "call the function again, which"),
        (2, ["own_work.py:triple", *some, "--workers", "0"], "workers must be a whole number"),
        (1, ["broken.py:f", *some], "broken.py:f can't be imported: ZeroDivisionError: "),
        (1, ["leaves.py:f", *some], "leaves.py:f can't be imported: SystemExit"),
    ):
        assert cli.main(["examine", *words]) == status
        printed = capsys.readouterr()
        assert printed.out == ""
        assert re.fullmatch(f"gil_demo: .*{re.escape(told)}.*\n", printed.err)


@pytest.mark.usefixtures("no_wait")
def test_a_file_of_a_package_may_import_its_neighbours(capsys: Capture) -> None:
    Path("own", "deeper").mkdir(parents=True)
    for place in ("own", "own/deeper"):
        Path(place, "__init__.py").write_text("FACTOR = 3\n")
    Path("own", "deeper", "beside.py").write_text("")
    text = "import beside\nfrom .. import FACTOR\n\ndef triple(n):\n    return FACTOR * n\n"
    Path("own", "deeper", "work.py").write_text(text)
    words = ["--arguments", "[1, 2]", "--budget", "0.3", "--start-method", "spawn"]
    assert cli.main(["examine", "own/deeper/work.py:triple", *words, "--output", "mine.csv"]) == 0
    assert {"processes"} < set(load("mine.csv")["runner"])
    assert capsys.readouterr().err == ""


@pytest.mark.parametrize("name", ["json", "statistics"])
def test_a_file_that_is_called_like_a_module_of_python_is_told_by_name(name: str) -> None:
    Path(f"{name}.py").write_text("def f(n): pass\n")
    words = ["-m", "gil_demo", "examine", f"{name}.py:f", "--arguments", "[1]"]
    done = subprocess.run([sys.executable, *words], capture_output=True, text=True, timeout=60)
    told = f"gil_demo: {name}.py is called like a module of Python's own: rename it\n"
    assert (done.returncode, done.stderr) == (2, told)


@pytest.mark.usefixtures("no_wait")
def test_a_function_that_fails_is_status_1_with_the_task_and_its_argument(capsys: Capture) -> None:
    assert cli.main(["examine", "own_work.py:fail", "--arguments", "[0]"]) == 1
    told = "gil_demo: task 1 of 1 (argument 0) raised ZeroDivisionError: "
    assert capsys.readouterr().err.startswith(told)


def test_arguments_are_read_from_lines_of_json() -> None:
    Path("lines.jsonl").write_text('{"a": 1}\n\n[2]\n"é\u2028"\n', encoding="utf-8-sig")
    assert read_arguments(None, Path("lines.jsonl")) == [{"a": 1}, [2], "é\u2028"]
    assert find_function("json:dumps") is json.dumps
    assert find_function("own_work.py:triple").__module__ == "own_work"


def test_the_page_needs_no_network_and_says_all_and_json_has_the_rounds() -> None:
    table = make_examination(function="<b>", traps="answers differ: in <i>threads</i>")
    page, found = write_page(table).decode(), []

    class Parser(HTMLParser):
        def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
            found.append((tag, dict(attrs)))

    Parser().feed(page)
    (image,) = (facts for tag, facts in found if tag == "img")
    assert str(image["src"]).startswith("data:image/png;base64,")
    assert str(image["alt"]).startswith("Chart. Use a cold pool")
    assert not {"script", "link", "b", "i"} & {tag for tag, _ in found}
    assert sum(tag == "li" for tag, _ in found) == len(verdict(table).splitlines()) - 1
    assert "<td>4000000000</td>" in page  # the memory that was free, which no sentence tells
    told = json.loads(write_json(table))
    assert told["verdict"] == verdict(table).splitlines()
    assert len(told["rounds"]) == len(table)
