"""The terminal's way in: `python -m gil_demo`."""

import sys

from gil_demo.cli import main

if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
