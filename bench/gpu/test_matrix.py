from gpu_bench import matrix


def test_every_pair_is_measured_under_every_setting_once():
    cells = matrix.cells(matrix.PAIRS, may_use_mps=True)
    assert len({(pair.name, setting.name) for pair, setting in cells}) == len(cells) == 30


def test_without_mps_nothing_that_needs_it_is_tried():
    assert {setting.name for _, setting in matrix.cells(matrix.PAIRS, may_use_mps=False)} == {"ours", "time slicing"}


def test_no_pair_oversells_a_device():
    for pair in matrix.PAIRS:
        shares = (pair.primary.share, pair.other.share)
        assert sum(share.request_milli for share in shares) <= 1000
        assert sum(share.limit_milli for share in shares) <= 1500
        assert all(share.request_milli <= share.limit_milli <= 1000 for share in shares)


def test_every_program_of_a_pair_is_measured_alone_and_names_are_unique():
    programs = matrix.programs(matrix.PAIRS)
    assert len({program.name for program in programs}) == len(programs)
    for pair in matrix.PAIRS:
        assert pair.primary in programs
        assert pair.other in programs


def test_the_pairs_of_a_quick_run_are_one_online_and_one_of_filling():
    assert {pair.other.kind for pair in matrix.PAIRS[: matrix.QUICK_PAIRS]} == {"serve", "fill"}
