"""What makes a listing suspect: neighbours against a naive double loop, fair swaps, likelihood ratios."""

from __future__ import annotations

from dataclasses import replace
from itertools import count, product
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.special import expit

from mmquality.rows import Stored
from mmquality.suspicion import neighbours
from mmquality.suspicion.neighbours import NEIGHBOURS, SHARPNESS, Neighbourhood, nearest_others
from mmquality.suspicion.swaps import swapped_within
from mmquality.suspicion.weighing import (
    SUSPECTED_SHARE,
    TERMS,
    Weighing,
    estimated_share,
    fit_weighing,
    posterior,
    trust_after,
)

P, Q = 7, 5  # dimensions of titles and photos
ALONE = np.log(1e-3)  # company of a listing that has none


def embeddings(n: int, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    return rng.normal(size=(n, P)).astype(np.float32), rng.normal(size=(n, Q)).astype(np.float32)


def cosines(vectors: np.ndarray) -> np.ndarray:
    scaled = vectors.astype(np.float64)
    scaled /= np.maximum(np.linalg.norm(scaled, axis=1, keepdims=True), 1e-12)
    return np.asarray(scaled @ scaled.T)


def by_hand(
    titles: np.ndarray, photos: np.ndarray, trust: np.ndarray, photo_of: np.ndarray | None = None
) -> np.ndarray:
    """`Neighbourhood.terms` listing by listing and neighbour by neighbour."""
    n, of_title, of_photo = len(titles), cosines(titles), cosines(photos)
    terms = np.zeros((n, 4))
    for i in range(n):
        shown = i if photo_of is None else int(photo_of[i])
        for term, near, start, besides, alike, own in (
            (0, of_photo, shown, i, of_title, i),
            (1, of_title, i, shown, of_photo, shown),
        ):
            others = [j for j in np.argsort(-near[start], kind="stable") if j != start][:NEIGHBOURS]
            weights = {
                j: trust[j] * np.exp(-SHARPNESS * (1 - near[start, j])) for j in others if j != besides
            }
            total = sum(weights.values())
            likeness = sum(w * alike[own, j] for j, w in weights.items())
            terms[i, term] = -likeness / (total + 1e-9)  # next to no company says next to nothing
            terms[i, term + 2] = np.log(total + 1e-3)
    return terms


def others_than(n: int, seed: int = 0) -> np.ndarray:
    """For each of n rows another one."""
    return (np.arange(n) + np.random.default_rng(seed).integers(1, n, n)) % n


class TestNeighbours:
    @pytest.mark.parametrize("n", [2, 5, NEIGHBOURS + 1, NEIGHBOURS + 2, 90], ids=lambda n: f"{n} listings")
    @pytest.mark.parametrize("lent", [False, True], ids=["own photos", "lent photos"])
    def test_terms_are_those_of_a_naive_double_loop(self, n: int, lent: bool) -> None:
        titles, photos = embeddings(n)
        trust = np.random.default_rng(1).random(n)
        lender = others_than(n) if lent else None
        found = Neighbourhood.of(titles, photos).terms(trust, lender)
        # Float32 likeness, divided by what little company a listing has.
        np.testing.assert_allclose(found, by_hand(titles, photos, trust, lender), atol=2e-4)

    @pytest.mark.parametrize("lent", [False, True], ids=["own photos", "lent photos"])
    def test_listings_with_the_very_same_photo_or_title_are_neighbours_like_others(self, lent: bool) -> None:
        """All of them fit into the k nearest, so that it does not matter which of several copies is found."""
        titles, photos = embeddings(n := NEIGHBOURS)
        photos[:12], titles[8:] = photos[0], titles[8]
        trust, lender = np.random.default_rng(1).random(n), others_than(n) if lent else None
        found = Neighbourhood.of(titles, photos).terms(trust, lender)
        np.testing.assert_allclose(found, by_hand(titles, photos, trust, lender), atol=2e-4)

    def test_ones_own_photo_lent_to_oneself_is_ones_own_photo(self) -> None:
        neighbourhood, trust = Neighbourhood.of(*embeddings(50)), np.random.default_rng(1).random(50)
        own = neighbourhood.terms(trust)
        assert (neighbourhood.terms(trust, np.arange(50)) == own).all()
        assert not np.allclose(neighbourhood.terms(trust, others_than(50)), own, atol=0.01)

    @pytest.mark.parametrize("block", [1, 7, 50])
    def test_the_size_of_a_block_does_not_matter(self, monkeypatch: pytest.MonkeyPatch, block: int) -> None:
        neighbourhood, trust, lender = Neighbourhood.of(*embeddings(50)), np.full(50, 0.7), others_than(50)
        expected = neighbourhood.terms(trust, lender)
        monkeypatch.setattr(neighbours, "_BLOCK", block)
        np.testing.assert_allclose(neighbourhood.terms(trust, lender), expected, atol=1e-6)

    @given(n=st.integers(2, 60), seed=st.integers(0, 1_000))
    @settings(max_examples=25, deadline=None)
    def test_terms_follow_the_listings_whatever_their_order(self, n: int, seed: int) -> None:
        (titles, photos), rng = embeddings(n, seed), np.random.default_rng(seed)
        trust, lender, order = rng.random(n), others_than(n, seed), rng.permutation(n)
        place = np.argsort(order)  # of each listing in the new order
        before = Neighbourhood.of(titles, photos).terms(trust, lender)
        after = Neighbourhood.of(titles[order], photos[order]).terms(trust[order], place[lender[order]])
        np.testing.assert_allclose(after, before[order], atol=2e-4)

    @given(n=st.integers(3, 60), seed=st.integers(0, 1_000), more=st.floats(0.05, 1))
    @settings(max_examples=25, deadline=None)
    def test_who_is_trusted_more_is_company_and_draws_the_terms_to_its_side(
        self, n: int, seed: int, more: float
    ) -> None:
        (titles, photos), rng = embeddings(n, seed), np.random.default_rng(seed)
        neighbourhood, trust, j = Neighbourhood.of(titles, photos), 0.1 + rng.random(n), int(rng.integers(n))
        raised = trust.copy()
        raised[j] += more
        before, after = neighbourhood.terms(trust), neighbourhood.terms(raised)
        assert (after[:, 2:] >= before[:, 2:]).all()
        assert n > NEIGHBOURS + 1 or (np.delete(after - before, j, axis=0)[:, 2:] > 0).all()
        for term, vectors in ((0, titles), (1, photos)):
            says = -cosines(vectors)[:, j]
            assert (abs(after[:, term] - says) <= abs(before[:, term] - says) + 1e-6).all()
            elsewhere = after[:, term + 2] == before[:, term + 2]  # j is not among the nearest
            assert (after[elsewhere, term] == before[elsewhere, term]).all() and elsewhere[j]

    def test_what_one_is_trusted_oneself_and_who_lends_the_photo_do_not_matter(self) -> None:
        neighbourhood, lender = Neighbourhood.of(*embeddings(25)), others_than(25)
        expected = neighbourhood.terms(np.ones(25), lender)
        for i in range(25):
            trust = np.ones(25)
            trust[[i, lender[i]]] = 0.2
            found = neighbourhood.terms(trust, lender)
            np.testing.assert_allclose(found[i], expected[i], atol=1e-9)
            assert not np.allclose(found, expected, atol=1e-3)

    def test_agreement_is_less_suspicious_than_disagreement(self) -> None:
        titles, photos = embeddings(30)
        photos[1], titles[1] = photos[0], titles[0]  # 0 and 1 agree in both, 2 and 3 in the photo alone,
        photos[3], titles[5] = photos[2], titles[4]  # 4 and 5 in the title alone
        terms = Neighbourhood.of(titles, photos).terms(np.ones(30))
        assert terms[0, 0] < terms[2, 0] - 0.5 and terms[0, 1] < terms[4, 1] - 0.5
        assert (terms[:, :2] >= -1.001).all() and (terms[:, :2] <= 1.001).all()
        assert terms[0, 2] > terms[4, 2] and terms[0, 3] > terms[2, 3]  # company: by photo, by title

    def test_where_nobody_is_trusted_nobody_says_anything(self) -> None:
        terms = Neighbourhood.of(*embeddings(25)).terms(np.zeros(25))
        assert (terms[:, :2] == 0).all() and terms[:, 2:] == pytest.approx(ALONE)

    def test_one_listing_has_no_neighbours(self) -> None:
        terms = Neighbourhood.of(*embeddings(1)).terms(np.ones(1))
        assert terms.shape == (1, 4)
        assert terms.tolist() == [[0, 0, pytest.approx(ALONE), pytest.approx(ALONE)]]

    def test_vectors_without_content_are_nobodys_neighbours(self) -> None:
        titles, photos = embeddings(20)
        terms = Neighbourhood.of(titles, np.zeros_like(photos)).terms(np.ones(20))
        assert np.isfinite(terms).all() and (terms[:, 1] == 0).all()

    @pytest.mark.parametrize("copies", [1, 20, 50, 80], ids=lambda n: f"{n} copies")
    def test_the_nearest_others_are_others_nearest_first(self, copies: int) -> None:
        """Among 50 copies of a vector, a search for 31 need not return the row that was asked for."""
        vectors, _ = embeddings(80)
        vectors[:copies] = vectors[0]
        near = nearest_others(vectors)
        assert near.rows.shape == near.cosine.shape == (80, NEIGHBOURS)
        assert not (near.rows == np.arange(80)[:, None]).any()
        assert all(len(set(row)) == NEIGHBOURS for row in near.rows.tolist())
        exact = cosines(vectors)
        np.testing.assert_allclose(near.cosine, np.take_along_axis(exact, near.rows, axis=1), atol=1e-5)
        np.fill_diagonal(exact, -np.inf)
        np.testing.assert_allclose(near.cosine, -np.sort(-exact, axis=1)[:, :NEIGHBOURS], atol=1e-5)

    def test_of_many_nearly_all_are_found_and_say_the_same(self, monkeypatch: pytest.MonkeyPatch) -> None:
        (titles, photos), trust = embeddings(400), np.random.default_rng(2).random(400)
        expected = Neighbourhood.of(titles, photos).terms(trust)
        monkeypatch.setattr(neighbours, "MANY", 100)
        around = Neighbourhood.of(titles, photos)
        assert around.by_title.recall >= 0.99 and around.by_photo.recall >= 0.99
        assert (np.abs(around.terms(trust) - expected) < 1e-3).mean() > 0.9

    def test_files_say_what_memory_says(self, tmp_path: Path) -> None:
        number, (titles, photos) = count(), embeddings(300)
        trust, lender = np.random.default_rng(2).random(300), others_than(300)

        def new(shape: tuple[int, ...], dtype: npt.DTypeLike) -> Stored:
            return Stored.create(tmp_path / f"{next(number)}.npy", shape, dtype)

        one, other = Neighbourhood.of(titles, photos), Neighbourhood.of(titles, photos, new)
        for photo_of in (None, lender):
            np.testing.assert_array_equal(one.terms(trust, photo_of), other.terms(trust, photo_of))

    @pytest.mark.parametrize("lent", [False, True])
    def test_who_is_looked_at_together_does_not_matter(self, lent: bool) -> None:
        around, trust = Neighbourhood.of(*embeddings(300)), np.random.default_rng(2).random(300)
        by_title, by_photo = (
            replace(near, together=np.random.default_rng(seed).permutation(300))
            for seed, near in enumerate((around.by_title, around.by_photo))
        )
        shuffled = replace(around, by_title=by_title, by_photo=by_photo)
        lender = others_than(300) if lent else None
        np.testing.assert_array_equal(shuffled.terms(trust, lender), around.terms(trust, lender))

    @pytest.mark.parametrize("name", ["_TOGETHER", "_READ", "_BLOCK"])
    def test_how_many_are_looked_at_together_does_not_matter(
        self, monkeypatch: pytest.MonkeyPatch, name: str
    ) -> None:
        around, trust = Neighbourhood.of(*embeddings(100)), np.random.default_rng(2).random(100)
        expected = around.terms(trust, others_than(100))
        monkeypatch.setattr(neighbours, name, 7)
        np.testing.assert_array_equal(around.terms(trust, others_than(100)), expected)

    def test_terms_of_a_part_are_those_of_the_whole(self) -> None:
        trust, shown = np.random.default_rng(2).random(50), Neighbourhood.of(*embeddings(50)).shown()
        np.testing.assert_array_equal(shown.terms(trust, slice(10, 20)), shown.terms(trust)[10:20])

    @pytest.mark.parametrize(("n", "k", "found"), [(1, 30, 0), (2, 30, 1), (10, 30, 9), (10, 3, 3)])
    def test_few_listings_have_few_neighbours(self, n: int, k: int, found: int) -> None:
        assert nearest_others(embeddings(n)[0], k).rows.shape == (n, found)


class TestSwaps:
    @given(
        fold=st.lists(st.integers(0, 3), min_size=1, max_size=60),
        values=st.sampled_from([0, 2, 10, 10_000]),
        seed=st.integers(0, 100),
    )
    @settings(max_examples=60, deadline=None)
    def test_lenders_are_of_the_same_fold_and_share_nothing(
        self, fold: list[int], values: int, seed: int
    ) -> None:
        folds = np.array(fold)
        keys = np.random.default_rng(seed).integers(0, values + 1, size=(len(fold), 3))
        lender = swapped_within(folds, keys, seed)
        assert (folds[lender] == folds).all()
        swapped = lender != np.arange(len(fold))
        assert not (keys[lender] == keys)[swapped].any()
        assert (lender == swapped_within(folds, keys, seed)).all()

    def test_everybody_finds_a_lender_where_nothing_is_shared_and_any_will_do(self) -> None:
        fold, keys = np.arange(200) % 4, np.tile(np.arange(200)[:, None], 3)
        lender, other = (swapped_within(fold, keys, seed) for seed in (0, 1))
        assert (lender != np.arange(200)).all() and (other != lender).mean() > 0.9
        assert len(set(lender)) > 100 and set(lender - np.arange(200)) > {-40, 40}

    @pytest.mark.parametrize("column", [0, 1, 2], ids=["title", "photo", "product"])
    def test_whoever_shares_with_everybody_keeps_the_own_photo(self, column: int) -> None:
        keys = np.tile(np.arange(60)[:, None], 3)
        keys[:20, column] = 0  # the whole first fold
        lender = swapped_within(np.arange(60) // 20, keys, seed=0)
        assert (lender[:20] == np.arange(20)).all() and (lender[20:] != np.arange(20, 60)).all()

    def test_a_title_key_is_never_compared_with_a_photo_key(self) -> None:
        keys = np.stack([np.zeros(40, dtype=np.int64) + n for n in range(3)], axis=1)
        keys[:, 0] += 10 * np.arange(40)  # 0, 10, …: titles differ; all photos are 1, all products 2
        assert (swapped_within(np.zeros(40, np.int64), keys, 0) == np.arange(40)).all()
        keys[:, 1:] = 400 - 10 * np.arange(40)[:, None]  # the numbers of the titles, on other listings
        assert (swapped_within(np.zeros(40, np.int64), keys, 0) != np.arange(40)).all()

    def test_a_fold_of_one_keeps_its_photo(self) -> None:
        keys = np.tile(np.arange(3)[:, None], 3)
        assert swapped_within(np.array([0, 1, 2]), keys, seed=0).tolist() == [0, 1, 2]


SHIFT = np.array([1.0, 0.7, 0.4, 0.2, 0.0])  # of swapped against own, each term with deviation 1


def gaussians(n: int, m: int, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """`n` own and `m` swapped listings whose log-likelihood ratio is SHIFT·x − ½ SHIFT²."""
    rng = np.random.default_rng(seed)
    return rng.normal(size=(n, 5)), rng.normal(size=(m, 5)) + SHIFT


def true_ratio(terms: np.ndarray) -> np.ndarray:
    return np.asarray(terms @ SHIFT - SHIFT @ SHIFT / 2)


class TestWeighing:
    @pytest.mark.parametrize("swapped", [1_500, 6_000], ids=["fewer swapped ones", "as many"])
    def test_recovers_a_likelihood_ratio_however_many_are_swapped(self, swapped: int) -> None:
        own, other = gaussians(6_000, swapped)
        fitted = fit_weighing(own, other, np.ones(len(own)))
        fresh = np.concatenate(gaussians(500, 500, seed=1))
        error = fitted.log_odds(fresh) - true_ratio(fresh)
        assert abs(error).mean() < 0.1 and abs(error.mean()) < 0.05

    def test_units_of_the_terms_do_not_matter(self) -> None:
        own, other = gaussians(2_000, 2_000)
        units, zero = np.array([100, 0.01, 3, 1, 7.0]), np.array([5, -3, 0, 100, 1.0])
        fitted = fit_weighing(own, other, np.ones(2_000))
        elsewhere = fit_weighing(own * units + zero, other * units + zero, np.ones(2_000))
        np.testing.assert_allclose(elsewhere.log_odds(own * units + zero), fitted.log_odds(own), atol=1e-3)

    def test_company_decides_how_much_neighbours_say(self) -> None:
        """Neighbours of those in company tell swaps; those of the lonely say nothing."""
        own, other = (side * [1, 1, 1, 1, 0] for side in gaussians(4_000, 4_000))
        lonely = np.random.default_rng(2).random((2, 4_000)) < 0.5
        for side, alone, shift in zip((own, other), lonely, (0.0, 2.0), strict=True):
            side[:, [0, 2]] = 0
            side[:, 1] = np.random.default_rng(3 + int(shift)).normal(size=4_000) + shift * ~alone
            side[:, 3] = np.where(alone, -1, 1)
        fitted = fit_weighing(own, other, np.ones(4_000))
        asked = np.array([[0, term, 0, company, 0] for term, company in product((0.0, 2.0), (-1.0, 1.0))])
        low_alone, low_known, high_alone, high_known = fitted.log_odds(asked)
        assert high_known - low_known > 2 and abs(high_alone - low_alone) < 0.6

    def test_those_who_are_not_trusted_do_not_matter(self) -> None:
        own, other = gaussians(2_000, 2_000)
        doubted = np.concatenate([own, own[:400] + 2 * SHIFT])
        trust = np.repeat([1.0, 0.0], [2_000, 400])
        expected = fit_weighing(own, other, np.ones(2_000)).log_odds(own)
        found = fit_weighing(doubted, other, trust).log_odds(own)
        np.testing.assert_allclose(found, expected, atol=0.02)
        believed = fit_weighing(doubted, other, np.ones(2_400)).log_odds(own)
        assert abs(believed - expected).mean() > 0.2

    def test_the_same_trust_in_all_is_as_good_as_full_trust(self) -> None:
        own, other = gaussians(500, 700)
        expected = fit_weighing(own, other, np.ones(500)).log_odds(own)
        found = fit_weighing(own, other, np.full(500, 0.3)).log_odds(own)
        np.testing.assert_allclose(found, expected, atol=1e-6)

    def test_of_very_many_some_from_everywhere_stand_for_all(self, monkeypatch: pytest.MonkeyPatch) -> None:
        own, other = (side[side[:, 0].argsort()] for side in gaussians(20_000, 16_000))
        trust = np.linspace(1, 0.2, 20_000)
        expected = fit_weighing(own, other, trust).log_odds(own)
        monkeypatch.setattr("mmquality.suspicion.weighing._LEARNT_FROM", 4_000)
        found = fit_weighing(own, other, trust).log_odds(own)
        assert 0 < abs(found - expected).mean() < 0.2  # the first 4,000 would be off by 4.9

    def test_where_all_terms_are_alike_rounding_is_not_taken_for_evidence(self) -> None:
        noise = 1e-6 * np.random.default_rng(0).normal(size=(2, 300, 5))
        fitted = fit_weighing(noise[0], noise[1], np.ones(300))
        assert abs(fitted.log_odds(noise.reshape(600, 5))).max() < 0.01

    def test_log_odds_by_hand(self) -> None:
        means, deviations = (1.0, 2.0, 3.0, 4.0, 5.0), (1.0, 2.0, 0.5, 1.0, 4.0)
        weighing = Weighing(means, deviations, (1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0), 0.5)
        a, b, c, d, e = 2.0, -0.5, 4.0, -1.0, 0.75  # of the listing below, in deviations from the means
        expected = 0.5 + a + 2 * b + 3 * c + 4 * d + 5 * e + 6 * b * d + 7 * c * e
        assert weighing.log_odds(np.array([[3.0, 1.0, 5.0, 3.0, 8.0]])) == pytest.approx([expected])

    def test_what_lies_far_out_says_no_more(self) -> None:
        weighing = Weighing(weights=(1.0, 1.0, 0.0, 0.0, 0.0, 0.0, 0.0))
        terms = np.zeros((4, len(TERMS)))
        terms[:, 0] = [-1e6, -8, 8, 1e6]
        assert weighing.log_odds(terms).tolist() == [-8, -8, 8, 8]

    @given(
        weights=st.lists(st.floats(0, 5), min_size=7, max_size=7),
        terms=st.lists(st.floats(-10, 10), min_size=5, max_size=5),
        which=st.integers(0, 2),
        by=st.floats(0, 20),
    )
    def test_more_suspicion_never_lowers_the_odds_where_weights_are_positive(
        self, weights: list[float], terms: list[float], which: int, by: float
    ) -> None:
        weighing = Weighing(weights=tuple(weights), intercept=-1.0)
        terms[3:] = [
            abs(term) for term in terms[3:]
        ]  # company: what neighbours say counts the right way round
        more = terms.copy()
        more[which] += by
        low, high = weighing.log_odds(np.array([terms, more]))
        assert high >= low - 1e-9

    def test_without_weights_nothing_is_evidence(self) -> None:
        assert (Weighing().log_odds(np.random.default_rng(0).normal(size=(9, 5))) == 0).all()


class TestShare:
    @pytest.mark.parametrize("share", [0.03, 0.1, 0.3])
    @pytest.mark.parametrize("start", [0.01, 0.05, 0.5])
    def test_recovers_the_prior_of_a_simulation_from_any_start(self, share: float, start: float) -> None:
        rng = np.random.default_rng(0)
        mismatched = rng.random(20_000) < share
        x = rng.normal(size=20_000) + 2.5 * mismatched
        assert estimated_share(2.5 * x - 2.5**2 / 2, start) == pytest.approx(share, rel=0.08)

    def test_stays_within_its_bounds(self) -> None:
        assert estimated_share(np.full(100, -50.0), 0.1) == pytest.approx(0.002)
        assert estimated_share(np.full(100, 50.0), 0.1) == pytest.approx(0.5)

    def test_where_nothing_is_known_it_stays_where_it_was(self) -> None:
        assert estimated_share(np.zeros(50), 0.07) == pytest.approx(0.07)

    def test_is_a_fixed_point_no_listing_would_move(self) -> None:
        log_odds = np.random.default_rng(0).normal(-2, 4, 500)
        share = estimated_share(log_odds, 0.05)
        assert posterior(log_odds, share).mean() == pytest.approx(share, abs=1e-5)


class TestPosterior:
    @given(
        log_odds=st.lists(st.floats(-30, 30), min_size=2, max_size=30),
        shares=st.tuples(st.floats(0.002, 0.5), st.floats(0.002, 0.5)),
    )
    def test_rises_with_the_evidence_and_with_the_share(
        self, log_odds: list[float], shares: tuple[float, float]
    ) -> None:
        ordered, (low, high) = np.sort(log_odds), sorted(shares)
        rarely, often = posterior(ordered, low), posterior(ordered, high)
        assert (np.diff(rarely) >= 0).all() and (often >= rarely).all()
        assert ((rarely >= 0) & (often <= 1)).all()

    def test_is_bayes_rule(self) -> None:
        ratio = np.array([0.01, 1.0, 9.0])
        found = posterior(np.log(ratio), 0.1)
        assert found == pytest.approx(0.1 * ratio / (0.1 * ratio + 0.9))

    def test_trust_is_what_remains_of_a_generous_suspicion(self) -> None:
        log_odds = np.array([-4.0, 0.0, 4.0])
        prior = np.log(SUSPECTED_SHARE / (1 - SUSPECTED_SHARE))
        assert trust_after(log_odds) == pytest.approx(1 - expit(log_odds + prior))
