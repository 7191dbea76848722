"""Two Shopware 6 shops, from the Admin API's contract (6.6.7 and 6.7.10)."""
