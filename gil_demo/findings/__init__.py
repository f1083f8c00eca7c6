"""Sentences computed from a table: what it shows, and what it can't show.

A sentence never says more than the rows carry: where the machine was busy, had one core or left
too few rounds, it says so instead of a verdict, and what to do about it.
"""
