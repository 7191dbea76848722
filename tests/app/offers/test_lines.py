"""Lines of a table with every problem they have; nothing is guessed, repeated or lost."""

from __future__ import annotations

import time
from collections.abc import Sequence
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.offers.cells import NewWords, Words
from app.offers.columns import FIELDS, ColumnMapping, propose_columns
from app.offers.lines import OfferLine, read_lines
from app.offers.reading import SheetRow, Table, read_table
from app.offers.reading.table import BLOCK
from app.settings import ROOT

LISTS = ROOT.parent / "shared" / "data" / "supplier-lists"
HEAD = ("item_number", "description", "grade", "quantity", "price")
unhurried = settings(deadline=None)
WORDS = {"grade": {"gold": "A", "silver": "B", "grade a": "A", "defekt": "defect"}}


def lines(
    *rows: Sequence[Any], head: Sequence[str] = HEAD, words: Words | None = None, currency: str = "EUR",
    price_currency: str | None = None, vat: str = "regular", graded: Sequence[str] = (),
) -> list[OfferLine]:  # fmt: skip
    """The lines of a table whose columns are named by our fields."""
    table = Table("csv", list(head), 1, [SheetRow(number, list(row)) for number, row in enumerate(rows, start=2)])
    mapping = ColumnMapping({name: index for index, name in enumerate(head)}, price_currency)
    return list(
        read_lines(table, mapping, supplier_currency=currency, default_vat_scheme=vat,
                   words=WORDS if words is None else words, graded_items=graded)
    )  # fmt: skip


def codes(line: OfferLine) -> list[str]:
    return [problem.code for problem in line.problems]


def one(*cells: Any, **known: Any) -> OfferLine:
    return lines(cells, **known)[0]


def test_a_line_without_a_problem() -> None:
    line = one("0000054Y9415", "T480s  i5", "GOLD", "3", "1.234,50")

    assert line.item_number == "0000054Y9415"
    assert line.description == "T480s i5"
    assert (line.grade_word, line.grade_key, line.grade) == ("GOLD", "gold", "A")
    assert (line.quantity, line.price, line.currency) == (3, Decimal("1234.50"), "EUR")
    assert line.problems == ()


@pytest.mark.parametrize(
    ("quantity", "price", "problem"),
    [
        ("17.5", 10, "quantity_fraction"), ("-1", 10, "quantity_negative"), ("", 10, "quantity_missing"),
        ("#REF!", 10, "quantity_invalid"), ("5 days", 10, "quantity_invalid"), (5, 0, "price_zero"),
        (5, "", "price_missing"), (5, "-10", "price_negative"), (5, "(10)", "price_negative"),
        (5, "ten", "price_invalid"), (5, "1.234", "price_ambiguous"),
    ],
)  # fmt: skip
def test_a_value_that_must_not_reach_a_shop_rejects_its_line(quantity: Any, price: Any, problem: str) -> None:
    line = one("X1", "Thing", "GOLD", quantity, price)

    assert codes(line) == [problem]
    assert line.rejected


def test_a_price_far_above_the_dearest_goods_is_a_placeholder() -> None:
    dear = [(f"X{number}", "Thing", "GOLD", 1, 4000 + number) for number in range(200)]

    *usual, odd = lines(*dear, ("Y1", "Thing", "GOLD", 1, 200_997))

    assert not any(line.problems for line in usual)
    assert (codes(odd), odd.rejected) == (["price_placeholder"], True)


def test_every_problem_of_a_line_is_told() -> None:
    assert codes(one("", "", "Odd", "x", "y")) == [
        "quantity_missing", "price_invalid", "grade_unknown", "item_number_missing",
    ]  # fmt: skip


def test_the_column_says_what_a_point_means() -> None:
    dutch = lines(("X1", "a", "GOLD", 1, "1.234"), ("X2", "b", "GOLD", 1, "99,50"))
    english = lines(("X1", "a", "GOLD", 1, "1,234"), ("X2", "b", "GOLD", 1, "99.50"))
    silent = lines(("X1", "a", "GOLD", 1, "1.234"), ("X2", "b", "GOLD", 1, "2.345"))

    assert [line.price for line in dutch] == [line.price for line in english] == [Decimal("1234.00"), Decimal("99.50")]
    assert [codes(line) for line in silent] == [["price_ambiguous"]] * 2


def test_a_cell_with_its_own_notation_is_read_by_it() -> None:
    found = lines(("X1", "a", "GOLD", 1, "99,50"), ("X2", "b", "GOLD", 1, "88.25"), ("X3", "c", "GOLD", 1, "1 234,5"))

    assert [line.price for line in found] == [Decimal("99.50"), Decimal("88.25"), Decimal("1234.50")]


def test_prices_tell_what_a_point_in_a_quantity_means() -> None:
    assert one("X1", "a", "GOLD", "1.000", "99,50").quantity == 1000
    assert codes(one("X1", "a", "GOLD", "1.500", "99.50")) == ["quantity_fraction"]
    assert codes(one("X1", "a", "GOLD", "1.000", 99)) == ["quantity_ambiguous"]


# Currencies


def test_each_line_of_a_mixed_column_keeps_its_own_currency() -> None:
    found = lines(
        ("X1", "a", "GOLD", 1, "€ 10"), ("X2", "b", "GOLD", 1, "100 DKK"), ("X3", "c", "GOLD", 1, "$12"),
        ("X4", "d", "GOLD", 1, "£9"), ("X5", "e", "GOLD", 1, 7), currency="SEK",
    )  # fmt: skip

    assert [line.currency for line in found] == ["EUR", "DKK", "USD", "GBP", "SEK"]
    assert not any(line.problems for line in found)


def test_a_sign_in_the_cell_wins_over_the_header_and_a_column_over_both_silences() -> None:
    head = (*HEAD, "currency")
    found = lines(
        ("X1", "a", "GOLD", 1, "£10", ""), ("X2", "b", "GOLD", 1, "10", "usd"), ("X3", "c", "GOLD", 1, "10", "n/a"),
        head=head, price_currency="DKK",
    )  # fmt: skip

    assert [line.currency for line in found] == ["GBP", "USD", "DKK"]


def test_two_currencies_for_one_price_are_a_contradiction() -> None:
    line = one("X1", "a", "GOLD", 1, "£10", "EUR", head=(*HEAD, "currency"))

    assert codes(line) == ["currency_contradicts"]
    assert line.rejected


def test_kr_is_the_krone_of_a_supplier_that_has_one_and_asked_of_others() -> None:
    assert one("X1", "a", "GOLD", 1, "100 kr.", currency="DKK").currency == "DKK"
    asked = one("X1", "a", "GOLD", 1, "100 kr.", currency="EUR")
    assert (codes(asked), asked.problems[0].word) == (["currency_invalid"], "kr.")
    decided = one("X1", "a", "GOLD", 1, "100 kr.", currency="EUR", words={**WORDS, "currency": {"kr.": "SEK"}})
    assert (decided.currency, decided.problems) == ("SEK", ())


def test_a_currency_that_we_do_not_know_rejects_and_is_asked() -> None:
    line = one("X1", "a", "GOLD", 1, "100", "HKD", head=(*HEAD, "currency"))

    assert line.rejected
    assert line.problems[0].as_json() == {
        "code": "currency_invalid", "field": "currency", "value": "HKD", "kind": "currency", "word": "hkd",
    }  # fmt: skip


# Words


def test_a_word_for_availability_is_asked_and_then_means_what_a_person_said() -> None:
    asked = one("X1", "a", "GOLD", "In  Stock", 10)
    decided = one("X1", "a", "GOLD", "In Stock", 10, words={**WORDS, "availability": {"in stock": "3"}})

    assert (asked.quantity, asked.rejected, asked.problems[0].word) == (None, True, "in stock")
    assert (decided.quantity, decided.problems) == (3, ())


def test_a_decision_wins_over_what_a_word_usually_means() -> None:
    words = {**WORDS, "availability": {"on request": "2"}, "vat": {"vat": "margin"}, "colour": {"gold": "Rose Gold"}}

    line = one("X1", "a", "GOLD", "On request", 10, "VAT", "Gold", head=(*HEAD, "vat_scheme", "colour"), words=words)

    assert (line.quantity, line.vat_scheme, line.attributes["colour"]) == (2, "margin", "Rose Gold")


def test_true_in_a_quantity_is_a_word_although_one_stands_in_the_same_column() -> None:
    found = lines(("X1", "a", "GOLD", 1, 10), ("X2", "b", "GOLD", True, 10), ("X3", "c", "GOLD", False, 10))

    assert [line.quantity for line in found] == [1, None, 0]
    assert codes(found[1]) == ["quantity_word"]


@pytest.mark.parametrize(
    ("cell", "scheme"),
    [
        ("", "margin"), ("n/a", "margin"), ("Marge", "margin"), ("§25a UStG", "margin"), ("brugtmoms", "margin"),
        ("TVA sur marge", "margin"), ("VAT", "regular"), ("21%", "regular"), (21, "regular"), (0.19, "regular"),
        ("Regelbesteuerung", "regular"), ("25 %", "regular"),
    ],
)  # fmt: skip
def test_vat_by_its_usual_words(cell: Any, scheme: str) -> None:
    line = one("X1", "a", "GOLD", 1, 10, cell, head=(*HEAD, "vat_scheme"), vat="margin")

    assert (line.vat_scheme, line.problems) == (scheme, ())


@pytest.mark.parametrize("cell", ["0%", 0, "reverse charge", "no margin", "keine Differenzbesteuerung", "ja", "export"])
def test_vat_is_never_guessed(cell: Any) -> None:
    line = one("X1", "a", "GOLD", 1, 10, cell, head=(*HEAD, "vat_scheme"))

    assert (codes(line), line.rejected) == (["vat_unknown"], True)


def test_an_undecided_grade_informs_and_a_defect_does_too() -> None:
    odd, defect, blank = lines(
        ("X1", "a", "08 Ref.", 1, 10), ("X2", "b", "Defekt", 1, 10), ("X3", "c", "", 1, 10)
    )  # fmt: skip

    assert (odd.grade, codes(odd), odd.problems[0].word, odd.rejected) == (None, ["grade_unknown"], "08 ref.", False)
    assert (defect.grade, codes(defect), defect.rejected) == ("defect", ["grade_defect"], False)
    assert (codes(blank), blank.problems[0].word) == (["grade_unknown"], "")


def test_the_most_frequent_new_words_are_asked_and_no_prose() -> None:
    words = NewWords()
    for count, word in enumerate(f"word {number}" for number in range(300)):
        for line in [one("X", "a", word, 1, 10)] * (1 + (count == 299)):
            words.see(line.problems)

    asked = words.to_ask()

    assert len(asked) == 200
    assert next(iter(asked)) == ("grade", "word 299")


# Attributes


def test_columns_of_their_own_reach_the_line_as_attributes() -> None:
    head = (*HEAD, "brand", "model", "colour", "storage", "memory", "processor", "keyboard", "category")
    line = one(
        "X1", "a", "GOLD", 1, 10, "Apple", "MacBook Air", "space gray", "0.5", "8", "M1", "DE", "Laptops", head=head
    )
    sized = one("X1", "a", "GOLD", 1, 10, "Apple", "", "Zwart", "1TB SSD", "16 GB", "n/a", "-", "", head=head)

    assert codes(line) == ["size_unknown"]
    assert line.attributes == {
        "brand": "Apple", "model": "MacBook Air", "colour": "Space Grey", "memory_gb": 8, "processor": "M1",
        "keyboard": "DE", "category": "Laptops",
    }  # fmt: skip
    assert sized.attributes == {"brand": "Apple", "colour": "Black", "storage_gb": 1024, "memory_gb": 16}
    assert sized.problems == ()


@pytest.mark.parametrize("word", ["Unknown", "n/a", "-", "ukendt", "onbekend", "", None])
def test_unknown_is_no_colour_and_no_question(word: Any) -> None:
    line = one("X1", "a", "GOLD", 1, 10, word, head=(*HEAD, "colour"))

    assert (line.attributes, line.problems) == ({}, ())


def test_a_colour_or_size_that_we_do_not_know_informs_and_is_asked() -> None:
    head = (*HEAD, "colour", "storage")
    line = one("X1", "a", "GOLD", 1, 10, "Blaugrau", "64/128", head=head)
    decided = one("X1", "a", "GOLD", 1, 10, "Blaugrau", "64/128", head=head,
                  words={**WORDS, "colour": {"blaugrau": "Blue"}, "storage": {"64/128": "64"}})  # fmt: skip
    none = one("X1", "a", "GOLD", 1, 10, "Blaugrau", "", head=head, words={**WORDS, "colour": {"blaugrau": "none"}})

    assert ([(problem.code, problem.word) for problem in line.problems], line.rejected) == (
        [("colour_unknown", "blaugrau"), ("size_unknown", "64/128")], False,
    )  # fmt: skip
    assert decided.attributes == {"colour": "Blue", "storage_gb": 64}
    assert (none.attributes, none.problems) == ({}, ())


def test_a_list_without_descriptions_describes_by_its_columns() -> None:
    head = ("item_number", "grade", "quantity", "price", "brand", "model", "storage", "memory", "colour", "processor")
    phone = one("X1", "GOLD", 1, 10, "Apple", "iPhone 12 mini", "128", "", "black", "", head=head)
    notebook = one("X2", "GOLD", 1, 10, "Lenovo", "Lenovo ThinkPad T480s", "256GB", 16, "", "i5-8350U", head=head)

    assert phone.description == "Apple iPhone 12 mini 128GB Black"
    assert notebook.description == "Lenovo ThinkPad T480s i5-8350U 16GB 256GB"


# GTINs


def test_a_gtin_informs_of_what_happened_to_it_and_never_rejects() -> None:
    head = (*HEAD, "gtin")
    found = lines(
        ("X1", "a", "GOLD", 1, 10, "4006381333931"), ("X2", "b", "GOLD", 1, 10, 36000291452.0),
        ("X3", "c", "GOLD", 1, 10, "8.71E+12"), ("X4", "d", "GOLD", 1, 10, "4006381333930"),
        ("X5", "e", "GOLD", 1, 10, ""), head=head,
    )  # fmt: skip

    assert [line.gtin for line in found] == ["4006381333931", "0036000291452", None, None, None]
    assert [codes(line) for line in found] == [[], ["gtin_repaired"], ["gtin_lost_digits"], ["gtin_invalid"], []]
    assert not any(line.rejected for line in found)


# What a line is known by


def test_a_line_is_known_by_the_surest_thing_that_names_it() -> None:
    head = ("item_number", "gtin", "mpn", "description", "grade", "quantity", "price")
    found = lines(
        ("X1", "4006381333931", "MK2", "Text", "GOLD", 1, 10), ("", "4006381333931", "MK2", "Text", "GOLD", 1, 10),
        ("", "", "MK2", "Text", "GOLD", 1, 10), ("", "", "", "Text", "GOLD", 1, 10), head=head,
    )  # fmt: skip

    assert [line.identity for line in found] == [
        "item:X1", "gtin:4006381333931:gold", "mpn:MK2:gold", "text:text:gold",
    ]  # fmt: skip


def test_what_names_a_line_fits_into_an_index() -> None:
    head = ("item_number", "description", "mpn", "grade", "quantity", "price")
    long_item, long_text, long_mpn = lines(
        ("x" * 9000, "a", "", "GOLD", 1, 10), ("", "y" * 9000, "", "GOLD", 1, 10), ("", "b", "z" * 900, "GOLD", 1, 10),
        head=head,
    )  # fmt: skip

    assert max(len(line.identity.encode()) for line in (long_item, long_text, long_mpn)) < 1000
    assert len(long_text.description) == 2000
    assert len(long_mpn.mpn or "") == 64


def test_an_exact_copy_is_rejected_and_the_first_counts() -> None:
    first, copy, other = lines(
        ("X1", "a", "GOLD", 1, 10), ("X1", "another text", "gold", "1", "10.00"), ("X2", "b", "GOLD", 1, 10)
    )

    assert (codes(first), codes(copy), codes(other)) == ([], ["duplicate_line"], [])
    assert (copy.rejected, copy.problems[-1].value) == (True, "2")


def test_of_contradicting_twins_neither_is_believed() -> None:
    found = lines(("X1", "a", "GOLD", 1, 10), ("X2", "b", "GOLD", 1, 10), ("X1", "a", "GOLD", 4, 12))

    assert [codes(line) for line in found] == [["duplicate_item"], [], ["duplicate_item"]]
    assert [line.problems[-1].value for line in found if line.problems] == ["4", "2"]


def test_twins_are_found_however_far_they_stand_apart() -> None:
    plain = [(f"Y{number}", "b", "GOLD", 1, 10) for number in range(2 * BLOCK)]
    found = lines(("X1", "a", "GOLD", 1, 10), *plain, ("X1", "a", "GOLD", 4, 12), ("X2", "a", "GOLD"))

    assert [codes(line) for line in found if line.problems] == [
        ["duplicate_item"], ["duplicate_item"], ["quantity_missing", "price_missing"],
    ]  # fmt: skip
    assert [line.row_number for line in found] == list(range(2, 2 * BLOCK + 5))


def test_twins_are_found_by_gtin_and_by_text_where_there_is_no_item_number() -> None:
    found = lines(
        ("4006381333931", "a", "GOLD", 1, 10), ("400 6381 333931", "b", "GOLD", 1, 10), ("", "Text", "GOLD", 1, 10),
        ("", "text", "GOLD", 2, 10), ("", "Text", "SILVER", 2, 10), head=("gtin", *HEAD[1:]),
    )  # fmt: skip

    assert [codes(line) for line in found] == [[], ["duplicate_line"], ["duplicate_item"], ["duplicate_item"], []]


def test_twins_are_found_by_their_attributes_where_a_list_has_nothing_else() -> None:
    head = ("brand", "model", "grade", "quantity", "price")
    first, twin, other = lines(
        ("Apple", "iPhone 12", "GOLD", 1, 10), ("apple", "iphone 12", "GOLD", 2, 10), ("", "iPhone 12", "GOLD", 1, 10),
        head=head,
    )  # fmt: skip

    assert (codes(first), codes(twin), codes(other)) == (["duplicate_item"], ["duplicate_item"], [])


few = st.sampled_from(["", "x1", "X1", " x1", "N/A"])
rows_alike = st.lists(
    st.tuples(few, few, few, st.sampled_from(["GOLD", "SILVER", ""]), st.integers(0, 2), st.integers(1, 2)), max_size=8
)


@unhurried
@given(rows=rows_alike, graded=st.sampled_from([(), ("X1",)]))
def test_no_two_lines_that_count_are_the_same_offer(rows: list[tuple[Any, ...]], graded: Sequence[str]) -> None:
    head = ("item_number", "mpn", "description", "grade", "quantity", "price")
    found = lines(*rows, head=head, graded=graded)

    taken = [line.identity for line in found if not line.rejected]
    assert len(taken) == len(set(taken))
    for line in found:
        copies = [other for other in found if other.identity == line.identity and other.is_named]
        if line.is_named and len({(other.quantity, other.price, other.grade_key) for other in copies}) == 1:
            assert sum(not other.rejected for other in copies) == 1


def test_one_item_number_in_two_grades_is_two_offers() -> None:
    gold, silver, alone = lines(
        ("X1", "a", "GOLD", 1, 10), ("X1", "a", "SILVER", 5, 8), ("X2", "b", "GOLD", 1, 10)
    )  # fmt: skip
    again = one("X1", "a", "GOLD", 1, 10, graded=["X1"])

    assert [line.identity for line in (gold, silver, alone)] == ["item:X1:gold", "item:X1:silver", "item:X2"]
    assert not gold.problems
    assert again.identity == "item:X1:gold"


def test_a_suffix_that_repeats_the_grade_and_contradicts_it_informs() -> None:
    rows = [(f"N{number}-G", "a", "GOLD", 1, 10) for number in range(12)]
    rows += [(f"N{number}-S", "a", "SILVER", 1, 10) for number in range(12)]
    rows += [(f"M{number}-X", "a", ("GOLD", "SILVER")[number % 2], 1, 10) for number in range(12)]

    *usual, odd, same, country, unlearnt = lines(
        *rows, ("N99-S", "a", "GOLD", 1, 10), ("N98-G", "a", "Grade A", 1, 10), ("N97/G", "a", "SILVER", 1, 10),
        ("M99-X", "a", "SILVER", 1, 10),
    )  # fmt: skip

    assert not any(line.problems for line in usual)
    assert (codes(odd), odd.rejected) == (["grade_contradicts"], False)
    assert same.problems == country.problems == unlearnt.problems == ()


# Whole files


cells = st.none() | st.booleans() | st.integers(-(10**9), 10**9) | st.floats() | st.text(max_size=12)


@unhurried
@given(rows=st.lists(st.lists(cells, max_size=len(FIELDS)), max_size=12))
def test_any_table_becomes_as_many_lines_that_postgresql_can_keep(rows: list[list[Any]]) -> None:
    found = lines(*rows, head=FIELDS)

    assert [line.row_number for line in found] == list(range(2, len(rows) + 2))
    assert all("\x00" not in repr(line.identity + line.description) for line in found)
    for line in found:
        assert line.rejected or (line.quantity is not None and line.quantity >= 0 and line.price and line.price > 0)


@pytest.mark.skipif(not LISTS.exists(), reason="../shared is not here: the real lists are not read")
@pytest.mark.parametrize(
    ("name", "rejected", "contradicting"),
    [("foxway_item_stock_2023-10-27.xlsx", 160, 2), ("foxway_vareoversigt_2023-11-08.xlsx", 196, 9)],
)
def test_the_real_lists_keep_their_measured_lines(name: str, rejected: int, contradicting: int) -> None:
    table = read_table((LISTS / name).read_bytes())
    mapping = propose_columns(table.headers, [row.cells for row in table.rows], currency="DKK").mapping

    found = list(
        read_lines(table, mapping, supplier_currency="DKK", default_vat_scheme="regular", words=WORDS)
    )  # fmt: skip

    assert len(found) == len(table.rows)
    assert sum(line.rejected for line in found) == rejected
    assert sum("grade_contradicts" in codes(line) for line in found) == contradicting
    assert {line.currency for line in found} == {"DKK"}


def test_a_hundred_thousand_lines_take_seconds() -> None:
    grades = ("GOLD", "SILVER", "Grade A", "08 Ref.")
    rows = [
        (f"N{number}-08", f"T480s i5/16GB/{number % 9}", grades[number % 4], number % 40, f"{number % 900},5")
        for number in range(100_000)
    ]  # fmt: skip

    started = time.process_time()
    found = lines(*rows)

    assert len(found) == 100_000
    assert time.process_time() - started < 10  # About 1.3 s on an idle core of 2024; never a matter of minutes.
