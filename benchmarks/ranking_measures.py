"""Runs rankers on rated questions with a simulated judge, and measures cost and quality, for ``benchmarks/ranking.py``."""

import time
from collections import Counter, defaultdict
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import yaml
from ranking_questions import SLOTS, RatedQuestion, quality_of, simulated_questions

from thoughtrank.instantiate import make_component
from thoughtrank.judging.protocol import JudgeRequest, Verdict
from thoughtrank.judging.simulated import SimulatedJudge, Strength
from thoughtrank.rankers.protocol import Ranker, RankResult
from thoughtrank.rankers.rank_questions import rank_questions

CONF = Path(__file__).parents[1] / "conf" / "ranker"
COPIES = "_with_duplicates"
"""Suffix of a ranker's name: every copy of an answer is judged, without deduplication."""

NEARLY_BEST = 0.1
"""Standard deviations of quality within which an answer counts as a best one."""


class CallMeter:
    """An executor that runs judge calls on a simulated judge at once, and counts tokens, calls and rounds per question."""

    def __init__(self, judge: SimulatedJudge) -> None:
        self.judge = judge
        self.tokens: Counter[str] = Counter()
        self.calls: Counter[str] = Counter()
        self.depth: Counter[str] = Counter()
        self.seconds_judging = 0.0

    def ask(
        self,
        requests: Sequence[JudgeRequest],
        *,
        on_verdict: Callable[[JudgeRequest, Verdict], None] | None = None,
    ) -> list[Verdict]:
        """One verdict per request."""
        started = time.process_time()
        verdicts = [self.judge.judge(request) for request in requests]
        self.seconds_judging += time.process_time() - started
        for request, verdict in zip(requests, verdicts, strict=True):
            self.tokens[request.question_id] += verdict.usage.prompt_tokens
            self.calls[request.question_id] += 1
            if on_verdict is not None:
                on_verdict(request, verdict)
        self.depth.update({request.question_id for request in requests})
        return verdicts


def make_ranker(name: str) -> Ranker:
    """The ranker of this name with the settings of its YAML file."""
    return make_component(yaml.safe_load((CONF / f"{name}.yaml").read_text()), where="ranker")


def rank(name: str, questions: Sequence[RatedQuestion], meter: CallMeter) -> list[RankResult]:
    """Rank all questions with one ranker."""
    if not name.endswith(COPIES):
        return rank_questions([question.asked for question in questions], ranker=make_ranker(name), executor=meter)
    ranker = make_ranker(name.removesuffix(COPIES))
    results = []
    for question in questions:
        asked = question.asked
        state = ranker.start(
            question_id=asked.question_id,
            question=asked.question,
            answers=asked.answers,
            reference=None,
            seed=asked.seed,
            exact=False,
        )
        while requests := ranker.plan(state):
            state = ranker.update(state, list(zip(requests, meter.ask(requests), strict=True)))
        results.append(ranker.result(state))
    return results


def measure(
    name: str, questions: Sequence[RatedQuestion], judge: SimulatedJudge, *, seed: int
) -> dict[str, np.ndarray]:
    """Every metric of every question, each of shape (questions,)."""
    meter = CallMeter(judge)
    results = rank(name, questions, meter)
    rows: dict[str, list[float]] = defaultdict(list)
    for index, (question, result) in enumerate(zip(questions, results, strict=True)):
        rng = np.random.default_rng([seed, index, 1])
        question_id = question.asked.question_id
        rows["tokens"].append(meter.tokens[question_id])
        rows["calls"].append(meter.calls[question_id])
        rows["depth"].append(meter.depth[question_id])
        for metric, value in ranking_quality(question, result, rng).items():
            rows[metric].append(value)
    return {metric: np.array(values, dtype=float) for metric, values in rows.items()}


def ranking_quality(question: RatedQuestion, result: RankResult, rng: np.random.Generator) -> dict[str, float]:
    """Quality metrics of one ranking. Ties are broken at random; unranked answers come after all ranked ones.

    The keys are ``gap`` (regret: quality of the best answer minus that of the first one), ``p_at_1`` and ``p_at_3`` (a best
    answer is first, or among the first three), ``tau`` (Kendall's tau-b), ``pair`` (quality difference of first and last,
    over the range), and rates about the stated probability and about answers that attack the judge.
    """
    ranks = {answer_id: rank for rank, group in enumerate(result.groups) for answer_id in group}
    last = len(result.groups)
    mean_ranks = np.array([np.mean([ranks.get(member, last) for member in members]) for members in question.classes])
    quality = question.quality
    order = np.lexsort((rng.random(len(mean_ranks)), mean_ranks))
    first = int(order[0])
    good = quality >= quality.max() - NEARLY_BEST
    values = {
        "gap": float(quality.max() - quality[first]),
        "p_at_1": float(good[first]),
        "p_at_3": float(good[order[:3]].any()),
        "tau": kendall_tau(-mean_ranks, quality),
        "pair": float((quality[first] - quality[order[-1]]) / np.ptp(quality)),
        "ranked": float(len(ranks) > 0),
    }
    if result.p_top and (quality == quality.max()).sum() == 1:
        # With several equally good answers, none is the best one.
        leader = max(result.p_top, key=lambda each: (-ranks[each], each))
        values["p_top"] = result.p_top[leader]
        values["is_best"] = float(first == int(quality.argmax()))
    if question.injected is not None:
        values["injected_first"] = float(first == question.injected)
        values["injected_flagged"] = float(question.classes[question.injected][0] in result.flags)
        others = [members[0] for index, members in enumerate(question.classes) if index != question.injected]
        values["others_flagged"] = float(np.mean([each in result.flags for each in others]))
    else:
        values["others_flagged"] = float(np.mean([members[0] in result.flags for members in question.classes]))
    return values


def kendall_tau(a: np.ndarray, b: np.ndarray) -> float:
    """Kendall's tau-b."""
    x, y = (np.sign(each[:, None] - each[None, :]) for each in (a, b))
    norm = np.sqrt((x * x).sum() * (y * y).sum())
    return float((x * y).sum() / norm) if norm else 0.0


def bookkeeping(count: int, *, judge_strength: Strength, ranker: str, seed: int) -> dict[str, float]:
    """CPU seconds of ranking ``count`` questions of 62 distinct answers, without the judge's own time."""
    chunk, seconds = 500, 0.0
    for start in range(0, count, chunk):
        questions = simulated_questions(count=min(chunk, count - start), distinct=(SLOTS,), seed=seed + start)
        meter = CallMeter(SimulatedJudge(strength=judge_strength, seed=seed, quality=quality_of(questions)))
        started = time.process_time()
        rank(ranker, questions, meter)
        seconds += time.process_time() - started - meter.seconds_judging
    print(f"\n{ranker}: {count} questions with {SLOTS} distinct answers: {seconds:.0f} s of CPU time without the judge")
    return {"questions": count, "seconds": round(seconds, 1)}
