"""Every constant of a training run, saved beside the weights."""

from __future__ import annotations

from dataclasses import asdict, dataclass


@dataclass(frozen=True)
class TrainingConfig:
    """The loss is `coclick_weight · L_coclick + triplet_weight · L_triplet + mismatch_weight · L_mismatch`."""

    seed: int = 7
    epochs: int = 16
    batch_size: int = 512
    learning_rate: float = 1e-3
    weight_decay: float = 0.05
    folds: int = 5

    coclick_weight: float = 0.3
    coclick_loss: str = "softmax"  # or "bce"
    triplet_weight: float = 1.0
    triplets_within: bool = True  # a listing's title, its own photo, another listing's photo, and the mirror
    triplets_between: bool = True  # anchor, co-clicked, not co-clicked
    margin: float = 0.4
    mismatch_weight: float = 1.0
    self_supervision: bool = True
    click_supervision: bool = True
    label_supervision: bool = True
    hard_share: float = 0.5  # of the swapped photos, how many are hard ones

    cca_ridge: float = 0.3
    cca_power: float = 0.5

    def as_dict(self) -> dict[str, object]:
        """For JSON."""
        return asdict(self)
