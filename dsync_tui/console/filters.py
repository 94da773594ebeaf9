"""The filter language: words that must all hold.

``eu-w`` holds where the text contains it (without regard to case); ``!eu-w`` where it does not; after ``-f`` words
match fuzzily (their letters in this order). The matrix gives further meaning to words that name a state.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Term:
    """One word of a filter, folded."""

    text: str
    negated: bool = False
    fuzzy: bool = False

    def matches(self, haystack: str) -> bool:
        """Tell whether a folded haystack is let through."""
        found = is_subsequence(self.text, haystack) if self.fuzzy else self.text in haystack
        return found != self.negated


@dataclass(frozen=True, slots=True)
class Filter:
    """A parsed filter. The empty one lets everything through."""

    terms: tuple[Term, ...] = field(default=())

    def __bool__(self) -> bool:
        return bool(self.terms)

    def matches(self, haystack: str) -> bool:
        """Tell whether all terms let a haystack through."""
        if not self.terms:
            return True
        folded = haystack.casefold()
        return all(term.matches(folded) for term in self.terms)

    def split(self, words: Iterable[str]) -> tuple[list[Term], "Filter"]:
        """Take out the terms that are among ``words``; return them and the rest."""
        known = set(words)
        return (
            [term for term in self.terms if term.text in known],
            Filter(tuple(term for term in self.terms if term.text not in known)),
        )


def parse_filter(text: str) -> Filter:
    """Read a filter as it is typed; whatever is unfinished (a lone ``!``) is not there yet."""
    terms = []
    fuzzy = False
    for word in text.casefold().split():
        if word == "-f":
            fuzzy = True
            continue
        negated = word.startswith("!")
        bare = word[1:] if negated else word
        if bare:
            terms.append(Term(bare, negated, fuzzy))
    return Filter(tuple(terms))


def is_subsequence(needle: str, haystack: str) -> bool:
    """Tell whether the needle's characters stand in the haystack in this order."""
    rest = iter(haystack)
    return all(char in rest for char in needle)


def chosen(positions: Sequence[int], haystacks: Sequence[str], terms: Sequence[Term]) -> list[int]:
    """Positions whose haystack (folded, by position) passes all terms."""
    return [position for position in positions if all(term.matches(haystacks[position]) for term in terms)]
