import pytest
from problem_texts import rounds_of, source


@pytest.fixture(scope="session")
def many():
    """About 3,000 questions over two seeds and two sizes."""
    return [
        question
        for seed, max_number in ((1, 20), (2, 40))
        for problems in [source(seed=seed, max_number=max_number, held_out_unseen=400)]
        for question in rounds_of(problems, 20) + problems.evaluation()
    ]
