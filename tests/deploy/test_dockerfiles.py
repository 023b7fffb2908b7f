"""The images: pinned bases, nobody runs as root, what they copy is there, and secrets are not."""

import fnmatch
import re
import shlex

import pytest

from compose import ROOT

FILES = {"tradelake": ROOT / "Dockerfile", "spark": ROOT / "deploy/spark/Dockerfile"}


def instructions(name):
    text = re.sub(r"^#.*\n", "", FILES[name].read_text(), flags=re.M).replace("\\\n", " ")
    return [line.split(None, 1) for line in text.splitlines() if line.strip()]


def stages(name):
    """One list of instructions for each FROM."""
    found = []
    for word, rest in instructions(name):
        if word == "FROM":
            found.append([])
        found[-1].append((word, rest))
    return found


def in_context(path):
    """Whether .dockerignore lets it through; of its lines the last that matches counts."""
    allowed = True
    for line in (ROOT / ".dockerignore").read_text().splitlines():
        pattern = line.lstrip("!").removeprefix("**/")
        if line and not line.startswith("#") and (fnmatch.fnmatch(path, pattern) or path.startswith(pattern + "/")):
            allowed = line.startswith("!")
    return allowed


@pytest.mark.parametrize("name", FILES)
def test_bases_are_pinned_and_stages_end_with_a_user_who_is_not_root(name):
    built = stages(name)
    assert len(built) == 2
    for stage in built:
        assert re.match(r"\S+:\d+\.\d+\S*( AS \w+)?$", stage[0][1]), stage[0]
    users = [rest for word, rest in built[-1] if word == "USER"]
    assert users and users[-1].isdigit() and int(users[-1]) > 0
    after = [word for word, _ in built[-1]]
    assert after.index("USER") < after.index("ENTRYPOINT")


@pytest.mark.parametrize("name", FILES)
def test_what_is_copied_is_in_the_context(name):
    copied = 0
    for word, rest in instructions(name):
        if word != "COPY" or rest.startswith("--from"):
            continue
        for source in shlex.split(rest)[:-1]:
            if source == ".":
                continue
            found = list(ROOT.glob(source))
            assert found, source
            assert all(in_context(str(path.relative_to(ROOT))) for path in found), source
            copied += 1
    assert copied


def test_secrets_and_leftovers_are_not_in_the_context():
    for path in (".env", ".git", ".venv", "build", "data", "web/node_modules/x", "shared"):
        assert not in_context(path), path
    for path in ("src/cli/main.cpp", "cmake/Toolchain.cmake", "CMakeLists.txt", "web/app.js", "tests/fuzz/CMakeLists.txt"):
        assert in_context(path), path


def test_the_program_is_built_as_everywhere_else():
    runs = [rest for word, rest in stages("tradelake")[0] if word == "RUN"]
    assert any("scripts/bootstrap.sh build" in run for run in runs)
    assert any("cmake --preset release" in run and "--target tradelake" in run for run in runs)
