"""How things run: the countdown and other work, the runners, and scripts within limits."""

START_SECONDS = 60.0
"""How long workers may take to get ready."""
END_SECONDS = 1.0
"""How long what was told to end may take before it is ended, or left alone."""
CHECK_SECONDS = 0.05
"""How often whoever waits looks up: at an interrupt, at a worker that died, at a limit."""
