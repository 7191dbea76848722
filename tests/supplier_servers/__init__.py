"""Servers as suppliers have them, on loopback and in this process: HTTP, SFTP and IMAP, with certificates and keys."""
