"""Phones and tablets: models, storages, colours, year and the new price of the smallest one."""

from __future__ import annotations

from typing import NamedTuple


class Mobiles(NamedTuple):
    """Models (separated by `;`) with the same choices; colours are canonical, sizes GB, price with VAT."""

    maker: str
    line: str
    models: str
    storages: str
    colours: str
    year: int
    price_eur: int


def _iphone(models: str, storages: str, colours: str, year: int, price: int) -> Mobiles:
    return Mobiles("Apple", "iPhone", models, storages, colours, year, price)


def _galaxy(models: str, storages: str, colours: str, year: int, price: int) -> Mobiles:
    return Mobiles("Samsung", "Galaxy", models, storages, colours, year, price)


def _ipad(models: str, storages: str, colours: str, year: int, price: int) -> Mobiles:
    return Mobiles("Apple", "iPad", models, storages, colours, year, price)


PHONES = (
    _iphone("iPhone 4S", "8 16 32 64", "Black;White", 2011, 629),
    _iphone("iPhone 5", "16 32 64", "Black;White", 2012, 679),
    _iphone("iPhone 5c", "8 16 32", "White;Blue;Green;Pink;Yellow", 2013, 599),
    _iphone("iPhone 5s", "16 32 64", "Space Grey;Silver;Gold", 2013, 699),
    _iphone("iPhone SE 2016", "16 32 64 128", "Space Grey;Silver;Gold;Rose Gold", 2016, 489),
    _iphone("iPhone 6;iPhone 6 Plus", "16 32 64 128", "Space Grey;Silver;Gold", 2014, 699),
    _iphone("iPhone 6s;iPhone 6s Plus", "16 32 64 128", "Space Grey;Silver;Gold;Rose Gold", 2015, 749),
    _iphone("iPhone 7;iPhone 7 Plus", "32 128 256", "Black;Jet Black;Silver;Gold;Rose Gold;Red", 2016, 769),
    _iphone("iPhone 8;iPhone 8 Plus", "64 128 256", "Space Grey;Silver;Gold;Red", 2017, 809),
    _iphone("iPhone X", "64 256", "Space Grey;Silver", 2017, 1159),
    _iphone("iPhone XR", "64 128 256", "Black;White;Blue;Yellow;Coral;Red", 2018, 859),
    _iphone("iPhone XS;iPhone XS Max", "64 256 512", "Space Grey;Silver;Gold", 2018, 1159),
    _iphone("iPhone 11", "64 128 256", "Black;White;Green;Yellow;Purple;Red", 2019, 809),
    _iphone("iPhone 11 Pro;iPhone 11 Pro Max", "64 256 512", "Space Grey;Silver;Gold;Midnight Green", 2019, 1159),
    _iphone("iPhone SE 2020", "64 128 256", "Black;White;Red", 2020, 489),
    _iphone("iPhone 12;iPhone 12 mini", "64 128 256", "Black;White;Blue;Green;Purple;Red", 2020, 809),
    _iphone("iPhone 12 Pro;iPhone 12 Pro Max", "128 256 512", "Graphite;Silver;Gold;Pacific Blue", 2020, 1159),
    _iphone("iPhone 13;iPhone 13 mini", "128 256 512", "Midnight;Starlight;Blue;Pink;Green;Red", 2021, 809),
    _iphone(
        "iPhone 13 Pro;iPhone 13 Pro Max",
        "128 256 512 1024",
        "Graphite;Silver;Gold;Sierra Blue;Alpine Green",
        2021,
        1159,
    ),
    _iphone("iPhone SE 2022", "64 128 256", "Midnight;Starlight;Red", 2022, 529),
    _iphone("iPhone 14;iPhone 14 Plus", "128 256 512", "Midnight;Starlight;Blue;Purple;Yellow;Red", 2022, 1019),
    _iphone(
        "iPhone 14 Pro;iPhone 14 Pro Max",
        "128 256 512 1024",
        "Space Black;Silver;Gold;Deep Purple",
        2022,
        1329,
    ),
    _iphone("iPhone 15;iPhone 15 Plus", "128 256 512", "Black;Blue;Green;Yellow;Pink", 2023, 969),
    _iphone(
        "iPhone 15 Pro;iPhone 15 Pro Max",
        "128 256 512 1024",
        "Black Titanium;White Titanium;Blue Titanium;Natural Titanium",
        2023,
        1229,
    ),
    _iphone("iPhone 16;iPhone 16 Plus", "128 256 512", "Black;White;Pink;Teal;Ultramarine", 2024, 969),
    _galaxy("Galaxy S3;Galaxy S4;Galaxy S5", "16 32", "Black;White", 2013, 599),
    _galaxy("Galaxy S5 mini", "16", "Black;White;Blue;Gold", 2014, 449),
    _galaxy("Galaxy S7;Galaxy S7 edge", "32", "Black;Silver;Gold", 2016, 699),
    _galaxy("Galaxy S8;Galaxy S8 Plus;Galaxy S9;Galaxy S9 Plus", "64 256", "Black;Grey;Blue;Purple", 2018, 799),
    _galaxy("Galaxy S10e;Galaxy S10;Galaxy S10 Plus", "128 512", "Black;White;Green;Blue", 2019, 899),
    _galaxy(
        "Galaxy S20;Galaxy S20 5G;Galaxy S20 Plus 5G;Galaxy S20 FE;Galaxy S20 FE 5G",
        "128 256",
        "Grey;Blue;Pink;Red;White",
        2020,
        899,
    ),
    _galaxy("Galaxy S21;Galaxy S21 Plus;Galaxy S21 FE", "128 256", "Grey;White;Pink;Purple;Black", 2021, 849),
    _galaxy(
        "Galaxy S21 Ultra;Galaxy S22 Ultra;Galaxy S23 Ultra",
        "128 256 512",
        "Black;Silver;White;Green;Burgundy",
        2022,
        1249,
    ),
    _galaxy(
        "Galaxy S22;Galaxy S22 Plus;Galaxy S23;Galaxy S23 Plus",
        "128 256 512",
        "Black;White;Green;Pink;Lavender;Cream",
        2022,
        849,
    ),
    _galaxy(
        "Galaxy A3 2015;Galaxy A3 2016;Galaxy A3 2017;Galaxy J3 2016;Galaxy J3 2017;Galaxy J5 2015;"
        "Galaxy J5 2017;Galaxy J7 2017",
        "8 16",
        "Black;White;Gold;Blue",
        2016,
        299,
    ),
    _galaxy("Galaxy A6 2018;Galaxy A8 2018", "32", "Black;Gold;Blue", 2018, 309),
    _galaxy("Galaxy A40;Galaxy A50", "64 128", "Black;White;Blue;Coral", 2019, 299),
    _galaxy(
        "Galaxy A52;Galaxy A52 5G;Galaxy A52s;Galaxy A53;Galaxy A54",
        "128 256",
        "Black;White;Blue;Purple",
        2022,
        449,
    ),
    _galaxy("Galaxy XCover 3;Galaxy XCover 4;Galaxy XCover 4s", "8 16 32", "Black;Grey", 2017, 249),
    _galaxy("Galaxy XCover 5;Galaxy XCover Pro", "64", "Black", 2021, 349),
    Mobiles("Huawei", "", "P9 Lite;P10;P20;P30;P30 Lite", "16 32 64 128", "Black;White;Gold;Blue", 2017, 399),
    Mobiles(
        "Google",
        "Pixel",
        "Pixel 6;Pixel 6a;Pixel 7;Pixel 7a;Pixel 8",
        "128 256",
        "Black;White;Grey;Green",
        2022,
        649,
    ),
)

# Each is sold as Wi-Fi and as cellular.
TABLETS = (
    _ipad("iPad 2;iPad 3;iPad 4", "16 32 64 128", "Black;White", 2012, 479),
    _ipad("iPad 5;iPad 6", "32 128", "Space Grey;Silver;Gold", 2017, 349),
    _ipad("iPad 7;iPad 8", "32 128", "Space Grey;Silver;Gold", 2019, 379),
    _ipad("iPad 9", "64 256", "Space Grey;Silver", 2021, 379),
    _ipad("iPad 10", "64 256", "Silver;Blue;Pink;Yellow", 2022, 579),
    _ipad("iPad mini 1", "16 32 64", "Black;White;Space Grey;Silver", 2012, 329),
    _ipad("iPad mini 2;iPad mini 3", "16 32 64 128", "Space Grey;Silver", 2013, 389),
    _ipad("iPad mini 4", "16 32 64 128", "Space Grey;Silver;Gold", 2015, 389),
    _ipad("iPad mini 5", "64 256", "Space Grey;Silver;Gold", 2019, 449),
    _ipad("iPad mini 6", "64 256", "Space Grey;Pink;Purple;Starlight", 2021, 549),
    _ipad("iPad Air 1", "16 32 64 128", "Space Grey;Silver", 2013, 479),
    _ipad("iPad Air 2", "16 32 64 128", "Space Grey;Silver;Gold", 2014, 489),
    _ipad("iPad Air 3", "64 256", "Space Grey;Silver;Gold", 2019, 549),
    _ipad("iPad Air 4", "64 256", "Space Grey;Silver;Rose Gold;Green;Sky Blue", 2020, 649),
    _ipad("iPad Air 5", "64 256", "Space Grey;Starlight;Pink;Purple;Blue", 2022, 769),
    _ipad("iPad Pro 9.7", "32 128 256", "Space Grey;Silver;Gold;Rose Gold", 2016, 689),
    _ipad("iPad Pro 10.5", "64 256 512", "Space Grey;Silver;Gold;Rose Gold", 2017, 729),
    _ipad("iPad Pro 11 G1;iPad Pro 12.9 G3", "64 256 512 1024", "Space Grey;Silver", 2018, 879),
    _ipad(
        "iPad Pro 11 G2;iPad Pro 12.9 G4;iPad Pro 11 G3;iPad Pro 12.9 G5",
        "128 256 512 1024",
        "Space Grey;Silver",
        2020,
        879,
    ),
    _ipad("iPad Pro 11 G4;iPad Pro 12.9 G6", "128 256 512 1024", "Space Grey;Silver", 2022, 1049),
    Mobiles(
        "Samsung",
        "Galaxy Tab",
        "Galaxy Tab S6;Galaxy Tab S7;Galaxy Tab S8;Galaxy Tab A7;Galaxy Tab A8",
        "64 128 256",
        "Grey;Silver;Black",
        2021,
        449,
    ),
)

# Lenovo's tablets are sold by processor and memory, in one colour.
LENOVO_TABLETS = (
    ("Tab", "Tab M8", "MT_A22", "2 3", "16 32", 2020, 119),
    ("Tab", "Tab M8 HD", "MT_A22", "2", "16 32", 2020, 129),
    ("Tab", "Tab M8 FHD", "MT_A22 MT_P22T", "3 4", "32 64", 2020, 149),
    ("Tab", "Tab M10", "MT_P22T T610 QC429", "2 3 4", "32 64", 2021, 169),
    ("Tab", "Tab M10 HD", "MT_P22T", "2 4", "32 64", 2020, 169),
    ("Tab", "Tab M10 Plus", "Helio_G80 SDM680 MT_P22T", "4", "64 128", 2022, 229),
    ("Tab", "Tab K10", "MT_P22T", "3 4", "32 64", 2021, 199),
    ("Tab", "Tab P11", "QC662", "4 6", "64 128", 2021, 279),
    ("Tab", "Tab P11 Pro", "1300T", "6 8", "128 256", 2022, 449),
    ("Tab", "Tab P12 Pro", "QC870", "6 8", "128 256", 2022, 699),
    ("Yoga Tab", "Yoga Tab 11", "MT_G90T 750G", "4 8", "128 256", 2021, 349),
)

# Family and size, year, chips, memory, disks, colours, price.
MACBOOKS = (
    ("MacBook Air 13", 2017, "i5-5350U", "8", "128 256", "Silver", 1099),
    ("MacBook Air 13", 2020, "M1 i3-1000NG4 i5-1030NG7", "8 16", "256 512", "Space Grey;Silver;Gold", 1129),
    ("MacBook Air 13", 2022, "M2", "8 16 24", "256 512 1024", "Space Grey;Silver;Starlight;Midnight", 1499),
    ("MacBook Air 15", 2023, "M2", "8 16 24", "256 512 1024", "Space Grey;Silver;Starlight;Midnight", 1599),
    ("MacBook Pro 13", 2015, "i5-5257U i5-5287U", "8 16", "128 256 512", "Silver", 1449),
    ("MacBook Pro 13", 2017, "i5-7360U i5-7267U", "8 16", "128 256 512", "Space Grey;Silver", 1499),
    ("MacBook Pro 13", 2018, "i5-8259U i7-8559U", "8 16", "256 512", "Space Grey;Silver", 1999),
    ("MacBook Pro 13", 2020, "M1", "8 16", "256 512", "Space Grey;Silver", 1449),
    ("MacBook Pro 13", 2022, "M2", "8 16", "256 512", "Space Grey;Silver", 1599),
    ("MacBook Pro 14", 2021, "M1_Pro M1_Max", "16 32", "512 1024", "Space Grey;Silver", 2249),
    ("MacBook Pro 16", 2021, "M1_Pro M1_Max", "16 32", "512 1024", "Space Grey;Silver", 2749),
    ("MacBook Pro 14", 2023, "M2_Pro M2_Max", "16 32", "512 1024", "Space Grey;Silver", 2399),
    ("MacBook Pro 16", 2019, "i7-9750H i9-9880H", "16 32", "512 1024", "Space Grey;Silver", 2699),
)
