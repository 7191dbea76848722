"""What people, companies and places of generated orders are called; the common ones stand first."""

from __future__ import annotations

FIRST = (
    "Jan", "Maria", "Johannes", "Anna", "Daan", "Emma", "Sem", "Sophie", "Lucas", "Julia", "Peter", "Marieke", "Thomas",
    "Lotte", "Tim", "Eva", "Ruud", "Ingrid", "Mark", "Sanne", "Zoë", "Noël", "René", "Joëlle", "Mohammed", "Fatima",
    "Ali", "Ayşe", "Pieter", "Annemarie", "Jürgen", "Björn", "Chloé", "François", "Hélène", "Sørina", "Łukasz", "Márta",
    "Bart", "Femke", "Geert", "Hanneke", "Janneke", "Jannes", "Koen", "Lieke", "Maarten", "Nienke", "Olivier", "Petra",
    "Quinten", "Rianne", "Stijn", "Tessa", "Ulrike", "Vincent", "Wouter", "Xandra", "Yannick", "Zeynep",
)  # fmt: skip
LAST = (
    "de Jong", "Jansen", "de Vries", "van den Berg", "van Dijk", "Bakker", "Janssen", "Visser", "Smit", "Meijer",
    "de Boer", "Mulder", "de Groot", "Bos", "Vos", "Peters", "Hendriks", "van Leeuwen", "Dekker", "Brouwer", "de Wit",
    "Dijkstra", "Smits", "de Graaf", "van der Meer", "van der Linden", "Kok", "Jacobs", "de Haan", "Vermeulen",
    "van den Heuvel", "van der Veen", "van den Broek", "de Bruijn", "de Bruin", "van der Heijden", "Schouten",
    "Willems",
    "van Beek", "Hoekstra", "van Vliet", "Maas", "Verhoeven", "Koster", "van Dam", "van der Wal", "Prins", "Blom",
    "Huisman", "Peeters", "Özgür", "Müller", "Yılmaz", "Kuipers", "Veenstra", "Postma", "Groen", "van Wijk",
    "Bosman", "Sanders", "Jonker", "Gerritsen", "Molenaar", "Scholten", "El Amrani", "Nguyễn", "Kowalczyk", "D'Haese",
    "Lefèvre", "Schröder", "García", "Petrović", "Åkesson", "Zijlstra", "Vandenbroucke", "Wuyts", "Ruiter", "Tuinstra",
)  # fmt: skip
# A company is one word of each of these three and a legal form: `Tulp Techniek Zwolle B.V.`.
HOUSES = (
    "Tulp", "Molen", "Noordster", "Hanze", "Duinrand", "Eikenhof", "Kompas", "Zuiderzee", "Lindewerk", "Polder",
    "Anker",
    "Rivier", "Klaver", "Vuurtoren", "Reiger", "Zilver", "Kastanje", "Lelie", "Havik", "Brug", "Oranje", "Delta",
    "Vesting",
    "Korenaar", "Meridiaan", "Sluis", "Windroos", "Waterman", "Gulden", "Beukenlaan",
)  # fmt: skip
TRADES = (
    "Techniek", "Zorg", "Bouw", "Advies", "Logistiek", "Onderwijs", "Media", "Software", "Installatie", "Makelaars",
    "Accountants", "Notariaat", "Groothandel", "Uitzendbureau", "Beheer", "Transport", "Horeca", "Interieur", "Design",
    "Kinderopvang",
)  # fmt: skip
FORMS = ("B.V.", "BV", "VOF", "& Zn.", "Stichting", "NV")
TOWNS = (
    "Amsterdam", "Rotterdam", "Utrecht", "Eindhoven", "Groningen", "Tilburg", "Almere", "Breda", "Nijmegen",
    "Apeldoorn",
    "Arnhem", "Haarlem", "Enschede", "Amersfoort", "Zaandam", "Zwolle", "Leiden", "Leeuwarden", "Maastricht",
    "Dordrecht",
)  # fmt: skip
STREETS = (
    "Kerkstraat", "Dorpsstraat", "Hoofdstraat", "Molenweg", "Schoolstraat", "Stationsweg", "Julianastraat",
    "Nieuwstraat",
    "Wilhelminastraat", "Beatrixstraat", "Eikenlaan", "Kastanjelaan", "Parallelweg", "Marktplein", "Havenkade",
    "Singel",
)  # fmt: skip
DOMAINS = (
    "gmail.com", "hotmail.com", "outlook.com", "ziggo.nl", "live.nl", "kpnmail.nl", "icloud.com", "telenet.be",
    "xs4all.nl",
    "proton.me",
)  # fmt: skip
