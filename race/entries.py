"""Which starter of the start list a name on the score bug means, as people would say it.

A score bug has room for a surname, perhaps an initial, or the team; spells without accents; and is read with slips. So
``E. FEKETE``, ``FEKETE E``, ``Fekete``, ``FEKETF`` and ``Eva Fekete`` are all Eva FEKETE, where nobody else on the list
is as near.
"""

import math
import re
import unicodedata
from collections.abc import Iterable, Sequence

from race.nations import NATIONS
from race.start_list import Entry

LOOKS_LIKE = str.maketrans({"0": "o", "1": "i", "5": "s", "8": "b", "l": "i", "ø": "o", "ł": "i", "đ": "d", "ı": "i"})
"""Letters that a reader of pictures takes for each other, and letters that are no accented form of a plain one."""
SLIPS = ((8, 2), (4, 1))
"""In so many letters and more, so many may be wrong; in fewer none."""


def match_entries(labels: Iterable[str], start_list: Sequence[Entry]) -> dict[str, Entry]:
    """Label -> the entry it means, for those ``labels`` that fit one entry better than all others.

    A label that is the team of several entries means none of them.
    """
    matched = {}
    for label in set(labels):
        apart = [_letters_apart(label, entry) for entry in start_list]
        nearest = min(apart, default=math.inf)
        if nearest < math.inf and apart.count(nearest) == 1:
            matched[label] = start_list[apart.index(nearest)]
    return matched


def _letters_apart(label: str, entry: Entry) -> float:
    """Letters in which ``label`` differs from what may be written for ``entry``; infinite where it means another."""
    words, teams = _words(label), _teams_of(entry)
    written = {"".join(words), "".join(word for word in words if word not in teams)} - {""}
    best = math.inf
    for form in _names_of(entry.name) | teams:
        slips = next((most for least, most in SLIPS if len(form) >= least), 0)
        apart = min((edits(one, form) for one in written), default=math.inf)
        if form and apart <= slips:
            best = min(best, apart)
    return best


def _words(text: str) -> list[str]:
    """``text`` as plain small letters, word by word, those alike made one."""
    decomposed = unicodedata.normalize("NFKD", text.casefold())
    bare = "".join(c for c in decomposed if not unicodedata.combining(c)).translate(LOOKS_LIKE)
    return re.findall(r"\w+", bare)


def _names_of(name: str) -> set[str]:
    """What may be written for ``name``, without spaces: surname, initials before or after, all of it in any order.

    The surname is what alone stands in capitals; else it may be the first words or the last.
    """
    parts = re.findall(r"[^\s,]+", name)
    capitals = [part for part in parts if part.isupper() and len(part) > 1]
    rest = [part for part in parts if part not in capitals]
    splits = [(rest, capitals)] if capitals and rest else []
    splits = splits or [pair for k in range(len(parts)) for pair in ((parts[:k], parts[k:]), (parts[k:], parts[:k]))]
    forms = set()
    for given, family in splits:
        surname, first = "".join(_words(" ".join(family))), _words(" ".join(given))
        for before in ("", "".join(first), "".join(word[0] for word in first), "".join(first)[:1]):
            forms |= {before + surname, surname + before} if surname else set()
    return forms


def _teams_of(entry: Entry) -> set[str]:
    """What may be written for the entry's team, as code and as name."""
    team = (entry.team or "").upper()
    codes = [code for code, names in NATIONS.items() if team in (code, *names)]
    return {"".join(_words(one)) for code in codes for one in (code, *NATIONS[code])} | {"".join(_words(team))} - {""}


def edits(one: str, other: str) -> int:
    """Letters to put in, take out or replace to make ``other`` of ``one`` (Levenshtein 1966)."""
    before = list(range(len(other) + 1))
    for k, letter in enumerate(one, 1):
        row = [k]
        for n, opposite in enumerate(other, 1):
            row.append(min(before[n] + 1, row[-1] + 1, before[n - 1] + (letter != opposite)))
        before = row
    return before[-1]
