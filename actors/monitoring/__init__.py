"""Monitoring: what is measured, when it alarms, and the episodes of alarm that operators read."""
