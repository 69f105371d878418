"""What stands beside the title, as vectors: against a loop, with values and listings missing."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from mmquality.encoders.cache import EmbeddingCache
from mmquality.encoders.spelling import Speller, spelling
from mmquality.errors import ModelFileError, WorkspaceError
from mmquality.index import unit
from mmquality.pipeline.context import (
    CENTRES,
    Told,
    context_centres,
    context_texts,
    context_vectors,
    load_centres,
    save_centres,
    title_side,
)
from mmquality.rows import blocks

CATALOGUE = pd.DataFrame(
    {
        "category": ["Mugs", "Lamps", None, "Mugs", None],
        "attributes": [
            {"colour": "Red", "n": "1"},
            {"colour": "Blue"},
            {"colour": "Red"},
            {},
            {"n": "2"},
        ],
    }
)
FIELDS = ("category", "colour")
SAID = [
    ["category: Mugs", "colour: Red"],
    ["category: Lamps", "colour: Blue"],
    ["colour: Red"],
    ["category: Mugs"],
    [],
]


@pytest.fixture
def cache(tmp_path: Path) -> EmbeddingCache:
    """Vectors of any length for every text but what `n` says."""
    made = EmbeddingCache(tmp_path, "texts-1")
    keys = list(context_texts(CATALOGUE, FIELDS))
    made.put(keys, np.random.default_rng(1).normal(2, 1, size=(len(keys), 6)).astype(np.float32))
    return made


def of(catalogue: pd.DataFrame, cache: EmbeddingCache, fields: Sequence[str] = FIELDS) -> np.ndarray:
    """The context told from the catalogue's own centres."""
    told = Told.of([catalogue], fields)
    return context_vectors(told, cache, context_centres(told, cache))[:]


def centres_of(fields: Sequence[str], cache: EmbeddingCache) -> np.ndarray:
    return context_centres(Told.of([CATALOGUE], fields), cache)


def test_each_distinct_text_once() -> None:
    texts = context_texts(CATALOGUE, FIELDS)
    assert sorted(texts.values()) == sorted({text for said in SAID for text in said})
    assert context_texts(CATALOGUE, ()) == {}


def test_is_what_sets_each_value_apart_from_the_mean(cache: EmbeddingCache) -> None:
    key = {text: key for key, text in context_texts(CATALOGUE, FIELDS).items()}
    vectors = {text: cache.get([key[text]])[0].astype(np.float64) for text in key}
    vectors = {text: vector / np.sqrt((vector**2).sum()) for text, vector in vectors.items()}
    expected = np.zeros((5, 6))
    for field in FIELDS:
        told = [(row, text) for row, said in enumerate(SAID) for text in said if text.startswith(field)]
        centre = sum(vectors[text] for _, text in told) / len(told)
        for row, text in told:
            expected[row] += (vectors[text] - centre) / 2
    found = of(CATALOGUE, cache)
    assert found.dtype == np.float32
    np.testing.assert_allclose(found, expected, atol=1e-6)
    assert not found[4].any() and not np.allclose(found[0], found[2])


def test_a_mean_is_the_same_however_it_is_summed(
    cache: EmbeddingCache, monkeypatch: pytest.MonkeyPatch
) -> None:
    many = pd.concat([CATALOGUE] * 40, ignore_index=True)
    key = {text: key for key, text in context_texts(CATALOGUE, FIELDS).items()}
    said = [text for texts in SAID * 40 for text in texts if text.startswith("colour")]
    vectors = unit(cache.get([key[text] for text in said]))
    found = context_centres(Told.of([many.iloc[:70], many.iloc[70:]], FIELDS), cache)
    monkeypatch.setattr("mmquality.pipeline.context.blocks", lambda n: blocks(n, 7))
    again = context_centres(Told.of([many], FIELDS), cache)
    np.testing.assert_array_equal(found[1], vectors.mean(axis=0))
    np.testing.assert_array_equal(again, found)


def test_any_rows_may_be_asked_for(cache: EmbeddingCache) -> None:
    told = Told.of([CATALOGUE.iloc[:2], CATALOGUE.iloc[2:]], FIELDS)
    found = context_vectors(told, cache, context_centres(told, cache))
    np.testing.assert_array_equal(found[np.array([3, 0, 3])], of(CATALOGUE, cache)[[3, 0, 3]])


def test_they_are_sums_of_what_is_said_once(cache: EmbeddingCache) -> None:
    told = Told.of([CATALOGUE], FIELDS)
    context = context_vectors(told, cache, context_centres(told, cache))
    weights, vectors = context.mixed(rows := np.array([3, 4, 0, 2, 3]))
    assert len(vectors) == 2  # what they say together: mugs, and red
    np.testing.assert_array_equal(weights.toarray() @ vectors, context[rows])


def test_reads_a_later_listing_by_the_centres_of_the_training(cache: EmbeddingCache) -> None:
    centres = centres_of(FIELDS, cache)
    alone = context_vectors(Told.of([CATALOGUE.iloc[:1]], FIELDS), cache, centres)[:]
    np.testing.assert_allclose(alone, of(CATALOGUE, cache)[:1], atol=1e-6)
    assert not np.allclose(alone, of(CATALOGUE.iloc[:1], cache))


def test_no_field_is_no_context(cache: EmbeddingCache) -> None:
    assert of(CATALOGUE, cache, ()).shape == (5, 0)


def test_the_title_at_length_one_its_spelling_at_half_and_the_context_as_it_is() -> None:
    vectors = np.array([[3, 4], [0, 2]], dtype=np.float32)
    context = np.array([[0, 3], [0, 0]], dtype=np.float32)
    found = title_side(vectors, ["red mug", "Lampe"], context, Speller())
    np.testing.assert_allclose(found[:, :2], [[0.6, 0.8], [0, 1]])
    np.testing.assert_allclose(found[:, 2:-2], spelling(["red mug", "Lampe"]) / 2)
    np.testing.assert_allclose(found[:, -2:], context)


def test_columns_that_are_gone_leave_the_shape(cache: EmbeddingCache) -> None:
    nothing = CATALOGUE.assign(category=None, attributes=[{} for _ in range(5)])
    found = context_vectors(Told.of([nothing], FIELDS), cache, centres_of(FIELDS, cache))[:]
    assert found.shape == (5, 6) and not found.any()
    assert not of(nothing, cache).any()


def test_a_value_that_was_never_embedded_is_told(cache: EmbeddingCache) -> None:
    with pytest.raises(WorkspaceError, match="2 values of category and n are not encoded.*mmquality encode"):
        of(CATALOGUE, cache, ("category", "n"))


def test_centres_are_kept_with_the_model(cache: EmbeddingCache, tmp_path: Path) -> None:
    centres = centres_of(FIELDS, cache)
    save_centres(tmp_path, centres)
    np.testing.assert_array_equal(load_centres(tmp_path, FIELDS), centres)
    (tmp_path / CENTRES).write_bytes(b"x")
    with pytest.raises(ModelFileError, match="context.safetensors cannot be read.*train again"):
        load_centres(tmp_path, FIELDS)
    (tmp_path / CENTRES).unlink()
    with pytest.raises(ModelFileError, match="context.safetensors cannot be read"):
        load_centres(tmp_path, FIELDS)


def test_a_model_without_fields_keeps_no_centres(cache: EmbeddingCache, tmp_path: Path) -> None:
    save_centres(tmp_path, centres_of((), cache))
    assert not (tmp_path / CENTRES).exists() and len(load_centres(tmp_path, ())) == 0
