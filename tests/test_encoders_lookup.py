"""Numbers of very many hashes, against a dictionary."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from mmquality.encoders.lookup import Lookup

hashes = st.lists(st.text("0af", min_size=1, max_size=3), max_size=12)


@settings(max_examples=200, deadline=None)
@given(st.lists(hashes, max_size=8), hashes)
def test_a_lookup_is_a_dictionary_in_which_the_first_counts(added: list[list[str]], asked: list[str]) -> None:
    lookup, expected, first = Lookup(), {}, 0
    for some in added:
        lookup.add(some, first)
        for number, key in enumerate(some, first):
            expected.setdefault(key, number)
        first += len(some)
    assert len(lookup) == len(expected)
    assert lookup.find(asked).tolist() == [expected.get(key, -1) for key in asked]


def test_small_arrays_do_not_pile_up() -> None:
    lookup = Lookup()
    for n in range(300):
        lookup.add([f"{n:03d}"], n)
    assert len(lookup._runs) < 10
    assert lookup.find([f"{n:03d}" for n in range(300)]).tolist() == list(range(300))
