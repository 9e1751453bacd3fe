"""The page in real Chromium: every view at a phone's and a desk's width, a decision by keyboard alone, axe-core, no
request to anywhere else. Pictures for people to look at are kept under var/pages."""

from __future__ import annotations

import os
import re
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, BrowserContext, Error, Page, Playwright, sync_playwright

from tests.distribution import need

ROOT = Path(__file__).resolve().parents[2]
PICTURES = ROOT / "var" / "pages"
CHROMIUM = shutil.which("chromium") or "/usr/bin/chromium"
VIEWS = {
    "playground": "/playground",
    "queue": "/queue",
    "decided": "/queue?show=decided",
    "tickets": "/tickets",
    "knowledge": "/knowledge",
    "cause": "/knowledge/cause?id=imap-connection-limit",
    "error": "/knowledge/error?id=auth-failed",
    "logs": "/logs",
    "report": "/report",
    "incidents": "/incidents",
    "health": "/health",
    "audit": "/audit",
}
LOOKS = ((375, "light", True), (1280, "light", False), (1280, "dark", True))
"""Width, colours, and whether axe-core looks too: every width and both sets of colours once."""
HOSTILE = 'anna@firm.example <script>document.title = "broken"</script><img src="https://evil.example/x.png"> Thunderbird: "535 5.7.8 Error: authentication failed"'


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """``triage web`` on the sample data, as ``make serve`` starts it; its sign-in address."""
    folder = tmp_path_factory.mktemp("page")
    environment = {
        **os.environ,
        "DATABASE_URL": f"sqlite:///{folder}/desk.db",
        "LOG_STORE_URL": f"sqlite:///{folder}/logs.db",
    }
    triage = [sys.executable, "-m", "bot"]
    subprocess.run(
        [*triage, "accounts", "import", "samples/accounts.csv"],
        cwd=ROOT,
        env=environment,
        check=True,
        capture_output=True,
    )
    subprocess.run(
        [*triage, "logs", "ingest", "samples/logs"], cwd=ROOT, env=environment, check=True, capture_output=True
    )
    server = subprocess.Popen(
        [*triage, "web", "--port", "18475", "--queue", "samples/tickets"],
        cwd=ROOT,
        env=environment,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert server.stdout is not None
    line = server.stdout.readline()
    yield line.removeprefix("The page: ").strip()
    server.send_signal(signal.SIGTERM)
    server.wait(20)


@pytest.fixture(scope="module")
def playwright() -> Iterator[Playwright]:
    with sync_playwright() as playwright:
        yield playwright


@pytest.fixture(scope="module")
def browser(playwright: Playwright) -> Iterator[Browser]:
    need("chromium")
    browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
    yield browser
    browser.close()


def opened(browser: Browser, address: str, width: int = 1280, **options: Any) -> tuple[BrowserContext, Page]:
    """A window that is signed in. What the page says on the console, or asks of another host, fails the test when it
    is closed."""
    context = browser.new_context(viewport={"width": width, "height": 900}, **options)
    page = context.new_page()
    page.complaints = []  # type: ignore[attr-defined]
    page.on("console", lambda said: page.complaints.append(said.text) if said.type in ("error", "warning") else None)  # type: ignore[attr-defined]
    page.on(
        "request",
        lambda asked: (
            page.complaints.append(asked.url) if not asked.url.startswith("http://127.0.0.1:18475/") else None
        ),
    )  # type: ignore[attr-defined]
    for _ in range(240):  # tickets are put in the queue before the page answers
        try:
            page.goto(address, timeout=20_000)
            break
        except Error as error:
            if "ERR_CONNECTION" not in str(error):
                raise
            time.sleep(0.25)
    return context, page


def serious(page: Page) -> list[str]:
    """What axe-core finds, serious or critical."""
    found = Axe().run(page).response["violations"]
    return [
        f"{v['impact']} {v['id']}: {v['nodes'][0]['html'][:200]}"
        for v in found
        if v["impact"] in ("serious", "critical")
    ]


def sideways(page: Page) -> bool:
    """Whether the page is wider than its window."""
    return bool(page.evaluate("document.documentElement.scrollWidth > document.documentElement.clientWidth"))


@pytest.mark.parametrize(("width", "scheme", "axe"), LOOKS)
def test_every_view_is_sound_at_every_width(browser: Browser, address: str, width: int, scheme: Any, axe: bool) -> None:
    PICTURES.mkdir(parents=True, exist_ok=True)
    # axe-core is put into the page as a script, which our policy would refuse; test_nothing_foreign_runs has the policy
    # on
    context, page = opened(browser, address, width, color_scheme=scheme, bypass_csp=True)
    root = address.partition("/sign-in")[0]

    def look(name: str) -> None:
        page.screenshot(path=PICTURES / f"{name}-{width}-{scheme}.png", full_page=True)
        assert not axe or not serious(page), name
        assert not sideways(page), f"{name} scrolls sideways at {width} px"

    for name, path in VIEWS.items():
        assert page.goto(root + path).status == 200  # type: ignore[union-attr]
        assert page.locator("h1").count() == 1
        look(name)
    page.goto(root + "/playground")
    page.get_by_role("button", name="Find the cause").click()
    page.wait_for_selector("#result")
    look("playground-result")
    page.goto(root + "/queue")
    page.locator(".row").first.click()
    look("ticket")
    page.goto(root + "/logs")
    page.get_by_label("Value").fill("igor.singh@coral-legal.example")
    page.get_by_label("The last").select_option("720")
    page.get_by_role("button", name="Search").click()
    look("logs-found")
    assert page.complaints == []  # type: ignore[attr-defined]
    context.close()
    page = browser.new_page(viewport={"width": width, "height": 900}, color_scheme=scheme, bypass_csp=True)
    page.goto(root + "/sign-in")
    look("sign-in")
    page.close()


def test_a_decision_by_keyboard_alone(browser: Browser, address: str) -> None:
    context, page = opened(browser, address)

    def tab_to(what: str) -> None:
        for _ in range(80):
            page.keyboard.press("Tab")
            if re.search(what, page.evaluate("document.activeElement.innerText || document.activeElement.name || ''")):
                assert page.evaluate("getComputedStyle(document.activeElement).outlineStyle") != "none", (
                    f"{what}: the focus is not seen"
                )
                return
        raise AssertionError(f"the keyboard does not reach {what}")

    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.innerText") == "Skip to the content"
    tab_to("^Queue$")
    page.keyboard.press("Enter")
    page.wait_for_url("**/queue")
    waiting = page.locator(".row").count()
    tab_to("Check")
    page.keyboard.press("Enter")
    page.wait_for_url("**/ticket?*")
    tab_to("^Escalate$")
    page.keyboard.press("Enter")
    tab_to("^text$")
    page.keyboard.type("A colleague should look.")
    tab_to("^Escalate$")
    page.keyboard.press("Enter")
    page.wait_for_selector("[role=status]")
    assert page.locator("[role=status]").inner_text() == "Escalated."
    page.goto(page.url.partition("/ticket")[0] + "/queue")
    assert page.locator(".row").count() == waiting - 1
    assert page.complaints == []  # type: ignore[attr-defined]
    context.close()


def test_nothing_foreign_runs_and_nothing_foreign_is_asked_for(browser: Browser, address: str) -> None:
    context, page = opened(browser, address)
    page.goto(address.partition("/sign-in")[0] + "/playground")
    page.get_by_label("Ticket").fill(HOSTILE)
    page.get_by_role("button", name="Find the cause").click()
    page.wait_for_selector("#result")
    assert page.title() == "Playground · triage" and page.locator("main img").count() == 0
    page.get_by_role("button", name="Put it in the queue").click()
    page.wait_for_url("**/ticket?*")
    assert page.complaints == []  # type: ignore[attr-defined]
    # a form that another page sends is refused: the browser says where it comes from
    foreign = context.new_page()
    foreign.route(
        "https://evil.example/",
        lambda route: route.fulfill(
            content_type="text/html",
            body=f"<form method=post action='{address.partition('/sign-in')[0]}/health'>"
            "<input name=action value=pause><button>go</button></form>",
        ),
    )
    foreign.goto("https://evil.example/")
    foreign.get_by_role("button").click()
    foreign.wait_for_load_state()
    assert "Pause everything automatic" not in foreign.content() and "Paused" not in foreign.content()
    page.goto(address.partition("/sign-in")[0] + "/health")
    assert "Paused: nothing is sent" not in page.content()
    context.close()
