"""Who runs a trial of the EU Clinical Trials Register, from the records of its countries. No I/O."""

from collections.abc import Iterator

from actors.trials.reading.euctr.text import Record
from actors.trials.reading.euctr.told import Told, blocks, inside
from actors.trials.record import Contact, Fields, Party


def people(told: Told) -> Fields:
    sponsors = list(dict.fromkeys(party for record in told.records[:1] for party in _sponsors(record)))
    others = [party for record in told.records for party in (*_sponsors(record), *_supporters(record))]
    lead = sponsors[0] if sponsors else None
    collaborators = {party.name.lower(): party for party in reversed(others)}
    collaborators.pop(lead.name.lower() if lead else "", None)
    contacts = [contact for record in told.records for contact in _contacts(record)]
    return {
        "sponsor": lead.name if lead else None,
        "sponsor_class": lead.kind if lead else None,
        "collaborators": tuple(reversed(collaborators.values())),
        "contacts": tuple(dict.fromkeys(contacts)),
    }


def _sponsors(record: Record) -> Iterator[Party]:
    for block in blocks(record, "B.1.1", "B."):
        yield Party(block[0].value, inside(block, "B.3.1"))


def _supporters(record: Record) -> Iterator[Party]:
    return (Party(name, "support") for name in record.all("B.4.1"))


def _contacts(record: Record) -> Iterator[Contact]:
    for block in blocks(record, "B.5.1", "B."):
        yield Contact(inside(block, "B.5.2"), "contact", block[0].value, inside(block, "B.5.4"), inside(block, "B.5.6"))
