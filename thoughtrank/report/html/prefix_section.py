"""The section on prefixes: a grid coloured by win rate for every round, and how the model's own thoughts begin."""

from collections import Counter
from collections.abc import Sequence

from thoughtrank.report.html.embedding import escaped
from thoughtrank.report.html.markup import details, note, section, table
from thoughtrank.report.html.round_statistics import OPENING_WORDS, RoundStatistics, first_word
from thoughtrank.report.html.stored_run import StoredRun
from thoughtrank.report.html.svg import NUM_SHADES
from thoughtrank.report.openings import entropy
from thoughtrank.report.prefix_chance import PrefixChance, PrefixWins
from thoughtrank.report.prefix_statistics import PrefixResult
from thoughtrank.report.text_layout import listed_prefixes, percent

_MOST_OPENERS = 12
_BETTER, _WORSE = "▲", "▼"
_P_TOP = "P(top): mean probability, given the judge's verdicts, that its answer is the best of its question. "
_MARK_TEXTS = {_BETTER: ", significantly above the others", _WORSE: ", significantly below the others"}


def prefix_section(run: StoredRun, rounds: Sequence[RoundStatistics], *, name: str) -> str:
    """The section; a sentence where no round is ranked."""
    title = "Prefixes"
    ranked = [each for each in rounds if each.prefixes()]
    parts = []
    if ranked:
        parts.append(
            note(
                "A prefix is the text that a thought is forced to begin with; every question gets one candidate for each. "
                "Percentage (win rate): how often the answer after this prefix has the best rank or shares it, among the "
                "questions whose answers differ in rank. Below it, the mean gain: by how many nats its thoughts make their own "
                "answer more probable than without a thought, for those with the best rank. A stronger colour is a higher win "
                "rate, on the same scale in all rounds. ▲ and ▼ mark prefixes that win significantly more or less often than "
                f"the others in this round alone; all other differences may be chance. {_over_all(ranked)}Click a prefix "
                "to see its candidates."
            )
        )
        rates = [result.win_rate or 0.0 for each in ranked for result in each.prefixes()]
        top = max(rates) or 1.0
        parts.append(_all_rounds(ranked))
        parts += [_round_grid(each, folded=each is not ranked[-1], top=top) for each in reversed(ranked)]
    if openers := _own_openers(run, rounds):
        parts.append(openers)
    if not parts:
        return section(f"{name}-prefixes", title, missing="No round has ranked candidates yet.")
    return section(f"{name}-prefixes", title, *parts)


def _over_all(ranked: Sequence[RoundStatistics]) -> str:
    """Which prefixes win more often over all rounds, where these are not the ones of a single grid."""
    if len(ranked) < 2:
        return ""
    better = [each.prefix for each in PrefixWins.together(each.wins for each in ranked).tested() if each.better]
    named = listed_prefixes(better) or "none"
    return f"Over all rounds together, as at the top of the page, these win significantly more often than the others: {named}. "


def _all_rounds(ranked: Sequence[RoundStatistics]) -> str:
    """Every prefix over all rounds together, as a table that is folded at first; empty for a single round."""
    wins = PrefixWins.together(each.wins for each in ranked)
    if len(ranked) < 2 or not (tested := wins.tested()):
        return ""
    texts = {True: "more often", False: "less often"}
    rows = [
        [
            each.prefix,
            percent(each.wins / each.questions),
            f"{each.wins} of {each.questions}",
            f"{each.expected:.1f}",
            texts[each.better] if each.better or each.worse else "–",
        ]
        for each in sorted(tested, key=lambda each: -each.wins / each.questions)
    ]
    header = ["prefix", "win rate", "wins", "wins expected of a prefix like the others", "significant (Holm)"]
    caption = (
        f"Prefixes over all rounds, {wins.questions} questions whose answers differ in rank; ties for the best rank win"
    )
    return details("All rounds together, as a table", table(header, rows, caption=caption))


def _round_grid(of_round: RoundStatistics, *, folded: bool, top: float) -> str:
    results, collapses = of_round.prefixes(), of_round.collapses()
    tested = of_round.wins.tested()
    marks = _marks(tested)
    cells = "".join(
        _cell(each, top=top, gain=each.mean_gain, number=of_round.number, mark=marks.get(each.prefix, ""))
        for each in results
    )
    has_p_top = any(each.p_top is not None for each in results)
    rows = [
        [
            each.prefix,
            percent(each.win_rate),
            percent(each.genuine_rate),
            gain_text(each.mean_gain),
            *([percent(each.p_top)] if has_p_top else []),
            percent(each.distinct_rate),
            str(of_round.selected[each.prefix]),
            percent(each.ranked),
            f"{each.thought_tokens:.0f}",
            percent(each.closed_rate),
            percent(collapses[each.prefix]),
        ]
        for each in sorted(results, key=lambda each: -(each.win_rate or 0.0))
    ]
    header = [
        *("prefix", "win rate", "genuine", "mean gain", *(["P(top)"] if has_p_top else [])),
        *("distinct", "selected", "ranked", "thought tokens", "closed", "same opening"),
    ]
    caption = f"Prefixes of round {of_round.number}, highest win rate in this round first"
    label = f"Round {of_round.number}"
    uncertain = note(f"{_means(results)}{_chance_text(of_round, tested)}")
    explained = note(
        "Genuine: how often it wins with a thought that makes the answer more probable (positive gain). "
        + (_P_TOP if has_p_top else "")
        + "Distinct: how many of its final answers no other prefix gave to the same question. Closed: thoughts that ended "
        f"before their limit. Same opening: how many of its thoughts begin with the most frequent {OPENING_WORDS} words. Near "
        "100 % the prefix has collapsed to one way of thinking."
    )
    grid = f'<ol class="prefixes" aria-label="{escaped(label)}">{cells}</ol>'
    content = uncertain + grid + details("As a table", explained, table(header, rows, caption=caption))
    return details(label, content) if folded else f"<h4>{label}</h4>{content}"


def shade_of(rate: float | None, *, top: float) -> int | None:
    """How strong a cell is coloured, from 0 to 9; None without a win rate.

    Args:
        rate: the win rate.
        top: the best one of all grids.
    """
    return None if rate is None else min(int(rate / top * NUM_SHADES), NUM_SHADES - 1)


def _marks(tested: Sequence[PrefixChance]) -> dict[str, str]:
    """Prefix to its mark; one that is like the others has none."""
    return {each.prefix: _BETTER if each.better else _WORSE for each in tested if each.better or each.worse}


def _chance_text(of_round: RoundStatistics, tested: Sequence[PrefixChance]) -> str:
    """Which differences between prefixes are significant."""
    if not of_round.decided:
        return ""
    sides = {
        "more often than the others": [each.prefix for each in tested if each.better],
        "less often": [each.prefix for each in tested if each.worse],
    }
    found = [f"{text}: {listed_prefixes(prefixes) or 'none'}" for text, prefixes in sides.items()]
    return (
        f" {of_round.decided} questions have better and worse answers. In this round these win significantly (p < 0.05 after "
        f"Holm's correction for the number of prefixes) {'; '.join(found)}."
    )


def _means(results: Sequence[PrefixResult]) -> str:
    """What the thoughts of all prefixes together are like."""
    genuine = [each.genuine_rate for each in results if each.genuine_rate is not None]
    parts = [
        f"{sum(each.thought_tokens for each in results) / len(results):.0f} tokens per thought",
        f"{percent(sum(each.closed_rate for each in results) / len(results))} of the thoughts ended before their limit",
        f"{percent(sum(each.distinct_rate for each in results) / len(results))} of the final answers no other prefix gave",
    ]
    if genuine:
        parts.append(f"{percent(sum(genuine) / len(genuine))} genuine win rate (wins with a thought of positive gain)")
    return f"Mean over the prefixes: {', '.join(parts)}."


def _cell(result: PrefixResult, *, top: float, gain: float | None, number: int, mark: str) -> str:
    rate = result.win_rate
    shade = shade_of(rate, top=top)
    said = f"prefix {result.prefix}, win rate {percent(rate)}{_MARK_TEXTS.get(mark, '')}"
    said += "" if gain is None else f", mean gain {gain:+.2f}"
    gain_part = "" if gain is None else f'<span class="gain">{gain_text(gain)}</span>'
    rate_text = "–" if rate is None else f"{100 * rate:.0f} %{mark and f' {mark}'}"
    return (
        f'<li><button type="button" class="prefix w{"none" if shade is None else shade}" data-round="{number}" '
        f'data-prefix="{escaped(result.prefix)}" aria-label="{escaped(said)}"><b class="typed">{escaped(result.prefix)}</b>'
        f"<span>{rate_text}</span>{gain_part}</button></li>"
    )


def gain_text(gain: float | None) -> str:
    """A gain in nats."""
    return "–" if gain is None else f"{gain:+.1f}"


def _own_openers(run: StoredRun, rounds: Sequence[RoundStatistics]) -> str:
    """How the thoughts begin that the model writes by itself to held-out questions, round by round."""
    columns = []
    for each in run.evaluated:
        replies = [reply.reply for reply in each.replies if reply.arm == "thought" and "<thought>" in reply.reply[:40]]
        counts = Counter(first_word(reply.partition("<thought>")[2]) for reply in replies)
        columns.append((each.number, counts))
    while columns and not columns[-1][1]:
        columns.pop()
    if not columns:
        return ""
    most = [word for word, _ in columns[-1][1].most_common(_MOST_OPENERS)]
    rows = [
        [word, *(percent(counts[word] / counts.total()) if counts else "–" for _, counts in columns)] for word in most
    ]
    rows.append(["thoughts in all (100 %)", *(f"{counts.total():,}" for _, counts in columns)])
    rows.append(["different openers", *(str(len(counts)) for _, counts in columns)])
    rows.append(
        [
            "effective number (2 to the entropy)",
            *(f"{2 ** entropy(counts):.1f}" if counts else "–" for _, counts in columns),
        ]
    )
    shown = table(
        ["first word", *(f"round {number}" for number, _ in columns)],
        rows,
        caption="How the model's own thoughts begin",
    )
    return (
        "<h4>The model's own openers</h4>"
        + note(
            "The first word of the thoughts that the model writes to held-out questions (unseen families included) when "
            f"nothing is forced. The rows are the "
            f"most frequent ones in round {columns[-1][0]}; a dash is a round whose model writes no thoughts by itself. "
            "Effective number: how many equally frequent openers would vary as much."
        )
        + _learned(most[0], columns[-1][1], rounds)
        + shown
    )


def _learned(word: str, counts: Counter[str], rounds: Sequence[RoundStatistics]) -> str:
    """The most frequent opener, and how often it is among what the model was trained on."""
    selected = sum((each.selected_words for each in rounds), Counter[str]())
    if not selected:
        return ""
    return note(
        f"{percent(counts[word] / counts.total())} of the last model's {counts.total():,} thoughts begin with “{word}”. Of the "
        f"{selected.total():,} selected examples, {selected[word]:,} do. The win rates above are of forced beginnings; "
        "the model's own are learned from all selected examples, so the most frequent opener need not be a prefix that wins."
    )
