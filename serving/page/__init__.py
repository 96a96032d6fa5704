"""The page that the service carries: its files, and the routes that give them."""
