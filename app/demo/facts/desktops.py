"""Desktops, all-in-ones outside the Lenovo series, and workstations."""

from __future__ import annotations

from app.demo.facts.rows import Computers


def _desktop(maker: str, line: str, models: str, processors: str, memories: str, year: int, price: int) -> Computers:
    return Computers(maker, line, models, processors, memories, "256 512 1024", year, price, "desktop")


DESKTOPS = (
    _desktop("Lenovo", "ThinkCentre", "M700;M710q;M910q", "d67t", "4 8 16", 2017, 650),
    _desktop("Lenovo", "ThinkCentre", "M710s;M910s", "d67", "8 16", 2017, 650),
    _desktop("Lenovo", "ThinkCentre", "M720q;M920q", "d8t", "8 16", 2018, 700),
    _desktop("Lenovo", "ThinkCentre", "M720s;M920s", "d8", "8 16", 2018, 700),
    _desktop("Lenovo", "ThinkCentre", "M70q G1;M80q G1;M90q G1", "d10t", "8 16", 2020, 750),
    _desktop("Lenovo", "ThinkCentre", "M70s G1;M70a G1;M80t G1;M90t G1;M90a G1", "d10", "8 16", 2020, 750),
    _desktop("Lenovo", "ThinkCentre", "M90a G2", "d11", "8 16", 2021, 1100),
    _desktop("Lenovo", "ThinkCentre", "M70q G3", "d12t", "8 16", 2022, 850),
    _desktop("Lenovo", "ThinkCentre", "M70s G3;M80s G3;M90q G3;M90 G3;M90a G3", "d12", "8 16 32", 2022, 850),
    _desktop("Lenovo", "ThinkCentre", "M90n-1", "i3-8145U i5-8365U", "8", 2019, 600),
    _desktop("Lenovo", "ThinkCentre", "neo 30a 24 G3", "i3-1215U i5-1235U i5-1240P i7-1260P", "8 16", 2022, 800),
    _desktop("Lenovo", "ThinkCentre", "neo 50a 24 G3", "i5-12500H i7-12700H", "8 16", 2022, 900),
    _desktop("Lenovo", "ThinkStation", "P340;P340 Tiny", "d10 W-1250", "8 16 32", 2020, 1200),
    _desktop("Lenovo", "ThinkStation", "P350;P348", "d11", "16 32", 2021, 1250),
    _desktop("Lenovo", "ThinkStation", "P360;P360 Ultra", "d12 i7-12700K i9-12900", "16 32 64", 2022, 1400),
    _desktop("Lenovo", "ThinkStation", "P360 Tiny", "d12t", "16 32", 2022, 1300),
    _desktop(
        "Lenovo",
        "ThinkStation",
        "P620",
        "Threadripper_3945WX Threadripper_3955WX Threadripper_3975WX Threadripper_5945WX",
        "16 32 64 128",
        2021,
        3500,
    ),
    _desktop("HP", "EliteDesk", "800 G1 SFF;800 G2 SFF", "i5-4570 i5-6500", "4 8 16", 2014, 700),
    _desktop("HP", "EliteDesk", "800 G3 SFF", "d67", "8 16", 2017, 750),
    _desktop("HP", "EliteDesk", "800 G3 Mini", "d67t", "8 16", 2017, 750),
    _desktop("HP", "EliteDesk", "800 G4 SFF", "d8", "8 16", 2018, 750),
    _desktop("HP", "EliteDesk", "800 G4 Mini", "d8t", "8 16", 2018, 750),
    _desktop("HP", "EliteDesk", "800 G5 SFF", "d9", "8 16", 2019, 800),
    _desktop("HP", "EliteDesk", "800 G5 Mini", "d9t", "8 16", 2019, 800),
    _desktop("HP", "EliteDesk", "800 G6 SFF", "d10", "8 16", 2020, 850),
    _desktop("HP", "EliteDesk", "800 G6 Mini", "d10t", "8 16", 2020, 850),
    _desktop("HP", "ProDesk", "400 G6 Mini;600 G6 Mini", "d10t", "8 16", 2020, 650),
    _desktop("HP", "ProDesk", "600 G6 SFF", "d10", "8 16", 2020, 650),
    _desktop("HP", "ProDesk", "400 G9 Mini", "d12t", "8 16", 2022, 700),
    _desktop("HP", "ProDesk", "400 G9 SFF", "d12", "8 16", 2022, 700),
    _desktop("HP", "", "Z2 Mini G9;Z2 SFF G9", "d12 d13 i7-12700K i9-12900 i9-12900K", "16 32", 2022, 1600),
    _desktop("HP", "", "Z4 G4", "W-2223 W-2225 W-2245", "16 32 64", 2020, 2200),
    _desktop("Dell", "OptiPlex", "3060 Micro;5060 Micro;7060 Micro", "d8t", "8 16", 2018, 700),
    _desktop("Dell", "OptiPlex", "3070 Micro;5070 Micro;7070 Micro", "d9t", "8 16", 2019, 750),
    _desktop("Dell", "OptiPlex", "3080 Micro;5080 Micro;7080 Micro", "d10t", "8 16", 2020, 750),
    _desktop("Dell", "OptiPlex", "5060 SFF;7060 SFF", "d8", "8 16", 2018, 700),
    _desktop("Dell", "OptiPlex", "5070 SFF;7070 SFF", "d9", "8 16", 2019, 750),
    _desktop("Dell", "OptiPlex", "5080 SFF;7080 SFF", "d10", "8 16", 2020, 750),
    _desktop("Dell", "OptiPlex", "7040 Micro;7050 Micro", "d67t", "8 16", 2017, 700),
    Computers("Dell", "Precision", "Tower 5810", "E5-1620_v3", "32", "512 1024", 2015, 1500, "desktop"),
)
