"""Dask and Ray: runners whose workers may be on any machine, and what they cost."""
