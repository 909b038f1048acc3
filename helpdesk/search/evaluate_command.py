"""`helpdesk kb evaluate`: how good the search is on a collection of documents and questions."""

from pathlib import Path

import click

from helpdesk.command import emit, json_option
from helpdesk.search import evaluation


@click.command("evaluate")
@click.argument("folder", type=click.Path(exists=True, file_okay=False, path_type=Path))
@click.option("--language", default="", help="The documents' language; guessed from their text.")
@json_option
def evaluate(folder: Path, language: str, as_json: bool) -> None:
    """Judge the search by questions whose answers are known.

    FOLDER has docs.jsonl, queries.jsonl and qrels.tsv. They are indexed and searched as articles
    are, in an index that is thrown away; no desk is needed.
    """
    try:
        outcome = evaluation.evaluate(evaluation.read(folder, language))
    except evaluation.Malformed as error:
        raise click.ClickException(str(error)) from None
    record = {
        "ndcg10": round(outcome.ndcg10, 4),
        "mrr10": round(outcome.mrr10, 4),
        "ms_per_query": round(outcome.ms_per_query, 2),
        "queries": outcome.queries,
        "documents": outcome.documents,
        "language": outcome.language,
    }
    emit(
        as_json,
        record,
        f"nDCG@10 {outcome.ndcg10:.3f}, MRR@10 {outcome.mrr10:.3f},"
        f" {outcome.ms_per_query:.1f} ms a question"
        f" ({outcome.queries} questions, {outcome.documents} documents,"
        f" language {outcome.language})",
    )
