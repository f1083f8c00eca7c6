"""The terminal's way in: `python -m gil_demo`."""

import os
import sys

if __name__ == "__main__":
    if not sys.flags.safe_path:  # a file here may be called like a module that is still to come
        sys.path.append(sys.path.pop(0))
    os.environ.pop("MPLBACKEND", None)  # no chart needs one; a wrong one keeps matplotlib out
    try:
        from gil_demo.cli import main

        sys.exit(main(sys.argv[1:]))
    except KeyboardInterrupt:  # one that came before main could answer it
        print("gil_demo: interrupted", file=sys.stderr)
        sys.exit(130)
