"""Payments as Mollie knows them, what went back, and one verdict per order on which of the sources is right."""
