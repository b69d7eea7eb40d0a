"""Bytes that say that they are UTF-8 and are not: read as what was meant, letter by letter. No I/O.

`body.decode("utf-8", errors="windows")` reads a byte that is no UTF-8 as the letter of Windows-1252, which such files
come from; one that has none there becomes U+FFFD. What is UTF-8 stays what it is.
"""

import codecs

NAME = "windows"


def _letter(error: UnicodeError) -> tuple[str, int]:
    if not isinstance(error, UnicodeDecodeError):
        raise error
    return error.object[error.start : error.end].decode("cp1252", errors="replace"), error.end


codecs.register_error(NAME, _letter)
