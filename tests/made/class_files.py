"""Folders of results files as a class may hand them in, whole and damaged, to test with."""

import random
from collections.abc import Callable
from functools import cache
from pathlib import Path

from tests.made.runs import make_run, spread

MANY_BYTES = 10**9


@cache
def make_text(name: str, **facts: object) -> str:
    """Make the text of a whole file; the figures depend on the name."""
    chance = random.Random(name)
    ends = {"threads": (0.95, 1.2), "processes": (0.52, 0.7)}
    ratios = {(runner, 2): spread(chance.uniform(*both)) for runner, both in ends.items()}
    return str(make_run(ratios, **({"run_id": f"run-{name}"} | facts)).to_csv(index=False))


def write_class(folder: Path, names: list[str]) -> None:
    """Write a whole file for each name into a folder."""
    for name in names:
        write_file(folder, name, make_text(name))


def write_file(folder: Path, name: str, text: str) -> None:
    (folder / f"{name}.csv").write_text(text, encoding="utf-8")


def _change_cell(text: str, chance: random.Random, value: str) -> bytes:
    lines = [line.split(",") for line in text.splitlines()]
    cells = lines[chance.randrange(1, len(lines))]
    cells[chance.randrange(len(cells))] = value
    return "".join(",".join(line) + "\n" for line in lines).encode("utf-8", "surrogatepass")


def _drop_column(text: str, chance: random.Random) -> bytes:
    lines = [line.split(",") for line in text.splitlines()]
    place = chance.randrange(len(lines[0]))
    return "".join(",".join(line[:place] + line[place + 1 :]) + "\n" for line in lines).encode()


def _rename_column(text: str, chance: random.Random) -> bytes:
    header, rest = text.split("\n", 1)
    names = header.split(",")
    names[chance.randrange(len(names))] = chance.choice(["other", "", "=1", *names])
    return f"{','.join(names)}\n{rest}".encode()


def _flip_bytes(text: str, chance: random.Random) -> bytes:
    content = bytearray(text.encode())
    for _ in range(chance.randrange(1, 4)):
        content[chance.randrange(len(content))] = chance.randrange(256)
    return bytes(content)


def _double_a_line(text: str, chance: random.Random) -> bytes:
    lines = text.splitlines(keepends=True)
    place = chance.randrange(len(lines))
    return "".join([*lines[:place], lines[place], *lines[place:]]).encode()


def _lose_lines(text: str, chance: random.Random) -> bytes:
    header, *lines = text.splitlines(keepends=True)
    kept = chance.sample(lines, len(lines) - chance.randrange(0, 3))
    return "".join([header, *kept]).encode()


FORMULAS = ('=HYPERLINK("http://x")', "+1+1", "-1+cmd|' /C calc'!A0", "@SUM(1)", "=1+1")
NO_NUMBERS = ("nan", "NaN", "inf", "-inf", "1e999", "-1", "0", "", "1e-320", "9" * 400, "True")
MARKUP = ("<script>alert(1)</script>", "$\\frac{1}{0}$", "x\x00", "\x1b[2J", "a" * 9_000)
DAMAGES: list[Callable[[str, random.Random], bytes]] = [
    lambda text, chance: text.encode()[: chance.randrange(len(text))],
    lambda text, _: (text * 2).encode(),
    lambda text, _: (text + text.split("\n", 1)[1]).encode(),
    lambda text, chance: text.encode(chance.choice(["utf-16", "utf-16-le", "utf-32", "cp500"])),
    lambda text, _: text.replace("Linux", "Linüx").encode("latin-1"),
    lambda text, chance: _change_cell(text, chance, f'"{chance.choice(FORMULAS)}"'),
    lambda text, chance: _change_cell(text, chance, chance.choice(FORMULAS)),
    lambda text, chance: _change_cell(text, chance, chance.choice(NO_NUMBERS)),
    lambda text, chance: _change_cell(text, chance, chance.choice(MARKUP)),
    lambda text, _: text.replace(",", ";").encode(),
    lambda text, _: text.replace("True", "TRUE").replace("2026-11-22", "22/11/2026").encode(),
    lambda text, _: b"\xef\xbb\xbf" + text.replace("\n", "\r\n").encode(),
    _drop_column,
    _rename_column,
    _flip_bytes,
    _double_a_line,
    _lose_lines,
    lambda text, chance: b"\0" * chance.randrange(3) + text.encode()[::-1],
]
"""What can happen to a file; some of it leaves the file whole."""


def damage(folder: Path, number: int, chance: random.Random) -> Path:
    """Write a damaged file into a folder, or what else may be found there; return its path."""
    path = folder / f"damaged{number:04}.csv"
    text = make_text(path.stem, run_id=f"run-{number:04}")
    kind = number % (len(DAMAGES) + 3)
    if kind < len(DAMAGES):
        path.write_bytes(DAMAGES[kind](text, chance))
    elif kind == len(DAMAGES):
        with path.open("wb") as stream:
            stream.truncate(MANY_BYTES)  # one line of which the disk holds nothing
    elif kind == len(DAMAGES) + 1:
        path.symlink_to(chance.choice(["/etc/passwd", "/dev/zero", "nowhere", path.name, ".."]))
    else:
        path.mkdir()
    return path
