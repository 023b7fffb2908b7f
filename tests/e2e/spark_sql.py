"""SQL in Spark: a session in a process of its own, in local mode, over the lake that the environment names.

It runs where local time is far from UTC: what depends on that shows. As a program: reads pickled statements (or arguments
of candles_batch), answers with pickled rows (or exit status and output) or the error.
"""

import contextlib
import io
import os
import pickle
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


class SparkError(Exception):
    pass


class Spark:
    def __init__(self, folder, environment):
        settings = self.configure(folder / "conf", environment)
        settings["PYTHONPATH"] += f"{os.pathsep}{ROOT / 'spark'}"
        self.log = open(folder / "spark.log", "w+")
        self.process = subprocess.Popen([sys.executable, __file__], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                        stderr=self.log, cwd=folder, env=os.environ | settings | {"TZ": "Asia/Tokyo"})

    def configure(self, folder, environment):
        sys.path.insert(0, str(ROOT / "scripts"))
        from stack_spark import configure

        return configure(folder, environment)

    def ask(self, request):
        try:
            pickle.dump(request, self.process.stdin)
            self.process.stdin.flush()
            error, answer = pickle.load(self.process.stdout)
        except (OSError, EOFError) as ended:
            raise SparkError(open(self.log.name).read()[-3000:]) from ended
        if error:
            raise SparkError(f"{request}: {error}")
        return answer

    def sql(self, statement):
        """The rows, each as a dict."""
        return self.ask(statement)

    def candles_batch(self, *arguments):
        """Exit status and output of spark/candles_batch.py with these arguments, in this session."""
        return self.ask([str(argument) for argument in arguments])

    def stop(self):
        self.process.stdin.close()
        try:
            self.process.wait(30)
        finally:
            self.process.kill()
            self.log.close()


def answer_to(session, request):
    if isinstance(request, str):
        return [row.asDict(recursive=True) for row in session.sql(request).collect()]
    from tradelake_spark.candles_batch import main

    with contextlib.redirect_stdout(io.StringIO()) as told, contextlib.redirect_stderr(told):
        try:
            status = main(request, session)
        except SystemExit as usage:
            status = usage.code
    return status, told.getvalue()


def serve(requests, answers):
    from pyspark.sql import SparkSession

    session = (SparkSession.builder.master("local[2]").config("spark.ui.enabled", "false")
               # Short statements: compiling them well costs more than it gains.
               .config("spark.driver.extraJavaOptions", "-XX:TieredStopAtLevel=1 -XX:+UseSerialGC")
               .config("spark.driver.memory", "1g").config("spark.sql.shuffle.partitions", "2").getOrCreate())
    while True:
        try:
            request = pickle.load(requests)
        except EOFError:
            break
        try:
            answer = None, answer_to(session, request)
        except Exception as error:  # whatever Spark says is for the test to read
            answer = str(error) or repr(error), None
        pickle.dump(answer, answers)
        answers.flush()
    session.stop()


if __name__ == "__main__":
    # Java and its libraries may print; the answers are alone on the way back.
    answers = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)
    serve(sys.stdin.buffer, answers)
