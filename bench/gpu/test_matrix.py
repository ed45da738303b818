from gpu_bench import matrix


def test_every_pair_is_measured_under_every_setting_once():
    cells = matrix.cells(is_quick=False, may_use_mps=True)
    assert len({(pair.name, setting.name) for pair, setting in cells}) == len(cells) == 30


def test_without_mps_nothing_that_needs_it_is_tried():
    assert {setting.name for _, setting in matrix.cells(is_quick=False, may_use_mps=False)} == {"ours", "time slicing"}


def test_no_pair_oversells_a_device():
    for pair in matrix.PAIRS:
        shares = (pair.primary.share, pair.other.share)
        assert sum(share.request_milli for share in shares) <= 1000
        assert sum(share.limit_milli for share in shares) <= 1500
        assert all(share.request_milli <= share.limit_milli <= 1000 for share in shares)


def test_every_program_of_a_pair_is_measured_alone_and_names_are_unique():
    programs = matrix.programs(is_quick=False)
    assert len({program.name for program in programs}) == len(programs)
    for pair in matrix.PAIRS:
        assert pair.primary in programs
        assert pair.other in programs


def test_a_quick_run_is_a_part_of_the_full_one():
    assert set(matrix.pairs(is_quick=True)) <= set(matrix.pairs(is_quick=False))
    assert set(matrix.seeds(is_quick=True)) <= set(matrix.seeds(is_quick=False))
