"""The door for deliveries of other systems: verified, kept, answered at once; a flow applies them."""
