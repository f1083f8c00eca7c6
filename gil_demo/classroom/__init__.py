"""A class: its files put together, and drawn on one chart."""
