"""What a line says of its device: the description, the columns beside it, and makers' numbers."""

from __future__ import annotations

import pytest

from app.catalog.device_facts import facts_as_text, facts_from_text
from app.catalog.numbers import mpn_in, normal_mpn
from app.catalog.reading import read_line, said_by


def test_columns_fill_what_the_description_leaves_open() -> None:
    line = read_line(said_by("iPhone 12 mini", told={"colour": "Black", "storage_gb": 128}))

    assert line.match_key == "apple|iphone 12 mini|128|black"


@pytest.mark.parametrize(("told", "question"), [({"storage_gb": 256}, "storage"), ({"colour": "Blue"}, "colour")])
def test_a_column_against_the_description_leaves_the_device_open(told: dict[str, object], question: str) -> None:
    line = read_line(said_by("iPhone 12 mini 128GB Black", told=told))

    assert line.match_key is None
    assert line.facts is not None
    assert line.facts["uncertain"] == f"{question} in its column and in the text"


def test_a_platform_among_other_screens_is_open() -> None:
    text = "3 17ADA05 R3 3250U/8GB/256M2/FHD/C/W10"

    assert read_line(said_by(text, told={"group": '17"'})).match_key == "lenovo|ideapad 3 17ada05|ryzen 3 3250u|8|256"
    assert read_line(said_by(text, told={"group": '15"'})).match_key is None


def test_what_is_no_whole_device_says_which_words_said_so() -> None:
    assert read_line(said_by("T480 i5-8350U/8GB/256M2 - NO PSU")).facts == {"refused": "no psu"}
    assert read_line(said_by("USB-C something")).facts is None


def test_facts_come_back_as_they_were_stored() -> None:
    for text in ("X13 G2 i5-1145G7/16GB/512M2+1TBM2/WUXGA/MT/4/F/C(IR)/W10P_COA", "iPad 9 64 GB WLAN Space Grau",
                 "250 G6 i3-7020U/4GB/500-7/HD", "iPhone 11 64GB Black SIM-locked"):  # fmt: skip
        facts = read_line(said_by(text)).facts
        assert facts is not None
        assert facts_as_text(facts_from_text(facts)) == facts


@pytest.mark.parametrize(
    ("written", "normal"),
    [
        ("MK9N2LL/A", "MK9N2"), ("mk9n2zd/a", "MK9N2"), ("MK9N2", "MK9N2"), ("SM-G991B/DS", "SM-G991B"),
        ("SM-G991BZADEUH", "SM-G991B"), ("sm-g991b", "SM-G991B"), ("20T1 S0M900", "20T1S0M900"), ("", None),
        ("x" * 65, None),
    ],
)  # fmt: skip
def test_a_makers_number_is_brought_to_one_form(written: str, normal: str | None) -> None:
    assert normal_mpn(written) == normal


def test_numbers_are_found_in_texts_when_there_is_one() -> None:
    assert mpn_in("MK9N2LL/A-08-B") == "MK9N2"
    assert mpn_in("Galaxy S21 SM-G991B/DS 128GB") == "SM-G991B"
    assert mpn_in("MK9N2LL/A or MK9P2LL/A") is None
    assert mpn_in("iPad mini 4") is None
