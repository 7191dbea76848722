"""Writes the settings table of docs/operations.md from the settings object: `make docs`."""

from __future__ import annotations

from app.settings import ROOT, Settings

PAGE = ROOT / "docs" / "operations.md"
START, END = "<!-- settings -->", "<!-- /settings -->"


def table() -> str:
    """One row per setting: environment name, default, meaning."""
    rows = ["| setting | default | meaning |", "|---|---|---|"]
    for name, field in Settings.model_fields.items():
        default = "required" if field.is_required() else f"`{field.get_default(call_default_factory=True)}`"
        rows.append(f"| `{name.upper()}` | {default} | {field.description} |")
    return "\n".join(rows)


def main() -> None:
    """Replace what stands between the marks."""
    text = PAGE.read_text()
    head, _, rest = text.partition(START)
    PAGE.write_text(f"{head}{START}\n{table()}\n{END}{rest.partition(END)[2]}")


if __name__ == "__main__":
    main()
