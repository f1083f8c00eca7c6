"""Loaded by a fork server: it ends after its parent, and then removes its socket and the folder.

The parent does so itself, unless it is killed.
"""

import os
import signal
import sys
from functools import partial
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


# a Jupyter kernel that is shut down ends its children so, and is killed before it can tidy up
_IT = {signal.SIGTERM}
signal.pthread_sigmask(signal.SIG_BLOCK, _IT)
os.register_at_fork(after_in_child=partial(signal.pthread_sigmask, signal.SIG_UNBLOCK, _IT))
util.Finalize(None, _remove_folder, exitpriority=0)  # never runs in the workers that it forks
