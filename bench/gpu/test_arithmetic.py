import pytest
from gpu_bench.arithmetic import arrivals, kept, latency_figures, median, percentile, quota_error, slo_of


def test_percentiles_are_nearest_ranks():
    values = list(range(1, 101))
    assert [percentile(values, share) for share in (0.5, 0.95, 0.99, 1.0)] == [50, 95, 99, 100]
    assert percentile([7], 0.99) == 7
    assert percentile([], 0.5) is None


def test_the_order_of_the_values_does_not_matter():
    assert percentile([3, 1, 2], 0.5) == 2
    assert median([4, 1, 3, 2]) == 2.5


def test_arrivals_are_a_poisson_process_of_the_rate_and_the_same_for_a_seed():
    times = arrivals(seed=7, rate_per_s=50, seconds=200)
    assert times == arrivals(seed=7, rate_per_s=50, seconds=200)
    assert times != arrivals(seed=8, rate_per_s=50, seconds=200)
    assert times == sorted(times)
    assert times[-1] < 200
    assert len(times) == pytest.approx(50 * 200, rel=0.05)


def test_a_request_exactly_at_its_objective_is_in_time():
    figures = latency_figures([10, 20, 30, 40], slo_ms=30)
    assert figures["over_slo"] == 0.25
    assert figures["requests"] == 4


def test_no_requests_and_no_objective_have_no_share_of_late_ones():
    assert latency_figures([], slo_ms=10)["over_slo"] is None
    assert latency_figures([1], slo_ms=None)["over_slo"] is None


def test_a_server_that_is_alone_meets_its_own_objective():
    assert slo_of({"p50_ms": 10, "p99_ms": 12}) == 20
    assert slo_of({"p50_ms": 10, "p99_ms": 40}) == pytest.approx(52)


def test_shares_of_nothing_are_unknown_not_zero():
    assert kept(5, 0) is None
    assert kept(None, 5) is None
    assert quota_error(1, None, 500) is None
    assert quota_error(45, 100, 500) == pytest.approx(-0.1)
