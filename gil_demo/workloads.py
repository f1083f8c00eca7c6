"""What runs: the countdown and what it needs. Standard library only; every worker imports this."""


def countdown(n: int) -> None:
    """Count down from n to 0 in pure Python, as David Beazley's lesson does.

    Args:
        n: number of steps.
    """
    while n > 0:
        n -= 1


def split(count: int, parts: int) -> list[int]:
    """Cut a number of steps into whole parts that differ by one step at most.

    Args:
        count: steps in all, 0 or more.
        parts: how many parts, 1 or more.

    Returns:
        The parts, larger ones first; their sum is `count`.
    """
    share, remainder = divmod(count, parts)
    return [share + 1] * remainder + [share] * (parts - remainder)
