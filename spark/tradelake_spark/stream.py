"""What every streaming job does: batches of the log one after the other, until asked to stop.

Truth is in the tables' heads alone. Spark's own checkpoint is a folder that is new at each start, so that it can never say anything
else; a batch that was not committed is read again. SIGTERM and SIGINT: the batch under way is committed, then it ends with 0.
"""

import argparse
import os
import shutil
import signal
import sys
import tempfile
import threading
import time
from pathlib import Path

from .configuration import WrongConfiguration, duration, load
from .refusal import Fenced, Refused
from .session import opened, require_utc


def log(event, **fields):
    """A line as the program's own."""
    told = " ".join(f"{key}={value}" for key, value in fields.items())
    print(f"{time.strftime('%Y-%m-%dT%H:%M:%SZ', time.gmtime())} event={event} {told}", file=sys.stderr, flush=True)


def parsed(name, text, arguments):
    parser = argparse.ArgumentParser(name, description=text)
    parser.add_argument("--config", help="the program's configuration file")
    parser.add_argument("--once", action="store_true", help="what is in the log by now, then end")
    parser.add_argument("--max-records", type=int, default=200_000, help="of one batch (200000)")
    chosen = parser.parse_args(arguments)
    if chosen.max_records < 1:
        parser.error("--max-records is below 1")
    return chosen


def on_workers(session):
    """This package, wherever tasks run."""
    folder = tempfile.mkdtemp()
    session.sparkContext.addPyFile(shutil.make_archive(f"{folder}/tradelake_spark", "zip", Path(__file__).parents[1],
                                                       "tradelake_spark"))
    return folder


class Stream:
    def __init__(self, job, interval, once):
        self.job, self.interval, self.once = job, interval, once
        self.stopping = threading.Event()
        self.busy = threading.Lock()
        self.failure = None

    def batch(self, records, number):
        with self.busy:
            # Not committed, and so not gone: no checkpoint outlives this process.
            if self.stopping.is_set():
                return
            started = time.monotonic()
            try:
                told = self.job.commit(records)
            except Exception as error:
                self.failure = error
                raise
            log("batch_done", pipeline=self.job.pipeline, batch=number, **told, took_ms=int((time.monotonic() - started) * 1000))

    def between_batches(self):
        """What a job has to do though nothing comes: without a batch nobody else calls it."""
        if self.once or not hasattr(self.job, "idle") or not self.busy.acquire(blocking=False):
            return
        try:
            started = time.monotonic()
            if (told := self.job.idle()) is not None:
                log("idle_commit_done", pipeline=self.job.pipeline, **told, took_ms=int((time.monotonic() - started) * 1000))
        except Exception as error:
            self.failure = error
            raise
        finally:
            self.busy.release()

    def run(self, session, records):
        def stop(*_):
            self.stopping.set()

        session.streams.addListener(progress_listener(self.job.pipeline))
        before = {number: signal.signal(number, stop) for number in (signal.SIGTERM, signal.SIGINT)}
        folder = tempfile.mkdtemp(prefix="tradelake-spark-")
        try:
            writer = records.writeStream.foreachBatch(self.batch).option("checkpointLocation", f"file://{folder}")
            query = writer.trigger(**({"availableNow": True} if self.once else {"processingTime": self.interval})).start()
            try:
                while not self.stopping.is_set() and not query.awaitTermination(0.5):
                    self.between_batches()
                with self.busy:
                    self.stopping.set()
                query.stop()
            except Exception as error:
                # Whoever stops a whole group of processes stops the JVM too.
                if self.stopping.is_set() and not isinstance(self.failure, (Refused, Fenced)):
                    raise Refused(f"pipeline {self.job.pipeline}: cut off while it stopped; the next start goes on from the "
                                  "tables") from error
                raise self.failure or error from None
        finally:
            shutil.rmtree(folder, ignore_errors=True)
            for number, handler in before.items():
                signal.signal(number, handler)


def progress_listener(pipeline):
    from pyspark.sql.streaming import StreamingQueryListener

    class Listener(StreamingQueryListener):
        def onQueryStarted(self, event):
            log("query_started", pipeline=pipeline, id=event.id)

        def onQueryProgress(self, event):
            progress = event.progress
            if progress.numInputRows:
                lag = sum(float(source.metrics.get("avgOffsetsBehindLatest", 0)) for source in progress.sources)
                log("query_progress", pipeline=pipeline, batch=progress.batchId, records=progress.numInputRows,
                    records_per_second=round(progress.processedRowsPerSecond, 1), partition_lag_records=round(lag))

        def onQueryIdle(self, event):
            pass

        def onQueryTerminated(self, event):
            log("query_ended", pipeline=pipeline, id=event.id)

    return Listener()


def main(name, text, make, arguments=None):
    """Exit status of a job. `make(session, configuration, max_records)` gives the job and its records."""
    chosen = parsed(name, text, arguments)
    folder = session = None
    try:
        configuration = load(os.environ, chosen.config)
        interval = f"{int(duration('commit.interval', configuration['commit.interval']).total_seconds() * 1000)} milliseconds"
        session = opened(name, chosen.config)
        require_utc(session)
        folder = on_workers(session)
        job, records = make(session, configuration, chosen.max_records)
        Stream(job, interval, chosen.once).run(session, records)
        log("stopped", pipeline=job.pipeline)
        return 0
    except WrongConfiguration as refused:
        print(refused, file=sys.stderr)
        return 2
    except (Refused, Fenced) as refused:
        print(refused, file=sys.stderr)
        return 3 if isinstance(refused, Fenced) else 1
    finally:
        if session:
            session.stop()
        if folder:
            shutil.rmtree(folder, ignore_errors=True)
