"""EU CTR's pages as HTML, its feed of the last days as RSS, and its full text as it leaves. No I/O."""

from __future__ import annotations

import random
import re
from collections.abc import Sequence
from datetime import date, datetime, time
from email.utils import format_datetime
from html import escape

from demo.euctr_query import PER_PAGE, Query
from demo.euctr_record import THIRD, Listed
from demo.euctr_sections import HEADER
from demo.switches import EuctrSwitches, is_hit

_FIELD = re.compile(r"\n(?=[A-P]\.[\d. ])")


def count(number: int, *, grouped: bool) -> str:
    return f"{number:,}" if grouped else str(number)


def search_page(
    records: Sequence[Listed], places: Sequence[int], query: Query, text: str, total: int, *, grouped: bool
) -> str:
    pages = max(1, -(-total // PER_PAGE))
    told, shown = count(total, grouped=grouped), escape(text)
    rows = "\n".join(_result(records[place - 1]) for place in places)
    number, last = count(query.page, grouped=grouped), count(pages, grouped=grouped)
    outcome = f"{told} result(s) found for: {shown}. Displaying page {number} of {last}." if total else ""
    return (
        '<!DOCTYPE html>\n<html>\n<head><meta charset="UTF-8"/><title>Clinical Trials register</title></head>\n<body>\n'
        '<div id="tabs" class="container_12">\n<ul>\n'
        f'<li><a id="ui-id-1" href="#tabs-1">\n\tTrials with a EudraCT protocol ({told})\n</a></li>\n'
        '<li><a id="ui-id-2" href="#tabs-2">\n\tPaediatric studies in scope of Art45 of the Paediatric Regulation (0)\n'
        '</a></li>\n</ul>\n<div id="tabs-1" style="display:inline-block" class="grid12">\n'
        f'<div class="outcome grid_12">\n\t{outcome}\n</div>\n'
        f'<div class="results grid_8plus">\n{rows}\n</div>\n</div>\n</div>\n</body>\n</html>\n'
    )


def _result(one: Listed) -> str:
    links = "\n".join(
        f'\t<a href="/ctr-search/trial/{one.number}/{_in_url(p.code)}">{p.code}</a>\n\t<span class="status">'
        f"({escape(p.status)})</span>"
        for p in one.protocols
    )
    results = f'<a href="/ctr-search/trial/{one.number}/results">View results</a>' if one.has_results else ""
    title = one.title if len(one.title) <= 200 else f"{one.title[:197]}..."
    return (
        '<table class="result">\n<tr>\n\t<td style="width: 33%">\n'
        f'\t<input type="checkbox" name="enchx" value="{one.number}" title="Mark this result for download"/>\n'
        f'\t<span class="label">EudraCT Number:</span> {one.number}\n\t</td>\n'
        '\t<td style="width: 33%"><span class="label">Sponsor Protocol Number:</span>'
        f" {escape(one.sponsor_code)}</td>\n"
        '\t<td style="width: 33%"><span class="label">Start Date<span class="info-tip startdatetip">*</span>:</span>'
        f" {one.started or ''}</td>\n</tr>\n"
        f'<tr class="even">\n\t<td colspan="3">\n\t<span class="label">Sponsor Name:</span>{escape(one.sponsor)}\n'
        f'\t</td>\n</tr>\n<tr>\n\t<td colspan="3"><span class="label">Full Title:</span> {escape(title)}</td>\n</tr>\n'
        f'<tr class="even">\n\t<td colspan="3"><span class="label">Medical condition:</span> {escape(one.condition)}'
        "</td>\n</tr>\n"
        f'<tr class="even">\n\t<td colspan="2"><span class="label">Population Age:</span> {one.ages}</td>\n'
        f'\t<td><span class="label">Gender:</span> {one.gender}</td>\n</tr>\n'
        f'<tr>\n\t<td colspan="3"><span class="label">Trial protocol:</span>\n{links}\n\t</td>\n</tr>\n'
        '<tr class="even">\n\t<td colspan="3">\n\t<span class="label">Trial results:</span>\n\t'
        f"{results or '<i>(No results available)</i>'}\n\t</td>\n</tr>\n</table>"
    )


def _in_url(code: str) -> str:
    return code.lower() if code == THIRD else code


def trial_page(text: str) -> str:
    """One country's protocol as HTML: a row for each field, its code, its name and what it says."""
    rows = []
    for line in text.splitlines():
        found = re.match(r"([A-P]\.[\d.]*\d|[NP]\.)\s+([^:]+): ?(.*)", line)
        if found:
            code, name, value = (escape(part) for part in found.groups())
            rows.append(
                f'<tr class="tricell">\n<td class="first">{code}</td><td class="second">{name}</td>'
                f'<td class="third">{value}</td>\n</tr>'
            )
    return (
        '<!DOCTYPE html>\n<html>\n<head><meta charset="UTF-8"/></head>\n<body>\n<table>\n'
        + "\n".join(rows)
        + "\n</table>\n</body>\n</html>\n"
    )


def feed(records: Sequence[Listed], places: Sequence[int], today: date) -> str:
    items = "".join(_item(records[place - 1]) for place in places)
    return (
        '<?xml version="1.0" encoding="UTF-8"?>\n<rss version="2.0">\n<channel>\n'
        "<title>EU Clinical Trials Register: added or updated in the last 7 days</title>\n"
        "<link>https://www.clinicaltrialsregister.eu/ctr-search/search?query=</link>\n"
        f"<pubDate>{_stamp(today)}</pubDate>\n{items}</channel>\n</rss>\n"
    )


def _item(one: Listed) -> str:
    link = f"https://www.clinicaltrialsregister.eu/ctr-search/search?query=eudract_number:{one.number}"
    return (
        f"<item><title>{escape(one.number)}: {escape(one.title)}</title><link>{link}</link>"
        f"<pubDate>{_stamp(one.changed)}</pubDate><guid>{link}</guid></item>\n"
    )


def _stamp(day: date) -> str:
    return format_datetime(datetime.combine(day, time(6)))


def full_text(records: Sequence[Listed], places: Sequence[int], switches: EuctrSwitches) -> bytes:
    """All protocols of these trials."""
    return HEADER.encode() + b"".join([_spoiled(records[place - 1], place, switches) for place in places])


def _spoiled(one: Listed, place: int, switches: EuctrSwitches) -> bytes:
    if is_hit(place, switches.shapeless_every):
        return (
            f"Summary\nEudraCT Number: {one.number}\nAn error occurred while this record was prepared.\n\n\n".encode()
        )
    text = one.text()
    if switches.missing_breaks:
        text = without_breaks(text, switches.missing_breaks, one.number)
    head = "A.3 Full title of the trial: "
    if is_hit(place, switches.nul_every):
        text = text.replace(head, head + "\0", 1)
    body = text.encode()
    if is_hit(place, switches.bad_utf8_every):
        body = body.replace(head.encode(), head.encode() + b"\xff", 1)
    return body


def without_breaks(text: str, share: float, number: str) -> str:
    """So large a share of the line breaks before a field are gone, the same ones each time."""
    chance = random.Random(number)
    return _FIELD.sub(lambda found: "" if chance.random() < share else found[0], text)
