"""Who holds the GIL when, and what the switch interval does."""
