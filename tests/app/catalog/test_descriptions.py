from __future__ import annotations

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from app.catalog.descriptions import (
    DeviceFacts,
    apple_mpn_prefix,
    is_apple_order_number,
    match_key,
    read_description,
    refusal,
)


def read(text: str, **columns: str) -> DeviceFacts:
    facts = read_description(text, **columns)
    assert facts is not None, f"{text!r} was not read"
    return facts


SAME_DEVICE = [
    (
        "apple|iphone 12 mini|64|black",
        "iPhone 12 mini/64S/Black",
        "Apple iPhone 12 Mini 64GB zwart",
        "IPHONE 12MINI, 64 GB, schwarz",
    ),
    (
        "apple|iphone xs max|256|space grey",
        "iPhone XS Max 256 GB Space Gray",
        "Apple iPhone Xs Max/256S/Space Grey",
        "iPhone XS Max 256GB Spacegrau",
    ),
    ("apple|iphone se 2020|64|red", "iPhone SE (2nd Gen) 64GB (PRODUCT)RED", "iPhone SE 2020 64GB Red"),
    ("apple|iphone se 2022|128|midnight", "iPhone SE 128GB Midnight", "iPhone SE 2022 128GB Mitternacht"),
    (
        "apple|ipad 9|64|space grey|wifi",
        'Apple iPad 9th Gen 10.2" 64GB Wi-Fi Space Grey',
        "iPad (2021)/64S/WiFi/Space Gray",
        "iPad 9 64 GB WLAN Space Grau",
    ),
    (
        "apple|ipad pro 11 g3|128|silver|cellular",
        'iPad Pro 11" 2021 128GB Wi-Fi + Cellular Silver',
        "iPad Pro 11 (3rd gen) 128 GB LTE Zilver",
    ),
    (
        "apple|ipad mini 4|128|space grey|wifi",
        "iPad Mini 4, 7.9“ 128 GB (Wifi) Space Grey",
        "iPad mini 4 WiFi/128S/Space Gray",
    ),
    ("samsung|galaxy s21|128|grey", "Samsung Galaxy S21 5G 128GB Phantom Gray", "Galaxy S21/128S/Grey"),
    ("samsung|galaxy a53|128|black", "Galaxy A53/128GB/Black", "Samsung Galaxy A53 5G / 128GB / Awesome Black"),
    ("samsung|galaxy s21 ultra|256|black", "Galaxy S21 Ultra 12GB/256GB Phantom Black"),
    (
        "lenovo|thinkpad t480s|i5-8350u|16|256",
        "T480s i5-8350U/16GB/256M2/FHD/C/W11P",
        "T480S I5-8350U/16GB/256NVMe/FHD",
        'Lenovo ThinkPad T480s Intel Core i5-8350U 16GB RAM 256GB SSD 14" FHD',
        "ThinkPad T480s i5 8350U, 16 GB, 256 GB SSD",
    ),
    (
        "lenovo|thinkpad x1 carbon g9|i7-1165g7|16|512",
        "X1 Carbon G9 i7-1165G7/16GB/512M2/WUXGA",
        "Lenovo ThinkPad X1 Carbon (Gen 9) i7-1165G7, 16 GB, 512 GB SSD",
        "ThinkPad X1 Carbon 9th Gen i7-1165G7 16GB 512GB",
        "X1 Carbon i7-1165G7/16GB/512M2/FHD",
    ),
    (
        "lenovo|thinkpad t14 g3|ryzen 5 6650u|16|512",
        "T14 G3 5 Pro 6650U/16GB/512M2/WUXGA",
        "ThinkPad T14 Gen 3 Ryzen 5 PRO 6650U 16GB 512GB",
        "T14 G3 R5-6650U/16GB/512M2",
    ),
    (
        "lenovo|ideapad 3 15alc6|ryzen 5 5500u|8|512",
        "3 15ALC6 R5 5500U/8GB/512M2/FHD/C/W11",
        "3-15ALC6 Ryzen 5 5500U/8GB/512M2",
        "Lenovo IdeaPad 3 15ALC6 R5-5500U 8GB 512GB SSD",
    ),
    (
        "lenovo|legion 5 15ach6h|ryzen 7 5800h|16|1024",
        "5 15ACH6H R7 5800H/16GB/1TBM2/FHD/GC",
        "Lenovo Legion 5 15ACH6H Ryzen 7 5800H 16GB 1TB SSD",
    ),
    (
        "lenovo|yoga slim 7 prox 14arh7|ryzen 7 6800hs|32|1024",
        "YG Slim7 ProX 14ARH7 R7 6800HS/32GB/1TBM2/3K",
        "Yoga Slim 7 ProX 14ARH7 R7 6800HS/32GB/1TBM2",
    ),
    (
        "lenovo|thinkbook 14 g2 itl|i5-1135g7|8|256",
        "TB 14 G2 ITL i5-1135G7/8GB/256M2/FHD",
        "ThinkBook 14 G2 ITL i5-1135G7 8GB 256GB",
    ),
    (
        "hp|elitebook 840 g5|i5-8350u|8|256",
        "840 G5 i5-8350U/8GB/256M2/FHD",
        "HP EliteBook 840 G5 14 inch FHD i5-8350U 8GB 256GB SSD",
    ),
    (
        "hp|elitebook x360 830 g8|i5-1145g7|16|256",
        "X360 830 G8 i5-1145G7/16GB/256M2/FHD/MT",
        "x360 830 G8 i5-1145G7/16GB/256SSD",
    ),
    (
        "hp|zbook fury g9|i7-12850hx|32|1024",
        "Fury 16 G9 i7-12850HX/32GB/1TBM2/WUXGA",
        "HP ZBook Fury 16 G9 i712850HX/32GB/1TBM2",
    ),
    (
        "dell|latitude 5410|i5-10310u|16|256",
        "5410 i5-10310U/16GB/256M2/FHD",
        'Dell Latitude 5410 14" i5-10310U 16GB 256GB SSD',
    ),
    ("dell|inspiron 5410|i5-11320h|8|512", "14 5410 i5-11320H/8GB/512M2/FHD", "Dell Inspiron 5410 i5-11320H 8GB 512GB"),
    (
        "microsoft|surface pro 7+|i7-1165g7|16|256",
        "MS Surface Pro 7+ i7-1165G7/16GB/256SSD",
        "Microsoft Surface Pro 7+ i7-1165G7 16GB 256GB",
    ),
    (
        "apple|macbook air 13 2020|m1|8|256|space grey",
        'Apple MacBook Air 13" M1 8GB 256GB SSD Space Grey',
        "MacBook Air 2020 M1/8GB/256GB/Space Gray",
    ),
    (
        "apple|macbook pro 13 2018|i5-8259u|8|256|silver",
        "MacBookPro15,2 i5-8259U/8GB/256M2/Silver",
        "MacBook Pro 13 2018 i5-8259U 8GB 256GB Silver",
    ),
    (
        "hp|elitedesk 800 g5 mini|i5-9500t|16|256",
        "800 G5 DM i5-9500T/16GB/256NVMe/W10P",
        "HP EliteDesk 800 G5 Mini i5-9500T 16GB 256GB SSD",
    ),
    (
        "lenovo|thinkcentre m70q g3|i5-12400t|8|256",
        "M70q G3 i5-12400T/8GB/256M2/Wi/B",
        "Lenovo ThinkCentre M70q Gen 3 i5-12400T 8GB 256GB",
    ),
    (
        "lenovo|tab m10 plus|helio g80|4|128|wifi",
        "TB M10 Plus Helio G80/4GB/128S/WUXGA+/MT/SD",
        "TAB M10 Plus Helio G80/4GB/128S/WUXGA+/MT/C",
    ),
]


@pytest.mark.parametrize(("key", "text"), [(key, text) for key, *texts in SAME_DEVICE for text in texts])
def test_spellings_of_one_configuration_have_one_key(key: str, text: str) -> None:
    assert match_key(read(text)) == key


@pytest.mark.parametrize(
    "text",
    [
        "",
        "   ",
        "Keyb T14/P14s G1/G2 DE - BL",
        "HP 840 G5 Keyboard i5-8350U/8GB/256M2",
        "PanzerGlass Apple iPhone 15 Pro",
        "Hardcase for iPhone 13 Black 128GB",
        "T480 Internal Battery, 3-cell",
        "12 x T490 i5-8365U/16GB/256M2",
        "T490 i5-8365U/16GB/256M2 - NO PSU",
        "Pallet: bundle iPhone 8 64GB mixed",
        "T480s/CHARGING PORT FAULTY",
        "iPad Mini 4/DISPLAY DEFEKT",
        "ThinkPad T14 i5 16GB 512GB",
        "830 G5 i5-8th/8GB/256SSD/FHD",
        "Acer Aspire 5 i5-1135G7 8GB 512GB",
        "USB-C charger 65W",
        "T490 i5-8365U 256GB, extended with an unknown part X99",
        "x" * 5000,
    ],
)
def test_what_is_no_single_known_device_reads_as_none(text: str) -> None:
    facts = read_description(text)

    assert facts is None or match_key(facts) is None


def test_an_accessory_category_refuses_even_a_readable_description() -> None:
    text = "T480s i5-8350U/16GB/256M2/FHD"

    assert read_description(text, category="NOTE-OPT") is None
    assert read_description(text, category="NOTEBOOK") is not None


@pytest.mark.parametrize(
    ("text", "open_question"),
    [
        ("iPhone SE 64GB Red", "year of the iPhone SE"),
        ("iPhone 12/13 64GB Black", "several models"),
        ("iPhone 11 64GB Black SIM-locked", "network lock"),
        ("iPad Pro 12.9 256GB Wi-Fi Silver", "generation"),
        ("Galaxy A3/16S/Black", "year of the model"),
        ("X1 Yoga i5-10210U/8GB/256M2/FHD", "generation"),
        ("Firefly G10 i7-1355U/16GB/512M2/WUXGA", "size"),
    ],
)
def test_what_the_text_leaves_open_is_named_and_never_matched(text: str, open_question: str) -> None:
    facts = read(text)

    assert facts.uncertain == open_question
    assert match_key(facts) is None


@pytest.mark.parametrize(
    "text",
    [
        "iPhone 13 128 GB Unknown",
        "iPhone 12 mini Black",
        "iPhone 12 64GB Black/White",
        "iPad mini 4 128GB Space Grey",
        "3 15ADA05 AMD 3020e/4GB/1TB/HD",
        "T460s i5-6300U/8-16GB/256M2/FHD",
        "5510 i5-10310U/16GB/0GB/FHD",
    ],
)
def test_a_missing_colour_size_or_kind_of_disk_gives_no_key(text: str) -> None:
    assert match_key(read(text)) is None


@pytest.mark.parametrize(
    ("text", "model"),
    [
        ("5 15ALC05 R5 5500U/16GB/512M2", "IdeaPad 5 15ALC05"),
        ("5 Pro 16ACH6H R7 5800H/16GB/1TBM2", "Legion 5 Pro 16ACH6H"),
        ("5 Pro 16ARH7 R7 6800HS/16GB/1TBM2", "IdeaPad 5 Pro 16ARH7"),
        ("S7 16ARHA7 R7 6800H/16GB/1TBM2", "Legion Slim 7 16ARHA7"),
        ("Yoga 7 14ARE05 R7 4700U/16GB/512M2", "Yoga Slim 7 14ARE05"),
        ("Yoga 9 14ITL5 i7-1185G7/16GB/1TBM2", "Yoga 9 14ITL5"),
        ("Flex 5 14ITL i5-1135G7/8GB/512M2", "IdeaPad Flex 5 14ITL05"),
        ("V15 G2 i5-1135G7/8GB/256M2", "V15 G2 ITL"),
        ("640 G9 i5-1235U/8GB/512M2", "EliteBook 640 G9"),
        ("640 G8 i5-1135G7/8GB/512M2", "ProBook 640 G8"),
        ("L15 i5-1135G7/8GB/512M2", "ThinkPad L15 G2"),
        ("E14 G3 R5 5500U/8GB/256M2", "ThinkPad E14 G3"),
    ],
)
def test_a_shared_number_is_told_apart_by_platform_or_processor(text: str, model: str) -> None:
    assert read(text).full_model == model


def test_a_platform_code_of_two_lines_without_its_line_is_refused() -> None:
    assert read_description("7 15IMH05 i7-10750H/16GB/1TBM2/FHD/GC") is None
    assert read("Legion 7 15IMH05 i7-10750H/16GB/1TBM2").full_model == "Legion 7 15IMH05"


def test_the_category_tells_an_all_in_one_from_a_notebook() -> None:
    text = "5 14ACN6 R5 5600G/8GB/512M2"

    assert read(text, category="PC").full_model == "IdeaCentre 5 14ACN6"
    assert read(text, category="NOTEBOOK").full_model == "IdeaPad 5 Pro 14ACN6"


def test_the_brand_helps_only_where_the_text_is_short() -> None:
    text = "15 G5 i7-8850H/32GB/256M2/FHD"

    assert read_description(text) is None
    assert read(text, brand="ZBOOK").full_model == "ZBook 15 G5"
    assert read("T480s i5-8350U/16GB/256M2", brand="IDEAPAD").line == "ThinkPad"


def test_an_a_number_in_the_item_number_tells_wifi_from_cellular() -> None:
    text = "iPad 4th Gen/16S/Black"

    assert match_key(read(text)) is None
    assert match_key(read(text, item_no="A1458-12345")) == "apple|ipad 4|16|black|wifi"
    assert match_key(read(text, item_no="A1460-12345")) == "apple|ipad 4|16|black|cellular"


def test_an_a_number_against_the_text_leaves_the_device_open() -> None:
    facts = read("iPad 2 Wi-Fi/16S/Black", item_no="A1396-1")

    assert facts.uncertain == "text and A-number differ on cellular"


def test_a_samsung_number_tells_the_year_of_a_reused_name() -> None:
    facts = read("Galaxy A3/16S/Black", item_no="A320-12345")

    assert match_key(facts) == "samsung|galaxy a3 2017|16|black"


def test_a_notebook_line_is_read_in_full() -> None:
    facts = read("X13 G2 i5-1145G7/16GB/512M2+1TBM2/WUXGA/MT/4/F/C(IR)/W10P_COA", keyboard="US/I")

    assert (facts.memory_gb, facts.storage_gb, facts.more_storage_gb) == (16, 512, (1024,))
    assert (facts.storage_kind, facts.screen, facts.touch) == ("ssd", "WUXGA", True)
    assert (facts.connectivity, facts.operating_system) == ("cellular", "W10P")
    assert facts.keyboard == "US-International"


def test_a_hard_disk_is_another_configuration_than_a_solid_state_one() -> None:
    hard = read("250 G6 i3-7020U/4GB/500-7/HD")
    solid = read("250 G6 i3-7020U/4GB/512M2/HD")

    assert match_key(hard) == "hp|250 g6|i3-7020u|4|500hdd"
    assert match_key(solid) == "hp|250 g6|i3-7020u|4|512"


def test_two_disks_are_another_configuration_than_one() -> None:
    assert match_key(read("T480 i5-8350U/8GB/256GB/500GB HDD")) == "lenovo|thinkpad t480|i5-8350u|8|256+500"
    assert match_key(read("T480 i5-8350U/8GB/256GB")) == "lenovo|thinkpad t480|i5-8350u|8|256"


def test_grade_words_and_battery_health_do_not_disturb() -> None:
    text = "iPhone 11 64GB Black Grade A, battery 89%"

    assert match_key(read(text)) == "apple|iphone 11|64|black"


@pytest.mark.parametrize(
    ("number", "prefix"),
    [
        ("MK9N2LL/A", "MK9N2"),
        ("MK9N2LL/A-08-B", "MK9N2"),
        ("mgl93zd/a", "MGL93"),
        ("A1457-73949-08-A", None),
        ("20T1S0M900", None),
        ("MK9N2", None),
        ("", None),
    ],
)
def test_an_apple_order_number_is_known_by_its_country_suffix(number: str, prefix: str | None) -> None:
    assert apple_mpn_prefix(number) == prefix
    assert is_apple_order_number(number) is (prefix is not None)


FRAGMENTS = st.sampled_from(
    [
        *("iPhone", "iPad", "MacBook", "Galaxy", "Tab", "T480s", "X1", "Carbon", "3", "15ALC6", "840", "G5", "SE"),
        *("i5-8350U", "R5 5500U", "M1", "16GB", "256M2", "64S", "1TB", "500-7", "/", ",", "+", "-", "(", ")", '"'),
        *("Pro", "5410", "2021", "9th gen", "12.9", "space grey", "WiFi", "x", "ThinkPad", "Lenovo", "HP", "A1458"),
    ]
)


@settings(deadline=None, max_examples=300)
@given(st.one_of(st.text(max_size=80), st.lists(FRAGMENTS, max_size=10).map(" ".join)))
@example("i5-")
@example("MacBook Pro 15,2")
@example("iPad Pro 12.9 gen 99")
def test_reading_never_raises_and_says_the_same_twice(text: str) -> None:
    first = read_description(text, category=text[:10], brand=text[:5], item_no=text)
    second = read_description(text, category=text[:10], brand=text[:5], item_no=text)

    assert first == second
    if first is not None:
        key = match_key(first)
        assert key is None or (key == key.lower() and "||" not in key)


@pytest.mark.parametrize(
    "words",
    [
        "12 x ", "2x ", "lot of", "no boot", "no-psu", "nocpu", "no display", "defekt", "Defect", "defiktes",
        "original box", "too  old", "for parts", "privacy filter", "SIM tray", "battery", "bundle", "mix", "pcs",
        "keyb", "keyboard", "cable", "cases", "adaptor", "licence", "license", "charging",
    ],
)  # fmt: skip
def test_whatever_is_not_one_whole_device_is_refused_and_its_words_are_told(words: str) -> None:
    text = f"{words}iPhone 12 64GB black" if words.endswith("x ") else f"iPhone 12 64GB black, {words.strip()}"

    told = refusal(text)

    assert told is not None
    assert told.split() == words.lower().split()
    assert read_description(text) is None


@pytest.mark.parametrize("words", ["battery 90", "battery: new", "SIM free", "casey", "nobody", "definite", "x", "too"])
def test_words_that_only_begin_like_those_refuse_nothing(words: str) -> None:
    assert refusal(f"iPhone 12 64GB black {words}") is None
