"""How good the search is, and the command that says so."""

import json
import shutil
from pathlib import Path

import pytest
from click.testing import CliRunner

from helpdesk.cli import root
from helpdesk.search import evaluation
from tests.support.paths import PROJECT
from tests.support.shared import shared

OWN = PROJECT / "tests" / "fixtures" / "search"


@pytest.mark.parametrize(
    ("name", "language", "least"),
    [
        ("faq_en", "en", 0.68),
        ("faq_zh", "zh", 0.71),
        ("faq_de", "de", 0.48),
        ("faq_fr", "fr", 0.53),
        ("faq_ja", "ja", 0.57),
        # Held out: nothing was chosen by it.
        ("lee", "en", 0.65),
    ],
)
def test_published_collections_are_searched_well(name: str, language: str, least: float):
    outcome = evaluation.evaluate(evaluation.read(shared(f"search/{name}")))
    assert outcome.language == language
    assert outcome.ndcg10 >= least


def run(*arguments: str) -> tuple[int, str]:
    done = CliRunner().invoke(root, ["kb", "evaluate", *arguments])
    return done.exit_code, done.output


def test_the_command_prints_what_it_measured():
    code, said = run("--json", str(OWN))
    record = json.loads(said)
    assert code == 0
    assert record["queries"] == record["documents"] == 20
    assert record["language"] == "en"
    assert record["ndcg10"] >= 0.9
    assert record["mrr10"] >= 0.9
    assert record["ms_per_query"] > 0
    code, said = run(str(OWN), "--language", "en")
    assert code == 0
    assert said.startswith("nDCG@10 0.9")
    assert "20 questions" in said


@pytest.mark.parametrize(
    ("file", "content", "said"),
    [
        ("docs.jsonl", "{", "docs.jsonl, line 1: no JSON"),
        ("docs.jsonl", "[]\n", "docs.jsonl, line 1: needs _id and text"),
        ("docs.jsonl", '{"_id": "a", "text": 5}', "docs.jsonl, line 1: needs _id and text"),
        ("docs.jsonl", "", "has no documents"),
        ("docs.jsonl", '{"_id": "a", "text": "x"}\n' * 2, "two documents of one _id"),
        ("docs.jsonl", b"\xff", "is not UTF-8"),
        ("docs.jsonl", None, "cannot be read"),
        ("queries.jsonl", "\n", "no question"),
        ("qrels.tsv", "h\nq0\treset", "qrels.tsv, line 2: needs question"),
        ("qrels.tsv", "h\nq0\treset\tmuch", "qrels.tsv, line 2: needs question"),
        ("qrels.tsv", "h\nq0\tnowhere\t1", "qrels.tsv, line 2: there is no document nowhere"),
        ("qrels.tsv", "h\nq0\treset\tnan", "qrels.tsv, line 2: the grade is no number"),
        ("qrels.tsv", None, "cannot be read"),
    ],
)
def test_what_is_wrong_with_a_collection_is_said(
    tmp_path: Path, file: str, content: str | bytes | None, said: str
):
    folder = tmp_path / "collection"
    shutil.copytree(OWN, folder)
    if content is None:
        (folder / file).unlink()
    else:
        (folder / file).write_bytes(content if isinstance(content, bytes) else content.encode())
    code, output = run(str(folder))
    assert code == 1
    assert said in output


def test_measures():
    assert evaluation.ndcg(["a"], {"a": 1}) == 1
    assert evaluation.ndcg(["b", "a"], {"a": 1}) == pytest.approx(0.6309, abs=1e-4)
    assert evaluation.ndcg([], {"a": 1}) == 0
    assert evaluation.ndcg(["a", "b"], {"a": 1, "b": 2}) == pytest.approx(0.7967, abs=1e-4)
    assert evaluation.reciprocal_rank(["b", "a"], {"a": 1}) == 0.5
    assert evaluation.reciprocal_rank(["b"], {"a": 1}) == 0
