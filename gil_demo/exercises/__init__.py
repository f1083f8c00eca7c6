"""Checks of the notebooks' exercises: one module a notebook, right and wrong told by invariants.

A check never raises, whatever the answer: it says what is right, or what to look at next. Each
compares an answer with what the reader's own table holds, never with a time of another machine.
"""
