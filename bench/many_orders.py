"""Orders by the million with all that belongs to them, as the product writes them, in a few statements. Deterministic.

Of ten orders seven are the first of a customer, the other three come from those who bought before, the oldest most.
Two storefronts number their orders by themselves, so that many numbers are used twice. What an order says follows from
its place by hashes; names, towns and products are skewed: the first are common. Nearly all orders are paid, sent and
done; of the last half per cent most are to be sent. No stock is kept for them: the ledger of stock stays empty.

Keys and evidence are spelt here in SQL; a test holds them against `app.orders.keys` and `app.customers.matching`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager

import sqlalchemy as sa
from sqlalchemy.orm import Session

from app.db import db, transaction
from app.orders import keys
from bench import many_words
from bench.many_rows import ROWS

TABLES = (
    "customer", "customer_key", "shop_order", "order_line", "order_serial", "order_payment", "order_delivery",
    "order_address", "order_document", "order_key", "order_event", "payment", "refund", "money_entry", "order_money",
)  # fmt: skip
WORD = re.compile(r"[^\W_]+")
LISTS = ("FIRST", "LAST", "HOUSES", "TRADES", "FORMS", "TOWNS", "STREETS", "DOMAINS")
_ROOM = (
    "SET LOCAL session_replication_role = replica",  # What is written belongs together by how it is made.
    "SET LOCAL maintenance_work_mem = '256MB'",
    "SET LOCAL work_mem = '64MB'",
)
_FUNCTIONS = (
    # One of 0 … sides - 1, each as likely.
    "CREATE OR REPLACE FUNCTION pg_temp.dice(n bigint, salt int, sides bigint) RETURNS bigint LANGUAGE sql IMMUTABLE "
    "AS 'SELECT abs(hashint8extended(n, salt) % sides)'",
    # One of 0 … sides - 1, the first the likeliest; `steep` 1: all the same.
    "CREATE OR REPLACE FUNCTION pg_temp.skewed(n bigint, salt int, sides bigint, steep float8) RETURNS bigint "
    "LANGUAGE sql IMMUTABLE "
    "AS 'SELECT floor(sides * power(abs(hashint8extended(n, salt) % 1000003) / 1000003.0::float8, steep))::bigint'",
    # The shop's id of the n-th thing of a kind. Shopware's begin with the moment, so that they grow, too.
    "CREATE OR REPLACE FUNCTION pg_temp.hexid(kind text, n bigint) RETURNS text LANGUAGE sql IMMUTABLE "
    "AS 'SELECT lpad(to_hex(n), 10, ''0'') || substr(md5(kind || n), 1, 22)'",
)
_WORDS = """CREATE TEMP TABLE many_word ON COMMIT DROP AS
    SELECT list, place, shown, whole, array(SELECT w FROM string_to_table(whole, ' ') w WHERE length(w) > 1) AS words
    FROM unnest(CAST(:lists AS text[]), CAST(:places AS int[]), CAST(:shown AS text[]), CAST(:whole AS text[]))
      w (list, place, shown, whole)"""
_VARIANTS = """CREATE TEMP TABLE many_variant ON COMMIT DROP AS
    SELECT row_number() OVER (ORDER BY id) - 1 AS place, id, sku, name, gtin FROM variant"""
# What the shop says of order, attempt and delivery; what Mollie says; whether stock is kept.
_FATES = """CREATE TEMP TABLE many_fate ON COMMIT DROP AS SELECT * FROM (VALUES
      ('done', 'completed', 'paid', 'shipped', 'paid', 'paid', 'paid', 'paid', 'shipped'),
      ('back', 'completed', 'refunded', 'returned', 'paid', 'refunded', 'refunded', 'refunded', 'shipped'),
      ('part', 'completed', 'refunded_partially', 'shipped', 'paid', 'partly_refunded', 'refunded_partially',
       'partly_refunded', 'shipped'),
      ('given_up', 'cancelled', 'cancelled', 'cancelled', 'expired', 'expired', 'cancelled', 'failed', 'released'),
      ('called_off', 'cancelled', 'refunded', 'cancelled', 'paid', 'refunded', 'refunded', 'refunded', 'released'),
      ('waiting', 'open', 'open', 'open', 'open', 'open', 'open', 'open', 'held'),
      ('to_send', 'in_progress', 'paid', 'open', 'paid', 'paid', 'paid', 'paid', 'held'),
      ('behind', 'open', 'open', 'open', 'paid', 'paid', 'paid', 'paid', 'held')
    ) f (fate, state, attempt, delivery, status, mollie, shop_state, verdict, promise)"""
# A tenth buys for a company, a third of those through a mailbox that several people read.
_PEOPLE = """CREATE TEMP TABLE many_person ON COMMIT DROP AS
    SELECT c, CAST(:customers AS bigint) + c AS id, pg_temp.dice(c, 1, 10) = 0 AS buys, pg_temp.dice(c, 2, 3) = 0 AS
      shares,
      pg_temp.dice(c, 3, 3) = 0 AS account,
      CASE WHEN c % 1000 = 7 THEN 'LU' WHEN c % 100 < 80 THEN 'NL' WHEN c % 100 < 93 THEN 'BE' WHEN c % 100 < 98 THEN
        'DE'
           ELSE 'FR' END AS country,
      pg_temp.skewed(c, 11, :first, 1.4) AS first, pg_temp.skewed(c, 12, :last, 1.4) AS last, pg_temp.dice(c, 13,
        :houses) AS house,
      pg_temp.dice(c, 14, :trades) AS trade, pg_temp.dice(c, 15, :forms) AS form, pg_temp.skewed(c, 16, :towns, 1.4)
        AS town,
      pg_temp.skewed(c, 17, :streets, 1.4) AS street, pg_temp.skewed(c, 18, :domains, 2.5) AS domain,
      1 + pg_temp.skewed(c, 19, 300, 1.4) AS door, 1000 + pg_temp.dice(c, 20, 9000) AS code,
      chr(65 + pg_temp.dice(c, 21, 26)::int) || chr(65 + pg_temp.dice(c, 22, 26)::int) AS letters,
      lpad(pg_temp.dice(c, 23, 100000000)::text, 8, '0') AS digits, pg_temp.dice(c, 24, 4) AS spelling
    FROM generate_series(1, CAST(:people AS bigint)) c"""
# `spelling` of the phone number: with or without spaces, with the country's code, or none given.
_CUSTOMERS = """CREATE TEMP TABLE many_customer ON COMMIT DROP AS
    SELECT p.c, p.id, p.account, p.country, f.shown || ' ' || l.shown AS name, f.words || l.words AS words,
      f.whole || ' ' || l.whole AS whole,
      CASE WHEN p.buys THEN h.shown || ' ' || t.shown || ' ' || o.shown || ' ' || g.shown ELSE '' END AS company,
      CASE WHEN p.buys THEN h.words || t.words || o.words || g.words ELSE '{}' END AS company_words,
      p.buys AND p.shares AS shared, left(f.words[1], 1) AS initial, l.words[cardinality(l.words)] AS surname,
      CASE WHEN p.buys AND p.shares THEN 'inkoop@' || h.words[1] || p.c || '.example'
           WHEN p.buys THEN f.words[1] || '.' || array_to_string(l.words, '') || '@' || h.words[1] || p.c || '.example'
           ELSE f.words[1] || '.' || array_to_string(l.words, '') || p.c || '@' || d.shown END AS mail,
      s.shown || ' ' || p.door AS street, o.shown AS town, p.door,
      CASE p.country WHEN 'NL' THEN p.code || ' ' || p.letters WHEN 'DE' THEN p.code || '1' WHEN 'FR' THEN p.code || '0'
           ELSE p.code::text END AS zipcode,
      CASE p.spelling WHEN 0 THEN k.trunk || k.lead || p.digits
           WHEN 1 THEN k.trunk || k.lead || ' ' || left(p.digits, 4) || ' ' || right(p.digits, 4)
           WHEN 2 THEN '+' || k.code || ' ' || k.lead || ' ' || p.digits ELSE '' END AS phone,
      CASE WHEN p.spelling < 3 THEN k.code || k.lead || p.digits END AS number
    FROM many_person p
    JOIN many_word f ON f.list = 'FIRST' AND f.place = p.first JOIN many_word l ON l.list = 'LAST' AND l.place = p.last
    JOIN many_word h ON h.list = 'HOUSES' AND h.place = p.house JOIN many_word t ON t.list = 'TRADES' AND t.place =
      p.trade
    JOIN many_word g ON g.list = 'FORMS' AND g.place = p.form JOIN many_word o ON o.list = 'TOWNS' AND o.place = p.town
    JOIN many_word s ON s.list = 'STREETS' AND s.place = p.street
    JOIN many_word d ON d.list = 'DOMAINS' AND d.place = p.domain
    JOIN (VALUES ('NL', '31', '0', '6'), ('BE', '32', '0', '4'), ('DE', '49', '0', '151'), ('FR', '33', '0', '6'),
                 ('LU', '352', '', '6')) k (country, code, trunk, lead) ON k.country = p.country"""
# Place n: whose it is, where, when, and what became of it. Every two minutes one, the last at noon of 2 March 2026.
_PLACES = """CREATE TEMP TABLE many_order ON COMMIT DROP AS
    SELECT n, CAST(:orders AS bigint) + n AS id, f.*, CASE WHEN first THEN t.born ELSE 1 + floor((t.born - 1) * power(
        pg_temp.dice(n, 1, 1000003) / 1000003.0::float8, 2))::bigint END AS c,
      CASE WHEN n % 3 = 0 THEN CAST(:second AS bigint) ELSE CAST(:first_shop AS bigint) END AS channel_id,
      10000 + CASE WHEN n % 3 = 0 THEN n / 3 ELSE n - n / 3 END AS number,
      timestamptz '2026-03-02 12:00+00' - (CAST(:count AS bigint) - n) * interval '2 minutes' AS placed_at,
      CASE WHEN n % 1000 = 500 THEN 12 ELSE 1 + (pg_temp.dice(n, 2, 100) < 25)::int + (pg_temp.dice(n, 3, 100) < 7)::int
        END AS lines,
      CASE WHEN n % 10 IN (2, 5, 8) THEN 2 ELSE 1 END AS attempts, pg_temp.dice(n, 4, 8) = 0 AS elsewhere,
      (ARRAY['iDEAL', 'Card', 'Bancontact', 'PayPal', 'Klarna', 'Riverty'])[1 + pg_temp.skewed(n, 5, 6, 2.5)] AS method,
      f.fate = 'to_send' AND n % 10 = 3 AS short
    FROM (SELECT n, n % 10 NOT IN (4, 7, 0) AS first, 7 * (n / 10) + (ARRAY[0,1,2,3,3,4,5,5,6,7])[1 + n % 10] AS born,
            CASE WHEN n % 5000 = 17 THEN 'behind' WHEN d < 500 THEN 'given_up' WHEN d < 600 THEN 'called_off'
                 WHEN d < 900 THEN 'back' WHEN d < 980 THEN 'part'
                 WHEN n > CAST(:count AS bigint) * 0.98 AND d < 2500 THEN 'waiting'
                 WHEN n > CAST(:count AS bigint) * 0.995 THEN 'to_send' ELSE 'done' END AS fate
          FROM (SELECT n, pg_temp.dice(n, 6, 10000) AS d FROM generate_series(1, CAST(:count AS bigint)) n) x) t
    JOIN many_fate f ON f.fate = t.fate"""
_PIECES = """CREATE TEMP TABLE many_piece ON COMMIT DROP AS
    SELECT o.id AS order_id, p AS position, v.id AS variant_id, v.sku, v.name, v.gtin, o.short AND p = 1 AS short,
      o.promise,
      1 + (pg_temp.dice(o.n, 200 + p, 40) = 0)::int AS quantity,
      49 + pg_temp.dice(v.id, 7, 90000) / 100.0 AS price, o.n
    FROM many_order o CROSS JOIN generate_series(1, o.lines) p
    JOIN many_variant v ON v.place = pg_temp.skewed(o.n, 100 + p, :variants, 2.5)"""
_BILLS = """CREATE TEMP TABLE many_bill ON COMMIT DROP AS
    SELECT o.id AS order_id, s.shipping, s.shipping + sum(p.quantity * p.price) AS total
    FROM many_order o JOIN many_piece p ON p.order_id = o.id
    CROSS JOIN LATERAL (SELECT CASE WHEN pg_temp.dice(o.n, 8, 3) = 0 THEN 5.95 ELSE 0 END AS shipping) s
    GROUP BY o.id, s.shipping"""
# Each attempt to pay and its payment at Mollie; all but the last failed.
_TRIES = """CREATE TEMP TABLE many_try ON COMMIT DROP AS
    SELECT 2 * o.n + k - 1 AS t, o.id AS order_id, o.channel_id, o.number, o.placed_at + k * interval '1 minute' AS
      at, l.last,
      pg_temp.hexid('attempt', 2 * o.n + k - 1) AS external_id, 'tr_' || substr(md5('tr' || 2 * o.n + k - 1), 1, 14)
        AS mollie_id,
      o.method, b.total, CASE WHEN l.last THEN o.attempt ELSE 'failed' END AS attempt,
      CASE WHEN l.last THEN o.status ELSE 'failed' END AS status, CASE WHEN l.last THEN o.mollie ELSE 'failed' END AS
        state,
      CASE WHEN l.last THEN o.shop_state ELSE 'failed' END AS shop_state,
      CASE WHEN NOT l.last THEN 0 WHEN o.mollie = 'refunded' THEN b.total WHEN o.mollie = 'partly_refunded' THEN 20
        ELSE 0
        END AS refunded
    FROM many_order o JOIN many_bill b ON b.order_id = o.id CROSS JOIN generate_series(1, o.attempts) k
    CROSS JOIN LATERAL (SELECT k = o.attempts AS last) l"""
# Where it goes: to the customer, or elsewhere; where the invoice goes stands first.
_HOUSES = """CREATE TEMP TABLE many_house ON COMMIT DROP AS
    SELECT o.id AS order_id, o.placed_at, pg_temp.hexid('address', 2 * o.n) AS external_id, true AS billing, c.name,
      c.company,
      c.street, c.zipcode, c.town, c.country, c.phone, c.number, c.door
    FROM many_order o JOIN many_customer c ON c.c = o.c
    UNION ALL
    SELECT o.id, o.placed_at, pg_temp.hexid('address', 2 * o.n + 1), false, c.name, c.company, 'Parallelweg ' || 1 +
      o.n % 90,
      1000 + o.n % 9000 || ' XA', 'Houten', 'NL', '', NULL, 1 + o.n % 90
    FROM many_order o JOIN many_customer c ON c.c = o.c WHERE o.elsewhere"""
_SETUP = (_FATES, _VARIANTS, _PEOPLE, _CUSTOMERS, _PLACES, _PIECES, _BILLS, _TRIES, _HOUSES)


def fill(session: Session, count: int) -> None:
    """So many orders of the first two storefronts, of the variants that there are; statistics are gathered."""
    facts = _facts(session, count)
    for statement in (*_FUNCTIONS, _WORDS, *_SETUP):
        session.execute(sa.text(statement), facts)
    session.execute(sa.text("ANALYZE many_customer, many_order, many_piece, many_bill, many_try, many_house"))
    for statement in ROWS:
        session.execute(sa.text(statement), facts)
    for table in ("customer", "shop_order", "payment"):
        session.execute(sa.text("SELECT setval(pg_get_serial_sequence(:name, 'id'), (SELECT max(id) FROM "
                                + table + "))"), {"name": table})  # fmt: skip
    session.execute(sa.text("ANALYZE variant, offer, " + ", ".join(TABLES)))


def _facts(session: Session, count: int) -> dict[str, object]:
    """What the statements ask for: sizes, where ids begin, and the words."""
    shops = session.execute(sa.text("SELECT id FROM channel ORDER BY position LIMIT 2")).scalars().all()
    known = session.execute(sa.text("""
        SELECT (SELECT COALESCE(max(id), 0) FROM shop_order) AS orders,
          (SELECT COALESCE(max(id), 0) FROM customer) AS customers,
          (SELECT COALESCE(max(id), 0) FROM payment) AS payments, (SELECT count(*) FROM variant) AS variants
    """)).one()  # fmt: skip
    words = [(name, place, shown) for name in LISTS for place, shown in enumerate(getattr(many_words, name))]
    return {
        "count": count, "people": 7 * (count // 10) + (0, 1, 2, 3, 3, 4, 5, 5, 6, 7)[count % 10],
        "first_shop": shops[0], "second": shops[1], **known._asdict(),
        **{name.lower(): len(getattr(many_words, name)) for name in LISTS},
        "lists": [name for name, _place, _shown in words], "places": [place for _name, place, _shown in words],
        "shown": [shown for _name, _place, shown in words],
        "whole": [" ".join(WORD.findall(keys.plain(shown))) for _name, _place, shown in words],
    }  # fmt: skip


def refill(count: int) -> None:
    """These orders and no others, as a database has them that was vacuumed. Needs a superuser and some minutes."""
    db.session.remove()
    with transaction() as session:
        session.execute(sa.text("SET LOCAL session_replication_role = replica"))  # The ledger of money goes, too.
        session.execute(sa.text("TRUNCATE " + ", ".join(TABLES) + " CASCADE"))
        with _in_bulk(session):
            fill(session, count)
    with db.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.exec_driver_sql("VACUUM ANALYZE " + ", ".join(TABLES))
        connection.exec_driver_sql("CHECKPOINT")  # Else it is written to the disk while something is measured.


@contextmanager
def _in_bulk(session: Session) -> Iterator[None]:
    """No key is checked meanwhile, and indexes are built at the end."""
    for setting in _ROOM:
        session.execute(sa.text(setting))
    indexes = session.execute(
        sa.text("""SELECT c.relname AS name, pg_get_indexdef(i.indexrelid) AS made FROM pg_index i
                   JOIN pg_class c ON c.oid = i.indexrelid
                   WHERE i.indrelid = ANY(CAST(:tables AS regclass[])) AND NOT EXISTS (
                     SELECT 1 FROM pg_constraint k WHERE k.conindid = i.indexrelid)"""),
        {"tables": list(TABLES)},
    ).all()
    connection = session.connection()
    for index in indexes:
        connection.exec_driver_sql(f"DROP INDEX {index.name}")
    yield
    for index in indexes:
        connection.exec_driver_sql(index.made)
