"""Importing articles: a folder of Markdown, HTML pages, tables, and our own exports."""

from helpdesk.kb.services.importing.carrying import Line, Outcome, Report, run
from helpdesk.kb.services.importing.folder import Folder, of_path, of_upload

__all__ = ["Folder", "Line", "Outcome", "Report", "of_path", "of_upload", "run"]
