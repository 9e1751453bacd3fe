"""HTML bodies: what a reader sees, cited mails marked, hostile markup at a bounded price."""

from __future__ import annotations

import time

import pytest

from bot.core.parse.html import html_to_text, looks_like_html


def test_paragraphs_lists_and_tables_keep_their_lines() -> None:
    text = html_to_text(
        "<p>Hello</p><table><tr><td>Server</td><td>imap.example.net</td></tr><tr><td>Port</td><td>993</td></tr></table>"
        "<ul><li>first</li><li>second</li></ul>"
    )
    lines = [line.strip() for line in text.split("\n") if line.strip()]
    assert lines[0] == "Hello"
    assert lines[1].split() == ["Server", "imap.example.net"]
    assert lines[2].split() == ["Port", "993"]
    assert [line.split()[-1] for line in lines[3:]] == ["first", "second"]


@pytest.mark.parametrize(
    "hidden",
    [
        '<span style="display:none">secret</span>',
        '<div style="color:red; display : none">secret</div>',
        '<span style="font-size:0px">secret</span>',
        '<span style="visibility:hidden">secret</span>',
        "<p hidden>secret</p>",
        "<!-- secret -->",
        "<style>.secret{}</style>",
        "<script>secret()</script>",
        "<head><title>secret</title></head>",
        "<![if mso]>",
        '<img src="data:image/png;base64,secret">',
        '<a href="https://secret.example">shown</a>',
    ],
)
def test_what_nobody_sees_is_left_out(hidden: str) -> None:
    text = html_to_text(f"<html><body><p>before</p>{hidden}<p>after</p></body></html>")
    assert "secret" not in text
    assert "before" in text and "after" in text


def test_a_host_typed_as_a_link_survives() -> None:
    assert "smtp.example.net" in html_to_text('<p>I use <a href="http://smtp.example.net">smtp.example.net</a></p>')


def test_entities_and_breaks() -> None:
    assert (
        html_to_text("a &lt;b@example.com&gt;<br>c &amp; d&nbsp;e").replace("\xa0", " ") == "a <b@example.com>\nc & d e"
    )


def test_cited_mails_are_marked_like_quotations() -> None:
    text = html_to_text(
        '<div>mine<div class="gmail_quote"><div class="gmail_attr">On Mon, 2 Nov 2026 Anna wrote:</div>'
        '<blockquote class="gmail_quote">old<br>lines<blockquote type="cite">older</blockquote></blockquote></div></div>'
    )
    assert text.split("\n") == ["mine", "On Mon, 2 Nov 2026 Anna wrote:", "> old", "> lines", "> > older"]


def test_a_plain_blockquote_is_the_customers_own() -> None:
    assert html_to_text("<p>It says</p><blockquote>Login failed.</blockquote>").endswith("\n\nLogin failed.")


def test_a_marked_signature_gets_the_separator() -> None:
    assert "\n-- \nAnna" in html_to_text('<div>text</div><div class="gmail_signature">Anna<br>Example Ltd</div>')


HOSTILE = {
    "deep": "<div>" * 50_000 + "text",
    "deep closed": "<div>" * 300 + "text" + "</div>" * 300,
    "tables": "<table><tr><td>" * 2_000 + "text",
    "rows": "<p>text</p><table>" + "<tr><td>a<td>b" * 6_000,
    "many": "<p>text</p>" * 90_000,
    "open angle": "text" + "<" * 500_000,
    "open tag": "text" + "<a " * 200_000,
    "comments": "text" + "<!--" * 200_000,
    "entities": "text" + "&#" * 300_000,
    "attributes": "text<p " + "a=b " * 100_000 + ">",
    "colspan": "<p>text</p><table>" + "<tr><td colspan=99999 rowspan=99999>x" * 2_000,
    "style": '<p style="padding-left: 99999em; margin-top: 99999em">text</p>',
}


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_markup_is_bounded_and_the_text_survives(name: str) -> None:
    start = time.process_time()
    text = html_to_text(HOSTILE[name])
    assert time.process_time() - start < 2.0
    assert "text" in text
    assert len(text) <= len(HOSTILE[name])


def test_html_is_recognised_by_its_start_alone() -> None:
    assert looks_like_html("\ufeff <!DOCTYPE HTML><html>")
    assert not looks_like_html("I wrote <html> in my signature")
