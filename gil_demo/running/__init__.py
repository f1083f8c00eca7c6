"""How things run: the countdown and other work, the runners, and scripts within limits."""
