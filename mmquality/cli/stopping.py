"""What is kept where a person stops a command in the middle (Ctrl+C), and how to go on."""

from __future__ import annotations

_OTHERWISE = "Nothing is half done: what was there is as it was. The same command begins again."
_KEPT = {
    "demo": "What was drawn, imported and embedded is kept; the same command goes on after it.",
    "build": "What was imported and embedded is kept, and each network that was trained; the same command "
    "goes on after it.",
    "import": "Run the same command again: it makes good what it may have begun to write.",
    "encode": "What was embedded so far is kept; the same command goes on there.",
    "train": "Each network that was trained is kept; the same command goes on with the others.",
    "retrain": "What was embedded is kept, and each network that was trained; the model in force is as it "
    "was. The same command goes on.",
    "index": "No other model came into force; run the same command again.",
    "import-labels": "Labels that were added stay; the same command adds the others.",
}


def stopped(command: str | None) -> str:
    """What is said to who stopped a command."""
    return f"Stopped. {_KEPT.get(command or '', _OTHERWISE)}"
