"""Delimited text as suppliers send it: encodings, signs between cells, quotes, rows of a wrong width."""

from __future__ import annotations

import csv
import io

import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from app.offers.reading import WHOLE_ROW, CellProblem, Table, Unreadable, read_table
from app.offers.reading.mend import mend_text

GERMAN = "Artikel;Beschreibung;Menge;Preis\nX1;Gehäuse für Notebook, geprüft;3;12,50 €\nX2;Netzteil, weiß;5;9,00\n"
FRENCH = "Réf;Désignation;Quantité;Prix\nA1;Écran tactile fêlé, état correct;2;10\nA2;Câble très bon état;3;5\n"
DANISH = "Varenr;Beskrivelse;Antal;Pris\n1;Bærbar pc, små ridser på låget;3;10\n2;Øvrige varer;5;20\n"
POLISH = "Nr;Opis;Ilość;Cena\n1;Obudowa ładowarki, używana;3;10\n2;Głośnik błyszczący źródło;5;20\n"
CZECH = "Číslo;Popis;Množství;Cena\n1;Nabíječka použitá, ve výborném stavu;3;10\n2;Příslušenství, čtečka žlutá;5;20\n"
RUSSIAN = "Номер;Описание;Количество;Цена\n1;Ноутбук чёрный, хорошее состояние;3;10\n"
JAPANESE = "番号;商品名;数量;価格\n1;アイフォン 中古 黒い;3;10\n2;ノートパソコン ケース;4;20\n"
CHINESE = "編號;名稱;數量;價格\n1;蘋果手機 二手 黑色 良好;3;10\n2;筆記型電腦 充電器;4;20\n"


def read(text: str | bytes) -> Table:
    return read_table(text if isinstance(text, bytes) else text.encode())


def cells(table: Table) -> list[list[object]]:
    return [list(row.cells) for row in table.rows]


def refusal(content: bytes) -> str:
    with pytest.raises(Unreadable) as raised:
        read_table(content)
    return raised.value.code


@pytest.mark.parametrize(
    ("text", "encoding", "shown"),
    [
        (GERMAN, "utf-8", "utf-8"), (GERMAN, "utf-8-sig", "utf-8"), (GERMAN, "utf-16", "utf-16"),
        (GERMAN, "utf-16-le", "utf-16-le"), (GERMAN, "utf-16-be", "utf-16-be"), (GERMAN, "utf-32", "utf-32"),
        (GERMAN, "utf-32-le", "utf-32-le"), (GERMAN, "cp1252", "cp1252"), (GERMAN.replace(" €", ""), "cp850", "cp850"),
        (FRENCH, "mac_roman", "mac-roman"), (DANISH, "cp1252", "cp1252"), (POLISH, "cp1250", "cp1250"),
        (CZECH, "cp1250", "cp1250"), (RUSSIAN, "cp1251", "cp1251"), (JAPANESE, "shift_jis", "shift_jis"),
        (CHINESE, "big5", "big5"),
    ],
)  # fmt: skip
def test_an_encoding_is_known_by_its_mark_or_by_its_letters(text: str, encoding: str, shown: str) -> None:
    table = read(text.encode(encoding))

    lines = [line.split(";") for line in text.splitlines()]
    assert (table.headers, cells(table)) == (lines[0], lines[1:])
    assert (table.encoding, table.notes) == (shown, {})


def test_letters_that_tell_two_encodings_alike_are_noted() -> None:
    table = read("Varenr;Navn;Antal\n1;Høj;3\n2;tablet;5\n".encode("cp850"))

    assert table.notes == {"encoding_unsure": 1}


def test_a_file_in_two_encodings_is_read_sign_by_sign_and_says_so() -> None:
    content = "Item;Navn;Qty\n1;Bærbar på lager;3\n2;Œuvre – été;2\n".encode() + "3;små ridser;4\n".encode("cp1252")

    table = read(content)

    assert [row[1] for row in cells(table)] == ["Bærbar på lager", "Œuvre – été", "små ridser"]
    assert [row.problems for row in table.rows][:2] == [(), ()]
    assert [problem.code for row in table.rows for problem in row.problems] == ["text_repaired"]


@pytest.mark.parametrize(
    ("wrong", "right", "code"),
    [
        ("GerÃ¤t fÃ¼r BÃ¼ro", "Gerät für Büro", "text_repaired"),
        ("15â€œ â€“ 128GB", "15“ – 128GB", "text_repaired"),
        ("10 â‚¬", "10 €", "text_repaired"),
        ("voilÃ\u00a0", "voilà", "text_repaired"),
        ("ÃƒÂ©tat", "état", "text_repaired"),
        ("ï»¿Item", "Item", "text_repaired"),
        ("cÅ“ur", "cœur", "text_repaired"),
        ("√©tat", "état", "text_repaired"),
        ("├®tat", "état", "text_repaired"),
        ("écran 15â€³", "écran 15″", "text_repaired"),
        ("\x80 5", "€ 5", "text_repaired"),
        ("Caf\ufffd", "Caf\ufffd", "text_garbled"),
        ("#N/A", "", "cell_error"),
        ("#VERW!", "", "cell_error"),
        ("Err:508", "", "cell_error"),
        ("#1 choice", "#1 choice", None),
        ("CAFÉ”", "CAFÉ”", None),
        ("“ÄÖÜ”", "“ÄÖÜ”", None),
        ("“PÅ”", "“PÅ”", None),
        ("São João à Ângela", "São João à Ângela", None),
        ("5\u200b00\u00a0", "500", None),
        ("日期 时间", "日期 时间", None),
    ],
)
def test_text_is_repaired_where_that_is_certain(wrong: str, right: str, code: str | None) -> None:
    assert mend_text(wrong) == (right, code)


@given(st.text(alphabet="éèêàâäöüßçñøåæÉÄÖ€–—“”‘’…™° abcXYZ019", min_size=1, max_size=30))
def test_text_that_went_through_the_wrong_encoding_comes_back(text: str) -> None:
    text = text.strip()
    assume(mend_text(text) == (text, None))  # What itself looks like that cannot be told from it.
    garbled = "".join(
        chr(byte) if byte in (0x81, 0x8D, 0x8F, 0x90, 0x9D) else bytes([byte]).decode("cp1252")
        for byte in text.encode()
    )

    assert mend_text(garbled) == (text, None if garbled == text else "text_repaired")


@pytest.mark.parametrize("sign", [",", ";", "\t", "|", "^", "~", ":"])
def test_the_sign_between_cells_is_found(sign: str) -> None:
    table = read(
        "".join(f"{sign.join(line)}\n" for line in (("Item", "Name", "Qty"), ("X1", "Pad", "3"), ("X2", "Pod", "4")))
    )

    assert (table.headers, table.delimiter) == (["Item", "Name", "Qty"], sign)
    assert cells(table) == [["X1", "Pad", "3"], ["X2", "Pod", "4"]]


@pytest.mark.parametrize(
    ("text", "sign"),
    [
        ("Item;Omschrijving;Prijs\nX1;Pad, zwart;1,50\nX2;Pod, wit;2,50\n", ";"),
        ("Item,Specs,Qty\nX1,64GB|Black|A,3\nX2,128GB|White|B,4\n", ","),
        ("Item,Seen at\nX1,12:30:00\nX2,13:30:00\n", ","),
        ("Prijslijst, week 44;;\nAlle prijzen: ex btw;;\nItem;Omschrijving;Prijs\nX1;Pad;1,50\nX2;Pod;2,50\n", ";"),
    ],
)
def test_signs_within_values_do_not_split_them(text: str, sign: str) -> None:
    assert read(text).delimiter == sign


def test_the_sign_that_the_first_line_tells_is_taken_and_the_line_is_no_row() -> None:
    table = read("sep=;\nItem;Qty\nX,1;3\nX,2;4\n")

    assert (table.headers, table.header_row, table.delimiter) == (["Item", "Qty"], 1, ";")


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_lines_end_in_any_of_the_three_ways(end: str) -> None:
    table = read(end.join(["Item;Note;Qty", 'X1;"two' + end + 'lines";3', "X2;one;4"]))

    assert cells(table) == [["X1", f"two{end}lines", "3"], ["X2", "one", "4"]]
    assert [row.number for row in table.rows] == [2, 3]


def test_quotes_are_doubled_or_escaped_and_single_ones_quote_too() -> None:
    assert cells(read('Item,Note,Qty\nX1,"15.6"" screen",3\n'))[0][1] == '15.6" screen'
    assert cells(read('Item,Note,Qty\nX1,"15.6\\" screen, black",3\n'))[0][1] == '15.6" screen, black'
    assert cells(read("'Item','Note','Qty'\n'X1','a, b','3'\n"))[0] == ["X1", "a, b", "3"]
    assert cells(read('Item, Note, Qty\nX1, "6,000", 3\n'))[0] == ["X1", "6,000", "3"]
    assert cells(read('Item;Note;Qty\nX1;Screen 15.6";3\nX2;12" and 13";4\n')) == [
        ["X1", 'Screen 15.6"', "3"], ["X2", '12" and 13"', "4"],
    ]  # fmt: skip
    assert cells(read("Item,Path,Qty\nX1,C:\\temp\\new,3\n"))[0][1] == "C:\\temp\\new"


def test_lines_that_are_quoted_as_a_whole_are_split_all_the_same() -> None:
    table = read('"Item;Name;Qty"\n"X1;Pad;3"\n"X2;""Pod; small"";4"\n')

    assert (table.headers, cells(table)) == (["Item", "Name", "Qty"], [["X1", "Pad", "3"], ["X2", "Pod; small", "4"]])


def test_a_quote_that_never_closes_costs_its_row_and_no_other() -> None:
    lines = [f"X{number};Pad;{number}" for number in range(2000)]
    lines[700] = '"X700;Pad;700'
    lines[1999] = '"X1999;Pad;1999'

    table = read("\n".join(["Item;Name;Qty", *lines]))

    assert len(table.rows) == 2000
    assert [row.cells[0] for row in table.rows] == [f"X{number}" for number in range(2000)]
    assert [(row.number, row.problems[0].code) for row in table.rows if row.problems] == [
        (702, "quote_open"), (2001, "quote_open"),
    ]  # fmt: skip


def test_rows_of_another_width_say_so() -> None:
    table = read("Item;Name;Qty;Price\nX1;Pad, 64;GB;3;10\nX2;Pod;3\nX3;Pod;3;10;;\n")

    problems = [row.problems for row in table.rows]
    assert problems[0] == (CellProblem(WHOLE_ROW, "row_longer", "10"),)
    assert problems[1] == (CellProblem(WHOLE_ROW, "row_shorter", "3"),)
    assert problems[2] == ()


def test_titles_comments_and_blank_lines_above_the_header_are_stepped_over() -> None:
    title = "\n".join(["", "# made 2026-11-01", "Stock list of Example BV;;;", ";;;", "Valid until;2026-12-01;;", ""])

    table = read(f"{title}\nItem;Name;Qty;Price\nX1;Pad;3;10\n")

    assert (table.header_row, table.headers) == (7, ["Item", "Name", "Qty", "Price"])
    assert [row.number for row in table.rows] == [8]


def test_a_header_that_returns_on_every_printed_page_is_no_row() -> None:
    page = "Item;Name;Qty\n" + "".join(f"X{number};Pad;{number}\n" for number in range(40))

    table = read(page * 3)

    assert len(table.rows) == 120
    assert table.notes == {"repeated_headers": 2}
    assert max(row.number for row in table.rows) == 123


@pytest.mark.parametrize(("units", "last"), [(";;pcs;EUR", "Price EUR"), (";;;(EUR)", "Price (EUR)")])
def test_units_under_the_header_belong_to_the_names(units: str, last: str) -> None:
    rows = "".join(f"X{number};Pad;{number};{number * 10}\n" for number in range(1, 9))

    table = read(f"Item;Name;Qty;Price\n{units}\n{rows}")

    assert (table.headers[3], table.header_row, len(table.rows)) == (last, 2, 8)


def test_a_first_line_of_words_alone_is_a_line() -> None:
    rows = "".join(f"X{number};Pad;{number};{number * 10}\n" for number in range(1, 9))

    table = read(f"Item;Name;Qty;Price\nMouse;black;call;on request\n{rows}")

    assert (table.header_row, len(table.rows)) == (1, 9)


def test_names_that_are_missing_or_double_are_made_distinct() -> None:
    assert read("Item;;Qty;Qty\nX1;a;3;4\n").headers == ["Item", "#2", "Qty", "Qty (2)"]


@pytest.mark.parametrize(
    ("content", "code"),
    [
        (b"", "empty_file"),
        (b" \r\n\t\n", "empty_file"),
        (b"\x00" * 5000, "empty_file"),
        (b"Item;Qty;Price\n", "no_rows"),
        (b"X1;3;10\nX2;4;20\nX3;5;30\n", "no_header"),
        (b"Item;Name;Qty\n" + b"x" * 3_000_000, "line_too_long"),
        (b"<html><body><table><tr><td>Item</td></tr></table></body></html>", "web_page"),
        (b'<?xml version="1.0"?><html xmlns="x"><table/></html>', "web_page"),
        (b'<?xml version="1.0"?><items><item/></items>', "unsupported"),
        (b"{\\rtf1\\ansi Item}", "unsupported"),
        (b"%PDF-1.7\n1 0 obj", "pdf"),
        (b"\x89PNG\r\n\x1a\n" + bytes(range(256)) * 9, "picture"),
        (b"MZ\x90\x00" + bytes(range(256)) * 9, "binary"),
        (bytes(range(1, 256)) * 50, "binary"),
        (b"Item;Qty\n" + b"".join(b'"X%d;%d\n' % (number, number) for number in range(4000)), "not_a_table"),
    ],
)
def test_what_is_no_list_is_refused(content: bytes, code: str) -> None:
    assert refusal(content) == code


def test_data_above_what_looks_like_a_header_is_not_dropped() -> None:
    assert refusal(b"X1;3;10\nX2;4;20\nApple;Black;Used\nX3;5;30\n") == "no_header"


_CELL = st.text(alphabet='ab1 ;,"\n\té€', max_size=6)


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(rows=st.lists(st.tuples(_CELL, _CELL, _CELL), min_size=1, max_size=8))
def test_what_a_csv_writer_wrote_is_read_back(rows: list[tuple[str, str, str]]) -> None:
    text = io.StringIO()
    writer = csv.writer(text, delimiter=";")
    writer.writerow(["Item number", "Description", "Quantity"])
    writer.writerows(rows)

    written = [[cell.strip() for cell in row] for row in rows]
    kept = [row for row in written if any(row)]
    if not kept:
        return
    table = read(text.getvalue())

    assert [[str(cell or "") for cell in row] for row in cells(table)] == kept
