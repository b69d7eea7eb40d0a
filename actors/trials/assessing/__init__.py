"""What rules say of each trial: urgency, completeness, and what to beware of; made anew whenever it changes."""
