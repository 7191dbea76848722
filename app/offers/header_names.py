"""Column names in English, Dutch, German, Danish and French, and what they say a column holds."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import NamedTuple

from app.offers.known_words import CURRENCIES, plain, single_words

# Field -> its names per language, as people write them; commas separate.
_NAMES: dict[str, dict[str, str]] = {
    "item_number": {
        "en": "no, nr, number, item, item no, item nr, item number, item code, item id, itemno, itemcode, article, "
        "article no, article nr, article number, article code, article id, art no, sku, sku code, supplier "
        "sku, vendor sku, stock code, stockcode, product code, productcode, product no, product number, "
        "product id, productid, product nr, reference, reference no, ref, ref no, code, id, material, "
        "material no, material number, lot, lot no, lot number, our ref, our reference, supplier code, item "
        "sku, product sku, unique id, stock id, offer id",
        "nl": "nummer, artikel, artikelnummer, artikelnr, artikel nr, artikelcode, artikel code, artikel id, art "
        "nr, artnr, art code, bestelnummer, bestelnr, bestelcode, productnummer, productnr, product code, "
        "referentie, referentienummer, leveranciersnummer, artikelnummer leverancier, volgnummer, "
        "voorraadnummer",
        "de": "artikelnr, art nr, artikelnummer, artikel nummer, bestellnummer, bestellnr, bestell nr, best nr, "
        "bestellcode, produktnummer, produktnr, produktcode, materialnummer, materialnr, sachnummer, "
        "referenz, referenznummer, lieferantenartikelnummer, lieferanten artikelnummer, warennummer, "
        "positionsnummer, pos",
        "da": "nummer, varenummer, varenr, vare nr, vare nummer, varekode, vare, produktnummer, produktnr, "
        "produktkode, bestillingsnummer, bestillingsnr, bestnr, leverandørvarenr, lev varenr, lagernummer, "
        "partinummer",
        "fr": "numéro, référence, réf, n° article, n° art, no article, numéro article, numéro d'article, code "
        "article, référence article, réf article, code produit, référence produit, réf produit, article, "
        "référence fournisseur, identifiant",
    },
    "description": {
        "en": "description, item description, product description, article description, name, product name, item "
        "name, article name, product, title, product title, device, device name, goods, goods description, "
        "short description, long description, item title, material description, equipment",
        "nl": "omschrijving, beschrijving, artikelomschrijving, productomschrijving, naam, productnaam, "
        "artikelnaam, producttitel, titel, toestel, toestelnaam, benaming, apparaat, korte omschrijving, "
        "omschrijving artikel",
        "de": "bezeichnung, artikelbezeichnung, produktbezeichnung, beschreibung, artikelbeschreibung, "
        "produktbeschreibung, produktname, artikelname, produkt, titel, gerät, gerätename, artikeltext, "
        "langtext, kurztext, warenbezeichnung, bezeichnung 1, artikel bezeichnung",
        "da": "beskrivelse, varebeskrivelse, produktbeskrivelse, varetekst, navn, varenavn, produktnavn, produkt, "
        "produkttitel, titel, enhed, tekst, betegnelse, varebetegnelse, vare tekst",
        "fr": "désignation, description, libellé, libellé produit, nom, nom du produit, nom produit, produit, "
        "titre, appareil, intitulé, désignation article, description du produit",
    },
    "quantity": {
        "en": "qty, quantity, available, availability, available qty, avail qty, qty available, available quantity, "
        "quantity available, available stock, stock available, stock, in stock, stock qty, stock quantity, "
        "stock level, on hand, on hand qty, qty on hand, on stock, free stock, free qty, free quantity, "
        "pieces, pcs, units, units available, inventory, available units, atp, ats, available to sell, "
        "instock, qty in stock, no of pieces, stock pcs, quantity in stock, inventory quantity, number of "
        "units, count",
        "nl": "aantal, voorraad, beschikbaar, beschikbare voorraad, vrije voorraad, voorraad vrij, stuks, "
        "hoeveelheid, op voorraad, beschikbaarheid, voorraad aantal, aantal op voorraad, aantal beschikbaar, "
        "aantal stuks, voorraadaantal, actuele voorraad, beschikbaar aantal",
        "de": "anzahl, menge, bestand, lagerbestand, lager, lagermenge, verfügbar, verfügbarkeit, verfügbare menge, "
        "vorrat, stück, stückzahl, auf lager, verfügbarer bestand, freier bestand, menge verfügbar, stk, anz, "
        "bestandsmenge, lagerstand",
        "da": "antal, lager, lagerbeholdning, beholdning, lagerantal, på lager, tilgængelig, tilgængelige, "
        "tilgængeligt antal, mængde, disponibel, disponibelt, disponibel beholdning, stk, antal på lager, "
        "antal stk, lagerstatus, lager antal, ledig beholdning",
        "fr": "quantité, qté, quantités, stock, disponible, disponibilité, en stock, pièces, nombre, quantité "
        "disponible, stock disponible, qté disponible, quantité en stock, qté stock, nombre de pièces, dispo",
    },
    "price": {
        "en": "price, unit price, price each, price per unit, price per piece, net price, price net, sales price, "
        "selling price, sell price, our price, your price, export price, promo price, promotion price, "
        "promotional price, special price, offer price, cost, unit cost, cost price, dealer price, reseller "
        "price, wholesale price, trade price, purchase price, buying price, b2b price, partner price, "
        "customer price, ask, asking price, price pc, net, discount price, discounted price, sale price, ex "
        "vat price, price excl vat, base price",
        "nl": "prijs, stuksprijs, stukprijs, prijs per stuk, nettoprijs, netto prijs, prijs netto, inkoopprijs, "
        "inkoop, verkoopprijs, verkoop, actieprijs, aanbiedingsprijs, dealerprijs, kostprijs, eenheidsprijs, "
        "netto, uw prijs, onze prijs, handelsprijs, resellerprijs, exportprijs, vraagprijs, prijs excl btw",
        "de": "preis, stückpreis, einzelpreis, nettopreis, netto preis, preis netto, netto, einkaufspreis, ek, ek "
        "preis, ek netto, hek, verkaufspreis, vk, vk preis, vk netto, händlerpreis, aktionspreis, "
        "sonderpreis, angebotspreis, ihr preis, exportpreis, preis pro stück, preis je stück, kundenpreis, "
        "händler ek, dein preis",
        "da": "pris, stykpris, stk pris, pris pr stk, enhedspris, nettopris, netto pris, eksport pris, eksportpris, "
        "salgspris, indkøbspris, kostpris, kampagnepris, tilbudspris, forhandlerpris, din pris, vores pris, "
        "pris netto, pris ekskl moms, kundepris",
        "fr": "prix, prix unitaire, pu, pu ht, prix ht, prix net, prix d'achat, prix de vente, prix promo, prix "
        "promotionnel, tarif, coût, prix unitaire ht, pa, pa ht, prix revendeur, prix export, prix par pièce, "
        "tarif ht, prix pièce, votre prix",
    },
    "currency": {
        "en": "currency, currency code, curr, cur, ccy, iso currency, price currency",
        "nl": "valuta, munt, muntsoort, valutacode, munteenheid",
        "de": "währung, währungscode, waehrung, devise, whg",
        "da": "valuta, valutakode, møntsort, møntenhed",
        "fr": "devise, monnaie, code devise, unité monétaire",
    },
    "grade": {
        "en": "grade, condition, cosmetic grade, cosmetic condition, grading, quality, class, cosmetics, product "
        "condition, item condition, device condition, quality grade, grade code, condition code, appearance, "
        "cond",
        "nl": "conditie, staat, kwaliteit, klasse, graad, cosmetische staat, cosmetische conditie, gradering, "
        "productconditie, optische staat, toestand, grade",
        "de": "zustand, qualität, güte, klasse, gerätezustand, optischer zustand, produktzustand, artikelzustand, "
        "zustandsklasse, güteklasse, kondition, zustandsbeschreibung",
        "da": "tilstand, stand, kvalitet, kosmetisk stand, klasse, produktstand, varestand, kondition, kosmetik, "
        "produkttilstand",
        "fr": "état, qualité, classe, état cosmétique, état esthétique, état du produit, condition, esthétique",
    },
    "gtin": {
        "en": "ean, ean13, ean 13, ean code, eancode, ean number, ean no, ean nr, gtin, gtin13, gtin 13, gtin14, "
        "gtin 14, gtin code, barcode, bar code, barcode number, upc, upc code, upc ean, ean upc, ean gtin, "
        "jan, itf14",
        "nl": "ean nummer, streepjescode, ean barcode, barcodenummer",
        "de": "strichcode, ean nummer, gtin nummer, barcode nummer",
        "da": "stregkode, ean nummer, ean kode, stregkodenummer",
        "fr": "code barre, code barres, code à barres, code ean, gencod, gencode, code gtin",
    },
    "mpn": {
        "en": "mpn, part number, partnumber, part no, part nr, part code, part, pn, p n, mfr part no, mfr part "
        "number, mfg part number, mfg part no, mfr no, manufacturer part number, manufacturer part no, "
        "manufacturer number, manufacturer code, manufacturer sku, manufacturer no, vendor part number, oem "
        "number, oem no, oem part number, order number, apple part number, vpn, mfpn, oem code, maker part "
        "number",
        "nl": "fabrikantnummer, fabrikantcode, fabrikant artikelnummer, onderdeelnummer, typenummer, artikelnummer "
        "fabrikant, fabrieksnummer, fabriekscode, partnummer",
        "de": "herstellernummer, hersteller nr, herstellernr, herstellerartikelnummer, hersteller artikelnummer, "
        "hersteller art nr, teilenummer, teile nr, herstellercode, hersteller nummer, han",
        "da": "producentnummer, producent nr, producentens varenummer, producentens varenr, producent varenummer, "
        "producentvarenummer, fabrikantens varenr, fabriksnummer, delnummer, reservedelsnummer",
        "fr": "référence fabricant, réf fabricant, référence constructeur, réf constructeur, code fabricant, numéro "
        "de pièce, référence du fabricant, code constructeur",
    },
    "brand": {
        "en": "brand, brand name, manufacturer, make, maker, mfr, mfg, manufacturer name, vendor, oem",
        "nl": "merk, merknaam, fabrikant, producent, merk naam",
        "de": "marke, hersteller, markenname, herstellername, produzent",
        "da": "mærke, fabrikat, producent, mærkenavn, varemærke",
        "fr": "marque, fabricant, constructeur, nom de marque",
    },
    "model": {
        "en": "model, model name, modelname, model no, model nr, model number, model code, model id, product model, "
        "device model, product line, series, model description, machine type",
        "nl": "modelnummer, modelnaam, modelnr, serie, type toestel, model toestel",
        "de": "modell, modellname, modellnummer, modellbezeichnung, modellnr, gerätemodell, serie, baureihe",
        "da": "modelnavn, modelnummer, modelbetegnelse, modelnr, serie",
        "fr": "modèle, nom du modèle, numéro de modèle, référence modèle, série, gamme",
    },
    "configuration": {
        "en": "configuration, config, specification, specifications, specs, spec, tech specs, technical "
        "specifications, system configuration, hardware",
        "nl": "configuratie, specificatie, specificaties, uitvoering, specs",
        "de": "konfiguration, spezifikation, spezifikationen, ausstattung, technische daten, ausführung, konfig",
        "da": "konfiguration, specifikation, specifikationer, udstyr, udførelse",
        "fr": "configuration, spécification, spécifications, caractéristiques, fiche technique, équipement",
    },
    "colour": {
        "en": "colour, color, colour name, color name, colours, colors, device colour, device color",
        "nl": "kleur, kleuren, kleurnaam",
        "de": "farbe, farben, farbton, farbbezeichnung, gerätefarbe",
        "da": "farve, farver, farvenavn",
        "fr": "couleur, coloris, teinte, couleurs",
    },
    "storage": {
        "en": "storage, capacity, storage capacity, storage size, internal storage, hdd, ssd, hdd ssd, ssd hdd, "
        "disk, disk size, hard disk, hard drive, harddrive, drive, gb, rom, disk capacity, storage gb, "
        "capacity gb, hd",
        "nl": "opslag, opslagcapaciteit, capaciteit, schijf, harde schijf, schijfruimte, interne opslag, "
        "opslagruimte, schijfcapaciteit",
        "de": "speicherplatz, speicherkapazität, kapazität, festplatte, interner speicher, festplattenkapazität, "
        "speichergröße, festspeicher, massenspeicher",
        "da": "lagring, lagerplads, lagerkapacitet, kapacitet, harddisk, lagringsplads, lagringskapacitet",
        "fr": "stockage, capacité, capacité de stockage, disque, disque dur, espace de stockage, stockage interne",
    },
    "memory": {
        "en": "memory, ram, ram size, ram memory, system memory, memory size, installed memory, ram gb, memory gb",
        "nl": "geheugen, werkgeheugen, ram geheugen, geheugengrootte, intern geheugen",
        "de": "speicher, arbeitsspeicher, hauptspeicher, ram speicher",
        "da": "hukommelse, arbejdshukommelse, ram hukommelse, systemhukommelse",
        "fr": "mémoire, mémoire vive, mémoire ram, mémoire interne",
    },
    "processor": {
        "en": "processor, cpu, processor type, cpu type, chip, chipset, processor model, cpu model, processor name",
        "nl": "processortype, processor model, processormodel",
        "de": "prozessor, prozessortyp, prozessormodell",
        "da": "processor type, processortype, processornavn",
        "fr": "processeur, type de processeur, modèle de processeur, puce",
    },
    "keyboard": {
        "en": "keyboard, keyboard language, keyboard layout, keyboard sprog, kbd, kb, keyb, kb layout, kb language, "
        "keyboard type, layout, kbd layout",
        "nl": "toetsenbord, toetsenbordindeling, toetsenbord taal, toetsenbordtaal, toetsenbord indeling",
        "de": "tastatur, tastaturlayout, tastatur layout, tastaturbelegung, tastatursprache, tastatur sprache",
        "da": "tastatur, tastatursprog, tastatur sprog, tastaturlayout",
        "fr": "clavier, langue du clavier, disposition du clavier, langue clavier, type de clavier",
    },
    "category": {
        "en": "category, item category, item category code, product category, product type, type, item type, device "
        "type, product family, main category, category name, category code, article type, goods type",
        "nl": "categorie, productcategorie, productsoort, soort, artikelsoort, hoofdcategorie, artikelcategorie, "
        "producttype, type product",
        "de": "kategorie, warenkategorie, produktkategorie, produktart, artikelart, warengruppe, produkttyp, "
        "gerätetyp, hauptkategorie, warenart",
        "da": "kategori, varekategori, varekategorikode, produktkategori, varetype, produkttype, hovedkategori",
        "fr": "catégorie, type de produit, famille, catégorie de produit, type, famille de produits, rayon",
    },
    "group": {
        "en": "group, product group, product group code, item group, subcategory, sub category, subgroup, sub "
        "group, article group, subtype",
        "nl": "groep, productgroep, artikelgroep, subcategorie, subgroep, sub categorie",
        "de": "gruppe, produktgruppe, artikelgruppe, unterkategorie, untergruppe, unterwarengruppe",
        "da": "gruppe, produktgruppe, produktgruppekode, varegruppe, underkategori, undergruppe",
        "fr": "groupe, sous catégorie, groupe de produits, sous famille, groupe d'articles",
    },
    "warranty": {
        "en": "warranty, guarantee, warranty period, warranty months, warranty status",
        "nl": "garantie, garantietermijn, garantieperiode, garantie maanden",
        "de": "garantie, gewährleistung, garantiezeit, garantiedauer",
        "da": "garanti, garantiperiode, reklamationsret",
        "fr": "garantie, durée de garantie, garantie mois",
    },
    "vat_scheme": {
        "en": "vat, vat scheme, vat type, vat code, vat rate, vat status, tax, tax scheme, tax code, tax type, tax "
        "rate, margin, margin scheme, margin vat, vat margin, vat or margin, taxation, vat treatment, "
        "marginal",
        "nl": "btw, btw regeling, btw code, btw type, btw tarief, btw soort, marge, margeregeling, marge btw, btw "
        "marge, marge of btw, belasting, btw percentage",
        "de": "mwst, mwst satz, ust, ust satz, steuer, steuersatz, steuerart, besteuerung, besteuerungsart, "
        "differenzbesteuerung, differenzbesteuert, umsatzsteuer, mehrwertsteuer, steuercode",
        "da": "moms, momstype, momskode, brugtmoms, momssats, momsordning, momsregel",
        "fr": "tva, régime tva, taux tva, régime de tva, type tva, code tva, tva sur marge, taux de tva",
    },
}

# Words beside a name that change nothing: "Stukprijs excl. btw", "Price per unit in EUR".
_FILLERS = single_words("""
    the a an of in per pro pr je each ea piece pc pcs stk st stuk stuks stuck styk excl ekskl ex exclusive
    exclusief exkl without zonder ohne uden hors ht vat btw mwst moms tva ust tax net netto nett unit units
    eenheid your our ihr uw onze unser din de het der die das den le la les du des d and or en et og und current
    actual new nieuwe neue ny today nl eu be dk uk fr b2b
""")
# Words beside a name that make it another thing: "Min. order qty", "Stock location", "List price", "Battery grade".
_DOUBTS = single_words("""
    min minimum minimale mindest moq max maximum maximal incoming inbound ordered order orders reserved
    allocated sold box carton pallet pack package case value total totaal gesamt ialt location locatie lagerort
    lokation emplacement warehouse magazijn magasin date datum dato updated time days weight gewicht vaegt poids
    list catalog catalogue retail rrp srp msrp uvp recommended adviesprijs advies vejledende vejl conseille
    public old previous was oude alter ancien gamle before fore incl including inclusief inkl inclusive ttc
    brutto gross bruto consumer consumentenprijs average competitor market battery accu akku batteri batterie
    serial serie imei phone telefoon url link image picture foto bild billede photo remark remarks comment
    comments opmerking bemerkung note notes software version status packaging verpakking verpackung emballage
    delivery shipping customer klant kunde client country land pays origin change difference percent percentage
    ratio score bundle screen display lock carrier network language taal sprache sprog langue sim lead expected
    eta backorder age year month week
""")
_DOUBTFUL_NAMES = single_words("""
    listprice listenpreis brutto bruttopreis adviesprijs consumentenprijs uvp rrp srp msrp verkoopadviesprijs
    oudeprijs vejledende catalogusprijs katalogpreis bruttoprijs bruttopris mindestbestellmenge bestellmenge
    bestelhoeveelheid minimumafname mindestmenge seriennummer serienummer modelnummer telefoonnummer
    telefonnummer rechnungsnummer ordernummer auftragsnummer ordrenummer kundennummer klantnummer hausnummer
    zolltarifnummer toldtarifnummer warentarifnummer
""")
# Names that tables of other things have as well.
_VAGUE = single_words("""
    id code no nr number name title type count pos part lot item article text net units class
""")
_ENDINGS = (
    ("price", ("preis", "prijs", "pris")),
    ("quantity", ("bestand", "voorraad", "beholdning")),
    ("colour", ("farbe", "kleur", "farve", "couleur")),
    ("description", ("bezeichnung", "omschrijving", "beskrivelse", "beschreibung")),
    ("item_number", ("nummer", "nr")),
)
_DIGRAPHS = str.maketrans({"ä": "ae", "ö": "oe", "ü": "ue", "å": "aa", "ø": "oe"})
_TOKENS = re.compile(r"[^\W\d_]+|[0-9]+")
_CURRENCY = re.compile(r"(?<![A-Za-z])(" + "|".join(CURRENCIES) + r")(?![A-Za-z])|([€£$])", re.IGNORECASE)
_CURRENCY_SIGNS = {"€": "EUR", "£": "GBP", "$": "USD"}


class Named(NamedTuple):
    """What a header says. `doubt`: a word in it that may make it another thing."""

    field: str
    confidence: float
    currency: str | None = None
    doubt: str = ""


def tokens(text: str) -> list[str]:
    """The words and numbers of a header without accents: `N° d'article` is n, d, article."""
    return _TOKENS.findall(plain(text))


def _vocabulary() -> dict[tuple[str, ...], str]:
    """Words of every name -> field; a name of several fields goes to the field that stands first."""
    found: dict[tuple[str, ...], str] = {}
    for field, languages in _NAMES.items():
        for name in (name for names in languages.values() for name in names.split(",")):
            for spelling in (name, name.translate(_DIGRAPHS)):
                found.setdefault(tuple(tokens(spelling)), field)
    return found


_VOCABULARY = _vocabulary()
_LONGEST = max(map(len, _VOCABULARY))


@lru_cache(maxsize=4096)
def read_header(header: str) -> Named:
    """The field that a column's name says, how sure that is, and the currency in it; field '' for no known name."""
    money = _CURRENCY.search(header)
    currency = (_CURRENCY_SIGNS.get(money[0]) or money[0].upper()) if money else None
    words = [word for word in tokens(_CURRENCY.sub(" ", header)) if word]
    if not words:
        return Named("price" if currency else "", 0.6 if currency else 0.0, currency)
    field = _VOCABULARY.get(tuple(words))
    if field:
        return Named(field, 0.8 if words[0] in _VAGUE and len(words) == 1 else 0.95, currency)
    bare = [word for word in words if word not in _FILLERS and not word.isdigit()]
    field = _VOCABULARY.get(tuple(bare))
    if field:
        return Named(field, 0.9, currency)
    field, rest = _phrase_inside(words)
    if not field:
        field, rest = _by_ending(words)
    if not field:
        return Named("", 0.0, currency)
    rest = [word for word in rest if word not in _FILLERS and not word.isdigit()]
    doubt = next((word for word in words if word in _DOUBTFUL_NAMES), "") or next((w for w in rest if w in _DOUBTS), "")
    if doubt:
        return Named(field, 0.3, currency, doubt)
    if len(rest) > 3:
        return Named("", 0.0, currency)  # A sentence that happens to hold a name.
    return Named(field, (0.85, 0.75, 0.65, 0.5)[len(rest)], currency)


def _phrase_inside(words: list[str]) -> tuple[str, list[str]]:
    """The longest known name among the words, the last of equals, and the words beside it."""
    for size in range(min(_LONGEST, len(words)), 0, -1):
        for start in range(len(words) - size, -1, -1):
            field = _VOCABULARY.get(tuple(words[start : start + size]))
            if field and not (size == 1 and (len(words[start]) < 3 or words[start] in _FILLERS)):
                return field, words[:start] + words[start + size :]
    return "", []


def _by_ending(words: list[str]) -> tuple[str, list[str]]:
    """German, Dutch and Danish make one word of several: `Internetpreis`, `Kernvoorraad`."""
    for number, word in enumerate(words):
        for field, endings in _ENDINGS:
            if word.endswith(endings) and len(word) > 4:
                return field, words[:number] + words[number + 1 :] + ["compound"]
    return "", []
