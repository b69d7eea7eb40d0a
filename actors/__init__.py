"""What the actors do: one room for each thing the service does."""
