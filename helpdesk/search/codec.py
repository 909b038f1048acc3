"""How postings lie on the disk: Whoosh's own format, written without what is not used.

Whoosh looks up the length of a document's field for every posting, which was a third of the time
of indexing; our ranking keeps lengths elsewhere. It packs each list by zlib, however short, and
most have one posting. And a weight of ours is a small number, for which a byte does. Whoosh reads
what is written so like everything else.
"""

from typing import Any

from whoosh.codec.whoosh3 import W3Codec, W3PostingsWriter

WHOLE = 2
"""Weights are counted in halves, of which ``store.BOOSTS`` are made."""
MOST = 255
"""Halves that a word counts at most in a document."""
WORTH_PACKING = 24
"""Postings of a list that is long enough to get shorter by packing."""


class Blocks(W3PostingsWriter):  # type: ignore[misc]
    """Writes the postings of a field."""

    _maxweight: float

    def add_posting(self, number: int, weight: float, _value: bytes, _length: int = 0) -> None:
        """Add a document to the present term."""
        if len(self._ids) >= self._blocklimit:
            self._write_block()
        self._ids.append(number)
        self._weights.append(weight)
        if weight > self._maxweight:
            self._maxweight = weight

    def _write_block(self, last: bool = False) -> None:
        self._compression = 3 if len(self._ids) >= WORTH_PACKING else 0
        super()._write_block(last)

    def _mini_weights(self) -> bytes:
        return bytes(map(int, self._weights))


class PlainCodec(W3Codec):  # type: ignore[misc]
    """Whoosh's codec for our kind of fields."""

    length_stats = False

    def postings_writer(self, file: Any, byteids: bool = False) -> Blocks:
        """Return what writes postings to a file."""
        return Blocks(file, blocklimit=self._blocklimit, byteids=byteids)
