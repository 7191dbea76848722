"""Files for tests of reading: workbooks written part by part, archives with anything in them."""

from __future__ import annotations

import io
import struct
import zipfile
import zlib
from collections.abc import Iterable, Mapping, Sequence
from xml.sax.saxutils import escape

MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
RELATIONS = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
HEADER = ("Item", "Description", "Grade", "Qty", "Price EUR")
LINE = ("X1", "iPhone 12 64GB Black", "A", 3, 199.5)


def zipped(members: Mapping[str, bytes | str], *, compression: int = zipfile.ZIP_DEFLATED) -> bytes:
    """An archive of these members, in this order; the same bytes whenever it is made."""
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w", compression) as archive:
        for name, content in members.items():
            archive.writestr(zipfile.ZipInfo(name), content, compression)
    return target.getvalue()


def cell_xml(reference: str, value: object) -> str:
    """A cell as Excel writes it; a string that begins with `<` is taken as the cell's own XML."""
    if value is None or value == "":
        return ""
    if isinstance(value, str) and value.startswith("<"):
        return value.replace("REF", reference)
    if isinstance(value, str):
        return f'<c r="{reference}" t="inlineStr"><is><t>{escape(value)}</t></is></c>'
    return f'<c r="{reference}"><v>{value}</v></c>'


def column_name(index: int) -> str:
    """0 is A, 26 AA."""
    name = ""
    index += 1
    while index:
        index, rest = divmod(index - 1, 26)
        name = chr(ord("A") + rest) + name
    return name


def sheet_xml(rows: Mapping[int, Sequence[object]], *, merges: Iterable[str] = (), hidden: Iterable[int] = (),
              dimension: str = "", prologue: str = "") -> str:  # fmt: skip
    """A worksheet's part; `rows` by their numbers in the sheet."""
    hidden = set(hidden)
    body = "".join(
        f'<row r="{number}"{" hidden=" + chr(34) + "1" + chr(34) if number in hidden else ""}>'
        + "".join(cell_xml(f"{column_name(at)}{number}", value) for at, value in enumerate(cells))
        + "</row>"
        for number, cells in rows.items()
    )
    merged = "".join(f'<mergeCell ref="{one}"/>' for one in merges)
    return (
        f'<?xml version="1.0" encoding="UTF-8"?>{prologue}<worksheet xmlns="{MAIN}">'
        + (f'<dimension ref="{dimension}"/>' if dimension else "")
        + f"<sheetData>{body}</sheetData>"
        + (f"<mergeCells>{merged}</mergeCells>" if merged else "")
        + "</worksheet>"
    )


def workbook_parts(sheets: Mapping[str, str], *, states: Mapping[str, str] | None = None) -> dict[str, bytes | str]:
    """The members of an XLSX with these sheets, by name."""
    states = states or {}
    names = list(sheets)
    listed = "".join(
        f'<sheet name="{escape(name)}" sheetId="{number}" r:id="rId{number}"'
        + (f' state="{states[name]}"' if name in states else "") + "/>"
        for number, name in enumerate(names, start=1)
    )  # fmt: skip
    related = "".join(
        f'<Relationship Id="rId{number}" Type="{RELATIONS}/worksheet" Target="worksheets/sheet{number}.xml"/>'
        for number in range(1, len(names) + 1)
    )
    package = "http://schemas.openxmlformats.org/package/2006"
    return {
        "[Content_Types].xml": f'<Types xmlns="{package}/content-types"/>',
        "_rels/.rels": f'<Relationships xmlns="{package}/relationships"><Relationship Id="rId1" '
        f'Type="{RELATIONS}/officeDocument" Target="xl/workbook.xml"/></Relationships>',
        "xl/workbook.xml": f'<workbook xmlns="{MAIN}" xmlns:r="{RELATIONS}"><sheets>{listed}</sheets></workbook>',
        "xl/_rels/workbook.xml.rels": f'<Relationships xmlns="{package}/relationships">{related}</Relationships>',
        **{f"xl/worksheets/sheet{number}.xml": sheets[name] for number, name in enumerate(names, start=1)},
    }


def workbook(sheets: Mapping[str, Mapping[int, Sequence[object]]] | None = None, *,
             states: Mapping[str, str] | None = None, **sheet: object) -> bytes:  # fmt: skip
    """An XLSX. Without sheets one small stock list; `sheet` goes to every worksheet."""
    rows = sheets or {"Stock": {1: HEADER, 2: LINE}}
    return zipped(
        workbook_parts({name: sheet_xml(one, **sheet) for name, one in rows.items()}, states=states)  # type: ignore[arg-type]
    )


def opendocument(rows: str) -> bytes:
    """An ODS with one sheet of these rows; `{string}` in them stands for what makes a cell text."""
    names = "".join(
        f' xmlns:{one}="urn:oasis:names:tc:opendocument:xmlns:{one}:1.0"' for one in ("office", "table", "text")
    )
    body = rows.replace("{string}", 'office:value-type="string"')
    return zipped(
        {
            "mimetype": "application/vnd.oasis.opendocument.spreadsheet",
            "META-INF/manifest.xml": "<manifest/>",
            "content.xml": f"<office:document-content{names}><office:body><office:spreadsheet>"
            f'<table:table table:name="Stock">{body}</table:table>'
            "</office:spreadsheet></office:body></office:document-content>",
        }
    )


def listing(lines: int, *, first: int = 1) -> dict[int, Sequence[object]]:
    """A stock list with its header in row `first`."""
    rows: dict[int, Sequence[object]] = {first: HEADER}
    for number in range(1, lines + 1):
        rows[first + number] = (f"X{number}", f"iPhone 12 64GB Black {number}", "A", number % 7, 100 + number)
    return rows


def stored_by_hand(entries: Sequence[tuple[str, int, bytes, int]], shared: bytes) -> bytes:
    """An archive whose directory says what it likes: (name, offset, packed, claimed size) over `shared` bytes."""
    directory = b""
    for name, offset, packed, claimed in entries:
        encoded = name.encode()
        directory += struct.pack(
            "<IHHHHHHIIIHHHHHII", 0x02014B50, 20, 20, 0, 8, 0, 0, zlib.crc32(b""), len(packed), claimed, len(encoded),
            0, 0, 0, 0, 0, offset,
        ) + encoded  # fmt: skip
    end = struct.pack("<IHHHHIIH", 0x06054B50, 0, 0, len(entries), len(entries), len(directory), len(shared), 0)
    return shared + directory + end


def local_header(name: str, packed: bytes, claimed: int) -> bytes:
    """A member as it stands before the directory."""
    encoded = name.encode()
    return (
        struct.pack("<IHHHHHIIIHH", 0x04034B50, 20, 0, 8, 0, 0, 0, len(packed), claimed, len(encoded), 0)
        + encoded
        + packed
    )
