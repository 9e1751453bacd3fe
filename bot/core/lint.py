"""Settings in the ticket that cannot work, found against the host's own settings. No server is asked."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from bot.core.model import Endpoint, Facts, Finding
from bot.core.parse.hosts import near_own_host, protocol_of_host, webmail_host
from knowledge.host import Port, Settings
from knowledge.model import Knowledge

FOREIGN = "host-foreign"
"""The finding of another provider's server."""
NO_MAIL_PORTS = frozenset(
    {20, 21, 22, 23, 53, 80, 123, 139, 389, 443, 445, 515, 554, 631, 636, 873, 990, 1194, 1433, 1521, 1723, 3128, 3306}
    | {3389, 5060, 5222, 5432, 5900, 6379, 8080, 8443, 9100, 27017, 51820}
)
"""Ports that the registry of IANA gives to well-known services which carry no mail (ftp, ssh, http, https, printing,
databases, remote desktops, tunnels). Named without a mail server they are that service's, not a setting of mail."""


def lint(facts: Facts, knowledge: Knowledge) -> tuple[Finding, ...]:
    """Findings in the order of the ticket, each once. Only endpoints that are settings of the customer count;
    where the same protocol was tried with right settings too, a wrong second try explains nothing."""
    out: dict[tuple[str, str], Finding] = {}
    settings = facts.endpoints
    right = {
        protocol
        for e in settings
        if e.role == "setting" and (e.host or e.tls) and (protocol := _proven_right(e, knowledge.settings))
    } | _tried_in_turn(settings, knowledge.settings)
    for endpoint in settings:
        if endpoint.role != "setting":
            continue
        for finding in _of_endpoint(endpoint, facts, knowledge, right):
            out.setdefault((finding.id, finding.text), finding)
    for finding in _of_login(facts, knowledge):
        out.setdefault((finding.id, finding.text), finding)
    return tuple(out.values())


def right_settings(facts: Facts, knowledge: Knowledge) -> tuple[set[str], set[str]]:
    """Protocols for which the ticket names our host, and those for which it names a port of ours with no mode that
    is wrong.

    A program's message counts too: it names the host that was entered."""
    hosts: set[str] = set()
    ports: set[str] = set()
    for endpoint in facts.endpoints:
        if endpoint.role != "setting":
            continue
        named = protocol_of_host(endpoint.host) if endpoint.host and endpoint.typed is None else None
        if named and endpoint.host in _hosts_of(named, knowledge.settings):
            hosts.add(named)
        port = _port(endpoint.port, knowledge.settings)
        if port is not None and port.supported and endpoint.tls in (None, port.tls):
            ports.add(port.protocol)
    return hosts, ports


def _finding(knowledge: Knowledge, rule_id: str, endpoint_span: tuple[int, int], **slots: object) -> Finding:
    rule = knowledge.finding_rules[rule_id]
    text = rule.text
    for name, value in slots.items():
        text = text.replace("{" + name + "}", str(value))
    return Finding(rule.id, text, rule.check, endpoint_span)


def _port(number: int | None, settings: Settings) -> Port | None:
    return next((p for p in settings.ports if p.port == number), None)


def _proven_right(endpoint: Endpoint, settings: Settings) -> str | None:
    """The protocol for which this endpoint is a fully right setting, else None."""
    port = _port(endpoint.port, settings)
    if port is None or not port.supported or endpoint.tls not in (None, port.tls):
        return None
    if endpoint.host is not None and endpoint.host not in _hosts_of(port.protocol, settings):
        return None
    return port.protocol


def _tried_in_turn(endpoints: Sequence[Endpoint], settings: Settings) -> set[str]:
    """Protocols of which two ports of ours were tried: whoever goes through the ports has none that is wrong."""
    ports = {port.port: port for e in endpoints if e.role == "setting" and (port := _port(e.port, settings))}
    tried = [port.protocol for port in ports.values() if port.supported]
    return {protocol for protocol in tried if tried.count(protocol) > 1}


def _hosts_of(protocol: str, settings: Settings) -> set[str]:
    """Our names under which ``protocol`` is spoken."""
    by_protocol = {"imap": settings.imap_host, "smtp": settings.smtp_host, "pop3": settings.pop3_host}
    host = by_protocol.get(protocol)
    return {*settings.customer_hosts, *([host] if host else [])}


def _of_endpoint(endpoint: Endpoint, facts: Facts, knowledge: Knowledge, right: set[str]) -> Iterator[Finding]:
    settings = knowledge.settings
    of_host = list(_of_host(endpoint, facts, knowledge))
    # what another provider's server speaks is no setting of ours
    foreign = any(finding.id == FOREIGN for finding in of_host)
    if endpoint.protocol == "pop3" and settings.pop3_host is None and not foreign:
        yield _finding(knowledge, "pop3-port", endpoint.span, port=endpoint.port or "POP3")
        return
    yield from of_host
    if endpoint.port is None:
        if endpoint.tls == "none":
            yield _finding(knowledge, "no-encryption", endpoint.span)
        return
    port = _port(endpoint.port, settings)
    protocol = endpoint.protocol
    if port is None:
        if endpoint.port in NO_MAIL_PORTS and endpoint.host is None and not _settings_of_mail(facts, knowledge):
            return
        if endpoint.host is None or protocol is not None or near_own_host(endpoint.host, settings):
            yield _finding(knowledge, "unknown-port", endpoint.span, port=endpoint.port)
        return
    if port.protocol == "pop3" and settings.pop3_host is None:
        yield _finding(knowledge, "pop3-port", endpoint.span, port=endpoint.port)
        return
    if protocol and protocol != port.protocol and endpoint.host and protocol_of_host(endpoint.host) == protocol:
        yield _finding(
            knowledge,
            "port-of-other-service",
            endpoint.span,
            port=endpoint.port,
            other=port.protocol.upper(),
            protocol=protocol.upper(),
        )
        return
    if not port.supported:
        if port.protocol not in right:
            yield _finding(knowledge, "unsupported-port", endpoint.span, port=endpoint.port)
        return
    if endpoint.tls == "none":
        yield _finding(knowledge, "no-encryption", endpoint.span)
    elif port.tls == "implicit" and _starttls_only(facts, knowledge):
        yield _finding(knowledge, "program-without-implicit-tls", endpoint.span, port=endpoint.port)
    elif endpoint.tls == "starttls" and port.tls == "implicit" and port.protocol not in right:
        yield _finding(knowledge, "tls-mode", endpoint.span, port=endpoint.port, tls="STARTTLS")
    elif endpoint.tls == "implicit" and port.tls == "starttls" and port.protocol not in right:
        yield _finding(knowledge, "tls-mode", endpoint.span, port=endpoint.port, tls="SSL/TLS from the first byte")


def _settings_of_mail(facts: Facts, knowledge: Knowledge) -> bool:
    """True where the ticket names a mail program, a protocol of mail, or a server or port of mail. A camera or a
    printer has other ports as well."""
    named = (e.protocol or (protocol_of_host(e.host) if e.host else None) for e in facts.endpoints)
    families = (knowledge.family_named.get(c.name) for c in facts.clients)
    return bool(facts.protocols or any(named) or any(f is None or f.kind != "device" for f in families))


def _starttls_only(facts: Facts, knowledge: Knowledge) -> bool:
    """True where the failing program cannot speak TLS from the first byte."""
    failing = next((knowledge.family_named.get(c.name) for c in facts.clients if c.failing is not False), None)
    return failing is not None and failing.starttls_only


def _of_host(endpoint: Endpoint, facts: Facts, knowledge: Knowledge) -> Iterator[Finding]:
    settings, host = knowledge.settings, endpoint.host
    if host is None:
        return
    if endpoint.typed:
        yield _finding(knowledge, "host-malformed", endpoint.span, host=f"“{endpoint.typed}”")
    if host in settings.own_hosts:
        by_protocol: dict[str | None, str] = {settings.imap_host: "imap", settings.smtp_host: "smtp"}
        port = _port(endpoint.port, settings)
        wanted = endpoint.protocol or (port.protocol if port else None)
        if (
            host in by_protocol
            and host not in settings.customer_hosts
            and settings.imap_host != settings.smtp_host
            and wanted in ("imap", "smtp")
            and by_protocol[host] != wanted
            and not any(by_protocol.get(e.host) == wanted and e.protocol in (None, wanted) for e in facts.endpoints)
        ):
            yield _finding(knowledge, "host-swapped", endpoint.span, host=host, protocol=str(wanted).upper())
        return
    if host.replace(".", "").isdigit():
        if host not in settings.server_addresses:
            yield _finding(knowledge, "host-address", endpoint.span, host=host)
        return
    if facts.domain and (host == facts.domain or host.endswith("." + facts.domain)):
        yield _finding(knowledge, "host-customer-domain", endpoint.span, host=host)
        return
    if host == webmail_host(settings):
        yield _finding(knowledge, "host-webmail", endpoint.span, host=host)
        return
    near = near_own_host(host, settings)
    if near:
        yield _finding(knowledge, "host-typo", endpoint.span, host=host, right=near)
        return
    yield _finding(knowledge, FOREIGN, endpoint.span, host=host)


def _of_login(facts: Facts, knowledge: Knowledge) -> Iterator[Finding]:
    if knowledge.settings.username != "full-address" or facts.login is None:
        return
    if "\\" in facts.login:
        yield _finding(knowledge, "login-windows-domain", (0, 0), login=facts.login)
    elif "@" not in facts.login:
        yield _finding(knowledge, "login-bare", (0, 0), login=facts.login)
