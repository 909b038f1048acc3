"""Hearth: tickets, knowledge, assets, self-service and telephony in one help desk."""

__version__ = "0.1.0"
