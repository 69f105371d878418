"""Makes the workspaces that lie beside it: each by the mmquality of its time, from the same small shop.

    python tests/earlier/make.py            all that are not there yet
    python tests/earlier/make.py 0016       this one

Run in a repository with its history. `COMMITS` says which commit is the last of each schema or format;
what it builds (database, settings, vectors, click log, a model of very small networks) is packed as it is.
"""

from __future__ import annotations

import io
import subprocess
import sys
import tarfile
import tempfile
from pathlib import Path

import numpy as np
from PIL import Image

COMMITS = {
    "0001-checkpoint-1": "2055352",
    "0001-checkpoint-2": "b687873",
    "0001": "652e72d",
    "0002": "10b443b",
    "0003": "370508b",
    "0004": "81abfeb",
    "0005": "bc6a5bd",
    "0006": "62fd30e",
    "0007": "b942f1b",
    "0008": "150956f",
    "0009": "cb67025",
    "0010": "17ad8d3",
    "0011": "a56228d",
    "0012": "7e6d237",
    "0013": "945d41f",
    "0014": "f58f14a",
    "0015": "3cdc515",
    "0016": "339d1cc",
    "0017": "955b521",
    "0018": "5c3253a",
}
HERE = Path(__file__).parent
IDS = [f"L{n:02d}" for n in range(24)]
_SHAPE = {"d": 6, "d_z": 6, "encoder_hidden": 6, "head_hidden": 6}


def write_shop(folder: Path) -> None:
    """Listings with photos, a click log, and vectors made elsewhere, which need no encoder."""
    (folder / "photos").mkdir(parents=True)
    rng, colours = np.random.default_rng(7), ("red", "blue", "green")
    rows, log = [], []
    for n, i in enumerate(IDS):
        Image.new("RGB", (8, 8), (10 * n, 90, 120)).save(folder / "photos" / f"{i}.png")
        kind, colour = ("Lamps", "Mugs")[n % 2], colours[n % 3]
        rows.append(f"{i},{colour} {kind.lower()} {n},photos/{i}.png,{n}.50,{kind},seller {n % 3},{colour}")
        log.append(f"s{n},2026-01-01T10:00:00,{IDS[(n + 1) % 24]},{i},{n % 4 + 1},{n % 2}")
    _write(folder / "listings.csv", "listing_id,title,image,price,category,seller,colour", rows)
    _write(folder / "log.csv", "session_id,shown_at,seed_listing_id,listing_id,position,clicked", log)
    _write(folder / "pairs.csv", "listing_id,other_id", ["L03,L04", "L05,L06"])
    _write(folder / "ids.csv", "listing_id", IDS)
    for kind in ("titles", "photos"):
        np.save(folder / f"{kind}.npy", rng.normal(size=(len(IDS), 8)).astype(np.float32))


def _write(path: Path, header: str, rows: list[str]) -> None:
    path.write_text("\n".join([header, *rows]) + "\n")


def build(root: Path, shop: Path) -> None:
    """A workspace by the mmquality that is imported: built, and four labels, one of them withdrawn."""
    from mmquality.config import Workspace
    from mmquality.pipeline import building
    from mmquality.pipeline.importing import InputFiles
    from mmquality.pipeline.places import open_store
    from mmquality.pipeline.settings import EncoderChoice
    from mmquality.records import Reason, Verdict

    usual = building.NetworkConfig
    building.NetworkConfig = lambda **shape: usual(**(shape | _SHAPE))  # type: ignore[attr-defined]
    files = InputFiles(shop / "listings.csv", shop, shop / "log.csv", shop / "pairs.csv")
    vectors = (EncoderChoice(vectors=shop / f"{k}.npy", ids=shop / "ids.csv") for k in ("titles", "photos"))
    building.build(Workspace.at(root), files, building.Options(epochs=1), *vectors)
    with open_store(Workspace.at(root)) as store:
        store.add_label("L00", Verdict.MATCH, None, "as it should be", "ada")
        store.add_label("L01", Verdict.MISMATCH, Reason.WRONG_PRODUCT, "", "ada")
        store.add_label("L02", Verdict.UNSURE, None, "", "bo")
        withdrawn = store.add_label("L03", Verdict.MATCH, None, "", "bo")
        store.undo_label(withdrawn.label_id, "bo")


def make(name: str, scratch: Path) -> None:
    """Pack the workspace of that name, built in a process that imports that commit's code."""
    code, root = scratch / name / "code", scratch / name / "workspace"
    packed = subprocess.run(
        ["git", "archive", COMMITS[name], "mmquality"], stdout=subprocess.PIPE, check=True
    )
    with tarfile.open(fileobj=io.BytesIO(packed.stdout)) as archive:
        archive.extractall(code, filter="data")
    step = f"import make; make.build(make.Path({str(root)!r}), make.Path({str(scratch / 'shop')!r}))"
    known = {"PYTHONPATH": f"{code}:{HERE.resolve()}", "USER": "ada", "OMP_NUM_THREADS": "1"}
    subprocess.run([sys.executable, "-c", step], env=known, cwd=code, check=True)
    with tarfile.open(HERE / f"{name}.tar.xz", "w:xz") as archive:
        archive.add(root, ".", filter=_without_owner)


def _without_owner(entry: tarfile.TarInfo) -> tarfile.TarInfo:
    entry.uid = entry.gid = 0
    entry.uname = entry.gname = ""
    return entry


def main() -> None:
    """Make those that are named, or all that are not there."""
    wanted = sys.argv[1:] or [name for name in COMMITS if not (HERE / f"{name}.tar.xz").exists()]
    with tempfile.TemporaryDirectory(prefix="mmquality-") as folder:
        write_shop(Path(folder) / "shop")
        for name in wanted:
            make(name, Path(folder))


if __name__ == "__main__":
    main()
