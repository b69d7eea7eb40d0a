"""How records become trials of the mirror.

a turn at the registry ─▶ a scrape is opened ─▶ write_page, again and again ─▶ what is gone is marked ─▶ closed
                                                    │
                           arrival: what is new, changed, returned, as it was
                           rows, copying: what is written of it, streamed by COPY
"""
