import math
from pathlib import Path

import pandas as pd
import pytest

from gil_demo import ResultsError, gather, load, load_recorded, make_class
from gil_demo.classroom.invention import NOISE


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("invented") / "class"


@pytest.fixture(scope="module")
def truth(folder: Path) -> pd.DataFrame:
    made: pd.DataFrame = make_class(folder, 12)
    return made.set_index("file")


def test_what_was_put_in_comes_out_within_the_noise(folder: Path, truth: pd.DataFrame) -> None:
    assert len(truth) == 12
    table = gather(folder).table
    least = math.sqrt(math.pi / 2) * math.sqrt(2) * NOISE / math.sqrt(12)  # of a median of ratios
    for runner in ("threads", "processes"):
        for row in table[table["runner"] == runner].itertuples():
            put_in = truth.loc[str(row.file).removesuffix(" (1)"), f"{runner}_ratio"]
            assert abs(math.log(row.time_ratio / put_in)) < 5 * least, row.file


def test_it_is_made_of_the_recorded_rounds_and_says_so(folder: Path, truth: pd.DataFrame) -> None:
    recorded = load_recorded("threads-versus-processes")
    loops = recorded[recorded["runner"] == "sequential"].set_index("round")["seconds"]
    made = load(folder / "amber.csv")
    assert made["recorded_on"].str.startswith("made up from a run of a 2-core Linux").all()
    own = made[made["runner"] == "sequential"].set_index("round")["seconds"]
    ratios = own / (loops.loc[own.index] * truth["pace"]["amber"])
    assert ratios.map(math.log).abs().max() < 5 * NOISE


def test_it_has_what_real_classes_have(folder: Path, truth: pd.DataFrame) -> None:
    gathered = gather(folder)
    told = gathered.files.set_index("file")["reason"]
    assert told["copy of amber.csv"] == "the same run is in amber.csv"
    assert told["birch.csv"] == "measured again later: birch (1).csv counts"
    assert "cut short" in told.loc[f"{truth.index[-1]}.csv"]
    assert "workload" not in (folder / "cedar.csv").read_text(encoding="utf-8")
    assert "cedar" in set(gathered.table["file"])
    assert len(gathered.table["run_id"].unique()) == 11


def test_the_same_class_is_made_each_time(folder: Path, tmp_path: Path) -> None:
    make_class(tmp_path / "again", 12)
    for file in folder.iterdir():
        assert file.read_bytes() == (tmp_path / "again" / file.name).read_bytes()


def test_a_folder_with_anything_in_it_is_left_as_it_is(tmp_path: Path) -> None:
    (tmp_path / "mine.csv").write_text("mine", encoding="utf-8")
    with pytest.raises(ResultsError, match="is not empty; name a new folder"):
        make_class(tmp_path)
    with pytest.raises(ResultsError, match="cannot make"):
        make_class(tmp_path / "mine.csv")
    assert [file.name for file in tmp_path.iterdir()] == ["mine.csv"]
