"""A small picture to attach: a chart of response times that nobody had to draw."""

import struct
import zlib

WIDTH, HEIGHT = 320, 180
ORANGE, PETROL, SAND = b"\xd0\x56\x2b", b"\x0e\x64\x78", b"\xfa\xf9\xf7"


def chart_png() -> bytes:
    """Return a PNG of 320 × 180: bars that grow, on a light ground."""
    rows = bytearray()
    for y in range(HEIGHT):
        rows.append(0)
        for x in range(WIDTH):
            bar = x // 20
            tall = 20 + bar * bar // 2 + bar * 3
            inside = 4 <= x % 20 < 16 and y > HEIGHT - 12 - tall and y < HEIGHT - 12
            late = bar > 10
            rows += (
                b"\xd0\x56\x2b"
                if inside and late
                else b"\x0e\x64\x78"
                if inside
                else b"\xfa\xf9\xf7"
            )
    return (
        b"\x89PNG\r\n\x1a\n"
        + _chunk(b"IHDR", struct.pack(">IIBBBBB", WIDTH, HEIGHT, 8, 2, 0, 0, 0))
        + _chunk(b"IDAT", zlib.compress(bytes(rows), 9))
        + _chunk(b"IEND", b"")
    )


def _chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
