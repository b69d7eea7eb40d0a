"""XML from strangers, read into trees: bounded, and with nothing in it that could grow or reach out. No I/O.

A DOCTYPE is refused, and with it every entity that a document could declare.
"""

from typing import NoReturn
from xml.etree.ElementTree import Element, TreeBuilder  # builds what expat, set up below, has let pass
from xml.parsers import expat

MOST_DEPTH = 100
MOST_ELEMENTS = 500_000


class UnreadableXml(ValueError):
    """The text is no XML, or has what is not let pass; the message says where and what."""


def tree(body: bytes, *, encoding: str | None = None) -> Element:
    """The root element, its names without namespaces and prefixes. `encoding` goes before what the text declares.

    Raises UnreadableXml.
    """
    return _Parsing(encoding).parsed(body)


class _Parsing:
    def __init__(self, encoding: str | None) -> None:
        self._parser = expat.ParserCreate(encoding)
        self._parser.buffer_text = True
        self._parser.StartDoctypeDeclHandler = self._doctype
        self._parser.StartElementHandler = self._start
        self._parser.EndElementHandler = self._end
        self._builder = TreeBuilder()
        self._parser.CharacterDataHandler = self._builder.data
        self._depth = 0
        self._elements = 0

    def parsed(self, body: bytes) -> Element:
        try:
            self._parser.Parse(body, True)
        except expat.ExpatError as error:
            self._refuse(expat.errors.messages[error.code])
        except (LookupError, ValueError) as error:  # of an encoding that it declares
            if isinstance(error, UnreadableXml):
                raise
            self._refuse(str(error))
        return self._builder.close()

    def _refuse(self, problem: str) -> NoReturn:
        raise UnreadableXml(f"line {self._parser.CurrentLineNumber}: {problem}")

    def _doctype(self, name: str, *_: object) -> None:
        self._refuse(f"declares a document type ({name[:40]}), which is not let pass")

    def _start(self, name: str, attributes: dict[str, str]) -> None:
        self._depth += 1
        self._elements += 1
        if self._depth > MOST_DEPTH or self._elements > MOST_ELEMENTS:
            self._refuse(f"more than {MOST_DEPTH} elements within one another, or {MOST_ELEMENTS:,} in all")
        self._builder.start(_local(name), {_local(key): text for key, text in attributes.items()})

    def _end(self, name: str) -> None:
        self._depth -= 1
        self._builder.end(_local(name))


def _local(name: str) -> str:
    return name.rpartition(":")[2]
