"""How one sequence becomes another by inserting, leaving out and replacing its parts (Levenshtein)."""

from __future__ import annotations

from collections.abc import Hashable, Sequence


def fewest_edits(one: Sequence[Hashable], other: Sequence[Hashable]) -> int:
    """The least number of insertions, deletions and substitutions.

    All rows of the usual table at once, as the bits of whole numbers: Myers (1999), doi:10.1145/316542.316550, in
    the form of Hyyrö (2003).

    >>> fewest_edits("kitten", "sitting"), fewest_edits(["a", "b"], [])
    (3, 2)
    """
    if not one or not other:
        return len(one) + len(other)
    places: dict[Hashable, int] = {}
    for at, part in enumerate(one):
        places[part] = places.get(part, 0) | 1 << at
    every, last = (1 << len(one)) - 1, 1 << (len(one) - 1)
    more, less, edits = every, 0, len(one)  # where the table grows and falls from one row to the next
    for part in other:
        same = places.get(part, 0)
        diagonal = (((same & more) + more) ^ more) | same | less
        right_more, right_less = less | (every & ~(diagonal | more)), diagonal & more
        edits += bool(right_more & last) - bool(right_less & last)
        right_more, right_less = right_more << 1 | 1, right_less << 1
        more, less = (right_less | ~(diagonal | right_more)) & every, right_more & diagonal & every
    return edits


def edits_and_hits(one: Sequence[Hashable], other: Sequence[Hashable]) -> tuple[int, int]:
    """The least number of edits, and the parts that stay as they are in the alignment of so many that keeps most.

    >>> edits_and_hits("ab", "ba"), edits_and_hits("abc", "abd")
    ((2, 1), (1, 2))
    """
    # A substitution costs a little more than another edit, so that of equally short ways one with few is found:
    # parts that are neither replaced, inserted nor left out are the hits.
    edit = len(one) + len(other) + 1
    row = [edit * at for at in range(len(other) + 1)]
    for part in one:
        corner, row[0] = row[0], row[0] + edit
        for at, goal in enumerate(other, 1):
            swapped = corner if part == goal else corner + edit + 1
            corner = row[at]
            row[at] = min(swapped, corner + edit, row[at - 1] + edit)
    edits, substitutions = divmod(row[-1], edit)
    return edits, (len(one) + len(other) - edits - substitutions) // 2
