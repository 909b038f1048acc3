"""Reading and writing tables as CSV, whatever program wrote or will read them.

Reading finds out the encoding (UTF-8 with or without its mark, UTF-16, GB18030, Big5, Western)
and the separator by looking at the bytes. Writing makes files that Excel opens rightly and in
which no cell is taken for a formula.
"""

import csv
import io
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

MAX_COLUMNS = 100
MAX_CELL = 20_000
SEPARATORS = ",;\t|"
MARKS = (
    (b"\xef\xbb\xbf", "utf-8-sig"),
    (b"\xff\xfe", "utf-16"),
    (b"\xfe\xff", "utf-16"),
)

_NUMBER = re.compile(r"[+-]?[\d\s().,/-]*\d[\d\s().,/-]*(?:ext\.? ?\d+)?")


class CsvError(Exception):
    """The file can't be read; ``line`` is where, when that is known.

    ``code`` is one of ``empty``, ``binary``, ``encoding``, ``shape``, ``long``, ``wide``.
    """

    def __init__(self, code: str, line: int | None = None) -> None:
        """Name what is wrong; the caller has the words."""
        super().__init__(f"{code} in line {line}" if line else code)
        self.code = code
        self.line = line


@dataclass(frozen=True, slots=True)
class Row:
    """One line of a table below its header, with the number an editor shows for it."""

    line: int
    cells: list[str]


@dataclass(frozen=True, slots=True)
class Table:
    """A file that was read: names of the columns, rows without the empty ones, and how."""

    header: list[str]
    rows: list[Row]
    encoding: str
    separator: str


def decode(data: bytes, encoding: str | None = None) -> tuple[str, str]:
    """Return text and encoding. ``encoding`` says it when it is known. Raises CsvError."""
    for mark, marked in MARKS:
        if encoding is None and data.startswith(mark):
            encoding = marked
    if encoding is not None:
        try:
            return data.decode(encoding), encoding
        except (UnicodeDecodeError, LookupError) as error:
            raise CsvError("encoding") from error
    if b"\x00" in data:
        raise CsvError("binary")
    try:
        return data.decode("utf-8"), "utf-8"
    except UnicodeDecodeError:
        pass
    for candidate in (_likeliest_chinese(data), "cp1252", "latin-1"):
        if candidate is not None:
            try:
                return data.decode(candidate), candidate
            except UnicodeDecodeError:
                continue
    raise CsvError("encoding")


def _likeliest_chinese(data: bytes) -> str | None:
    """Return ``gb18030`` or ``big5hkscs`` when the bytes look like ordinary Chinese in it.

    Both encodings keep their few thousand commonest characters in one block. In Chinese text
    nearly every pair of bytes lies in the block of its own encoding, in Western text hardly one.
    """
    pairs: list[tuple[int, int]] = []
    at = 0
    while at < len(data) - 1 and len(pairs) < 20_000:
        if data[at] >= 0x80:
            pairs.append((data[at], data[at + 1]))
            at += 1
        at += 1
    if not pairs:
        return None
    simplified = sum(0xB0 <= a <= 0xD7 and b >= 0xA1 for a, b in pairs) / len(pairs)
    traditional = sum(
        0xA4 <= a <= 0xC6 and (0x40 <= b <= 0x7E or b >= 0xA1) for a, b in pairs
    ) / len(pairs)
    best = max(simplified, traditional)
    if best < 0.6:
        return None
    return "gb18030" if simplified >= traditional else "big5hkscs"


def separator_of(text: str) -> str:
    """Return the separator: the one that cuts the first line into most columns."""
    first = next((line for line in text.splitlines() if line.strip()), "")
    bare = re.sub(r'"[^"]*"', "", first)
    return max(SEPARATORS, key=lambda mark: (bare.count(mark), -SEPARATORS.index(mark)))


def read(data: bytes, *, most: int, encoding: str | None = None) -> Table:
    """Read a table of at most ``most`` rows. Raises CsvError."""
    text, encoding = decode(data, encoding)
    separator = separator_of(text)
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=separator)
    header: list[str] = []
    rows: list[Row] = []
    before = 0
    try:
        for cells in reader:
            line, before = before + 1, reader.line_num
            cells = [cell.strip() for cell in cells]
            if not any(cells):
                continue
            if len(cells) > MAX_COLUMNS or any(len(cell) > MAX_CELL for cell in cells):
                raise CsvError("wide", line)
            if not header:
                header = cells
                continue
            if len(rows) >= most:
                raise CsvError("long", line)
            rows.append(Row(line, [plain(cell) for cell in cells]))
    except csv.Error as error:
        raise CsvError("shape", reader.line_num) from error
    if not header:
        raise CsvError("empty")
    return Table(header, rows, encoding, separator)


def safe(value: object) -> str:
    """Return a cell that a spreadsheet shows instead of calculating it.

    Numbers and telephone numbers may begin with a sign; anything else that begins like a formula
    gets an apostrophe before it, which spreadsheets take as "this is text".
    """
    text = "" if value is None else str(value)
    if text[:1] in {"=", "+", "-", "@", "\t", "\r"} and not _NUMBER.fullmatch(text):
        return f"'{text}"
    return text


def plain(cell: str) -> str:
    """Return a cell without the apostrophe that ``safe`` put before it."""
    return cell[1:] if len(cell) > 1 and cell[0] == "'" and cell[1] in "=+-@" else cell


def lines(header: Sequence[object], rows: Iterable[Sequence[object]]) -> Iterator[str]:
    """Yield a file line by line, beginning with the mark by which Excel knows UTF-8."""
    buffer = io.StringIO()
    writer = csv.writer(buffer)
    buffer.write("\ufeff")
    writer.writerow([safe(cell) for cell in header])
    yield buffer.getvalue()
    for row in rows:
        buffer.seek(0)
        buffer.truncate()
        writer.writerow([safe(cell) for cell in row])
        yield buffer.getvalue()
