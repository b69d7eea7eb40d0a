"""One record of a MeSH file, from its XML elements to what we keep of it. No I/O."""

from collections.abc import Iterator
from datetime import date
from xml.etree.ElementTree import Element

from actors.mesh.record import (
    DESCRIPTOR_UI,
    SUPPLEMENTARY_UI,
    Concept,
    Descriptor,
    Heading,
    Reference,
    Supplementary,
    Term,
)
from actors.mesh.tree import is_tree_number

REFERRED = "DescriptorReferredTo"
REGISTRY_NUMBERS = (
    "RegistryNumber",
    "RegistryNumberList/RegistryNumber",
    "RelatedRegistryNumberList/RelatedRegistryNumber",
)


class NotAsDeclared(Exception):
    """The record is not as its DTD says; the message names the element and what was expected."""


def descriptor(element: Element) -> Descriptor:
    """Raises NotAsDeclared."""
    ui = _text(element, "DescriptorUI")
    if not DESCRIPTOR_UI.fullmatch(ui):
        raise NotAsDeclared(f"DescriptorUI {ui[:40]!r} is not D and six or nine digits")
    numbers = tuple(_content(number) for number in element.iterfind("TreeNumberList/TreeNumber"))
    if odd := next((number for number in numbers if not is_tree_number(number)), None):
        raise NotAsDeclared(f"TreeNumber {odd[:40]!r} is not like C14.280.647")
    return Descriptor(
        ui,
        _text(element, "DescriptorName/String"),
        _kind(element, "DescriptorClass", default="1"),  # the DTD's default
        numbers,
        _concepts(element),
        _references(element, f"PharmacologicalActionList/PharmacologicalAction/{REFERRED}"),
        _references(element, f"SeeRelatedList/SeeRelatedDescriptor/{REFERRED}"),
        _day(element, "DateCreated"),
        _day(element, "DateRevised"),
        _day(element, "DateEstablished"),
    )


def supplementary(element: Element) -> Supplementary:
    """Raises NotAsDeclared."""
    ui = _text(element, "SupplementalRecordUI")
    if not SUPPLEMENTARY_UI.fullmatch(ui):
        raise NotAsDeclared(f"SupplementalRecordUI {ui[:40]!r} is not C and six or nine digits")
    return Supplementary(
        ui,
        _text(element, "SupplementalRecordName/String"),
        _kind(element, "SCRClass", default="1"),
        _concepts(element),
        tuple(_heading(mapped) for mapped in element.iterfind("HeadingMappedToList/HeadingMappedTo")),
        _references(element, f"PharmacologicalActionList/PharmacologicalAction/{REFERRED}"),
        _optional(element, "Note"),
        _day(element, "DateCreated"),
        _day(element, "DateRevised"),
    )


def ui_of(element: Element) -> str | None:
    """The id that a record gives itself, to name it by when the rest of it cannot be read."""
    ui = element.findtext("DescriptorUI") or element.findtext("SupplementalRecordUI")
    return ui.strip()[:40] if ui and ui.strip() else None


def _concepts(element: Element) -> tuple[Concept, ...]:
    found = tuple(_concept(one) for one in element.iterfind("ConceptList/Concept"))
    if sum(concept.preferred for concept in found) != 1:
        raise NotAsDeclared("ConceptList has not exactly one preferred Concept")
    return found


def _concept(element: Element) -> Concept:
    terms = tuple(_term(one) for one in element.iterfind("TermList/Term"))
    if not terms:
        raise NotAsDeclared("a Concept has no Term")
    return Concept(
        _text(element, "ConceptUI"),
        _text(element, "ConceptName/String"),
        element.get("PreferredConceptYN") == "Y",
        terms,
        _optional(element, "ScopeNote"),
        tuple(_numbers(element)),
    )


def _numbers(element: Element) -> Iterator[str]:
    """Registry numbers; files up to 2014 have one of them outside of a list. "0" means none."""
    for path in REGISTRY_NUMBERS:
        for number in element.iterfind(path):
            if (text := (number.text or "").strip()) not in ("", "0"):
                yield text


def _term(element: Element) -> Term:
    return Term(
        _text(element, "TermUI"),
        _text(element, "String"),
        element.get("LexicalTag", "NON"),
        element.get("ConceptPreferredTermYN") == "Y",
        element.get("IsPermutedTermYN") == "Y",
    )


def _heading(element: Element) -> Heading:
    ui = _text(element, f"{REFERRED}/DescriptorUI")
    qualifier = _optional(element, "QualifierReferredTo/QualifierUI")
    bare = ui.removeprefix("*")
    if not DESCRIPTOR_UI.fullmatch(bare):
        raise NotAsDeclared(f"HeadingMappedTo {ui[:40]!r} is not D and six or nine digits")
    return Heading(
        bare,
        _text(element, f"{REFERRED}/DescriptorName/String"),
        ui.startswith("*") or (qualifier or "").startswith("*"),
        qualifier.removeprefix("*") if qualifier else None,
    )


def _references(element: Element, path: str) -> tuple[Reference, ...]:
    return tuple(
        Reference(_text(one, "DescriptorUI"), _text(one, "DescriptorName/String")) for one in element.iterfind(path)
    )


def _kind(element: Element, attribute: str, *, default: str) -> int:
    text = element.get(attribute, default)
    if len(text) != 1 or text not in "123456789":
        raise NotAsDeclared(f"{attribute} {text[:40]!r} is not one digit")
    return int(text)


def _day(element: Element, name: str) -> date | None:
    found = element.find(name)
    if found is None:
        return None
    parts = [(found.findtext(part) or "").strip() for part in ("Year", "Month", "Day")]
    try:
        return date(*(int(part) for part in parts))
    except ValueError as error:
        raise NotAsDeclared(f"{name} {'-'.join(parts)[:40]!r} is not a date") from error


def _text(element: Element, path: str) -> str:
    found = element.find(path)
    if found is None:
        raise NotAsDeclared(f"{path} is missing")
    return _content(found)


def _optional(element: Element, path: str) -> str | None:
    return (element.findtext(path) or "").strip() or None


def _content(element: Element) -> str:
    text = (element.text or "").strip()
    if not text:
        raise NotAsDeclared(f"{element.tag} is empty")
    return text
