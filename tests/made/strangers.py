"""Folders of what looks like a Python and isn't, to find and to measure."""

import stat
import sys
from pathlib import Path

SLEEPS = "#!/bin/sh\nexec sleep 60\n"
FLOODS = "#!/bin/sh\nexec head -c 1000000000 /dev/zero\n"
FORKS = """#!{python} -S
import os, sys, time
for _ in range(3):
    if os.fork() == 0:
        time.sleep(60)
        sys.exit()
if os.fork() == 0:  # one that leaves the session and loses its parent
    os.setsid()
    if os.fork() == 0:
        with open({mark!r}, "w") as file:
            file.write(str(os.getpid()))
        time.sleep(60)
    os._exit(0)
time.sleep({seconds})
"""
GARBLES = "#!/bin/sh\necho '{\"version\": 1}'\n"
FAILS = "#!/bin/sh\nexit 3\n"


def write(folder: Path, name: str, content: str, *, may_run: bool = True) -> Path:
    """Write a program; `{python}` and `{mark}` in it become this Python and a file beside it."""
    path = folder / name
    told = content.replace("{python}", sys.executable).replace("{mark!r}", repr(f"{path}.pid"))
    path.write_text(told)
    path.chmod(stat.S_IRWXU if may_run else stat.S_IRUSR | stat.S_IWUSR)
    return path


def fill(folder: Path) -> dict[str, str]:
    """Fill a folder with hostile interpreters; return the state that each must be told as."""
    write(folder, "python3.90", SLEEPS)
    write(folder, "python3.91", FLOODS)
    write(folder, "python3.92", FORKS.replace("{seconds}", "60"))
    write(folder, "python3.93", GARBLES)
    write(folder, "python3.94", FAILS, may_run=False)
    (folder / "python3.95").symlink_to(folder / "nowhere")
    write(folder, "python3.96", FAILS)
    write(folder, "python3.97", FORKS.replace("{seconds}", "0.5"))
    return {
        "python3.90": "stopped after the time allowed",
        "python3.91": "stopped for its output",
        "python3.92": "stopped after the time allowed",
        "python3.93": "printed something else",
        "python3.94": "could not be started: Permission denied",
        "python3.95": "could not be started: No such file or directory",
        "python3.96": "failed",
        "python3.97": "printed something else",
    }
