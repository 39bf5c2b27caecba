"""Commands from standard input: each line is answered by one line, whatever the others are."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from support.command_line import ROOT, RUN, elsewhere

from domain import RegisterMember
from infrastructure.app import open_network
from infrastructure.cli.do import LINE_BYTES_MAX


def register(member: str, **more: Any) -> dict[str, Any]:
    return {"command": "RegisterMember", "member": member, "name": "x", "primary_email": "x@example.org", **more}


def said(answers: str) -> list[Any]:
    """For each answer its code, or else its position."""
    return [each.get("code", each.get("position")) for each in map(json.loads, answers.splitlines())]


def test_commands_from_standard_input(tmp_path: Path) -> None:
    lines = [
        {"command": "RegisterMember", "member": "eve", "name": "Eve", "primary_email": "eve@example.org", "now": 5},
        {"command": "FollowHashtag", "member": "eve", "hashtag": "#News", "actor": "bob"},
        {"command": "FollowHashtag", "member": "eve", "hashtag": "#News", "actor": "eve", "command_id": "1"},
        {"command": "Marry"},
        {"command": "FollowHashtag", "member": "eve", "hashtag": "x", "command_id": 7},
        {"command": "FollowHashtag", "member": "eve", "hashtag": "x", "now": 10**30},
        {"command": "FollowHashtag", "member": "eve"},
    ]
    text = "\n".join([*map(json.dumps, lines), "{", "", json.dumps(lines[2])])
    done = elsewhere("--db", str(tmp_path / "network.db"), "do", "--stdin", stdin=text)
    answers = [json.loads(line) for line in done.stdout.splitlines()]
    assert [each.get("code", each.get("position")) for each in answers] == [
        1,
        "not_yours",
        2,
        *["malformed"] * 5,
        2,
    ]
    assert [each.get("for_actor") for each in answers] == [
        None,
        None,
        {"accepted": True, "already_so": False},
        *[None] * 5,
        {"accepted": True, "already_so": False},
    ]
    assert (done.returncode, done.stderr) == (1, "")


@pytest.mark.parametrize(
    ("wrong", "code"),
    [
        ({"now": "2100-01-01"}, "far_ahead"),
        ({"now": "9" * 5_000}, "malformed"),
        ({"now": True}, "malformed"),
        ({"now": "0001-01-01T00:00+23:59"}, "malformed"),
        ({"actor": ""}, "bad_text"),
        ({"actor": "x" * 129}, "bad_text"),
        ({"actor": True}, "malformed"),
        ({"command_id": ""}, "bad_text"),
        ({"command_id": "x" * 129}, "bad_text"),
        ({"correlation_id": "x" * 129}, "bad_text"),
        ({"command": "MarkNoticesRead", "up_to": True}, "malformed"),
        ({"command": "ChangePolicy", "values": {}, "effective_from": True}, "malformed"),
    ],
    ids=lambda given: str(given)[:50],
)
def test_f3_what_is_wrong_with_one_line_concerns_that_line_alone(
    tmp_path: Path, wrong: dict[str, Any], code: str
) -> None:
    lines = [register("a"), register("b", **wrong), register("c")]
    done = elsewhere("--db", str(tmp_path / "network.db"), "do", "--stdin", stdin="\n".join(map(json.dumps, lines)))
    assert (done.returncode, done.stderr) == (1, "")
    assert said(done.stdout) == [1, code, 2]


def test_f3_a_line_that_is_no_utf_8_is_not_recorded_with_other_letters(tmp_path: Path) -> None:
    lines = [register("a"), register("b", name="Zo\N{LATIN SMALL LETTER E WITH DIAERESIS}"), register("c")]
    given = b"\n".join(json.dumps(each, ensure_ascii=False).encode("latin-1") for each in lines)
    command = [sys.executable, "-c", RUN, "--db", str(tmp_path / "network.db"), "do", "--stdin"]
    done = subprocess.run(command, cwd=ROOT, input=given, capture_output=True, check=False)
    assert (done.returncode, done.stderr) == (1, b"")
    assert said(done.stdout.decode()) == [1, "malformed", 2]


def test_f2_a_line_has_a_limit_and_the_next_line_is_read(tmp_path: Path) -> None:
    """Also without an end of it: the answer comes as soon as it is known to be too long."""
    command = [sys.executable, "-c", RUN, "--db", str(tmp_path / "network.db"), "do", "--stdin"]
    with subprocess.Popen(command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        process.stdin.write(json.dumps(register("a")).encode() + b"\n")
        process.stdin.write(b"x" * (LINE_BYTES_MAX + 100_000))
        process.stdin.flush()
        answers = [process.stdout.readline() for _ in range(2)]
        process.stdin.write(b"y" * 100_000 + b"\n" + json.dumps(register("b")).encode() + b"\n")
        process.stdin.close()
        answers += process.stdout.readlines()
        assert said(b"".join(answers).decode()) == [1, "malformed", 2]
        assert process.wait() == 1


def test_f3_when_the_log_fails_each_line_of_its_group_is_answered_so(tmp_path: Path) -> None:
    address = str(tmp_path / "network.db")
    with open_network(address, follow=False) as network:
        network.handle(RegisterMember(member="ada", name="Ada", primary_email="ada@example.org"))
    text = "\n".join([json.dumps(register("b")), "{", json.dumps(register("c")), ""])
    done = elsewhere("--db", address, "--read-only", "do", "--stdin", stdin=text)
    assert said(done.stdout) == ["read_only", "malformed", "read_only"]
    assert (done.returncode, done.stderr.split(":")[0]) == (3, "read_only")
