"""The calculations of the word problems: which numbers can appear together in a text, and the answer.

Each kind has a range for each free parameter and maps one combination of parameters to the numbers of the text, so that all
problems can be enumerated and none is sampled twice. Quantities start at 2, which avoids "1 apples".
"""

from collections.abc import Callable
from dataclasses import dataclass

Numbers = tuple[int, ...]

PRODUCT_FACTOR = 5
"""Products and dividends are at most this many times ``max_number``."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Arithmetic:
    """One kind of calculation.

    Attributes:
        ranges: from ``max_number`` to one range for each free parameter.
        numbers: from the free parameters to the numbers of the text; None where they give no sensible problem.
        solve: from the numbers of the text to the answer.
    """

    ranges: Callable[[int], tuple[range, ...]]
    numbers: Callable[..., Numbers | None]
    solve: Callable[..., int]

    def problem(self, *, parameters: Numbers, max_number: int) -> Numbers | None:
        """The numbers of the text; None where the problem is not sensible or its text contains the answer."""
        numbers = self.numbers(PRODUCT_FACTOR * max_number, *parameters)
        if numbers is None or self.solve(*numbers) in numbers:
            return None
        return numbers


def _upto(top: int, *, start: int = 2, cap: int | None = None) -> range:
    return range(start, min(top, cap if cap is not None else top) + 1)


def _change_numbers(most: int, count: int, price: int, fifties: int) -> Numbers | None:
    cost = count * price
    # People pay with round amounts: the next multiple of ten, or the next of fifty where that is another one.
    tens_paid, fifties_paid = (cost // 10 + 1) * 10, (cost // 50 + 1) * 50
    if cost > most or (fifties and tens_paid == fifties_paid):
        return None
    return (count, price, fifties_paid if fifties else tens_paid)


def _pages_numbers(most: int, each: int, times: int, rest: int) -> Numbers | None:
    total = each * times + rest
    # Nobody reads a book of ten pages for a week.
    return (total, each, times) if each * times <= most and total >= 20 else None


SUM = Arithmetic(
    ranges=lambda top: (_upto(top), _upto(top)),
    numbers=lambda most, a, b: (a, b),
    solve=lambda a, b: a + b,
)
AGE_SUM = Arithmetic(
    ranges=lambda top: (_upto(top, start=5, cap=40), _upto(top, cap=40)),
    numbers=lambda most, a, b: (a, b),
    solve=lambda a, b: a + b,
)
DIFFERENCE = Arithmetic(
    ranges=lambda top: (_upto(top, start=3), _upto(top)),
    numbers=lambda most, a, b: (a, b) if b < a else None,
    solve=lambda a, b: a - b,
)
DEGREES = Arithmetic(
    ranges=lambda top: (_upto(top, start=3, cap=40), _upto(top, cap=30)),
    numbers=lambda most, a, b: (a, b) if b < a else None,
    solve=lambda a, b: a - b,
)
PRODUCT = Arithmetic(
    ranges=lambda top: (_upto(top), _upto(top)),
    numbers=lambda most, a, b: (a, b) if a * b <= most else None,
    solve=lambda a, b: a * b,
)
SPEED_TIME = Arithmetic(
    ranges=lambda top: (_upto(top, cap=60), _upto(top, cap=12)),
    numbers=lambda most, a, b: (a, b) if a * b <= most else None,
    solve=lambda a, b: a * b,
)
AMOUNT_BATCHES = Arithmetic(
    ranges=lambda top: (_upto(top, cap=30), _upto(top, cap=30)),
    numbers=lambda most, a, b: (a, b) if a * b <= most else None,
    solve=lambda a, b: a * b,
)
TIMES = Arithmetic(
    ranges=lambda top: (_upto(top), _upto(top, cap=12)),
    numbers=lambda most, a, times: (a, times) if a * times <= most else None,
    solve=lambda a, times: a * times,
)
QUOTIENT = Arithmetic(
    ranges=lambda top: (_upto(top), _upto(top)),
    numbers=lambda most, parts, each: (parts * each, parts) if parts * each <= most else None,
    solve=lambda total, parts: total // parts,
)
FRACTION_WORDS = {
    2: "half",
    3: "a third",
    4: "a quarter",
    5: "a fifth",
    6: "a sixth",
    8: "an eighth",
    10: "a tenth",
}
FRACTION = Arithmetic(
    ranges=lambda top: (range(2, 11), range(2, PRODUCT_FACTOR * top // 2 + 1)),
    numbers=lambda most, k, each: (k * each, k) if k in FRACTION_WORDS and k * each <= most else None,
    solve=lambda total, k: total // k,
)
CLOCK = Arithmetic(
    ranges=lambda top: (range(1, 12), range(1, 58), _upto(top, start=3, cap=55)),
    numbers=lambda most, hour, start, length: (hour, start, start + length) if start + length <= 59 else None,
    solve=lambda hour, start, end: end - start,
)
PERIMETER = Arithmetic(
    ranges=lambda top: (_upto(top, start=3), _upto(top)),
    numbers=lambda most, long, wide: (long, wide) if wide < long else None,
    solve=lambda long, wide: 2 * (long + wide),
)
CHANGE = Arithmetic(
    ranges=lambda top: (_upto(top, cap=12), _upto(top), range(2)),
    numbers=_change_numbers,
    solve=lambda count, price, paid: paid - count * price,
)
PRODUCT_LESS = Arithmetic(
    ranges=lambda top: (_upto(top, cap=12), _upto(top), _upto(top)),
    numbers=lambda most, a, b, c: (a, b, c) if c < a * b <= most else None,
    solve=lambda a, b, c: a * b - c,
)
PRODUCT_MORE = Arithmetic(
    ranges=lambda top: (_upto(top), _upto(top), _upto(top)),
    numbers=lambda most, a, b, c: (a, b, c) if a * b <= most else None,
    solve=lambda a, b, c: a * b + c,
)
REMAINDER = Arithmetic(
    ranges=lambda top: (_upto(top), _upto(top, cap=14), _upto(top)),
    numbers=_pages_numbers,
    solve=lambda total, each, times: total - each * times,
)
START_AND_EARN = Arithmetic(
    ranges=lambda top: (_upto(top), _upto(top), _upto(top, cap=12)),
    numbers=lambda most, start, each, times: (start, each, times) if each * times <= most else None,
    solve=lambda start, each, times: start + each * times,
)
UP_AND_DOWN = Arithmetic(
    ranges=lambda top: (_upto(top, cap=40), _upto(top, cap=30), _upto(top, cap=30)),
    numbers=lambda most, start, up, down: (start, up, down) if up != down and start + up - down >= 1 else None,
    solve=lambda start, up, down: start + up - down,
)
TRADE = Arithmetic(
    ranges=lambda top: (_upto(top, start=3), _upto(top), _upto(top)),
    numbers=lambda most, had, given, got: (had, given, got) if given < had and given != got else None,
    solve=lambda had, given, got: had - given + got,
)
