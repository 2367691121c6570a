import pytest

from thoughtrank.report.card_provenance import Provenance


@pytest.mark.parametrize(
    ("number", "imported", "candidates", "authors"),
    [
        (0, False, "for every question the model wrote", "written by the model itself"),
        (3, False, "for every question the model wrote", "written by the model itself"),
        (1, True, "made elsewhere were imported", "made elsewhere, by whatever"),
        (
            2,
            True,
            "in round 1 thoughts and answers that were made elsewhere",
            "imported for round 1, afterwards written",
        ),
    ],
)
def test_the_origin_of_candidates_and_examples_is_told(number, imported, candidates, authors):
    provenance = Provenance(chosen_round=number, num_prefixes=12, examples=5, imported=imported)
    assert candidates in provenance.candidates()
    assert authors in provenance.authors()
    assert ("each of 12 prefixes" in provenance.candidates()) == (not imported or number > 1)
