import math
import random
import shutil
import sys
from collections.abc import Mapping
from pathlib import Path

import pandas as pd
import pytest
from pandas.testing import assert_frame_equal

from gil_demo import ResultsError, combine, gather, load, load_recorded, save, summarise
from gil_demo.classroom.gathering import LEFT_OUT, READ, find_spares, read_name
from tests import made
from tests.made.class_files import damage, make_text, write_class, write_file
from tests.made.classroom import make_class_table
from tests.made.runs import FACTS, make_run, spread

FROM_WINE = Path(made.__file__).with_name("from-wine.csv")  # as Windows writes it; no speed of it
FIGURES = ["runner", "workers", "seconds", "time_ratio", "time_ratio_low", "cold_speed_up"]


def check_figures(table: pd.DataFrame, file: Path) -> None:
    alone = summarise(load(file))
    own = table[table["file"] == file.stem].reset_index(drop=True)
    assert_frame_equal(own[FIGURES], alone[FIGURES], check_dtype=False)


def test_every_file_becomes_a_row_for_each_way_of_running_in_each_run(tmp_path: Path) -> None:
    names = ["anna", "ben", "zoë"]
    write_class(tmp_path, names)
    scaled = make_run({("threads", 4): spread(1.1)}, run_id="b", experiment="scale")
    save(combine([make_run(), scaled]), tmp_path / "both.csv")
    table = gather(tmp_path).table
    assert list(table["file"].unique()) == ["anna", "ben", "both", "zoë"]
    assert list(table[table["file"] == "both"].groupby("run_id").size()) == [3, 2]
    for name in names:
        check_figures(table, tmp_path / f"{name}.csv")


def test_a_file_from_windows_stands_beside_one_from_linux(tmp_path: Path) -> None:
    shutil.copy(FROM_WINE, tmp_path)
    save(load_recorded("threads-versus-processes"), tmp_path / "linux.csv")
    table = gather(tmp_path).table
    told = table[table["runner"] == "processes"].set_index("file")
    assert told["operating_system"].to_dict() == {"from-wine": "Windows", "linux": "Linux"}
    assert told["start_method"].to_dict() == {"from-wine": "spawn", "linux": "fork"}
    check_figures(table, FROM_WINE)


def test_what_does_not_count_is_told_and_what_is_beside_it_is_read(tmp_path: Path) -> None:
    write_class(tmp_path, ["anna", "zoë"])
    text, run = make_text("ben"), make_run()
    write_file(tmp_path, "cores", make_text("cores", usable_cores=10**9))
    write_file(tmp_path, "dance", text.replace("compare", "dance", 1))
    write_file(tmp_path, "short", "".join(text.splitlines(keepends=True)[:-1]))
    other = make_run(run_id="w", experiment="workloads", workload="sleeping")
    quick, racers = run.assign(run_id="q"), run.assign(run_id="r")[run["runner"] != "sequential"]
    quick.loc[quick["runner"] == "threads", "seconds"] = 1e-300
    flash = run.assign(run_id="f", seconds=run["seconds"].mask(run.index == 1, 1e-300))
    blank = run.assign(run_id="b", start_up_seconds=math.nan)
    slow = run.assign(run_id="s", start_up_seconds=1e6)
    tables = {"both": combine([run, other]), "class": make_class_table(), "other": other}
    tables |= {"flash": flash, "blank": blank, "slow": slow}
    for name, table in (tables | {"quick": quick, "racers": racers}).items():
        save(table, tmp_path / f"{name}.csv")
    Path(tmp_path, "._anna.csv").write_bytes(b"\0\5\x16\7")  # as macOS writes beside each file
    gathered = gather(tmp_path)
    read = ["anna", "both", "zoë"]
    assert list(gathered.table["file"].unique()) == read
    files = gathered.files.set_index(gathered.files["file"].str.removesuffix(".csv"))
    assert dict(files["state"]) == dict.fromkeys(files.index, LEFT_OUT) | dict.fromkeys(read, READ)
    fault, odd = "processes, 2 workers, fork has 7 rows in 7 of 8 rounds", "which no machine does"
    assert dict(files["reason"]) == {
        "anna": "",
        "blank": "it doesn't say how long processes took to start or to end",
        "both": "beside others it has a run of workloads, not of compare or scale",
        "class": "it holds runs of a class, not timed runs",
        "cores": "1,000,000,000 cores are more than a machine has",
        "dance": "the file, row 1: experiment must be compare or scale or workloads, not 'dance'",
        "flash": f"threads took 2.27e-150 to 1.05 × as long as the plain loop, {odd}",
        "other": "it has a run of workloads, not of compare or scale",
        "quick": f"threads took 4.83e-300 × as long as the plain loop, {odd}",
        "racers": "it has no sequential rounds to hold the others against",
        "short": f"the file, run run-ben is not whole: {fault}",
        "slow": f"processes took 1e+06 s to start, 0.114 s to work and 0 s to end, {odd}",
        "zoë": "",
    }


def test_a_folder_without_any_run_is_refused_with_the_first_reasons(tmp_path: Path) -> None:
    with pytest.raises(ResultsError, match=r"holds no file of timed runs$"):
        gather(tmp_path)
    (tmp_path / "notes.txt").touch()
    with pytest.raises(ResultsError, match=r"runs \(notes\.txt: it is no CSV file, and no row"):
        gather(tmp_path)


@pytest.mark.skipif(sys.platform == "win32", reason="Windows allows no such names")
def test_names_of_files_are_shown_and_never_rendered(tmp_path: Path) -> None:
    names = ["<b>bold<b>", "$x^2$", "=cmd", "a\nb\x1b[31m", "\u202egnp", "![x](y)", "\\(x\\)"]
    for number, name in enumerate(names):
        write_file(tmp_path, name, make_text(f"{number}"))
        write_file(tmp_path, f"{name}-bad", name)
    write_file(tmp_path, "nobyte\udcff", make_text("x"))
    gathered = gather(tmp_path)
    assert gathered.table["file"].nunique() == len(names) + 1
    page = gathered._repr_html_()
    assert "<b>" not in page
    assert "&lt;b&gt;bold&lt;b&gt;-bad.csv" in page
    assert "mathjax_ignore" in page or "tex2jax_ignore" in page  # the latter by pandas 2
    for text in [*gathered.table["file"], *gathered.files["file"], *str(gathered).split("\n")]:
        assert text.isprintable()
        assert "$" not in text
        assert not text.startswith(("=", "+", "-", "@"))


@pytest.mark.thorough
def test_of_150_damaged_files_each_is_read_rightly_or_named_and_all_good_ones(
    tmp_path: Path,
) -> None:
    good, chance = [f"good{number:02}" for number in range(20)], random.Random(7)
    write_class(tmp_path, good)
    paths = [damage(tmp_path, number, chance) for number in range(150)]
    paths += [tmp_path / f"{name}.csv" for name in good]
    gathered = gather(tmp_path)
    states = gathered.files.set_index("file")
    assert len(states) == len(paths)
    for path in paths:
        state, reason = (str(states.loc[path.name, name]) for name in ("state", "reason"))
        if state == READ:
            check_figures(gathered.table, path)
            continue
        assert path.stem not in {*good, *gathered.table["file"]}
        assert 5 < len(reason) < 250
        assert reason.isprintable()
    assert 20 < (states["state"] == READ).sum() < 100


def make_summary(*runs: Mapping[str, object]) -> pd.DataFrame:
    plain = FACTS | {"runner": "threads", "workers": 2, "start_method": "", "seconds": 0.2}
    plain |= {"time_ratio": 1.1, "cold_speed_up": 0.9, "name": "anna.csv"}
    rows = [plain | {"key": f"{n}", "run_id": f"r{n}", **run} for n, run in enumerate(runs)]
    return pd.DataFrame(rows)


def test_a_name_says_whose_it_is_of_which_moment_and_which_copy() -> None:
    assert read_name("Anna (2).CSV") == ("anna", "", 2)
    assert read_name("anna_20261124-101500 (1).csv") == ("anna", "20261124-101500", 1)
    for name in ("anna-2", "20261124-101500", "(1)"):
        assert read_name(f"{name}.csv") == (name, "", 0)
    assert read_name("a\nb.csv") == ("a\nb.csv", "", 0)


def test_of_runs_alike_under_one_name_the_last_counts_by_day_then_moment_then_copy() -> None:
    copy = {"name": "anna (1).csv"}
    later, sooner = ({"name": f"anna-20261124-{hour}1500.csv"} for hour in ("10", "09"))
    same_id = {"name": "b.csv", "run_id": "r0", "seconds": 0.3}
    for one, other, told in (
        ({}, copy | {"measured_on": "2026-11-21"}, "measured again later: anna.csv counts"),
        (later, sooner, f"measured again later: {later['name']} counts"),
        (copy, {}, "measured again later: anna (1).csv counts"),
        ({}, same_id, "a run of the same id, but not alike, is in anna.csv"),
    ):
        assert find_spares(make_summary(one, other)) == {"1": told}
    for fact, value in (("name", "b.csv"), ("python_version", "3.14.0"), ("workers", 4)):
        assert find_spares(make_summary({}, {**copy, fact: value})) == {}
    names = [f"threads-versus-processes-20261124-10150{n}.csv" for n in range(3)]
    assert find_spares(make_summary(*({"name": name} for name in names))) == {}  # nobody's
