"""What a model learns from and reads, in words."""

from __future__ import annotations

from mmquality.data.describing import in_words
from mmquality.pipeline.assembling import Assembled
from mmquality.pipeline.held_out import held_out_in_words
from mmquality.pipeline.label_snapshot import apart_in_words


def teachers(assembled: Assembled) -> str:
    """What the model learns from, and what it must not, in words."""
    known = assembled.fingerprint
    without = held_out_in_words(known.get("held_out", 0)) + apart_in_words(known.get("labels_apart", 0))
    parts = [
        f"{known[name]:,} {name.replace('_', '-')}"
        for name in ("impressions", "co_clicks", "labels")
        if known[name]
    ]
    if parts:
        return (
            " and ".join([", ".join(parts[:-1]), parts[-1]] if len(parts) > 1 else parts)
            + ", and swapped photos"
            + without
        )
    return f"swapped photos alone (self-supervised: there is no click log){without}"


def beside_the_title(assembled: Assembled) -> str:
    """Which columns the model reads beside the title, as the end of a sentence; "" where it reads none."""
    return f"; beside the title it reads {in_words(assembled.fields)}" if assembled.fields else ""
