"""WHO's International Clinical Trials Registry Platform (ICTRP), by its export files. No I/O.

ICTRP copies what some twenty registers hold. It has no service that a mirror could rely upon: the list of its crawling
pages leaves records out, its web service answers with nothing for records that there are and gives no related records,
both ask for credentials, and the search exports by hand. So what is read is an export file:

    triald import ictrp FILE    the usual way, for files of any size
    a scrape                    asks ADDRESS for one, of up to 64 MB. WHO has nothing there: the setting
                                registry_bases leads to where you keep the latest export

An export is XML (Trials_downloaded_from_ICTRP), CSV with or without header, or a ZIP with one of these. A record that
is not readable is set aside; the file as a whole is refused where it is cut short, no export, or a bomb.

Sources: WHO's pages about the search portal and its web service; ictrp-retrieval, which tried all ways; real exports.
"""

import io
from collections.abc import Mapping
from datetime import date

from actors.registries import Ended, Found, Page, Refused, Registry, Request, UnreadableBody
from actors.trials.normalise import NotReadable
from actors.trials.reading.ictrp.dates import Usual, usual_orders
from actors.trials.reading.ictrp.export import NotAnExport, Piece, pieces
from actors.trials.reading.ictrp.text import line
from actors.trials.reading.ictrp.trial import read_record
from actors.trials.reading.ictrp.values import NotARecord, values_of

ADDRESS = "https://trialsearch.who.int/ICTRP-Results.xml"  # the name that the portal gives to an export
EXPORT = "export"


def first(since: date | None) -> tuple[Request, ...]:
    """The export as a whole: it has no parts, and what changed since a day cannot be told from outside."""
    return (Request(ADDRESS, repeats=since is not None),)


def read(request: Request, body: bytes) -> Page:
    """The records of an export, each with its own bytes. Raises UnreadableBody."""
    found: list[Found] = []
    refused: list[Refused] = []
    try:
        parted = [(piece, _values(piece)) for piece in pieces(io.BytesIO(body))]
    except NotAnExport as error:
        raise UnreadableBody(str(error)) from error
    usual = usual_orders((_number(values) or "", values) for _, values in parted if not isinstance(values, str))
    for piece, values in parted:
        one = Refused(values, piece.raw) if isinstance(values, str) else _read_one(piece, values, usual)
        found.append(one) if isinstance(one, Found) else refused.append(one)
    count = len({one.trial.registry_id for one in found}) + len(refused)
    return Page(tuple(found), tuple(refused), total=count, query=EXPORT, ended=Ended(count), telling=request.repeats)


def _values(piece: Piece) -> Mapping[str, str] | str:
    """The fields of a record, or why it has none."""
    try:
        return values_of(piece)
    except NotARecord as error:
        return str(error)


def _number(values: Mapping[str, str]) -> str | None:
    return line(values.get("trialid"))


def _read_one(piece: Piece, values: Mapping[str, str], usual: Usual) -> Found | Refused:
    try:
        return Found(read_record(values, usual), piece.raw)
    except NotReadable as error:
        return Refused(str(error), piece.raw, _number(values))


REGISTRY = Registry(
    name="ictrp",
    title="WHO ICTRP",
    terms="https://www.who.int/tools/clinical-trials-registry-platform (as reported in 2026-11; not re-read)",
    hosts=("trialsearch.who.int",),
    requests_per_min=10,  # a few files at most
    adapter_version=1,
    media_type="text/plain",
    first=first,
    read=read,
)
