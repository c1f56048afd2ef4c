"""PDF files of a test's own: text on pages, an outline, metadata."""

from collections.abc import Mapping, Sequence

HEADER = b"%PDF-1.7\n"


def pdf(
    pages: Sequence[str],
    *,
    info: Mapping[str, str] | None = None,
    outline: Sequence[tuple[str, int]] = (),
    more: str = "",
) -> bytes:
    """A file with a page for each text.

    Args:
        pages: The text of each page, in lines.
        info: Its metadata.
        outline: Entries: title, and page from 0.
        more: Further entries of the catalog.
    """
    objects: list[bytes] = [b"", b"", b"<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>"]
    kids = []
    for text in pages:
        content = b"BT /F1 12 Tf 14 TL 50 750 Td " + b" ".join(
            b"(%s) Tj T*" % _string(line) for line in text.splitlines()
        )
        objects.append(stream(content + b" ET"))
        objects.append(
            b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 612 792] /Contents %d 0 R"
            b" /Resources << /Font << /F1 3 0 R >> >> >>" % len(objects)
        )
        kids.append(len(objects))
    catalog = b"<< /Type /Catalog /Pages 2 0 R " + more.encode()
    if outline:
        first = len(objects) + 2
        catalog += b" /Outlines %d 0 R" % (first - 1)
        objects.append(b"<< /First %d 0 R /Last %d 0 R >>" % (first, first + len(outline) - 1))
        for number, (title, page) in enumerate(outline):
            following = b"/Next %d 0 R" % (first + number + 1) if number + 1 < len(outline) else b""
            entry = b"<< /Title (%s) /Parent %d 0 R /Dest [%d 0 R /Fit] %s >>"
            objects.append(entry % (_string(title), first - 1, kids[page], following))
    objects[0] = catalog + b" >>"
    objects[1] = b"<< /Type /Pages /Kids [%s] /Count %d >>" % (b" ".join(b"%d 0 R" % kid for kid in kids), len(kids))
    objects.append(b"<< %s >>" % b" ".join(b"/%s (%s)" % (k.encode(), _string(v)) for k, v in (info or {}).items()))
    return _file(objects, info=len(objects))


def stream(content: bytes, entries: bytes = b"") -> bytes:
    """An object that holds a stream."""
    return b"<< /Length %d %s >>\nstream\n%s\nendstream" % (len(content), entries, content)


def _file(objects: Sequence[bytes], *, info: int) -> bytes:
    content = bytearray(HEADER)
    offsets = []
    for number, body in enumerate(objects, 1):
        offsets.append(len(content))
        content += b"%d 0 obj\n%s\nendobj\n" % (number, body)
    start = len(content)
    content += b"xref\n0 %d\n0000000000 65535 f \n" % (len(objects) + 1)
    content += b"".join(b"%010d 00000 n \n" % offset for offset in offsets)
    trailer = b"trailer\n<< /Size %d /Root 1 0 R /Info %d 0 R >>\nstartxref\n%d\n%%%%EOF\n"
    return bytes(content) + trailer % (len(objects) + 1, info, start)


def _string(text: str) -> bytes:
    return text.encode("latin-1").replace(b"\\", b"\\\\").replace(b"(", b"\\(").replace(b")", b"\\)")
