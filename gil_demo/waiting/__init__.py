"""What lets go of the GIL, and the convoy."""
