"""Engines: the same results in the same order, whatever dies on the way; clear words where none is there."""

from __future__ import annotations

import os
import re
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
import torch
from engine_work import Colours, SlowTitles, Squares
from PIL import Image
from shop import everything, write_shop

from mmquality.config import NetworkConfig, Workspace
from mmquality.encoders.cache import EmbeddingCache
from mmquality.encoders.spelling import SPELLING_DIM
from mmquality.engine import Engine, Local, open_engine
from mmquality.errors import EncoderError, EngineError, MMQualityError
from mmquality.network.siamese import SiameseNetwork
from mmquality.pipeline import encoding, scoring_work
from mmquality.pipeline.context import Told, context_centres, context_texts, context_vectors
from mmquality.pipeline.encoded import EncodedCatalogue
from mmquality.pipeline.encoding import EncodeSummary, encode
from mmquality.pipeline.importing import import_files

# Ray and what it brings warn of their own settings, and leave sockets to be closed when a process ends.
pytestmark = pytest.mark.filterwarnings("ignore")
TESTS = Path(__file__).parent


@pytest.fixture(scope="module")
def ray_engine() -> Iterator[Engine]:
    """A cluster of two cores on this machine."""
    pytest.importorskip("ray", reason="needs the extra 'ray'")
    with pytest.MonkeyPatch.context() as patched:
        patched.delenv("RAY_ADDRESS", raising=False)
        patched.setenv("PYTHONPATH", os.pathsep.join([str(TESTS), str(TESTS.parent)]))  # for the workers
        patched.setattr(os, "cpu_count", lambda: 2)
        with open_engine("ray") as engine:
            yield engine


@pytest.fixture(params=["local", "ray"])
def engine(request: pytest.FixtureRequest) -> Engine:
    """Each engine in turn."""
    return Local() if request.param == "local" else request.getfixturevalue("ray_engine")


def kill_when_it_waits(victim: Path) -> threading.Thread:
    """Ends the process that `stay_to_be_killed` keeps, as the system does where memory runs out."""

    def kill() -> None:
        while not (victim.exists() and victim.read_text().endswith("\n")):
            time.sleep(0.05)
        os.kill(int(victim.read_text()), signal.SIGKILL)

    thread = threading.Thread(target=kill, daemon=True)
    thread.start()
    return thread


def blocks(n: int) -> Iterable[np.ndarray]:
    return (np.arange(3 * i, 3 * i + 3) for i in range(n))


def test_results_come_in_order_each_once(engine: Engine) -> None:
    told: list[int] = []
    found = list(engine.map_blocks(Squares(), blocks(9), told.append))
    np.testing.assert_array_equal(np.concatenate(found), np.arange(27) ** 2)
    assert sum(told) == 27
    assert list(engine.map_blocks(Squares(), [])) == []


def test_what_work_says_comes_through(engine: Engine) -> None:
    with pytest.raises(EncoderError, match=r"^13 has no square; leave it out\.$"):
        list(engine.map_blocks(Squares(refused=13), blocks(9)))


def test_more_blocks_than_the_store_takes_at_once(
    ray_engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    from mmquality.engine import ray as with_ray

    monkeypatch.setattr(with_ray, "_WINDOW", 2)
    found = list(ray_engine.map_blocks(Squares(), blocks(5)))
    np.testing.assert_array_equal(np.concatenate(found), np.arange(15) ** 2)


@pytest.mark.parametrize("ballast", [0, 10**6], ids=["small work", "work that lies in Ray's store"])
def test_a_worker_killed_midway_costs_time_alone(ray_engine: Engine, tmp_path: Path, ballast: int) -> None:
    """Ray says that it could not start again if work in its store were lost; nobody loses it."""
    told: list[int] = []
    killer = kill_when_it_waits(tmp_path / "victim")
    work = Squares(deadly=13, victim=tmp_path / "victim", ballast=bytes(ballast))
    found = list(ray_engine.map_blocks(work, blocks(9), told.append))
    np.testing.assert_array_equal(np.concatenate(found), np.arange(27) ** 2)
    assert sum(told) == 27 and not killer.is_alive()


def test_a_block_that_kills_every_worker_is_given_up(
    ray_engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    from mmquality.engine import ray as with_ray

    monkeypatch.setattr(with_ray, "_RETRIES", 1)
    with pytest.raises(EngineError, match="Ray gave up .* give the same command again"):
        list(ray_engine.map_blocks(Squares(deadly=4), blocks(3)))


def shop_workspace(folder: Path) -> Workspace:
    """Six listings, imported and not encoded yet."""
    shop = write_shop(folder / "shop") if not (folder / "shop").exists() else folder / "shop"
    workspace = Workspace.at(folder / f"workspace{len(list(folder.iterdir()))}")
    import_files(workspace, everything(shop))
    return workspace


def segments(workspace: Workspace) -> dict[str, list[bytes]]:
    """The bytes of every segment, by encoder, in the order in which they were written."""
    return {
        folder.name: [path.read_bytes() for path in sorted(folder.iterdir())]
        for folder in sorted(workspace.embeddings.iterdir())
    }


class TestEncoding:
    def test_gives_the_same_bytes_when_a_worker_is_killed(
        self, ray_engine: Engine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        victim = tmp_path / "victim"
        monkeypatch.setattr(encoding, "load_text_encoder", lambda name: SlowTitles(victim))
        monkeypatch.setattr(encoding, "load_photo_encoder", lambda name: Colours())
        monkeypatch.setattr(encoding, "_TITLES", 2)
        monkeypatch.setattr(encoding, "_PHOTOS", 2)
        there, here = shop_workspace(tmp_path), shop_workspace(tmp_path)
        killer = kill_when_it_waits(victim)
        assert encode(there, engine=ray_engine) == EncodeSummary(6, 0, 6, 0)
        assert not killer.is_alive()
        encode(here)
        assert segments(there) == segments(here)
        assert [len(found) for found in segments(there).values()] == [3, 3]

    def test_by_the_real_encoders_gives_the_same_bytes(self, ray_engine: Engine, tmp_path: Path) -> None:
        there, here = shop_workspace(tmp_path), shop_workspace(tmp_path)
        encode(there, engine=ray_engine)
        encode(here)
        assert segments(there) == segments(here)

    def test_refuses_a_worker_with_another_model(
        self, ray_engine: Engine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        def other_models(name: str) -> SimpleNamespace:
            return SimpleNamespace(id=f"model-of-{os.getpid()}")

        monkeypatch.setattr(encoding, "load_text_encoder", other_models)
        with pytest.raises(EncoderError, match=f"but model-of-{os.getpid()} where the work comes from"):
            encode(shop_workspace(tmp_path), engine=ray_engine)

    def test_refuses_a_photo_that_is_another_where_the_worker_looks(
        self, ray_engine: Engine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(encoding, "load_text_encoder", lambda name: SlowTitles(tmp_path / "shop"))
        monkeypatch.setattr(encoding, "load_photo_encoder", lambda name: Colours())
        monkeypatch.setattr(encoding, "as_imported", lambda listings: listings)
        workspace = shop_workspace(tmp_path)
        Image.new("RGB", (40, 40), "red").save(tmp_path / "shop" / "photos" / "L2.jpg")
        with pytest.raises(MMQualityError, match=r"L2\.jpg' cannot be used: it has changed since its import"):
            encode(workspace, engine=ray_engine)


def test_networks_read_the_same_bytes(
    ray_engine: Engine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also where torch has several threads here: the products of two end in other bits."""
    rng, n = np.random.default_rng(5), 40
    hashes = [f"{i:064x}" for i in range(n)]
    for name, dim in (("titles", 16), ("photos", 24)):
        cache = EmbeddingCache(tmp_path, name)
        for rows in (slice(0, 25), slice(25, n)):
            cache.put(hashes[rows], rng.normal(size=(n, dim)).astype(np.float32)[rows])
    torch.manual_seed(5)
    dims = {"title_dim": 16 + SPELLING_DIM + 16, "photo_dim": 24}
    shape = NetworkConfig(**dims, title_components=64, photo_components=24)
    first, *folds = (SiameseNetwork(shape).eval() for _ in range(3))
    frame = pd.DataFrame(
        {"title": [f"Title {i}" for i in range(n)], "category": ["Mugs", "Lamps"] * (n // 2)}
    )
    said = list(context_texts(frame, ["category"]))
    EmbeddingCache(tmp_path, "titles").put(said, rng.normal(size=(2, 16)).astype(np.float32))
    cache, told = EmbeddingCache(tmp_path, "titles"), Told.of([frame], ["category"])
    titles, photos = (EmbeddingCache(tmp_path, name).placed(hashes) for name in ("titles", "photos"))
    centres = context_centres(told, cache)
    context = context_vectors(told, cache, centres)
    catalogue = EncodedCatalogue(frame, titles, photos, told, context, centres)
    monkeypatch.setattr(scoring_work, "BLOCK", 16)
    there = list(scoring_work.read_by(ray_engine, first, folds, catalogue))
    assert [len(read.logits) for read in there] == [16, 16, 8]
    before = torch.get_num_threads()
    for threads in (1, 2):
        torch.set_num_threads(threads)
        try:
            here = list(scoring_work.read_by(Local(), first, folds, catalogue))
        finally:
            torch.set_num_threads(before)
        for one, other in zip(there, here, strict=True):
            for part in ("x", "y", "z", "logits"):
                np.testing.assert_array_equal(getattr(one, part), getattr(other, part), strict=True)


def in_a_new_process(
    code: str, environment: Mapping[str, str] = os.environ
) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", code], env=environment, cwd=TESTS.parent,
        capture_output=True, text=True, timeout=120, check=False,
    )  # fmt: skip


CONNECT = "from mmquality.engine import open_engine\nwith open_engine('ray'): pass"


def test_without_ray_the_error_says_what_to_install() -> None:
    done = in_a_new_process(f"import sys; sys.modules['ray'] = None\n{CONNECT}")
    assert re.search(r"EngineError: .*pip install 'mmquality\[ray\]'", done.stderr)


def outside() -> dict[str, str]:
    """The environment without what Ray or a test here has set for it; workers find what tests send."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("RAY_")}
    return {**kept, "PYTHONPATH": os.pathsep.join([str(TESTS), str(TESTS.parent)])}


@contextmanager
def cluster_with_a_token(home: Path) -> Iterator[str]:
    """The address of a cluster whose token lies in `home`, where Ray writes it."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    (home / ".ray").mkdir(parents=True)
    (home / ".ray" / "auth_token").write_text("1f" * 32)
    # A short folder, as sockets lie in it; its last files may come while it goes.
    with tempfile.TemporaryDirectory(dir="/tmp", ignore_cleanup_errors=True) as folder:
        head = f"--head --block --port {port} --num-cpus 1 --include-dashboard false --temp-dir {folder}"
        started = subprocess.Popen(
            [Path(sys.executable).with_name("ray"), "start", *head.split(), "--disable-usage-stats"],
            env={**outside(), "HOME": str(home)}, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
            start_new_session=True,
        )  # fmt: skip
        try:
            assert started.stdout and any("Ray runtime started" in line for line in started.stdout)
            yield f"127.0.0.1:{port}"
        finally:
            os.killpg(started.pid, signal.SIGKILL)  # asked to end, Ray takes half a minute
            started.communicate()


def test_a_cluster_that_asks_for_a_token_is_shown_the_users(tmp_path: Path) -> None:
    pytest.importorskip("ray", reason="needs the extra 'ray'")
    code = (
        "import numpy as np\nfrom engine_work import Squares\nfrom mmquality.engine import open_engine\n"
        "with open_engine('ray') as engine: found = list(engine.map_blocks(Squares(), [np.arange(3)]))\n"
        "print(found)"
    )
    with cluster_with_a_token(tmp_path / "home") as address:
        done, refused = (
            in_a_new_process(code, {**outside(), "RAY_ADDRESS": address, "HOME": str(home)})
            for home in (tmp_path / "home", tmp_path)
        )
    assert done.stdout == "[array([0, 1, 4])]\n", done.stderr
    assert re.search(r"EngineError: The Ray cluster at .* asks for a token.*auth_token", refused.stderr)


@pytest.mark.parametrize(
    ("token", "runs"), [({}, 2), ({"RAY_AUTH_TOKEN": "1f" * 32}, 1)], ids=["none", "the user's"]
)
def test_a_local_cluster_leaves_its_token_neither_in_the_home_nor_in_the_process(
    tmp_path: Path, token: dict[str, str], runs: int
) -> None:
    """Clusters that this user starts later would ask for it. A second one starts all the same."""
    pytest.importorskip("ray", reason="needs the extra 'ray'")
    code = f"{CONNECT}\nimport os; print(os.environ.get('RAY_AUTH_TOKEN'))\n"
    done = in_a_new_process(runs * code, {**outside(), "HOME": str(tmp_path), **token})
    assert done.stdout.split() == runs * [str(token.get("RAY_AUTH_TOKEN"))], done.stderr
    assert not (tmp_path / ".ray").exists()


def test_a_cluster_that_does_not_answer_is_told_at_once() -> None:
    pytest.importorskip("ray", reason="needs the extra 'ray'")
    started = time.monotonic()
    done = in_a_new_process(CONNECT, {**os.environ, "RAY_ADDRESS": "127.0.0.1:1"})
    assert re.search(
        r"EngineError: No Ray cluster answers at RAY_ADDRESS=127\.0\.0\.1:1 .*ray start", done.stderr
    )
    assert time.monotonic() - started < 60
