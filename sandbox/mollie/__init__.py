"""Stand-in of Mollie: https://docs.mollie.com, the payments side of version 2, as its contract says."""
