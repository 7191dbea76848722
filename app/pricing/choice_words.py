"""Why a variant is bought by one offer and not by another, in the user's language."""

from __future__ import annotations

from flask_babel import gettext as _

from app.pricing.best_offer import decision
from app.pricing.ranking import RankedOffer
from app.web.templating import money, number


def choice_sentence(offers: list[RankedOffer]) -> str:
    """What decided between the first and the second of the ranked offers; "" when there are none."""
    if not offers:
        return ""
    return _sentence(offers[0], offers[1] if len(offers) > 1 else None).replace("..", ".")  # Of a name like B.V.


def _sentence(best: RankedOffer, runner_up: RankedOffer | None) -> str:
    step, difference = decision(best, runner_up)
    names = {"best": best.supplier, "other": runner_up.supplier if runner_up else ""}
    if step == "pin":
        return _pin(difference, **names)
    return {
        "only": _("%(best)s: the only offer that can be sold.", **names),
        "landed": _("%(best)s: %(amount)s cheaper landed than the runner-up, %(other)s.",
                    amount=money(difference), **names),
        "lead_time": _("%(best)s: as cheap as %(other)s, and %(days)s days quicker.",
                       days=number(int(difference)), **names),
        "reliability": _("%(best)s: as cheap and quick as %(other)s, and %(points)s points more reliable.",
                         points=number(int(difference)), **names),
        "vat_scheme": _("%(best)s: equal to %(other)s, but under the margin scheme, where less VAT is due.", **names),
        "age": _("%(best)s: equal to %(other)s in everything, and known to us for longer.", **names),
    }[step]  # fmt: skip


def _pin(difference: object, *, best: str, other: str) -> str:
    if not other:
        return _("%(best)s: pinned, and the only offer that can be sold.", best=best)
    saved = float(str(difference))
    if saved < 0:
        return _("%(best)s: pinned, though it costs %(amount)s more landed than %(other)s.", best=best, other=other,
                 amount=money(-saved))  # fmt: skip
    return _("%(best)s: pinned, and %(amount)s cheaper landed than %(other)s.", best=best, other=other,
             amount=money(saved))  # fmt: skip
