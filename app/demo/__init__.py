"""The demo: a seeded world of our own, and the command that runs everything on one machine."""
