"""What math-verify leaves out when it compares: the size of tiny numbers, and roots of variables.

Its numerical comparison takes everything below 1e-15 for zero, factors of a product too. Its variables are complex, for which
√(1/n) is not 1/√n.
"""

from collections.abc import Iterator, Mapping
from itertools import product

from sympy import (
    Eq,
    Expr,
    FiniteSet,
    Float,
    Interval,
    Mul,
    Pow,
    Rational,
    Symbol,
    Tuple,
    UnevaluatedExpr,
    log,
    simplify,
)

_CLOSE = 1e-9
_DIGITS = 20
_MOST_VARIABLES = 3
_SIZES = (Rational(2, 3), Rational(17, 5), Rational(31, 7))
"""At which formulas are compared, with both signs: one for each variable, in turn."""
_PERCENT = UnevaluatedExpr(Rational(1, 100))


def is_close_in_size(wanted: object, given: object) -> bool:
    """Whether exact numbers that math-verify calls equal are so relative to their size, too; True for anything else."""
    first, second = list(_numbers(wanted)), list(_numbers(given))
    return len(first) != len(second) or all(map(_are_close, first, second))


def is_equal_where_real(wanted: object, given: object) -> bool:
    """Whether two formulas of the same variables are equal for positive ones, and wherever all of their roots are real."""
    first, second = _side(wanted), _side(given)
    if not isinstance(first, Expr) or not isinstance(second, Expr) or first.free_symbols != second.free_symbols:
        return False
    variables = sorted(first.free_symbols, key=str)
    if not 0 < len(variables) <= _MOST_VARIABLES:
        return False
    for signs in product((1, -1), repeat=len(variables)):
        for turn in range(len(_SIZES)):
            values: dict[object, object] = {
                variable: sign * _SIZES[(turn + index) % len(_SIZES)]
                for index, (variable, sign) in enumerate(zip(variables, signs, strict=True))
            }
            is_positive = -1 not in signs
            if (is_positive or (_is_real(first, values) and _is_real(second, values))) and not _agree(
                first.subs(values), second.subs(values)
            ):
                return False
    positive = {variable: Symbol(f"{variable}_", positive=True) for variable in variables}
    return bool(simplify(first.subs(positive) - second.subs(positive)) == 0)


def _is_real(formula: Expr, values: Mapping[object, object]) -> bool:
    """Whether nothing has a root or logarithm of a negative number."""
    roots = [each for each in formula.atoms(Pow) if not each.exp.is_integer]
    bases = [each.args[0].subs(values).evalf(_DIGITS) for each in (*roots, *formula.atoms(log))]
    return all(bool(base.is_real) and bool(base >= 0) for base in bases)


def _agree(first: Expr, second: Expr) -> bool:
    one, other = complex(first.evalf(_DIGITS)), complex(second.evalf(_DIGITS))
    return abs(one - other) <= _CLOSE * max(abs(one), abs(other))


def _side(value: object) -> object:
    """The right-hand side of "y = ...", which an answer may leave out."""
    return value.rhs if isinstance(value, Eq) and isinstance(value.lhs, Symbol) else value


def _numbers(value: object) -> Iterator[object]:
    """The elements of tuples, sets and intervals."""
    value = _side(value)
    if isinstance(value, FiniteSet):
        yield from sorted(value.args, key=lambda each: str(each.evalf(_DIGITS // 2)))
    elif isinstance(value, Tuple):
        for each in value.args:
            yield from _numbers(each)
    elif isinstance(value, Interval):
        yield from (value.start, value.end)
    elif isinstance(value, Mul) and len(value.args) == 2 and value.args[1] == _PERCENT:
        yield value.args[0]  # 9 % counts as 9
    else:
        yield value


def _are_close(first: object, second: object) -> bool:
    numbers = [each for each in (first, second) if isinstance(each, Expr) and each.is_number and not each.has(Float)]
    if len(numbers) < 2:
        return True
    one, other = (each.doit().evalf(_DIGITS) for each in numbers)
    # What cannot be decided is as math-verify has it.
    close = abs(one - other) <= _CLOSE * max(abs(one), abs(other))
    return bool(close) or (numbers[0] - numbers[1]).equals(0) is not False
