"""The search of articles: an index of words beside the database, by Whoosh.

It knows nothing of articles. Whoever has something to find writes a ``documents.Source``, names it
in ``app.SEARCHED``, and says with ``changes.changed`` what changed; ``asking`` finds it again.
"""
