"""The encoding of a text file: by its mark, by being whole UTF-8, else by what its letters would be."""

from __future__ import annotations

import codecs
import re
from collections import Counter
from typing import BinaryIO, NamedTuple

from app.offers.reading.mend import REPAIRED
from app.offers.reading.table import MIB

SAMPLE = 64 * 1024
MIXED = "mixed"  # Error handler: bytes that are no UTF-8 were written by a program that speaks cp1252.
_MARKS = (
    (b"\xef\xbb\xbf", "utf-8-sig"), (b"\xff\xfe\x00\x00", "utf-32"), (b"\x00\x00\xfe\xff", "utf-32"),
    (b"\xff\xfe", "utf-16"), (b"\xfe\xff", "utf-16"),
)  # fmt: skip
_LATIN = ("cp1252", "mac_roman", "cp850", "cp1250")  # In the order of trust when they read equally well.
_EAST_ASIAN = ("big5", "shift_jis", "gb18030", "euc_kr", "euc_jp")
# Alphabets that share their places with each other: what reads as words has vowels in it.
_GREEK, _CYRILLIC = "αεηιουωάέήίόύώϊϋΐΰ", "аеёиоуыэюяіїєў"
_ALPHABETS = {"iso8859_7": _GREEK, "cp1253": _GREEK, "cp1251": _CYRILLIC, "koi8_r": _CYRILLIC}
_VOWELS_LEAST = 0.3  # Of the letters of a text; languages have 0.38 to 0.5.
_VOWELS_MARGIN = 0.1  # By which another alphabet must read worse.
# The letters beyond ASCII of the languages that lists come in. A text keeps to those of one language, or of neighbours.
_WESTERN = ("éèêëàâçîïôùûüœæÿ", "äöüß", "éèêëàâçîïôûüœäöß", "æøåéäö", "áéíóúñüºª", "ãõáâàéêíóôúçª", "àèéìòù")
_CENTRAL = ("ąćęłńóśźż", "áčďéěíňóřšťúůýž", "áäčďéíĺľňóôŕšťúýž", "áéíóöőúüű", "ăâîşţ", "čšžćđ")
_READS_WELL, _SURE, _MARGIN = 0.9, 0.5, 0.1  # Of `_plausibility`, and by how much it must exceed that of others.
_SIGNS = "€£¥§°²³·±×¼½¾®©™–—‘’“”„‚…•«»¿¡\u00a0"
_ESCAPED = re.compile("[\udc80-\udcff]")  # How `surrogateescape` gives bytes that are no UTF-8.
_WORD = re.compile(r"\w+", re.UNICODE)


class Encoding(NamedTuple):
    """`name` as Python knows it; `errors` the handler to decode with; `sure` False when the letters do not tell."""

    name: str
    errors: str = "strict"
    sure: bool = True

    @property
    def shown(self) -> str:
        """The name for people."""
        plain = codecs.lookup(self.name.removesuffix("-sig")).name
        return "utf-8" if plain == "ascii" else plain


def _as_cp1252(error: UnicodeError) -> tuple[str, int]:
    assert isinstance(error, UnicodeDecodeError)
    wrong = error.object[error.start : error.end]
    return REPAIRED + wrong.decode("cp1252", "replace"), error.end


codecs.register_error(MIXED, _as_cp1252)


def detect_encoding(file: BinaryIO) -> Encoding:
    """Looks at the whole file where that is needed; the position is at the start afterwards."""
    file.seek(0)
    head = file.read(SAMPLE)
    found = _by_mark(head) or _by_zeros(head) or _by_bytes(file)
    file.seek(0)
    return found


def _by_mark(head: bytes) -> Encoding | None:
    for mark, name in _MARKS:
        if head.startswith(mark):
            return Encoding(name, MIXED if name == "utf-8-sig" else "replace")
    return None


def _by_zeros(head: bytes) -> Encoding | None:
    """UTF-16 and UTF-32 without a mark: where the zeros of ASCII signs stand."""
    quarter = max(1, len(head) // 4)
    zeros = [head[place::4].count(0) / quarter for place in range(4)]
    few, many = 0.1, 0.6
    for name, full in (("utf-32-le", (0,)), ("utf-32-be", (3,)), ("utf-16-le", (0, 2)), ("utf-16-be", (1, 3))):
        if all(zeros[place] < few if place in full else zeros[place] > many for place in range(4)):
            return Encoding(name, "replace")
    return None


def _by_bytes(file: BinaryIO) -> Encoding:
    """UTF-8, wholly or but for a few signs; else the encoding of one byte, or of East Asia, that reads best."""
    decoder = codecs.getincrementaldecoder("utf-8")("surrogateescape")
    whole = wrong = 0
    odd_lines = bytearray()
    file.seek(0)
    while piece := file.read(MIB):
        if piece.isascii() and not decoder.getstate()[0]:
            continue
        text = decoder.decode(piece)
        bad = len(_ESCAPED.findall(text))
        wrong += bad
        whole += len(text) - len(text.encode("ascii", "ignore")) - bad
        if bad and len(odd_lines) < SAMPLE:
            odd_lines += b"\n".join(line for line in piece.splitlines() if not line.isascii()) + b"\n"
    wrong += len(decoder.decode(b"", True))
    if not wrong:
        return Encoding("utf-8")
    if whole >= 2 * wrong:
        return Encoding("utf-8", MIXED)
    sample = bytes(odd_lines[:SAMPLE])
    return _by_letters(sample[: sample.rfind(b"\n") + 1] or sample)


def _by_letters(sample: bytes) -> Encoding:
    """Western or Central European when it reads as such; else another script when that is certain."""
    scores = {name: _plausibility(sample, name) for name in _LATIN}
    best = max(_LATIN, key=lambda name: scores[name])
    if scores[best] < _READS_WELL:
        other = _by_alphabet(sample) or _by_east_asian(sample)
        if other:
            return Encoding(other, "replace")
    text = sample.decode(best, "replace")
    rivals = [scores[name] for name in _LATIN[:3] if sample.decode(name, "replace") != text]
    return Encoding(best, "replace", sure=scores[best] >= _SURE and scores[best] - max(rivals, default=0.0) >= _MARGIN)


def _by_alphabet(sample: bytes) -> str | None:
    """Greek or Cyrillic, when it reads as words and the other does not."""
    scores = {name: _wordiness(sample.decode(name, "replace"), vowels) for name, vowels in _ALPHABETS.items()}
    best = max(scores, key=lambda name: scores[name])
    others = [score for name, score in scores.items() if _ALPHABETS[name] != _ALPHABETS[best]]
    return best if scores[best] >= _VOWELS_LEAST and scores[best] - max(others) >= _VOWELS_MARGIN else None


def _wordiness(text: str, vowels: str) -> float:
    """The share of vowels among the letters that are not ASCII, less that of what cannot be in words."""
    others = [character for character in text if not character.isascii()]
    letters = [character for character in others if character.isalpha()]
    if not letters:
        return 0.0
    words = [word for word in _WORD.findall(text) if not word.isascii()]
    odd = sum(len(word) for word in words if not (word.islower() or word.isupper() or word.istitle()))
    share = sum(letter.casefold() in vowels for letter in letters) / len(letters)
    return share - (len(others) - len(letters) + odd) / len(others)


def _by_east_asian(sample: bytes) -> str | None:
    """When a detector is certain and nearly all of it are signs of words."""
    from charset_normalizer import from_bytes

    guess = from_bytes(sample, cp_isolation=list(_EAST_ASIAN)).best()
    if guess is None or guess.chaos > 0.1:
        return None
    others = [character for character in str(guess) if not character.isascii()]
    return guess.encoding if sum(map(str.isalpha, others)) > 0.8 * len(others) else None


def _plausibility(sample: bytes, name: str) -> float:
    """How well the sample reads as one language: 1 when all letters are its own and signs stand where signs do."""
    text = sample.decode(name, "replace")
    letters = others = 0
    counts: Counter[str] = Counter()
    odd = 0.0
    for word in _WORD.findall(text):
        beyond = [letter for letter in word if not letter.isascii()]
        counts.update(letter.lower() for letter in beyond)
        letters += len(beyond)
        if beyond and not word.isupper() and any(letter.isupper() for letter in word[1:] if not letter.isascii()):
            odd += 1  # A capital inside a word of small letters.
        if len(word) == 1 and beyond:
            odd += 0.5
        if len(beyond) == len(word) > 3:
            odd += len(word)  # Our alphabet's words have letters of ASCII in them.
    for place, sign in enumerate(text):
        if sign.isascii() or sign.isalnum():
            continue
        others += 1
        inside = text[place - 1 : place].isalpha() and text[place + 1 : place + 2].isalpha()
        odd += sign not in _SIGNS or (inside and sign not in "’‘")
    share = 1.0
    if letters:
        known = _CENTRAL if name == "cp1250" else _WESTERN
        share = max(sum(counts[letter] for letter in language) for language in known) / letters
    return share - odd / max(1, letters + others)
