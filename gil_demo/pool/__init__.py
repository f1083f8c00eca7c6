"""Who runs which task of a Pool, how its lists are cut, its methods and its endings."""
