"""Roles, what leads have set, and the audit log, within one transaction."""

from __future__ import annotations

import re
import secrets
from collections.abc import Mapping
from datetime import datetime, timedelta

from sqlmodel import Session, col, func, select

from bot.adapters.store.database import Database
from bot.adapters.store.tables import AuditRow, PersonRow, RoleRow, SettingRow

_ADDRESS = re.compile(r"[^\s<>\"',;:()@]{1,100}@[^\s<>\"',;:()@#]{1,253}")
_PERSON = re.compile(r"person:([0-9a-f]{32})")


def revealed(text: str, known: Mapping[str, str]) -> str:
    """A text of the audit log with its pseudonyms resolved; those of erased persons stay."""
    return _PERSON.sub(lambda found: known[found[1]].removeprefix("address:") if found[1] in known else "erased", text)


def pseudonyms_in(*texts: str) -> set[str]:
    """The pseudonyms that texts of the audit log name."""
    return {found for text in texts for found in _PERSON.findall(text)}


class PeopleRows:
    """The tables of people and settings, within one transaction."""

    def __init__(self, database: Database, session: Session, now: datetime) -> None:
        self._database, self._session, self._now = database, session, now

    def role(self, person: str) -> str:
        """agent, lead, or none."""
        row = self._session.get(RoleRow, person)
        return row.role if row else "none"

    def roles(self) -> dict[str, str]:
        """Everybody who has a role here."""
        return {row.person: row.role for row in self._session.exec(select(RoleRow).order_by(col(RoleRow.person)))}

    def set_role(self, person: str, role: str) -> None:
        """Give a role; ``none`` takes it."""
        row = self._session.get(RoleRow, person)
        if role == "none":
            if row:
                self._session.delete(row)
        elif row:
            row.role = role
        else:
            self._session.add(RoleRow(person=person, role=role))

    def setting(self, name: str, default: str = "") -> str:
        """What leads have set under a name."""
        row = self._session.get(SettingRow, name)
        return row.value if row else default

    def since(self, name: str) -> datetime | None:
        """When it was last set; None where it never was."""
        row = self._session.get(SettingRow, name)
        return row.at if row else None

    def settings(self, prefix: str) -> dict[str, str]:
        """All that begins with ``prefix``, by the rest of its name."""
        rows = self._session.exec(
            select(SettingRow)
            .where(col(SettingRow.name).startswith(prefix, autoescape=True))
            .order_by(col(SettingRow.name))
        )
        return {row.name.removeprefix(prefix): row.value for row in rows}

    def set(self, name: str, value: str) -> str:
        """Set it; returns what it was."""
        row = self._session.get(SettingRow, name)
        before = row.value if row else ""
        if row:
            row.value, row.at = value, self._now
        else:
            self._session.add(SettingRow(name=name, value=value, at=self._now))
        return before

    def audit(self, who: str, action: str, subject: str = "", before: str = "", after: str = "") -> None:
        """Write down who did what. Whoever did it, and every mail address in it, stands under a pseudonym: the log
        itself can never be changed."""
        self._session.add(
            AuditRow(
                at=self._now,
                who=self._pseudonym(who),
                action=action,
                subject=self._masked(subject),
                before=self._masked(before),
                after=self._masked(after),
            )
        )

    def count(self, who: str, action: str, within: timedelta) -> int:
        """How often ``who`` did ``action`` of late."""
        query = (
            select(func.count())
            .select_from(AuditRow)
            .where(AuditRow.who == self._pseudonym(who), AuditRow.action == action, AuditRow.at > self._now - within)
        )
        return int(self._session.exec(query).one())

    def _masked(self, text: str) -> str:
        return _ADDRESS.sub(lambda found: f"person:{self._pseudonym('address:' + found[0].lower())}", text)

    def _pseudonym(self, who: str) -> str:
        self._database.insert_once(self._session, PersonRow, {"id": who, "pseudonym": secrets.token_hex(16)})
        return self._session.get_one(PersonRow, who).pseudonym
