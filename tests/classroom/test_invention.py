import math
from pathlib import Path

import pytest

from gil_demo import ResultsError, gather, load, load_recorded, make_class
from gil_demo.classroom.gathering import READ, SET_ASIDE
from gil_demo.classroom.invention import NOISE


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("invented") / "class"
    make_class(folder, 12)
    return folder


def test_the_same_class_is_made_each_time_and_what_is_put_in_comes_out_within_the_noise(
    folder: Path, tmp_path: Path
) -> None:
    truth = make_class(tmp_path, 12).set_index("file")
    assert len(truth) == 12
    for file in folder.iterdir():
        assert file.read_bytes() == (tmp_path / file.name).read_bytes()
    table = gather(folder).table
    least = math.sqrt(math.pi / 2) * math.sqrt(2) * NOISE / math.sqrt(12)  # of a median of ratios
    for runner in ("threads", "processes"):
        for row in table[table["runner"] == runner].itertuples():
            put_in = truth.loc[row.file, f"{runner}_ratio"]
            assert abs(math.log(row.time_ratio / put_in)) < 5 * least, row.file
    recorded, made = load_recorded("threads-versus-processes"), load(folder / "amber.csv")
    assert made["recorded_on"].str.startswith("made up from a run of a 2-core Linux").all()
    loops, own = (
        table[table["runner"] == "sequential"].set_index("round")["seconds"]
        for table in (recorded, made)
    )
    ratios = own / (loops.loc[own.index] * truth["pace"]["amber"])
    assert ratios.map(math.log).abs().max() < 5 * NOISE


def test_it_has_what_real_classes_have_and_that_is_said_of_each_file(folder: Path) -> None:
    gathered = gather(folder)
    assert str(gathered).startswith("Files read: 11 of 14.\n")
    assert gathered.table["run_id"].nunique() == 11
    states, reasons = (gathered.files.set_index("file")[name] for name in ("state", "reason"))
    assert states["copy of amber.csv"] == states["birch.csv"] == SET_ASIDE
    assert reasons["copy of amber.csv"] == "the same run is in amber.csv"
    assert reasons["birch.csv"] == "measured again later: birch (1).csv counts"
    assert "cut short" in reasons["larch.csv"]  # the last of them
    assert "workload" not in (folder / "cedar.csv").read_text(encoding="utf-8")
    assert states["cedar.csv"] == READ


def test_a_folder_with_anything_in_it_is_left_as_it_is(tmp_path: Path) -> None:
    mine = tmp_path / "mine.csv"
    mine.write_text("mine", encoding="utf-8")
    for place, told in ((tmp_path, "is not empty; name a new folder"), (mine, "cannot make")):
        with pytest.raises(ResultsError, match=told):
            make_class(place)
    assert [*tmp_path.iterdir()] == [mine]
