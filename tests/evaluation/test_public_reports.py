"""Answers of public bug reports about other projects, by the report; docs/public_reports.md has what each is about."""

import pytest

from thoughtrank.evaluation.answer_comparison import is_right

REPORTS = {
    "inspect_ai#838": [("ANSWER: 60%", "60", True), ("ANSWER: 60%", "60%", True), ("ANSWER: 60%", "20", False)],
    "PostTrainBench#44": [("The answer is 711", "11", False), ("The answer is 149", "49", False)],
    "inspect_ai#4742": [(reply, "42", True) for reply in ("42!", "(42).", "42?", "[42]", "42:")],
    "inspect_ai#3916": [
        ("The answer is 5", "-5", False),
        ("the result is -5 exactly", "-5", True),
        ("33.14", "3.14", False),
        ("The answer is 1000", "1e3", True),
    ],
    "ms-swift#4541": [
        (r"\boxed{a=1 \text{ or } a=-2}", r"a=1 \text{ or } a=-2", True),
        (r"\boxed{a=-2 \text{ or } a=1}", r"a=1 \text{ or } a=-2", True),
        (r"\boxed{a=1}", r"a=1 \text{ or } a=-2", False),
    ],
    "Math-Verify#56": [
        (r"\boxed{(3, \frac{2\pi}{3})}", r"\left( 3, \frac{\pi}{2} \right)", False),
        (r"\boxed{(3, \pi/2)}", r"\left( 3, \frac{\pi}{2} \right)", True),
    ],
    "Math-Verify#47": [
        ("The answer is 1728", "1331 and 1728", False),
        ("The answer is 1331 and 1728", "1331 and 1728", True),
    ],
    "Math-Verify#39": [(r"\boxed{sqrt(3)/3}", r"\frac{\sqrt{3}}{3}", True)],
    "Math-Verify#37": [("The answer is 13", r"\text{13}", True), (r"\boxed{\text{13}}", "13", True)],
    "inspect_ai#5376": [("", "4", False), ("I'm sorry, but I can't help with that.", "4", False)],
}


@pytest.mark.parametrize(("reply", "reference", "right"), [case for cases in REPORTS.values() for case in cases])
def test_an_answer_is_right_or_wrong_as_its_report_says_it_should_be(reply, reference, right):
    assert is_right(reply, reference) is right
