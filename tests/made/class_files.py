import random
import re
from collections.abc import Callable
from functools import cache, partial
from pathlib import Path

from tests.made.runs import make_run, spread

FORMULAS = ['=HYPERLINK("http://x")', "+1+1", "-1+cmd|' /C calc'!A0", "@SUM(1)", "=1+1"]
NO_NUMBERS = ["nan", "NaN", "inf", "-inf", "1e999", "-1", "0", "", "1e-320", "9" * 400, "True"]
MARKUP = ["<script>alert(1)</script>", "$\\frac{1}{0}$", "x\x00", "\x1b[2J", "a" * 9_000]
HEADER = [*make_run()]


@cache
def make_text(name: str, **facts: object) -> str:
    """Make the text of a whole file; the figures depend on the name."""
    chance = random.Random(name)
    ends = {"threads": (0.95, 1.2), "processes": (0.52, 0.7)}
    ratios = {(runner, 2): spread(chance.uniform(*both)) for runner, both in ends.items()}
    return str(make_run(ratios, **({"run_id": f"run-{name}"} | facts)).to_csv(index=False))


def write_class(folder: Path, names: list[str]) -> None:
    for name in names:
        write_file(folder, name, make_text(name))


def write_file(folder: Path, name: str, text: str) -> None:
    (folder / f"{name}.csv").write_text(text, encoding="utf-8")


def _change_cell(text: str, chance: random.Random, values: list[str], among: int = 600) -> bytes:
    cells = re.split("([,\n])", text)  # and what parts them
    cells[2 * chance.randrange(among)] = chance.choice(values)
    return "".join(cells).encode()


def _repeat_line(text: str, chance: random.Random, times: int) -> bytes:
    line = chance.choice(text.splitlines(keepends=True))
    return text.replace(line, times * line).encode()


def _drop_column(text: str, chance: random.Random) -> bytes:
    rows, place = [line.split(",") for line in text.splitlines()], chance.randrange(len(HEADER))
    return "".join(",".join(row[:place] + row[place + 1 :]) + "\n" for row in rows).encode()


def _flip_bytes(text: str, chance: random.Random) -> bytes:
    content = bytearray(text.encode())
    for place in chance.sample(range(len(content)), chance.randrange(1, 4)):
        content[place] = chance.randrange(256)
    return bytes(content)


# what can happen to a file; some of it leaves the file whole
DAMAGES: list[Callable[[str, random.Random], bytes]] = [
    *(partial(_change_cell, values=values) for values in (FORMULAS, NO_NUMBERS, MARKUP)),
    partial(_change_cell, values=[f'"{formula}"' for formula in FORMULAS]),
    partial(_change_cell, values=["other", "", "=1", *HEADER], among=len(HEADER)),
    *(partial(_repeat_line, times=times) for times in (0, 2)),
    *(_drop_column, _flip_bytes),
    lambda text, chance: text.encode()[: chance.randrange(len(text))],
    lambda text, _: (text * 2).encode(),
    lambda text, _: (text + text.split("\n", 1)[1]).encode(),
    lambda text, chance: text.encode(chance.choice(["utf-16", "utf-16-le", "utf-32", "cp500"])),
    lambda text, _: text.replace("Linux", "Linüx").encode("latin-1"),
    lambda text, _: text.replace(",", ";").encode(),
    lambda text, _: text.replace("True", "TRUE").replace("2026-11-22", "22/11/2026").encode(),
    lambda text, _: b"\xef\xbb\xbf" + text.replace("\n", "\r\n").encode(),
    lambda text, chance: b"\0" * chance.randrange(3) + text.encode()[::-1],
]


def damage(folder: Path, number: int, chance: random.Random) -> Path:
    """Write a damaged file into a folder, and return its path."""
    path = folder / f"damaged{number:04}.csv"
    text = make_text(path.stem, run_id=f"run-{number:04}")
    path.write_bytes(DAMAGES[number % len(DAMAGES)](text, chance))
    return path
