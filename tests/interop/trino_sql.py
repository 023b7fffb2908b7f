"""SQL in Trino, over HTTP, in a session whose zone is far from UTC."""
import json
import urllib.request

HEADERS = {"X-Trino-User": "test", "X-Trino-Catalog": "tradelake", "X-Trino-Time-Zone": "Asia/Tokyo",
           "X-Trino-Client-Capabilities": "PARAMETRIC_DATETIME"}  # or times come rounded to milliseconds


class TrinoError(Exception):
    pass


class Trino:
    def __init__(self, address):
        self.address = address

    def sql(self, statement):
        """The rows, each as a dict of what JSON makes of the values: decimals and times are text."""
        rows, names = [], []
        answer = self.ask(f"{self.address}/v1/statement", statement.encode())
        while True:
            if "error" in answer:
                raise TrinoError(f"{statement[:500]}: {answer['error']['message']}")
            names = [column["name"] for column in answer.get("columns", [])] or names
            rows += answer.get("data", [])
            if "nextUri" not in answer:
                return [dict(zip(names, row, strict=True)) for row in rows]
            answer = self.ask(answer["nextUri"])

    def ask(self, address, body=None):
        with urllib.request.urlopen(urllib.request.Request(address, body, HEADERS), timeout=60) as answer:
            return json.load(answer)
