"""The spelling of titles: who shares letters is near, whatever the words mean."""

from __future__ import annotations

import pickle
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.feature_extraction.text import HashingVectorizer

from mmquality.encoders.spelling import SPELLING_DIM, Speller, spelling


def cosine(a: str, b: str) -> float:
    return float(np.prod(spelling([a, b]), axis=0).sum())


def test_who_shares_words_or_parts_of_them_is_near() -> None:
    near, far = "Zephyron QX-250 charger", "oak writing desk"
    assert cosine("Zephyron QX-250 case", near) > 0.5 > 0.2 > cosine("Zephyron QX-250 case", far)
    assert cosine("Wanduhr", "Taschenuhr") > 0.15  # no sentence encoder has to know the language
    assert cosine("белая кружка", "кружка") > 0.5


def test_runs_of_letters_end_with_the_word() -> None:
    assert cosine("ab cd", "cd ab") > 0.999


def test_a_title_without_letters_is_nowhere() -> None:
    assert not spelling(["", "  "]).any()


@given(st.lists(st.text("aB \t\u00a0\x1f.é茶İ", max_size=30) | st.text(max_size=30), min_size=1, max_size=5))
def test_word_by_word_is_as_title_by_title(titles: list[str]) -> None:
    whole = HashingVectorizer(
        analyzer="char_wb", ngram_range=(3, 4), n_features=SPELLING_DIM, norm="l2", dtype=np.float32
    )
    np.testing.assert_array_equal(spelling(titles), whole.transform(titles).toarray())


@given(st.lists(st.lists(st.text("ab é", max_size=9), max_size=4), max_size=5), st.sampled_from([1, 100]))
def test_titles_may_come_in_blocks(blocks: list[list[str]], most: int) -> None:
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr("mmquality.encoders.spelling._MOST_WORDS", most)
        speller = Speller()
        for titles in blocks:
            np.testing.assert_array_equal(speller.spell(titles).toarray(), spelling(titles))


def test_no_titles_no_spelling() -> None:
    assert spelling([]).shape == (0, SPELLING_DIM)


@given(st.lists(st.text(max_size=30), min_size=1, max_size=5))
def test_each_title_is_read_alone_at_unit_length(titles: list[str]) -> None:
    found = spelling(titles)
    assert found.dtype == np.float32 and found.shape == (len(titles), SPELLING_DIM)
    lengths = np.linalg.norm(found, axis=1)
    assert np.all(np.isclose(lengths, 1, atol=1e-5) | (lengths == 0))
    for title, vector in zip(titles, found, strict=True):
        np.testing.assert_array_equal(spelling([title])[0], vector)


def test_threads_may_spell_at_once() -> None:
    speller = Speller()
    blocks = [[f"word{n * i} of block{n}" for i in range(200)] for n in range(8)]
    with ThreadPoolExecutor(4) as pool:
        for titles, found in zip(blocks, pool.map(speller.spell, blocks), strict=True):
            np.testing.assert_array_equal(found.toarray(), spelling(titles))


def test_one_that_is_sent_spells_where_it_arrives() -> None:
    speller = Speller()
    speller.spell(["red mug"])
    arrived = pickle.loads(pickle.dumps(speller))
    np.testing.assert_array_equal(arrived.spell(["blue mug"]).toarray(), spelling(["blue mug"]))
