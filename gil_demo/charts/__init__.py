"""How it looks: one module for each kind of table, each function returning a Figure."""
