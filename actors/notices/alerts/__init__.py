"""Alerts as people are told of them: once an episode by each way, grouped, silenced, acknowledged.

    alerts (rows of the monitor) ──▶ alert_episodes: what closes and opens again within minutes is still the same
        ──▶ telling.py decides, of all episodes that go on, what each way should say now
        ──▶ alert_told (once each, by its key) and alert_sends, in one transaction under one lock
        ──▶ whoever claims a send first sends it: letter.py makes a mail of it, pager.py an event

An episode is over once it has been closed for some minutes: who was told that it is would not be told that it is not.
"""
