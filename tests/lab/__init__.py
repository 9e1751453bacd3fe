"""A mail lab: real Dovecot, Postfix and fail2ban with real mail programs, in private namespaces of their own.

``namespaces`` starts it, ``inside`` is what runs in there, ``servers`` boots the daemons, ``syslog`` collects what
they write, ``seats`` gives each customer a network of their own, ``programs`` are the mail programs, ``scenarios``
says who fails how, ``cases`` is what is left afterwards. ``replay`` makes tickets of the cases and measures.
"""
