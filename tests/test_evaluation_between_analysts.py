"""Agreement between analysts: published examples, the libraries' figures, and what tells nothing."""

from __future__ import annotations

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.metrics import cohen_kappa_score

from mmquality.evaluation import between_analysts
from mmquality.evaluation.between_analysts import by_pair, overall


def judged(one: str, other: str, names: tuple[str, str] = ("ann", "bob")) -> pd.DataFrame:
    """A letter is a verdict."""
    rows = [(names[0], a, names[1], b) for a, b in zip(one, other, strict=True)]
    return pd.DataFrame(rows, columns=["first_analyst", "first_verdict", "second_analyst", "second_verdict"])


@pytest.mark.parametrize(
    ("one", "other", "alpha"),
    [("0100000010", "1110010000", 0.095), ("aabbdcccedda", "babbbccceddd", 0.692)],
)
def test_krippendorffs_own_examples(one: str, other: str, alpha: float) -> None:
    found = overall(judged(one, other))
    assert found is not None and found.value == pytest.approx(alpha, abs=5e-4)
    assert found.low is not None and found.high is not None and found.low < found.value < found.high


def test_cohens_own_example() -> None:
    """Cohen 1960, table 1: 200 cases, kappa 0.492 (of 88, 14, 18; 10, 40, 10; 2, 6, 12)."""
    cells = {"aa": 88, "ab": 14, "ac": 18, "ba": 10, "bb": 40, "bc": 10, "ca": 2, "cb": 6, "cc": 12}
    pairs = [pair for pair, n in cells.items() for _ in range(n)]
    (found,) = by_pair(judged("".join(p[0] for p in pairs), "".join(p[1] for p in pairs)))
    assert found.value == pytest.approx(0.492, abs=5e-4)
    assert (found.cases, found.same) == (200, 140)


@given(st.lists(st.tuples(st.sampled_from("abc"), st.sampled_from("abc")), min_size=1, max_size=40))
def test_the_interval_rests_on_the_same_kappa_as_the_value(pairs: list[tuple[str, str]]) -> None:
    twice = judged("".join(a for a, _ in pairs), "".join(b for _, b in pairs))
    (found,) = by_pair(twice)
    (of_table,) = between_analysts._kappas(
        between_analysts._table(twice["first_verdict"], twice["second_verdict"])[None]
    )
    if found.value is None:
        assert len({*twice["first_verdict"], *twice["second_verdict"]}) == 1
    else:
        assert found.value == pytest.approx(of_table)
        assert found.value == pytest.approx(
            cohen_kappa_score(twice["second_verdict"], twice["first_verdict"])
        )
        assert found.low is not None and found.high is not None and found.low <= found.value <= found.high


def test_a_pair_is_one_whoever_judged_first() -> None:
    twice = pd.concat(
        [judged("abab", "abaa"), judged("ab", "bb", ("bob", "ann")), judged("a", "b", ("cy", "ann"))]
    )
    pairs = by_pair(twice)
    assert [(p.analysts, p.cases, p.same) for p in pairs] == [(("ann", "bob"), 6, 4), (("ann", "cy"), 1, 0)]
    found = overall(twice)
    assert found is not None and (found.analysts, found.cases) == (("ann", "bob", "cy"), 7)


def test_verdicts_that_are_all_the_same_say_nothing() -> None:
    found = overall(judged("aaa", "aaa"))
    assert found is not None and found.value is None and found.same == 3
    assert [p.value for p in by_pair(judged("aaa", "aaa"))] == [None]


def test_without_a_case_there_is_nothing_to_say() -> None:
    assert overall(judged("", "")) is None and by_pair(judged("", "")) == []
