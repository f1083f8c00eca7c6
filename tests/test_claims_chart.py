import re

from matplotlib.text import Text

from gil_demo.claims import SAYINGS, draw_claims
from gil_demo.drawing.style import Chart
from tests.made.claims import make_claims


def list_texts(chart: Chart) -> list[Text]:
    return [text for text in chart.findobj(Text) if isinstance(text, Text) and text.get_text()]


def test_the_title_counts_the_verdicts() -> None:
    title = draw_claims(make_claims()).texts[0].get_text()
    assert title == "Of seven claims three hold, three are half true, one does not hold"


def test_a_recorded_scorecard_says_so() -> None:
    title = draw_claims(make_claims(recorded_on="a 2-core machine")).texts[0].get_text()
    assert title.startswith("Recorded run: of seven claims")


def test_every_claim_is_there_with_its_verdict_in_words() -> None:
    words = [text.get_text() for text in list_texts(draw_claims(make_claims()))]
    for claim, saying in SAYINGS.items():
        assert f"{claim}  {saying}" in words
    assert words.count("half true") == 3
    assert words.count("does not hold") == 1


def test_the_description_tells_every_verdict_and_its_figure() -> None:
    description = draw_claims(make_claims()).description
    assert description.startswith("Chart. Of seven claims")
    assert re.search(r"C1, .*: holds \(1\.03 ×\)", description)
    assert "C6, " in description


def test_every_text_is_inside_the_picture() -> None:
    chart = draw_claims(make_claims(busy_percent=90.0))
    chart.draw_without_rendering()
    for text in list_texts(chart):
        box = text.get_window_extent()
        assert box.x0 >= -1, text.get_text()
        assert box.x1 <= chart.bbox.width + 1, text.get_text()
