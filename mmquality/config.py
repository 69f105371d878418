"""Every setting: where a workspace keeps its things, the network's shape, a training run's constants."""

from __future__ import annotations

import math
import os
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from urllib.parse import urlsplit

from mmquality.errors import WorkspaceError

DATABASE = "mmquality.db"  # in a workspace's folder, where no other database is named
_LEVELS = ("DEBUG", "INFO", "WARNING", "ERROR")
_HARMLESS = 64_000_000  # bytes of an unpacked file
_LONGEST_WAIT = 600  # seconds, for a language model


@dataclass(frozen=True)
class ImportLimits:
    """What is refused at the door; a photo or title beyond a limit becomes a row of the import report."""

    max_photo_bytes: int = 20_000_000
    max_photo_pixels: int = 50_000_000  # of a JPEG, which is decoded at the scale needed
    max_whole_photo_pixels: int = 25_000_000  # of any other, up to 20 bytes each while it is decoded
    max_photo_side: int = 20_000  # pixels; a photo keeps its shape, however small it is made
    max_title_characters: int = 2_000
    max_problems: int = 500_000  # rows of a file that cannot be used; with more it is the wrong file
    max_unpacking: int = 200  # how many times its size a packed file may have; text has about 5, at most 50

    def of(self, size: int) -> int:
        """Bytes that a packed file of `size` may hold; of a small one more, since nobody is harmed by it."""
        return max(_HARMLESS, self.max_unpacking * size)


@dataclass(frozen=True)
class Workspace:
    """One catalogue = one folder. This class knows names of places only; it reads and writes nothing."""

    root: Path
    database_url: str
    vectors_url: str | None = None  # of a vector database that neighbours are looked up in; None: files here

    @classmethod
    def at(cls, root: str | Path, database_url: str | None = None) -> Workspace:
        """The workspace in `root`; database: `database_url`, `MMQ_DATABASE_URL`, or a SQLite file inside.

        Neighbours: in files inside, or in the vector database at `MMQ_VECTORS_URL`.
        """
        root = Path(root).absolute()
        url = database_url or os.environ.get("MMQ_DATABASE_URL") or f"sqlite:///{root / DATABASE}"
        return cls(root, url, os.environ.get("MMQ_VECTORS_URL") or None)

    @property
    def embeddings(self) -> Path:
        """Cached embeddings, one folder per encoder."""
        return self.root / "embeddings"

    @property
    def clicks(self) -> Path:
        """The cleaned click log: `impressions.parquet` and `co_clicks.parquet`."""
        return self.root / "clicks"

    @property
    def models(self) -> Path:
        """Model versions, one folder each: checkpoint, scores, unified embeddings, index."""
        return self.root / "models"

    @property
    def thumbnails(self) -> Path:
        """Small JPEGs for the dashboard, named by the photo's content hash."""
        return self.root / "thumbnails"

    @property
    def evaluations(self) -> Path:
        """Comparison tables, as CSV: ours against its peers, and against itself without one part."""
        return self.root / "evaluations"

    @property
    def exports(self) -> Path:
        """Files of labels that a page had written."""
        return self.root / "exports"

    @property
    def scratch(self) -> Path:
        """Arrays of work that is going on, a folder for each process."""
        return self.root / "scratch"

    @property
    def jobs(self) -> Path:
        """Long work that a page started: how far it is, what it said."""
        return self.root / "jobs"


class Access(StrEnum):
    """How the dashboard knows people."""

    LOCAL = "local"  # nobody signs in; the server listens on this machine only
    PROXY = "proxy"  # a reverse proxy has signed them in, and names them in a header
    OIDC = "oidc"  # Streamlit's own login, OpenID Connect


@dataclass(frozen=True)
class AccessConfig:
    """Who may come in, as the environment says: `MMQ_ACCESS` and what belongs to it."""

    how: Access = Access.LOCAL
    header: str = ""  # `MMQ_ACCESS_HEADER`: the proxy's, that names who visits
    secret: str = ""  # `MMQ_PROXY_SECRET`: what only the proxy knows
    default_role: str = "viewer"  # `MMQ_DEFAULT_ROLE`: of whoever was given none

    @classmethod
    def of_environment(cls) -> AccessConfig:
        """Raises `WorkspaceError` where it is set up wrongly."""
        named, header = os.environ.get("MMQ_ACCESS") or "local", os.environ.get("MMQ_ACCESS_HEADER") or ""
        if named not in list(Access):
            raise WorkspaceError(f"MMQ_ACCESS is {named!r}; it can be {', '.join(Access)}.")
        if named == Access.PROXY and not header:
            raise WorkspaceError(
                "MMQ_ACCESS is proxy, but MMQ_ACCESS_HEADER names no header to trust; set it."
            )
        secret, role = os.environ.get("MMQ_PROXY_SECRET") or "", os.environ.get("MMQ_DEFAULT_ROLE")
        return cls(Access(named), header, secret, role or cls.default_role)


@dataclass(frozen=True)
class LogConfig:
    """Which events operators see, as the environment says."""

    form: str = ""  # `MMQ_LOG`: json or text; without it nothing is logged
    level: str = "INFO"  # `MMQ_LOG_LEVEL`

    @classmethod
    def of_environment(cls) -> LogConfig:
        """Raises `WorkspaceError` where it is set up wrongly."""
        form, level = os.environ.get("MMQ_LOG") or "", (os.environ.get("MMQ_LOG_LEVEL") or cls.level).upper()
        if form not in ("", "json", "text"):
            raise WorkspaceError(f"MMQ_LOG is {form!r}; it can be json or text.")
        if level not in _LEVELS:
            raise WorkspaceError(f"MMQ_LOG_LEVEL is {level!r}; it can be {', '.join(_LEVELS)}.")
        return cls(form, level)


@dataclass(frozen=True)
class NetworkConfig:
    """The network's shape; saved beside its weights."""

    title_dim: int  # of the title-side input: embedding, spelling, and context where there is any
    photo_dim: int
    title_components: int = 384  # principal components kept of each pretrained embedding
    photo_components: int = 384
    d: int = 128  # the space where title meets photo
    d_z: int = 128  # the unified embedding
    encoder_hidden: int = 512
    head_hidden: int = 256
    dropout: float = 0.75
    projection: str = "transh"
    context_fields: tuple[str, ...] = ()  # columns read beside the title, see `data.describing`

    def __post_init__(self) -> None:
        object.__setattr__(self, "context_fields", tuple(self.context_fields))  # a list where JSON was read


@dataclass(frozen=True)
class TrainingConfig:
    """The constants of a run; `*_weight` are the factors of the terms of `L`."""

    seed: int = 7
    epochs: int = 8
    batch_size: int = 512
    learning_rate: float = 2e-3
    weight_decay: float = 0.05
    folds: int = 5
    most_listings: int = 1_000_000  # that one network learns from; of more, so many are drawn (decision 13)

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

    cca_ridge: float = 1.0  # share of the mean variance that is added to the covariances
    cca_power: float = 1.0  # canonical directions are weighted by their correlation to this power

    inputs_weight: float = 1.5  # of the standardised inputs beside `z` in the unified vectors
    propagation_weight: float | None = None  # of co-clicked listings in them; None: chosen on the pairs

    expected_share: float = 0.05  # of mismatches, where the fit starts; the catalogue itself says more


@dataclass(frozen=True)
class RecallConfig:
    """The recall service: who may ask, how much at once, and how long an answer may take."""

    token: str = ""  # `MMQ_RECALL_TOKEN`: what callers must show; "" = nobody has to
    limits: ImportLimits = ImportLimits()  # of new listings that are sent
    seconds: float = 10.0  # for a whole request
    searches: int = 8  # at once; further ones wait
    waiting: int = 256  # searches; beyond, callers are sent away for a moment
    encodings: int = 4  # of new listings, one of them at work

    @classmethod
    def of_environment(cls) -> RecallConfig:
        """With the environment's token."""
        return cls(token=os.environ.get("MMQ_RECALL_TOKEN") or "")


@dataclass(frozen=True)
class LLMConfig:
    """Which language model may be asked about listings, as the environment says."""

    url: str  # `MMQ_LLM_URL`: of an OpenAI-compatible endpoint, up to and with /v1
    model: str  # `MMQ_LLM_MODEL`: by the name that the endpoint knows
    key: str = field(default="", repr=False)  # `MMQ_LLM_KEY`
    images: bool = False  # `MMQ_LLM_IMAGES`: whether it takes photos
    seconds: float = 30.0  # `MMQ_LLM_SECONDS`: for a whole answer
    price: tuple[float, float] | None = None  # `MMQ_LLM_PRICE`: of a million tokens in, of a million out

    @classmethod
    def of_environment(cls) -> LLMConfig | None:
        """None where no endpoint is set. Raises `WorkspaceError` where it is set up wrongly."""
        given = {name: os.environ.get(f"MMQ_LLM_{name}") or "" for name in _OF_A_MODEL}
        if not given["URL"]:
            return None
        if not given["MODEL"]:
            raise WorkspaceError("MMQ_LLM_URL is set, but MMQ_LLM_MODEL names no model to ask there; set it.")
        if given["IMAGES"] not in ("", "yes", "no"):
            raise WorkspaceError(f"MMQ_LLM_IMAGES is {given['IMAGES']!r}; it can be yes or no.")
        if not (given["KEY"].isascii() and given["KEY"].isprintable()):
            raise WorkspaceError("MMQ_LLM_KEY holds characters that no key has; set it again.")
        images, seconds = given["IMAGES"] == "yes", _seconds(given["SECONDS"] or str(cls.seconds))
        return cls(
            _address(given["URL"]), given["MODEL"], given["KEY"], images, seconds, _price(given["PRICE"])
        )

    @property
    def host(self) -> str:
        """Where the endpoint is, for people: `localhost:11434`."""
        return urlsplit(self.url).netloc

    def cost(self, tokens_in: int | None, tokens_out: int | None) -> float | None:
        """What an answer costs, in the money of `price`; None where price or tokens are not known."""
        if self.price is None or tokens_in is None or tokens_out is None:
            return None
        return (self.price[0] * tokens_in + self.price[1] * tokens_out) / 1e6


_OF_A_MODEL = ("URL", "MODEL", "KEY", "IMAGES", "SECONDS", "PRICE")


def _address(url: str) -> str:
    """The URL, if it is one that may be shown: without a password in it."""
    try:
        parts = urlsplit(url)
        right = parts.scheme in ("http", "https") and bool(parts.hostname) and (parts.port or 1) > 0
    except ValueError:  # brackets or a port that are none
        right = False
    if not right:
        raise WorkspaceError(f"MMQ_LLM_URL {_shown(url)} no address; write one as http://localhost:11434/v1.")
    if "@" in parts.netloc or parts.query or parts.fragment:
        raise WorkspaceError("MMQ_LLM_URL holds more than an address; what is secret belongs in MMQ_LLM_KEY.")
    return url


def _shown(url: str) -> str:
    """What was given instead of an address, unless it may be a key that was put in the wrong place."""
    harmless = ":" in url and not set(url) & set("@?#")
    return f"is {url!r}, which is" if harmless else "holds what is"


def _seconds(written: str) -> float:
    try:
        seconds = float(written)
    except ValueError:
        seconds = math.nan
    if not 0 < seconds <= _LONGEST_WAIT:
        raise WorkspaceError(f"MMQ_LLM_SECONDS is {written!r}; it can be over 0 and up to {_LONGEST_WAIT}.")
    return seconds


def _price(written: str) -> tuple[float, float] | None:
    if not written:
        return None
    try:
        into, out = (float(price) for price in written.split())
    except ValueError:
        into = out = math.nan
    if not (0 <= into < math.inf and 0 <= out < math.inf):
        raise WorkspaceError(
            f"MMQ_LLM_PRICE is {written!r}; write the price of a million tokens in and of a million out, "
            "such as 0.15 0.60."
        )
    return into, out
