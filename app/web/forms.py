"""What forms share."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from wtforms.fields.choices import SelectChoice


def choices(pairs: Iterable[tuple[str, Any]]) -> list[SelectChoice]:
    """Value and label of a select's choices."""
    return [SelectChoice(value=value, label=label) for value, label in pairs]
