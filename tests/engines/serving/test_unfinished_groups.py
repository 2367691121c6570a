from functools import partial

from thoughtrank.engines.serving.unfinished_groups import Position, UnfinishedGroups


def jobs_of(*shapes):
    """Jobs that return their own position, in groups of rows of these lengths."""
    return [
        [[partial(tuple, (group, row, column)) for column in range(length)] for row, length in enumerate(shape)]
        for group, shape in enumerate(shapes)
    ]


def test_groups_come_in_their_order_each_when_it_is_complete():
    groups = UnfinishedGroups()
    jobs = dict(groups.jobs(jobs_of((2, 1), (1,))))
    assert list(jobs) == [(0, 0, 0), (0, 0, 1), (0, 1, 0), (1, 0, 0)]
    handed_out = []
    for position in ((1, 0, 0), (0, 1, 0), (0, 0, 1), (0, 0, 0)):
        groups.put(Position(*position), position)
        handed_out.append(list(groups.pop_finished()))
    assert handed_out == [[], [], [], [[[(0, 0, 0), (0, 0, 1)], [(0, 1, 0)]], [[(1, 0, 0)]]]]


def test_groups_and_rows_without_jobs_are_there_too():
    groups = UnfinishedGroups()
    taken = groups.jobs(jobs_of((), (0, 1), ()))
    position, _ = next(taken)
    groups.put(position, "x")
    # Of the second one it is not known yet whether there is another row.
    assert list(groups.pop_finished()) == [[]]
    assert list(taken) == []
    assert list(groups.pop_finished()) == [[[], ["x"]], []]


def test_rows_are_taken_when_they_are_needed():
    groups, taken = UnfinishedGroups(), []

    def rows():
        for row in jobs_of((1, 1))[0]:
            taken.append(row)
            yield row

    jobs = groups.jobs([rows()])
    position, _ = next(jobs)
    assert len(taken) == 1
    groups.put(position, "x")
    position, _ = next(jobs)
    assert list(groups.pop_finished()) == []
    groups.put(position, "y")
    assert list(jobs) == []
    assert list(groups.pop_finished()) == [[["x"], ["y"]]]


def test_a_result_of_none_counts():
    groups = UnfinishedGroups()
    [(position, _)] = groups.jobs(jobs_of((1,)))
    assert list(groups.pop_finished()) == []
    groups.put(position, None)
    assert list(groups.pop_finished()) == [[[None]]]
