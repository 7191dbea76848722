"""Shopware 6 Admin API, versions 6.6 and 6.7. See README.md beside this file."""
