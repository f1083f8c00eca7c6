import pytest

from gil_demo.checks import ResultsError
from gil_demo.claims import describe_claims, judge_claims, score_claims, title_claims
from tests.made.claims import make_claims

VERDICTS = ["holds", "holds", "holds", "half true", "half true", "does not hold", "half true"]
NAN = float("nan")


def get_verdict(claim: str, *values: float, **facts: object) -> str:
    scores = score_claims(make_claims({claim: values} if values else None, **facts))
    return str(scores.set_index("claim")["verdict"][claim])


def test_an_ordinary_machine_gets_the_ordinary_scorecard() -> None:
    scores = score_claims(make_claims())
    assert list(scores["claim"]) == ["C1", "C2", "C3", "C4", "C5", "C6", "C7"]
    assert list(scores["verdict"]) == VERDICTS
    assert title_claims(make_claims(), scores) == (
        "Of seven claims three hold, three are half true, one does not hold"
    )


@pytest.mark.parametrize(
    ("claim", "values", "verdict"),
    [
        ("C1", (0.52, 0.5, 0.55), "does not hold"),
        ("C1", (1.02, NAN, NAN), "can't be told here"),
        ("C1", (0.98, 0.9, 1.1), "can't be told here"),
        ("C2", (0.98, 0.97), "holds"),
        ("C2", (0.05, 0.0), "does not hold"),
        ("C2", (NAN, 0.0), "can't be told here"),
        ("C3", (3.0,), "does not hold"),
        ("C4", (0.5, 0.95, 0.94, 0.96), "holds"),
        ("C4", (0.5, 0.5, 0.5, 0.5), "can't be told here"),
        ("C5", (3.0, 0.001, 0.03, 13.0), "does not hold"),
        ("C5", (1.0, 0.001, 0.03, 13.0), "can't be told here"),
        ("C5", (2.0, 0.001, 0.03, 1.0), "holds"),
        ("C6", (2.0, 6.0, 0.0), "holds"),
        ("C7", (1.0, 1.0, 1.0, 1.0), "holds"),
        ("C7", (0.0, 1.0, 0.0, 1.0), "can't be told here"),
        ("C7", (1.0, 0.0, 0.0, 1.0), "half true"),
    ],
)
def test_each_verdict_follows_from_its_figures(
    claim: str, values: tuple[float, ...], verdict: str
) -> None:
    assert get_verdict(claim, *values) == verdict


def test_without_the_gil_the_scorecard_tells_another_story_and_why() -> None:
    parallel = {"C1": (0.55, 0.52, 0.58), "C2": (0.98, 0.97)}
    scores = score_claims(make_claims(parallel, gil_enabled=False)).set_index("claim")
    assert scores["verdict"]["C1"] == "does not hold"
    assert scores["evidence"]["C1"] == (
        "Without the GIL, two threads took 0.55 × as long as the plain loop."
    )
    assert scores["verdict"]["C2"] == "holds"
    assert "two threads for 97 %" in scores["evidence"]["C2"]
    assert "without the GIL" in describe_claims(make_claims(parallel, gil_enabled=False))


def test_a_quota_makes_the_third_claim_half_true() -> None:
    assert get_verdict("C3", 8.0, logical_cores=8, usable_cores=2) == "half true"
    assert get_verdict("C3", 2.0, logical_cores=8, usable_cores=2) == "half true"


@pytest.mark.parametrize("facts", [{"usable_cores": 1}, {"busy_percent": 80.0}])
def test_one_core_or_a_busy_machine_withholds_what_it_cannot_show(facts: dict[str, object]) -> None:
    assert get_verdict("C2", 0.1, 0.0, **facts) == "can't be told here"
    assert get_verdict("C4", **facts) == "can't be told here"


def test_the_evidence_has_the_numbers_and_no_riddles() -> None:
    text = judge_claims(make_claims({"C2": (0.9, NAN)}))
    assert "Two threads took 1.03 × as long as the plain loop." in text
    assert "six of six unfinished jobs were lost" in text
    assert "Of a list of 100 tasks it is handed 13" in judge_claims(make_claims())
    assert "e-0" not in text
    assert "nan" not in text.replace("an unknown", "")


def test_a_table_that_lacks_a_quantity_is_refused() -> None:
    with pytest.raises(ResultsError, match="lacks pool_workers of C3"):
        score_claims(make_claims().query("claim != 'C3'"))
