"""Cells as they should have arrived: text that went through the wrong encoding, error values, signs nobody sees."""

from __future__ import annotations

import re

from app.offers.reading.table import Cell, CellProblem

# Excel's error values in the languages of our suppliers, and LibreOffice's. Only a cell that is nothing else counts.
_ERROR_VALUES = """
    #REF! #N/A #VALUE! #DIV/0! #NAME? #NUM! #NULL! #SPILL! #CALC! #FIELD! #GETTING_DATA #N/B #VERW! #WAARDE!
    #DEEL/0! #NAAM? #GETAL! #LEEG! #NV #BEZUG! #WERT! #ZAHL! #I/T #REFERENCE! #VÆRDI! #DIVISION/0! #NAVN? #VALEUR!
    #NOM? #NOMBRE! #NUL!
"""
_ERRORS = frozenset(_ERROR_VALUES.split())
_OFFICE_ERROR = re.compile(r"Err:\d{3}")
# Zero width, direction and byte order marks: nobody sees them, and every comparison fails by them.
_UNSEEN = re.compile("[\u00ad\u200b-\u200f\u202a-\u202e\u2060-\u2064\u2066-\u2069\ufeff\ufffe]")
_CONTROL = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]")
_SURROGATE = re.compile("[\ud800-\udfff]")
_C1 = re.compile("[\x80-\x9f]")
_BLANK = " \t\r\n\f\v"  # Not the no-break space at first: it may be half of a sign to be repaired.
_LOST = "\ufffd"
REPAIRED = "\uf8f3"  # Stands before a sign that decoding has repaired; a cell never shows it.
_DEPTH = 3  # Times a text may have been through the wrong encoding.


def _shown_as(encoding: str, first: int, last: int) -> str:
    """The signs that the bytes first to last become in a one-byte encoding, for a class of a regular expression."""
    return re.escape("".join(_character(byte, encoding) for byte in range(first, last + 1)))


def _character(byte: int, encoding: str) -> str:
    try:
        return bytes([byte]).decode(encoding)
    except UnicodeDecodeError:
        return chr(byte)  # cp1252 leaves five undefined; readers pass them through.


def _signature(encoding: str, leads: str) -> re.Pattern[str]:
    """UTF-8 as it looks when read as `encoding`: a sign of `leads` and one more, or the first of three or four."""
    follow = f"[{_shown_as(encoding, 0x80, 0xBF)}]"
    three = f"[{_shown_as(encoding, 0xE2, 0xE3)}{_shown_as(encoding, 0xEF, 0xEF)}]"
    four = _shown_as(encoding, 0xF0, 0xF0)
    return re.compile(f"[{leads}]{follow}|{three}{follow}{follow}|{four}{follow}{follow}{follow}")


# Ã and Â with such a sign after them stand in no word of our languages.
_WRONG = {
    "cp1252": _signature("cp1252", _shown_as("cp1252", 0xC2, 0xC3)),
    "mac_roman": _signature("mac_roman", _shown_as("mac_roman", 0xC2, 0xC3)),
    "cp850": _signature("cp850", _shown_as("cp850", 0xC2, 0xC3)),
    "cp437": _signature("cp437", _shown_as("cp437", 0xC2, 0xC3)),
}
# Ä and Å may, before a quotation mark: they count inside a word, or when there are two of them.
_PAIR = f"[{_shown_as('cp1252', 0xC4, 0xC5)}][{_shown_as('cp1252', 0x80, 0xBF)}]"
_WIDER = re.compile(f"(?:{_PAIR}.*){{2}}|(?<=[a-z]){_PAIR}(?=[a-z])")


def mend(cells: list[Cell], problems: list[CellProblem], *, only_text: bool) -> int:
    """Trim and mend a row's cells in place and note what was found. Returns the row's characters, at least 1; 0: blank.

    Nearly every row leaves at the first test, which is why it is made for the whole row at once. `only_text`: all cells
    are strings, which saves looking.
    """
    text = "|".join(cells if only_text else [cell for cell in cells if cell.__class__ is str])  # type: ignore[arg-type]
    if (
        text.isascii() and text.isprintable() and "| " not in text and " |" not in text and "|#" not in text
        and "Err:" not in text and not text.startswith((" ", "#")) and not text.endswith(" ")
    ):  # fmt: skip
        return len(text) + 1 if text.strip("|") or _anything(cells) else 0
    for column, cell in enumerate(cells):
        if isinstance(cell, str):
            trimmed = cell.strip(_BLANK)
            if trimmed.isascii() and trimmed.isprintable() and not trimmed.startswith(("#", "Err:")):
                cells[column] = trimmed
                continue
            cells[column], code = mend_text(trimmed)
            if code:
                problems.append(CellProblem(column, code, trimmed[:200]))
    return len(text) + 1 if problems or _anything(cells) else 0


def _anything(cells: list[Cell]) -> bool:
    return any(cell is not None and cell != "" for cell in cells)


def mend_text(text: str) -> tuple[str, str | None]:
    """The text as it should be, and the problem's code: cell_error (it is empty then), text_repaired, text_garbled."""
    if text in _ERRORS or _OFFICE_ERROR.fullmatch(text):
        return "", "cell_error"
    text = _CONTROL.sub("", text)
    if text.isascii():
        return text.strip(), None
    mended = _C1.sub(lambda found: _character(ord(found[0]), "cp1252"), _SURROGATE.sub(_LOST, text))
    for _ in range(_DEPTH):
        once = _decoded_again(mended)
        if once == mended:
            break
        mended = once
    clean = _UNSEEN.sub("", mended).replace(REPAIRED, "").strip()
    if _LOST in clean or _garbled(clean):
        return clean, "text_garbled"
    return clean, "text_repaired" if mended != text or REPAIRED in text else None


def _decoded_again(text: str) -> str:
    """The text read as the UTF-8 that it was, as a whole where that works, else sign by sign."""
    for encoding, signature in _WRONG.items():
        if not (signature.search(text) or (encoding == "cp1252" and _WIDER.search(text))):
            continue
        whole = _as_utf8(text, encoding)
        if whole is not None:
            return whole
        if encoding == "cp1252":
            return signature.sub(lambda found: _as_utf8(found[0], "cp1252") or found[0], text)
    return text


def _as_utf8(text: str, encoding: str) -> str | None:
    try:
        data = b"".join(_byte(character, encoding) for character in text)
        return data.decode("utf-8")
    except (UnicodeEncodeError, UnicodeDecodeError):
        return None


def _byte(character: str, encoding: str) -> bytes:
    if encoding == "cp1252" and character in "\x81\x8d\x8f\x90\x9d":
        return character.encode("latin-1")
    return character.encode(encoding)


def _garbled(text: str) -> bool:
    return any(signature.search(text) for signature in _WRONG.values())
