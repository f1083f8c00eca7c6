"""Gather, judge, draw; print wall and CPU seconds, megabytes: classroom_ours.py FOLDER FILES."""

import sys
import time

import psutil

from gil_demo import gather, verdict
from gil_demo.drawing.style import draw_png
from gil_demo.tables.kinds import draw_each

if __name__ == "__main__":
    gathered = gather(sys.argv[1])
    assert len(gathered.table["file"].unique()) == int(sys.argv[2])
    assert verdict(gathered.table)
    assert all(draw_png(chart) for chart in draw_each(gathered.table))
    process = psutil.Process()
    used = process.cpu_times()
    seconds = time.time() - process.create_time()
    print(seconds, used.user + used.system, process.memory_info().rss / 1e6)
