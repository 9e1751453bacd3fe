"""Files -> types: what is refused, with the file and the key in one line, and how a host lays its own over ours."""

from __future__ import annotations

from pathlib import Path

import pytest

from knowledge import Knowledge, KnowledgeError, load
from knowledge.matcher import Matcher

OURS = load()
ROW = """
title = "The host's own refusal"
meaning = "Our own words."
source = "the host"
protocol = "imap"
checks = { hostnames = 0.9 }
patterns = ['zebra\\s+refused']
must_match = ["Zebra refused"]
"""
CHECK = """
number = 3
title = "Names"
summary = "s"
source = "s"
prior = 0.1
"""


def overlay(tmp_path: Path, **files: str | bytes) -> Path:
    """Files by path, with a double underscore for the slash and ``.toml`` left out."""
    for name, content in files.items():
        folder, _, stem = name.rpartition("__")
        path = tmp_path / folder / f"{stem.replace('_', '-')}.toml"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return tmp_path


def fault(tmp_path: Path, **files: str | bytes) -> str:
    with pytest.raises(KnowledgeError) as caught:
        load(overlay(tmp_path, **files))
    message = str(caught.value)
    assert message and "\n" not in message and "Traceback" not in message
    return message


# -- ours --------------------------------------------------------------------------------------------------


def test_ours_loads_and_has_a_version() -> None:
    assert len(OURS.version) == 12 and int(OURS.version, 16) >= 0
    assert len(OURS.checks) == 10 and len(OURS.errors) >= 40 and len(OURS.cues) >= 40 and len(OURS.clients) >= 40


def test_loading_twice_gives_the_same() -> None:
    assert load() is load()
    load.cache_clear()
    assert load().version == OURS.version


def test_prior_and_number_of_a_cause() -> None:
    assert OURS.number("hostnames") == 3 and OURS.number("pop3") is None
    assert OURS.prior("hostnames") > 0 and OURS.prior("pop3") > 0
    with pytest.raises(KeyError):
        OURS.prior("gremlins")


# -- what is refused ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("files", "words"),
    [
        ({"errors__zebra": ROW + 'colour = "red"'}, ("zebra.toml", "colour")),
        ({"errors__zebra": ROW.replace("meaning", "meening")}, ("zebra.toml", "meening")),
        ({"errors__zebra": ROW.replace('meaning = "Our own words."\n', "")}, ("zebra.toml", "meaning", "missing")),
        ({"errors__zebra": ROW.replace('"imap"', "7")}, ("zebra.toml", "protocol", "str")),
        ({"errors__zebra": ROW.replace("0.9", '"much"')}, ("zebra.toml", "hostnames", "float")),
        ({"errors__zebra": ROW.replace("0.9", "true")}, ("zebra.toml", "hostnames")),
        ({"errors__zebra": ROW.replace("{ hostnames = 0.9 }", "0.9")}, ("zebra.toml", "checks", "table")),
        ({"errors__zebra": ROW.replace("['zebra\\s+refused']", '"zebra"')}, ("zebra.toml", "patterns", "array")),
        ({"errors__zebra": ROW.replace("hostnames", "gremlins")}, ("zebra", "gremlins")),
        ({"errors__zebra": ROW.replace("0.9", "1.4")}, ("zebra", "hostnames", "1.4")),
        ({"errors__zebra": ROW.replace("0.9", "-0.1")}, ("zebra", "hostnames")),
        ({"errors__zebra": ROW + "others = { pop3 = 0.4 }"}, ("zebra", "1.30")),
        ({"errors__zebra": ROW + "refutes = { hostnames = 3 }"}, ("zebra", "hostnames")),
        ({"errors__zebra": 'id = "horse"\n' + ROW}, ("zebra.toml", "horse", "zebra")),
        ({"errors__zebra": "title = \nmeaning = 1\n"}, ("zebra.toml", "line 1")),
        ({"errors__zebra": 'title = "a"\ntitle = "b"\n'}, ("zebra.toml", "line 2")),
        ({"errors__zebra": ROW.encode().replace(b"Our own", b"Our \xff\xfe own")}, ("zebra.toml", "UTF-8")),
        ({"errors__zebra": b"\x00\x01\x02"}, ("zebra.toml",)),
        ({"settings": 'favourite_colour = "red"'}, ("settings.toml", "favourite_colour")),
        ({"settings": "imap_host = 5"}, ("settings.toml", "imap_host", "str")),
        ({"settings": "imap_idle_minutes = true"}, ("settings.toml", "imap_idle_minutes")),
        ({"settings": "ports = 993"}, ("settings.toml", "ports")),
        ({"settings": "[[ports]]\nport = 993"}, ("settings.toml", "1", "missing")),
        (
            {"plans": '[[plan]]\nid = "gold"\nname = "Gold"\ncan_send = "yes"\nimap_per_ip = 1\nimap_total = 2'},
            ("plans.toml", "gold", "can_send"),
        ),
        ({"plans": '[[plan]]\nname = "Gold"'}, ("plans.toml", "no id")),
        ({"plans": '[[plan]]\nid = "gold"\n[[plan]]\nid = "gold"'}, ("plans.toml", "gold", "twice")),
        ({"plans": 'prices = 3\n[[plan]]\nid = "pro"\nimap_total = 99'}, ("plans.toml", "prices")),
        ({"plans": 'plan = "pro"'}, ("plans.toml", "plan")),
        (
            {"client_texts__zebra": 'client = "Zebra"\nsource = "s"\n[no-such-row]\nen = ["x"]'},
            ("zebra.toml", "no-such-row"),
        ),
        ({"client_texts__zebra": '[auth-failed]\nen = ["x"]'}, ("zebra.toml", "client", "missing")),
        (
            {"client_texts__zebra": 'client = "Zebra"\nsource = "s"\n[auth-failed]\nen = "x"'},
            ("zebra.toml", "en", "array"),
        ),
        ({"replies__en": "greeting = 5"}, ("en.toml", "greeting")),
        ({"causes": '[[cause]]\nid = "gremlins"\ntitle = "t"'}, ("causes.toml", "gremlins", "missing")),
        (
            {
                "log__zebra": '[[rule]]\nid = "z"\nmeaning = "m"\nsource = "s"\nnote = "n"\nevents = ["login"]\nsupports = { gremlins = 0.5 }'
            },
            ("gremlins",),
        ),
    ],
    ids=lambda value: "-".join(value) if isinstance(value, tuple) else None,
)
def test_a_fault_names_file_and_key(tmp_path: Path, files: dict[str, str | bytes], words: tuple[str, ...]) -> None:
    message = fault(tmp_path, **files)
    assert all(word in message for word in words), message


def test_a_folder_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(KnowledgeError, match="nowhere"):
        load(tmp_path / "nowhere")
    (tmp_path / "file").write_text("x")
    with pytest.raises(KnowledgeError, match="file"):
        load(tmp_path / "file")


def test_a_file_of_monstrous_size_is_refused(tmp_path: Path) -> None:
    assert "split it" in fault(tmp_path, errors__zebra="# " + "x" * 2_100_000)


def test_a_failed_load_is_not_remembered(tmp_path: Path) -> None:
    folder = overlay(tmp_path, errors__zebra="title = ")
    with pytest.raises(KnowledgeError):
        load(folder)
    overlay(tmp_path, errors__zebra=ROW)
    assert "zebra" in load(folder).errors


# -- a host's own ------------------------------------------------------------------------------------------


@pytest.fixture
def theirs(tmp_path: Path) -> Knowledge:
    return load(
        overlay(
            tmp_path,
            settings='imap_host = "mail.host.example"\nown_domains = ["host.example"]\narticle_url = "https://host.example/help"',
            plans='[[plan]]\nid = "pro"\nimap_total = 999\n[[plan]]\nid = "gold"\nname = "Gold"\ncan_send = true\nimap_per_ip = 5\nimap_total = 9',
            errors__zebra=ROW,
            errors__auth_failed='title = "Wrong password at Host"\nchecks = { mailbox-password = 0.2 }',
            checks__03_hostnames='title = "Host names at Host"',
            replies__en='closing = "Yours, Host"',
        )
    )


def test_settings_are_replaced_key_by_key(theirs: Knowledge) -> None:
    assert theirs.settings.imap_host == "mail.host.example" and theirs.settings.own_domains == ("host.example",)
    assert theirs.settings.smtp_host == OURS.settings.smtp_host and theirs.settings.ports == OURS.settings.ports
    assert theirs.settings.article_url == "https://host.example/help"


def test_plans_are_joined_by_id_and_added(theirs: Knowledge) -> None:
    assert theirs.plans["pro"].imap_total == 999 and theirs.plans["pro"].imap_per_ip == OURS.plans["pro"].imap_per_ip
    assert theirs.plans["gold"].imap_total == 9 and set(OURS.plans) < set(theirs.plans)


def test_their_own_errors_are_added_and_ours_kept(theirs: Knowledge) -> None:
    assert set(theirs.errors) == {*OURS.errors, "zebra"}
    assert {h.error_id for h in Matcher(theirs).scan("It says: ZEBRA refused")} >= {"zebra"}


def test_a_row_that_both_have_is_joined(theirs: Knowledge) -> None:
    assert theirs.errors["auth-failed"].title == "Wrong password at Host"
    assert theirs.errors["auth-failed"].checks["mailbox-password"] == 0.2
    assert theirs.errors["auth-failed"].patterns == OURS.errors["auth-failed"].patterns


def test_checks_and_sentences_are_joined(theirs: Knowledge) -> None:
    assert theirs.checks["hostnames"].title == "Host names at Host" and theirs.checks["hostnames"].number == 3
    assert theirs.replies["en"].sentences["closing"] == "Yours, Host"
    assert theirs.replies["en"].sentences["greeting"] == OURS.replies["en"].sentences["greeting"]


def test_their_own_check_is_added_in_the_order_of_numbers(tmp_path: Path) -> None:
    knowledge = load(overlay(tmp_path, checks__11_fax_machine=CHECK.replace("3", "11")))
    assert list(knowledge.checks)[-1] == "fax-machine" and knowledge.number("fax-machine") == 11


def test_any_change_changes_the_version_and_ours_stays(theirs: Knowledge, tmp_path: Path) -> None:
    assert theirs.version != OURS.version and load().version == OURS.version
    assert load().settings.imap_host == OURS.settings.imap_host


@pytest.mark.parametrize(
    "file", ["lexicon__en", "replies__ja", "errors__auth_failed", "findings", "languages", "thoughts"]
)
def test_every_kind_of_file_counts_in_the_version(file: str, tmp_path: Path) -> None:
    assert load(overlay(tmp_path, **{file: "# nothing but a remark\n"})).version != OURS.version


def test_an_empty_folder_changes_nothing_but_is_allowed(tmp_path: Path) -> None:
    assert load(tmp_path).errors == OURS.errors


def test_knowledge_cannot_be_changed(theirs: Knowledge) -> None:
    with pytest.raises(TypeError):
        theirs.errors["auth-failed"].checks["hostnames"] = 1.0  # type: ignore[index]
    with pytest.raises(AttributeError):
        theirs.settings.imap_host = "x"  # type: ignore[misc]


def test_resellers(tmp_path: Path) -> None:
    knowledge = load(overlay(tmp_path, settings='[[resellers]]\naccounts = ["acme"]\nbrand = "Acme Mail"\n'))
    assert (
        knowledge.settings.resellers[0].brand == "Acme Mail"
        and knowledge.settings.resellers[0].accounts == ("acme",)
        and load().settings.resellers == ()
    )
    assert "brands" in fault(tmp_path / "other", settings='[[resellers]]\nbrands = "Acme"\n')
