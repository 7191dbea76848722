"""Dutch is complete: every string of the code and the templates has its translation."""

from __future__ import annotations

import re

from app import i18n

PLACEHOLDERS = re.compile(r"%\(\w+\)s|%%")


def test_every_string_has_a_dutch_translation() -> None:
    assert i18n.missing() == []


def test_translations_keep_every_placeholder() -> None:
    for message in i18n.dutch():
        if message.id and isinstance(message.id, str):
            assert sorted(PLACEHOLDERS.findall(message.id)) == sorted(PLACEHOLDERS.findall(str(message.string)))
