"""Loaded by a fork server: it ends after its parent, and then removes its socket and the folder.

The parent does so itself, unless it is killed.
"""

import os
import sys
from multiprocessing import forkserver, util


def _remove_folder() -> None:
    if hasattr(sys, "last_value"):
        return  # a fault has ended it: its parent lives, and will start another in this folder
    from contextlib import suppress  # here, since these take time to load
    from pathlib import Path

    socket = Path(os.fsdecode(forkserver._forkserver._forkserver_address))  # type: ignore[attr-defined]
    with suppress(OSError, ValueError):  # the name that Python 3.11.0 gives it is no path
        socket.unlink()
        socket.parent.rmdir()


util.Finalize(None, _remove_folder, exitpriority=0)  # never runs in the workers that it forks
