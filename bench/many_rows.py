"""The rows of `bench.many_orders`: one statement per table, from the temporary tables that it made."""

from __future__ import annotations

_CUSTOMERS = """
    INSERT INTO customer (id, person_id, name, company, email, guest, channel_ids, orders, first_at, last_at)
    SELECT c.id, c.id, c.name, c.company, c.mail, NOT c.account, array_agg(DISTINCT o.channel_id), count(*),
      min(o.placed_at), max(o.placed_at)
    FROM many_customer c JOIN many_order o ON o.c = c.c
    GROUP BY c.id, c.name, c.company, c.mail, c.account
    ORDER BY c.id
"""
# One record of a storefront is an account of the customer there; a guest gets another one with each order.
_ACCOUNT = "CASE WHEN c.account THEN pg_temp.hexid('account' || o.channel_id, c.c) ELSE pg_temp.hexid('guest', o.n) END"
_CUSTOMER_KEYS = f"""
    INSERT INTO customer_key (kind, value, customer_id)
    SELECT DISTINCT 'account', o.channel_id || '/' || {_ACCOUNT}, c.id FROM many_order o JOIN many_customer c ON c.c =
      o.c
    UNION ALL
    SELECT 'mail', CASE WHEN c.mail LIKE '%@gmail.com' THEN replace(split_part(c.mail, '@', 1), '.', '') || '@gmail.com'
        ELSE c.mail END || '/' || c.initial || '/' || c.surname, c.id
    FROM many_customer c WHERE NOT c.shared
    UNION ALL
    SELECT DISTINCT 'shared', c.mail || '/' || c.whole || '/' || lower(replace(h.zipcode, ' ', '')) || ' ' || h.door
      || ' '
        || lower(h.country), c.id
    FROM many_customer c JOIN many_order o ON o.c = c.c JOIN many_house h ON h.order_id = o.id WHERE c.shared
    ORDER BY 1, 2
"""
_ORDERS = f"""
    INSERT INTO shop_order (id, channel_id, external_id, number, placed_at, state, payment_state, delivery_state,
      currency,
      total, net, shipping, tax_status, email, name, company, customer_number, comment, customer_external_id, guest,
      customer_id, country, method, content_hash, read_at, short)
    SELECT o.id, o.channel_id, pg_temp.hexid('order', o.n), o.number::text, o.placed_at, o.state, o.attempt, o.delivery,
      'EUR', b.total, round(b.total / 1.21, 2), b.shipping, 'gross', c.mail, c.name, c.company, (20000 + c.c)::text, '',
      {_ACCOUNT}, NOT c.account, c.id, c.country, o.method, md5('order' || o.n), o.placed_at, o.short
    FROM many_order o JOIN many_bill b ON b.order_id = o.id JOIN many_customer c ON c.c = o.c
    ORDER BY o.id
"""
_LINES = """
    INSERT INTO order_line (order_id, external_id, position, kind, sku, label, quantity, unit_price, total_price,
      tax_percent, variant_id, promise)
    SELECT order_id, pg_temp.hexid('line', 16 * n + position), position, 'product', sku, name, quantity, price,
      quantity * price, 21, variant_id, CASE WHEN short THEN 'short' ELSE promise END
    FROM many_piece ORDER BY order_id, position
"""
# Of a quarter of what was sent: the first piece of each line.
_SERIAL = "'C' || upper(substr(md5('serial' || l.order_id || '/' || l.position), 1, 11))"
_WITH_SERIALS = "o.delivery = 'shipped' AND o.n % 4 = 0"
_SERIALS = f"""
    INSERT INTO order_serial (order_line_id, serial, added_at)
    SELECT l.id, {_SERIAL}, o.placed_at + interval '1 day'
    FROM order_line l JOIN many_order o ON o.id = l.order_id WHERE {_WITH_SERIALS} ORDER BY l.id
"""
_ATTEMPTS = """
    INSERT INTO order_payment (order_id, external_id, state, method, method_name, amount, created_at, mollie_payment_id)
    SELECT order_id, external_id, attempt, 'payment_' || lower(method), method, total, at, mollie_id FROM many_try
      ORDER BY t
"""
_DELIVERIES = """
    INSERT INTO order_delivery (order_id, external_id, state, method_name, costs, tracking_codes, earliest, latest,
      address_id)
    SELECT o.id, pg_temp.hexid('parcel', o.n), o.delivery, 'Parcel', b.shipping,
      CASE WHEN o.delivery IN ('shipped', 'returned') THEN jsonb_build_array('3SIUSD' || lpad(o.n::text, 9, '0')) ELSE
        '[]' END,
      (o.placed_at + interval '1 day')::date, (o.placed_at + interval '3 days')::date,
      pg_temp.hexid('address', 2 * o.n + o.elsewhere::int)
    FROM many_order o JOIN many_bill b ON b.order_id = o.id ORDER BY o.id
"""
_ADDRESSES = """
    INSERT INTO order_address (order_id, external_id, billing, name, company, street, extra, zipcode, city, country,
      phone)
    SELECT order_id, external_id, billing, name, company, street, '', zipcode, town, country, phone FROM many_house
    ORDER BY order_id, external_id
"""
# An invoice when the parcel leaves, a credit note when it came back; each shop counts them by itself.
_PAPERS = """(SELECT o.id AS order_id, o.placed_at, k.kind, k.prefix || 70000 + o.number AS number,
      o.placed_at + k.after AS at, pg_temp.hexid('document', 2 * o.n + (k.kind = 'credit_note')::int) AS external_id
    FROM many_order o JOIN (VALUES ('invoice', 'INV-', interval '1 day'), ('credit_note', 'CN-', interval '6 days'))
      k (kind, prefix, after) ON o.delivery = 'returned' OR o.delivery = 'shipped' AND k.kind = 'invoice')"""
_DOCUMENTS = f"""
    INSERT INTO order_document (order_id, external_id, kind, number, created_at)
    SELECT order_id, external_id, kind, number, at FROM {_PAPERS} d ORDER BY order_id, external_id
"""
_KEYS = f"""
    INSERT INTO order_key (order_id, kind, value, placed_at)
    SELECT id, kind, value, placed_at FROM (
      SELECT o.id, o.placed_at, 'number' AS kind, o.number::text AS value FROM many_order o
      UNION ALL SELECT o.id, o.placed_at, 'mail', c.mail FROM many_order o JOIN many_customer c ON c.c = o.c
      UNION ALL SELECT o.id, o.placed_at, 'customer', (20000 + o.c)::text FROM many_order o
      UNION ALL SELECT o.id, o.placed_at, 'name', w.word FROM many_order o JOIN many_customer c ON c.c = o.c
        CROSS JOIN LATERAL (SELECT DISTINCT word FROM unnest(c.words || c.company_words) word) w
      UNION ALL SELECT order_id, placed_at, 'phone', number FROM many_house WHERE number IS NOT NULL
      UNION ALL SELECT order_id, placed_at, 'address',
        lower(replace(zipcode, ' ', '')) || ' ' || door || ' ' || lower(country) FROM many_house
      UNION ALL SELECT o.id, o.placed_at, 'tracking', '3siusd' || lpad(o.n::text, 9, '0') FROM many_order o
        WHERE o.delivery IN ('shipped', 'returned')
      UNION ALL SELECT l.order_id, o.placed_at, 'serial', lower({_SERIAL}) FROM many_piece l
        JOIN many_order o ON o.id = l.order_id WHERE {_WITH_SERIALS}
      UNION ALL SELECT order_id, placed_at, 'document', lower(number) FROM {_PAPERS} d
      UNION ALL SELECT t.order_id, o.placed_at, 'mollie', t.mollie_id FROM many_try t JOIN many_order o ON o.id =
        t.order_id
      UNION ALL SELECT DISTINCT o.id, o.placed_at, k.kind, k.value FROM many_piece p JOIN many_order o ON o.id =
        p.order_id
        CROSS JOIN LATERAL (VALUES ('sku', lower(p.sku)), ('gtin', p.gtin)) k (kind, value) WHERE k.value IS NOT NULL) x
    ORDER BY id, kind, value
    ON CONFLICT DO NOTHING
"""
_EVENTS = f"""
    INSERT INTO order_event (order_id, at, kind, facts)
    SELECT order_id, at, kind, facts FROM (
      SELECT o.id AS order_id, o.placed_at AS at, 0 AS place, 'placed' AS kind,
        jsonb_build_object('total', b.total::text, 'currency', 'EUR') AS facts
      FROM many_order o JOIN many_bill b ON b.order_id = o.id
      UNION ALL SELECT order_id, at + interval '1 minute', 1, 'payment', jsonb_build_object('id', external_id, 'from',
        NULL,
        'to', attempt, 'amount', total::text, 'method', method) FROM many_try WHERE attempt <> 'open'
      UNION ALL SELECT order_id, at + interval '2 minutes', 2, 'verdict', jsonb_build_object('from', 'open', 'to',
        'paid',
        'source', 'mollie', 'paid', total::text, 'refunded', '0') FROM many_try WHERE status = 'paid'
      UNION ALL SELECT o.id, o.placed_at + interval '1 day', 3, e.kind, e.facts FROM many_order o CROSS JOIN LATERAL
        (VALUES
        ('tracking', jsonb_build_object('id', pg_temp.hexid('parcel', o.n), 'code', '3SIUSD' || lpad(o.n::text, 9,
          '0'))),
        ('delivery', jsonb_build_object('id', pg_temp.hexid('parcel', o.n), 'from', 'open', 'to', 'shipped')),
        ('order', jsonb_build_object('from', 'open', 'to', 'completed'))) e (kind, facts)
      WHERE o.delivery IN ('shipped', 'returned')
      UNION ALL SELECT order_id, at, 4, 'document', jsonb_build_object('kind', kind, 'number', number) FROM {_PAPERS} d
      ) x
    ORDER BY order_id, place
"""
_PAYMENTS = """
    INSERT INTO payment (id, channel_id, external_id, order_id, linked_by, transaction_id, order_number, status, state,
      shop_state, method, currency, amount, refunded, charged_back, remaining, mode, created_at, paid_at, ended_at,
        dashboard,
      content_hash, read_at, changed_at, due_at)
    SELECT :payments + t, channel_id, mollie_id, order_id, 'webhook', external_id, number::text, status, state,
      shop_state,
      lower(method), 'EUR', total, refunded, 0, CASE WHEN status = 'paid' THEN total - refunded END, 'live', at,
      CASE WHEN status = 'paid' THEN at END, CASE WHEN status IN ('failed', 'expired') THEN at END, '', md5('payment'
        || t),
      at, at, CASE WHEN status = 'open' THEN at + interval '6 hours' END
    FROM many_try ORDER BY t
"""
_REFUNDS = """
    INSERT INTO refund (payment_id, external_id, key, state, status, amount, currency, created_at, accepted_at)
    SELECT :payments + t, 're_' || substr(md5('re' || t), 1, 14), 're_' || substr(md5('re' || t), 1, 14), 'processed',
      'refunded', refunded, 'EUR', at + interval '5 days', at + interval '5 days'
    FROM many_try WHERE refunded > 0 ORDER BY t
"""
_ENTRIES = """
    INSERT INTO money_entry (payment_id, kind, reference, amount, currency, at)
    SELECT :payments + t, e.kind, e.reference, e.amount, 'EUR', at FROM many_try CROSS JOIN LATERAL (VALUES
      ('paid', mollie_id, total), ('refund', 're_' || substr(md5('re' || t), 1, 14), -refunded)) e (kind, reference,
        amount)
    WHERE status = 'paid' AND e.amount <> 0 ORDER BY t
"""
_VERDICTS = """
    INSERT INTO order_money (order_id, verdict, paid, refunded, charged_back, doubt, problems, since, judged_at)
    SELECT o.id, o.verdict, CASE WHEN o.status = 'paid' THEN b.total ELSE 0 END, t.refunded, 0, o.fate = 'behind',
      CASE WHEN o.fate = 'behind' THEN jsonb_build_array(jsonb_build_object('kind', 'shop_behind', 'attempt',
        t.external_id,
        'payment', t.mollie_id, 'shop', 'open', 'mollie', 'paid', 'older', false)) ELSE '[]' END,
      CASE WHEN o.fate = 'behind' THEN o.placed_at END, o.placed_at
    FROM many_order o JOIN many_bill b ON b.order_id = o.id JOIN many_try t ON t.order_id = o.id AND t.last ORDER BY
      o.id
"""
# What others refer to is looked at once it is there: plans made before take it for empty, and read all of it for each
# row that refers to it.
ROWS = (
    _CUSTOMERS, "ANALYZE customer", _CUSTOMER_KEYS, _ORDERS, "ANALYZE shop_order", _LINES, "ANALYZE order_line",
    _SERIALS, _ATTEMPTS, _DELIVERIES, _ADDRESSES, _DOCUMENTS, _KEYS, _EVENTS, _PAYMENTS, "ANALYZE payment", _REFUNDS,
    _ENTRIES, _VERDICTS,
)  # fmt: skip
