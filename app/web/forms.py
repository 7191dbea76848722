"""What forms share."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from flask_wtf import FlaskForm
from wtforms.fields.choices import SelectChoice  # type: ignore[attr-defined]  # Newer than its published types.


class Form(FlaskForm):
    """A form with its CSRF token; `obj` fills the fields, a POST does so by itself."""

    def __init__(self, **values: Any) -> None:
        super().__init__(**values)  # type: ignore[no-untyped-call]

    def validate_on_submit(self, extra_validators: Any = None) -> bool:
        """Whether the request is a submission and everything in it is valid; `errors` holds what is not."""
        return bool(super().validate_on_submit(extra_validators))  # type: ignore[no-untyped-call]


def choices(pairs: Iterable[tuple[str, Any]]) -> list[SelectChoice]:
    """Value and label of a select's choices."""
    return [SelectChoice(value=value, label=label) for value, label in pairs]
