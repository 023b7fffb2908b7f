"""A frame's JSON to the values that the rules look at: exactly as the program reads it, or not at all.

Two ways: Python's own parser where it sees the same, which is nearly always; and `members()`, which is slow and keeps the text of
everything. The second decides wherever the first one does not: surrogates, nesting, texts of nested values and of bad trades.
"""

import json
import re
from json.decoder import scanstring

SPACE = re.compile(r"[ \t\n\r]*")
NUMBER = re.compile(r"-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?")
WORDS = {"t": ("true", True), "f": ("false", False), "n": ("null", None)}
# Python pairs what it can and keeps the rest, where the program has no string.
SURROGATE = re.compile(r"\\u[dD][89a-fA-F]")


class NotJson(ValueError):
    pass


class Number(str):
    """A number by its text."""


class Raw(str):
    """The text of an object or array."""


def refuse(word):
    raise NotJson(f"{word} is not JSON")


DECODER = json.JSONDecoder(parse_float=Number, parse_int=Number, parse_constant=refuse)


def quickly(text):
    """The frame as a dict, with Number for numbers. None: only slowly() can tell."""
    if SURROGATE.search(text):
        return None
    try:
        frame = DECODER.decode(text)
    except (ValueError, RecursionError):
        return None
    return frame if isinstance(frame, dict) else None


def slowly(text):
    """The members that count of a frame: topic, ts, data. `data` is a list of (value, start, end) if it is an array, else it is
    absent; a value is a dict, whose nested values are Raw, or what else stands there. None: it is no object. Raises NotJson."""
    start = after_space(text, 0)
    if text[start:start + 1] != "{":
        if after_space(text, value_end(text, 0)) != len(text):
            raise NotJson("something follows the value")
        return None
    frame = {}

    def take(key, at):
        if key == "data":
            frame.pop("data", None)
            if text[at] == "[":
                frame["data"], end = elements(text, at)
                return end
        value, end = filled(text, at)
        if key in ("topic", "ts"):
            frame[key] = value
        return end

    if after_space(text, members(text, start, take)) != len(text):
        raise NotJson("something follows the object")
    return frame


def elements(text, at):
    """Of the array that begins there, and its end."""
    found = []
    at = after_space(text, at + 1)
    if text[at:at + 1] == "]":
        return found, at + 1
    while True:
        start = at
        if text[at:at + 1] == "{":
            value = {}

            def take(key, at, value=value):
                value[key], end = filled(text, at)
                return end

            at = members(text, at, take)
        else:
            value, at = filled(text, at)
        found.append((value, start, at))
        at = after_space(text, at)
        following = text[at:at + 1]
        if following == "]":
            return found, at + 1
        if following != ",":
            raise NotJson("an array goes on without a comma")
        at = after_space(text, at + 1)


def members(text, at, take):
    """Calls take(key, where its value begins), which returns where it ends. Returns where the object ends."""
    at = after_space(text, at + 1)
    if text[at:at + 1] == "}":
        return at + 1
    while True:
        if text[at:at + 1] != '"':
            raise NotJson("a key is no string")
        key, at = string(text, at)
        at = after_space(text, at)
        if text[at:at + 1] != ":":
            raise NotJson("a key has no value")
        at = after_space(text, at + 1)
        if at == len(text):
            raise NotJson("it breaks off")
        at = after_space(text, take(key, at))
        following = text[at:at + 1]
        if following == "}":
            return at + 1
        if following != ",":
            raise NotJson("an object goes on without a comma")
        at = after_space(text, at + 1)


def after_space(text, at):
    return SPACE.match(text, at).end()


def string(text, at):
    """Unescaped, and its end."""
    try:
        value, end = scanstring(text, at + 1, True)
        value.encode()
    except ValueError as error:
        raise NotJson(str(error)) from error
    return value, end


def filled(text, at):
    """The value there, nested ones as Raw, and its end."""
    first = text[at:at + 1]
    if first == '"':
        return string(text, at)
    end = value_end(text, at)
    if first in WORDS:
        return WORDS[first][1], end
    return (Raw if first in ("{", "[") else Number)(text[at:end]), end


def scalar_end(text, at):
    first = text[at:at + 1]
    if first == '"':
        try:
            return scanstring(text, at + 1, True)[1]
        except ValueError as error:
            raise NotJson(str(error)) from error
    if first in WORDS:
        word = WORDS[first][0]
        if text.startswith(word, at):
            return at + len(word)
    elif found := NUMBER.match(text, at):
        return found.end()
    raise NotJson("no value where one must be")


def key_end(text, at):
    at = after_space(text, at)
    if text[at:at + 1] != '"':
        raise NotJson("a key is no string")
    at = after_space(text, scalar_end(text, at))
    if text[at:at + 1] != ":":
        raise NotJson("a key has no value")
    return at + 1


def value_end(text, at):
    """The end of the one value that begins there; however deep it is."""
    closing = []
    while True:
        at = after_space(text, at)
        first = text[at:at + 1]
        if first in ("{", "["):
            closing.append("}" if first == "{" else "]")
            at = after_space(text, at + 1)
            if text[at:at + 1] != closing[-1]:
                if first == "{":
                    at = key_end(text, at)
                continue
            closing.pop()
            at += 1
        else:
            at = scalar_end(text, at)
        while closing:
            at = after_space(text, at)
            following = text[at:at + 1]
            at += 1
            if following == ",":
                if closing[-1] == "}":
                    at = key_end(text, at)
                break
            if following != closing.pop():
                raise NotJson("a bracket is not closed")
        else:
            return at
