"""Rows in the formats of published sets, with invented contents: columns of the set, settings that read it, and rows."""

from typing import NamedTuple


class PublishedSet(NamedTuple):
    """The settings of ``questions=file`` for the set, and rows as it has them."""

    settings: dict[str, object]
    rows: list[dict[str, object]]


def _choices(stem, *texts):
    return stem + "\n" + "\n".join(f"({letter}) {text}" for letter, text in zip("ABCD", texts, strict=True))


SETS = {
    "GSM8K": PublishedSet(
        {},
        [
            {
                "question": "Ida packs 6 bags of 13 figs. How many figs?",
                "answer": "6 * 13 = <<6*13=78>>78 figs.\n#### 78",
            },
            {"question": "What do 5 seats at $240 cost?", "answer": "5 * 240 = <<5*240=1200>>1200.\n#### 1,200"},
            {"question": "4 degrees fall by 9. How many are they?", "answer": "4 - 9 = <<4-9=-5>>-5\n#### -5"},
        ],
    ),
    "MATH-500": PublishedSet(
        {"question_column": "problem"},
        [
            {"problem": "Half of a half of 3?", "solution": r"It is $\boxed{\frac{3}{4}}$.", "answer": r"\frac{3}{4}"},
            {"problem": "Diagonal of a square of side 5?", "solution": r"$\boxed{5\sqrt2}$", "answer": r"5\sqrt{2}"},
            {"problem": "Where is x + 1 from 0 to 9?", "solution": r"$\boxed{[-1,8]}$", "answer": "[-1,8]"},
            {"problem": "A right angle?", "solution": r"$\boxed{90^\circ}$", "answer": r"90^\circ"},
            {"problem": "Polar coordinates of 2i?", "solution": "", "answer": r"\left( 2, \frac{\pi}{2} \right)"},
            {"problem": "Expand (x + 2)(x - 3).", "solution": "", "answer": "x^2 - x - 6"},
            {"problem": "Is 0 even or odd?", "solution": "", "answer": r"\text{even}"},
            {"problem": "Which one?", "solution": "", "answer": r"\text{(C)}"},
        ],
    ),
    "SVAMP": PublishedSet(
        {"question_column": ["Body", "Question"], "answer_column": "Answer"},
        [
            {"ID": "x-1", "Body": "Uwe has 145 stamps.", "Question": "He buys 7. How many are they?", "Answer": 152.0},
            {"ID": "x-2", "Body": "A ribbon has 9 m.", "Question": "Half of it?", "Answer": 4.5},
        ],
    ),
    "ASDiv": PublishedSet(
        {"question_column": ["body", "question"]},
        [
            {"body": "Two trees bear 4 and 5 pears.", "question": "How many?", "answer": "9 (pears)"},
            {"body": "Ann has 3 coins, Bo 8.", "question": "Who has more?", "answer": "Mrs. Bo"},
            {"body": "The film of 90 minutes begins at 2.", "question": "When does it end?", "answer": "3:30 p.m."},
            {"body": "3 cups of rice need 4 of water.", "question": "Which ratio is that?", "answer": "3:4"},
            {"body": "Is 12 more than 11?", "question": "Yes or no?", "answer": "Yes"},
        ],
    ),
    "MAWPS": PublishedSet(
        {"question_column": "Question", "answer_column": "Answer"},
        [
            {"Question": "N0 parts and N1 sixths?", "Numbers": "1 5", "Answer": 1.8333333333333335},
            {"Question": "N0 times N1?", "Numbers": "17 3", "Answer": 51.0},
            {"Question": "N0 by N1?", "Numbers": "32 5", "Answer": 6.400000095367432},
        ],
    ),
    "AMC23": PublishedSet(
        {"question_column": "problem"},
        [{"problem": "How many ways?", "answer": ["27.0"]}, {"problem": "How far?", "answer": 36.0}],
    ),
    "GPQA": PublishedSet(
        {"question_column": "problem", "answer_column": "solution"},
        [
            {"problem": _choices("Which energy?", "1 eV", "2 eV", "3 eV", "4 eV"), "solution": r"\boxed{D}"},
            {"problem": _choices("Which base?", "A and T", "B only", "C", "None"), "solution": r"\boxed{A}"},
        ],
    ),
    "BoolQ": PublishedSet(
        {"question_column": ["passage", "question"]},
        [
            {"passage": "The lake lies inland.", "question": "does the lake touch the sea", "answer": False},
            {"passage": "Moss needs shade.", "question": "does moss need shade", "answer": True},
        ],
    ),
}
