"""Putting raw messages and their files into the store, so that they survive a power cut."""

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor

from flask import Flask, current_app
from flask_babel import lazy_gettext as _l

from helpdesk import blobs
from helpdesk.channels.email.trouble import Trouble

SIDE_BY_SIDE = 8
"""Files written at the same time: a disk confirms several together nearly as fast as one."""


def keep(data: bytes) -> str:
    """Put bytes into the store and return their hash. Raises Trouble when it can't take them."""
    try:
        return blobs.put(data)
    except OSError as error:
        said = error.strerror or str(error)
        raise Trouble(_l("Mail can't be stored on this machine: %(said)s.", said=said)) from error


def keep_all(several: Sequence[bytes]) -> list[str]:
    """Put several messages into the store and return their hashes in this order. Raises Trouble."""
    if len(several) < 2:
        return [keep(data) for data in several]
    app: Flask = current_app._get_current_object()  # type: ignore[attr-defined]

    def put(data: bytes) -> str:
        with app.app_context():
            return keep(data)

    with ThreadPoolExecutor(min(SIDE_BY_SIDE, len(several))) as pool:
        return list(pool.map(put, several))
