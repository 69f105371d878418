"""One network's training: each term against naive loops, every switch, every kind of catalogue."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
import torch
from synthetic import NETWORK, TRAINING, synthetic, tensors_of, without

from mmquality.config import TrainingConfig
from mmquality.network import losses
from mmquality.network.siamese import SiameseNetwork
from mmquality.scoring import mismatch_logits
from mmquality.training.batches import Batch, Tensors, epoch, swap
from mmquality.training.data import Bools, TrainingData
from mmquality.training.loop import train_network
from mmquality.training.steps import Losses, Ready, swaps_by
from mmquality.training.warm_start import Start, fit_inputs, warm_start

ALL = {"coclick", "triplets_within", "triplets_between", "self_supervision", "clicks", "labels"}
Trained = tuple[SiameseNetwork, list[dict[str, float]]]


def labelled() -> TrainingData:
    """A catalogue with every kind of teacher, in which some titles, photos and products are shared."""
    data = synthetic(60).data
    verdict = data.verdict.copy()
    verdict[:6] = [1, 0, 1, 0, 1, 0]
    key = np.arange(60)
    shared = np.where(key % 10 == 1, key - 1, key)
    return replace(data, verdict=verdict, title_key=shared, photo_key=np.roll(shared, 3))


def train(data: TrainingData, config: TrainingConfig = TRAINING, owned: Bools | None = None) -> Trained:
    inputs = fit_inputs(NETWORK, data.titles, data.photos)
    return train_network(tensors_of(data, owned), inputs, NETWORK, config)


def step(data: TrainingData, owned: Bools | None = None) -> tuple[SiameseNetwork, Tensors, Batch]:
    """A network at its start, without dropout, and a batch of the catalogue."""
    torch.manual_seed(0)
    network = SiameseNetwork(NETWORK, fit_inputs(NETWORK, data.titles, data.photos)).eval()
    tensors = tensors_of(data, owned)
    warm_start(network, Start.of(tensors, NETWORK, ridge=1.0, power=1.0), tensors)
    batch = next(epoch(tensors, 40, torch.Generator().manual_seed(0)))
    return network, tensors, batch


def losses_of(network: SiameseNetwork, tensors: Tensors, batch: Batch, **changed: Any) -> dict[str, float]:
    config = replace(TRAINING, **changed)
    swaps = swaps_by(config, torch.Generator().manual_seed(1))
    terms = Losses(network, config)(Ready.of(tensors, batch), swaps)
    return {name: float(term.detach()) for name, term in terms.items()}


def mean_violation(violations: list[float]) -> float:
    active = [violation for violation in violations if violation > 0]
    return sum(active) / len(active) if active else 0.0


def distance(network: SiameseNetwork, tensors: Tensors, title: int, photo: int) -> float:
    """D(i, j) of one title and one photo."""
    p = network.project(tensors.x[[title]], tensors.y[[photo]])
    return float((p.u + network.projection.translation() - p.v).square().sum())


def alike(data: TrainingData, a: int, b: int) -> bool:
    return any(key[a] == key[b] for key in (data.title_key, data.photo_key, data.product_key))


@torch.no_grad()
def test_triplets_within_listings_one_by_one() -> None:
    data = labelled()
    owned = np.arange(60) % 7 != 0
    network, tensors, batch = step(data, owned)
    rows = batch.rows[: batch.listings].tolist()
    by_title, by_photo = [], []
    for a in (row for row in rows if owned[row]):
        own = distance(network, tensors, a, a)
        for n in (row for row in rows if not alike(data, a, row)):
            by_title.append(own - distance(network, tensors, a, n) + TRAINING.margin)
            by_photo.append(own - distance(network, tensors, n, a) + TRAINING.margin)
    expected = (mean_violation(by_title) + mean_violation(by_photo)) / 2
    assert losses_of(network, tensors, batch)["triplets_within"] == pytest.approx(expected, abs=1e-4)


@torch.no_grad()
def test_triplets_between_listings_one_by_one() -> None:
    data = labelled()
    owned = np.arange(60) % 7 != 0
    network, tensors, batch = step(data, owned)
    co_clicked = {frozenset(pair) for pair in data.pairs.tolist()}
    anchors, positives = batch.rows[batch.anchors].tolist(), batch.rows[batch.positives].tolist()
    violations = []
    for a, p in zip(anchors, positives, strict=True):
        for n in positives:
            if owned[p] and not alike(data, a, n) and frozenset((a, n)) not in co_clicked:
                near, far = distance(network, tensors, a, p), distance(network, tensors, a, n)
                violations.append(near - far + TRAINING.margin)
    found = losses_of(network, tensors, batch)["triplets_between"]
    assert found == pytest.approx(mean_violation(violations), abs=1e-4)


@torch.no_grad()
@pytest.mark.parametrize("kind", ["softmax", "bce"])
def test_co_clicked_listings_are_nobodys_negatives(kind: str) -> None:
    data = replace(labelled(), pairs=np.array([[8, 20], [8, 30], [8, 40]]))
    network, tensors, _ = step(data)
    batch = Batch(torch.tensor([8, 8, 20, 30]), listings=0)  # 8 with 20, 8 with 30
    found = losses_of(network, tensors, batch, coclick_loss=kind, triplet_weight=0, mismatch_weight=0)
    s = network.affinity(*[network.unified(network.project(tensors.x[r], tensors.y[r]))
                           for r in (batch.rows[batch.anchors], batch.rows[batch.positives])])  # fmt: skip
    loss = {"softmax": losses.coclick_softmax, "bce": losses.coclick_bce}[kind]
    nobody = torch.ones(2, 2, dtype=torch.bool)
    assert found["coclick"] == pytest.approx(TRAINING.coclick_weight * float(loss(s, nobody)), abs=1e-5)


@torch.no_grad()
def test_mismatch_terms_one_by_one() -> None:
    data = labelled()
    owned = np.arange(60) % 7 != 0
    network, tensors, batch = step(data, owned)
    found = losses_of(network, tensors, batch)
    rows = batch.rows[: batch.listings]
    p = network.project(tensors.x[rows], tensors.y[rows])
    own = network.mismatch(p.u, p.v)
    same = torch.Generator().manual_seed(1)
    to, photo_of = swap(p.u, tensors.excluded(rows, rows), TRAINING.hard_share, same)
    swapped = network.mismatch(p.u[to], p.v[photo_of])
    kept = torch.from_numpy(owned)[rows]
    assert found["self_supervision"] == pytest.approx(
        float(losses.self_supervision(own[kept], swapped)), abs=1e-5
    )
    judged = [k for k, row in enumerate(rows.tolist()) if not np.isnan(data.verdict[row])]
    verdict = torch.from_numpy(data.verdict)[rows[judged]]
    share = len(judged) / len(rows)
    assert found["labels"] == pytest.approx(share * float(losses.verdicts(own[judged], verdict)), abs=1e-5)
    clicks = impressions = 0.0
    for k, row in enumerate(rows.tolist()):
        for place in range(data.shown.shape[1]):
            shown, clicked = float(data.shown[row, place]), float(data.clicked[row, place])
            logit = network.head.no_click_logit(own[k], torch.tensor(place + 1))
            no_click = float(torch.nn.functional.logsigmoid(logit))
            click = float(torch.nn.functional.logsigmoid(-logit))
            clicks -= (shown - clicked) * no_click + clicked * click
            impressions += shown
    assert found["clicks"] == pytest.approx(clicks / impressions, abs=1e-5)


def test_every_term_has_its_weight() -> None:
    once = step(labelled())
    plain = losses_of(*once, coclick_weight=1.0, triplet_weight=1.0, mismatch_weight=1.0)
    heavy = losses_of(*once, coclick_weight=2.0, triplet_weight=3.0, mismatch_weight=5.0)
    weight = dict.fromkeys(ALL, 5.0) | {"coclick": 2.0, "triplets_within": 3.0, "triplets_between": 3.0}
    assert set(plain) == ALL
    assert heavy == pytest.approx({name: weight[name] * value for name, value in plain.items()}, rel=1e-4)


@pytest.mark.parametrize(
    ("changed", "gone"),
    [
        ({"coclick_weight": 0}, {"coclick"}),
        ({"triplet_weight": 0}, {"triplets_within", "triplets_between"}),
        ({"triplets_within": False}, {"triplets_within"}),
        ({"triplets_between": False}, {"triplets_between"}),
        ({"mismatch_weight": 0}, {"self_supervision", "clicks", "labels"}),
        ({"self_supervision": False}, {"self_supervision"}),
        ({"click_supervision": False}, {"clicks"}),
        ({"label_supervision": False}, {"labels"}),
    ],
    ids=lambda given: "-".join(sorted(given)),
)
def test_every_term_can_be_switched_off(changed: dict[str, Any], gone: set[str]) -> None:
    assert set(losses_of(*step(labelled()), **changed)) == ALL - gone


@pytest.mark.parametrize("pairs", [True, False])
@pytest.mark.parametrize("impressions", [True, False])
def test_trains_on_what_there_is(pairs: bool, impressions: bool) -> None:
    data = without(labelled(), pairs=not pairs, impressions=not impressions)
    network, history = train(data)
    absent = ({"triplets_between"} if not pairs else set()) | ({"clicks"} if not impressions else set())
    assert [set(means) for means in history] == [ALL - absent] * TRAINING.epochs
    assert np.isfinite(mismatch_logits(network, data.titles, data.photos)).all()
    assert not network.training


@pytest.mark.parametrize(
    "changed",
    [
        {"coclick_weight": 0, "triplet_weight": 0, "mismatch_weight": 0},
        {"coclick_weight": 0, "triplet_weight": 0, "self_supervision": False, "label_supervision": False},
    ],
    ids=["nothing is on", "most batches have nothing to say"],
)
def test_a_batch_without_any_term_is_passed_over(changed: dict[str, Any]) -> None:
    data = labelled()
    few = (np.arange(60) < 1)[:, None]
    data = replace(data, shown=data.shown * few, clicked=data.clicked * few)
    network, _ = train(data, replace(TRAINING, batch_size=10, **changed))
    assert np.isfinite(mismatch_logits(network, data.titles, data.photos)).all()


def test_the_loss_falls() -> None:
    _, history = train(labelled(), replace(TRAINING, epochs=25, batch_size=20))
    # Few pairs, drawn at random: one epoch says little of them.
    first, last = (
        {name: np.mean([e[name] for e in part]) for name in part[0]} for part in (history[:5], history[-5:])
    )
    assert sum(last.values()) < 0.95 * sum(first.values())
    # A triplet loss is the mean of the violated ones: it may rise while they become few.
    assert all(last[name] < first[name] for name in ("coclick", "self_supervision", "clicks"))


def test_training_repeats_bit_for_bit_and_changes_with_the_seed() -> None:
    data = labelled()
    (one, history), (same, again) = train(data), train(data)
    assert history == again
    assert all(
        torch.equal(a, b) for a, b in zip(one.state_dict().values(), same.state_dict().values(), strict=True)
    )
    assert train(data, replace(TRAINING, seed=1))[1] != history


def test_a_photo_that_is_not_owned_is_not_learnt_as_right() -> None:
    data, owned = without(synthetic(120).data, pairs=True, impressions=True), np.arange(120) >= 12
    config = replace(TRAINING, epochs=20, batch_size=30)

    def place_of_the_twelve(owned: Bools) -> float:
        logits = mismatch_logits(train(data, config, owned)[0], data.titles, data.photos)
        return float(logits[:12].mean() - logits[12:].mean())

    assert place_of_the_twelve(owned) > place_of_the_twelve(np.ones(120, dtype=bool))


def test_verdicts_move_the_listings_they_are_about() -> None:
    data = without(synthetic(120).data, pairs=True, impressions=True)
    verdict = data.verdict.copy()
    verdict[:10], verdict[10:20] = 1, 0
    config = replace(TRAINING, epochs=20, batch_size=30)
    before = mismatch_logits(train(data, config)[0], data.titles, data.photos)
    taught, _ = train(replace(data, verdict=verdict), config, owned=~(verdict == 1))
    after = mismatch_logits(taught, data.titles, data.photos)
    assert after[:10].mean() - after[10:20].mean() > before[:10].mean() - before[10:20].mean() + 0.2


def test_each_step_is_told_and_the_loss_of_the_last_epoch() -> None:
    data, seen = labelled(), []
    inputs = fit_inputs(NETWORK, data.titles, data.photos)
    config = replace(TRAINING, batch_size=30)
    _, history = train_network(
        tensors_of(data), inputs, NETWORK, config, lambda steps, loss: seen.append((steps, loss))
    )
    of_epochs = [math.nan, *(sum(losses.values()) for losses in history)]
    steps = len(seen) // config.epochs
    assert steps > 1 and [step for step, _ in seen] == list(range(1, 3 * steps + 1))
    np.testing.assert_equal([loss for _, loss in seen], np.repeat(of_epochs[:3], steps))


def test_losses_are_read_when_an_epoch_ends(monkeypatch: pytest.MonkeyPatch) -> None:
    """A step that read its own would wait for a GPU."""
    data, happened, read = labelled(), [], torch.Tensor.__float__
    inputs = fit_inputs(NETWORK, data.titles, data.photos)

    def reading(tensor: torch.Tensor) -> float:
        happened.append("read")
        return read(tensor)

    monkeypatch.setattr(torch.Tensor, "__float__", reading)
    config = replace(TRAINING, batch_size=30, epochs=2)
    train_network(tensors_of(data), inputs, NETWORK, config, lambda steps, loss: happened.append("step"))
    changes = [event for event, before in zip(happened, [None, *happened], strict=False) if event != before]
    assert changes[changes.index("step") :] == ["step", "read", "step", "read"]
