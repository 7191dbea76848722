"""Serial numbers of pieces, in one spelling each. Pure."""

from __future__ import annotations

import re

from stdnum import luhn

_SERIAL = re.compile(r"[A-Z0-9][A-Z0-9./_-]{3,39}")
_IMEI = re.compile(r"[0-9]{15}")


class NotASerial(Exception):
    """`code`: imei (fifteen digits, one of which is wrong) or odd."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


def imei(text: str) -> str | None:
    """The fifteen digits of what is written like an IMEI, with whatever stands between them; whether right or wrong."""
    digits = re.sub(r"[\s./-]", "", text)
    return digits if _IMEI.fullmatch(digits) else None


def read(text: str) -> str:
    """Upper case, without spaces. The last digit of an IMEI follows from the others (3GPP TS 23.003, Annex B).

    Raises NotASerial.
    """
    if digits := imei(text):
        if not luhn.is_valid(digits):
            raise NotASerial("imei")
        return digits
    serial = "".join(text.split()).upper()
    if not _SERIAL.fullmatch(serial):
        raise NotASerial("odd")
    return serial
