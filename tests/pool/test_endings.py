import pytest

from gil_demo import GilDemoError, examine_endings
from gil_demo.pool import endings
from tests.conftest import METHODS


def test_close_and_join_loses_no_job_and_with_loses_them_and_neither_leaves_a_worker() -> None:
    table = examine_endings(["close and join", "with"], start_method=METHODS[0])
    assert table[["ending", "jobs"]].to_numpy().tolist() == [["close and join", 6], ["with", 6]]
    assert table["jobs_lost"].iloc[0] == 0 < table["jobs_lost"].iloc[1]
    assert table[["workers_alive", "workers_later"]].to_numpy().tolist() == [[0, 0], [0, 0]]
    assert (table["seconds"] > 0).all()
    assert set(table["helpers"]) == {"none"} or METHODS[0] != "fork"


@pytest.mark.thorough
@pytest.mark.parametrize("method", METHODS)
def test_a_pool_that_nothing_ends_keeps_its_workers(method: str) -> None:
    table = examine_endings(start_method=method).set_index("ending")
    assert table.index.tolist() == list(endings.ENDINGS)
    assert table["workers_alive"]["nothing"] == table["workers_later"]["nothing"] == 2
    assert table["jobs_lost"][["close", "del", "nothing"]].tolist() == [0, 0, 0]
    assert "e-" not in table.to_string()  # no powers of ten, which few students read


def test_a_pool_that_could_not_be_watched_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(endings, "_SCRIPT", "raise SystemExit(3)")
    with pytest.raises(GilDemoError, match="a pool ended by with could not be watched: failed"):
        examine_endings(["with"])
