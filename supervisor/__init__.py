"""What keeps the actors alive, and shows them."""
