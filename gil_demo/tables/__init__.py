"""What a table is: its columns, its files, and the one list of its kinds."""
