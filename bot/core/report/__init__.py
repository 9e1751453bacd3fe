"""The weekly report: rows in, a frozen :class:`bot.core.report.values.Report` out. Pure."""
