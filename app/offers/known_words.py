"""Words whose meaning does not depend on who wrote them, in English, Dutch, German, Danish and French.

Whatever a supplier may mean otherwise (a grade, "in stock") is not here: a person says it once, per supplier.
"""

from __future__ import annotations

import unicodedata

CURRENCIES = ("EUR", "DKK", "GBP", "USD", "SEK", "NOK", "PLN", "CHF", "CZK")
KRONE = ("DKK", "SEK", "NOK")  # What "kr" may be.


def phrases(text: str) -> frozenset[str]:
    """The phrases of a list that commas separate."""
    return frozenset(" ".join(phrase.split()) for phrase in text.split(",") if phrase.strip())


def single_words(text: str) -> frozenset[str]:
    """The words of a list that spaces separate."""
    return frozenset(text.split())


# Written in a cell for "nothing here": no value, and no problem of its own.
BLANK = phrases("""
    -, --, ---, –, —, ., .., ..., ?, /, n/a, n.a., n.a, na, #n/a, #na, nan, null, none, nil, tbd, tba, tbc, x, unknown,
    not available info, not specified, unspecified, undefined, other, any,
    onbekend, geen, nvt, n.v.t., n.v.t, overig,
    unbekannt, keine, kein, k.a., k. a., ohne, sonstige, nicht bekannt, keine angabe,
    ukendt, ingen, uden, andet, ikke oplyst,
    inconnu, inconnue, aucun, aucune, sans, autre, non spécifié, nc, n.c.
""")

# No piece can be had.
SOLD_OUT = phrases("""
    out of stock, outofstock, out-of-stock, sold out, sold, no stock, not in stock, not available, unavailable, oos,
    discontinued, end of life, eol, no, false, nil, none, zero,
    uitverkocht, niet op voorraad, geen voorraad, niet beschikbaar, niet leverbaar, verkocht, nee, geen,
    ausverkauft, nicht auf lager, nicht verfügbar, nicht lieferbar, nicht lagernd, verkauft, vergriffen, nein,
    keine, kein,
    udsolgt, ikke på lager, ikke tilgængelig, solgt, ikke lagerført, nej, udgået, ingen,
    épuisé, rupture, en rupture, rupture de stock, indisponible, non disponible, pas en stock, vendu, non, aucun, aucune
""")

# Nothing is promised now, though it may come: 0 pieces, and the line says so.
ON_REQUEST = phrases("""
    on request, upon request, by request, on demand, ask, ask for stock, call, call us, call for stock, enquire,
    inquire, contact us, back order, backorder, on backorder, back-order, pre-order, preorder, pre order, incoming,
    on order, coming soon, soon, in transit, expected, eta, to order,
    op aanvraag, aanvragen, op bestelling, in bestelling, binnenkort, verwacht, onderweg, nabestelling, in backorder,
    auf anfrage, anfragen, auf bestellung, bestellt, in kürze, demnächst, vorbestellung, erwartet, unterwegs, a.a.,
    på forespørgsel, efter forespørgsel, på bestilling, bestilt, forventet, snart, på vej, i restordre, restordre,
    sur demande, sur commande, nous consulter, précommande, bientôt, en commande, en cours, à venir, attendu
""")

# What may stand around a number of pieces without changing it: "32 available", "mehr als 10 Stück", "10+ op voorraad".
AROUND_PIECES = single_words("""
    in on of at stock available avail availability pcs pc piece pieces unit units qty quantity ea each more than
    over least minimum op voorraad beschikbaar leverbaar stuks stuk st meer dan minstens minimaal aantal auf ab
    lager lagernd verfügbar lieferbar stück stk mehr als über mindestens anzahl på lageret tilgængelig
    tilgængelige stks mere end mindst antal flere en disponible disponibles pièce pièces pce pces unité unités
    plus de au moins
""")
# A number of which is only said that there is less: "< 5", "up to 10".
AT_MOST = phrases("""
    <, <=, ≤, less than, up to, max, maximum, at most, under, below, fewer than, only, last, minder dan, maximaal,
    hoogstens, tot, laatste, weniger als, höchstens, bis zu, unter, nur, letzte, mindre end, højst, op til, sidste,
    moins de, jusqu'à, dernier, derniers
""")

# What may stand beside an amount of money without changing it.
AROUND_MONEY = single_words("""
    excl ekskl ex exclusive excluding vat btw mwst ust moms tva ht hors netto net nett plus zzgl ohne uden each
    ea per pro p st stk stück stuk stuks pc pcs piece unit pièce unité
""")

_CURRENCY_WORDS: dict[str, str] = {
    "EUR": "eur, euro, euros, €, eu€",
    "DKK": "dkk, danish krone, danish kroner, danske kroner, kr dk, dkr, d.kr.",
    "GBP": "gbp, £, pound, pounds, pound sterling, sterling, uk£, gb£, brits pond, britische pfund, livre sterling",
    "USD": "usd, $, us$, us $, usd$, dollar, dollars, us dollar, us dollars, u.s. dollar, dollar us, dollars us",
    "SEK": "sek, swedish krona, swedish kronor, svenska kronor, skr",
    "NOK": "nok, norwegian krone, norwegian kroner, norske kroner, nkr",
    "PLN": "pln, zł, zl, zloty, złoty, zlotys, złotych",
    "CHF": "chf, sfr, sfr., fr., franken, schweizer franken, swiss franc, swiss francs, franc suisse, francs suisses",
    "CZK": "czk, kč, kc, koruna, koruny, korun",
}
CURRENCY_WORDS = {word: code for code, words in _CURRENCY_WORDS.items() for word in phrases(words)}
KRONE_WORDS = phrases("kr, kr., kroner, krone, kronor, kronen")

# VAT: by what the unit was bought under. A bare 0 % is not here: it may be margin, export or a reverse charge.
MARGIN_WORDS = phrases("""
    margin, margin scheme, margin vat, vat margin, marginal, marginal vat, margin goods, second-hand margin scheme,
    second hand margin, used goods scheme,
    marge, margeregeling, marge regeling, marge-regeling, marge btw, btw marge, marge goederen, margegoederen,
    differenzbesteuert, differenzbesteuerung, differenz, differenzbest., diff, diff., diff.-best., § 25a, §25a,
    § 25a ustg, §25a ustg, 25a, differential, differential taxation,
    brugtmoms, brugtmomsordning, brugtmomsordningen, marginmoms,
    tva sur marge, tva sur la marge, régime de la marge, sur marge, marge tva
""")
REGULAR_WORDS = phrases("""
    regular, standard, normal, vat, vat qualified, qualifying, vat qualifying, full vat, vat goods, standard rate,
    normal vat, plus vat, excl vat, excl. vat, ex vat, + vat, vatable,
    btw, btw goederen, regulier, excl btw, excl. btw, ex btw, hoog, normaal, btw hoog,
    mwst, mwst., ust, ust., regelbesteuert, regelbesteuerung, regelsteuersatz, zzgl. mwst, zzgl. mwst.,
    moms, fuld moms, ekskl. moms, ekskl moms, momspligtig, almindelig moms,
    tva, tva normale, taux normal, ht, normale
""")
# Rates of these years in the countries that we buy from; a sale with one of them carries deductible VAT.
REGULAR_RATES = frozenset({"21", "19", "20", "25", "23", "22", "24", "17"})

# Grade words that say what they are in any list; only to recognise a column, never to decide a grade.
GRADE_WORDS = phrases("""
    new, brand new, like new, as new, open box, sealed, refurbished, refurb, ref, ref., used, pre-owned, preowned,
    mint, pristine, excellent, very good, good, fair, acceptable, poor, premium, gold, silver, bronze, platinum,
    a, a+, a++, a-, b, b+, b-, c, c+, c-, d, e, f, aa, ab, bc, cd, a/b, b/c, a/b mixed, mixed, a1, a2, b1, b2, c1, c2,
    grade a, grade a+, grade b, grade c, grade d, grade ab, a grade, b grade, c grade, a-grade, b-grade, c-grade,
    class a, class b, class c, tested, tested working, untested, working, faulty, broken, defect, defective, for parts,
    cracked, locked, no power, demo, ex-demo, bulk, returns, customer return, oem, cpo, scrap,
    nieuw, als nieuw, zo goed als nieuw, zeer goed, goed, redelijk, matig, gebruikt, zichtbaar gebruikt, tweedehands,
    uitstekend, klasse a, klasse b, klasse c, graad a, graad b, graad c, defecte, kapot, retour, licht gebruikt,
    neu, wie neu, neuwertig, sehr gut, gut, akzeptabel, gebraucht, hervorragend, generalüberholt, befriedigend,
    ausgezeichnet, vorführgerät, defekt, für bastler, stark gebraucht, zustand a, zustand b, zustand c,
    ny, som ny, meget god, god, acceptabel, brugt, flot, velholdt, ødelagt, fejl, fremragende, rimelig,
    neuf, comme neuf, très bon état, très bon, bon état, bon, correct, état correct, parfait état, parfait, occasion,
    reconditionné, usagé, hors service, pour pièces, excellent état, satisfaisant, cassé
""")


def plain(text: str) -> str:
    """Small letters without accents: `Größe` and `GROSSE` are one, `mærke` is `maerke`."""
    text = text.casefold()
    if text.isascii():
        return text
    text = text.replace("æ", "ae").replace("ø", "o").replace("ł", "l").replace("œ", "oe")
    return "".join(sign for sign in unicodedata.normalize("NFKD", text) if not unicodedata.combining(sign))
