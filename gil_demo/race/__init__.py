"""Threads against processes, ever more of them, and Amdahl's law."""
