"""Names of the score bug and the starters they mean."""

import pytest

from race.entries import edits, match_entries
from race.start_list import Entry


def starters(*names: str | tuple[str, str]) -> list[Entry]:
    pairs = [name if isinstance(name, tuple) else (name, None) for name in names]
    return [Entry(k, name, team, None, {}) for k, (name, team) in enumerate(pairs, 1)]


def meant(label: str, entries: list[Entry]) -> str | None:
    entry = match_entries([label], entries).get(label)
    return entry.name if entry else None


@pytest.mark.parametrize(
    "label",
    [
        *("Eva FEKETE", "E. FEKETE", "E.FEKETE", "EFEKETE", "FEKETE E", "FEKETE", "fekete, eva", "EVA FEKETE"),
        *("FEKETF", "E. FEKETF", "E. FEKE7E", "HUN", "HUN E. FEKETE", "HUNGARY"),
    ],
)
def test_people_would_say_it_is_her(label):
    entries = starters(("Éva FEKETE", "HUN"), ("Saki Hayashi", "JPN"), ("Jule ADLER", "GER"), ("Hanna Berg", "NOR"))
    assert meant(label, entries) == "Éva FEKETE"


@pytest.mark.parametrize(("label", "name"), [("O'BRlEN", "Ann O’Brien"), ("VAN DER BERG", "Mia van der Berg")])
def test_names_of_several_words_and_letters_that_look_alike(label, name):
    assert meant(label, starters(name, "Bea Olsen")) == name


def test_letters_without_an_accent_to_take_away():
    assert meant("SORENSEN", starters("Åse Sørensen", "Zoë Wójcik")) == "Åse Sørensen"
    assert meant("Z. WOJCIK", starters("Åse Sørensen", "Zoë Wójcik")) == "Zoë Wójcik"


def test_nobody_where_two_are_as_near():
    kims = starters(("Min KIM", "KOR"), ("Jun KIM", "KOR"), ("Mara LEE", "USA"))
    assert meant("KIM", kims) is None
    assert meant("KOR", kims) is None
    assert meant("J. KIM", kims) == "Jun KIM"
    assert meant("USA", kims) == "Mara LEE"


@pytest.mark.parametrize("label", ["FINAL A", "LIM", "E. FERRARI", "1", "...", ""])
def test_nobody_where_none_is_near(label):
    assert meant(label, starters("Eva FEKETE", "Min KIM")) is None


def test_edits_are_counted():
    assert [edits(*pair) for pair in (("kim", "kim"), ("kim", ""), ("kitten", "sitting"), ("ab", "ba"))] == [0, 3, 3, 2]
