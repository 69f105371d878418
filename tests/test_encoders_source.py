"""Where named models come from, what names them, and what importing the room costs."""

from __future__ import annotations

import logging
import subprocess
import sys
from pathlib import Path

import pytest
from huggingface_hub.errors import LocalEntryNotFoundError
from test_encoders_text import save_bert

from mmquality.encoders.source import encoder_id, loading, model_folder
from mmquality.encoders.text import load_text_encoder
from mmquality.errors import EncoderError


def put_in_hub_cache(cache: Path, name: str) -> Path:
    """A model as `huggingface_hub` keeps it after a download."""
    repository = cache / f"models--{name.replace('/', '--')}"
    (repository / "refs").mkdir(parents=True)
    (repository / "refs" / "main").write_text("0" * 40)
    (repository / "snapshots").mkdir()
    return save_bert(repository / "snapshots" / ("0" * 40))


@pytest.fixture
def hub_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_CACHE", str(tmp_path))
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", True)
    return tmp_path


@pytest.mark.parametrize(
    ("repository", "name"),
    [
        ("nobody/tiny-bert", "nobody/tiny-bert"),
        ("sentence-transformers/tiny-bert", "tiny-bert"),
        ("tiny-bert", "tiny-bert"),
    ],
)
def test_a_model_in_the_hub_cache_is_used_offline(hub_cache: Path, repository: str, name: str) -> None:
    put_in_hub_cache(hub_cache, repository)
    encoder = load_text_encoder(name)
    assert (encoder.dim, encoder.id[:10]) == (16, "tiny-bert-")


def test_the_same_files_from_hub_and_folder_have_the_same_id(hub_cache: Path, tmp_path: Path) -> None:
    put_in_hub_cache(hub_cache, "nobody/tiny-bert")
    folder = save_bert(tmp_path / "tiny-bert")
    assert load_text_encoder(str(folder)).id == load_text_encoder("nobody/tiny-bert").id


def test_only_files_that_cannot_run_code_are_downloaded(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[tuple[str, list[str]]] = []

    def download(name: str, allow_patterns: list[str], ignore_patterns: list[str]) -> str:
        asked.append((name, allow_patterns))
        if len(asked) == 1:
            raise LocalEntryNotFoundError("not in the cache, no network")
        return str(save_bert(tmp_path / "bert"))

    monkeypatch.setattr("huggingface_hub.snapshot_download", download)
    assert model_folder("bert", ["first/bert", "second/bert"]) == tmp_path / "bert"
    assert [name for name, _ in asked] == ["first/bert", "second/bert"]
    assert {Path(pattern).suffix for pattern in asked[0][1]} == {".json", ".txt", ".model", ".safetensors"}


def test_an_id_is_a_plain_folder_name_and_counts_names_and_bytes(tmp_path: Path) -> None:
    (tmp_path / "config.json").write_text("{}")
    first = encoder_id("my model/v1", tmp_path)
    assert first.startswith("my-model-v1-") and Path(first).name == first
    (tmp_path / "README.md").write_text("words do not change vectors")
    assert encoder_id("my model/v1", tmp_path) == first
    (tmp_path / "config.json").rename(tmp_path / "other.json")
    assert encoder_id("my model/v1", tmp_path) != first


def test_the_load_report_of_transformers_is_read_and_not_printed(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    from transformers import BertConfig, BertForMaskedLM

    folder = save_bert(tmp_path / "bert")
    BertForMaskedLM(BertConfig.from_pretrained(folder)).save_pretrained(folder)  # as bert-base-uncased is
    capfd.readouterr()
    assert load_text_encoder(str(folder)).dim == 16  # a missing pooler does no harm
    assert capfd.readouterr() == ("", "")


def test_missing_weights_are_an_error_and_not_random_numbers(tmp_path: Path) -> None:
    folder = save_bert(tmp_path / "bert")
    config = folder / "config.json"
    config.write_text(config.read_text().replace('"num_hidden_layers": 2', '"num_hidden_layers": 3'))
    with pytest.raises(EncoderError, match=r"do not fit its config.json, encoder.layer.2\."):
        load_text_encoder(str(folder))


def test_weights_of_another_shape_are_an_error(tmp_path: Path) -> None:
    folder = save_bert(tmp_path / "bert")
    config = folder / "config.json"
    config.write_text(config.read_text().replace('"intermediate_size": 32', '"intermediate_size": 48'))
    with pytest.raises(EncoderError, match="do not fit its config.json"):
        load_text_encoder(str(folder))


def test_a_lost_tokenizer_is_an_error(tmp_path: Path) -> None:
    folder = save_bert(tmp_path / "bert")
    for file in (*folder.glob("token*"), *folder.glob("vocab*")):
        file.unlink()
    with pytest.raises(EncoderError, match="tokenizer"):
        load_text_encoder(str(folder))


def test_code_that_comes_with_a_model_is_not_run(tmp_path: Path) -> None:
    folder = save_bert(tmp_path / "bert")
    (folder / "modules.json").write_text('[{"idx": 0, "name": "0", "path": "", "type": "own_code.Own"}]')
    (folder / "own_code.py").write_text("raise SystemExit('the code was run')")
    with pytest.raises(EncoderError, match="own_code"):
        load_text_encoder(str(folder))


def test_loading_leaves_the_log_and_the_progress_bars_as_they_were() -> None:
    from transformers.utils import logging as transformers_logging

    logger = logging.getLogger("transformers.modeling_utils")
    before = (transformers_logging.is_progress_bar_enabled(), list(logger.filters))
    with pytest.raises(EncoderError, match="The model x cannot be used .first line.; it must be a model."):
        with loading("x", "a model"):
            raise ValueError("first line\nsecond line")
    assert (transformers_logging.is_progress_bar_enabled(), list(logger.filters)) == before


def test_importing_the_encoders_loads_no_heavy_library() -> None:
    rooms = ["text", "photo", "vision", "source", "cache", "precomputed"]
    code = "import sys\n" + "\n".join(f"import mmquality.encoders.{room}" for room in rooms)
    code += "\nprint({'torch', 'transformers', 'sentence_transformers', 'sklearn'} & set(sys.modules))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "set()"
