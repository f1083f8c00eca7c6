"""Your own function: what to run it with, and why."""
