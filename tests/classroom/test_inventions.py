import math
from pathlib import Path

import pandas as pd
import pytest

from gil_demo.checks import ResultsError
from gil_demo.classroom.gathering import gather
from gil_demo.classroom.invention import make_class
from gil_demo.recorded import load_recorded
from gil_demo.tables.files import load


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("invented") / "class"


@pytest.fixture(scope="module")
def truth(folder: Path) -> pd.DataFrame:
    return make_class(folder, 12, noise=0.02)


def test_every_made_up_file_says_that_it_is(folder: Path, truth: pd.DataFrame) -> None:
    assert len(truth) == 12
    for file in folder.glob("*.csv"):
        assert "made up from a run of a 2-core Linux machine" in file.read_text(encoding="utf-8")
    assert gather(folder).table["recorded_on"].str.startswith("made up from").all()


def test_what_was_put_in_comes_out_within_the_noise(folder: Path, truth: pd.DataFrame) -> None:
    table = gather(folder).table
    known = truth.set_index("file")
    least = math.sqrt(math.pi / 2) * math.sqrt(2) * 0.02 / math.sqrt(12)  # of a median of ratios
    for runner in ("threads", "processes"):
        own = table[table["runner"] == runner].set_index(
            table["file"][table["runner"] == runner].str.removesuffix(" (1)")
        )
        for name, row in own.iterrows():
            put_in = known.loc[str(name), f"{runner}_ratio"]
            assert abs(math.log(row["time_ratio"] / put_in)) < 5 * least, name


def test_it_is_made_of_the_recorded_rounds(folder: Path, truth: pd.DataFrame) -> None:
    recorded = load_recorded("threads-versus-processes")
    loops = recorded[recorded["runner"] == "sequential"].set_index("round")["seconds"]
    made = load(folder / "amber.csv")
    own = made[made["runner"] == "sequential"].set_index("round")["seconds"]
    pace = truth.set_index("file")["pace"]["amber"]
    ratios = own / (loops.loc[own.index] * pace)
    assert ratios.map(math.log).abs().max() < 5 * 0.02


def test_it_has_what_real_classes_have(folder: Path, truth: pd.DataFrame) -> None:
    assert len(truth)
    gathered = gather(folder)
    told = gathered.files.set_index("file")["reason"]
    assert told["copy of amber.csv"] == "the same run is in amber.csv"
    assert told["birch.csv"] == "measured again later: birch (1).csv counts"
    assert "cut short" in told.loc[f"{truth['file'].iloc[-1]}.csv"]
    assert "workload" not in (folder / "cedar.csv").read_text(encoding="utf-8")
    assert "cedar" in set(gathered.table["file"])
    assert len(gathered.table["run_id"].unique()) == 11


def test_the_same_seed_makes_the_same_class(tmp_path: Path) -> None:
    first, again = (make_class(tmp_path / name, 5, seed=3) for name in "ab")
    pd.testing.assert_frame_equal(first, again)
    for file in (tmp_path / "a").iterdir():
        assert file.read_bytes() == (tmp_path / "b" / file.name).read_bytes()
    assert not make_class(tmp_path / "c", 5, seed=4).equals(first)


def test_a_folder_with_anything_in_it_is_left_as_it_is(tmp_path: Path) -> None:
    (tmp_path / "mine.csv").write_text("mine", encoding="utf-8")
    with pytest.raises(ResultsError, match="is not empty; name a new folder"):
        make_class(tmp_path)
    with pytest.raises(ResultsError, match="cannot make"):
        make_class(tmp_path / "mine.csv")
    assert [file.name for file in tmp_path.iterdir()] == ["mine.csv"]
