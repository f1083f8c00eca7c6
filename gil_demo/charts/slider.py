"""A slider that bends the curve of Amdahl's law; a still picture where no widget runs."""

from typing import Any

import pandas as pd

from gil_demo.charts.amdahl import draw_amdahl
from gil_demo.charts.style import Chart
from gil_demo.findings.amdahl import select_fits
from gil_demo.scaling import summarise_scaling

_STEP = 0.005
_USUAL = 0.9


class BendableChart:
    """A chart with a slider below it, for as long as a kernel runs; else the chart alone.

    Attributes:
        still: the chart as it stands where no widget runs: on paper, in a book, in a saved
            notebook.
    """

    def __init__(self, still: Chart, widget: Any = None) -> None:
        self.still = still
        self._widget = widget

    def _repr_mimebundle_(self, **how: Any) -> tuple[dict[str, Any], dict[str, Any]]:
        bundle, metadata = self.still._repr_mimebundle_(**how)
        if self._widget is not None:
            bundle = {**self._widget._repr_mimebundle_(**how), **bundle}
        return bundle, metadata


def bend_amdahl(table: pd.DataFrame) -> BendableChart:
    """Give the chart of `draw_amdahl` a slider for the part of the work that is shared out.

    Args:
        table: a table of one run, as `scale` gives it.

    Returns:
        What Jupyter shows as a chart with a slider where ipywidgets is installed and a kernel
        runs, and as a still picture elsewhere. It begins with the largest part that was fitted,
        or with 90 % where nothing was, or where there are reasons to withhold it.

    Raises:
        ResultsError: the table is not of this kind, or holds several runs.
    """
    fitted = select_fits(table, summarise_scaling(table))["parallel_part"]
    start = min(1.0, _STEP * round((float(fitted.max()) if len(fitted) else _USUAL) / _STEP))
    still = draw_amdahl(table, start)
    try:
        import ipywidgets
    except ImportError:
        return BendableChart(still)
    slider = ipywidgets.FloatSlider(
        value=start, min=0.0, max=1.0, step=_STEP, readout_format=".1%", description="shared out",
        continuous_update=False,
    )  # fmt: skip
    picture = ipywidgets.HTML(_show(still))

    def redraw(change: dict[str, Any]) -> None:
        picture.value = _show(draw_amdahl(table, float(change["new"])))

    slider.observe(redraw, names="value")
    return BendableChart(still, ipywidgets.VBox([slider, picture]))


def _show(chart: Chart) -> str:
    bundle, _ = chart._repr_mimebundle_()
    return bundle["text/html"]
