"""The errors that gil_demo raises of its own; a wrong argument is a ValueError or TypeError."""


class GilDemoError(Exception):
    """Something went wrong that a reader can act on; its text is one sentence or two."""


class RunnerUnavailable(GilDemoError):
    """A runner that this machine cannot offer; the text names it and the reason."""


class WorkerDied(GilDemoError):
    """A worker process ended before its task did, or before it was ready to take one."""


class ResultsError(GilDemoError):
    """A results file or table cannot be read, written or drawn; the text names the place."""
