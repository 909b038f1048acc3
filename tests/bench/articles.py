"""Believable articles of a help desk, as many as wanted, and the search of them measured.

Words follow Zipf's law, as those of languages do: a few stand in nearly every article, most in a
handful. Texts of one matter share its words.
"""

import itertools
import random
import statistics
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta

from helpdesk.db import transaction
from helpdesk.search import asking, following, place
from helpdesk.search.changes import changed
from helpdesk.search.documents import Document
from tests.bench.desk import BenchDesk
from tests.search.desk import searching

MATTERS = (
    "printer toner paper tray driver queue duplex label scanner spooler",
    "mailbox calendar attachment signature folder delegate archive quota spam rule",
    "network cable switch wireless certificate proxy gateway address router adapter",
    "password account sign token authenticator phone lock reset policy expiry",
    "laptop battery dock screen keyboard charger warranty firmware disk encryption",
    "server backup restore volume snapshot replica cluster patch reboot service",
    "telephone headset extension voicemail conference ringing transfer handset line call",
    "invoice order supplier approval budget ledger export report period booking",
    "badge door visitor parking alarm camera reception key cabinet floor",
    "browser cookie cache extension download certificate portal bookmark page site",
)
VERBS = (
    "open close check restart install remove replace connect select press wait ask confirm enter"
    " choose unplug update copy delete send"
).split()
LITTLE = (
    "the a to of and in is it you that on for with as this be are or from by when if not your can"
    " then at has will there until after before which"
).split()
SYLLABLES = "ba ke lo mi nu ra se ti vo da fe go hi ju ka le ma ne po ri su ta".split()
ENDINGS = ("", "s", "ing", "ed", "er", "ment", "able")
RARE = 40_000
"""Words beside the desk's own: names of products, codes, everything else that people write."""
START = datetime(2023, 1, 1, tzinfo=UTC)
GERMAN = "Der Drucker und die Netzwerkverbindung sind mit dem Anmeldekennwort nicht erreichbar"
CHINESE = "打印机无法连接到网络请检查电缆然后重新启动计算机如果问题仍然存在请联系服务台获取帮助"


class Articles:
    """A source of ``count`` articles; the same number makes the same article every time."""

    kind = "article"

    def __init__(self, count: int) -> None:
        self.count = count
        letters = random.Random(7)
        self._rare = [
            "".join(letters.choices(SYLLABLES, k=letters.randint(2, 4))) for _ in range(RARE)
        ]
        self._weights = list(
            itertools.accumulate(1 / (rank + 20) for rank in range(len(self._rare)))
        )
        self.revision = 0

    def ids(self, after: int, limit: int) -> list[int]:
        """Return the next ids."""
        return list(range(after + 1, min(self.count, after + limit) + 1))

    def load(self, ids: Sequence[int]) -> list[Document]:
        """Write these articles."""
        return [self._article(number) for number in ids if number <= self.count]

    def _article(self, number: int) -> Document:
        chance = random.Random(number)
        matter = MATTERS[number % len(MATTERS)].split()
        sentences = list(self._sentences(chance, matter, chance.randint(8, 30)))
        language = "en"
        if number % 10 == 8:
            sentences, language = [f"{GERMAN}. {each}" for each in sentences[:12]], "de"
        elif number % 10 == 9:
            cut = chance.randint(4, 20)
            sentences = [CHINESE[cut:] + CHINESE[:cut] + f" {word} 。" for word in matter]
            language = "zh_Hans_CN"
        teams = {f"team:{chance.randint(1, 30)}"} if number % 3 == 0 else {"public", "staff"}
        return Document(
            kind="article",
            id=number,
            language=language,
            title=f"{chance.choice(VERBS).title()} {' '.join(chance.sample(matter, 3))}",
            body=" ".join(sentences) + f" {self.revision}",
            summary=sentences[0],
            tags=tuple(chance.sample(matter, 2)),
            category=f"{matter[0]} {matter[1]}",
            readers=frozenset(teams),
            changed_at=START + timedelta(hours=number % 30_000),
            helpful=chance.random(),
            uses=chance.randint(0, 200),
        )

    def _sentences(self, chance: random.Random, matter: Sequence[str], count: int) -> Iterator[str]:
        for _sentence in range(count):
            words = [
                *chance.choices(LITTLE, k=5),
                *chance.choices(matter, k=2),
                chance.choice(VERBS),
                *chance.choices(self._rare, cum_weights=self._weights, k=4),
            ]
            chance.shuffle(words)
            words[-1] += chance.choice(ENDINGS)
            yield f"{' '.join(words).capitalize()}."

    def questions(self, count: int) -> Iterator[str]:
        """Yield what people ask: one word to whole sentences, some misspelt, some in Chinese."""
        chance = random.Random(11)
        for number in range(count):
            matter = chance.choice(MATTERS).split()
            words = [*chance.sample(matter, 2), chance.choice(VERBS)]
            rare = chance.choices(self._rare, cum_weights=self._weights, k=1)
            kinds = (
                words[:1],
                words[:2],
                [*words, *rare],
                ["how", "do", "i", words[2], "the", *words[:2], "when", "it", "is", *rare],
                [words[0][:2] + words[0][3:], words[1]],
                ["打印机无法连接网络"],
                [f'"{words[0]} {words[1]}"', words[2]],
            )
            yield " ".join(kinds[number % len(kinds)])


READERS = ("public", "staff", "team:3", "team:7", "org:12", "author:5")
MOST = 50_000
"""Articles of the largest desk that is measured."""


@contextmanager
def _indexed(desk: BenchDesk) -> Iterator[Articles]:
    """Have as many articles as the desk has tickets, 50,000 at most, indexed on this host."""
    articles = Articles(min(MOST, desk.size))
    with desk.app.app_context(), searching(desk.app, articles):
        try:
            there = place.view().count
        except place.Missing:
            there = 0
        if there != articles.count:
            following.rebuild()
        following.follow()
        yield articles


def kb_search(desk: BenchDesk, n: int) -> dict[str, float]:
    """Find articles by what people type: words, sentences, phrases, misspelt ones, Chinese."""
    with _indexed(desk) as articles:
        asked = list(articles.questions(n + 60))

        def work(number: int) -> None:
            asking.search(asked[number], kind="article", readers=READERS, language="en")

        return {**_measured(n, work), "articles": articles.count}


def kb_suggest(desk: BenchDesk, n: int) -> dict[str, float]:
    """Suggest articles while somebody types: a letter more each time."""
    with _indexed(desk) as articles:
        typed = [
            asked[:end]
            for asked in articles.questions(n + 60)
            for end in range(1, min(len(asked), 14) + 1)
        ]

        def work(number: int) -> None:
            asking.suggest(
                typed[number * 5 % len(typed)], kind="article", readers=READERS, language="en"
            )

        return {**_measured(n, work), "articles": articles.count}


def kb_reindex_one(desk: BenchDesk, n: int) -> dict[str, float]:
    """Change one article and have it found: log, index, commit, and open what is new."""
    with _indexed(desk) as articles:
        articles.revision += 1

        def work(number: int) -> None:
            with transaction():
                changed("article", number * 17 % articles.count + 1)
            following.step()
            place.view()

        return {**_measured(min(n, 100), work, warm=5), "articles": articles.count}


def _measured(n: int, work: Callable[[int], object], warm: int = 60) -> dict[str, float]:
    """Do the work ``n`` times; return times and CPU a piece in milliseconds."""
    for number in range(warm):
        work(number)
    times: list[float] = []
    cpu: list[float] = []
    for number in range(warm, warm + n):
        begun, spent = time.perf_counter(), time.process_time()
        work(number)
        times.append((time.perf_counter() - begun) * 1000)
        cpu.append((time.process_time() - spent) * 1000)
    return {
        "n": n,
        "median_ms": round(statistics.median(times), 2),
        "p95_ms": round(statistics.quantiles(times, n=20)[-1], 2),
        "per_s": round(1000 * n / sum(times), 1),
        "app_cpu_ms": round(statistics.mean(cpu), 2),
        # Whoever shares the machine adds to the times, and little to this.
        "p95_cpu_ms": round(statistics.quantiles(cpu, n=20)[-1], 2),
    }
