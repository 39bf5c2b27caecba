"""The command line: what is answered, on which stream, with which exit status; and help that is the manual."""

import json
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import typer
import typer.main
from support.command_line import ROOT, RUN, Firstdegree, elsewhere

from domain import COMMANDS
from infrastructure.cli import main as cli
from infrastructure.cli.arguments import moment
from infrastructure.cli.do import kebab
from infrastructure.cli.do_fields import FIELDS
from infrastructure.cli.group import first_sentence


def test_every_command_of_the_domain_has_its_page() -> None:
    page = elsewhere("do", "--help").stdout
    for name in COMMANDS:
        assert f"\n  {kebab(name)} " in page
    for name, command in COMMANDS.items():
        assert set(command.model_fields) <= set(FIELDS), f"{name} has a field that FIELDS does not explain"


def test_the_manual_is_up_to_date() -> None:
    """`firstdegree manual > docs/cli.md` brings it up to date; what it says depends on no terminal."""
    written = (ROOT / "docs" / "cli.md").read_text(encoding="utf-8")
    assert elsewhere("manual", COLUMNS="37", FIRSTDEGREE_DB="elsewhere.db", FORCE_COLOR="1").stdout == written


def test_b16_b17_the_actor_is_handed_their_view_and_the_host_the_whole_result(network: Firstdegree) -> None:
    unfollow = ("do", "unfollow", "--follower", "bob", "--followee", "ada")
    answers = [network(*unfollow, "--actor", "bob").out]
    assert network("do", "block-member", "--blocker", "ada", "--blocked", "bob").out.startswith("invitation_closed")
    answers.append(network(*unfollow, "--actor", "bob").out)
    assert answers == ["accepted\n", "accepted\n"]
    assert json.loads(network("--json", *unfollow, "--actor", "bob").out) == {"accepted": True}
    assert set(json.loads(network("--json", *unfollow).out)) == {"position", "events", "advisories"}
    published = network("do", "publish-post", "--author", "bob", "--text", "Hello", "--item", "p", "--actor", "bob")
    assert published.out == "accepted  item=p\n"


def test_b23_a_lost_tail_is_said_and_gone_on_without_only_when_accepted(network: Firstdegree, tmp_path: Path) -> None:
    path = tmp_path / "network.db"
    backup = path.read_bytes()
    assert network("do", "publish-post", "--author", "ada", "--text", "lost").status == 0
    assert network("projections", "check").status == 0
    path.write_bytes(backup)
    refused = network("show", "profile", "ada")
    assert refused.status == 3
    assert refused.error.startswith("lost_events: The read models were at 4, the log ends at 3.")
    assert "--accept-loss" in refused.error
    assert network("show", "profile", "ada", "--accept-loss").status == 0
    assert network("do", "publish-post", "--author", "ada", "--text", "anew").status == 0


def test_the_list_of_commands_says_what_their_own_pages_say() -> None:
    group: Any = typer.main.get_command(cli.APPLICATION)
    for name, lazy in cli.Commands.lazy.items():
        assert first_sentence(group.get_command(typer.Context(group), name).help or "") == lazy.summary, name


def test_help_loads_nothing_of_the_network() -> None:
    program = (
        "import sys, contextlib\nfrom infrastructure.cli.main import main\n"
        "with contextlib.suppress(SystemExit): main(['--help'])\n"
        "print(sorted({'domain', 'pydantic', 'apsw', 'rich', 'projections'} & set(sys.modules)), file=sys.stderr)"
    )
    done = subprocess.run([sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stderr.strip() == "[]"
    assert "firstdegree demo" in done.stdout


def test_an_answer_for_people(network: Firstdegree) -> None:
    said = network("do", "accept-invitation", "--inviter", "ada", "--invitee", "bob")
    kinds = [line.split()[0] for line in said.out.splitlines()]
    assert kinds == ["invitation_accepted", "members_connected", "followed", "followed", "advisory"]
    assert network("do", "accept-invitation", "--inviter", "ada", "--invitee", "bob").out == "already so\n"


def test_an_answer_for_programs(network: Firstdegree) -> None:
    said = network("--json", "do", "accept-invitation", "--inviter", "ada", "--invitee", "bob", "--command-id", "7")
    (answer,) = said.rows
    assert list(answer) == ["position", "events", "advisories"]
    assert answer["position"] == 7
    assert answer["events"][1]["type"] == "members_connected"
    again = network("do", "accept-invitation", "--inviter", "ada", "--invitee", "bob", "--command-id", "7", "--json")
    assert again.rows == [answer], "the same command id gets the first answer"


def test_fields_as_json(network: Firstdegree) -> None:
    said = network(
        "do", "publish-post", "--author", "ada", "--json-fields", '{"text": "Hi #python", "item": "1"}', "--json"
    )
    assert said.rows[0]["events"][0]["hashtags"] == ["python"]
    said = network("do", "change-policy", "--values", '{"note_length": 10}', "--json")
    assert said.rows[0]["events"][0]["values"] == {"note_length": 10}


def test_a_refusal(network: Firstdegree) -> None:
    said = network("do", "follow", "--follower", "ada", "--followee", "ada")
    assert (said.status, said.out) == (1, "")
    assert said.error == "self: A member cannot do this to themselves. Name another member.\n"
    said = network("do", "follow", "--follower", "ada", "--followee", "bob", "--json")
    assert said.status == 1
    assert json.loads(said.error)["code"] == "not_followable"
    assert network("do", "follow", "--follower", "ada", "--followee", "bob", "--actor", "bob").error.startswith(
        "not_yours"
    )


@pytest.mark.parametrize(
    "arguments",
    [
        ("nonsense",),
        ("do", "nonsense"),
        ("do", "follow", "--follower", "ada"),
        ("do", "follow", "--follower", "ada", "--followee", "not a member's id"),
        ("do", "follow", "--follower", "ada", "--followee", "bob", "--now", "yesterday"),
        ("do", "follow", "--follower", "ada", "--followee", "bob", "--now", "9" * 30),
        ("do", "follow", "--follower", "ada", "--followee", "bob", "--actor", "\udcff"),
        ("do", "publish-post", "--author", "ada", "--text", "\udcff"),
        ("do", "reply-to-invitation", "--kind", "shout"),
        ("do", "change-policy", "--values", "[1]"),
        ("show", "feed"),
        ("show", "feed", "ada", "--as-of", "never"),
        ("log", "--type", "nonsense"),
        ("projections", "rebuild", "nonsense"),
        ("import", "activity", "nowhere.tsv"),
    ],
)
def test_a_line_that_is_not_understood(network: Firstdegree, arguments: tuple[str, ...]) -> None:
    said = network(*arguments)
    assert (said.status, said.out) == (2, "")
    assert said.error
    assert "Traceback" not in said.error


def test_a_network_that_cannot_be_opened(firstdegree: Firstdegree, tmp_path: Path) -> None:
    nowhere = str(tmp_path / "nowhere.db")
    said = firstdegree("stats", db=nowhere)
    assert (said.status, said.error.split(":")[0]) == (3, "no_network")
    assert not Path(nowhere).exists(), "asking makes nothing"
    (tmp_path / "other.db").write_text("something else, and long enough to be a page of nonsense\n" * 100)
    for arguments in (("stats",), ("do", "hibernate-member", "--member", "ada")):
        said = firstdegree(*arguments, "--json", db=str(tmp_path / "other.db"))
        assert (said.status, json.loads(said.error)["code"]) == (3, "not_a_log")


def test_every_query_is_shown(network: Firstdegree) -> None:
    network("do", "accept-invitation", "--inviter", "ada", "--invitee", "bob")
    network("do", "publish-post", "--author", "ada", "--text", "Good #news", "--item", "1")
    query: tuple[str, ...]
    for query in (
        ("feed", "bob"),
        ("why", "bob", "1"),
        ("connections", "bob"),
        ("followers", "bob"),
        ("following", "bob"),
        ("thread", "ada", "bob"),
        ("notices", "bob"),
        ("profile", "ada", "--viewer", "bob"),
        ("relationship", "bob", "ada"),
        ("degree", "ada", "bob"),
        ("degrees", "ada", "bob", "zoe"),
        ("path", "ada", "bob"),
        ("hashtag", "#news", "bob"),
        ("acceptance-rates",),
    ):
        people, programs = network("show", *query), network("show", *query, "--json")
        assert (people.status, people.error, programs.status) == (0, "", 0), query
        assert people.out, query
        assert all(isinstance(row, dict) for row in programs.rows), query
    for query in (
        ("invitations", "bob", "--box", "received", "--degrees", "1,out", "--shared-min", "1"),
        ("mutual-connections", "ada", "bob"),
        ("suggestions", "ada"),
        ("hashtags", "ada"),
        ("muted", "ada"),
        ("blocked", "ada"),
    ):
        assert network("show", *query).out == "nothing\n", query
        assert network("show", *query, "--json").out == "", query


def test_pages_and_the_past(network: Firstdegree) -> None:
    before = network("stats", "--json").rows[0]["events"]
    network("do", "accept-invitation", "--inviter", "ada", "--invitee", "bob")
    for number in range(3):
        network("do", "publish-post", "--author", "ada", "--text", "Good news", "--item", str(number))
    page = network("show", "feed", "bob", "--limit", "2", "--page", "--json").rows[0]
    assert ([row["item"] for row in page["rows"]], page["total"]) == (["2", "1"], 3)
    last = network("show", "feed", "bob", "--limit", "2", "--cursor", page["cursor"], "--page", "--json").rows[0]
    assert ([row["item"] for row in last["rows"]], last["cursor"]) == (["0"], None)
    cursor = network("show", "feed", "bob", "--limit", "2").out.split("--cursor ")[1].strip()
    assert (
        network("show", "feed", "bob", "--limit", "2", "--cursor", cursor, "--page", "--json").rows[0]["rows"]
        == last["rows"]
    )
    assert network("show", "degree", "ada", "bob", "--as-of", str(before)).out == "out of network\n"
    assert network("show", "degree", "ada", "bob", "--as-of", "2001-01-01").error.startswith("not_available: ")
    assert network("show", "degree", "ada", "bob").out == "1\n"


def test_the_log(network: Firstdegree) -> None:
    assert [row["position"] for row in network("log", "--json").rows] == [1, 2, 3]
    assert [row["position"] for row in network("log", "-n", "1", "--json").rows] == [3]
    assert [row["position"] for row in network("log", "--tag", "member:bob", "--json").rows] == [2, 3]
    assert [row["type"] for row in network("log", "--type", "InvitationSent", "--json").rows] == ["invitation_sent"]
    assert network("log", "--until", "2001-01-01").out == ""
    assert len(network("log", "--since", "2001-01-01").out.splitlines()) == 3
    assert network("log", "--position", "2").out.split()[3:5] == ["member_registered", "member=bob"]
    assert network("log", "--position", "9").error == "bad_position: The log ends at position 3.\n"


def test_b31_a_pair_is_found_in_either_order_and_an_unknown_kind_of_tag_is_an_error(network: Firstdegree) -> None:
    assert [row["position"] for row in network("log", "--tag", "pair:bob~ada", "--json").rows] == [3]
    for tag in ("friend:ada", "member", "member:", "pair:ada", "pair:~bob", "#a", "ada"):
        said = network("log", "--tag", tag)
        assert (said.status, said.out) == (2, ""), tag
    assert [row["position"] for row in network("log", "-n", str(10**30), "--json").rows] == [1, 2, 3]


def test_projections(network: Firstdegree) -> None:
    network("show", "feed", "bob")
    assert all(row["lag"] == 0 for row in network("projections", "status", "--json").rows)
    assert all(row["equal"] for row in network("projections", "check", "--json").rows)
    assert network("projections", "rebuild", "connections", "--json").rows == [
        {"projection": "connections", "equal": True}
    ]


def test_import_edges_and_activity(firstdegree: Firstdegree, tmp_path: Path) -> None:
    (tmp_path / "edges.csv").write_text("a,b\nb,c\n")
    said = firstdegree("import", "edges", str(tmp_path / "edges.csv"), "--json")
    assert said.rows[0]["rows"] == 2
    assert firstdegree("show", "degree", "a", "c").out == "2\n"
    (tmp_path / "events.tsv").write_text("seq\tts\tkind\tactor\ttarget\n1\t1\tjoin\t1\n")
    said = firstdegree("import", "activity", str(tmp_path / "events.tsv"), "--backfill", "unlimited")
    assert (said.status, said.error) == (1, "bad_file: events.tsv, line 2: 4 fields instead of 5, separated by tabs.\n")
    assert firstdegree("import", "activity", str(tmp_path / "events.tsv"), "--backfill", "some").status == 2


def test_nobody_reads(network: Firstdegree, tmp_path: Path) -> None:
    """As in `firstdegree log | head -1`."""
    command = [sys.executable, "-c", RUN, "--db", str(tmp_path / "network.db"), "manual"]
    process = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    assert process.stdout is not None
    assert process.stderr is not None
    process.stdout.close()
    assert process.stderr.read() == b""
    assert process.wait() == 0
    process.stderr.close()


def test_interrupted(network: Firstdegree, tmp_path: Path) -> None:
    command = [sys.executable, "-c", RUN, "--db", str(tmp_path / "network.db"), "log", "--follow", "--json"]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        assert [json.loads(process.stdout.readline())["position"] for _ in range(3)] == [1, 2, 3]
        network("do", "hibernate-member", "--member", "bob")
        assert json.loads(process.stdout.readline())["type"] == "member_hibernated", "of another process"
        process.send_signal(signal.SIGINT)
        assert process.stderr.read() == b""
        assert process.wait() == 130


def test_options_may_stand_anywhere() -> None:
    assert cli.with_global_options_first(["show", "feed", "bob", "--json", "--db", "x"]) == [
        "--json",
        "--db",
        "x",
        "show",
        "feed",
        "bob",
    ]
    assert cli.with_global_options_first(["do", "--db=x", "--", "--json"]) == ["--db=x", "do", "--", "--json"]


def test_b5_a_time_far_ahead_is_refused_unless_the_line_says_that_it_is_meant(
    network: Firstdegree, tmp_path: Path
) -> None:
    follow = ("do", "follow-hashtag", "--member", "ada", "--hashtag", "tea", "--now", "2190-01-01")
    refused = network(*follow)
    assert (refused.status, refused.error.split(":")[0]) == (2, "far_ahead")
    assert "--clock-ahead-max" in refused.error
    rows = tmp_path / "events.tsv"
    rows.write_text("seq\tts\tkind\tactor\ttarget\n1\t6942000000\tjoin\t1\t\n")
    assert network("import", "activity", str(rows)).error.startswith("far_ahead: ")
    assert network(*follow, "--clock-ahead-max", "100000").status == 0


def test_times() -> None:
    hour = 3_600_000_000
    assert moment("1970-01-01T01:00") == moment("1970-01-01T02:00+01:00") == moment(str(hour)) == hour
    assert moment("1970-01-02") == 24 * hour
