"""Which columns of a catalogue describe its listings, and what they say of each, worded for a text encoder.

A title is often a name ("Luna skinny RW"), and what the photo shows stands beside it: a product type, a
colour. Columns that help are told by their values, for every catalogue names them in its own way. Numbers,
dates, codes, addresses and long texts are left out: a sentence encoder has little to say of them, and a value
that hardly any other listing has teaches nothing that the title does not.
"""

from __future__ import annotations

import re
import unicodedata
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence

import pandas as pd

from mmquality.data.values import clean_text
from mmquality.records import PRODUCT_ATTRIBUTES

CATEGORY = "category"

MOST_DISTINCT = 0.5  # different values per listing that has one; above it they hardly repeat: a name, a text
MOST_CHARACTERS = 60  # of a value, in the mean; longer ones are descriptions, whose words drown the others'
NEARLY_ALL = 0.9  # share of listings whose value must read as words
LETTERS_PER_DIGIT = 2  # at least, in a value that reads as words: "Set of 12" does, "12 x 30 cm" does not

_NEVER = set(PRODUCT_ATTRIBUTES)
_NEVER_WITH = {
    "id", "ids", "code", "sku", "asin", "ean", "gtin", "upc", "url", "uri", "link", "image", "images",
    "photo", "photos", "price", "currency", "seller",
}  # fmt: skip
_BETWEEN_WORDS = re.compile(r"[\W_]+|(?<=[a-z])(?=[A-Z])")  # of a column's name: image_url, imageUrl
_ADDRESS = re.compile(r"://|^www\.|@\w+\.|^\S+\.[A-Za-z]\w{1,4}$")  # on the web, of a mailbox, of a file
_FLAGS = {"true", "false", "yes", "no", "t", "f", "y", "n"}  # say nothing without knowing what was asked


def describing_fields(catalogue: pd.DataFrame) -> tuple[str, ...]:
    """The columns whose values describe the listings: `category` first, then attributes by name.

    `catalogue` has a row for each listing: category (text or missing) and attributes (a dict of texts).
    A column describes when (a) its values repeat, (b) they read as words, (c) they are short and (d) there is
    more than one of them; of `category` only (d) is asked, for it was made to describe.
    """
    columns = _counted(catalogue["attributes"])
    described = sorted(name for name, values in columns.items() if _describes(name, values))
    categories = {_visible(value) for value in catalogue["category"].unique()} - {""}
    return (CATEGORY, *described) if len(categories) > 1 else tuple(described)


def worded(catalogue: pd.DataFrame, field: str) -> list[str]:
    """What `field` says of each listing, as "column: value" in one line; "" where it says nothing."""
    if field == CATEGORY:
        values = catalogue["category"].tolist()
    else:
        values = [attributes.get(field) for attributes in catalogue["attributes"]]
    name = clean_text(field.replace("_", " "))
    known = {value: _visible(value) for value in set(values)}
    return [_encodable(f"{name}: {known[value]}") if known[value] else "" for value in values]


def in_words(fields: Sequence[str]) -> str:
    """The fields as a person would list them: "category, colour and product type"."""
    names = [clean_text(field.replace("_", " ")) for field in fields]
    return " and ".join([", ".join(names[:-1]), names[-1]] if len(names) > 1 else names)


def _counted(attributes: Iterable[dict[str, str]]) -> dict[str, Counter[str]]:
    """How many listings have each value of each attribute; missing ones are not counted."""
    raw: dict[str, Counter[str]] = defaultdict(Counter)
    for of_listing in attributes:
        for name, value in of_listing.items():
            raw[name][value] += 1
    columns = {}
    for name, counts in raw.items():
        columns[name] = Counter[str]()
        for value, listings in counts.items():
            columns[name][_visible(value)] += listings
        del columns[name][""]
    return columns


def _describes(name: str, values: Counter[str]) -> bool:
    listings = values.total()
    if name.casefold() in _NEVER or _NEVER_WITH & {w.casefold() for w in _BETWEEN_WORDS.split(name)}:
        return False
    if not 1 < len(values) <= MOST_DISTINCT * listings:
        return False
    if sum(len(value) * n for value, n in values.items()) > MOST_CHARACTERS * listings:
        return False
    return sum(n for value, n in values.items() if _reads_as_words(value)) >= NEARLY_ALL * listings


def _reads_as_words(value: str) -> bool:
    kinds = Counter(unicodedata.category(character)[0] for character in value)
    letters, digits = kinds["L"] + kinds["M"], kinds["N"]  # M: vowel signs, as in Devanagari, are letters too
    code = digits > 0 and " " not in value  # B09VT6JKRP, 2XL
    return (
        letters > 0
        and letters >= LETTERS_PER_DIGIT * digits
        and not code
        and not _ADDRESS.search(value)
        and value.casefold() not in _FLAGS
    )


def _visible(value: object) -> str:
    """A value in one line; "" where it is missing or says nothing, as "-" does."""
    text = clean_text(value) if isinstance(value, str) else ""
    return text if any(map(str.isalnum, text)) else ""


def _encodable(text: str) -> str:
    """The text with "?" for lone surrogates, which no tokenizer takes."""
    return text.encode("utf-8", "replace").decode("utf-8")
