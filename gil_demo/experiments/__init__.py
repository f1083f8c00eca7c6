"""What is asked: one module for each question, each returning one tidy table."""
