"""Colours as suppliers write them, in four languages, and our one English name for each."""

from __future__ import annotations

import re

# canonical name: the spellings beside it, lower case. "Space Gray" and "Space Grey" are one colour.
_SPELLINGS: dict[str, str] = {
    "Alpine Green": "alpine green,alpengrün,alpengroen",
    "Aluminium": "aluminium,aluminum",
    "Beige": "beige",
    "Black": "black,blk,zwart,schwarz,sort,noir,black & slate,black slate,black and slate,phantom black,"
    "cosmic black,prism black,prism crush black,mystic black,awesome black,midnight black,matte black,"
    "onyx black,glossy black,enterprise black",
    "Black Titanium": "black titanium,titanium black,titan schwarz,zwart titanium",
    "Blue": "blue,blu,blauw,blau,blå,awesome blue,prism blue,prism crush blue,cloud blue,phantom blue,"
    "aura blue,coral blue",
    "Blue Titanium": "blue titanium,titanium blue",
    "Bronze": "bronze,mystic bronze,copper",
    "Burgundy": "burgundy",
    "Coral": "coral,koral,koraal",
    "Cream": "cream",
    "Deep Purple": "deep purple,dunkellila,dieppaars",
    "Desert Titanium": "desert titanium,titanium desert",
    "Gold": "gold,goud,guld,or",
    "Graphite": "graphite,grafiet,graphit,grafit,awesome graphite",
    "Green": "green,groen,grün,grøn,phantom green,awesome green",
    "Grey": "grey,gray,grijs,grau,grå,phantom gray,phantom grey,cosmic gray,cosmic grey,mystic gray,"
    "mystic grey,cloud gray,iron gray,iron grey",
    "Jet Black": "jet black,jetblack,diamantschwarz,gitzwart",
    "Lavender": "lavender,lavendel",
    "Lime": "lime,awesome lime",
    "Midnight": "midnight,mitternacht,middernacht,midnatt",
    "Midnight Green": "midnight green,nachtgrün,middernachtgroen",
    "Mint": "mint,awesome mint,cloud mint",
    "Natural Titanium": "natural titanium,titanium natural",
    "Navy": "navy,cloud navy",
    "Orange": "orange,oranje",
    "Pacific Blue": "pacific blue,pazifikblau,oceaanblauw",
    "Peach": "peach,awesome peach",
    "Pink": "pink,roze,rosa,lyserød,pink gold",
    "Purple": "purple,paars,violett,lilla,lila,awesome violet,violet,bora purple",
    "Red": "red,rood,rot,rød,product red,(product)red,(product) red,product(red),prodred,aura red,cloud red",
    "Rose Gold": "rose gold,rosegold,rosegoud,roségold,rosé gold",
    "Sierra Blue": "sierra blue,sierrablau,sierrablauw",
    "Silver": "silver,zilver,silber,sølv,silver aluminium,slv,white & silver,white and silver,"
    "phantom silver,prism silver",
    "Sky Blue": "sky blue",
    "Space Black": "space black,spaceblack",
    "Space Grey": "space grey,space gray,spacegrey,spacegray,space-grey,space-gray,space grau,spacegrau,"
    "spacegrijs,space grijs,sp grey,sp gray,spgray",
    "Starlight": "starlight,polarstern,sterrenlicht",
    "Teal": "teal",
    "Ultramarine": "ultramarine",
    "White": "white,wht,wit,weiß,weiss,hvid,blanc,phantom white,cloud white,prism white,"
    "prism crush white,mystic white,awesome white,cosmic white,aura white,ceramic white",
    "White Titanium": "white titanium,titanium white",
    "Yellow": "yellow,geel,gelb,gul",
}
_CANONICAL = {word: name for name, words in _SPELLINGS.items() for word in words.split(",")}
_COLOUR = re.compile(
    r"(?<![\w&])(?:" + "|".join(sorted(map(re.escape, _CANONICAL), key=len, reverse=True)) + r")(?![\w])",
    re.IGNORECASE,
)


def read_colour(text: str) -> str:
    """The one colour that `text` names; empty for none, for `Unknown`, and for two different ones."""
    found = {_CANONICAL[word.lower()] for word in _COLOUR.findall(text)}
    return found.pop() if len(found) == 1 else ""


def colour_named(text: str) -> str:
    """The colour whose name `text` is, as a whole; empty when it is none that we know."""
    return _CANONICAL.get(" ".join(text.lower().split()), "")


def colour_names() -> tuple[str, ...]:
    """Every canonical colour, in alphabetical order."""
    return tuple(sorted(_SPELLINGS))
