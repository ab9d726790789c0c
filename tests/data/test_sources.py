"""Every source keeps its promises: its truth twice, its samples, its density, its tags."""

import math

import numpy as np
import pytest
from scipy import stats

from infoscope.core import registry
from infoscope.core.errors import DataMissingError, InputError, UnknownNameError
from infoscope.data import source as source_module
from infoscope.data.source import TAGS, Source, SourceFamily, all_sources, find_source
from infoscope.data.sources import images
from infoscope.data.sources._laws import Normal
from infoscope.data.sources.dials import Dials

SOURCES = all_sources()
HERE = {name: source for name, source in SOURCES.items() if "needs data" not in source.tags}

SPARSE = 1.021651
#: The 40 laws of Beyond Normal and their information in nats, to the six digits that the benchmark states.
BEYOND_NORMAL = {
    **dict.fromkeys(
        ("bivariate-normal", "bivariate-uniform", "bimodal", "wiggly", "half-cube", "swiss-roll"), 0.413339
    ),
    "additive-noise-0.1": 1.709438,
    "additive-noise-0.75": 0.333333,
    **dict.fromkeys(("student-1x1-dof-1", "asinh-student-1x1-dof-1"), 0.224171),
    **{f"dense-{d}x{d}": v for d, v in ((2, 0.293893), (3, 0.413339), (5, 0.592812), (25, 1.292184), (50, 1.624265))},
    **{f"sparse-{d}x{d}": SPARSE for d in (2, 3, 5, 25)},
    **{
        f"{name}-sparse-{d}x{d}": SPARSE
        for name in ("normal-cdf", "half-cube", "spiral", "spiral-normal-cdf")
        for d in (3, 5, 25)
    },
    **dict.fromkeys(("student-2x2-dof-1", "asinh-student-2x2-dof-1"), 0.431946),
    "student-2x2-dof-2": 0.193147,
    **dict.fromkeys(("student-3x3-dof-2", "asinh-student-3x3-dof-2"), 0.290922),
    "student-3x3-dof-3": 0.178712,
    **dict.fromkeys(("student-5x5-dof-2", "asinh-student-5x5-dof-2"), 0.448151),
    "student-5x5-dof-3": 0.298544,
}
#: Values known from elsewhere, with how far off they may be.
KNOWN = {
    **{f"concentric-{name}": (v, 6e-6) for name, v in (("3x1-of-5", 0.45542), ("5x1-of-5", 0.62739))},
    **{f"concentric-{name}": (v, 6e-6) for name, v in (("25x1-of-5", 1.19077), ("3x1-of-10", 0.55992))},
    "concentric-5x1-of-10": (0.75145, 6e-6),
    # Means over samples, within four standard errors of theirs.
    "letter-x": (0.4097, 4 * 0.0012),
    "letters-ai": (0.7740, 4 * 0.0014),
    "galaxy": (0.4948, 4 * 0.0008),
    "waves": (1.3069, 4 * 0.0006),
    "inliers-0.2-5x5": (0.6363, 4 * 0.0005),
    "inliers-0.5-25x25": (0.2705, 4 * 0.0003),
    # The zeros of the inflation cannot be told from Poisson's.
    "zero-inflated-poisson-0.15": (0.22978, 6e-6),
    "zero-inflated-poisson-0.5": (0.11638, 6e-6),
    "zero-inflated-poisson-0.7": (0.06583, 6e-6),
    "window-5": (math.log(5) - 0.8 * math.log(2), 1e-12),
    "relu-sign-5": (math.log(2), 1e-12),
    "scaled-pair": (-0.5 * math.log(1 - 0.81), 1e-9),
    "correlated-pairs-25x25": (-12.5 * math.log(1 - 0.36), 1e-9),
    "copy-5": (math.log(5), 1e-12),
    "glyphs-8": (8 * (math.log(2) + 0.02 * math.log(0.02) + 0.98 * math.log(0.98)), 1e-9),
}


def test_the_forty_laws_of_beyond_normal_have_its_values():
    family = {name: source for name, source in SOURCES.items() if source.family == "beyond_normal"}
    assert set(family) == set(BEYOND_NORMAL)
    assert len(BEYOND_NORMAL) == 40
    for name, source in family.items():
        assert source.truth == pytest.approx(BEYOND_NORMAL[name], abs=6e-7), name


@pytest.mark.parametrize("name", KNOWN)
def test_values_known_from_elsewhere(name):
    value, tolerance = KNOWN[name]
    assert SOURCES[name].truth == pytest.approx(value, abs=tolerance)


@pytest.mark.parametrize("name", SOURCES)
def test_the_truth_by_a_second_route(name):
    source = SOURCES[name]
    assert source.truth == pytest.approx(source.truth_again(), abs=1e-4)
    assert source.truth > -1e-9


@pytest.mark.parametrize("name", HERE)
def test_samples_have_their_shape_and_come_again(name):
    source = HERE[name]
    before = np.random.get_state()[1].copy()  # noqa: NPY002 (the point is that it is not used)
    x, y = source.sample(300, seed=1)
    assert (np.random.get_state()[1] == before).all()  # noqa: NPY002
    assert x.shape == (300, source.dx)
    assert x.dtype == np.float64
    assert np.isfinite(x).all()
    if source.kind == "labels":
        assert (y.shape, y.dtype, source.dy) == ((300,), np.int64, 1)
        assert y.min() >= 0
    else:
        assert (y.shape, y.dtype) == ((300, source.dy), np.float64)
        assert np.isfinite(y).all()
    again, other = source.sample(300, seed=1), source.sample(300, seed=2)
    assert np.array_equal(x, again[0])
    assert np.array_equal(y, again[1])
    assert not np.array_equal(x, other[0])


@pytest.mark.parametrize("name", HERE)
def test_the_mean_log_ratio_of_a_sample_is_the_truth(name):
    """The sampler and the density are of one law: the mean of ln p(x,y) / p(x) p(y) over rows is I(X;Y)."""
    source = HERE[name]
    x, y = source.sample(20_000 if source.dx < 100 else 4_000, seed=3)
    ratio = source.log_ratio(x, y)
    assert ratio is not None  # of a singular law, that of the law before it was embedded
    error = ratio.std() / math.sqrt(len(ratio))
    assert abs(ratio.mean() - source.truth) <= 4 * error + 1e-9


def column(name, of, i=0, n=4000):
    return SOURCES[name].sample(n, seed=5)[of][:, i]


@pytest.mark.parametrize(
    ("rows", "law"),
    [
        (column("bivariate-normal", 1), stats.norm()),
        (column("bivariate-uniform", 0), stats.uniform()),
        (column("student-3x3-dof-2", 1, 2), stats.t(2)),
        (column("dial-student-0.5", 0), stats.t(3)),
        (column("dial-log-gamma-exponential-0.5", 0), stats.loggamma(0.8161)),
        (column("spiral-sparse-3x3", 0, 2), stats.norm()),
        (column("concentric-3x1-of-5", 0)[column("concentric-3x1-of-5", 1) > 4.5], stats.norm(scale=5)),
        (column("noisy-relu-layer", 0, 7), stats.norm()),
        (column("zero-inflated-poisson-0.5", 0), stats.expon()),
        (column("dial-quantised-uniform-2", 0), stats.uniform()),
    ],
    ids=lambda case: getattr(getattr(case, "dist", None), "name", ""),
)
def test_columns_have_the_marginals_of_their_law(rows, law):
    assert stats.kstest(rows, law.cdf).pvalue > 1e-3


def test_the_shape_of_the_dialled_gamma_is_the_one_of_the_test_above():
    assert Dials().log_gamma_exponential(0.5).law.shape == pytest.approx(0.8161, abs=5e-5)


def test_bimodal_columns_are_the_mixtures_of_the_benchmark():
    x, y = SOURCES["bimodal"].sample(4000, seed=5)
    for rows, (weight, first, second) in ((x, (0.3, 0, 5)), (y, (0.5, -1, 3))):
        cdf = lambda t, w=weight, a=first, b=second: w * stats.norm.cdf(t - a) + (1 - w) * stats.norm.cdf(t - b)  # noqa: E731
        assert stats.kstest(rows[:, 0], cdf).pvalue > 1e-3


@pytest.mark.parametrize(
    ("name", "share", "of"),
    [
        ("rectified-pair", 0.5, lambda x, y: y == 0),
        ("atoms-among-normal", 0.5, lambda x, y: np.abs(x) == 1),
        ("zero-inflated-poisson-0.7", 0.7 + 0.3 / 2, lambda x, y: y == 0),
        ("rare-event", 0.02, lambda x, y: x == 1),
        ("erasure-0.3", 0.3, lambda x, y: y == 2),
        ("uneven-classes", 0.05, lambda x, y: y == 2),
        ("parity", 0.95, lambda x, y: x.sum(1) % 2 == y),
        ("dial-rare-event-0.02", 0.003143, lambda x, y: y == 1),
        ("repeated-rows", 0.25, lambda x, y: y == 3),
    ],
)
def test_events_are_as_frequent_as_they_should_be(name, share, of):
    n = 20_000
    seen = np.mean(of(*SOURCES[name].sample(n, seed=8)))
    assert abs(seen - share) <= 4 * math.sqrt(share * (1 - share) / n)


def test_covariances_are_those_of_the_law():
    for name in ("dense-5x5", "sparse-3x3", "dial-normal-3x3-2", "correlated-pairs-3x3"):
        law = SOURCES[name].law
        assert isinstance(law, Normal)
        rows = np.concatenate(SOURCES[name].sample(20_000, seed=4), axis=1)
        assert np.abs(np.cov(rows.T) - law.covariance).max() < 5 * math.sqrt(2 / 20_000)


# Tags


@pytest.mark.parametrize("name", SOURCES)
def test_tags_are_known_and_true_of_the_numbers(name):
    source = SOURCES[name]
    tags = set(source.tags)
    assert tags <= set(TAGS)
    assert len(tags) == len(source.tags)
    assert ("independent" in tags) == (abs(source.truth) < 1e-9)
    assert ("strong" in tags) == (source.truth > 2 + 1e-9)
    assert ("high-dimensional" in tags) == (source.dx + source.dy > 20 and "patterns" not in tags)
    assert "gaussian copula" in tags or "gaussian" not in tags
    if tags & {"discrete", "labels", "patterns", "deterministic label"}:
        assert source.kind == "labels"
    if tags & {"gaussian", "gaussian copula", "low-dimensional", "smooth"}:
        assert source.kind == "real"
    if "low-dimensional" in tags:
        assert source.dx + source.dy <= (6 if "independent" in tags else 4)
        assert source.truth < 2
        assert not tags & {"heavy-tailed", "mixed", "spiral"}
    if "smooth" in tags:
        assert source.truth < 2
        assert not tags & {"heavy-tailed", "mixed", "sharp", "spiral", "high-dimensional", "singular"}
    if "labels" in tags:
        assert source.dx <= 3


def test_tags_are_true_of_the_rows():
    for source in HERE.values():
        x, y = source.sample(1000, seed=6)
        if "discrete" in source.tags:
            assert len(np.unique(x, axis=0)) <= 8
            assert (x == np.round(x)).all()
            assert len(np.unique(y)) <= 8
        if "patterns" in source.tags:
            rows = np.unique(x, axis=0)
            assert np.linalg.norm(rows[:, None] - rows, axis=-1)[~np.eye(len(rows), dtype=bool)].min() >= 8
        if "labels" in source.tags:
            assert len(np.unique(x[:, 0])) == 1000
            assert len(np.unique(y)) <= 10
        if "mixed" in source.tags:
            assert any(len(np.unique(z)) < 900 for z in (x, y))
        if "gaussian" in source.tags:
            rows = np.concatenate([x, y], axis=1)
            assert np.linalg.matrix_rank((rows - rows.mean(0)) / rows.std(0)) == rows.shape[1]
        if "singular" in source.tags and "curved" not in source.tags:
            assert np.linalg.matrix_rank(x) < source.dx
        if "deterministic label" in source.tags and source.truth < 4:
            found = source.log_ratio(x, y)  # ln 1 / P(y), whatever x is
            assert all(np.ptp(found[y == label]) < 1e-9 for label in np.unique(y))
            assert np.isfinite(found).all()


@pytest.mark.parametrize("tag", TAGS)
def test_every_tag_is_used(tag):
    assert any(tag in source.tags for source in SOURCES.values())


# The collection


def test_every_family_has_sources_and_says_where_they_are_from():
    families = registry.entries("sources")
    assert {source.family for source in SOURCES.values()} == set(families)
    for entry in families.values():
        assert entry.facts["reference"]
    for source in SOURCES.values():
        assert source.words
        assert source.name == source.name.lower().replace(" ", "-")


def test_a_source_is_found_by_name_and_a_mistyped_one_answered_with_the_near():
    assert find_source("bivariate-normal") is SOURCES["bivariate-normal"]
    with pytest.raises(UnknownNameError, match="there is no source named 'bivariat-normal': did you mean 'bivariate-n"):
        find_source("bivariat-normal")


def test_two_sources_of_one_name_are_a_defect(monkeypatch):
    class Twins(SourceFamily):
        def sources(self):
            yield SOURCES["bsc-0.1"]
            yield SOURCES["bsc-0.1"]

    entry = registry.Entry("sources", "twins", __name__, "Twins", "", {})
    monkeypatch.setattr(registry.Entry, "load", lambda self: Twins)
    monkeypatch.setattr(registry, "entries", lambda kind: {"twins": entry})
    with pytest.raises(AssertionError, match=r"two sources are called 'bsc-0\.1', in twins and in twins"):
        source_module.all_sources.__wrapped__()


def test_an_unknown_tag_is_refused():
    with pytest.raises(UnknownNameError, match=r"no tag .of source 'mine'. named 'gausian': did you mean 'gaussian'"):
        Source("mine", "", Normal(np.eye(2), 1), ("gausian",))


def test_a_source_says_what_it_is():
    assert repr(SOURCES["bivariate-normal"]) == "Source('bivariate-normal', 1 columns and 1 columns, 0.413339 nats)"
    assert repr(SOURCES["copy-5"]) == "Source('copy-5', 1 columns and labels, 1.609438 nats)"


@pytest.mark.parametrize(("n", "seed", "words"), [(0, 0, "n is 0"), (5, -1, "seed is -1"), (2.5, 0, "n is 2.5")])
def test_a_sample_of_nothing_is_refused(n, seed, words):
    with pytest.raises(InputError, match=words):
        SOURCES["bivariate-normal"].sample(n, seed=seed)


# Dials


@pytest.mark.parametrize("nats", [0.05, 0.49, 0.5, 0.51, 0.69, 1.3, 4.0, 8.0])
@pytest.mark.parametrize(
    ("dial", "more", "most"),
    [
        ("normal", (2,), np.inf),
        ("uniform", (), np.inf),
        ("smoothed_uniform", (), np.inf),
        ("log_gamma_exponential", (), np.inf),
        ("quantised_uniform", (), np.inf),
        ("student", (3,), np.inf),
        ("noisy_symbols", (5,), math.log(5)),
        ("rare_event", (), math.log(2)),
    ],
)
def test_a_dial_gives_the_information_asked_for(dial, more, most, nats):
    make = getattr(Dials(), dial)
    if nats > most:
        with pytest.raises(InputError, match=r"no such law has as many nats as asked for: ask for .* fewer"):
            make(nats, *more)
        return
    source = make(nats, *more)
    assert source.truth == pytest.approx(nats, abs=1e-9)
    assert source.truth_again() == pytest.approx(nats, abs=1e-4)


@pytest.mark.parametrize("dial", ["normal", "smoothed_uniform"])
def test_a_dial_does_not_go_below_zero(dial):
    with pytest.raises(InputError, match=r"nats is -0\.1, wanted a number above 0"):
        getattr(Dials(), dial)(-0.1, *([2] if dial == "normal" else []))


def test_students_dial_starts_at_its_uncorrelated_law():
    with pytest.raises(InputError, match=r"nats is 0\.01, wanted at least 0\.042411 with 3 degrees of freedom"):
        Dials().student(0.01, 3)


# Images


@pytest.mark.parametrize("name", ["glyphs-2", "glyphs-8"])
def test_the_bits_of_glyphs_are_read_without_error(name):
    """Drawn again from the same stream, the bits are those read from the images."""
    law = SOURCES[name].law
    bits = np.random.default_rng(0).integers(0, 2, size=500 * law.patches)
    drawn = law.images(np.random.default_rng(1), bits).reshape(500, -1)
    assert np.array_equal(law.read(drawn), bits.reshape(500, -1))
    x, y = SOURCES[name].sample(3000, seed=2)
    flipped = np.mean(law.read(x) != law.read(y))
    assert flipped == pytest.approx(law.flip, abs=4 * math.sqrt(law.flip / (3000 * law.patches)))


def test_rings_and_blocks_have_as_many_lit_pixels():
    law = SOURCES["glyph-label"].law
    bits = np.arange(200) % 2
    assert ((law.images(np.random.default_rng(1), bits) > 0.5).sum(1) == 16).all()


def test_handwritten_bits(real_data):
    """Both digits occur, the labels follow the digit, and no image is in both classes, so that the class is exact."""
    images._digits.cache_clear()
    zeros, ones = images._digits()
    assert (len(zeros), len(ones)) == (6903, 7877)
    both = np.concatenate([np.unique(zeros, axis=0), np.unique(ones, axis=0)])
    assert len(np.unique(both, axis=0)) == len(both)
    x, y = SOURCES["mnist-2"].sample(50, seed=1)
    assert x.shape == y.shape == (50, 392)
    assert not np.array_equal(x, y)
    assert np.array_equal(SOURCES["mnist-2"].sample(50, seed=1)[0], x)
    x, y = SOURCES["mnist-label"].sample(400, seed=1)
    nearest = [((x[:, None] - pool.mean(0)) ** 2).sum((1, 2)) for pool in (zeros, ones)]
    assert np.mean(np.argmin(nearest, axis=0) != y) == pytest.approx(0.1, abs=0.06)


def test_without_the_digits_the_refusal_says_where_to_put_them(tmp_path, monkeypatch):
    import urllib.request

    def unreachable(*args, **kwargs):
        raise OSError("no network here")

    images._digits.cache_clear()
    monkeypatch.setenv("INFOSCOPE_DATA", str(tmp_path))
    monkeypatch.setattr("platformdirs.user_cache_path", lambda name: tmp_path / "cache")
    monkeypatch.setattr(urllib.request, "urlopen", unreachable)
    assert SOURCES["mnist-2"].truth == pytest.approx(0.989264, abs=1e-6)
    with pytest.raises(DataMissingError, match=r"could not be downloaded .*put it into .*mnist") as told:
        SOURCES["mnist-2"].sample(5)
    assert str(told.value).count("no network here") == 1
