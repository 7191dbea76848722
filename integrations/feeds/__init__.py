"""Where suppliers leave their lists: an address, a folder on an SFTP server, a mailbox."""
