"""Orders of all storefronts: what was bought, by whom, and how far it has got."""
