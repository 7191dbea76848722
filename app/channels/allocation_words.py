"""Why a storefront shows so many pieces, in the user's language."""

from __future__ import annotations

from typing import NamedTuple

from flask_babel import gettext as _

from app.catalog.words import category_name
from app.channels.allocation import Allocation, Terms, shown
from app.stock.buffers import Scope


class Explained(NamedTuple):
    """`own`: the variant has a rule of its own here."""

    channel: str
    code: str
    terms: Terms
    pieces: int
    why: str
    rule: str
    own: bool


def explain(allocation: Allocation, *, available: int) -> Explained:
    """The pieces that the storefront shows, the sentence why, and whose rule that was."""
    own = allocation.scope is not None and allocation.scope.variant_id is not None
    about = (allocation.channel, allocation.code, allocation.terms)
    if not allocation.active:
        return Explained(*about, 0, _("The variant is not for sale."), "", own)
    pieces, because = shown(available, allocation.terms)
    return Explained(*about, pieces, _sentence(because, available, allocation.terms), _rule(allocation.scope), own)


def _sentence(because: str, available: int, terms: Terms) -> str:
    return {
        "nothing": _("None is available."),
        "not_here": _("This storefront shows none of it."),
        "all": _("All of the %(available)s available.", available=available),
        "share": _("%(percent)s %% of the %(available)s available, rounded down.", percent=terms.share_percent,
                   available=available),
        "minimum": _("%(percent)s %% of the %(available)s available would be less than the least, %(least)s.",
                     percent=terms.share_percent, available=available, least=terms.min_shown),
        "ceiling": _("Never more than %(most)s, of the %(available)s available.", most=terms.max_shown,
                     available=available),
    }[because]  # fmt: skip


def _rule(scope: Scope | None) -> str:
    if scope is None:
        return _("As the storefront shows everything.")
    if scope.variant_id is not None:
        return _("By a rule for this variant.")
    names = [category_name(scope.category) if scope.category else "", scope.grade or ""]
    return _("By the rule for %(assortment)s.", assortment=" ".join(filter(None, names)))
