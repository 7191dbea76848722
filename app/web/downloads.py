"""Tables as files. A spreadsheet must not take text for a formula."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Sequence

from flask import Response

FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n")


def csv_file(name: str, header: Sequence[str], rows: Iterable[Sequence[object]]) -> Response:
    """A CSV download, UTF-8 with a byte order mark so that Excel reads it. Numbers have a point and no thousands sign.

    Text that a spreadsheet would compute gets an apostrophe in front.
    """
    out = io.StringIO()
    writer = csv.writer(out)
    writer.writerow(header)
    writer.writerows([safe(value) for value in row] for row in rows)
    response = Response("\ufeff" + out.getvalue(), mimetype="text/csv")
    response.headers.set("Content-Disposition", "attachment", filename=name)
    return response


def safe(value: object) -> object:
    """A cell of a CSV file: text that a spreadsheet would compute is guarded; numbers stay what they are."""
    if isinstance(value, str) and value.startswith(FORMULA):
        return f"'{value}"
    return "" if value is None else value
