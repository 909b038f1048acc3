"""S/MIME and OpenPGP: signed mail verified, encrypted mail opened, answers protected.

``found`` says whether a message needs any of this (almost none does), ``opening`` takes the layers
off, with ``cms`` and ``chain`` for S/MIME and ``pgp`` for OpenPGP; ``keys`` keeps what that takes,
``protecting`` signs and encrypts what we send. See docs/secure-mail.md.
"""
