"""Words that tell titles apart: the published formula, and what a person would say of small examples."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mmquality.words import Vocabulary, telling_words, words_lacking, words_of, words_shared

MUGS = [f"Stoneware coffee mug with {colour} glaze" for colour in ("red", "teal", "navy", "black")]
LAMPS = [f"Desk lamp with {colour} shade, dimmable" for colour in ("red", "teal", "navy", "black")]
CHAIRS = [f"Dining chair with {colour} velvet seat" for colour in ("red", "teal", "navy", "black")]
SHOP = Vocabulary.of(MUGS + LAMPS + CHAIRS)


class TestWordsOf:
    @pytest.mark.parametrize(
        ("title", "words"),
        [
            ("Two MUGS, 350 ml", ["two", "mugs", "ml"]),
            ("Lamp E27 with t-shirt", ["lamp", "e27", "t-shirt"]),
            ("Glass & brass — café", ["glass", "brass", "café"]),
            ("100% of the 2-in-1", []),
            ("", []),
        ],
    )
    def test_are_what_a_person_would_call_words(self, title: str, words: list[str]) -> None:
        assert list(words_of(title).values()) == words

    def test_a_plural_counts_as_its_singular(self) -> None:
        assert words_of("mugs").keys() == words_of("Mug").keys()
        assert words_of("glass").keys() == {"glass"}

    @given(st.text())
    def test_any_title_has_some(self, title: str) -> None:
        assert all(word == word.lower() for word in words_of(title).values())


def z_by_the_paper(few: dict[str, int], rest: dict[str, int], prior: dict[str, float], word: str) -> float:
    """Equations 16, 20 and 22, term by term."""
    n_i, n_j, a_0 = sum(few.values()), sum(rest.values()), sum(prior.values())
    y_i, y_j, a = few.get(word, 0), rest.get(word, 0), prior[word]
    delta = math.log((y_i + a) / (n_i + a_0 - y_i - a)) - math.log((y_j + a) / (n_j + a_0 - y_j - a))
    return delta / math.sqrt(1 / (y_i + a) + 1 / (y_j + a))


class TestVocabulary:
    def test_z_is_that_of_the_paper(self) -> None:
        all_words = {"mug": 12, "lamp": 30, "red": 25, "glaze": 3}
        few = {"mug": 5, "red": 2}
        total = sum(all_words.values())
        vocabulary = Vocabulary(all_words, total)
        rest = {word: count - few.get(word, 0) for word, count in all_words.items()}
        # The prior, as large as the few; half a count goes to each word, so that an unknown one has a share.
        prior = {word: 7 * (count + 0.5) / (total + 1) for word, count in all_words.items()}
        prior["…"] = 7 - sum(prior.values())
        for word in all_words:
            assert vocabulary.z(few, word) == pytest.approx(z_by_the_paper(few, rest, prior, word))

    @given(st.dictionaries(st.sampled_from("abcdef"), st.integers(0, 50)), st.sampled_from("abcdefgh"))
    def test_any_word_has_a_finite_z(self, few: dict[str, int], word: str) -> None:
        assert math.isfinite(Vocabulary({"a": 3, "b": 50}, 53).z(few, word))


class TestTellingWords:
    def test_name_what_the_few_have_in_common_and_the_others_lack(self) -> None:
        assert set(telling_words(MUGS, SHOP)) == {"stoneware", "coffee", "mug", "glaze"}

    def test_the_same_title_twice_speaks_once(self) -> None:
        assert telling_words([MUGS[0], MUGS[0].upper(), LAMPS[1], CHAIRS[2]], SHOP) == []

    def test_are_empty_where_the_few_are_like_the_catalogue(self) -> None:
        assert telling_words(MUGS[:1] + LAMPS[1:2] + CHAIRS[2:3], SHOP) == []

    def test_are_empty_without_titles(self) -> None:
        assert telling_words([], SHOP) == [] == telling_words([], Vocabulary.of([]))

    def test_are_at_most_as_many_as_asked_for(self) -> None:
        assert len(telling_words(MUGS, SHOP, most=2)) == 2


class TestWordsLacking:
    def test_are_those_of_the_title_that_the_others_do_without(self) -> None:
        lacking = words_lacking("Stoneware mug with red glaze, XQ7", LAMPS, MUGS, SHOP)
        assert set(lacking[:3]) == {"stoneware", "mug", "glaze"}
        assert lacking[-1] == "xq7"  # a code comes last

    def test_are_none_where_the_others_have_them_all(self) -> None:
        assert words_lacking(MUGS[0], MUGS, MUGS, SHOP) == []


class TestWordsShared:
    def test_are_those_of_the_title_that_tell_the_others(self) -> None:
        assert set(words_shared("A mug of stoneware, with lamp", MUGS, SHOP)) == {"mug", "stoneware"}
        assert words_shared(LAMPS[0], MUGS, SHOP) == []
