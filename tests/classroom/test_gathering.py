import random
import re
import sys
from collections.abc import Mapping
from pathlib import Path

import pandas as pd
import pytest
from pandas.testing import assert_frame_equal

from gil_demo import ResultsError, combine, gather, load, save, summarise
from gil_demo.classroom.gathering import LEFT_OUT, READ, SET_ASIDE, find_spares, read_name
from gil_demo.classroom.table import CLASS
from tests.made.class_files import MANY_BYTES, damage, make_text, write_class, write_file
from tests.made.classroom import make_class_table
from tests.made.runs import FACTS, make_run, spread

FIGURES = ["runner", "workers", "seconds", "time_ratio", "time_ratio_low", "cold_speed_up"]


def tell(folder: Path) -> dict[str, tuple[str, str]]:
    files = gather(folder).files
    return {name: (state, why) for name, state, why in files.itertuples(index=False, name=None)}


def check_figures(table: pd.DataFrame, file: Path) -> None:
    raw = pd.read_csv(file, dtype=str, keep_default_na=False)
    alone = load(save(raw.assign(workload="countdown"), file.with_suffix(".new")))
    file.with_suffix(".new").unlink()
    own = table[table["file"] == file.stem].reset_index(drop=True)
    assert_frame_equal(own[FIGURES], summarise(alone)[FIGURES], check_dtype=False)


def test_every_file_becomes_a_row_for_each_way_of_running(tmp_path: Path) -> None:
    write_class(tmp_path, ["anna", "ben", "zoë"])
    gathered = gather(tmp_path)
    assert list(gathered.table.columns) == list(CLASS.columns)
    assert list(gathered.table["file"].unique()) == ["anna", "ben", "zoë"]
    assert set(gathered.table["experiment"]) == {"class"}
    for file in tmp_path.glob("*.csv"):
        check_figures(gathered.table, file)
    assert str(gathered) == "3 of 3 files read."


def test_a_file_of_several_runs_gives_them_all(tmp_path: Path) -> None:
    scaled = make_run({("threads", 4): spread(1.1)}, run_id="b", experiment="scale")
    save(combine([make_run(), scaled]), tmp_path / "anna.csv")
    table = gather(tmp_path).table
    assert list(table.groupby("run_id").size()) == [3, 2]
    assert set(table["file"]) == {"anna"}


def test_runs_that_answer_another_question_are_told(tmp_path: Path) -> None:
    other = make_run(run_id="w", experiment="workloads", workload="sleeping")
    save(combine([make_run(), other]), tmp_path / "anna.csv")
    save(other, tmp_path / "ben.csv")
    table = make_run(run_id="c")
    save(table[table["runner"] != "sequential"], tmp_path / "cleo.csv")
    save(make_class_table(), tmp_path / "dan.csv")
    told = tell(tmp_path)
    assert told["anna.csv"][0] == READ
    assert "beside others it has a run of workloads" in told["anna.csv"][1]
    assert told["ben.csv"] == (LEFT_OUT, "it has a run of workloads, not of compare or scale")
    assert told["cleo.csv"][1] == "it has no sequential rounds to hold the others against"
    assert told["dan.csv"] == (LEFT_OUT, "it holds runs of a class, not timed runs")


def test_copies_and_runs_done_again_are_set_aside_and_said(tmp_path: Path) -> None:
    write_class(tmp_path, ["anna", "ben"])
    (tmp_path / "copy.csv").write_bytes((tmp_path / "anna.csv").read_bytes())
    write_file(tmp_path, "ben (1)", make_text("ben-later", measured_on="2026-11-30"))
    gathered = gather(tmp_path)
    assert list(gathered.table["file"].unique()) == ["anna", "ben (1)"]
    assert str(gathered).splitlines()[0] == "2 of 4 files read."
    assert tell(tmp_path)["copy.csv"] == (SET_ASIDE, "the same run is in anna.csv")
    assert tell(tmp_path)["ben.csv"] == (SET_ASIDE, "measured again later: ben (1).csv counts")


def test_figures_that_no_machine_gives_are_left_out(tmp_path: Path) -> None:
    write_class(tmp_path, ["anna"])
    write_file(tmp_path, "ben", make_text("ben", usable_cores=10**9))
    quick = make_run(run_id="c")
    quick.loc[quick["runner"] == "threads", "seconds"] = 1e-300
    save(quick, tmp_path / "cleo.csv")
    told = tell(tmp_path)
    assert set(gather(tmp_path).table["file"]) == {"anna"}
    assert told["ben.csv"] == (LEFT_OUT, "1,000,000,000 cores are more than a machine has")
    long = r"threads took 4\.\S+e-300 × as long as the plain loop, which no machine does"
    assert re.fullmatch(long, told["cleo.csv"][1])


def test_a_bad_file_is_named_and_those_beside_it_are_read(tmp_path: Path) -> None:
    write_class(tmp_path, ["anna", "cleo"])
    text = make_text("ben")
    write_file(tmp_path, "ben", text.replace("compare", "dance", 1))
    write_file(tmp_path, "dan", "".join(text.splitlines(keepends=True)[:-1]))
    told = tell(tmp_path)
    assert told["anna.csv"] == told["cleo.csv"] == (READ, "")
    choices = "compare or scale or workloads"
    assert told["ben.csv"][1] == f"the file, row 1: experiment must be {choices}, not 'dance'"
    assert told["dan.csv"][1].startswith("the file, run run-ben is not whole: ")


def test_a_folder_without_any_run_is_refused_with_the_first_reasons(tmp_path: Path) -> None:
    with pytest.raises(ResultsError, match=r"holds no file of timed runs$"):
        gather(tmp_path)
    (tmp_path / "notes.txt").touch()
    with pytest.raises(ResultsError, match=r"runs \(notes\.txt: it is no CSV file\)"):
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
    saved = save(gathered.table, tmp_path / "class.csv")
    assert list(load(saved)["file"]) == list(gathered.table["file"])


@pytest.mark.thorough
@pytest.mark.skipif(sys.platform == "win32", reason="links and sparse files as on Linux and macOS")
def test_of_150_damaged_files_each_is_read_rightly_or_named_and_the_good_ones_are_all_in(
    tmp_path: Path,
) -> None:
    good = [f"good{number:02}" for number in range(20)]
    write_class(tmp_path, good)
    chance = random.Random(7)
    paths = [tmp_path / f"{name}.csv" for name in good]
    paths += [damage(tmp_path, number, chance) for number in range(150)]
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
    assert (states["reason"].str.contains(f"has {MANY_BYTES:,} bytes")).sum() > 5
    assert (states["reason"] == "it is a link; only files in the folder itself are read").any()


# runs that are there twice


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


def test_a_run_of_the_same_id_with_other_figures_is_told_apart_from_a_copy() -> None:
    unlike = {"name": "b.csv", "run_id": "r0", "seconds": 0.3}
    told = find_spares(make_summary({}, unlike))
    assert told == {"1": "a run of the same id, but not alike, is in anna.csv"}


def test_of_runs_under_one_name_the_last_counts_by_day_then_moment_then_copy() -> None:
    early = {"name": "anna (1).csv", "measured_on": "2026-11-21"}
    assert find_spares(make_summary({}, early)) == {"1": "measured again later: anna.csv counts"}
    first, second = ({"name": f"anna-20261124-{hour}1500.csv"} for hour in ("09", "10"))
    assert [*find_spares(make_summary(second, first))] == ["1"]
    assert [*find_spares(make_summary({"name": "anna (1).csv"}, {}))] == ["1"]


def test_runs_of_other_names_machines_or_questions_all_count() -> None:
    for unlike in ({"name": "ben.csv"}, {"python_version": "3.14.0"}, {"workers": 4}):
        assert find_spares(make_summary({}, {"name": "anna (1).csv", **unlike})) == {}
    names = [f"threads-versus-processes-20261124-10150{n}.csv" for n in range(3)]
    assert find_spares(make_summary(*({"name": name} for name in names))) == {}  # nobody's
