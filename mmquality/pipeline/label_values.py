"""Which labels teach, and what each says."""

from __future__ import annotations

import pandas as pd

from mmquality.records import Verdict
from mmquality.store import Store

LABEL_VALUES = {Verdict.MISMATCH.value: 1.0, Verdict.MATCH.value: 0.0}  # unsure teaches nothing


def teaching_labels(store: Store) -> pd.DataFrame:
    """The labels that count, say yes or no, nobody disputes, and are of a listing as it still is."""
    labels = store.current_labels()
    teaching = labels["as_judged"].astype(bool) & ~labels["disputed"].astype(bool)
    teaching &= labels["verdict"].isin(LABEL_VALUES)
    return labels[teaching].drop(columns=["as_judged", "disputed"])
