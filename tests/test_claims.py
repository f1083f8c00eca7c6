import pandas as pd
import pytest
from matplotlib.text import Text

import gil_demo
from gil_demo import ResultsError, claims
from gil_demo.claims import FALSE, HALF_TRUE, HOLDS, SAYINGS, UNTOLD
from gil_demo.running.scripts import FINISHED, Outcome
from tests import charts
from tests.made.claims import make_claims
from tests.made.unchecked import draw, summarise, verdict

NAN = float("nan")

VERDICTS: dict[str, list[tuple[tuple[float, ...], str]]] = {
    "C1": [((1.03, 0.953, 1.05), HOLDS), ((0.52, 0.5, 0.55), FALSE), ((1.02, NAN, NAN), UNTOLD),
           ((0.97, 0.84, 0.953), HOLDS), ((0.97, 0.82, 0.953), UNTOLD), ((0.87, 0.84, 0.9), FALSE)],
    "C2": [((0.5, 0.97), HOLDS), ((0.49, 0.0), UNTOLD), ((0.05, 0.0), UNTOLD), ((0.04, 0.0), FALSE),
           ((NAN, 0.0), UNTOLD)],
    "C3": [((2.0,), HOLDS), ((3.0,), FALSE)], "C6": [((2.0, 6.0, 0.0), HOLDS)],
    "C4": [((0.5, 0.95, 0.91, 0.96), HOLDS), ((0.5, 0.95, 0.89, 0.96), HALF_TRUE),
           ((0.5, 0.54, 0.4, 0.5), UNTOLD)],
    "C5": [((3.0, 0.001, 0.03, 13.0), FALSE), ((1.0, 0.001, 0.03, 13.0), UNTOLD),
           ((2.0, 0.04, 0.03, 1.0), UNTOLD),
           ((2.0, 0.001, 0.03, 1.0), HOLDS), ((2.0, 0.001, 0.03, 2.0), HALF_TRUE)],
    "C7": [((1.0, 1.0, 1.0, 1.0), HOLDS), ((0.0, 1.0, 1.0, 1.0), UNTOLD),
           ((1.0, 1.0, 1.0, 0.0), UNTOLD), ((1.0, 0.0, 0.0, 1.0), UNTOLD)],
}  # fmt: skip


def test_each_verdict_follows_from_its_figures_where_the_machine_can_show_it() -> None:
    for claim, cases in VERDICTS.items():
        for values, told in cases:
            scores = summarise(make_claims({claim: values})).set_index("claim")
            assert scores["verdict"][claim] == told, values
    for opened in (8.0, 2.0):  # under a quota
        table = make_claims({"C3": (opened,)}, logical_cores=8, usable_cores=2)
        assert summarise(table)["verdict"][2] == HALF_TRUE
    for facts in ({"usable_cores": 1}, {"busy_percent": 80.0}):
        scores = summarise(make_claims({"C2": (0.1, 0.0)}, **facts)).set_index("claim")
        assert set(scores["verdict"][["C1", "C2", "C4"]]) == {"can't be told here"}
        assert scores["evidence"][["C1", "C2", "C4"]].str.contains(" Note: ").all()


def test_an_ordinary_scorecard_is_told_in_these_lines() -> None:
    lines = verdict(make_claims()).splitlines()
    assert lines[::3] == [f"{claim}  {saying}" for claim, saying in SAYINGS.items()]
    assert lines[1::3] == [
        "    holds: 0.97 × the loop's speed",
        "    holds: at the same time for 98 %",
        "    holds: two processes",
        "    half true: busy for 95 %, with one task more 75 %",
        "    half true: two at once",
        "    does not hold: no worker left",
        "    half true: spawn without the guard: failed",
    ]
    assert lines[2::3] == [
        "    Two threads ran at 0.97 × the speed of the plain loop.",
        "    Two processes ran at the same time for 98 % of their work, two threads for 0 %.",
        "    Pool() opened two processes; the machine has two cores, this Python may use two, and "
        "two halves of a countdown need two.",
        "    Two workers were busy 50 % of the time with one task, 95 % with two, 75 % with three "
        "and 96 % with eight. A list a little longer than the crew leaves some of them idle at its "
        "end.",
        "    On two workers at most two tasks were under way at once; a worker that was done began "
        "the next after 400 µs (median). Of a list of 100 tasks it is handed 13, not one.",
        "    After the with block no worker was alive, and six of six unfinished jobs were lost: "
        "close() and join() before its end wait for them.",
        "    With processes in the threads' place the script ran under fork; under spawn it needs "
        'if __name__ == "__main__": around the pool.',
    ]


def test_other_machines_are_told_other_evidence() -> None:
    told: dict[str, tuple[tuple[float, ...], str]] = {
        "C1": ((0.98, 0.8, 1.1), "Without the GIL, two threads ran at 1.02 × the speed of the "
               "plain loop; the rounds differ too much to say more."),
        "C2": ((NAN, 0.97), "Two processes ran at the same time for an unknown part of their work, "
               "two threads for 97 %."),
        "C6": ((1.0, 6.0, 1.0), "After the with block one worker was alive, and one of six "
               "unfinished jobs were lost."),
        "C7": ((1.0, 0.0, 0.0, 1.0), "With processes in the threads' place the script failed: it "
               'needs if __name__ == "__main__": around the pool.'),
    }  # fmt: skip
    facts = {"gil_enabled": False, "start_method": "spawn"}
    table = make_claims({claim: values for claim, (values, _) in told.items()}, **facts)
    evidence = summarise(table).set_index("claim")["evidence"]
    assert [evidence[claim] for claim in told] == [text for _, text in told.values()]
    for low, high, end in (
        (0.96, 1.1, "speed of the plain loop."),
        (0.84, 1.1, "; that they gain a fifth of its speed is ruled out."),
        (0.82, 1.1, "; the rounds differ too much to say more."),
        (NAN, NAN, "; the rounds are too few to say more."),
    ):
        evidence = summarise(make_claims({"C1": (0.98, low, high)}))["evidence"][0]
        assert evidence.endswith(end)


def test_a_table_that_lacks_a_quantity_or_has_one_twice_is_refused() -> None:
    with pytest.raises(ResultsError, match="the table is not whole: it lacks pool_workers of C3"):
        gil_demo.summarise(make_claims().query("claim != 'C3'"))
    for claim, values in (("C1", (0.0, 1.0, 1.0)), ("C3", (NAN,)), ("C5", (2.0, NAN, 1.0, 1.0))):
        with pytest.raises(ResultsError, match=f"it lacks [a-z_]+ of {claim}$"):
            gil_demo.summarise(make_claims({claim: values}))
    table = make_claims()
    with pytest.raises(ResultsError, match=r"run c1 has pool_workers of C3 more than once$"):
        gil_demo.summarise(pd.concat([table, table[table["claim"] == "C3"]]))


def test_scripts_get_no_more_time_than_is_allowed_and_by_spawn_one_outcome_counts_twice(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    allowed = []

    def note(_: str, seconds: float) -> Outcome:
        allowed.append(seconds)
        return Outcome(FINISHED, seconds, "")

    monkeypatch.setattr(claims, "run_script", note)
    for method, scripts in (("spawn", 3), ("fork", 4)):
        assert set(claims._try_scripts(method, 1.0).values()) == {1.0}
        assert allowed == [30.0] * scripts
        allowed.clear()


def test_the_chart_has_every_claim_with_its_verdict_in_words() -> None:
    charts.assert_readable(draw, make_claims(busy_percent=90.0))
    chart = draw(make_claims())
    title, conditions = (text.get_text() for text in chart.texts)
    assert title == "Of seven claims three hold, three are half true, one does not hold"
    assert conditions.endswith(", processes by fork; two workers")
    words = [text.get_text() for text in chart.findobj(Text) if isinstance(text, Text)]
    assert (words.count("half true"), words.count("does not hold")) == (3, 1)
    for claim, saying in SAYINGS.items():
        assert f"{claim}  {saying}" in words
        assert f"{claim}, {saying[:-1]}: " in chart.description
    assert "no worker was alive, and six of six unfinished jobs were lost: " in chart.description
