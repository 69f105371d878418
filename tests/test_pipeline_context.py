"""What stands beside the title, as vectors: against a loop, with values and listings missing."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from mmquality.encoders.cache import EmbeddingCache
from mmquality.errors import WorkspaceError
from mmquality.pipeline.context import context_texts, context_vectors, title_side

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


def test_each_distinct_text_once() -> None:
    texts = context_texts(CATALOGUE, FIELDS)
    assert sorted(texts.values()) == sorted({text for said in SAID for text in said})
    assert context_texts(CATALOGUE, ()) == {}


def test_is_the_sum_of_unit_vectors_at_unit_length(cache: EmbeddingCache) -> None:
    key = {text: key for key, text in context_texts(CATALOGUE, FIELDS).items()}
    expected = np.zeros((5, 6))
    for row, said in enumerate(SAID):
        for text in said:
            vector = cache.get([key[text]])[0].astype(np.float64)
            expected[row] += vector / np.sqrt((vector**2).sum())
        length = np.sqrt((expected[row] ** 2).sum())
        expected[row] = expected[row] / length if length else 0
    found = context_vectors(CATALOGUE, FIELDS, cache)
    assert found.dtype == np.float32
    np.testing.assert_allclose(found, expected, atol=1e-6)
    assert not found[4].any() and not np.allclose(found[0], found[2])


def test_no_field_is_no_context(cache: EmbeddingCache) -> None:
    titles = np.arange(10, dtype=np.float32).reshape(5, 2)
    context = context_vectors(CATALOGUE, (), cache)
    assert context.shape == (5, 0)
    assert title_side(titles, context) is titles


def test_stands_beside_the_title_at_the_same_length() -> None:
    titles = np.array([[3, 4], [0, 2]], dtype=np.float32)
    context = np.array([[0, 1], [0, 0]], dtype=np.float32)
    expected = [[0.6, 0.8, 0, 1], [0, 1, 0, 0]]
    np.testing.assert_allclose(title_side(titles, context), expected)


def test_columns_that_are_gone_leave_the_shape(cache: EmbeddingCache) -> None:
    nothing = CATALOGUE.assign(category=None, attributes=[{} for _ in range(5)])
    found = context_vectors(nothing, FIELDS, cache)
    assert found.shape == (5, 6) and not found.any()


def test_a_value_that_was_never_embedded_is_told(cache: EmbeddingCache) -> None:
    with pytest.raises(WorkspaceError, match="2 values of category and n are not encoded.*mmquality encode"):
        context_vectors(CATALOGUE, ("category", "n"), cache)
