#!/usr/bin/env python3
"""health.py URL: whether the Spark master or worker whose page is at URL can do work; exit 0 or 1.

A master counts when it is the active one, a worker when the master that it names knows it as alive.
"""
import json
import sys
import urllib.request


def state(url):
    with urllib.request.urlopen(f"{url.rstrip('/')}/json/", timeout=5) as answer:
        return json.load(answer)


def healthy(url):
    own = state(url)
    if "workers" in own:
        return own["status"] == "ALIVE"
    known = state(own["masterwebuiurl"])["workers"] if own["masterwebuiurl"] else []
    return any(worker["id"] == own["id"] and worker["state"] == "ALIVE" for worker in known)


if __name__ == "__main__":
    try:
        sys.exit(0 if healthy(sys.argv[1]) else 1)
    except OSError as error:
        sys.exit(f"{sys.argv[1]}: {error}")
