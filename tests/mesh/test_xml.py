"""Reading MeSH files: every record once, whatever the pieces it comes in; what is no such file is refused by name."""

import gzip
import io
import subprocess
import sys
from collections.abc import Iterator
from datetime import date
from pathlib import Path

import pytest

from actors.mesh import xml
from actors.mesh.record import Descriptor, Heading, Reference, Supplementary, Term, terms
from actors.mesh.xml import Malformed, Opening, UnreadableMesh, read, year_of
from tests.mesh.made import descriptor_xml, file_xml

FIVE_HUNDRED = file_xml(
    *(
        descriptor_xml(
            f"D{number:06}",
            f"Heading {number}",
            numbers=[f"C{number % 90 + 10}.{number:03}"],
            terms=[f"Entry & {number}"],
        )
        for number in range(1, 501)
    ),
    doctype='<!DOCTYPE DescriptorRecordSet SYSTEM "https://www.nlm.nih.gov/dtd/nlmdescriptorrecordset_20240101.dtd">\n',
)


class Drip(io.BytesIO):
    """A source that gives a few bytes at a time, whatever is asked."""

    def read(self, _size: int | None = -1, /) -> bytes:
        return super().read(7)


def descriptors(body: bytes) -> list[Descriptor]:
    return [one for one in read(io.BytesIO(body)) if isinstance(one, Descriptor)]


def test_every_record_of_a_file_is_read_once_and_in_order() -> None:
    """G16: 500 descriptors with their terms, their tree numbers and the year of the file."""
    opening, *records = read(io.BytesIO(FIVE_HUNDRED))
    assert opening == Opening("descriptors", 2024)
    assert [one.ui for one in records if isinstance(one, Descriptor)] == [f"D{number:06}" for number in range(1, 501)]
    last = records[-1]
    assert isinstance(last, Descriptor)
    assert last.tree_numbers == ("C60.500",)
    assert [term.text for term in terms(last)] == ["Heading 500", "Entry & 500"]


@pytest.mark.parametrize(
    "pack", [bytes, gzip.compress, lambda body: gzip.compress(body[:999]) + gzip.compress(body[999:])]
)
@pytest.mark.parametrize("source", [io.BytesIO, Drip])
def test_it_does_not_matter_how_the_bytes_come(pack: type, source: type) -> None:
    plain = list(read(io.BytesIO(FIVE_HUNDRED)))
    assert list(read(source(pack(FIVE_HUNDRED)))) == plain


def test_a_record_tells_all_that_is_kept_of_it() -> None:
    body = file_xml("""
        <DescriptorRecord DescriptorClass = "4">
          <DescriptorUI>D000432</DescriptorUI><DescriptorName><String>Methanol</String></DescriptorName>
          <DateCreated><Year>1999</Year><Month>01</Month><Day>01</Day></DateCreated>
          <DateEstablished><Year>1966</Year><Month>1</Month><Day>1</Day></DateEstablished>
          <AllowableQualifiersList><AllowableQualifier><QualifierReferredTo><QualifierUI>Q000008</QualifierUI>
            <QualifierName><String>administration &amp; dosage</String></QualifierName></QualifierReferredTo>
          </AllowableQualifier></AllowableQualifiersList>
          <SeeRelatedList><SeeRelatedDescriptor><DescriptorReferredTo><DescriptorUI>D000431</DescriptorUI>
            <DescriptorName><String>Ethanol</String></DescriptorName></DescriptorReferredTo></SeeRelatedDescriptor>
          </SeeRelatedList>
          <PharmacologicalActionList><PharmacologicalAction><DescriptorReferredTo><DescriptorUI>D012997</DescriptorUI>
            <DescriptorName><String>Solvents</String></DescriptorName></DescriptorReferredTo></PharmacologicalAction>
          </PharmacologicalActionList>
          <TreeNumberList><TreeNumber>D02.033.540</TreeNumber><TreeNumber>D02.033.623</TreeNumber></TreeNumberList>
          <ConceptList>
            <Concept PreferredConceptYN="N"><ConceptUI>M2</ConceptUI>
              <ConceptName><String>Wood Alcohol</String></ConceptName>
              <TermList><Term ConceptPreferredTermYN="Y" IsPermutedTermYN="N" LexicalTag="NON"><TermUI>T3</TermUI>
                <String>Wood Alcohol</String></Term></TermList></Concept>
            <Concept PreferredConceptYN="Y"><ConceptUI>M1</ConceptUI>
              <ConceptName><String>Methanol</String></ConceptName>
              <RegistryNumberList><RegistryNumber>0</RegistryNumber><RegistryNumber>Y4S76JWI15</RegistryNumber>
              </RegistryNumberList>
              <ScopeNote> A colorless, flammable liquid. </ScopeNote>
              <TermList>
                <Term ConceptPreferredTermYN="Y" IsPermutedTermYN="N" LexicalTag="NON"><TermUI>T1</TermUI>
                  <String>Methanol</String></Term>
                <Term ConceptPreferredTermYN="N" IsPermutedTermYN="Y" LexicalTag="TRD"><TermUI>T2</TermUI>
                  <String>Alcohol, Methyl</String></Term>
              </TermList></Concept>
          </ConceptList>
        </DescriptorRecord>""")
    [methanol] = descriptors(body)
    assert (methanol.ui, methanol.name, methanol.kind) == ("D000432", "Methanol", 4)
    assert methanol.tree_numbers == ("D02.033.540", "D02.033.623")
    assert methanol.actions == (Reference("D012997", "Solvents"),)
    assert methanol.see_also == (Reference("D000431", "Ethanol"),)
    assert (methanol.created, methanol.established, methanol.revised) == (date(1999, 1, 1), date(1966, 1, 1), None)
    _, preferred = methanol.concepts
    assert preferred.registry_numbers == ("Y4S76JWI15",)
    assert preferred.scope_note == "A colorless, flammable liquid."
    assert list(terms(methanol)) == [
        Term("T1", "Methanol", "NON", preferred=True, permuted=False),
        Term("T2", "Alcohol, Methyl", "TRD", preferred=False, permuted=True),
        Term("T3", "Wood Alcohol", "NON", preferred=True, permuted=False),
    ]


def test_a_supplementary_record_says_under_which_headings_it_is_found() -> None:
    body = b"""<SupplementalRecordSet LanguageCode = "eng"><SupplementalRecord SCRClass = "3">
      <SupplementalRecordUI>C000590651</SupplementalRecordUI>
      <SupplementalRecordName><String>Aeron</String></SupplementalRecordName>
      <Note>  a mixture </Note>
      <HeadingMappedToList>
        <HeadingMappedTo><DescriptorReferredTo><DescriptorUI>*D001286</DescriptorUI>
          <DescriptorName><String>Atropine Derivatives</String></DescriptorName></DescriptorReferredTo>
        </HeadingMappedTo>
        <HeadingMappedTo><DescriptorReferredTo><DescriptorUI>D002164</DescriptorUI>
          <DescriptorName><String>Camphor</String></DescriptorName></DescriptorReferredTo>
          <QualifierReferredTo><QualifierUI>*Q000031</QualifierUI><QualifierName><String>analogs</String></QualifierName>
          </QualifierReferredTo></HeadingMappedTo>
      </HeadingMappedToList>
      <ConceptList><Concept PreferredConceptYN="Y"><ConceptUI>M1</ConceptUI>
        <ConceptName><String>Aeron</String></ConceptName>
        <RegistryNumber>72539-79-8</RegistryNumber>
        <TermList><Term ConceptPreferredTermYN="Y" IsPermutedTermYN="N" LexicalTag="NON"><TermUI>T1</TermUI>
          <String>Aeron</String></Term></TermList></Concept></ConceptList>
    </SupplementalRecord></SupplementalRecordSet>"""
    opening, aeron = read(io.BytesIO(body))
    assert opening == Opening("supplementary", None)
    assert isinstance(aeron, Supplementary)
    assert (aeron.ui, aeron.name, aeron.kind, aeron.note) == ("C000590651", "Aeron", 3, "a mixture")
    assert aeron.headings == (
        Heading("D001286", "Atropine Derivatives", major=True),
        Heading("D002164", "Camphor", major=True, qualifier_ui="Q000031"),
    )
    assert aeron.concepts[0].registry_numbers == ("72539-79-8",)


@pytest.mark.parametrize(
    ("record", "ui", "problem"),
    [
        (descriptor_xml("D12"), "D12", "DescriptorUI 'D12' is not D and six or nine digits"),
        (descriptor_xml("D1234567"), "D1234567", "is not D and six or nine digits"),
        (descriptor_xml("", "Nothing"), None, "DescriptorUI is empty"),
        (descriptor_xml(name=" "), "D000001", "String is empty"),
        (descriptor_xml(numbers=["C4.1"]), "D000001", "TreeNumber 'C4.1' is not like C14.280.647"),
        ("<DescriptorRecord/>", None, "DescriptorUI is missing"),
        (descriptor_xml().replace('PreferredConceptYN="Y"', 'PreferredConceptYN="N"'), "D000001", "preferred Concept"),
        (descriptor_xml().replace('Class="1"', 'Class="x"'), "D000001", "DescriptorClass 'x' is not one digit"),
        (descriptor_xml(rest="<DateCreated><Year>2024</Year><Month>2</Month><Day>30</Day></DateCreated>"),
         "D000001", "DateCreated '2024-2-30' is not a date"),
        ("<DescriptorRecord><DescriptorUI>D000009</DescriptorUI></DescriptorRecord>", "D000009", "String is missing"),
    ],
)  # fmt: skip
def test_a_malformed_record_is_named_and_the_others_are_read(record: str, ui: str | None, problem: str) -> None:
    body = file_xml(
        descriptor_xml("D000007", "Abdominal Injuries"), record, descriptor_xml("D000008", "Abdominal Neoplasms")
    )
    _, first, malformed, last = read(io.BytesIO(body))
    assert isinstance(malformed, Malformed)
    assert (malformed.number, malformed.ui) == (2, ui)
    assert problem in malformed.problem
    assert [one.ui for one in (first, last) if isinstance(one, Descriptor)] == ["D000007", "D000008"]


LAUGHS = "".join(f'<!ENTITY a{n} "{f"&a{n - 1};" * 10}">' for n in range(1, 10))


@pytest.mark.parametrize(
    ("body", "said"),
    [
        (b"", "no element found"),
        (b"not XML at all", "syntax error"),
        (b"\x1f\x8b\x08\x00rubbish", "gzip"),
        (gzip.compress(FIVE_HUNDRED)[:-20], "cut short"),
        (FIVE_HUNDRED[:-10], "after record 500"),
        (b"<html><body/></html>", "the file is a html"),
        (b"<QualifierRecordSet/>", "the file is a QualifierRecordSet"),
        (file_xml("<SupplementalRecord/>"), "SupplementalRecord where DescriptorRecord belongs"),
        (file_xml(doctype=f'<!DOCTYPE DescriptorRecordSet [<!ENTITY a0 "ha">{LAUGHS}]>'), "declares the entity 'a0'"),
        (file_xml(doctype='<!DOCTYPE DescriptorRecordSet [<!ENTITY x SYSTEM "file:///etc/passwd">]>'), "entity 'x'"),
        (file_xml(doctype='<!DOCTYPE DescriptorRecordSet [<!ENTITY % x SYSTEM "http://no.example/">%x;]>'), "'x'"),
        (file_xml(descriptor_xml(rest="<Note>&nbsp;</Note>"), doctype='<!DOCTYPE DescriptorRecordSet SYSTEM "d.dtd">'),
         "names the entity 'nbsp'"),
        (file_xml(descriptor_xml(rest="<Note>&nbsp;</Note>")), "undefined entity"),
        (file_xml(descriptor_xml(rest=f"<Note>{'x' * 2_000_000}</Note>")), "longer than 1,000,000 bytes"),
        (file_xml(descriptor_xml(rest="<a>" * 700_000)), "longer than 1,000,000 bytes"),
        (file_xml(f"<!--{'x' * 2_000_000}-->"), "longer than 1,000,000 bytes"),
        (file_xml(f"<DescriptorRecord Class='{'x' * 2_000_000}'/>"), "longer than 1,000,000 bytes"),
        (b'<?xml version="1.0" encoding="EBCDIC-US"?><DescriptorRecordSet/>', "unknown encoding"),
        (b'<?xml version="1.0" encoding="shift_jis"?><DescriptorRecordSet/>', "multi-byte encodings"),
        ("<DescriptorRecordSet>\udcff".encode(errors="surrogateescape"), "not well-formed"),
    ],
)  # fmt: skip
def test_what_is_no_mesh_file_is_refused_and_what_was_expected_is_named(body: bytes, said: str) -> None:
    """XML bombs, external entities, files cut short or of another kind."""
    with pytest.raises(UnreadableMesh) as refused:
        list(read(io.BytesIO(body)))
    assert said in str(refused.value)
    assert "expected is desc20XX.xml or supp20XX.xml" in str(refused.value)


@pytest.mark.parametrize("broken", [FIVE_HUNDRED[:-10], FIVE_HUNDRED.replace(b"</DescriptorRecordSet>", b"<Odd/>")])
@pytest.mark.parametrize("source", [io.BytesIO, Drip])
def test_what_was_read_before_a_file_breaks_off_has_been_given_out(source: type, broken: bytes) -> None:
    seen: list[xml.Read] = []
    with pytest.raises(UnreadableMesh):
        seen.extend(read(source(broken)))
    assert len(seen) == 1 + 500


def test_a_packed_file_that_grows_without_end_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(xml, "MOST_BYTES", 10_000)
    with pytest.raises(UnreadableMesh, match="when unpacked"):
        list(read(io.BytesIO(gzip.compress(FIVE_HUNDRED))))


@pytest.mark.parametrize("encoding", ["utf-8", "utf-16", "iso-8859-1"])
def test_the_encoding_that_a_file_states_is_obeyed(encoding: str) -> None:
    text = file_xml(descriptor_xml(name="Sjögren's Syndrome")).decode()
    [one] = descriptors(text.replace('version="1.0"', f'version="1.0" encoding="{encoding}"').encode(encoding))
    assert one.name == "Sjögren's Syndrome"


@pytest.mark.parametrize(
    ("name", "year"),
    [
        ("desc2024.xml.gz", 2024),
        ("supp2025.xml", 2025),
        ("nlmdescriptorrecordset_20240101.dtd", 2024),
        ("desc2006.dtd", 2006),
        ("desc.xml", None),
        ("desc12024.xml", None),
        ("D002024", None),
    ],
)
def test_a_name_tells_its_year(name: str, year: int | None) -> None:
    assert year_of(name) == year


LONG = """
import sys
from actors.mesh.record import Descriptor
from actors.mesh.xml import read
from tests.mesh.test_xml import Endless
records = sum(isinstance(one, Descriptor) for one in read(Endless(300_000_000)))
[peak] = [line.split()[1] for line in open("/proc/self/status") if line.startswith("VmHWM:")]
print(records, int(peak) // 1024)
"""


class Endless(io.RawIOBase):
    """A file of so many bytes, made while it is read: records as long as real ones."""

    def __init__(self, size: int) -> None:
        self._left = size
        self._pieces = self._made()

    def read(self, _size: int = -1, /) -> bytes:
        return next(self._pieces, b"")

    def _made(self) -> Iterator[bytes]:
        whole = file_xml("|").split(b"|")
        yield whole[0]
        rest = "<Qualifier><String>administration &amp; dosage</String></Qualifier>\n" * 140
        number = 0
        while self._left > 0:
            number += 1
            record = descriptor_xml(f"D{number:09}", f"Heading {number}", terms=[f"Entry {number}"], rest=rest).encode()
            self._left -= len(record)
            yield record
        yield whole[1]


def test_a_file_of_300_mb_is_read_in_little_memory() -> None:
    """G16: a generated file of 300 MB stays below 200 MB of memory."""
    said = subprocess.run(
        [sys.executable, "-c", LONG], capture_output=True, text=True, check=True, cwd=Path(__file__).parents[2]
    ).stdout
    records, peak_mb = map(int, said.split())
    assert records > 25_000
    assert peak_mb < 200
