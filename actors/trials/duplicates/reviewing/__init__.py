"""What waits for a reviewer, each question once."""
