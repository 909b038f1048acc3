"""Reading BER, the way certificates and S/MIME are written down (X.690), with limits.

DER alone would be easy, but mail programs that write while they encrypt use its loose sister:
lengths that are not known yet, and octet strings in pieces. What is read here comes from
strangers, so nothing descends by recursion and everything is counted.
"""

from dataclasses import dataclass, field

SEQUENCE = 0x30
SET = 0x31
OCTETS = 0x04
OID = 0x06
INTEGER = 0x02
_CONSTRUCTED = 0x20
_MOST_ELEMENTS = 60_000
_DEEPEST = 40


class Malformed(ValueError):
    """The bytes are no BER, or more of it than anybody sends."""


@dataclass(slots=True)
class Node:
    """One element: its tag, where it stands in ``data``, and what is inside."""

    data: bytes = field(repr=False)
    tag: int
    start: int
    """Where its tag stands; ``content`` begins behind its length and ends at ``stop``."""
    content: int
    stop: int = 0
    end: int = 0
    """Behind the element, its end-of-contents mark included."""
    children: list["Node"] = field(default_factory=list)

    @property
    def raw(self) -> bytes:
        """The whole element as it was sent."""
        return self.data[self.start : self.end]

    @property
    def value(self) -> bytes:
        """What is inside, as it was sent."""
        return self.data[self.content : self.stop]

    def octets(self) -> bytes:
        """Return an octet string (or what is tagged in its place), its pieces put together."""
        if not self.tag & _CONSTRUCTED:
            return self.value
        pieces: list[bytes] = []
        todo = list(reversed(self.children))
        while todo:
            node = todo.pop()
            if node.tag & _CONSTRUCTED:
                todo.extend(reversed(node.children))
            else:
                pieces.append(node.value)
        return b"".join(pieces)

    def oid(self) -> str:
        """Return an object identifier in dots. Raises Malformed."""
        if self.tag != OID or not self.value or len(self.value) > 64 or self.value[-1] & 0x80:
            raise Malformed("no object identifier")
        numbers: list[int] = []
        number = 0
        for byte in self.value:
            number = number << 7 | byte & 0x7F
            if not byte & 0x80:
                numbers.append(number)
                number = 0
        first = min(numbers[0] // 40, 2)
        return ".".join(map(str, (first, numbers[0] - 40 * first, *numbers[1:])))

    def integer(self) -> int:
        """Return a whole number. Raises Malformed."""
        if self.tag != INTEGER or not 0 < self.stop - self.content <= 64:
            raise Malformed("no integer")
        return int.from_bytes(self.value, "big", signed=True)

    def only(self, tag: int) -> list["Node"]:
        """Return the children, if this is an element of that tag. Raises Malformed."""
        if self.tag != tag:
            raise Malformed(f"tag {self.tag:#x} where {tag:#x} was expected")
        return self.children

    def at(self, index: int, tag: int | None = None) -> "Node":
        """Return one child, of that tag if one is given. Raises Malformed."""
        if index >= len(self.children):
            raise Malformed("an element is missing")
        child = self.children[index]
        if tag is not None and child.tag != tag:
            raise Malformed(f"tag {child.tag:#x} where {tag:#x} was expected")
        return child


def read(data: bytes) -> Node:
    """Return the first element of the data. Raises Malformed."""
    open_: list[tuple[Node, int | None]] = []
    position, count = 0, 0
    while True:
        while open_ and open_[-1][1] is not None and position == open_[-1][1]:
            node, _limit = open_.pop()
            node.stop = node.end = position
            if not open_:
                return node
        limit = _limit_of(open_, len(data))
        if open_ and open_[-1][1] is None and data[position : position + 2] == b"\0\0":
            node, _limit = open_.pop()
            node.stop, position = position, position + 2
            node.end = position
            if not open_:
                return node
            continue
        node, length = _head(data, position, limit)
        count += 1
        if count > _MOST_ELEMENTS or len(open_) >= _DEEPEST:
            raise Malformed("too many elements, or too many inside each other")
        if open_:
            open_[-1][0].children.append(node)
        if node.tag & _CONSTRUCTED:
            open_.append((node, None if length is None else node.content + length))
            position = node.content
            continue
        if length is None:
            raise Malformed("a simple element without a length")
        node.stop = node.end = position = node.content + length
        if not open_:
            return node


def _limit_of(open_: list[tuple[Node, int | None]], most: int) -> int:
    return next((end for _node, end in reversed(open_) if end is not None), most)


def _head(data: bytes, position: int, limit: int) -> tuple[Node, int | None]:
    """Return the element that begins here and its length, None where only its end tells."""
    if position + 2 > limit:
        raise Malformed("cut off")
    tag, first = data[position], data[position + 1]
    if tag & 0x1F == 0x1F:
        raise Malformed("a tag of several bytes")
    content = position + 2
    length: int | None = first
    if first == 0x80:
        length = None
    elif first > 0x80:
        size = first & 0x7F
        if size > 4 or content + size > limit:
            raise Malformed("a length of too many bytes")
        length = int.from_bytes(data[content : content + size], "big")
        content += size
    if length is not None and content + length > limit:
        raise Malformed("longer than what it is in")
    return Node(data, tag, position, content), length
