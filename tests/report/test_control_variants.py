from thoughtrank.report.control_variants import control_variants


def test_every_variant_has_its_title_and_a_control_without_variants_its_name():
    copies, pairs, other = {"accuracy": 0.3}, {"accuracy": 0.4}, {"accuracy": 0.5}
    answers_only = {**pairs, "variant": "pairs", "variants": {"copies": copies, "pairs": pairs}}
    found = control_variants({"answers_only": answers_only, "random_thoughts": other})
    assert found == {"answers_only/copies": copies, "answers_only/pairs": pairs, "random_thoughts": other}
    assert list(found) == ["answers_only/copies", "answers_only/pairs", "random_thoughts"]
