import re
import sys
from collections.abc import Sequence
from functools import cache, partial
from typing import Any

import matplotlib as mpl
import numpy as np
import pytest

from gil_demo import bend_amdahl
from gil_demo.drawing.style import Chart, get_look
from gil_demo.measuring.fits import compute_speed_up
from gil_demo.race.amdahl import draw_amdahl, fit_runners
from tests.charts import (
    ODD_SETTINGS,
    assert_apart,
    assert_readable,
    list_texts,
    read_across,
    read_up,
)
from tests.made.runs import Ratios, make_scaling, spread
from tests.made.unchecked import summarise, verdict


def share_out(part: float, workers: Sequence[int] = (1, 2, 4), cores: int = 4,
              runner: str = "processes", rounds: int = 8) -> Ratios:  # fmt: skip
    """Let ever more workers share out a part of the work by Amdahl's law."""
    return {
        (runner, number): spread(1 / compute_speed_up(part, min(number, cores)), rounds)
        for number in workers
    }


CASES: dict[str, tuple[Ratios, dict[str, Any]]] = {
    "ordinary": ({**share_out(0.95), **share_out(-0.03, runner="threads")}, {}),
    "all": ({("processes", 2): spread(0.4)}, {}),
    "over both ends": ({("processes", n): spread(0.75, width=1.9) for n in (2, 4)}, {}),
    "nearly all": (share_out(0.996), {}),
    "a third": (share_out(0.33), {}),
    "the plain loop alone": ({}, {}),
    "one worker": ({("processes", 1): spread(1.0)}, {}),
    "five rounds": (share_out(0.9, rounds=5), {}),
    "one physical core": (share_out(0.5, (1, 2), 2), {"usable_cores": 2, "physical_cores": 1}),
    "busy": (share_out(0.9), {"busy_percent": 99.0}),
    "unknown physical cores": (share_out(0.9), {"physical_cores": None}),
    "two threads a core": (share_out(0.9), {"usable_cores": 8, "logical_cores": 8}),
    "a quota": (share_out(0.9, (1, 2, 3, 4, 16), 3), {
        "usable_cores": 3, "logical_cores": 16, "physical_cores": 8, "cores_limited_by": "quota"}),
    "cores alike": (share_out(0.99, (1, 2, 62, 63, 64), 62), {
        "usable_cores": 63, "logical_cores": 64, "physical_cores": 62, "busy_percent": 0.0}),
    "64 workers beside each other": (
        {**share_out(0.9, (1, 64)), **share_out(0.0, (1, 64), runner="threads")}, {}),
    "64 workers": (share_out(0.9, (1, 64), 2), {"usable_cores": 2, "physical_cores": 2}),
    "two limits": ({**share_out(0.9), **share_out(0.91, runner="threads")}, {}),
}  # fmt: skip


@cache
def make_case(case: str) -> Any:
    ratios, facts = CASES[case]
    return make_scaling(ratios, **facts)


@cache
def draw_case(case: str, part: float | None = None) -> Any:
    return draw_law(make_case(case), part)


def draw_law(table: Any, part: float | None = None) -> Chart:
    return draw_amdahl(table, summarise(table), part)


def list_curves(axes: Any) -> dict[str, list[float]]:
    """Give each named line of a plot the heights that it runs through."""
    named = {str(line.get_label()): read_up(line) for line in axes.lines}
    return {name: ups for name, ups in named.items() if not name.startswith("_")}


def test_each_way_of_running_has_its_parallel_part() -> None:
    shares = {"threads": 0.5, "processes": 0.9}.items()
    ways = [(runner, part, number) for runner, part in shares for number in (1, 2, 8)]
    exact = {(way, n): [1 / compute_speed_up(part, min(n, 4))] * 8 for way, part, n in ways}
    processes, threads = fit_runners(make_scaling(exact))
    assert processes == ("processes", *[pytest.approx(0.9)] * 3, "")
    assert threads == ("threads", *[pytest.approx(0.5)] * 3, "")


def test_a_part_is_told_as_far_as_its_interval_carries() -> None:
    for case, told in {
        "ordinary": " shared out 95.0 % of the work (94.7 % to 95.3 %): "
        "with cores without end, 19.0 to 21.2 times as fast as the plain loop.",
        "all": " shared out 100.0 % of the work (100.0 % to 100.0 %): no limit shows.",
        "over both ends": " shared out 0.0 % to 100.0 % of the work: too wide to say more.",
        "nearly all": " shared out 99.6 % of the work (99.4 % to 99.8 %): "
        "no limit can be told from that, but that it is above 157.4 ×.",
        "a third": " shared out 33.0 % of the work (32.3 % to 33.7 %): more of them change little.",
        "one worker": ": no fit, since no run had two workers or more.",
        "one physical core": ": no fit, since one core can't show how work is shared "
        "out: take a machine with more.",
    }.items():
        lines = verdict(make_case(case)).splitlines()
        law = lines.index("By Amdahl's law, which notebook 08 explains:")
        assert f"Processes{told}" in lines[law:], case
    told = verdict(make_case("the plain loop alone"))
    assert told == "Eight rounds; stopped because every interval was narrow enough."


def test_what_the_run_does_not_carry_is_withheld() -> None:
    for case in ("five rounds", "busy"):
        chart, text = draw_case(case), verdict(make_case(case))
        assert chart.texts[0].get_text() == text.split(";")[0]
        assert not re.search("shared out|parallel part|[Ll]aw", text + chart.description)
        assert not [*list_curves(chart.axes[1]), *chart.axes[1].collections]
        explained = [axes.get_title(loc="left") for axes in chart.axes]
        assert explained == ["measured (marks)", "the law: not fitted here"]


def test_the_cores_are_told_last_and_marked_where_there_are_as_many_workers() -> None:
    for case, cores, fitted in (
        ("two threads a core", "8 logical, 4 physical, 8 usable", "four"),
        ("one physical core", "4 logical, 1 physical, 2 usable", ""),
        ("unknown physical cores", "4 logical, an unknown number physical, 4 usable", "four"),
        ("a quota", "16 logical, 8 physical, 3 usable, limited by quota", "three"),
    ):
        law = f" The law is fitted to {fitted} workers at once." if fitted else ""
        told = verdict(make_case(case)).splitlines()[-1]
        lacking = " A countdown has next to no serial part: what processes lack went to handing"
        assert told.partition(lacking)[0] == f"Cores: {cores}.{law}"
        assert (lacking in told) == bool(fitted)
    for case, labels in {
        "ordinary": ["4 physical = usable = logical"],
        "cores alike": ["62 physical, 63 usable, 64 logical"],
        "a quota": ["3 usable", "8 physical", "16 logical"],
        "one worker": [],
    }.items():
        axes = draw_case(case).axes[0]
        assert [text.get_text() for text in axes.texts] == labels
        marked = {read_across(line)[0] for line in axes.lines if line.get_linestyle() == ":"}
        assert marked == {int(number) for label in labels for number in re.findall(r"\d+", label)}


def test_title_and_description_tell_parts_and_speed_ups_with_their_intervals() -> None:
    for case, told in {
        "the plain loop alone": "No fit of Amdahl's law: too little to fit it to",
        "one worker": "No fit of Amdahl's law: no run had two workers or more",
        "one physical core": "No fit of Amdahl's law: one core can't show how work is shared out",
        "over both ends": "Processes shared out 0.0 % to 100.0 % of the work",
    }.items():
        assert draw_case(case).texts[0].get_text() == told
    assert draw_case("ordinary").description == (
        "Chart. Processes shared out 95.0 %; threads shared out 0.0 % of the work. Speed-ups: "
        "processes: one worker 1.00, two workers 1.90, four workers 3.48; parallel part 95.0 % "
        "(94.7 % to 95.3 %); threads: one worker 1.00, two workers 0.99, four workers 0.98; "
        "parallel part 0.0 % (0.0 % to 0.0 %). Conditions: CPython 3.13.0, Linux, four usable "
        "cores, processes by fork; eight rounds of 4,000,000 steps."
    )


def test_what_was_measured_is_marked_and_the_law_bends_at_the_cores_and_goes_on_to_256() -> None:
    axes = draw_case("all").axes[0]
    marks, _, (bars,) = axes.containers[0].lines
    assert marks.get_color() == get_look("processes").colour
    assert read_across(marks) == [2]
    assert read_up(marks) == pytest.approx([2.5], rel=1e-4)
    (ends,) = (path.vertices[:, 1] for path in bars.get_paths())
    assert ends == pytest.approx(np.array([2.4475, 2.5537]), rel=1e-3)
    assert axes.get_ylim() == (0, pytest.approx(1.15 * 2.5537, rel=1e-3))
    assert axes.get_xticks().tolist() == [0, 1, 2, 3]
    left, right = draw_case("64 workers").axes
    (fit,) = fit_runners(make_case("64 workers"))
    law = next(line for line in left.lines if read_across(line) == [*range(1, 65)])
    assert law.get_color() == get_look("processes").colour
    expected = [compute_speed_up(fit.part, min(workers, 2)) for workers in range(1, 65)]
    assert read_up(law) == pytest.approx(expected)
    ((name, ups),) = list_curves(right).items()
    assert name == "processes: limit 10 ×"
    assert (ups[0], ups[-1]) == pytest.approx((1, compute_speed_up(fit.part, 256)))
    assert right.get_xlim() == (1, 256)
    band = right.collections[0].get_paths()[0].get_extents()
    assert band.y1 == pytest.approx(compute_speed_up(fit.high, 256))
    level = [read_up(line)[0] for line in right.lines if len(set(read_up(line))) == 1]
    assert level == pytest.approx([1 / (1 - fit.part)])


def test_marks_that_stand_beside_each_other_are_in_sight() -> None:
    axes = draw_case("64 workers beside each other").axes[0]
    left, right = axes.get_xlim()
    for marks in (container.lines[0] for container in axes.containers):
        assert left + 0.5 < min(read_across(marks)) < max(read_across(marks)) < right - 0.5


def test_a_chosen_part_is_told_and_drawn_with_its_limit_where_that_is_in_sight() -> None:
    for part, told, limit in (
        (0.0, "0.0 % can be shared out: at most 1 ×", ""),
        (0.9, "90.0 % can be shared out: at most 10 ×", ": limit 10 ×"),
        (1.0, "100.0 % can be shared out: no limit", ""),
    ):
        chart = draw_case("busy", part)
        assert chart.texts[0].get_text() == f"If {told}"
        ((curve, ups),) = list_curves(chart.axes[1]).items()
        assert curve == f"if {100 * part:.1f} % is shared out{limit}"
        assert ups[-1] == pytest.approx(compute_speed_up(part, 256))
    assert len(list_curves(draw_case("two limits", 0.5).axes[1])) == 3


def test_every_law_draws_with_its_texts_in_sight_and_apart() -> None:
    for case, part in (("cores alike", 0.9), ("the plain loop alone", None)):
        chart = assert_readable(partial(draw_law, part=part), make_case(case))
        assert_apart(chart.axes[0], list_texts(chart))


def test_a_slider_is_beside_the_still_picture(monkeypatch: pytest.MonkeyPatch) -> None:
    bent = bend_amdahl(make_case("ordinary"))
    bundle, metadata = bent._repr_mimebundle_(include=None, exclude=None)
    view = bundle.pop("application/vnd.jupyter.widget-view+json")
    assert view["model_id"] == bent.widget.model_id
    assert set(bundle) == {"text/html", "image/png", "text/plain"}
    assert metadata["image/png"]["alt"] == bundle["text/plain"] == bent.still.description
    assert bundle["text/plain"].startswith("Chart. If 95.0 % can be shared out: at most 20 ×. ")
    slider, picture = bent.widget.children
    assert (slider.min, slider.max, slider.step) == (0.0, 1.0, 0.005)
    assert picture.value == bundle["text/html"]
    assert slider.value == 0.95
    monkeypatch.setitem(sys.modules, "ipywidgets", None)
    with mpl.rc_context(ODD_SETTINGS):  # of the reader's, which change nothing
        slider.value = 0.5
        assert bend_amdahl(make_case("ordinary"))._repr_mimebundle_() == (bundle, metadata)
    assert picture.value == draw_case("ordinary", 0.5)._repr_mimebundle_()[0]["text/html"]
    # it begins with the largest part, or with ninety percent
    for case, start in (("two limits", 0.91), ("nearly all", 0.995), ("busy", 0.9)):
        told = bend_amdahl(make_case(case)).still.description
        assert f"If {100 * start:.1f} % can be shared out" in told
