"""Words that set a few titles apart from a catalogue's: what a photo's neighbours are called, in short.

Log-odds of each word with an informative Dirichlet prior (Monroe, Colaresi and Quinn 2008, "Fightin' Words",
equations 16, 20 and 22): a word tells by how far its share among the few exceeds its share in the catalogue,
in standard deviations; the prior, a catalogue in miniature, keeps words that were seen once from winning.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from math import log, sqrt

LEAST_Z = 1.64  # a word tells something when it is one-sidedly unlikely (5 %) to be there by chance
_LEAST_TITLES = 2  # a word of one title is that listing's alone …
_LEAST_SHARE = 0.15  # … and one of few of them says nothing of the others
_WORD = re.compile(r"(?<![\w-])[^\W\d_](?:[\w'’]|-(?=\w))*")  # "E27", "t-shirt"; not the "GB" of "8GB"
_SHORTEST = 2
_EMPTY = frozenset(  # words that name nothing, in the languages that catalogues are most often written in
    "a an and are as at by for from in into is it its of off on or over per the this to up with without your "
    "der die das den dem des ein eine einer eines für im mit nicht ohne oder und von vom zu zum zur auf aus "
    "au aux avec dans de du en et la le les ou par pour sans sur un une "
    "con del el las los para por sin una uno y da di il lo gli nel su".split()
)


@lru_cache(maxsize=20_000)  # neighbours share neighbours: a page of cards meets most titles many times
def words_of(title: str) -> Mapping[str, str]:
    """The words of a title in their order: folded for comparison → in lower case.

    Left out are numbers and words that name nothing ("with"). A plural in -s is folded with its singular
    where the word is long enough to have one ("mugs" → "mug").
    """
    found: dict[str, str] = {}
    for word in _WORD.findall(title.lower()):
        if len(word) >= _SHORTEST and word not in _EMPTY:
            found.setdefault(_folded(word), word)
    return found


def _folded(word: str) -> str:
    word = word.casefold()
    return word[:-1] if len(word) > 3 and word.endswith("s") and not word.endswith("ss") else word


@dataclass(frozen=True)
class Vocabulary:
    """How many titles of a catalogue hold each word, and how many words they hold in all."""

    titles_with: Mapping[str, int]
    words: int

    @classmethod
    def of(cls, titles: Iterable[str]) -> Vocabulary:
        """Count the words of `titles`; a word that a title repeats counts once."""
        counts: Counter[str] = Counter()
        for title in titles:
            counts.update(words_of(title).keys())
        return cls(counts, counts.total())

    def z(self, few: Mapping[str, int], word: str) -> float:
        """By how many standard deviations `word` exceeds its share of the rest in `few` (word → titles).

        The prior holds as many words as the few (α₀), in the catalogue's proportions.
        """
        n_few, y_few = sum(few.values()), few.get(word, 0)
        n_rest, y_rest = max(self.words - n_few, 1), max(self.titles_with.get(word, 0) - y_few, 0)
        size = max(n_few, 1)
        prior = size * (self.titles_with.get(word, 0) + 0.5) / (self.words + 1)
        odds_few = (y_few + prior) / max(n_few + size - y_few - prior, prior)
        odds_rest = (y_rest + prior) / max(n_rest + size - y_rest - prior, prior)
        return (log(odds_few) - log(odds_rest)) / sqrt(1 / (y_few + prior) + 1 / (y_rest + prior))


def telling_words(titles: Sequence[str], vocabulary: Vocabulary, most: int = 6) -> list[str]:
    """The words that set `titles`, a few of the catalogue's, apart from the others, the most telling first.

    Titles that differ in nothing but case count once: one seller's copies do not speak for all. Left out are
    words of fewer than two titles, or of fewer than one in seven, and those below `LEAST_Z`: perhaps all.
    """
    found = [words_of(title) for title in dict.fromkeys(title.casefold() for title in titles)]
    few = Counter(word for words in found for word in words)
    least = max(_LEAST_TITLES if len(found) > 1 else 1, _LEAST_SHARE * len(found))
    z = {word: vocabulary.z(few, word) for word, count in few.items() if count >= least}
    best = sorted((word for word in z if z[word] >= LEAST_Z), key=lambda word: (-z[word], word))
    spelt = (Counter(words[word] for words in found if word in words) for word in best[:most])
    return [spellings.most_common(1)[0][0] for spellings in spelt]


def words_lacking(
    title: str, elsewhere: Sequence[str], alike: Sequence[str], vocabulary: Vocabulary, most: int = 6
) -> list[str]:
    """The words of `title` that hardly any title of `elsewhere` holds, the most telling first.

    `alike` are the titles most like this one: a word that they share names a kind of thing, one that no other
    title of the catalogue holds is a name or a code, and comes last.
    """
    few = max(len(elsewhere) // 10, 1 if len(elsewhere) >= 5 else 0)
    there = Counter(word for other in elsewhere for word in words_of(other))
    here = Counter(word for other in alike for word in words_of(other))
    lacking = {folded: word for folded, word in words_of(title).items() if there[folded] <= few}

    def order(folded: str) -> tuple[bool, float]:
        return vocabulary.titles_with.get(folded, 0) < _LEAST_TITLES, -vocabulary.z(here, folded)

    return [lacking[folded] for folded in sorted(lacking, key=order)[:most]]


def words_shared(title: str, elsewhere: Sequence[str], vocabulary: Vocabulary, most: int = 6) -> list[str]:
    """The words of `title` that also set the titles of `elsewhere` apart, the most telling first."""
    telling = {_folded(word): None for word in telling_words(elsewhere, vocabulary, most=len(elsewhere) * 30)}
    own = words_of(title)
    return [own[folded] for folded in telling if folded in own][:most]
