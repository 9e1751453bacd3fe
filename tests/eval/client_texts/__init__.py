"""Texts of programs that the table was not made from, and how many of them it decodes."""
