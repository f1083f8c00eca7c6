"""What about a machine will shape the results, in words."""

from gil_demo.arguments import shorten
from gil_demo.machine import Machine


def warn(machine: Machine) -> list[str]:
    """Say in words what about a machine will shape the results.

    Args:
        machine: the facts, as `describe_machine` gives them.

    Returns:
        Sentences; empty for an ordinary machine.

    Raises:
        TypeError: it is no `Machine`.
    """
    if not isinstance(machine, Machine):
        raise TypeError(f"machine must be what describe_machine() gives, not {shorten(machine)}")
    warnings = []
    if machine.usable_cores == 1:
        warnings.append(
            "One usable core: neither threads nor processes can show a speed-up here. "
            "The recorded results stand in for that part."
        )
    if machine.cores_limited_by == "quota":
        warnings.append(
            f"A quota leaves {machine.usable_cores} of {machine.logical_cores} cores to this "
            "Python (a container, or a shared server): os.cpu_count() does not see that."
        )
    if machine.cores_limited_by == "affinity":
        warnings.append(
            f"This Python is bound to {machine.usable_cores} of {machine.logical_cores} cores."
        )
    if machine.physical_cores is not None and machine.physical_cores < machine.usable_cores:
        warnings.append(
            f"{machine.usable_cores} logical cores share {machine.physical_cores} physical ones: "
            "expect less than double speed from two of them."
        )
    if not machine.gil_enabled:
        warnings.append(
            "The GIL is off in this Python: threads run at the same time, unlike in the story."
        )
    if machine.gil_enabled and machine.free_threaded_build:
        warnings.append(
            "This Python can run without the GIL, but something turned it on (a package that "
            "isn't ready for it, such as pandas). PYTHON_GIL=0 in the environment keeps it off."
        )
    if machine.on_battery:
        warnings.append("On battery: many laptops slow down to save power. Plug it in.")
    if machine.implementation != "CPython":
        warnings.append(f"This is {machine.implementation}: the story is about CPython.")
    return warnings
