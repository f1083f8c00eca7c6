"""How charts look, and the parts that several charts share."""
