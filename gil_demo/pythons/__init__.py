"""Other interpreters: found, asked and compared."""
