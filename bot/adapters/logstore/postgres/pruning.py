"""Dropping what is old from PostgreSQL: lines, sums, sessions, counts and the coverage that they prove.

How far each file was read is kept, so that a pruned log that is handed in again is not read again.
"""

from __future__ import annotations

import psycopg
from psycopg import sql

from bot.adapters.logstore.digest import HOUR, from_micros
from bot.adapters.logstore.postgres.schema import CUT_BY_DAY, days_of
from bot.adapters.logstore.rhythm import MINUTE


def prune(connection: psycopg.Connection, cut: int) -> None:
    """Forget everything before ``cut`` (microseconds): whole days by dropping their partitions, the rest of a day and
    what lies in the default partitions row by row."""
    moment = from_micros(cut)
    with connection.transaction():
        # writers wait: whom nobody needs now they might
        connection.execute("LOCK TABLE log_who IN SHARE ROW EXCLUSIVE MODE")
        for table, column in CUT_BY_DAY.items():
            for day, name in days_of(connection, table):
                if day < moment.date():
                    connection.execute(sql.SQL("DROP TABLE {}").format(sql.Identifier(name)))
            connection.execute(
                sql.SQL("DELETE FROM {} WHERE {} < %s").format(sql.Identifier(table), sql.Identifier(column)), (moment,)
            )
        connection.execute(
            "DELETE FROM log_who WHERE NOT EXISTS (SELECT 1 FROM log_success WHERE log_success.tag = log_who.tag)"
            " AND NOT EXISTS (SELECT 1 FROM log_session WHERE log_session.tag = log_who.tag)"
        )
        for statement in (
            "DELETE FROM log_login WHERE last < %s",
            "DELETE FROM log_failure WHERE hour < %s",
            "DELETE FROM log_stored WHERE last < %s",
        ):
            connection.execute(statement, (moment,))
        for statement, bound in (
            ("DELETE FROM log_minute WHERE minute < %s", cut // MINUTE),
            ("DELETE FROM log_gap WHERE ended < %s", cut),
            ("DELETE FROM log_span WHERE last < %s", cut),
            ("DELETE FROM log_hole WHERE ended < %s", cut),
            ("DELETE FROM log_skew WHERE hour < %s", cut // HOUR),
        ):
            connection.execute(statement, (bound,))
        connection.execute("DELETE FROM log_beat WHERE span NOT IN (SELECT id FROM log_span)")
        connection.execute("DELETE FROM log_feed WHERE (host, family) NOT IN (SELECT host, family FROM log_span)")
        connection.execute(
            "UPDATE log_span SET first = greatest(first, %s),"
            " lines = (SELECT coalesce(sum(lines), 0) FROM log_minute WHERE span = log_span.id)",
            (cut,),
        )
