"""What looks like a Python and isn't, to find and to measure."""

import sys
from pathlib import Path

import pytest

needs_scripts = pytest.mark.skipif(
    sys.platform == "win32", reason="Windows runs no scripts in the place of a program"
)


def write(folder: Path, name: str, action: str) -> Path:
    """Write a program that does as a line of shell tells it."""
    path = folder / name
    path.write_text(f"#!/bin/sh\n{action}\n")
    path.chmod(0o700)
    return path
