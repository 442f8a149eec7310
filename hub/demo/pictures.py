"""Small real files to attach: a PNG as a telephone's camera might take it, a PDF of one page."""

from __future__ import annotations

import struct
import zlib
from random import Random


def photo(rng: Random, width: int = 48, height: int = 32) -> bytes:
    """A PNG with a soft gradient and a crack across it. Format: PNG (ISO/IEC 15948), 8-bit RGB."""
    red, green, blue = (rng.randrange(60, 200) for _ in range(3))
    crack = rng.randrange(width)
    rows = bytearray()
    for y in range(height):
        rows.append(0)
        for x in range(width):
            shade = 0 if abs(x - crack - y // 3) < 2 else 1
            rows += bytes(((red + x) * shade, (green + y) * shade, blue * shade))
    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    chunks = (b"IHDR", header), (b"IDAT", zlib.compress(bytes(rows), 9)), (b"IEND", b"")
    return b"\x89PNG\r\n\x1a\n" + b"".join(_chunk(name, body) for name, body in chunks)


def _chunk(name: bytes, body: bytes) -> bytes:
    return struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(name + body))


def page(line: str) -> bytes:
    """A PDF 1.4 of one A6 page with one line of ASCII."""
    shown = line.replace("\\", "").replace("(", "[").replace(")", "]")
    content = f"BT /F1 12 Tf 30 360 Td ({shown}) Tj ET".encode("ascii", "replace")
    objects = (
        b"<< /Type /Catalog /Pages 2 0 R >>",
        b"<< /Type /Pages /Kids [3 0 R] /Count 1 >>",
        b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 298 420] /Contents 4 0 R"
        b" /Resources << /Font << /F1 5 0 R >> >> >>",
        b"<< /Length %d >>\nstream\n%s\nendstream" % (len(content), content),
        b"<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>",
    )
    written, places = bytearray(b"%PDF-1.4\n"), []
    for n, body in enumerate(objects, 1):
        places.append(len(written))
        written += b"%d 0 obj\n%s\nendobj\n" % (n, body)
    table = b"".join(b"%010d 00000 n \n" % place for place in places)
    start = len(written)
    written += b"xref\n0 %d\n0000000000 65535 f \n%s" % (len(places) + 1, table)
    written += b"trailer << /Size %d /Root 1 0 R >>\nstartxref\n%d\n%%%%EOF\n" % (len(places) + 1, start)
    return bytes(written)
