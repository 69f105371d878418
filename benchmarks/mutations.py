"""Files that are not what they should be: valid ones, damaged and spliced at random, by a seed."""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence

WORDS = [
    b"\0", b'"', b'""', b",", b"\t", b";", b"\r", b"\n", b"\r\n",
    b"\xef\xbb\xbf", b"\xff\xfe", b"\xed\xa0\x80",
    b"\xc3", "e\u0301".encode(), "\u200b".encode(), "\u202e".encode(), "\ufeff".encode(), b"../../etc/passwd",
    b"/etc/passwd", b"C:\\", b"\\\\host\\x", b"http://e.example/a.jpg", b"=1+1", b"NaN", b"Infinity", b"-1",
    b"1e999", b"99999999999999999999", b"0001-01-01T00:00:00+23:59", b"9999-12-31T23:59:59-23:59",
    b"2999-01-01", b"null", b"true", b"{", b"}", b"[", b"]", b"[" * 3_000, b'{"a":' * 3_000,
    b"\\ud800", b"\\u0000",
    b"x" * 140_000, b"," * 3_000, b"_row", b"listing_id", b"title", b"image", b"clicked", b"verdict",
]  # fmt: skip
_ODD = [0, 1, 2, 127, 128, 255, 256, 32_767, 65_535, 65_536, 2**24, 2**31 - 1, 2**31, 2**32 - 1, 2**63 - 1]

Mutation = Callable[[bytearray, random.Random], None]


def mutated(data: bytes, others: Sequence[bytes], rng: random.Random) -> bytes:
    """`data` after one to six mutations; now and then in the place of, or spliced with, one of `others`."""
    if rng.random() < 0.03:
        return rng.choice(others)
    damaged = bytearray(data)
    for _ in range(rng.choice([1, 1, 1, 2, 3, 6])):  # few leave more of the file to be read
        rng.choice(_MUTATIONS)(damaged, rng)
    if rng.random() < 0.05:
        other = rng.choice(others)
        damaged[_place(damaged, rng) :] = other[rng.randrange(len(other)) :]
    return bytes(damaged)


def _place(data: bytearray, rng: random.Random) -> int:
    """Anywhere, half of the time in the first hundred bytes, where headers are."""
    end = len(data) + 1
    return rng.randrange(min(100, end) if rng.random() < 0.5 else end)


def _flip(data: bytearray, rng: random.Random) -> None:
    at = _place(data, rng)
    if at < len(data):
        data[at] ^= 1 << rng.randrange(8)


def _odd_number(data: bytearray, rng: random.Random) -> None:
    """A number of a header becomes zero, very large, or negative."""
    width, at = rng.choice([1, 2, 4, 8]), _place(data, rng)
    number = rng.choice(_ODD) % 256**width
    data[at : at + width] = number.to_bytes(width, rng.choice(["little", "big"]))


def _cut(data: bytearray, rng: random.Random) -> None:
    at = _place(data, rng)
    del data[at : at + rng.choice([1, 4, 50, 1_000])]


def _truncate(data: bytearray, rng: random.Random) -> None:
    if rng.random() < 0.3:
        del data[rng.randrange(len(data) + 1) :]


def _repeat(data: bytearray, rng: random.Random) -> None:
    at, times = _place(data, rng), rng.choice([1, 2, 20])
    data[at:at] = data[at : at + rng.choice([1, 10, 200])] * times


def _word(data: bytearray, rng: random.Random) -> None:
    at = _place(data, rng)
    data[at : at + rng.choice([0, 0, 1, 5])] = rng.choice(WORDS)


def _field(data: bytearray, rng: random.Random) -> None:
    """What stands between two separators becomes another word, or another line's field."""
    ends = [i for i, byte in enumerate(data[:20_000]) if byte in b',\n\t:"']
    if len(ends) > 2:
        i = rng.randrange(len(ends) - 1)
        data[ends[i] + 1 : ends[i + 1]] = rng.choice(WORDS)


def _noise(data: bytearray, rng: random.Random) -> None:
    at = _place(data, rng)
    some = rng.randbytes(rng.choice([1, 8, 64]))
    data[at : at + len(some)] = some


_MUTATIONS: list[Mutation] = [_flip, _odd_number, _cut, _truncate, _repeat, _word, _field, _noise]
