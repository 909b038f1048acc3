"""What is a picture that browsers show, judged by its first bytes: names and claims say nothing."""

PICTURE_TYPES = frozenset({"image/png", "image/jpeg", "image/gif", "image/webp"})


def picture_type(head: bytes) -> str | None:
    """Return which picture the first 16 bytes begin; None when they begin none we show."""
    if head.startswith(b"\x89PNG\r\n\x1a\n"):
        return "image/png"
    if head.startswith(b"\xff\xd8\xff"):
        return "image/jpeg"
    if head[:6] in {b"GIF87a", b"GIF89a"}:
        return "image/gif"
    if head[:4] == b"RIFF" and head[8:12] == b"WEBP":
        return "image/webp"
    return None
