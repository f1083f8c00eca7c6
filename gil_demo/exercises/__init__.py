"""Checks of the notebooks' exercises, right and wrong told by invariants: a notebook's in a row.

A check never raises, whatever the answer: it says what is right, or what to look at next. Each
compares an answer with what the reader's own table holds, never with a time of another machine.
It raises a ResultsError only where the table that it is held against is not the exercise's.
"""
