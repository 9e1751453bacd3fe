"""Starts Thunderbird in front of an X server of its own and prints what its dialogs say: SETTINGS.json.

The dialogs are read from the running program over Marionette (Mozilla's remote protocol: a length, a colon, JSON).
"""

import json
import os
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

PATIENCE = 30
READ = """
const texts = new Set();
function visit(doc) {
  for (const id of ["infoTitle", "infoBody", "dialogText", "dialogText2", "statusDescription", "statusLongDescription", "status2Description", "status2LongDescription", "status3Description", "headerDescription"]) {
    const node = doc.getElementById(id);
    if (node && !node.hidden) { const t = (node.value || node.textContent || "").trim(); if (t) texts.add(t); }
  }
  for (const frame of doc.querySelectorAll("browser.dialogFrame, browser[type=content], iframe")) {
    try { if (frame.contentDocument) visit(frame.contentDocument); } catch (e) {}
  }
}
for (const w of Services.wm.getEnumerator(null)) visit(w.document);
return [[...texts], [...Services.wm.getEnumerator(null)].map(w => w.location.href), globalThis.labAlerts || []];
"""
LISTEN = """
const { MailServices } = ChromeUtils.importESModule("resource:///modules/MailServices.sys.mjs");
globalThis.labAlerts = [];
globalThis.labListener = {
  QueryInterface: ChromeUtils.generateQI(["nsIMsgUserFeedbackListener"]),
  onAlert(message, url) { globalThis.labAlerts.push(message); return false; },
  onCertError(info, uri) { return false; },
};
MailServices.mailSession.addUserFeedbackListener(globalThis.labListener);
const [origin, user, password, ca] = arguments;
Cc["@mozilla.org/security/x509certdb;1"].getService(Ci.nsIX509CertDB).addCertFromBase64(ca, "C,,");
const login = Cc["@mozilla.org/login-manager/loginInfo;1"].createInstance(Ci.nsILoginInfo);
login.init(origin, null, origin, user, password, "", "");
Services.logins.addLoginAsync(login);
return true;
"""
CHECK = """
const { MailServices } = ChromeUtils.importESModule("resource:///modules/MailServices.sys.mjs");
const server = MailServices.accounts.allServers.find(s => s.type == "imap");
const w = Services.wm.getMostRecentWindow("mail:3pane");
server.performExpand(w.msgWindow);
const inbox = server.rootFolder.getFolderWithFlags(Ci.nsMsgFolderFlags.Inbox);
server.getNewMessages(inbox || server.rootFolder, w.msgWindow, null);
return server.hostName + ":" + server.port;
"""
SEND = """
const { MailServices } = ChromeUtils.importESModule("resource:///modules/MailServices.sys.mjs");
const [to] = arguments;
const fields = Cc["@mozilla.org/messengercompose/composefields;1"].createInstance(Ci.nsIMsgCompFields);
fields.to = to; fields.subject = "Hello"; fields.body = "word word word";
const params = Cc["@mozilla.org/messengercompose/composeparams;1"].createInstance(Ci.nsIMsgComposeParams);
params.composeFields = fields; params.format = Ci.nsIMsgCompFormat.PlainText;
params.identity = MailServices.accounts.allIdentities[0];
MailServices.compose.OpenComposeWindowWithParams(null, params);
return true;
"""
PRESS_SEND = """
const w = Services.wm.getMostRecentWindow("msgcompose");
if (!w || !w.gMsgCompose || !w.gMsgCompose.editor || w.gWindowLocked) return false;
w.setTimeout(() => w.goDoCommand("cmd_sendNow"), 200);
return true;
"""


class Marionette:
    """One session in Thunderbird's own (chrome) context."""

    def __init__(self, port):
        end = time.monotonic() + 40
        while True:
            try:
                self.socket = socket.create_connection(("127.0.0.1", port), 30)
                break
            except OSError:
                if time.monotonic() > end:
                    raise
                time.sleep(0.2)
        self.inbox = b""
        self.number = 0
        self._receive()
        self.call("WebDriver:NewSession", {"unhandledPromptBehavior": "ignore"})
        self.call("Marionette:SetContext", {"value": "chrome"})

    def _receive(self):
        while b":" not in self.inbox:
            self._more()
        length, _, rest = self.inbox.partition(b":")
        self.inbox = rest
        while len(self.inbox) < int(length):
            self._more()
        message, self.inbox = self.inbox[: int(length)], self.inbox[int(length) :]
        return json.loads(message)

    def _more(self):
        got = self.socket.recv(65536)
        if not got:
            raise EOFError("Thunderbird closed the connection")
        self.inbox += got

    def call(self, name, params):
        self.number += 1
        body = json.dumps([0, self.number, name, params]).encode()
        self.socket.sendall(str(len(body)).encode() + b":" + body)
        while True:
            _, number, error, result = self._receive()
            if number == self.number:
                if error:
                    raise RuntimeError(f"{name}: {error.get('error')}: {error.get('message')}")
                return result

    def run(self, script, *args):
        return self.call(
            "WebDriver:ExecuteScript", {"script": script, "args": list(args), "sandbox": "system", "newSandbox": False}
        )["value"]


def read(session):
    """Texts of all dialogs, the open windows, and alerts; a modal prompt of the window itself is asked for apart."""
    try:
        return session.run(READ)
    except RuntimeError as error:
        if "unexpected alert" not in str(error):
            raise
        return [session.call("WebDriver:GetAlertText", {})["value"]], ["prompt"], []


def main():
    told = json.loads(Path(sys.argv[1]).read_text())
    certificate = "".join(line.strip() for line in Path(told["ca"]).read_text().splitlines() if "-----" not in line)
    display = f":{told['display']}"
    xserver = subprocess.Popen(
        ["Xvfb", display, "-screen", "0", "1280x1024x24", "-nolisten", "tcp"],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    env = {
        **os.environ,
        "DISPLAY": display,
        "MOZ_CRASHREPORTER_DISABLE": "1",
        "GTK_A11Y": "none",
        "NO_AT_BRIDGE": "1",
        "LIBGL_ALWAYS_SOFTWARE": "1",
    }
    time.sleep(0.7)
    bird = subprocess.Popen(
        ["thunderbird", "--marionette", "--remote-allow-system-access", "--no-remote", "--profile", "profile"],
        env=env,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    try:
        session = Marionette(2828)
        session.run(LISTEN, told["origin"], told["user"], told["password"], certificate)
        if told["protocol"] == "imap":
            session.run(CHECK)
        else:
            session.run(SEND, told["to"])
            for _ in range(60):
                if session.run(PRESS_SEND):
                    break
                time.sleep(0.25)
        shown, windows = [], []
        end = time.monotonic() + PATIENCE
        quiet_until = None
        while time.monotonic() < end:
            texts, windows, alerts = read(session)
            fresh = [t for t in [*texts, *alerts] if t not in shown]
            shown += fresh
            if fresh:
                quiet_until = time.monotonic() + 2
            if shown and time.monotonic() > quiet_until:
                break
            time.sleep(0.4)
        if os.environ.get("LAB_WINDOWS"):
            print("windows", windows)
        print("\n".join(shown))
        sys.exit(1 if shown else 0)
    finally:
        os.killpg(bird.pid, signal.SIGKILL)
        xserver.kill()


try:
    main()
except (
    OSError,
    EOFError,
    RuntimeError,
    ValueError,
) as error:  # ours, not Thunderbird's: the lab must not take it for a dialog
    print(f"{type(error).__name__}: {error}")
    sys.exit(3)
