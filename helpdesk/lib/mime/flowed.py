"""format=flowed (RFC 3676): paragraphs that were wrapped for the journey are put together again."""


def unflow(text: str, *, delsp: bool) -> str:
    """Return the text with flowed lines joined. `delsp` drops the space that marked the join."""
    out: list[str] = []
    flowing: list[str] = []
    flow_depth = 0

    def finish() -> None:
        if flowing:
            out.append(_quoted(flow_depth, "".join(flowing)))
            flowing.clear()

    for line in text.split("\n"):
        bare = line.lstrip(">")
        depth = len(line) - len(bare)
        bare = bare.removeprefix(" ")  # Space-stuffing protects a leading space, ">" or "From ".
        signature = bare == "-- "
        if flowing and (depth != flow_depth or signature):
            finish()
        if bare.endswith(" ") and not signature:
            flow_depth = depth
            flowing.append(bare[:-1] if delsp else bare)
        elif flowing:
            flowing.append(bare)
            finish()
        else:
            out.append(_quoted(depth, bare))
    finish()
    return "\n".join(out)


def _quoted(depth: int, line: str) -> str:
    return f"{'>' * depth} {line}" if depth else line
