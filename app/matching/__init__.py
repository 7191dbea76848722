"""Questions that matching leaves to people, and what became of them."""
