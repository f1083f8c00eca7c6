"""An examination to send to a colleague: JSON, and one HTML page that needs no network."""

import base64
import html
import json

import pandas as pd

from gil_demo.drawing.style import draw_png
from gil_demo.examination.table import FACTS
from gil_demo.tables.kinds import draw, summarise, verdict

_PAGE = """<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>{title}</title>
<meta name="viewport" content="width=device-width">
<style>body {{ font: 16px/1.5 sans-serif; max-width: 60rem; margin: 2rem auto; padding: 0 1rem; }}
img {{ max-width: 100%; height: auto; }} td, th {{ padding: 0 0.7em; text-align: right; }}
.first {{ font-weight: bold; }}</style></head>
<body><h1>{title}</h1><p class="first">{first}</p>
<img src="data:image/png;base64,{picture}" alt="{alternative}">
<ul>{others}</ul>
{summary}
{facts}
</body></html>
"""


def write_json(table: pd.DataFrame) -> bytes:
    """Write the sentences, the summary and all rounds as JSON."""
    whole = {
        "verdict": verdict(table).splitlines(),
        "summary": json.loads(summarise(table).to_json(orient="records")),
        "rounds": json.loads(table.to_json(orient="records")),
    }
    return (json.dumps(whole, indent=1, ensure_ascii=False) + "\n").encode()


def write_page(table: pd.DataFrame) -> bytes:
    """Write the sentences, the chart, the summary and what was found once as an HTML page."""
    first, *others = verdict(table).splitlines()
    chart = draw(table)
    summary = summarise(table).drop(columns=["run_id", "runner", "interpreter"])
    page = _PAGE.format(
        title=html.escape(f"What to run {table['function'].iloc[0]} with"),
        first=html.escape(first),
        others="".join(f"<li>{html.escape(line)}</li>" for line in others),
        picture=base64.b64encode(draw_png(chart)).decode(),
        alternative=html.escape(chart.description),
        summary=summary.to_html(index=False, border=0, float_format="{:.4g}".format),
        facts=table[[*FACTS]].drop_duplicates().T.to_html(header=False, border=0),
    )
    return page.encode()
