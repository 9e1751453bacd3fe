"""Reading log at the speed of the disk: the same as :mod:`bot.logs.skim`, in C (docs/logs.md).

The library is built from the sources beside this file when triage is set up (``make``, or ``python -m
bot.adapters.logstore.native.build``). Where it is missing, Python reads; what is stored is the same.
"""
