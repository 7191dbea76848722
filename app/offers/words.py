"""Sentences about offer files, in the user's language."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any, NamedTuple

from flask_babel import format_decimal
from flask_babel import gettext as _

from app.offers.models import COMPARING, OfferFile
from app.offers.queries import ChannelProgress
from app.web.lazy import lazy as _l
from app.web.templating import at_time

LIKELY = 0.75  # Confidence below which a person should look at a column.

FIELD_NAMES = {
    "item_number": _l("Item number"),
    "description": _l("Description"),
    "quantity": _l("Quantity"),
    "price": _l("Price"),
    "currency": _l("Currency"),
    "grade": _l("Grade"),
    "gtin": _l("GTIN"),
    "mpn": _l("Manufacturer number"),
    "brand": _l("Brand"),
    "model": _l("Model"),
    "memory": _l("Memory"),
    "processor": _l("Processor"),
    "configuration": _l("Configuration"),
    "category": _l("Category"),
    "group": _l("Product group"),
    "keyboard": _l("Keyboard"),
    "colour": _l("Colour"),
    "storage": _l("Storage"),
    "warranty": _l("Warranty"),
    "vat_scheme": _l("VAT scheme"),
}

_PROBLEMS = {
    "price_zero": _l("Price is 0"),
    "price_placeholder": _l("Price is a placeholder"),
    "price_missing": _l("Price is missing"),
    "price_invalid": _l("Price is not an amount"),
    "price_negative": _l("Price is below 0"),
    "price_ambiguous": _l("Price may be read in two ways"),
    "quantity_fraction": _l("Quantity is not a whole number"),
    "quantity_missing": _l("Quantity is missing"),
    "quantity_invalid": _l("Quantity is not a number"),
    "quantity_negative": _l("Quantity is below 0"),
    "quantity_ambiguous": _l("Quantity may be read in two ways"),
    "quantity_word": _l("Word for availability is not decided"),
    "quantity_on_request": _l("On request: counted as 0 pieces"),
    "item_number_missing": _l("Nothing names the item"),
    "duplicate_item": _l("Item stands in the file twice, differently"),
    "duplicate_line": _l("Line stands in the file twice"),
    "gtin_invalid": _l("GTIN has a wrong check digit and is ignored"),
    "gtin_repaired": _l("GTIN was repaired"),
    "gtin_lost_digits": _l("GTIN has lost digits and is ignored"),
    "gtin_case": _l("GTIN is of a case, not of a piece"),
    "grade_unknown": _l("Grade word is not decided"),
    "grade_defect": _l("Defective: never sold"),
    "grade_contradicts": _l("Grade and item number contradict each other"),
    "colour_unknown": _l("Colour word is not decided"),
    "size_unknown": _l("Size is not understood"),
    "vat_unknown": _l("Word for the VAT scheme is not decided"),
    "text_repaired": _l("Text was repaired"),
    "text_garbled": _l("Text is garbled and could not be repaired"),
    "cell_error": _l("Cell holds an error, or a formula without a result"),
    "row_longer": _l("Row has more cells than there are columns"),
    "row_shorter": _l("Row has fewer cells than there are columns"),
    "quote_open": _l("A quotation mark is never closed"),
    "currency_unknown": _l("No exchange rate for the currency on that day"),
    "currency_invalid": _l("Currency is not one we know"),
    "currency_contradicts": _l("Price and currency column name two currencies"),
}

_REFUSALS = {
    "empty_file": _l("The file is empty."),
    "binary": _l("This is not a stock list: the file holds no table that can be read."),
    "picture": _l("This is a picture. Ask the supplier for the list as XLSX or CSV."),
    "pdf": _l("This is a PDF. Ask the supplier for the list as XLSX or CSV."),
    "web_page": _l("This is a web page, whatever its name says. Open it in Excel, save it as XLSX and drop it again."),
    "not_a_table": _l("The file holds no table: rows and columns could not be found."),
    "not_a_stock_list": _l("This is not a stock list: no column holds a quantity or a price."),
    "password": _l("The workbook is protected by a password. Save it without one and drop it again."),
    "damaged": _l("The file is damaged. Ask the supplier to send it again."),
    "too_large": _l("The file takes more room when it is opened than is allowed. Send it as CSV, or in parts."),
    "too_wide": _l("The table has more columns than are allowed. Delete what stands far to the right of the list."),
    "too_slow": _l("Reading the file took too long and was stopped. Send it as CSV, or in parts."),
    "line_too_long": _l("A line of the file is longer than a million characters: this is not a list."),
    "lying_size": _l("A sheet claims to be far larger than it is. Save the workbook anew in Excel and drop it again."),
    "unsafe_archive": _l("The file holds what no honest workbook or archive holds. It was not opened."),
    "nested_archive": _l("The archive holds another archive. Unpack it and drop the list itself."),
    "no_table_inside": _l("None of the files in the archive is a table that can be read."),
    "unsupported_archive": _l("This kind of archive cannot be opened. Pack the list as ZIP, or drop it unpacked."),
    "only_hidden_sheets": _l(
        "Only hidden sheets hold something. Show the sheet that is meant, save and drop it again."
    ),
    "sheet_gone": _l("The file has no sheet of that name."),
    "no_results": _l("The formulas of this workbook have no results. Open it in Excel, save it and drop it again."),
    "json_damaged": _l("The JSON breaks off or is not well formed."),
    "json_nested": _l("The JSON holds lists within lists: it is not clear what one line of the stock list is."),
    "no_records": _l("The JSON holds no list of objects."),
    "no_header": _l("No row with column names was found near the top."),
    "no_rows": _l("The file has column names and no rows."),
    "unsupported": _l("This kind of file cannot be read. XLSX, XLS, XLSB, ODS, CSV and JSON can, packed or not."),
    "reader_failed": _l("The file could not be read, and that is our mistake: it was written down."),
}


def field(name: str) -> str:
    """Our field, for people."""
    return str(FIELD_NAMES.get(name, name))


def problem(code: str) -> str:
    """A line's problem, for people; a code without a sentence is shown as it is."""
    return str(_PROBLEMS.get(code, code))


def reasons(problems: Iterable[Mapping[str, Any]]) -> str:
    """Why a line was rejected, with the values that are wrong."""
    said = (problem(one["code"]) + (f": {one['value']}" if one.get("value") else "") for one in problems)
    return "; ".join(dict.fromkeys(said))


def refusal(detail: Mapping[str, Any] | None) -> str:
    """Why a file was refused or waits, in one sentence."""
    if not detail:
        return ""
    if "questions" in detail:
        return " ".join(question(asked) for asked in detail["questions"])
    code = str(detail.get("code", ""))
    if code == "corrects_unknown":
        return _("This corrects file %(number)s, which is not a file of this supplier.", number=detail.get("file"))
    return str(_REFUSALS.get(code, _("The file could not be read (%(code)s).", code=code)))


def question(asked: Mapping[str, Any]) -> str:
    """What a person must say about the columns, in one sentence."""
    headers = [f"“{header}”" for header in asked.get("headers", [asked.get("header", "")])]
    words = {
        "names": ", ".join(field(name) for name in asked.get("fields", [asked.get("field", "")])),
        "headers": _(" or ").join(headers),
        "stem": asked.get("stem", ""),
    }
    return {
        "columns_missing": _("Say which column holds: %(names)s.", **words),
        "column_unsure": _("%(headers)s may hold: %(names)s. Say whether it does.", **words),
        "column_gone": _(
            "%(headers)s, from which we read until now: %(names)s, is missing. Say where it stands.", **words
        ),
        "columns_several": _("Say which column holds: %(names)s. It may be %(headers)s.", **words),
        "gtin_is_article": _("%(headers)s holds no GTINs. Say what it is.", **words),
        "layout_other": _("Files named “%(stem)s” had other columns until now. Say whether these are right.", **words),
    }.get(str(asked.get("code")), str(asked.get("code")))


class ColumnRow(NamedTuple):
    """`number`: place in the file, which names its input."""

    number: int
    header: str
    field: str
    samples: str
    because: str
    sure: str


def columns(file: OfferFile) -> tuple[list[ColumnRow], list[ColumnRow]]:
    """What each column means: those that a person should look at, and those that are known."""
    asked = (file.problem or {}).get("questions", [])
    headers = {header for question in asked for header in (question.get("header"), *question.get("headers", []))}
    open_rows: list[ColumnRow] = []
    known_rows: list[ColumnRow] = []
    for number, column in enumerate(file.columns or []):
        sure = float(column["confidence"])
        row = ColumnRow(
            number, column["header"], column["field"], " · ".join(column["samples"]), _because(column),
            f"{sure:.0%}" if column["field"] else "",
        )  # fmt: skip
        unknown = (
            not column["field"] and column["evidence"] == "none" and column.get("reason") in ("", "values", "gtin")
        )
        looked_at = column["header"] in headers or column.get("new") or (column["field"] and sure < LIKELY) or unknown
        (open_rows if looked_at else known_rows).append(row)
    return open_rows, known_rows


def _because(column: Mapping[str, Any]) -> str:
    """Why a column is read as it is, or not used."""
    new = _("new column") + ": " if column.get("new") else ""
    reason = {
        "empty": _("it is empty"),
        "other": _("another column fits better"),
        "currency": _("its currency is not the supplier's"),
        "doubt": _("its name may mean something else"),
        "values": _("its values are not what its name says"),
        "gtin": _("its values are no GTINs"),
    }.get(column.get("reason", ""))
    evidence = {"remembered": _("used before"), "name": _("its name"), "values": _("its values")}
    return new + (reason or evidence.get(column["evidence"], "–"))


def act_problem(code: str) -> str:
    """Why a button did nothing."""
    return {
        "empty_upload": _("The file is empty."),
        "not_checked": _("This file is not waiting to be accepted any more."),
        "not_open": _("This file is closed already."),
        "held": _("This file is held: somebody who may approve must let it pass."),
        "no_such_sheet": _("The file has no such sheet that can be read."),
        "not_held": _("This file is not held: it needs no approval."),
        "not_accepted": _("Only an accepted file can be undone."),
        "changed_nothing": _("This file changed no offer: there is nothing to take back."),
        "too_old": _("This file was accepted too long ago to be undone."),
    }.get(code, code)


def note(code: str, count: int) -> str:
    """What was done to the rows on the way, of the notes of `Table`."""
    number = format_decimal(count)
    return {
        "hidden_rows": _("%(number)s hidden rows were read like the others", number=number),
        "repeated_headers": _("%(number)s repeated headers were left out", number=number),
        "rows_filled": _("%(number)s rows got the text of a merged cell", number=number),
        "columns_cut": _("%(number)s columns to the right of the table were left out", number=number),
        "encoding_unsure": _("the characters may be read in another way: look at names with accents"),
    }.get(code, code)


def state(name: str) -> str:
    """A file's state, for people."""
    return {
        "received": _("waiting to be read"),
        "reading": _("reading"),
        "columns": _("columns to be named"),
        "checked": _("waiting for you"),
        "accepting": _("applying"),
        "accepted": _("accepted"),
        "undoing": _("taking back"),
        "undone": _("undone"),
        "unchanged": _("no change"),
        "cancelled": _("cancelled"),
        "refused": _("refused"),
    }.get(name, name)


def kind(name: str) -> str:
    """What became of a line, for people."""
    return {
        "new": _("New"),
        "changed": _("Changed"),
        "unchanged": _("Unchanged"),
        "absent": _("Absent"),
        "rejected": _("Rejected"),
    }.get(name, name)


_HOLDS = {
    "rows_gone": _l("%(percent)s %% of the offers in force are gone (limit %(limit)s %%)"),
    "price_jump": _l("%(percent)s %% of the prices jumped (limit %(limit)s %%)"),
    "stock_jump": _l("pieces in stock moved by %(percent)s %% (limit %(limit)s %%)"),
    "grade_shift": _l("%(percent)s %% of the lines have another grade (limit %(limit)s %%)"),
    "other_sheets": _l("other sheets hold %(percent)s %% as many rows and were not read (limit %(limit)s %%)"),
    "mass_zero": _l("%(percent)s %% of the lines have no pieces or no price (limit %(limit)s %%)"),
}


def hold(found: Mapping[str, Any]) -> str:
    """Why a file is held, with the number that broke the limit."""
    return str(_HOLDS[str(found["code"])]) % {"percent": found["percent"], "limit": found["limit"]}


def arrival(channel: ChannelProgress, accepted_at: datetime) -> str:
    """Where a storefront stands with the listings of a file."""
    if channel.retrying:
        return _("%(number)s try again", number=format_decimal(channel.retrying))
    if channel.waiting:
        return _("sending")
    if not channel.total or channel.last_at is None:
        return _("nothing to send")
    seconds = format_decimal(round((channel.last_at - accepted_at).total_seconds(), 1))
    return _("done %(time)s · %(seconds)s s", time=at_time(channel.last_at), seconds=seconds)


def absent_policy(mode: str) -> str:
    """What happens to offers that the file does not name."""
    return {
        "partial": _("Partial list: offers that it does not name stay as they are."),
        "full": _("Full list: offers that it does not name end."),
        "full_with_grace": _("Full list with grace: offers that it does not name end after the days of grace."),
    }[mode]


class Step(NamedTuple):
    name: str
    state: str  # done, now, ask, todo, failed
    note: str


def steps(file: OfferFile, progress: Sequence[ChannelProgress]) -> list[Step]:
    """The five steps of the page, each with where it stands."""
    order = ["read", "columns", "values", "check", "publish"]
    names = [_("Read"), _("Columns"), _("Values"), _("Check"), _("Publish")]
    at = {
        "received": 0, "reading": 3 if file.step in COMPARING else 0, "columns": 1, "checked": 3,
        "accepting": 4, "accepted": 5, "undoing": 4, "undone": 5, "unchanged": 5, "cancelled": 3, "refused": 0,
    }[file.state]  # fmt: skip
    open_words = len(file.counts.get("words", []))
    result = []
    for number, (key, name) in enumerate(zip(order, names, strict=True)):
        here = "done" if number < at else "now" if number == at else "todo"
        note = ""
        if key == "read" and file.total:
            note = f"{file.done or file.total}/{file.total}" if file.state == "reading" else str(file.total)
        if key == "values" and open_words and number < at:
            here, note = "ask", _("%(number)s new words", number=open_words)
        if number == at and file.state in ("columns", "checked"):
            here = "ask"
        if number == at and file.state in ("refused", "cancelled"):
            here = "failed"
        if key == "publish" and any(channel.waiting for channel in progress):
            here = "now"
        if key == "publish" and file.state == "unchanged":
            note = _("nothing to send")
        result.append(Step(name, here, note))
    return result
