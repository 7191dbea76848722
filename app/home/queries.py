"""Work that waits, as counts. Each is capped by an index that holds only what waits."""

from __future__ import annotations

from datetime import datetime
from typing import NamedTuple

from sqlalchemy import text
from sqlalchemy.orm import Session

PAIRS_AT_MOST = 500  # Of customers, that are counted: two merged customers may each share something with a third.
SWEEP_LIMIT_S = 30  # Without a sweep for so long nothing is found that lost its wake-up.


class Work(NamedTuple):
    """What waits for a person, whole house.

    `doubts`: orders whose money does not fit. `refunds`: refunds and cancellations that want a second person.
    `twins`: persons, two by two, that may be one. `rules`, `named`: rule sets and prices that want a second
    person. `trouble`: flows with something overdue, stopped, or out of reach.
    """

    files: int
    files_since: datetime | None
    words: int
    matches: int
    dead: int
    dead_since: datetime | None
    shortage: int
    short_orders: int
    short_since: datetime | None
    doubts: int
    doubts_since: datetime | None
    refunds: int
    refunds_since: datetime | None
    twins: int
    twins_since: datetime | None
    rules: int
    named: int
    trouble: int
    swept: bool

    @property
    def level(self) -> str:
        """Of the platform as one word: fine, late, or trouble when nothing sweeps."""
        if not self.swept:
            return "trouble"
        return "late" if self.trouble else "fine"


_WORK = text("""
    WITH files AS (
      SELECT count(*) AS n, min(uploaded_at) AS since FROM offer_file WHERE state IN ('checked', 'columns')),
    short AS (SELECT count(*) AS n, min(placed_at) AS since FROM shop_order WHERE short),
    doubts AS (
      SELECT count(*) AS n, min(since) AS since FROM order_money
      WHERE doubt AND since <= clock_timestamp() - make_interval(secs => :grace_s)),
    asked AS (
      SELECT count(*) AS n, min(created_at) AS since FROM (
        SELECT created_at FROM refund WHERE state = 'waiting'
        UNION ALL SELECT created_at FROM order_act WHERE state = 'waiting') w),
    twins AS (
      SELECT count(DISTINCT (least(l.person_id, h.person_id), greatest(l.person_id, h.person_id))) AS n,
             min(p.found_at) AS since
      FROM (SELECT * FROM customer_pair WHERE state = 'open' AND NOT joined ORDER BY found_at LIMIT :pairs) p
      JOIN customer l ON l.id = p.low_id JOIN customer h ON h.id = p.high_id),
    dead AS (SELECT count(*) AS n, min(settled_at) AS since FROM message WHERE state = 'dead'),
    trouble AS (
      SELECT count(DISTINCT l.flow) AS n FROM lane l
      WHERE NOT l.paused AND l.flow <> 'portal.sweep.portal' AND (
        (l.open_until IS NOT NULL AND l.failure_at > COALESCE(l.success_at, '-infinity'))
        OR EXISTS (SELECT 1 FROM message m WHERE m.flow = l.flow AND m.channel = l.channel AND m.state = 'dead')
        OR EXISTS (SELECT 1 FROM message m WHERE m.flow = l.flow AND m.channel = l.channel AND m.state = 'pending'
                   AND m.next_attempt_at < clock_timestamp() - interval '1 minute'
                   AND (m.lease_until IS NULL OR m.lease_until < clock_timestamp()))))
    SELECT files.n, files.since, (SELECT count(*) FROM supplier_word WHERE value IS NULL),
           (SELECT count(*) FROM match_question WHERE state = 'open' AND reason <> 'unread'), dead.n, dead.since,
           (SELECT count(*) FROM stock WHERE shortage > 0), short.n, short.since,
           doubts.n, doubts.since, asked.n, asked.since, twins.n, twins.since,
           (SELECT count(*) FROM rule_set WHERE state IN ('draft', 'proposed') AND asked_by IS NOT NULL),
           (SELECT count(*) FROM price_override o JOIN price p ON p.variant_id = o.variant_id
              AND p.channel_id = o.channel_id AND p.valid_until IS NULL
            WHERE o.ended_at IS NULL AND o.ends_at > clock_timestamp() AND o.agreed_by IS NULL AND o.gross < p.floor),
           trouble.n,
           EXISTS (SELECT 1 FROM lane WHERE flow = 'portal.sweep.portal'
                   AND success_at > clock_timestamp() - make_interval(secs => :limit_s))
    FROM files, short, doubts, asked, twins, dead, trouble
""")


def work(session: Session, *, grace_s: int) -> Work:
    """Everything that waits, in one statement. `grace_s`: seconds that a shop may lag behind Mollie."""
    return Work._make(
        session.execute(_WORK, {"limit_s": SWEEP_LIMIT_S, "grace_s": grace_s, "pairs": PAIRS_AT_MOST}).one()
    )
