"""What docs/sizing.md is written from: what a script has not measured is left out, the rest follows."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pandas as pd
import pytest

from mmquality.pipeline.places import open_store
from mmquality.store import Store

if TYPE_CHECKING:
    from conftest import NewDatabase
    from workspaces import Fixture

PROJECT = Path(__file__).parents[1]
sys.path.append(str(PROJECT / "benchmarks"))

SPEED = [
    {"stage": "terms", "10,000 s": 1.0, "1,000,000 s": 100.0, "exponent": 1.0, "peak GB at 1,000,000": 1.0}
]


def written(folder: Path, **rows: list[dict[str, object]]) -> Path:
    """A folder of what scripts print with `--json`."""
    for script, of_script in rows.items():
        (folder / f"{script}.json").write_text(json.dumps({"rows": of_script}), encoding="utf-8")
    return folder


@pytest.mark.parametrize("there", [{}, {"speed": SPEED}], ids=["nothing", "one"])
def test_what_was_not_measured_is_named_and_left_out(
    tmp_path: Path, finished: Fixture, there: dict[str, list[dict[str, object]]]
) -> None:
    command = [sys.executable, "benchmarks/sizing.py", "--workspace", str(finished.workspace.root), "--json"]
    command += ["--results", str(written(tmp_path, **there))]
    done = subprocess.run(command, cwd=PROJECT, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    absent = {"importing", "encoding", "speed_training", "speed", "memory", "scratch"} - set(there)
    assert set(found["missing"]) == {f"`benchmarks/{one}.py`" for one in absent}
    measured = [f"score and index: {row['stage']}" for row in there.get("speed", [])]
    assert [row["stage"] for row in found["seconds"]] == measured + ["all of it, once"] * bool(measured)
    assert found["memory"] == []


def test_every_file_of_a_model_is_counted_and_its_networks_do_not_grow(tmp_path: Path) -> None:
    from sizing import of_model

    sizes = {
        "index/photo.faiss": 60,
        "scored/unified.npy": 40,
        "ground/photos.faiss": 16,
        "ground/trust.npy": 8,
    }
    sizes |= {"trained_on.parquet": 12, "model.safetensors": 1_000, "config.json": 10}
    for name, size in sizes.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_bytes(bytes(size))
    found = of_model(tmp_path, 4)
    assert [size.bytes for size in found] == [60, 40, 24, 12, 1_010]
    assert [size.at(8) for size in found] == [120, 80, 48, 24, 1_010]


def test_all_of_it_is_the_sum_of_the_rows(finished: Fixture) -> None:
    from sizing import bytes_table

    *rows, every = bytes_table(finished.workspace, None, None)
    assert every["file"] == "all of it"
    assert every["GB of a million"] == pytest.approx(sum(row["GB of a million"] for row in rows))


def test_what_is_there_meanwhile_is_told_and_added_at_the_peak(tmp_path: Path, finished: Fixture) -> None:
    from sizing import bytes_table

    rows = [
        {
            "command": "import",
            "temporary files, bytes a listing": 900,
            "in the workspace, bytes a listing": 0,
        },
        {
            "command": "train",
            "temporary files, bytes a listing": 0,
            "in the workspace, bytes a listing": 13_000,
        },
    ]
    every, *meanwhile, peak = bytes_table(finished.workspace, None, written(tmp_path, scratch=rows))[-4:]
    assert [row["bytes a listing"] for row in meanwhile] == [900, 13_000]
    assert peak["bytes a listing"] == every["bytes a listing"] + 13_000


def test_a_database_in_postgresql_is_filled_with_the_same_catalogue(
    finished: Fixture, new_database: NewDatabase
) -> None:
    from sizing import bytes_table

    url = new_database("postgresql")
    every, row = bytes_table(finished.workspace, url, None)[-2:]
    assert (every["file"], row["file"]) == ("all of it", "database, in PostgreSQL instead")
    assert row["bytes a listing"] > 1e4  # tables and their indexes begin with some pages each
    with Store.open(url) as there, open_store(finished.workspace) as here:
        pd.testing.assert_frame_equal(there.catalogue_frame(), here.catalogue_frame())
        version = here.current_version()
        assert version is not None and version == there.current_version()
        scores = (store.version_scores(version.name) for store in (there, here))
        pd.testing.assert_frame_equal(*scores)


def test_no_network_learns_from_more_than_a_million() -> None:
    from sizing_seconds import networks

    stage = networks({"listings": 1_000_000, "start s": 80.0, "epoch s": 100.0})
    assert stage.at(1_000_000) == pytest.approx((80 + 8 * 100) * (1 + 5 * 0.8) / 2)
    assert stage.at(100_000_000) == stage.at(2_000_000) == pytest.approx((80 + 8 * 100) * 6 / 2)


def test_many_lists_are_told_by_a_graph_and_centres_are_more_for_more_vectors() -> None:
    from sizing_seconds import AMONG_CENTRES, indexes, neighbours

    near = neighbours("near", 1_000_000, 250.0)
    assert near.at(1_000_000) == pytest.approx(250)
    squared = near.at(4_000_000) - 4 * 250  # what comes to it by going through more centres
    assert squared == pytest.approx(4 * (4 - 1) * 4 * 11, rel=0.01)
    assert near.at(4_100_000) / near.at(4_090_000) == pytest.approx(1, abs=0.25)
    assert 2 < near.at(200_000_000) / near.at(100_000_000) < 2.1
    lists = indexes("lists", 1_000_000, 50.0)
    assert lists.at(1_000_000) == pytest.approx(50)
    assert lists.at(100_000_000) == pytest.approx(100 * 50 * (1 - AMONG_CENTRES + 10 * AMONG_CENTRES))
    assert 0.2 < AMONG_CENTRES < 0.3


def test_the_start_of_a_program_does_not_grow() -> None:
    from sizing_seconds import seconds_table

    row = {"way": "SQLite, a photo each", "listings": "3,000", "seconds": 2.5, "of it start": 1.0}
    (alone, _) = seconds_table(lambda script: [row] if script == "importing" else [])
    assert alone["s for a million"] == 500


def test_machines_divide_encoding_and_networks_alone() -> None:
    from sizing_seconds import MACHINES, machines_table

    rows = {
        "encoding": [{"catalogue": "a", "of": "titles", "listings": 100, "ours ms": 36.0}],
        "speed": SPEED,
    }
    encode, score, every = machines_table(lambda script: rows.get(script, []))
    hours = f"hours, {MACHINES} machines"
    assert (encode["hours, one machine"], encode[hours]) == (1000, 125)
    assert score["of it divided"] == 0 and score["hours, one machine"] == score[hours]
    assert every[hours] == pytest.approx(encode[hours] + score[hours])


def test_files_without_a_name_are_on_the_disk_as_well(tmp_path: Path) -> None:
    from scratch import lying

    (tmp_path / "inner").mkdir()
    (tmp_path / "inner" / "named").write_bytes(bytes(100_000))
    hold = "import sys, tempfile; f = tempfile.TemporaryFile(dir=sys.argv[1]); f.write(bytes(200_000))"
    command = [sys.executable, "-c", f"{hold}; f.flush(); print(flush=True); sys.stdin.read()", str(tmp_path)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        process.stdout.readline()
        held = lying(tmp_path)
        process.communicate()
    assert 300_000 <= held <= 320_000  # whole blocks
    assert 100_000 <= lying(tmp_path) <= 110_000
