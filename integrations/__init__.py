"""One package per bought system. Speaks HTTP; knows no database and no web framework."""
