"""Titles as sellers write them: every seller has a voice, and nobody proofreads."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType

import numpy as np

from mmquality.data.sample.assortment import PRODUCT_TYPES, words

CONDITIONS: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        "New": words("brand new, BNIB, NEW, unused, never used, new"),
        "New with tags": words("NWT, new with tags, BNWT, with tags"),
        "Like new": words("like new, as new, mint, hardly used, open box"),
        "Very good": words("very good condition, VGC, EUC, great cond."),
        "Good": words("good condition, used, pre-owned, gd cond, preloved"),
        "Fair": words("well used, some wear, see description, as is, needs a clean"),
    }
)
_COLOUR_WORDS: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        "grey": words("grey, gray, dark grey"),
        "navy": words("navy, navy blue, dark blue"),
        "burgundy": words("burgundy, wine red, maroon"),
        "beige": words("beige, cream, sand"),
        "tan": words("tan, light brown, camel"),
        "copper": words("copper, bronze, rose gold"),
        "teal": words("teal, turquoise, petrol"),
        "purple": words("purple, violet"),
        "olive": words("olive, khaki, olive green"),
        "light blue": words("light blue, sky blue, baby blue"),
        "silver": words("silver, silver tone"),
        "gold": words("gold, golden"),
    }
)
_PATTERN_WORDS: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        "striped": words("striped, stripes, stripy"),
        "dotted": words("polka dot, dotted, spots"),
        "floral": words("floral, flower print, flowers"),
        "printed": words("with print, logo print, graphic"),
        "zigzag": words("zigzag pattern, zig zag"),
        "speckled": words("speckled, spotted glaze"),
        "checked": words("checked, gingham, plaid"),
    }
)
_NOISE = words(
    "L@@K, *RARE*, WOW, !!!, MUST SEE, bargain, free p&p, fast post, no reserve, ~~, *, great gift, hurry"
)
_REASONS = words(
    "moving house, unwanted gift, clear out, bought wrong size, no longer needed, too many of them, duplicate"
)
_OPENINGS = words("selling my, lovely, beautiful, cute, my old, nice")
_EMOJIS = (
    "\N{SPARKLES}",
    "\N{FIRE}",
    "\N{WHITE MEDIUM STAR}",
    "\N{WRAPPED PRESENT}",
    "\N{BLACK HEART SUIT}",
)
_SHORT_FORMS = {
    "with": "w/",
    "condition": "cond",
    "without": "w/o",
    "very": "v.",
    "and": "&",
    "size": "sz",
    "black": "blk",
    "white": "wht",
}

# How often a title does these.
_NO_COLOUR, _WRONG_COLOUR, _TWO_COLOURS, _PATTERN, _TYPO, _EMOJI = 0.14, 0.02, 0.12, 0.8, 0.07, 0.02


@dataclass(frozen=True)
class Item:
    """One thing for sale, as it truly is."""

    product_type: str
    style: str
    pattern: str
    colour: str
    second: str
    brand: str
    model: str
    condition: str


@dataclass(frozen=True)
class _Words:
    """The item in one seller's words, before they are put in order."""

    brand: str
    model: str
    noun: str
    other_noun: str
    colour: str
    pattern: str
    details: tuple[str, str]
    condition: str


def colour_names(colour: str) -> tuple[str, ...]:
    """What sellers call a colour."""
    return _COLOUR_WORDS.get(colour, (colour,))


def write_title(item: Item, voice: str, rng: np.random.Generator) -> str:
    """A title for the item in one of the `VOICES`."""
    title = VOICES[voice](_words(item, rng), rng)
    if rng.random() < _TYPO:
        title = _mistyped(title, rng)
    if rng.random() < _EMOJI:
        title = f"{_one(_EMOJIS, rng)} {title}"
    return " ".join(title.split())


def _one(choices: tuple[str, ...], rng: np.random.Generator) -> str:
    return choices[int(rng.integers(len(choices)))]


def _words(item: Item, rng: np.random.Generator) -> _Words:
    product = PRODUCT_TYPES[item.product_type]
    nouns = product.styles[item.style]
    return _Words(
        brand=item.brand,
        model=item.model,
        noun=_one(nouns, rng),
        other_noun=_one(nouns, rng),
        colour=_colour_words(item, rng),
        pattern=_pattern_words(item, rng),
        details=_details(product.details, rng),
        condition=_one(CONDITIONS[item.condition], rng),
    )


def _details(details: tuple[str, ...], rng: np.random.Generator) -> tuple[str, str]:
    """Two different details, at most one with a number: two sizes would contradict each other."""
    first = _one(details, rng)
    fitting = [
        other for other in details if other != first and not (_has_number(first) and _has_number(other))
    ]
    return first, _one(tuple(fitting) or details, rng)


def _has_number(text: str) -> bool:
    return any(letter.isdigit() for letter in text)


def _pattern_words(item: Item, rng: np.random.Generator) -> str:
    names = _PATTERN_WORDS.get(item.pattern, ())
    return _one(names, rng) if names and rng.random() < _PATTERN else ""


def _colour_words(item: Item, rng: np.random.Generator) -> str:
    chance, colour = rng.random(), item.colour
    if chance < _NO_COLOUR:
        return ""
    if chance < _NO_COLOUR + _WRONG_COLOUR:
        colour = _one(PRODUCT_TYPES[item.product_type].colours, rng)
    name = _one(colour_names(colour), rng)
    return f"{name}/{item.second}" if rng.random() < _TWO_COLOURS else name


def _plain(said: _Words, rng: np.random.Generator) -> str:
    return f"{said.brand} {said.colour} {said.pattern} {said.noun} {said.details[0]}"


def _tidy(said: _Words, rng: np.random.Generator) -> str:
    parts = [
        f"{said.brand} {said.model} {said.noun.capitalize()}",
        *said.details[: int(rng.integers(1, 3))],
    ]
    parts += [f"{said.pattern} {said.colour}".strip().capitalize(), said.condition]
    return ", ".join(part for part in parts if part)


def _shouting(said: _Words, rng: np.random.Generator) -> str:
    title = f"{said.brand} {said.noun} {said.colour} {said.pattern} {said.details[0]} {said.condition}"
    return f"{_one(_NOISE, rng)} {title} {_one(_NOISE, rng)}".upper()


def _terse(said: _Words, rng: np.random.Generator) -> str:
    return (
        f"{said.pattern} {said.colour} {said.noun}"
        if rng.random() < 0.6
        else f"{said.noun} {said.brand}, {said.colour}"
    )


def _keywords(said: _Words, rng: np.random.Generator) -> str:
    pieces = [
        said.noun,
        said.brand,
        said.colour,
        said.pattern,
        said.other_noun,
        *said.details,
        said.model,
        said.condition,
    ]
    order = rng.permutation(len(pieces) - 1) + 1
    return " ".join([pieces[0], *(pieces[place] for place in order)])


def _chatty(said: _Words, rng: np.random.Generator) -> str:
    thing = f"{_one(_OPENINGS, rng)} {said.colour} {said.pattern} {said.noun}"
    return f"{thing}, {said.condition}, {_one(_REASONS, rng)}"


def _clipped(said: _Words, rng: np.random.Generator) -> str:
    pieces = (said.noun, said.colour, said.pattern, said.brand, *said.details, said.condition)
    return " ".join(_SHORT_FORMS.get(word, word) for word in " ".join(pieces).lower().split())


def _stock_list(said: _Words, rng: np.random.Generator) -> str:
    parts = [f"{said.model} {said.brand}", said.noun.title(), said.colour.title(), said.details[0]]
    return " | ".join(part for part in parts if part)


VOICES: Mapping[str, Callable[[_Words, np.random.Generator], str]] = MappingProxyType(
    {
        "plain": _plain,
        "tidy": _tidy,
        "shouting": _shouting,
        "terse": _terse,
        "keywords": _keywords,
        "chatty": _chatty,
        "clipped": _clipped,
        "stock list": _stock_list,
    }
)


def _mistyped(title: str, rng: np.random.Generator) -> str:
    """The title with one word misspelt: letters swapped, dropped or doubled."""
    words = title.split()
    long_words = [place for place, word in enumerate(words) if len(word) >= 5 and word.isalpha()]
    if not long_words:
        return title
    place = long_words[int(rng.integers(len(long_words)))]
    word, at = words[place], int(rng.integers(1, len(words[place]) - 2))
    slip = int(rng.integers(3))
    if slip == 0:
        words[place] = word[:at] + word[at + 1] + word[at] + word[at + 2 :]
    else:
        words[place] = word[:at] + (word[at] * 2 if slip == 1 else "") + word[at + 1 :]
    return " ".join(words)
