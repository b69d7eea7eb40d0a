"""Who answers for a trial of CTIS, and where it takes place. No I/O."""

from collections.abc import Iterator

from actors.trials.reading.ctis.loose_json import Loose
from actors.trials.reading.ctis.words import NOTHING
from actors.trials.record import Contact, Party, Site


def sponsor_of(whole: Loose, part_1: Loose) -> Loose:
    """The primary sponsor; the first where none is marked; nothing where there is none."""
    given = list(part_1.each("sponsors"))
    marked = [one for one in given if one.flag("primary")]
    return next(iter([*marked, *given]), whole.at("primarySponsor"))


def parties(part_1: Loose, *, lead: str | None) -> tuple[Party, ...]:
    """Co-sponsors with their kind, then who else pays."""
    found: dict[str, Party] = {}
    for one in part_1.each("sponsors"):
        if name := one.text("organisation", "name"):
            found.setdefault(name, Party(name, one.text("organisation", "type")))
    for one in part_1.each("trialDetails", "trialInformation", "sourceOfMonetarySupport"):
        if name := one.text("organisationName"):
            found.setdefault(name, Party(name, "Funder"))
    return tuple(party for name, party in found.items() if name != lead)


def countries(whole: Loose, part_1: Loose) -> tuple[str, ...]:
    """Member states, then the rest of the world."""
    states = [one.text("mscName") or one.text("countryName") for one in whole.each("memberStatesConcerned")]
    sites_in = [_state(part) for part in whole.each("authorizedPartsII")]
    others = [one.text("name") for one in part_1.each("rowCountriesInfo")]
    return tuple(dict.fromkeys(name for name in (*states, *sites_in, *others) if name))


def sites(whole: Loose) -> tuple[Site, ...]:
    """Of the member states; `status_raw` is the public status code of the state, where it is given."""
    codes = {
        state.text("mscName"): code
        for state in whole.each("memberStatesConcerned")
        if (code := state.text("mscPublicStatusCode"))
    }
    return tuple(dict.fromkeys(_sites(whole, codes)))


def _sites(whole: Loose, codes: dict[str | None, str]) -> Iterator[Site]:
    for part in whole.each("authorizedPartsII"):
        state = _state(part)
        for one in part.each("trialSites"):
            place, person = one.at("organisationAddressInfo"), _investigator(one)
            yield Site(
                facility=_said(place.text("organisation", "name")),
                city=_said(place.text("address", "city")),
                postcode=_said(place.text("address", "postcode")),
                country=place.text("address", "countryName") or state,
                status_raw=codes.get(state),
                contacts=(person,) if person else (),
            )


def _state(part: Loose) -> str | None:
    return part.text("mscInfo", "mscName") or part.text("mscInfo", "countryName")


def _investigator(site: Loose) -> Contact | None:
    given, place = site.at("personInfo"), site.at("organisationAddressInfo")
    name = " ".join(text for text in (given.text("firstName"), given.text("lastName")) if text) or None
    phone = given.text("telephone") or place.text("phone")
    found = Contact(
        name=name,
        role="Principal investigator" if name else None,
        affiliation=_said(site.text("departmentName")),
        phone=phone,
        email=given.text("email") or place.text("email"),
    )
    return found if found != Contact() else None


def contacts(sponsor: Loose) -> tuple[Contact, ...]:
    """The sponsor's contact points: public, then scientific."""
    given = [*sponsor.each("publicContacts"), *sponsor.each("scientificContacts")]
    return tuple(dict.fromkeys(one for one in map(_contact, given) if one != Contact()))


def _contact(given: Loose) -> Contact:
    return Contact(
        name=given.text("functionalName"),
        role=given.text("type"),
        affiliation=given.text("organisation", "name"),
        phone=given.text("telephone"),
        email=given.text("functionalEmailAddress"),
    )


def _said(text: str | None) -> str | None:
    return None if text is None or text.strip().lower() in NOTHING else text
