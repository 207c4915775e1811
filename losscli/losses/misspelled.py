"""Which known name a misspelled one most likely stands for; none where it may name another quantity."""

from __future__ import annotations

import re
from collections.abc import Mapping

from losscli.loss.spec import fold

VOWELS = "aeiou"


def meant_by(name: str, known: Mapping[str, str]) -> str | None:
    """The loss that ``name`` most likely stands for; ``known`` has every name that there is, and the loss it calls.

    Word by word, since `mean` and `median` are one letter further apart than a slip of the finger, and a word that
    stands in other names is spelled as it was meant.

    >>> meant_by("mean_sqared_error", {"mean_squared_error": "mse"})
    'mse'
    """
    typed = _words(name)
    vocabulary = {word for one in known for word in _words(one)}
    found: dict[str, int] = {}
    for one, loss in known.items():
        words = _words(one)
        if len(words) == len(typed):
            pairs = [(a, b) for a, b in zip(typed, words, strict=True) if a != b]
            slips = all(a not in vocabulary and is_slip(a, b) for a, b in pairs)
        else:
            pairs = [(fold(name), fold(one))]
            slips = _same_letters(*pairs[0])
        if slips:
            found[loss] = min(found.get(loss, len(name)), sum(edits(a, b) for a, b in pairs))
    nearest = sorted(found, key=lambda loss: found[loss])[:2]
    if len(nearest) == 2 and found[nearest[0]] == found[nearest[1]]:
        return None
    return nearest[0] if nearest else None


def is_slip(typed: str, word: str) -> bool:
    """Whether one word may be typed for the other by mistake.

    Short words are mostly abbreviations, where a letter more or less makes another quantity (`mdape` and `mape`).
    """
    if re.sub(r"\D", "", typed) != re.sub(r"\D", "", word):
        return False
    if _same_letters(typed, word):
        return True
    short, long = sorted((len(typed), len(word)))
    if typed[0] != word[0] or long - short > 1 or edits(typed, word) > (2 if long > 8 else 1):
        return False
    left_out = set(word) - set(typed) if len(typed) < len(word) else set()
    return long > 6 or (short > 3 and len(typed) < len(word) and left_out <= set(VOWELS))


def _same_letters(typed: str, word: str) -> bool:
    """Whether they differ in two neighbours that changed places, or in a letter that stands once or twice."""
    if abs(len(typed) - len(word)) > 1 or edits(typed, word) != 1:
        return False
    once = [re.sub(r"(.)\1", r"\1", one) for one in (typed, word)]
    return sorted(typed) == sorted(word) or (len(typed) != len(word) and once[0] == once[1])


def edits(one: str, other: str) -> int:
    """How many letters must be put in, left out, replaced or exchanged with the next (optimal string alignment).

    >>> edits("hubber", "huber"), edits("rmes", "rmse"), edits("auc", "cauchy")
    (1, 1, 3)
    """
    rows = [list(range(len(other) + 1))]
    for i, a in enumerate(one, 1):
        row = [i]
        for j, b in enumerate(other, 1):
            cost = min(rows[-1][j] + 1, row[-1] + 1, rows[-1][j - 1] + (a != b))
            if i > 1 and j > 1 and a == other[j - 2] and one[i - 2] == b:
                cost = min(cost, rows[-2][j - 2] + 1)
            row.append(cost)
        rows.append(row)
    return rows[-1][-1]


def _words(name: str) -> list[str]:
    return [word for word in re.split(r"[-_@\s]+", name.casefold()) if word]
