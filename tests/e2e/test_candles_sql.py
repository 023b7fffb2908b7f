"""The recipes of sql/ give the oracle's candles to the last digit; so does Spark's candles_batch, which is made of one.

Over a capture at the edges of what a trade may be, and over real ones; late trades, and rows of late_trades that are only
repeats, among them. Local time is far from UTC.
"""

import re
from dataclasses import dataclass
from pathlib import Path

import pytest

import extreme_trades
import recipes
from lake import CAPTURES, assert_candles, candles_by_key, pointers, replay, rows, tradelake
from local_spark import LocalSpark
from oracle import Expected, Oracle, candles_of, read_capture

MIDNIGHT_US = 1_723_161_600_000_000  # 2024-08-09
REAL = ("market_2024-08-08.tsv.zst", "bybit_v5_2026-08-09.tsv.zst")


@dataclass
class Lake:
    folder: Path
    pointers: dict
    expected: Expected

    def candles(self, step_seconds):
        late = {id(trade) for trade in self.expected.late}
        return candles_of([t for t in self.expected.trades if id(t) not in late], step_seconds * 1_000_000)


def filled(folder, capture, **options):
    replay(folder / "data", capture, **options)
    return Lake(folder, pointers(folder / "data"), Oracle().take(read_capture(capture)))


@pytest.fixture(scope="module")
def extremes(tmp_path_factory):
    folder = tmp_path_factory.mktemp("extremes")
    return filled(folder, extreme_trades.write(folder / "c.tsv"))


@pytest.fixture(scope="module", params=REAL)
def real(request, tmp_path_factory):
    if not (CAPTURES / request.param).exists():
        pytest.skip(f"no capture {request.param} in {CAPTURES}")
    return filled(tmp_path_factory.mktemp("real"), CAPTURES / request.param)


@pytest.fixture(scope="module")
def spark(tmp_path_factory):
    session = LocalSpark(tmp_path_factory.mktemp("spark"))
    yield session
    session.stop()


@pytest.fixture(params=["duckdb", "clickhouse", "spark"])
def recipe(request):
    """Called with a lake, and with the seconds of a candle and the span of time where they are not the usual ones."""
    if request.param == "spark":
        session = request.getfixturevalue("spark")
        return lambda lake, *other: recipes.spark(session, lake.pointers, *other)
    engine = getattr(recipes, request.param)
    return lambda lake, *other: engine(lake.pointers, lake.folder, *other)


def test_the_extremes_are_what_they_are_meant_to_be(extremes):
    """And the program's own candles of them are the oracle's: late trades, repeats beside them, sums that are null."""
    assert_candles(rows(extremes.folder / "data", "silver.candles_1m"), extremes.expected.candles)
    candles = extremes.expected.candles.values()
    assert extremes.expected.dead == [] and len(extremes.expected.late) == 120
    assert len(rows(extremes.folder / "data", "silver.late_trades")) > len(extremes.expected.late)
    assert sum(candle["turnover"] is None for candle in candles) > 20
    assert sum(candle["volume"] is None for candle in candles) == 3
    assert any(candle["turnover"] == 0 for candle in candles)


def test_extremes(recipe, extremes):
    assert_candles(recipe(extremes), extremes.expected.candles)


def test_candles_of_five_minutes(recipe, extremes):
    assert_candles(recipe(extremes, 300), extremes.candles(300))


def test_the_candles_of_one_day(recipe, extremes):
    """It begins at midnight UTC, which is morning here."""
    expected = {key: candle for key, candle in extremes.candles(86_400).items() if key[2] == MIDNIGHT_US}
    assert 0 < len(expected) < len(extremes.candles(86_400))
    assert_candles(recipe(extremes, 86_400, ("2024-08-09 00:00:00", "2024-08-10 00:00:00")), expected)


def test_a_real_capture(recipe, real):
    assert_candles(recipe(real), real.expected.candles)


@pytest.fixture(scope="module")
def generated(tmp_path_factory):
    """500 symbols with late and repeated trades, as the program has made their candles."""
    folder = tmp_path_factory.mktemp("generated")
    tradelake("simulate", "--write-capture", folder / "c.tsv", "--frames", 1_500_000, "--seed", 17, "--rate", 2_000,
              "--symbols", "linear:300,spot:130,inverse:70", "--faults", "late=0.01,repeat=0.005")
    replay(folder / "data", folder / "c.tsv")
    assert len(rows(folder / "data", "silver.late_trades")) > 1_000
    stored = candles_by_key(rows(folder / "data", "silver.candles_1m"))
    assert len({key[:2] for key in stored}) == 500
    return Lake(folder, pointers(folder / "data"), Expected(candles=stored))


@pytest.mark.slow
def test_millions_of_trades(recipe, generated):
    assert_candles(recipe(generated), generated.expected.candles)


RANGE = ("--from", "2024-08-08T23:00", "--to", "2024-08-09T03:00")


@pytest.fixture(scope="module")
def batch(spark, extremes):
    """candles_batch on the extremes, in a session that is in UTC."""
    spark.register(extremes.pointers)
    spark.sql("SET spark.sql.session.timeZone = UTC")
    yield spark.candles_batch
    spark.sql("SET spark.sql.session.timeZone = Asia/Tokyo")


def test_batch_finds_the_stored_candles_as_they_should_be(batch, extremes):
    assert batch("--check", *RANGE) == (0, f"{len(extremes.expected.candles)} candles rebuilt, 0 differ from silver.candles_1m\n")


def test_batch_tells_each_difference(batch, spark, extremes):
    try:
        spark.sql("UPDATE silver.candles_1m SET volume = volume + 1, trades = 9 WHERE symbol = 'XTIES' AND category = 'linear'")
        spark.sql("UPDATE silver.candles_1m SET volume = CAST('99999999999999990.000000000000000001' AS DECIMAL(38, 18)), "
                  "buy_turnover = NULL WHERE symbol = 'XSUM10' AND category = 'linear'")
        spark.sql("DELETE FROM silver.candles_1m WHERE symbol = 'XHALF' AND category = 'inverse'")
        spark.sql("UPDATE silver.candles_1m SET symbol = 'OTHER' WHERE symbol = 'XNOSEQ' AND category = 'linear'")
        status, told = batch("--check", *RANGE)
        minute = "2024-08-08T23:00:00Z"
        assert status == 1 and told.splitlines() == [
            f"inverse XHALF {minute}: missing in silver.candles_1m",
            f"linear OTHER {minute}: in silver.candles_1m, without a trade in bronze.trades",
            f"linear XNOSEQ {minute}: missing in silver.candles_1m",
            f"linear XSUM10 {minute}: volume 99999999999999990.000000000000000001, from trades 99999999999999990, "
            "buy_turnover null, from trades 0",
            f"linear XTIES {minute}: volume 55, from trades 54, trades 9, from trades 54",
            f"{len(extremes.expected.candles)} candles rebuilt, 5 differ from silver.candles_1m"]
    finally:
        spark.register(extremes.pointers)


def test_batch_writes_larger_candles_into_a_table_of_one_s_own(batch, spark, extremes):
    """The merge of the 1m candles is what the oracle makes of the trades; a second time there is nothing to write."""
    arguments = ("--write", "lab.candles_4h", "--interval", "4h")
    second_half = ("--from", "2024-08-09T00:00", "--to", "2024-08-09T04:00")
    expected = {key: candle for key, candle in extremes.candles(14_400).items() if key[2] >= MIDNIGHT_US}
    assert batch(*arguments, *second_half) == (0, f"{len(expected)} candles rebuilt, written to lab.candles_4h\n")
    assert_candles(spark.sql("SELECT * FROM lab.candles_4h"), expected)
    assert batch(*arguments, *second_half) == (0, f"{len(expected)} candles rebuilt, as they are in lab.candles_4h\n")
    spark.sql("UPDATE lab.candles_4h SET close = 1, turnover = NULL")
    spark.sql("INSERT INTO lab.candles_4h BY NAME SELECT 'GONE' AS symbol, * EXCEPT (symbol) FROM lab.candles_4h LIMIT 1")
    assert batch(*arguments, *second_half)[0] == 0
    assert_candles(spark.sql("SELECT * FROM lab.candles_4h"), expected)
    status, told = batch("--write", "lab.candles_4h", "--interval", "1m", *second_half)
    assert status == 2 and "tradelake.interval is 4h" in told


@pytest.mark.parametrize("interval", ["5m", "1h", "4h"])
def test_batch_compares_larger_candles(batch, interval):
    status, told = batch("--check", "--interval", interval, "--from", "2024-08-09T00:00", "--to", "2024-08-09T04:00")
    assert status == 0 and re.fullmatch(rf"[1-9]\d* candles rebuilt, 0 differ from silver.candles_{interval}\n", told)


@pytest.mark.parametrize("arguments, reason", [
    (("--write", "silver.candles_1m"), "pipelines' own"),
    (("--write", "tradelake.`silver`.candles_1D"), "pipelines' own"),
    (("--write", "silver.candles_1m.branch_audit"), "pipelines' own"),
    (("--write", "silver. candles_1m"), "allowed: NAMESPACE.TABLE"),
    (("--check", "--from", "2024-08-08T22:59"), "holds all trades from 2024-08-08 23:00:00Z only"),
    (("--check", "--from", "2024-08-08T20:00"), "2024-08-08 20:00:00Z is before that"),
    (("--check", "--to", "2024-08-08T23:00:30"), "where a candle of 1m begins"),
    (("--check", "--to", "2024-08-08T23:00"), "--to is not after --from"),
])
def test_batch_refuses(batch, arguments, reason):
    status, told = batch(*RANGE, *arguments)
    assert status == 2 and reason in told


def test_batch_refuses_what_retention_has_called_for(batch, tmp_path):
    """The newest trade is of 02:20: with an hour kept, the hour of 01:20 is the first that is whole."""
    file = tmp_path / "tradelake.toml"
    file.write_text('[retention]\nbronze = "1h"\n')
    status, told = batch("--check", *RANGE, "--config", file, "--from", "2024-08-09T00:59")
    assert status == 2 and "holds all trades from 2024-08-09 01:00:00Z only" in told
    assert batch("--check", "--config", file, "--from", "2024-08-09T01:00", "--to", "2024-08-09T01:10")[0] == 0
    file.write_text('[retention]\nbronze = "1 hour"\n')
    status, told = batch("--check", *RANGE, "--config", file)
    assert status == 2 and "retention.bronze is '1 hour'; allowed" in told


def test_batch_refuses_a_session_in_another_zone(batch, spark):
    spark.sql("SET spark.sql.session.timeZone = Asia/Tokyo")
    try:
        status, told = batch("--check", *RANGE)
        assert status == 2 and "timeZone is Asia/Tokyo; allowed: UTC" in told
    finally:
        spark.sql("SET spark.sql.session.timeZone = UTC")
