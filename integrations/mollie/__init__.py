"""Mollie's API, version 2: payments, refunds, settlements, webhooks. See README.md beside this file."""
