"""Who answers for a trial of ISRCTN, who pays, and where it takes place. No I/O."""

from xml.etree.ElementTree import Element  # made by actors.runtime.xml

from actors.trials.reading.isrctn.text import NONE, each, part, said, text
from actors.trials.reading.isrctn.words import SPONSORS, UNTYPED
from actors.trials.record import Contact, Party, Site


def sponsor_of(full: Element, trial: Element) -> Element:
    """The sponsor that the trial names first; the first that is given where it names none."""
    given = list(full.iter("sponsor"))
    wanted = [text(one) for one in part(trial, "parties").iter("sponsorId")]
    named = sorted((one for one in given if one.get("id") in wanted), key=lambda one: wanted.index(one.get("id")))
    return next(iter([*named, *given]), NONE)


def class_of(sponsor: Element) -> str | None:
    kind = (text(sponsor, "sponsorType") or "").lower()
    if not kind or kind in UNTYPED:
        commercial = (text(sponsor, "commercialStatus") or "").lower()
        return {"commercial": "INDUSTRY", "non-commercial": "OTHER"}.get(commercial)
    return SPONSORS.get(kind, "OTHER")


def parties(full: Element, lead: Element) -> tuple[Party, ...]:
    """Further sponsors with their type, then who pays."""
    found: dict[str, Party] = {}
    for one in full.iter("sponsor"):
        if one is not lead and (name := said(one, "organisation")):
            found.setdefault(name, Party(name, text(one, "sponsorType")))
    for one in full.iter("funder"):
        if name := said(one, "name"):
            found.setdefault(name, Party(name, "Funder"))
    leading = said(lead, "organisation")
    return tuple(party for name, party in found.items() if name != leading)


def countries(participants: Element) -> tuple[str, ...]:
    """Of recruitment; of the centres where these are not given."""
    named = [*each(part(participants, "recruitmentCountries"), "country")]
    return tuple(dict.fromkeys(named or [site.country for site in sites(participants) if site.country]))


def sites(participants: Element) -> tuple[Site, ...]:
    centres = part(participants, "trialCentres").iter("trialCentre")
    found = [
        Site(
            facility=said(one, "name"),
            city=said(one, "city"),
            region=said(one, "state"),
            postcode=said(one, "zip"),
            country=said(one, "country"),
        )
        for one in centres
    ]
    return tuple(dict.fromkeys(site for site in found if site != Site()))


def contacts(full: Element) -> tuple[Contact, ...]:
    found = [_contact(one) for one in full.iter("contact")]
    return tuple(dict.fromkeys(one for one in found if one != Contact()))


def _contact(given: Element) -> Contact:
    names = [said(given, name) for name in ("title", "forename", "surname")]
    named = any(names[1:])
    return Contact(
        name=" ".join(name for name in names if name) if named else None,
        role=", ".join(each(part(given, "contactTypes"), "contactType")) or None,
        phone=said(given, "contactDetails", "telephone"),
        email=said(given, "contactDetails", "email"),
    )
