"""How often things run: rounds, estimates, fits, the machine, and progress shown."""
