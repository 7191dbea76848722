"""Which rows name the columns: looked for near the top, under titles and notes, over one or several rows."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from typing import NamedTuple

from app.offers.reading.returned import corrected_file
from app.offers.reading.source import Merge, RawRow
from app.offers.reading.table import Cell

SEARCH = 50  # Rows with anything in them, from the top, among which the header is looked for.
# Words that name columns of stock lists, in the languages of our suppliers: they tell a header from a title, and a
# stock list from the sheet beside it. What a column means is decided elsewhere.
_STOCK_LIST = """
    sku ean gtin upc barcode mpn item article artikel artikelnummer artikelnr artnr varenummer varenr nummer number
    no nr code part partnumber ref reference referentie referenz description omschrijving beschrijving beskrivelse
    bezeichnung beschreibung designation produkt product productnaam titel title model modell modele device name
    naam qty quantity quantite available avail stock voorraad aantal lager lagerbestand bestand menge antal
    beschikbaar pieces pcs stuks stk price prijs pris preis prix cost kosten inkoop netto eur dkk gbp usd currency
    valuta devise grade grading condition conditie zustand stand tilstand etat kwaliteit quality brand merk marke
    maerke mærke marque manufacturer fabrikant hersteller maker category categorie kategorie varekategorikode group
    colour color kleur farbe farve couleur storage opslag capacity capaciteit memory geheugen warranty garantie
    garanti keyboard toetsenbord tastatur vat btw mwst moms tva warehouse magazijn location
"""
_WORDS = frozenset(_STOCK_LIST.split())
_UNIT_WORDS = "eur usd gbp dkk sek nok pln chf czk € $ £ kr pcs pc pieces stk st stuks stück qty kg g gb inch cm"
_UNITS = frozenset(_UNIT_WORDS.split())
_NO_LABEL = re.compile(r"[\d\s.,:/€$£%+-]+")
_ENOUGH = 0.6  # Of a row's cells, and of the widest row's.
_AS_WIDE = 0.75


class Head(NamedTuple):
    """`first`, `last`: the numbers of the rows that name the columns. `known`: names such as a stock list has."""

    names: list[str]
    first: int
    last: int
    known: int
    cells: list[Cell]  # Of the last row, to know it again further down.


def find_head(rows: Sequence[RawRow], merges: Sequence[Merge] = ()) -> Head | None:
    """The header among the first rows of a table; None when none of them names columns."""
    near = rows[:SEARCH]
    for row in near[:2]:
        if corrected_file(row.cells) is not None:  # A sheet of ours: however few its lines are, these are its names.
            names = _distinct([str(cell or "") for cell in row.cells])
            return Head(names, row.number, row.number, _known(names), row.cells)
    widths = [_filled(row.cells) for row in near]
    for widest in sorted({max(widths, default=0), _usual(widths)}, reverse=True):
        found = [at for at, row in enumerate(near) if _names_columns(row.cells, widest)]
        if found:
            best = max(found, key=lambda at: (_known(near[at].cells), -at))
            clear = _known(near[best].cells) >= _known(near[found[0]].cells) + 2
            at = best if clear else found[0]
            if _known(near[at].cells) < 2 and any(_is_data(row.cells, widest) for row in near[:at]):
                return None  # Rows as wide as the table stand above: what looks like names is one of its rows.
            return _head(near, at, merges)
    return None


def _usual(widths: Sequence[int]) -> int:
    counted = Counter(width for width in widths if width > 1)
    return counted.most_common(1)[0][0] if counted else 0


def _is_data(cells: Sequence[Cell], widest: int) -> bool:
    """Whether a row is as wide as the table and holds values; columns that are only counted are none."""
    filled = [cell for cell in cells if cell is not None and cell != ""]
    if len(filled) < max(1.0, widest * _AS_WIDE):
        return False
    counted = [str(number) for number in range(1, len(filled) + 1)]
    return not all(map(_is_label, filled)) and [str(cell).removesuffix(".0") for cell in filled] != counted


def _names_columns(cells: Sequence[Cell], widest: int) -> bool:
    filled = [cell for cell in cells if cell is not None and cell != ""]
    if len(filled) < max(1, min(widest, 2), int(widest * _ENOUGH)):
        return False
    if len(set(map(str, filled))) < 0.5 * len(filled):
        return False
    others = [cell for cell in filled if not _is_label(cell)]
    return len(others) <= (1 - _ENOUGH) * len(filled) or _are_years(others)


def _is_label(cell: Cell) -> bool:
    return isinstance(cell, str) and not _NO_LABEL.fullmatch(cell)


def _are_years(cells: Sequence[Cell]) -> bool:
    """Columns named 2019, 2020, 2021, up or down: what stands beside them are names."""
    text = [str(cell).removesuffix(".0") for cell in cells]
    years = [int(one) for one in text if re.fullmatch(r"(19|20)\d\d", one)]
    return 2 <= len(years) == len(cells) and years in (sorted(set(years)), sorted(set(years), reverse=True))


def _known(cells: Sequence[Cell]) -> int:
    return sum(
        isinstance(cell, str) and any(word in _WORDS for word in re.findall(r"[^\W\d_]+", cell.casefold()))
        for cell in cells
    )


def _filled(cells: Sequence[Cell]) -> int:
    return sum(cell is not None and cell != "" for cell in cells)


def _head(rows: Sequence[RawRow], at: int, merges: Sequence[Merge]) -> Head:
    """The header with the rows that belong to it: merged with it, grouping it from above, completing it from below."""
    width = len(rows[at].cells)
    first, last = _merged_block(rows, at, [merge for merge in merges if merge.right - merge.left + 1 < 0.8 * width])
    while last + 1 < len(rows) and (
        _completes(rows[first : last + 1], rows[last + 1]) or _divides(rows[last], rows[last + 1 : last + 21])
    ):
        last += 1
    block = rows[first : last + 1]
    names = _stacked(block, merges) if len(block) > 1 else [str(cell or "") for cell in rows[at].cells]
    return Head(_distinct(names), rows[first].number, rows[last].number, _known(names), rows[last].cells)


def _merged_block(rows: Sequence[RawRow], at: int, merges: Sequence[Merge]) -> tuple[int, int]:
    """From which to which of `rows` merged cells tie the header together."""
    top = bottom = rows[at].number
    if at and rows[at - 1].number == top - 1 and _groups(rows[at - 1], rows[at], merges):
        top -= 1
    grown = True
    while grown:
        grown = False
        for merge in merges:
            if merge.top <= bottom and merge.bottom >= top and (merge.bottom > bottom or merge.top < top):
                top, bottom, grown = min(top, merge.top), max(bottom, merge.bottom), True
    inside = [place for place, row in enumerate(rows) if top <= row.number <= bottom]
    return min(*inside, at), max(*inside, at)


def _groups(above: RawRow, names: RawRow, merges: Sequence[Merge]) -> bool:
    """Whether the row above gathers columns under a word each. A title stands alone and begins where the table does."""
    spans = [merge for merge in merges if merge.top <= above.number <= merge.bottom and merge.right > merge.left]
    words = [str(cell) for cell in above.cells if cell not in (None, "")]
    if not spans or any(map(_has_digit, words)):
        return False
    first = next(place for place, cell in enumerate(names.cells) if cell not in (None, ""))
    return len(words) > 1 or all(span.left > first for span in spans)


def _completes(block: Sequence[RawRow], below: RawRow) -> bool:
    """Whether the row below names several columns, and only such as the header leaves blank."""
    if below.number != block[-1].number + 1:
        return False
    named = {place for row in block for place, cell in enumerate(row.cells) if cell not in (None, "")}
    more = {place: cell for place, cell in enumerate(below.cells) if cell not in (None, "")}
    return len(more) > 1 and not named & set(more) and all(map(_is_label, more.values()))


def _divides(above: RawRow, below: Sequence[RawRow]) -> bool:
    """Whether the first row below is one of names too: units, or the second half of each name.

    Units stand over numbers. Other words only count where the names above are none of a stock list's, in which the
    first line may be all words: no digit in them, nearly as wide, numbers under several of them.
    """
    row, data = below[0], below[1:]
    filled = {place: str(cell) for place, cell in enumerate(row.cells) if cell not in (None, "")}
    if row.number != above.number + 1 or len(data) < 3 or not filled:
        return False
    numeric = sum(_is_numeric(data, place) for place in filled)
    if all(cell.casefold().strip(".()[]") in _UNITS for cell in filled.values()):
        return numeric == len(filled)
    wide = len(filled) >= max(2, _ENOUGH * _filled(above.cells))
    return wide and _known(above.cells) < 2 and numeric > 1 and not any(map(_has_digit, filled.values()))


def _has_digit(text: str) -> bool:
    return re.search(r"\d", text) is not None


def _is_numeric(rows: Sequence[RawRow], column: int) -> bool:
    cells = [row.cells[column] for row in rows if column < len(row.cells) and row.cells[column] not in (None, "")]
    return len(cells) > 2 and sum(map(_is_label, cells)) <= 0.2 * len(cells)


def _stacked(block: Sequence[RawRow], merges: Sequence[Merge]) -> list[str]:
    """One name per column from several rows: each row's own word, a merged cell's over all that it covers."""
    width = max(len(row.cells) for row in block)
    by_number = {row.number: row.cells for row in block}
    names: list[list[str]] = [[] for _ in range(width)]
    for row in block:
        for column in range(width):
            cell = row.cells[column] if column < len(row.cells) else None
            for merge in merges:
                inside = merge.top <= row.number <= merge.bottom and merge.left <= column <= merge.right
                if inside and merge.top in by_number and merge.left < len(by_number[merge.top]):
                    cell = by_number[merge.top][merge.left]
            word = " ".join(str(cell if cell is not None else "").split())
            if word and word not in names[column]:
                names[column].append(word)
    return [" ".join(words) for words in names]


def _distinct(names: Sequence[str]) -> list[str]:
    """Names with single spaces; blank and double ones made distinct."""
    seen: dict[str, int] = {}
    result = []
    for number, given in enumerate(names, start=1):
        name = " ".join(given.split()) or f"#{number}"
        seen[name] = seen.get(name, 0) + 1
        result.append(name if seen[name] == 1 else f"{name} ({seen[name]})")
    return result
