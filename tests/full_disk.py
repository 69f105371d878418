"""What `test_full_disk.py` runs where it has a small disk: every command, first without room for it.

    python full_disk.py DISK EARLIER.tar.xz

DISK is an empty file system of a few megabytes. Prints a line for each attempt: command, bytes of room, exit
status, what was said, and what the doctor found once there was room again.
"""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path

import numpy as np
from click.testing import CliRunner
from earlier.make import IDS, write_shop
from packed import unpack

from mmquality.cli import main
from mmquality.config import Workspace
from mmquality.pipeline.doctor import Health, examine

ROOMS = (0, 96 * 1024)  # nothing at all; enough to begin


def commands(disk: Path, shop: Path) -> dict[str, list[str]]:
    """Every command that writes, in the order of a first build."""
    place, ids = ["-w", str(disk / "shop")], str(shop / "ids.csv")
    vectors = [f"--title-vectors={shop / 'titles.npy'}", f"--title-ids={ids}"]
    vectors += [f"--photo-vectors={shop / 'photos.npy'}", f"--photo-ids={ids}"]
    files = ["--listings", str(shop / "listings.csv"), "--images", str(shop)]
    return {
        "import": ["import", *place, *files, "--impressions", str(shop / "log.csv")],
        "encode": ["encode", *place, *vectors],
        "train": ["train", *place, "--epochs", "1"],
        "score": ["score", *place],
        "index": ["index", *place],
        "label": ["label", "L09", "--verdict", "match", *place],
        "export": ["export", *place, "--all", "--out", str(disk / "labels.parquet")],
        "backup": ["backup", *place, "--out", str(disk / "shop.tar")],
    }


def filled(disk: Path, room: int) -> None:
    """Leave so many bytes free."""
    with (disk / "filler").open("wb", buffering=0) as file:
        while True:
            try:
                file.write(bytes(4096))
            except OSError:
                break
        file.truncate(max(file.tell() - room, 0))


def attempt(disk: Path, command: list[str], room: int | None) -> dict[str, object]:
    """Run a command with so much room, then look at the workspace with enough."""
    if room is not None:
        filled(disk, room)
    done = CliRunner().invoke(main, command)
    (disk / "filler").unlink(missing_ok=True)
    faults = [found.what for found in examine(Workspace.at(disk / "shop")) if found.health is Health.FAULT]
    left = [str(path) for path in disk.rglob(".*.part")]
    return {"command": command[0], "room": room, "status": done.exit_code, "said": done.output,
            "error": repr(done.exception), "faults": faults + left}  # fmt: skip


def run(disk: Path, packed: Path) -> None:
    """Every command without room, and then with it."""
    unpack(packed, disk / "shop")
    shop = Path(os.environ["TMPDIR"]) / "files"
    write_shop(shop)
    listings = shop / "listings.csv"
    listings.write_text(
        listings.read_text().replace("mugs", "cups")
        + "".join(
            f"M{n:04d},{'another cup ' * 40}{n},photos/{IDS[n % 24]}.png,1.50,Mugs,seller 1,red\n"
            for n in range(300)
        )
    )
    rng, ids = np.random.default_rng(8), [*IDS, *(f"M{n:04d}" for n in range(300))]
    (shop / "ids.csv").write_text("\n".join(["listing_id", *ids]) + "\n")
    for kind in ("titles", "photos"):
        np.save(shop / f"{kind}.npy", rng.normal(size=(len(ids), 80)).astype(np.float32))
    for command in commands(disk, shop).values():
        for room in (*ROOMS, None):
            told = attempt(disk, command, room)
            sys.stdout.write(json.dumps(told) + "\n")
            if told["status"] == 0:
                break


if __name__ == "__main__":
    run(Path(sys.argv[1]), Path(sys.argv[2]))
