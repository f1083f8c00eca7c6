"""What threads share and processes don't: counters, globals, random numbers."""
