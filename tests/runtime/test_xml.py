"""XML from strangers: bounded, and nothing in it that grows or reaches out."""

from xml.etree.ElementTree import tostring

import pytest
from hypothesis import given
from hypothesis import strategies as st

from actors.runtime.xml import MOST_DEPTH, UnreadableXml, tree

BOMB = b'<!DOCTYPE a [<!ENTITY b "bbbb"><!ENTITY c "&b;&b;&b;&b;">]><a>&c;</a>'
OUTSIDE = b'<!DOCTYPE a [<!ENTITY b SYSTEM "file:///etc/passwd">]><a>&b;</a>'
ELSEWHERE = b'<!DOCTYPE a SYSTEM "http://192.0.2.1/a.dtd"><a>&b;</a>'


def test_names_come_without_namespaces_and_prefixes() -> None:
    root = tree(b'<x:a xmlns:x="http://x" x:y="1"><b xmlns="http://b">text</b></x:a>')
    assert (root.tag, root.findtext("b"), root.get("y")) == ("a", "text", "1")


@pytest.mark.parametrize("body", [BOMB, OUTSIDE, ELSEWHERE])
def test_a_document_type_is_refused_and_with_it_every_entity(body: bytes) -> None:
    """G07: XML bombs and external entities."""
    with pytest.raises(UnreadableXml, match="document type"):
        tree(body)


@pytest.mark.parametrize(
    "body",
    [b"", b"text", b"<a>", b"<a></b>", b"<a>&b;</a>", b"<a>\xff</a>", b"<a>&#0;</a>", b"<a/><b/>",
     b'<?xml version="1.0" encoding="no-such"?><a/>'],
)  # fmt: skip
def test_what_is_no_xml_is_refused_with_its_line(body: bytes) -> None:
    with pytest.raises(UnreadableXml, match="line 1"):
        tree(body)


def test_nobody_is_drawn_into_the_depth() -> None:
    assert tree(b"<a>" * MOST_DEPTH + b"</a>" * MOST_DEPTH) is not None
    with pytest.raises(UnreadableXml, match="within one another"):
        tree(b"<a>" * 100_000)


def test_an_encoding_that_is_known_goes_before_the_one_that_is_declared() -> None:
    body = '<?xml version="1.0" encoding="ISO-8859-1"?><a>Étude</a>'.encode()
    assert (tree(body, encoding="utf-8").text, tree(body).text) == ("Étude", "Ã\x89tude")


@given(st.binary(max_size=100))
def test_any_bytes_are_a_tree_or_refused(body: bytes) -> None:
    try:
        assert tostring(tree(body))
    except UnreadableXml as error:
        assert "line" in str(error)
