"""SQL in Spark: a session in a process of its own, in local mode, over the lake that the environment names.

It runs where local time is far from UTC: what depends on that shows. As a program: reads pickled statements, answers with
pickled rows or the error.
"""

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
        sys.path.insert(0, str(ROOT / "scripts"))
        from stack_spark import configure

        settings = configure(folder / "conf", environment)
        self.log = open(folder / "spark.log", "w+")
        self.process = subprocess.Popen([sys.executable, __file__], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                        stderr=self.log, cwd=folder, env=os.environ | settings | {"TZ": "Asia/Tokyo"})

    def sql(self, statement):
        """The rows, each as a dict."""
        try:
            pickle.dump(statement, self.process.stdin)
            self.process.stdin.flush()
            error, rows = pickle.load(self.process.stdout)
        except (OSError, EOFError) as ended:
            raise SparkError(open(self.log.name).read()[-3000:]) from ended
        if error:
            raise SparkError(f"{statement}: {error}")
        return rows

    def stop(self):
        self.process.stdin.close()
        try:
            self.process.wait(30)
        finally:
            self.process.kill()
            self.log.close()


def serve(requests, answers):
    from pyspark.sql import SparkSession

    session = (SparkSession.builder.master("local[2]").config("spark.ui.enabled", "false")
               # Short statements: compiling them well costs more than it gains.
               .config("spark.driver.extraJavaOptions", "-XX:TieredStopAtLevel=1 -XX:+UseSerialGC")
               .config("spark.driver.memory", "1g").config("spark.sql.shuffle.partitions", "2").getOrCreate())
    while True:
        try:
            statement = pickle.load(requests)
        except EOFError:
            break
        try:
            answer = None, [row.asDict(recursive=True) for row in session.sql(statement).collect()]
        except Exception as error:  # whatever Spark says is for the test to read
            answer = str(error), None
        pickle.dump(answer, answers)
        answers.flush()
    session.stop()


if __name__ == "__main__":
    # Java and its libraries may print; the answers are alone on the way back.
    answers = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)
    serve(sys.stdin.buffer, answers)
