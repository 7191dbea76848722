"""What we claim about speed, as commands: each measures a peer in the same run and prints a ratio."""
