import os
import signal
import threading
import time

import pytest

from thoughtrank.evaluation import math_equality
from thoughtrank.evaluation.math_equality import MathWorker, math_equal


@pytest.mark.parametrize(
    ("reference", "answer"),
    [
        (r"\frac{\sqrt{3}}{3}", r"\dfrac{\sqrt3}{3}"),
        (r"\left( 3, \frac{\pi}{2} \right)", r"(3,\pi/2)"),
        ("p - q", "-q + p"),
        (r"x \in [-2,7]", "[-2,7]"),
        ("y = 2x + 3", "2x+3"),
        (r"\{1\pm\sqrt{5},-2\}", r"-2, 1+\sqrt5, 1-\sqrt5"),
        (r"(0,9) \cup (9,36)", r"(0,36)\setminus\{9\}"),
        (r"\begin{pmatrix} 1/5 \\ -18/5 \end{pmatrix}", r"\begin{pmatrix} 0.2 \\ -3.6 \end{pmatrix}"),
    ],
)
def test_equal(reference, answer):
    assert math_equal(reference, answer)


@pytest.mark.parametrize(
    ("reference", "answer"),
    [
        ("3", r"3\sqrt{2}"),
        ("(-2,7)", "[-2,7]"),
        ("2", "1, 2"),
        ("(1,2,3)", "(3,2,1)"),
        (".0000672", ".0000671"),
        ("52_8", "52_9"),
        ("x", ""),
        ("x", "(" * 300),
        ("1", r"\frac{1}{0}"),
        ("x" * 500, "x" * 500),
    ],
)
def test_different(reference, answer):
    assert not math_equal(reference, answer)


def test_a_comparison_over_a_limit_is_different_and_counted_and_the_next_one_works():
    worker = MathWorker(cpu_seconds=1, megabytes=1024)
    try:
        start = time.monotonic()
        assert worker.compare("3", "9^{9^{9^{9}}}") == "limit"
        assert worker.over_limit == 1
        assert worker.compare("3", "3.0") == "equal"
        assert worker.over_limit == 1
        assert time.monotonic() - start < 60
    finally:
        worker.close()


def test_threads_share_one_worker():
    worker = MathWorker()
    found = {}

    def compare(number):
        found[number] = worker.compare(str(number), f"{number}.0" if number % 2 else str(number + 1))

    threads = [threading.Thread(target=compare, args=(number,)) for number in range(6)]
    try:
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    finally:
        worker.close()
    assert found == {number: "equal" if number % 2 else "different" for number in range(6)}


def test_a_worker_that_was_ended_is_reported_and_then_started_again():
    worker = MathWorker()
    try:
        assert worker.compare("3", "3.0") == "equal"
        os.killpg(worker._process.pid, signal.SIGKILL)
        with pytest.raises(RuntimeError, match="math-verify"):
            worker.compare("3", "4")
        assert worker.compare("3", "3.0") == "equal"
    finally:
        worker.close()


def test_two_texts_are_compared_once(monkeypatch):
    asked = []

    class Worker:
        def compare(self, reference, answer):
            asked.append((reference, answer))
            return "equal"

    monkeypatch.setattr(math_equality, "_worker", Worker)
    assert all(math_equal("compared once", r"\sqrt{7}") for _ in range(3))
    assert asked == [("compared once", r"\sqrt{7}")]
