"""Amounts, quantities and GTINs in every notation; a value that cannot be known is none."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.offers.gtins import has_check_digit, parse_gtin
from app.offers.values import is_blank, normalise_word, parse_money, parse_quantity, tidy, uses_decimal_comma

THIN, NARROW, NO_BREAK = "\u2009", "\u202f", "\u00a0"


def grouped(amount: Decimal, thousands: str, decimals: str) -> str:
    """1234.5 as `1<thousands>234<decimals>50`."""
    return f"{amount:,.2f}".replace(".", "#").replace(",", thousands).replace("#", decimals)


NOTATIONS: dict[str, Callable[[Decimal], str]] = {
    "point": lambda amount: f"{amount:.2f}",
    "comma": lambda amount: f"{amount:.2f}".replace(".", ","),
    "english": lambda amount: grouped(amount, ",", "."),
    "dutch": lambda amount: grouped(amount, ".", ","),
    "french": lambda amount: grouped(amount, NARROW, ","),
    "thin": lambda amount: grouped(amount, THIN, "."),
    "no-break": lambda amount: grouped(amount, NO_BREAK, ","),
    "space": lambda amount: grouped(amount, " ", ","),
    "swiss": lambda amount: grouped(amount, "'", "."),
    "swiss typographic": lambda amount: grouped(amount, "’", "."),
}
BESIDE = ("€ {}", "€{}", "{} €", "EUR {}", "{}EUR", "{} EUR excl. btw", "{} € p/st")
NEGATIVE = ("-{}", "- {}", "−{}", "{}-", "({})", "€ -{}", "-€ {}", "€ ({})", "(€ {})")
unhurried = settings(deadline=None)
each_notation = pytest.mark.parametrize("write", NOTATIONS.values(), ids=NOTATIONS.keys())
amounts = st.decimals("0.01", "9999999.99", places=2)
cells = st.none() | st.booleans() | st.integers(-(10**20), 10**20) | st.floats() | st.text(max_size=40)
gtin_bodies = st.sampled_from((7, 11, 12)).flatmap(lambda size: st.text("0123456789", min_size=size, max_size=size))


def with_check_digit(body: str) -> str:
    return next(body + digit for digit in "0123456789" if has_check_digit(body + digit))


@each_notation
@unhurried
@given(amount=amounts)
def test_an_amount_comes_back_from_every_notation(write: Callable[[Decimal], str], amount: Decimal) -> None:
    assert parse_money(write(amount)) == (amount, None, "")


@each_notation
@unhurried
@given(
    amount=amounts, frame=st.sampled_from(("€ {}", "€{}", "{} €", "EUR {}", "{}EUR", "{} EUR excl. btw", "{} € p/st"))
)
def test_a_currency_beside_an_amount_changes_nothing(
    write: Callable[[Decimal], str], amount: Decimal, frame: str
) -> None:
    found = parse_money(frame.format(write(amount)))

    assert (found.amount, found.problem) == (amount, None)
    assert found.currency in ("€", "EUR")


@each_notation
@unhurried
@given(
    amount=amounts, frame=st.sampled_from(("-{}", "- {}", "−{}", "{}-", "({})", "€ -{}", "-€ {}", "€ ({})", "(€ {})"))
)
def test_a_negative_amount_is_seen_in_every_notation(
    write: Callable[[Decimal], str], amount: Decimal, frame: str
) -> None:
    assert parse_money(frame.format(write(amount)))[:2] == (None, "price_negative")


@unhurried
@given(cell=cells, comma=st.none() | st.booleans())
def test_no_cell_makes_a_parser_raise(cell: Any, comma: bool | None) -> None:
    money, pieces, gtin = (
        parse_money(cell, decimal_comma=comma),
        parse_quantity(cell, decimal_comma=comma),
        parse_gtin(cell),
    )

    assert money.problem or (money.amount is not None and 0 < money.amount < 10**10)
    assert pieces.problem or (pieces.pieces is not None and 0 <= pieces.pieces <= 10_000_000)
    assert gtin.gtin is None or has_check_digit(gtin.gtin)
    assert isinstance(uses_decimal_comma([cell]), bool | None)
    assert "\x00" not in tidy(cell) + normalise_word(cell)


@pytest.mark.parametrize(
    ("cell", "amount"),
    [
        ("12,-", "12.00"), ("1.299,-", "1299.00"), ("1,299.--", "1299.00"), ("12.–", "12.00"), (".5", "0.50"),
        ("0,125", "0.13"), ("1234,567", "1234.57"), ("1.234.567", "1234567.00"), ("12.345,678", "12345.68"),
        (274.65999999999997, "274.66"), (0.005, "0.01"), (1, "1.00"), ("+5", "5.00"), ("=12", "12.00"),
        ("12.50 (excl. VAT)", "12.50"), ("£12 per pc.", "12.00"), ("12,50 DKK/stk.", "12.50"),
    ],
)  # fmt: skip
def test_an_amount_with_its_own_notation_needs_no_column(cell: str | float, amount: str) -> None:
    assert parse_money(cell)[:2] == (Decimal(amount), None)


@pytest.mark.parametrize(
    ("cell", "problem"),
    [
        (None, "price_missing"), ("", "price_missing"), ("n/a", "price_missing"), ("-", "price_missing"),
        ("op aanvraag", "price_missing"), (True, "price_missing"), ("0", "price_zero"), ("€ 0,00", "price_zero"),
        (0.001, "price_zero"), ("-1", "price_negative"), ("1.234", "price_ambiguous"), ("1,234", "price_ambiguous"),
        ("€ 12.500", "price_ambiguous"), ("12 34", "price_invalid"), ("1.23.4", "price_invalid"),
        ("1,23,456", "price_invalid"), ("1.2E+03", "price_invalid"), ("#DIV/0!", "price_invalid"),
        ("ca. 100", "price_invalid"), ("from 99", "price_invalid"), ("99 incl. VAT", "price_invalid"),
        ("12%", "price_invalid"), ("2023-10-27", "price_invalid"), (float("nan"), "price_invalid"),
        (float("inf"), "price_invalid"), (10**12, "price_invalid"), ("9" * 30, "price_invalid"),
    ],
)  # fmt: skip
def test_what_is_no_certain_amount_says_why(cell: Any, problem: str) -> None:
    found = parse_money(cell)

    assert found.problem == problem
    assert not found.amount


@unhurried
@given(amount=st.decimals("1", "999", places=3))
def test_thousands_are_never_guessed_where_neither_cell_nor_column_says(amount: Decimal) -> None:
    point, comma = f"{amount:.3f}", f"{amount:.3f}".replace(".", ",")

    assert parse_money(point).problem == parse_money(comma).problem == "price_ambiguous"
    assert parse_money(point, decimal_comma=True).amount == int(amount * 1000)
    assert parse_money(comma, decimal_comma=False).amount == int(amount * 1000)
    assert parse_money(comma, decimal_comma=True).amount == parse_money(point, decimal_comma=False).amount


@pytest.mark.parametrize(
    ("column", "comma"),
    [
        (["1.234", "99,50"], True),
        (["1,234", "99.50"], False),
        (["1.234", "1.234.567"], True),
        (["1 234,5", "7"], True),
        (["1.234", "99", "450"], True),  # Whole numbers: the point separates thousands.
        (["1,234", "99", "450"], False),
        (["1.234", "1500", "99"], None),  # ... unless thousands stand there without one.
        (["1.234", "2.345"], None),
        (["1.234", "99,50", "99.50"], None),  # The column contradicts itself: nothing is guessed.
        (["99", "100"], None),
        ([1.5, None, "", "abc"], None),
        (["€ 1.234,50"], True),
    ],
)
def test_a_column_says_what_its_signs_mean_or_nothing(column: list[Any], comma: bool | None) -> None:
    assert uses_decimal_comma(column) is comma


@pytest.mark.parametrize(("sign", "comma"), [(",", True), (".", False)])
@unhurried
@given(column=st.lists(amounts, min_size=1, max_size=20))
def test_a_column_of_cents_tells_its_decimal_sign(sign: str, comma: bool, column: list[Decimal]) -> None:
    assert uses_decimal_comma([f"{amount:.2f}".replace(".", sign) for amount in column]) is comma


@pytest.mark.parametrize(
    ("cell", "pieces"),
    [
        ("32 available", 32), (">10", 10), ("> 10", 10), ("10+", 10), ("10+ op voorraad", 10), ("3-5", 3),
        ("5 to 10", 5), ("12 stk.", 12), ("12 Stück", 12), ("auf Lager (12)", 12), ("mehr als 10 Stück", 10),
        ("more than 10", 10), ("mere end 10", 10), ("plus de 10", 10), ("op voorraad: 7", 7), ("≥5", 5), ("12.0", 12),
        ("12,00", 12), ("1 000", 1000), ("1'000", 1000), ("1.234.567", 1234567), (12.0, 12), ("00012", 12), ("+4", 4),
        ("sold out", 0), ("Uitverkocht", 0), ("ausverkauft", 0), ("udsolgt", 0), ("épuisé", 0), ("geen", 0), ("no", 0),
        ("ikke på lager", 0), ("nicht verfügbar", 0), (False, 0), (0, 0), ("0", 0),
    ],
)  # fmt: skip
def test_pieces_in_words_and_numbers(cell: Any, pieces: int) -> None:
    assert parse_quantity(cell) == (pieces, None)


@pytest.mark.parametrize("cell", ["on request", "Op aanvraag", "auf Anfrage", "på forespørgsel", "sur demande",
                                  "backorder", "coming soon"])  # fmt: skip
def test_on_request_promises_nothing_and_says_so(cell: str) -> None:
    assert parse_quantity(cell) == (0, "quantity_on_request")


@pytest.mark.parametrize("cell", ["In Stock", "yes", "op voorraad", "auf Lager", "på lager", "en stock", "low", "<5",
                                  "up to 10", "max. 3", "less than 5", "only 2 left", True])  # fmt: skip
def test_a_word_that_says_yes_without_a_number_is_asked_not_guessed(cell: Any) -> None:
    assert parse_quantity(cell) == (None, "quantity_word")


@pytest.mark.parametrize(
    ("cell", "problem"),
    [
        (None, "quantity_missing"), ("", "quantity_missing"), ("n/a", "quantity_missing"), ("-", "quantity_missing"),
        ("17.5", "quantity_fraction"), (17.5, "quantity_fraction"), ("17,5", "quantity_fraction"),
        ("-5", "quantity_negative"), ("(5)", "quantity_negative"), ("5-", "quantity_negative"),
        (-1, "quantity_negative"), ("1.000", "quantity_ambiguous"), ("ca. 20", "quantity_invalid"),
        ("5 days", "quantity_invalid"), ("2023-10-27", "quantity_invalid"), ("A-12-3", "quantity_invalid"),
        (float("nan"), "quantity_invalid"), (1e9, "quantity_invalid"), ("not in stock 5", "quantity_invalid"),
    ],
)  # fmt: skip
def test_what_is_no_certain_number_of_pieces_says_why(cell: Any, problem: str) -> None:
    assert parse_quantity(cell) == (None, problem)


@unhurried
@given(
    pieces=st.integers(0, 9_999_999),
    frame=st.sampled_from(("{}", "{} pcs", "{} beschikbaar", "{} Stück", "{}+", ">{}", " {} ")),
)
def test_pieces_come_back_from_every_notation(pieces: int, frame: str) -> None:
    for text in (str(pieces), f"{pieces:,}".replace(",", " "), f"{pieces:,}".replace(",", NO_BREAK)):
        assert parse_quantity(frame.format(text)) == (pieces, None)


def test_thousands_of_pieces_are_read_by_the_column() -> None:
    assert parse_quantity("1.000", decimal_comma=True) == (1000, None)
    assert parse_quantity("1.000", decimal_comma=False) == (1, None)
    assert parse_quantity("1.500", decimal_comma=False) == (None, "quantity_fraction")


@unhurried
@given(body=gtin_bodies)
def test_a_gtin_is_one_number_however_it_is_written(body: str) -> None:
    gtin = with_check_digit(body)
    found = parse_gtin(gtin).gtin
    if found is None:  # Zeros alone, or a tail of zeros as a spreadsheet leaves it.
        assert gtin.endswith("00000") or not gtin.strip("0")
        return
    assert found == (gtin if len(gtin) != 12 else "0" + gtin) or int(found) == int(gtin)
    for text in (
        f" {gtin} ",
        f"'{gtin}",
        f'="{gtin}"',
        f"{gtin}.0",
        gtin.zfill(14),
        f"EAN {gtin}",
        gtin[:3] + " " + gtin[3:],
    ):
        assert parse_gtin(text).gtin == found


@unhurried
@given(body=gtin_bodies, place=st.integers(0, 12), digit=st.sampled_from("0123456789"))
def test_one_wrong_digit_never_passes(body: str, place: int, digit: str) -> None:
    gtin = with_check_digit(body)
    place %= len(gtin)
    wrong = gtin[:place] + digit + gtin[place + 1 :]
    if wrong == gtin:
        return

    assert parse_gtin(wrong).gtin is None
    assert parse_gtin(float(wrong)).gtin is None


@unhurried
@given(body=st.text("0123456789", min_size=12, max_size=12))
def test_a_number_that_lost_zeros_or_digits_comes_back_right_or_not_at_all(body: str) -> None:
    gtin = with_check_digit(body)
    right = parse_gtin(gtin).gtin

    assert parse_gtin(float(gtin)).gtin in (None, right)
    for digits in range(2, 14):
        assert parse_gtin(f"{float(gtin):.{digits - 1}E}").gtin in (None, right)


def test_what_spreadsheets_do_to_a_gtin_is_repaired_only_where_it_is_certain() -> None:
    assert parse_gtin("36000291452") == ("0036000291452", "gtin_repaired")  # A UPC without its leading zero.
    assert parse_gtin(36000291452.0) == ("0036000291452", "gtin_repaired")
    assert parse_gtin("4.006381333931E+12") == ("4006381333931", "gtin_repaired")
    assert parse_gtin("4,006381333931e+12") == ("4006381333931", "gtin_repaired")
    assert parse_gtin("8.71E+12") == (None, "gtin_lost_digits")
    assert parse_gtin(8.71716e12) == (None, "gtin_lost_digits")
    assert parse_gtin("8717160000000") == (None, "gtin_lost_digits")
    assert parse_gtin("123456784") == (None, "gtin_lost_digits")  # Nine digits that fit: zeros lost, or another number.


def test_a_case_is_not_a_piece() -> None:
    assert parse_gtin("14006381333938") == ("14006381333938", "gtin_case")
    assert parse_gtin("04006381333931") == ("4006381333931", None)
    assert parse_gtin("96385074") == ("96385074", None)


@pytest.mark.parametrize("cell", [None, "", "n/a", "-", "0", 0, "0000000000000", "ukendt", "geen", True])
def test_nothing_under_ean_is_no_problem(cell: Any) -> None:
    assert parse_gtin(cell) == (None, None)


@pytest.mark.parametrize("cell", ["A1457-73949", "4006381333930", "123", "40063813339310", "4006381333931;400", 17.5])
def test_another_number_under_ean_is_said(cell: Any) -> None:
    assert parse_gtin(cell) == (None, "gtin_invalid")


@pytest.mark.parametrize("word", ["Unknown", "n/a", "-", "ukendt", "Onbekend", "k.A.", "inconnu", " N/A ", ""])
def test_unknown_is_no_value(word: str) -> None:
    assert is_blank(normalise_word(word))


def test_text_is_what_postgresql_keeps() -> None:
    assert tidy(" a\x00b \n\tc ") == "ab c"
    assert tidy("a\ud800b") == "ab"
    assert tidy(12.0) == "12"
    assert tidy(None) == ""
    assert tidy("0000054Y9415") == "0000054Y9415"
