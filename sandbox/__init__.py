"""The outside world on loopback: stand-ins of the bought systems, written from their contracts, with real behaviour.

Nothing here is imported by the back office, and nothing of the back office is imported here.
"""
