"""Which columns describe: words that repeat do; numbers, codes, addresses, dates, names and texts do not."""

from __future__ import annotations

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mmquality.data.describing import describing_fields, in_words, worded


def catalogue(category: list[str | None] | None = None, **attributes: list[str]) -> pd.DataFrame:
    """Listings with these columns; an empty attribute is left out, as an import leaves it out."""
    columns = [*attributes.values(), *([category] if category else [])]
    rows = range(len(columns[0]))
    said = [{name: values[row] for name, values in attributes.items() if values[row]} for row in rows]
    return pd.DataFrame({"category": category or [None for _ in rows], "attributes": said}, dtype=object)


DESCRIBE = {
    "colours": ["Dark Blue", "Red", "Red", "Dark Blue"],
    "several words": ["Leggings/Tights", "Under-, Nightwear", "Leggings/Tights", "Under-, Nightwear"],
    "with a number": ["Set of 12", "Set of 6", "Set of 12", "Set of 6"],
    "not Latin": ["कपड़े", "靴", "कपड़े", "靴"],
    "few listings have one": ["", "Oak", "", "Oak", "Pine", "Pine"],
    "with signs for nothing": ["-", "Oak", "?", "Oak", "Pine", "Pine"],
    "in lists": ["['Home', 'Sofas']", "['Home', 'Beds']"] * 2,
}
DO_NOT = {
    "the same for all": ["New", "New", "New", "New"],
    "as many values as listings": ["one", "two", "three", "four"],
    "more than half as many": ["one", "two", "three", "one"],
    "numbers": ["4.3", "4.2", "4.3", "4.2"],
    "prices": ["12 EUR", "1,300 EUR", "12 EUR", "1,300 EUR"],
    "measures": ["12 x 30 cm", "80 x 60 cm"] * 2,
    "dates": ["2018-11-20", "2018-12-08"] * 2,
    "dates in words": ["20 November 2018", "8 May 2019"] * 2,
    "codes": ["B09VT6JKRP", "XK-20-BLACK"] * 2,
    "links": ["https://shop.example/red", "www.shop.example/blue"] * 2,
    "file names": ["photos/red.jpg", "photos/blue.webp"] * 2,
    "mail": ["ann@shop.example", "bob@shop.example"] * 2,
    "flags": ["True", "False"] * 2,
    "texts": ["Round-necked T-shirt in soft cotton jersey with long sleeves, " * 2, "Wide"] * 2,
    "nothing": ["", "", "", ""],
    "signs": ["-", "?", "-", "?"],
}


class TestDescribingFields:
    @pytest.mark.parametrize("values", DESCRIBE.values(), ids=DESCRIBE)
    def test_words_that_repeat(self, values: list[str]) -> None:
        assert describing_fields(catalogue(column=values)) == ("column",)

    @pytest.mark.parametrize("values", DO_NOT.values(), ids=DO_NOT)
    def test_nothing_else(self, values: list[str]) -> None:
        assert describing_fields(catalogue(column=values)) == ()

    @pytest.mark.parametrize(
        "name", ["product_code", "item_group_id", "price", "image_url", "imageUrl", "seller_name", "Currency"]
    )
    def test_not_by_a_name_that_says_otherwise(self, name: str) -> None:
        assert describing_fields(catalogue(**{name: ["Red", "Blue"] * 2})) == ()

    @pytest.mark.parametrize("name", ["video", "acid_resistance", "photographer", "unpriced"])
    def test_a_name_is_read_word_by_word(self, name: str) -> None:
        assert describing_fields(catalogue(**{name: ["Red", "Blue"] * 2})) == (name,)

    def test_category_comes_first_then_attributes_by_name(self) -> None:
        found = catalogue(["A", "B"] * 2, pattern=["Solid", "Dots"] * 2, colour=["Red", "Blue"] * 2)
        assert describing_fields(found) == ("category", "colour", "pattern")

    def test_a_category_needs_two_values_alone(self) -> None:
        assert describing_fields(catalogue(["1042", "1043"])) == ("category",)
        assert describing_fields(catalogue(["All Electronics"] * 4)) == ()
        assert describing_fields(catalogue([None, "All Electronics", "-", "All Electronics"])) == ()

    def test_nearly_all_values_must_read_as_words(self) -> None:
        assert describing_fields(catalogue(size=["Small"] * 9 + ["Large"] * 9 + ["42"] * 2)) == ("size",)
        assert describing_fields(catalogue(size=["Small"] * 9 + ["Large"] * 8 + ["42"] * 3)) == ()

    def test_white_space_makes_no_other_value(self) -> None:
        assert describing_fields(catalogue(colour=["Red", " Red", "Red ", "Red\n"])) == ()

    def test_one_listing_has_none(self) -> None:
        assert describing_fields(catalogue(["A"], colour=["Red"])) == ()

    def test_no_listing_has_none(self) -> None:
        assert describing_fields(pd.DataFrame({"category": [], "attributes": []}, dtype=object)) == ()


class TestWorded:
    def test_names_the_column(self) -> None:
        found = catalogue(["Mugs", None], product_type=["", "Tea  pot"])
        assert worded(found, "category") == ["category: Mugs", ""]
        assert worded(found, "product_type") == ["", "product type: Tea pot"]

    def test_a_column_that_is_gone_says_nothing(self) -> None:
        assert worded(catalogue(["Mugs", "Cups"]), "colour") == ["", ""]


def test_fields_in_words() -> None:
    assert in_words(()) == ""
    assert in_words(("category",)) == "category"
    assert in_words(("category", "colour", "product_type")) == "category, colour and product type"


TEXTS = st.one_of(st.text(st.characters()), st.sampled_from(["Red", "Blue", "", "42", "\ud800", "\0"]))
ROWS = st.lists(st.tuples(st.none() | TEXTS, st.dictionaries(TEXTS, TEXTS, max_size=4)), max_size=12)


@given(ROWS)
def test_any_catalogue_can_be_read(rows: list[tuple[str | None, dict[str, str]]]) -> None:
    found = pd.DataFrame(rows, columns=["category", "attributes"], dtype=object)
    fields = describing_fields(found)
    assert describing_fields(found.iloc[::-1]) == fields  # whatever the order
    assert set(fields) <= {"category", *(name for _, attributes in rows for name in attributes)}
    for field in fields:
        texts = worded(found, field)
        assert len(texts) == len(rows) and len({*texts} - {""}) > 1
        for text in texts:
            text.encode()
            assert text == "" or (text.isprintable() or text.split()) and "\n" not in text
