"""Reading in a process of its own: packed files, archives that lie, limits, and what a dying child leaves behind."""

from __future__ import annotations

import gzip
import json
import random
import signal
import subprocess
import sys
import tempfile
import zipfile
import zlib
from pathlib import Path

import pytest
from flask import Flask
from made_files import (
    HEADER,
    LINE,
    MAIN,
    RELATIONS,
    listing,
    local_header,
    opendocument,
    sheet_xml,
    stored_by_hand,
    workbook,
    workbook_parts,
    zipped,
)

from app.offers import words
from app.offers.reading import Limits, Table, Unreadable, process, read_table
from app.offers.reading.table import MIB
from app.offers.services import tidy_name
from app.settings import ROOT

CSV = b"Item;Qty;Price\nX1;3;10\nX2;4;20\n"
ENTITIES = '<!DOCTYPE x [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;&a;&a;">]>'
PARTS = workbook_parts({"Stock": sheet_xml({1: HEADER, 2: LINE})})
SHEET = "xl/worksheets/sheet1.xml"


def refusal(content: bytes, limits: Limits | None = None) -> str:
    with pytest.raises(Unreadable) as raised:
        read_table(content, limits=limits)
    return raised.value.code


def with_strings(strings: bytes) -> bytes:
    """A workbook with this part of shared strings."""
    relation = f'<Relationship Id="rId9" Type="{RELATIONS}/sharedStrings" Target="sharedStrings.xml"/></Relationships>'
    related = str(PARTS["xl/_rels/workbook.xml.rels"]).replace("</Relationships>", relation)
    return zipped({**PARTS, "xl/_rels/workbook.xml.rels": related, "xl/sharedStrings.xml": strings})


def packed_by_hand(*, members: int = 1, claimed: int = 4_500_000, longer: int = 1) -> bytes:
    """A list of 4.5 MB; the directory names it `members` times at one place and claims what it likes."""
    press = zlib.compressobj(9, zlib.DEFLATED, -15)
    packed = press.compress(b"Item;Qty\n" * 500_000) + press.flush()
    entries = [(f"list{number}.csv", 0, packed * longer, claimed) for number in range(members)]
    return stored_by_hand(entries, local_header("list0.csv", packed, claimed))


@pytest.mark.parametrize(
    ("content", "format_", "member"),
    [
        (CSV, "csv", None),
        (gzip.compress(CSV, mtime=0), "csv", None),
        (zipped({"lists/stock.csv": CSV}), "csv", "lists/stock.csv"),
        (zipped({"stock.csv": CSV}, compression=zipfile.ZIP_STORED), "csv", "stock.csv"),
        (zipped({"list.dat": workbook(), "__MACOSX/._list.dat": b"x" * 99}), "xlsx", "list.dat"),
        (gzip.compress(workbook(), mtime=0), "xlsx", None),
        (gzip.compress(json.dumps([{"sku": "X1", "qty": 1}]).encode(), mtime=0), "json", None),
    ],
)
def test_a_list_is_read_packed_or_not_whatever_it_is_called(content: bytes, format_: str, member: str | None) -> None:
    table = read_table(content)

    assert (table.format, table.member) == (format_, member)
    assert len(table.rows) > 0


def test_of_several_packed_files_the_stock_list_is_taken_and_the_others_are_named() -> None:
    content = zipped(
        {"readme.txt": "Dear customer,\nhere is our list.\n", "logo.png": b"\x89PNG\r\n\x1a\n" + bytes(64),
         "terms.csv": "Country;Days\nNL;1\nBE;2\nDE;2\nFR;3\n", "stock.csv": CSV, "old.zip": zipped({"a.csv": CSV})}
    )  # fmt: skip

    table = read_table(content)

    assert table.member == "stock.csv"
    assert {member.name: member.state for member in table.members} == {
        "readme.txt": "file", "logo.png": "unreadable", "terms.csv": "file", "stock.csv": "file", "old.zip": "archive",
    }  # fmt: skip


@pytest.mark.parametrize(
    ("content", "code"),
    [
        (zipped({"inner.zip": zipped({"a.csv": CSV})}), "nested_archive"),
        (gzip.compress(gzip.compress(CSV, mtime=0), mtime=0), "nested_archive"),
        (gzip.compress(zipped({"a.csv": CSV}), mtime=0), "nested_archive"),
        (zipped({"a.png": b"\x89PNG\r\n\x1a\n" + bytes(64), "b.pdf": b"%PDF-1.7\n"}), "no_table_inside"),
        (zipped({"only.pdf": b"%PDF-1.7\n"}), "pdf"),
        (zipped({}), "no_table_inside"),
        (zipped({f"{number}.txt": "a" for number in range(10_000)}), "too_large"),
        (zipped({"../../app.py": CSV}), "unsafe_archive"),
        (zipped({**PARTS, "../../app.py": b"x"}), "unsafe_archive"),
        (zipped({"C:\\list.csv": CSV}), "unsafe_archive"),
        (zipped({"a.csv": CSV, "A.CSV": CSV}), "unsafe_archive"),
        (packed_by_hand(members=5), "unsafe_archive"),
        (packed_by_hand(claimed=0xFFFFFFFE), "too_large"),
        (packed_by_hand(claimed=100), "damaged"),
        (packed_by_hand(longer=2), "damaged"),
        (zipped({"a.csv": CSV}, compression=zipfile.ZIP_LZMA), "unsupported"),
        (zipped({"[Content_Types].xml": "<Types/>", "word/document.xml": "<a/>"}), "unsupported"),
        (zipped({"mimetype": "application/vnd.oasis.opendocument.text", "content.xml": "<a/>"}), "unsupported"),
        (workbook()[:-200], "damaged"),
        (zipped({"xl/workbook.xml": b"\x00\x01\x02"}), "damaged"),
        (gzip.compress(CSV, mtime=0)[:-6], "damaged"),
        (b"7z\xbc\xaf\x27\x1c" + bytes(99), "unsupported_archive"),
        (b"Rar!\x1a\x07\x01\x00" + bytes(99), "unsupported_archive"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(2000) + "WordDocument".encode("utf-16-le"), "unsupported"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(2000) + "EncryptedPackage".encode("utf-16-le"), "password"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(2000) + "Workbook".encode("utf-16-le"), "damaged"),
        (workbook(prologue=ENTITIES), "unsafe_archive"),
        (workbook(prologue='<!DOCTYPE x SYSTEM "file:///etc/passwd">'), "unsafe_archive"),
        (workbook(prologue=f"<!--{'x' * 100_000}-->{ENTITIES}"), "unsafe_archive"),
        (zipped({**PARTS, SHEET: sheet_xml({}, prologue=ENTITIES).replace("UTF-8", "UTF-16").encode("utf-16")}),
         "unsafe_archive"),
        (zipped({**PARTS, "xl/styles.xml": f"<?xml version='1.0'?>{ENTITIES}<styleSheet/>"}), "unsafe_archive"),
        (workbook(dimension="A1:XFD1048576"), "lying_size"),
    ],
)  # fmt: skip
def test_an_archive_that_is_no_honest_list_is_refused(content: bytes, code: str) -> None:
    assert refusal(content) == code


def test_an_encrypted_archive_needs_a_password() -> None:
    content = bytearray(zipped({"a.csv": CSV}, compression=zipfile.ZIP_STORED))
    for magic, at in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        content[content.index(magic) + at] |= 1

    assert refusal(bytes(content)) == "password"


def test_a_dimension_that_is_only_too_large_harms_nobody() -> None:
    table = read_table(workbook({"Stock": listing(3)}, dimension="A1:Z100000"))

    assert len(table.rows) == 3


def dense_sheet(megabytes: int) -> bytes:
    """Rows of numbers that do not repeat, so that the ratio is no reason to refuse them."""
    chance = random.Random(7)
    blocks = [
        b"".join(b"<row><c><v>%d</v></c><c><v>%d</v></c></row>" % (chance.randrange(10**9), chance.randrange(10**9))
                 for _ in range(2000)) for _ in range(40)
    ]  # fmt: skip
    body = b"".join(chance.choices(blocks, k=megabytes * MIB // len(blocks[0])))
    return b'<worksheet xmlns="%s"><sheetData>' % MAIN.encode() + body + b"</sheetData></worksheet>"


def hungry_files() -> dict[str, tuple[bytes, str | None]]:
    """What wants memory, and the refusal that it gets; None: it is read."""
    row = b'<row><c t="inlineStr"><is><t>aaaaaaaa</t></is></c><c><v>1</v></c></row>'
    bomb = b'<worksheet xmlns="%s"><sheetData>' % MAIN.encode() + row * 3_500_000 + b"</sheetData></worksheet>"
    chance = random.Random(7)
    many = b"".join(b"<si><t>%d</t></si>" % chance.randrange(10**40) for _ in range(60_000)) * 40
    strings = b'<sst xmlns="%s">' % MAIN.encode() + many + b"</sst>"
    header = ";".join(HEADER).encode() + b"\n"
    lines = b"".join(b"X%d;iPhone 12 64GB Black %d;A;3;199,50\n" % (number, number) for number in range(200_000))
    return {
        "an XLSX of 3 MB that unpacks to 250": (zipped({**PARTS, SHEET: bomb}), "too_large"),
        "four million times one string": (with_strings(b"<sst>" + b"<si><t>aaaa</t></si>" * 4_000_000), "too_large"),
        "2.4 million shared strings": (with_strings(strings), None),
        "100 MB of numbers": (zipped({**PARTS, SHEET: dense_sheet(100)}), "no_header"),
        "ODS rows repeated a million times": (repeated_ods(), "damaged"),
        "one line of 60 MB": (header + b"x" * 60 * MIB, "line_too_long"),
        "one JSON item of 60 MB": (b'[{"a": "' + b"x" * 60 * MIB + b'"}]', "json_damaged"),
        "a gzip of 500 MB zeros": (gzip.compress(bytes(500 * MIB), compresslevel=1), "too_large"),
        "200,000 lines": (header + lines, None),
    }  # fmt: skip


def repeated_ods() -> bytes:
    """One cell, a million times down and sixteen thousand times across."""
    cell = '<table:table-cell table:number-columns-repeated="16384" {string}><text:p>x</text:p></table:table-cell>'
    return opendocument(f'<table:table-row table:number-rows-repeated="1048576">{cell}</table:table-row>')


_MEASURED = """
import resource, sys
from app.offers.reading import Limits, Unreadable, process
from app.offers.reading.spool import Spool
import tempfile
spool = Spool()
with open(sys.argv[1], "rb") as source, tempfile.TemporaryDirectory() as folder:
    answer = process._ask(source.fileno(), spool.descriptor, folder, Limits(), None)
print(answer.get("refused"), resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss // 1024)
"""


def test_nothing_makes_the_child_hold_more_than_256_mib(tmp_path: Path) -> None:
    peaks: dict[str, int] = {}
    for name, (content, expected) in hungry_files().items():
        path = tmp_path / "file"
        path.write_bytes(content)
        run = subprocess.run(
            [sys.executable, "-c", _MEASURED, str(path)], cwd=ROOT, capture_output=True, text=True, check=True
        )
        found, peak = run.stdout.split()
        assert found == str(expected), name
        peaks[name] = int(peak)

    assert max(peaks.values()) <= 256, peaks
    assert peaks["200,000 lines"] <= 60, peaks


def test_a_child_that_needs_too_long_is_ended_and_the_file_is_refused() -> None:
    content = workbook({"Stock": listing(40_000)})
    long = b"Item;Description;Grade;Qty;Price\n" + b"X1;iPhone 12 mini 128 GB Black;A;3;99,50\n" * 1_000_000

    assert refusal(long, Limits(cpu_seconds=1)) == "too_slow"
    assert refusal(content, Limits(wall_seconds=0)) == "too_slow"


def test_a_child_that_fills_the_disk_or_is_out_of_memory_is_a_refusal() -> None:
    content = b"Item;Qty\n" + b"".join(b"X%d;%d\n" % (number, number) for number in range(60_000))

    assert refusal(content, Limits(spool=100_000)) == "too_large"
    assert refusal(content, Limits(memory=1 * MIB)) in ("too_large", "reader_failed")
    assert refusal(content, Limits(rows=50_000)) == "too_large"
    assert refusal(content, Limits(file=1000)) == "too_large"


@pytest.mark.parametrize(
    ("ending", "code"),
    [
        (f"import os; os.kill(os.getpid(), {signal.SIGKILL})", "too_large"),
        (f"import os; os.kill(os.getpid(), {signal.SIGABRT})", "too_large"),
        (f"import os; os.kill(os.getpid(), {signal.SIGSEGV})", "damaged"),
        ("raise SystemExit(3)", "reader_failed"),
        ("print('no json')", "reader_failed"),
        ("print('{}')", "reader_failed"),
        ("import time; time.sleep(60)", "too_slow"),
    ],
)
def test_however_the_child_ends_the_worker_has_a_refusal_and_no_process_is_left(
    ending: str, code: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "standin.py").write_text(ending)
    before = children()
    monkeypatch.setattr(process, "COMMAND", (sys.executable, str(tmp_path / "standin.py")))
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))

    assert refusal(CSV, Limits(wall_seconds=1)) == code
    assert children() == before
    assert not list(tmp_path.glob("iused-reading-*"))


def children() -> set[str]:
    """Processes that this one started and that are not gathered yet."""
    return {pid for task in Path("/proc/self/task").iterdir() for pid in (task / "children").read_text().split()}


def test_the_child_knows_nothing_of_ours(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "standin.py").write_text(
        f"import os, json, pathlib; pathlib.Path({str(tmp_path / 'seen')!r}).write_text(json.dumps(dict(os.environ)))"
    )
    monkeypatch.setenv("SECRET_KEY", "a secret that stays here")
    monkeypatch.setattr(process, "COMMAND", (sys.executable, str(tmp_path / "standin.py")))

    refusal(CSV)

    assert set(json.loads((tmp_path / "seen").read_text())) <= {"TMPDIR", "RUST_BACKTRACE", "LC_CTYPE"}


def test_rows_come_as_often_as_wanted_and_a_column_by_itself() -> None:
    table = read_table(b"Item;Qty;Price\n" + b"".join(b"X%d;%d;10\n" % (n, n) for n in range(2500)))

    assert len(table.rows) == len(list(table.rows)) == len(list(table.rows)) == 2500
    assert list(table.column(1)) == [str(number) for number in range(2500)]
    assert list(table.column(9)) == [None] * 2500
    assert 300 <= len(table.sample) <= 600
    assert [row.number for row in table.sample] == list(range(2, 2502, 8))


def test_a_table_made_in_memory_answers_the_same() -> None:
    read = read_table(CSV)

    made = Table(format="csv", headers=read.headers, header_row=1, rows=list(read.rows))

    assert list(made.column(1)) == list(read.column(1)) == ["3", "4"]
    assert made.account()["notes"] == {}


def test_a_file_of_one_size_is_read_by_two_at_once() -> None:
    tables = [read_table(CSV) for _ in range(2)]

    for first, second in zip(*(table.rows for table in tables), strict=True):
        assert first == second


@pytest.mark.parametrize(
    ("sent", "kept"),
    [
        ("x" * 300 + ".csv", "x" * 196 + ".csv"),
        ("..\\..\\etc/passwd", "passwd"),
        ("stock\u202excod.csv\r\n", "stockxcod.csv"),
        ("con.csv", "con.csv"),
        ("\r\n\x00", "file"),
    ],
)
def test_a_name_is_shown_and_never_used_as_a_path(sent: str, kept: str) -> None:
    assert tidy_name(sent) == kept


def test_every_refusal_has_a_sentence(app: Flask) -> None:
    source = "\n".join(path.read_text() for path in (ROOT / "app" / "offers" / "reading").glob("*.py"))
    codes = set(_quoted_after(source, "Unreadable("))
    with app.test_request_context():
        missing = {code for code in codes if f"({code})" in words.refusal({"code": code})}
    assert len(codes) > 20
    assert missing == set()


def _quoted_after(source: str, call: str) -> list[str]:
    return [rest.split('"')[1] for rest in source.split(call)[1:] if rest.startswith('"')]
