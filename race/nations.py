"""The teams of short track: members of the International Skating Union by code and by the name that screens show."""

NATIONS = {
    "ARG": ("ARGENTINA",),
    "ARM": ("ARMENIA",),
    "AUS": ("AUSTRALIA",),
    "AUT": ("AUSTRIA",),
    "BEL": ("BELGIUM",),
    "BLR": ("BELARUS",),
    "BRA": ("BRAZIL",),
    "BUL": ("BULGARIA",),
    "CAN": ("CANADA",),
    "CHN": ("CHINA", "PR CHINA"),
    "CRO": ("CROATIA",),
    "CZE": ("CZECHIA", "CZECH REPUBLIC"),
    "DEN": ("DENMARK",),
    "ESP": ("SPAIN",),
    "EST": ("ESTONIA",),
    "FIN": ("FINLAND",),
    "FRA": ("FRANCE",),
    "GBR": ("GREAT BRITAIN",),
    "GER": ("GERMANY",),
    "HKG": ("HONG KONG", "HONG KONG CHINA"),
    "HUN": ("HUNGARY",),
    "IND": ("INDIA",),
    "IRL": ("IRELAND",),
    "ISR": ("ISRAEL",),
    "ITA": ("ITALY",),
    "JPN": ("JAPAN",),
    "KAZ": ("KAZAKHSTAN",),
    "KOR": ("KOREA", "SOUTH KOREA", "REPUBLIC OF KOREA"),
    "LAT": ("LATVIA",),
    "LTU": ("LITHUANIA",),
    "LUX": ("LUXEMBOURG",),
    "MAS": ("MALAYSIA",),
    "MEX": ("MEXICO",),
    "MGL": ("MONGOLIA",),
    "NED": ("NETHERLANDS", "THE NETHERLANDS"),
    "NOR": ("NORWAY",),
    "NZL": ("NEW ZEALAND",),
    "PHI": ("PHILIPPINES",),
    "POL": ("POLAND",),
    "PRK": ("DPR KOREA",),
    "ROC": (),
    "ROU": ("ROMANIA",),
    "RSU": (),
    "RUS": ("RUSSIA",),
    "SGP": ("SINGAPORE",),
    "SLO": ("SLOVENIA",),
    "SRB": ("SERBIA",),
    "SUI": ("SWITZERLAND",),
    "SVK": ("SLOVAKIA",),
    "SWE": ("SWEDEN",),
    "THA": ("THAILAND",),
    "TPE": ("CHINESE TAIPEI",),
    "TUR": ("TURKEY", "TÜRKIYE"),
    "UKR": ("UKRAINE",),
    "USA": ("UNITED STATES",),
    "UZB": ("UZBEKISTAN",),
}

LONGEST_CODE = 3
"""Letters of a nation's code: a short name that ends in one may be anybody's."""

_SHOWN = {"".join(name.split()).casefold() for code, names in NATIONS.items() for name in (code, *names)}


def is_team(name: str) -> bool:
    """Whether ``name`` is a nation, with a number or letter behind it perhaps, as of its second team."""
    bare = "".join(name.split()).casefold()
    return bare in _SHOWN or bare[:-1] in _SHOWN


def without_rank(name: str) -> str:
    """``name``, less a first letter that was a rank, as in LKOREA for 1.KOREA and ZCHINA for 2.CHINA."""
    return name[1:] if len(name) > LONGEST_CODE + 1 and not is_team(name) and is_team(name[1:]) else name
