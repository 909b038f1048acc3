"""Writing DER, the strict way of writing down certificates and S/MIME (X.690)."""

from helpdesk.lib import ber

NULL = b"\x05\x00"


def element(tag: int, *parts: bytes) -> bytes:
    """Return one element: its tag, the length of what is inside, and that."""
    content = b"".join(parts)
    size = len(content)
    if size < 0x80:
        return bytes((tag, size)) + content
    length = size.to_bytes((size.bit_length() + 7) // 8, "big")
    return bytes((tag, 0x80 | len(length))) + length + content


def sequence(*parts: bytes) -> bytes:
    """Return a sequence of elements."""
    return element(ber.SEQUENCE, *parts)


def set_of(*parts: bytes) -> bytes:
    """Return a set of elements, in the order that DER asks for."""
    return element(ber.SET, *sorted(parts))


def octets(data: bytes) -> bytes:
    """Return an octet string."""
    return element(ber.OCTETS, data)


def bits(data: bytes) -> bytes:
    """Return a bit string of whole bytes."""
    return element(0x03, b"\x00", data)


def integer(number: int) -> bytes:
    """Return a whole number that is not negative."""
    return element(ber.INTEGER, number.to_bytes(number.bit_length() // 8 + 1, "big"))


def oid(dotted: str) -> bytes:
    """Return an object identifier."""
    first, second, *others = map(int, dotted.split("."))
    written = b""
    for number in (first * 40 + second, *others):
        digits = [number & 0x7F]
        while number := number >> 7:
            digits.append(0x80 | number & 0x7F)
        written += bytes(reversed(digits))
    return element(ber.OID, written)
