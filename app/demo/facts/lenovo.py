"""Lenovo's notebooks: models, processors, memory, disks, year, and rough new prices."""

from __future__ import annotations

from app.demo.facts.rows import Computers

_OLD = "4 8 16"
_SSD = "128 256 512"
_OFFICE = "8 16 32"
_OFFICE_DISKS = "256 512 1024"
_STATION = "16 32 64"
_STATION_DISKS = "256 512 1024 2048 512+1024 1024+1024"


def _thinkpad(models: str, processors: str, memories: str, disks: str, year: int, price: int) -> Computers:
    return Computers("Lenovo", "ThinkPad", models, processors, memories, disks, year, price)


THINKPADS = (
    _thinkpad("X220;T420;L420", "i2", _OLD, _SSD, 2011, 1100),
    _thinkpad("X230;T430;T430u;L430", "i3", _OLD, "128 180 256", 2012, 1150),
    _thinkpad("X240;T440;T440s;L440", "i4", _OLD, _SSD, 2013, 1150),
    _thinkpad("X250;T450;T450s;L450", "i5", _OLD, _SSD, 2015, 1200),
    _thinkpad("X260;T460;T460s;T560;L460;L560", "i6u", _OLD, "128 240 256 512", 2016, 1250),
    _thinkpad("X270;T470;T470s;T570;L470;L570;Yoga 370;X1 Yoga G2", "i6s i7s i7-6600U", _OLD, _SSD, 2017, 1300),
    _thinkpad("13 G1;13 G2", "i6s i7s i7-6600U", _OLD, _SSD, 2016, 800),
    _thinkpad("A475", "A12-9800B", _OLD, _SSD, 2017, 900),
    _thinkpad("A485", "R5-2500U R7-2700U", "8 16", _SSD, 2018, 950),
    _thinkpad(
        "X280;T480;T480s;T580;L480;L580;L380;L380 Yoga;X380 Yoga",
        "i7s i8u i3-8130U",
        "4 8 16 24",
        "128 256 512 1024",
        2018,
        1400,
    ),
    _thinkpad("X1 Carbon G4;X1 Yoga G1", "i6u", "8 16", _OFFICE_DISKS, 2016, 1700),
    _thinkpad("X1 Carbon G5", "i6s i7s i7-6600U", "8 16", _OFFICE_DISKS, 2017, 1700),
    _thinkpad("X1 Carbon G6;X1 Yoga G3;X1 Tablet G3", "i8u", "8 16", _OFFICE_DISKS, 2018, 1800),
    _thinkpad("X1 Carbon G7;X1 Yoga G4", "i8w", "8 16", _OFFICE_DISKS, 2019, 1800),
    _thinkpad(
        "X390;X390 Yoga;T490;T490s;T590;L390;L390 Yoga;L490;L590;E490;E590",
        "i8w i5-8350U i7-10510U",
        "8 16 24 32",
        "128 256 512 1024",
        2019,
        1400,
    ),
    _thinkpad("X395;T495;T495s", "a3p", "8 16", _SSD, 2019, 1200),
    _thinkpad("P50;P51", "i6h i7-7820HQ E3-1505M_v5", "16 32 64", "256 512 1024", 2016, 2000),
    _thinkpad("P52;P72", "i8h E-2176M", "16 32 64", "256 512 1024 256+1024 512+512", 2018, 2300),
    _thinkpad("X1 Carbon G8;X1 Yoga G5", "i10u", "8 16", "256 512 1024", 2020, 1900),
    _thinkpad("T14 G1;T14s G1;X13 G1;P14s G1", "i10u a4p", "8 16 24 32", _OFFICE_DISKS, 2020, 1500),
    _thinkpad("L14 G1;L15 G1", "i10u a4p", _OFFICE, _OFFICE_DISKS, 2020, 1100),
    _thinkpad("L13 G1;L13 Yoga G1;X13 Yoga G1;T15 G1;P15s G1", "i10u", _OFFICE, _OFFICE_DISKS, 2020, 1300),
    _thinkpad("E14 G1;E15 G1", "i10u", "8 16", "256 512 1024 1024+1024", 2020, 850),
    _thinkpad("E14 G2;E15 G2", "i11u a4u", "8 16 24 32 40", _OFFICE_DISKS, 2021, 900),
    _thinkpad("E14 G3;E15 G3", "a5l", "8 16 24 40", "256 512 1024 256+1024", 2021, 850),
    _thinkpad("E14 G4;E15 G4", "i12u a5b", "8 16 24 40", _OFFICE_DISKS, 2022, 950),
    _thinkpad("T14 G2;T14s G2;X13 G2;P14s G2", "i11u a5p", "8 16 24 32", _OFFICE_DISKS, 2021, 1550),
    _thinkpad("L13 G2;L13 Yoga G2;L14 G2;L15 G2", "i11u a5p R5-5600U R3-5400U", _OFFICE, _OFFICE_DISKS, 2021, 1150),
    _thinkpad("T15 G2;P15s G2;X13 Yoga G2", "i11u", _OFFICE, _OFFICE_DISKS, 2021, 1500),
    _thinkpad("X1 Carbon G9;X1 Yoga G6", "i11u", "8 16 32", "256 512 1024 2048", 2021, 2000),
    _thinkpad("X1 Nano G1;X1 Titanium G1;X12 Detachable G1", "i11y", "8 16", _OFFICE_DISKS, 2021, 1900),
    _thinkpad("X1 Fold G1;X1 Fold 5G", "i5-L16G7", "8", _OFFICE_DISKS, 2020, 2800),
    _thinkpad(
        "T14 G3;T14s G3;X13 G3;P14s G3;T16 G1;P16s G1",
        "i12u i12p a6p",
        "8 16 32 48",
        _OFFICE_DISKS,
        2022,
        1650,
    ),
    _thinkpad("L13 G3;L13 Yoga G3;L14 G3;L15 G3", "i12u a5bp", _OFFICE, _OFFICE_DISKS, 2022, 1200),
    _thinkpad("X13 Yoga G3", "i12u", _OFFICE, _OFFICE_DISKS, 2022, 1700),
    _thinkpad("X1 Carbon G10;X1 Yoga G7", "i12u i12p", "16 32", "256 512 1024 2048", 2022, 2100),
    _thinkpad("Z13 G1;Z16 G1", "a6p R7-6860Z R7-6850H R9-6950H", "16 32", "256 512 1024", 2022, 1700),
    _thinkpad("X13s G1", "QC_8cx", "8 16 32", "256 512", 2022, 1500),
    _thinkpad(
        "T14 G4;T14s G4;X13 G4;P14s G4;T16 G2;P16s G2;L14 G4;L15 G4;X13 Yoga G4",
        "i13u i13p",
        "8 16 32",
        _OFFICE_DISKS,
        2023,
        1650,
    ),
    _thinkpad("X1 Carbon G11;X1 Yoga G8", "i13u", "16 32", "256 512 1024", 2023, 2200),
    _thinkpad(
        "P1 G3;P15 G1;P17 G1;X1 Extreme G3;P15v G1",
        "i10h",
        "8 16 32 64",
        "256 512 1024 2048",
        2020,
        2400,
    ),
    _thinkpad("P1 G4;P15 G2;P17 G2;X1 Extreme G4;T15g G2;P15v G2", "i11h", _STATION, _STATION_DISKS, 2021, 2600),
    _thinkpad(
        "P1 G5;X1 Extreme G5;T15p G3;P15v G3",
        "i12h R7-6850H",
        _STATION,
        "512 1024 2048 1024+1024 256+512",
        2022,
        2700,
    ),
    _thinkpad("P16 G1", "i12hx", "16 32 64 128", "512 1024 2048 1024+1024", 2022, 2900),
)

# The series number of machines from before the platform codes, and the platform codes behind it.
LENOVO_SERIES = (
    (
        "IdeaPad",
        "C340-14IML;S540-13IML;S540-14IML;S340-15IIL;320-14AST;320-15AST;S150-11AST;S340-15API;S540-14API;L340-15API",
        2019,
        600,
    ),
    (
        "Yoga",
        "C640-13IML;C740-14IML;C740-15IML;C940-14IIL;S730-13IWL;S940-14IWL;S940-14IIL;C940-15IRH",
        2019,
        1100,
    ),
    ("Legion", "Y540-15IRH;Y740-17IRHG", 2019, 1200),
)

# Series: memory, disks, price. Years follow from the platform's last digit.
SERIES: dict[str, tuple[str, str, int]] = {
    "IdeaPad 1": ("4 8 16", "64 128 256 512", 350),
    "IdeaPad 3": ("4 8 12 16", "128 256 512 1024 128+1024", 500),
    "IdeaPad Slim": ("8 16", "256 512 1024", 600),
    "IdeaPad 5": ("4 8 16", "128 256 512 1024 256+1024", 700),
    "IdeaPad 5 Pro": ("8 16 32", "512 1024", 950),
    "IdeaPad Pro": ("16 32", "512 1024", 1050),
    "IdeaPad Gaming": ("8 16", "256 512 1024", 800),
    "IdeaPad Flex": ("4 8 16", "64 128 256 512 1024", 650),
    "IdeaPad Duet": ("4 8", "64 128 256", 400),
    "IdeaPad 3 Chromebook": ("4 8", "64 128", 300),
    "IdeaPad 5 Chromebook": ("4 8", "128 256 512", 450),
    "Legion 5": ("8 16 32", "256 512 1024 1024+1024", 1100),
    "Legion": ("16 32", "512 1024 2048 1024+1024", 1700),
    "Yoga 5G": ("8", "256 512", 1400),
    "Yoga 6": ("8 16", "256 512 1024", 850),
    "Yoga": ("8 16 32", "256 512 1024", 1100),
    "Yoga AIO": ("16 32", "512 1024", 1700),
    "IdeaCentre": ("4 8 16", "128 256 512 1024", 500),
}

THINKBOOKS = (
    ("13s G2 ITL;14 G2 ITL;15 G2 ITL;14s Yoga ITL", "ITL", 2021, 850),
    ("13s G3 ACN", "ACN", 2021, 850),
    ("13s G4 IAP;14 G4 IAP;15 G4 IAP;14s Yoga IAP;14 G4+ IAP", "IAP", 2022, 900),
    ("13s G4 ARB", "ARB", 2022, 900),
    ("13x ITG", "ITG", 2021, 1200),
    ("14 G2 ARE;15 G2 ARE", "ARE", 2020, 750),
    ("14 G3 ACL;15 G3 ACL", "ACL", 2021, 750),
    ("14 G4 ABA;15 G4 ABA", "ABA", 2022, 750),
    ("14 IML;15 IML", "IML", 2019, 750),
    ("14 IIL;15 IIL", "IIL", 2020, 750),
    ("15p IMH", "IMH", 2020, 1100),
    ("16p G2 ACH", "ACH", 2021, 1400),
)
V_SERIES = (
    ("V14 G2 ALC;V15 G2 ALC", "ALC", 2021, 500),
    ("V14 G2 ITL;V15 G2 ITL;V17 G2 ITL", "ITL", 2021, 550),
    ("V14 G3 IAP;V15 G3 IAP", "IAP", 2022, 600),
    ("V14 G3 ABA;V15 G3 ABA", "ABA", 2022, 550),
    ("V14-ADA;V15-ADA", "ADA", 2020, 450),
    ("V14-IGL;V15-IGL", "IGL", 2020, 400),
    ("V14-IIL;V15-IIL;V17-IIL", "IIL", 2020, 550),
    ("V15 G2 IJL", "IJL", 2021, 400),
    ("V145-15AST", "AST", 2019, 350),
)
