"""`tradelake doctor` on all stages over Kafka, PostgreSQL and S3: each trouble really made, and silence without."""

import os
import shutil
import time

import pytest

from doctor import assert_silent, examine, only_trouble, trouble
from full_stack import FullStack
from kafka_log import Broker
from lake import tradelake


@pytest.fixture(scope="module")
def full(tmp_path_factory):
    built = FullStack("e2e-doctor", tmp_path_factory.mktemp("full"))
    try:
        built.wait_for_commits()
        yield built
    finally:
        built.down()


def examine_stack(full, *arguments, **environment):
    return examine(*arguments, **(full.environment | environment))


def test_silent_on_a_full_stack_and_leaves_nothing_in_the_bucket(full):
    checks = examine_stack(full)
    assert_silent(checks)
    named = {check["name"]: check for check in checks}
    for name in ("clock", "log", "topics", "catalog", "catalog layout", "warehouse", "exchange", "pipeline bronze",
                 "pipeline silver", "table bronze.trades", "dead letters"):
        assert named[name]["status"] == "ok", named[name]
    assert "PostgreSQL 1" in named["catalog"]["detail"] and "metadata.version" in named["log"]["detail"]
    for reference in ("PostgreSQL's", "the exchange's", "the S3 server's", "the system's"):
        assert reference in named["clock"]["detail"]
    from pyarrow import fs

    bucket = fs.S3FileSystem(access_key=full.servers["AWS_ACCESS_KEY_ID"], secret_key=full.servers["AWS_SECRET_ACCESS_KEY"],
                             region="us-east-1", scheme="http",
                             endpoint_override=full.servers["AWS_ENDPOINT_URL_S3"].removeprefix("http://"))
    assert not [info.path for info in bucket.get_file_info(fs.FileSelector("tradelake", recursive=True))
                if "doctor" in info.path]


def test_finds_a_wrong_password(full):
    told = only_trouble(examine_stack(full, PGPASSWORD="Planted-password"), "catalog")
    assert "password authentication failed" in told and "set PGPASSWORD" in told
    assert "set PGPASSWORD" in only_trouble(examine_stack(full, PGPASSWORD=""), "catalog")


def test_finds_a_database_that_is_not_there(full):
    address = full.servers["TRADELAKE_CATALOG"].rsplit("/", 1)[0]
    assert "make the database" in only_trouble(examine_stack(full, "--catalog", f"{address}/nowhere"), "catalog")
    assert "start the server" in only_trouble(examine_stack(full, "--catalog", "postgresql://u@127.0.0.1:1/x"), "catalog")


def test_finds_a_missing_bucket_wrong_keys_and_a_server_that_is_away(full):
    assert "make the bucket" in only_trouble(examine_stack(full, "--warehouse", "s3://no-such-bucket/lake"), "warehouse")
    told = only_trouble(examine_stack(full, AWS_SECRET_ACCESS_KEY="Planted-secret-key"), "warehouse")
    assert "check AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY" in told
    assert "AWS_ACCESS_KEY_ID" in only_trouble(examine_stack(full, AWS_ACCESS_KEY_ID=""), "warehouse")
    assert "check that the server runs" in only_trouble(
        examine_stack(full, AWS_ENDPOINT_URL_S3="http://127.0.0.1:1"), "warehouse")


@pytest.mark.parametrize("shift", ["+1h", "-3s"])
def test_finds_a_skewed_clock_on_a_full_stack(full, shift):
    if not shutil.which("faketime"):
        pytest.skip("faketime is not installed")
    only_trouble(examine_stack(full, faketime=shift), "clock")


def test_servers_that_hang_do_not_hang_the_doctor(full):
    with full.stopped("kafka", "postgres", "versitygw"):
        found = trouble(examine_stack(full))
    assert set(found) == {"log", "catalog", "warehouse"}


def until(full, seen, **environment):
    """Looks until what is in trouble is what should be; stages need time to notice things."""
    deadline = time.monotonic() + 90
    while True:
        found = trouble(examine_stack(full, **environment))
        if seen(found):
            return found
        assert time.monotonic() < deadline, found
        time.sleep(0.5)


def test_finds_a_stale_sink(full):
    soon = {"TRADELAKE_DOCTOR_STALE_AFTER": "6s", "TRADELAKE_COMMIT_INTERVAL": "1s"}
    # The servers that stood still in the test before have cost the stages their partitions.
    until(full, lambda found: not found, **soon)
    sink = full.stages["sink"]
    sink.process.kill()
    sink.process.wait()
    # Candles that stood still in that test may be behind for some seconds more.
    found = until(full, lambda found: {name: check["status"] for name, check in found.items()} == {"pipeline bronze": "failed"}, **soon)
    told = found["pipeline bronze"]["detail"]
    assert told.startswith("stale: records wait for more than 6.0 s") and "linear.publicTrade" in told
    assert "last commit" in told and "tradelake sink" in found["pipeline bronze"]["action"]
    full.start("sink")
    until(full, lambda found: not found, **soon)


# These end the stages, which do not go on without a topic of theirs.

def test_finds_a_missing_topic(full):
    for name in full.stage_names:
        assert full.stages[name].stop() == 0, name
    assert_silent(examine_stack(full))
    broker = Broker(full.servers["TRADELAKE_LOG"])
    broker.delete("bybit.v5.option.unroutable")
    told = only_trouble(examine_stack(full), "topics")
    assert "bybit.v5.option.unroutable is missing" in told and "tradelake topics --apply" in told
    tradelake("topics", "--apply", env=os.environ | full.environment)
    assert_silent(examine_stack(full))


def test_finds_a_topic_that_was_made_again(full):
    broker = Broker(full.servers["TRADELAKE_LOG"])
    broker.delete("bybit.v5.spot.publicTrade")
    assert "spot.publicTrade is missing" in only_trouble(examine_stack(full), "topics")
    tradelake("topics", "--apply", env=os.environ | full.environment)
    found = trouble(examine_stack(full))
    assert set(found) == {"pipeline bronze", "pipeline silver"}
    assert "spot.publicTrade partition" in found["pipeline bronze"]["detail"]
    assert "was recreated" in found["pipeline bronze"]["detail"]


def test_finds_a_stopped_broker(full):
    full.stack("kill", "kafka")
    told = only_trouble(examine_stack(full), "log")
    assert "does not answer" in told and "start the broker" in told
