"""The scraper: a worker of the scraping desk. What a scrape does stands in its job."""

from actors.worker import Worker

SLOTS = 1  # a scrape is bound by its registry's rate; more at once only means more registries at once


class Scraper(Worker):
    """One scrape a copy."""
