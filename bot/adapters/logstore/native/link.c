/* What the lines of one connection know of each other: the twin of bot/logs/link.py. */
#include "native.h"

#include <stdlib.h>
#include <string.h>

#define SECOND 1000000LL
#define SESSION_AGE (48 * 3600 * SECOND)
#define CONNECTION_AGE (3600 * SECOND)
#define MESSAGE_AGE (5 * 86400 * SECOND)
#define ASKED_WITHIN (3 * SECOND)
#define DEFERRED_LINES 16

text key_of_pair(bytes *room, text first, text second) {
    room->size = 0;
    append_i64(room, (int64_t)first.size);
    append(room, first.at, first.size);
    append(room, second.at, second.size);
    return (text){room->at, room->size};
}

text key_of_connection(bytes *room, text host, text program, int64_t pid) {
    key_of_pair(room, host, program);
    append_i64(room, pid);
    return (text){room->at, room->size};
}

/* The key of who asked: the login in lower case, and the address. */
static text key_of_asked(bytes *room, text login, text address) {
    key_of_pair(room, login, address);
    for (size_t at = sizeof(int64_t); at < sizeof(int64_t) + login.size; at++)
        if (room->at[at] >= 'A' && room->at[at] <= 'Z') room->at[at] |= 0x20;
    return (text){room->at, room->size};
}

static bool stale(const known *facts, int64_t now, int64_t age) { return facts->has_since && now - facts->since > age; }

static bool near(const known *facts, int64_t now) {
    return facts->has_since && (now > facts->since ? now - facts->since : facts->since - now) <= ASKED_WITHIN;
}

static void put_asked(memory *where, text key, int64_t time, text service, text reason) {
    known facts = {.since = time, .has_since = true};
    facts.s[SERVICE] = service;
    facts.s[VERSION] = reason; /* the entry's place for a second word */
    store(where, remember(where, key, true), KNOWN, &facts);
}

/* One ``@`` with text on both sides: the name is a mailbox, in lower case (bot/logs/draft.py). */
static text mailbox_of(bytes *room, text login) {
    const char *sign = login.size ? memchr(login.at, '@', login.size) : NULL;
    size_t after = sign ? login.size - (size_t)(sign - login.at) - 1 : 0;
    if (sign == NULL || sign == login.at || after == 0 || memchr(sign + 1, '@', after)) return NOTHING;
    room->size = 0;
    append(room, login.at, login.size);
    for (size_t at = 0; at < room->size; at++)
        if (room->at[at] >= 'A' && room->at[at] <= 'Z') room->at[at] |= 0x20;
    return (text){room->at, room->size};
}

/* -- lines that are deferred --------------------------------------------------------------------------------------- */

bool defer_session(linker *in, text session, int64_t time, text line) {
    entry *one = remembered(&in->sessions, session);
    if (one == NULL) {
        one = remember(&in->sessions, session, true);
        one->kind = LINES;
    }
    if (one->kind != LINES || one->lines == DEFERRED_LINES) return false;
    one->lines++;
    append_i64(&one->data, time);
    append_i64(&one->data, (int64_t)line.size);
    append(&one->data, line.at, line.size);
    return true;
}

void defer_connect(linker *in, text connection, int64_t time, text address, text service) {
    known facts = {.since = time, .has_since = true};
    facts.s[SERVICE] = service;
    facts.s[REMOTE_IP] = address;
    store(&in->connections, remember(&in->connections, connection, true), DEFERRED, &facts);
    put_asked(&in->callers, address, time, service, NOTHING);
}

entry *deferred(linker *in, text connection, int64_t time, text address) {
    entry *one = remembered(&in->connections, connection);
    if (one == NULL || one->kind != DEFERRED || !same(one->facts.s[REMOTE_IP], address) || stale(&one->facts, time, CONNECTION_AGE)) return NULL;
    return one;
}

bool defer_message(linker *in, text connection, text host, int64_t time, text address, text queue, text mechanism, text login) {
    entry *one = deferred(in, connection, time, address);
    if (one == NULL || (login.at == NULL && one->facts.s[LOGIN].at != NULL)) return false;
    if (login.at == NULL) return true;
    text mailbox = mailbox_of(&in->scratch, login);
    known facts = one->facts;
    facts.s[LOGIN] = login;
    facts.s[MAILBOX] = mailbox;
    facts.s[MECHANISM] = mechanism;
    facts.proven = true;
    store(&in->connections, one, DEFERRED, &facts);
    put_asked(&in->asked, key_of_asked(&in->second_key, login, address), time, one->facts.s[SERVICE], NOTHING);
    known message = {.since = time, .has_since = true};
    message.s[LOGIN] = login;
    message.s[MAILBOX] = mailbox;
    store(&in->messages, remember(&in->messages, key_of_pair(&in->second_key, host, queue), true), KNOWN, &message);
    return true;
}

void defer_queued(linker *in, text host, text queue, int64_t time, text sender) {
    entry *one = remembered(&in->messages, key_of_pair(&in->second_key, host, queue));
    if (one == NULL || sender.size == 0 || stale(&one->facts, time, MESSAGE_AGE)) return;
    known facts = one->facts;
    facts.s[CLIENT] = sender; /* a message's place for its envelope sender */
    store(&in->messages, one, KNOWN, &facts);
}

/* -- lines that are looked at -------------------------------------------------------------------------------------- */

static bool is(const value *field, text word) { return field->s.at != NULL && same(field->s, word); }

static bool other(const known *facts, const value *event) {
    return event[F_REMOTE_IP].s.at != NULL && facts->s[REMOTE_IP].at != NULL && !same(event[F_REMOTE_IP].s, facts->s[REMOTE_IP]);
}

static void fill(value *event, enum field field, text known_text) {
    if (event[field].s.at == NULL && known_text.at != NULL) event[field].s = known_text;
}

/* _filled of link.py; no template is of a `connect` or a `logout`. */
static void filled(value *event, const known *facts) {
    bool named = event[F_LOGIN].s.at == NULL && facts->s[LOGIN].at != NULL;
    if (named) event[F_LOGIN].s = facts->s[LOGIN], event[F_MAILBOX].s = facts->s[MAILBOX];
    fill(event, F_REMOTE_IP, facts->s[REMOTE_IP]);
    if (!event[F_REMOTE_PORT].is_number && facts->has_port) event[F_REMOTE_PORT] = (value){NOTHING, facts->port, true};
    if (event[F_CLIENT].s.at == NULL && facts->s[CLIENT].at != NULL)
        event[F_CLIENT].s = facts->s[CLIENT], event[F_CLIENT_VERSION].s = facts->s[VERSION];
    if (named) fill(event, F_MECHANISM, facts->s[MECHANISM]);
    fill(event, F_TLS, facts->s[TLS]);
    if (is(&event[F_SERVICE], TEXT("auth")) && facts->s[SERVICE].at != NULL && !same(facts->s[SERVICE], TEXT("auth")))
        event[F_SERVICE].s = facts->s[SERVICE];
}

/* _learn of link.py; no template is of a `login`. */
static void learn(known *facts, const value *event) {
    if (event[F_LOGIN].s.at != NULL && !facts->proven) {
        facts->s[LOGIN] = event[F_LOGIN].s;
        facts->s[MAILBOX] = event[F_MAILBOX].s;
        if (event[F_MECHANISM].s.size) facts->s[MECHANISM] = event[F_MECHANISM].s;
    }
    if (event[F_REMOTE_IP].s.at != NULL) {
        facts->s[REMOTE_IP] = event[F_REMOTE_IP].s;
        if (event[F_REMOTE_PORT].is_number && event[F_REMOTE_PORT].n) facts->port = event[F_REMOTE_PORT].n, facts->has_port = true;
    }
    if (event[F_CLIENT].s.at != NULL) facts->s[CLIENT] = event[F_CLIENT].s, facts->s[VERSION] = event[F_CLIENT_VERSION].s;
    if (event[F_TLS].s.at != NULL) facts->s[TLS] = event[F_TLS].s;
    if (event[F_SERVICE].s.at != NULL && (facts->s[SERVICE].at == NULL || same(facts->s[SERVICE], TEXT("auth"))))
        facts->s[SERVICE] = event[F_SERVICE].s;
}

/* The texts that `filled` takes over point into the entry, which `store` writes anew: they move to `room`, which is
 * sized first so that it stays where it is. */
static void take_along(value *event, bytes *room) {
    static const enum field TAKEN[] = {F_LOGIN, F_MAILBOX, F_REMOTE_IP, F_CLIENT, F_CLIENT_VERSION, F_MECHANISM, F_TLS, F_SERVICE};
    const size_t count = sizeof TAKEN / sizeof *TAKEN;
    size_t needed = 1;
    for (size_t at = 0; at < count; at++) needed += event[TAKEN[at]].s.size;
    if (room->room < needed) {
        room->at = claim(room->at, needed);
        room->room = needed;
    }
    room->size = 0;
    for (size_t at = 0; at < count; at++) {
        text *one = &event[TAKEN[at]].s;
        if (one->at == NULL) continue;
        char *to = room->at + room->size;
        append(room, one->at, one->size);
        one->at = to;
    }
}

static bool of_session(linker *in, value *event, int64_t time, bytes *room) {
    entry *one = remembered(&in->sessions, event[F_SESSION].s);
    if (one != NULL && (one->kind == LINES || !one->plain)) return false;
    known facts = {.since = time, .has_since = true};
    if (one == NULL || stale(&one->facts, time, SESSION_AGE) || other(&one->facts, event)) {
        learn(&facts, event);
    } else {
        facts = one->facts;
        value stated[FIELDS];
        memcpy(stated, event, sizeof stated);
        filled(event, &one->facts);
        take_along(event, room);
        learn(&facts, stated);
    }
    store(&in->sessions, remember(&in->sessions, event[F_SESSION].s, true), KNOWN, &facts);
    return true;
}

static void reasoned(linker *in, value *event, int64_t time, bytes *reason) {
    text key = key_of_asked(&in->second_key, event[F_LOGIN].s, event[F_REMOTE_IP].s);
    if (event[F_REASON].s.at == NULL && is(&event[F_EVENT], TEXT("auth_failed"))) {
        entry *asked = remembered(&in->asked, key);
        if (asked != NULL && asked->facts.s[VERSION].at != NULL && near(&asked->facts, time)) {
            reason->size = 0;
            append(reason, asked->facts.s[VERSION].at, asked->facts.s[VERSION].size);
            event[F_REASON].s = (text){reason->at, reason->size};
        }
    }
    put_asked(&in->asked, key, time, event[F_SERVICE].s, event[F_REASON].s);
}

static bool of_connection(linker *in, const template *of, value *event, int64_t time, bytes *room) {
    text key = key_of_connection(&in->key, event[F_HOST].s, event[F_PROGRAM].s, event[F_PID].n);
    entry *one = remembered(&in->connections, key);
    if (one != NULL && !one->plain) return false;
    bool named = event[F_LOGIN].s.at != NULL;
    known facts = {.since = time, .has_since = true};
    if (one != NULL && !stale(&one->facts, time, CONNECTION_AGE) && !other(&one->facts, event)) facts = one->facts;
    filled(event, &facts);
    take_along(event, room);
    learn(&facts, event);
    one = remember(&in->connections, key, true);
    store(&in->connections, one, KNOWN, &facts);
    if (event[F_REMOTE_IP].s.at != NULL && named) reasoned(in, event, time, &in->scratch);
    if (of->departs) forget(&in->connections, one);
    return true;
}

static void of_asker(linker *in, value *event, int64_t time) {
    if (event[F_LOGIN].s.at == NULL || event[F_REMOTE_IP].s.at == NULL) return;
    text key = key_of_asked(&in->second_key, event[F_LOGIN].s, event[F_REMOTE_IP].s), service = NOTHING;
    entry *asked = remembered(&in->asked, key);
    if (asked != NULL && asked->facts.s[SERVICE].at != NULL && near(&asked->facts, time)) {
        service = asked->facts.s[SERVICE];
    } else {
        entry *caller = remembered(&in->callers, event[F_REMOTE_IP].s);
        if (caller != NULL && !stale(&caller->facts, time, CONNECTION_AGE)) service = caller->facts.s[SERVICE];
    }
    if (service.at != NULL) {
        in->scratch.size = 0;
        append(&in->scratch, service.at, service.size);
        service = (text){in->scratch.at, in->scratch.size};
    }
    put_asked(&in->asked, key, time, service, event[F_REASON].s);
    if (service.at != NULL) event[F_SERVICE].s = service;
}

/* A template is of no line with a queue id, so nothing of a message is asked here. */
bool link_event(linker *in, const template *of, value *event, int64_t time, bytes *room) {
    static const char SMTPD[] = "/smtpd";
    text program = event[F_PROGRAM].s;
    size_t tail = sizeof SMTPD - 1;
    if (event[F_SESSION].s.at != NULL) return of_session(in, event, time, room);
    if (program.size >= tail && memcmp(program.at + program.size - tail, SMTPD, tail) == 0) return of_connection(in, of, event, time, room);
    if (is(&event[F_SERVICE], TEXT("auth"))) of_asker(in, event, time);
    return true;
}
