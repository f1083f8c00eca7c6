"""Gather, judge and draw a class; print seconds, the processor's seconds and megabytes.

Usage: classroom_ours.py FOLDER FILES. The interpreter's start counts.
"""

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
    if sys.platform == "win32":
        most = process.memory_info().peak_wset
    else:
        import resource

        unit = 1 if sys.platform == "darwin" else 1024
        most = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit
    seconds = time.time() - process.create_time()
    print(seconds, used.user + used.system, most / 1e6)
