"""A mail lab: real Dovecot and Postfix with real clients, in private namespaces of their own.

``namespaces`` starts it, ``inside`` is what runs in there, ``servers`` boots the daemons, ``clients`` speaks to
them, ``scenarios`` says who fails how and what must come of it, ``recording`` is what is left afterwards.
"""
