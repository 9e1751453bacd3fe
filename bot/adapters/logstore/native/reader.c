/* Reading blocks of log: the twin of Skimmer in bot/logs/skim.py.
 *
 * triage_read goes on until a line needs Python, and says why. Whatever Python makes of that line it tells the same
 * memories and the same digest, so that the two ways of reading a line can take turns.
 */
#define _GNU_SOURCE /* memmem */
#include "native.h"

#include <stdlib.h>
#include <string.h>

#define LONGEST 1999

enum stop { AT_END, LOOK, PROGRAM, WORDING };

typedef struct {
    int64_t begin, end;  /* the line, within the block */
    int32_t year, month; /* what Python's timeline is told before it looks; month 0: nothing new */
    int32_t shape, slot_count;
    int64_t slots[SLOTS][2]; /* begin and end within the line; -1: not there */
    int64_t program[2], message;
} stop_place;

#pragma GCC visibility push(default) /* all else is the library's own: built with -fvisibility=hidden */
int32_t triage_read(reader *in, const char *block, int64_t size, int64_t from, stop_place *place);
#pragma GCC visibility pop

/* -- a line as it is kept ------------------------------------------------------------------------------------------ */

/* rows.pack: order, time, and the fields up to the last that the event has. */
static void pack(bytes *to, int64_t order, int64_t time, const value *event) {
    int last = FIELDS - 1;
    while (event[last].s.at == NULL && !event[last].is_number) last--;
    append(to, "[", 1);
    append_number(to, order);
    append(to, ",", 1);
    append_number(to, time);
    for (int field = 0; field <= last; field++) {
        if (field == F_TIME) continue;
        append(to, ",", 1);
        if (event[field].is_number) append_number(to, event[field].n);
        else if (event[field].s.at != NULL) append_json(to, event[field].s);
        else append(to, "null", 4);
    }
    append(to, "]", 1);
}

static text lower(reader *in, text one) {
    in->lowered.size = 0;
    append(&in->lowered, one.at, one.size);
    for (size_t at = 0; at < one.size; at++)
        if (in->lowered.at[at] >= 'A' && in->lowered.at[at] <= 'Z') in->lowered.at[at] |= 0x20;
    return (text){in->lowered.at, in->lowered.size};
}

/* -- lines that explain a failure ---------------------------------------------------------------------------------- */

#define ADDRESS_SLOT 1 /* of every telling shape */

/* What each slot's value looks like: 0 not there, 1 plain, 2 an address with a sign in it, 3 empty. */
static bool kinds_of(reader *in, const cut *found, text *slots, char *kinds) {
    memset(kinds, 0, SLOTS);
    for (int at = 0; at < found->slot_count; at++) {
        text one = slots[at] = found->slots[at];
        if (one.at == NULL) continue;
        if (at == ADDRESS_SLOT) {
            if (!canonical(one, in->addresses[at], sizeof in->addresses[at], &slots[at])) return false;
            kinds[at] = memchr(one.at, ':', one.size) ? 2 : 1;
        } else if (one.size == 0) {
            kinds[at] = 3;
        } else {
            const char *sign = memchr(one.at, '@', one.size);
            size_t after = sign ? one.size - (size_t)(sign - one.at) - 1 : 0;
            kinds[at] = sign ? 2 : 1;
            if (sign && (sign == one.at || after == 0 || memchr(sign + 1, '@', after))) return false; /* no mailbox */
        }
    }
    return true;
}

static int base64(char byte) {
    if (byte >= 'A' && byte <= 'Z') return byte - 'A';
    if (byte >= 'a' && byte <= 'z') return byte - 'a' + 26;
    if (byte >= '0' && byte <= '9') return byte - '0' + 52;
    return byte == '+' ? 62 : byte == '/' ? 63 : -1;
}

/* What Dovecot's session id says of its connection (bot/logs/session.py); false for an id of another make. */
static bool session_made(text id, int64_t *port, text *address, unsigned char *room) {
    if (id.size != 16 && id.size != 32) return false;
    for (size_t at = 0; at < id.size; at += 4) {
        int a = base64(id.at[at]), b = base64(id.at[at + 1]), c = base64(id.at[at + 2]), d = base64(id.at[at + 3]);
        if (a < 0 || b < 0 || c < 0 || d < 0) return false;
        unsigned char *to = room + at / 4 * 3;
        to[0] = (unsigned char)(a << 2 | b >> 4), to[1] = (unsigned char)(b << 4 | c >> 2), to[2] = (unsigned char)(c << 6 | d);
    }
    *port = room[6] | room[7] << 8;
    *address = (text){(char *)room + 8, id.size == 16 ? 4 : 16};
    return true;
}

static enum stop tell(reader *in, const cut *found, text line, const program *by, bool proven, int64_t time) {
    text slots[SLOTS];
    char kinds[SLOTS];
    if (may_hold_secret(line) || !kinds_of(in, found, slots, kinds)) return LOOK;
    const template *of = template_of(&in->wordings, found, kinds);
    if (of == NULL) return WORDING;
    if (!of->known) return LOOK;
    value event[FIELDS];
    fill_in(of, slots, event, &in->filled);
    if (event[F_SESSION].s.at != NULL) {
        int64_t port;
        text made, stated = event[F_REMOTE_IP].s;
        unsigned char room[24];
        if (session_made(event[F_SESSION].s, &port, &made, room)) {
            if (stated.at == NULL) return LOOK;
            if (same_address(made, stated)) {
                if (of->fresh && !proven) return LOOK;
                if (!event[F_REMOTE_PORT].is_number) event[F_REMOTE_PORT] = (value){NOTHING, port, true};
            }
        }
    }
    event[F_RAW].s = line;
    event[F_HOST].s = found->host;
    event[F_PROGRAM].s = found->program;
    if (found->pid >= 0 && !event[F_PID].is_number) event[F_PID] = (value){NOTHING, found->pid, true};
    event[F_FORMAT].s = found->rfc3339 ? TEXT("rfc3339") : TEXT("rfc3164");
    if (!link_event(&in->link, of, event, time, &in->linked)) return LOOK;

    digest *sums = &in->sums;
    text login = event[F_LOGIN].s, address = event[F_REMOTE_IP].s;
    cover(sums, found->host, by->family, event[F_SERVICE].s, time);
    if (address.at != NULL && (of->probe || (of->nameless_probe && login.size == 0))) visit(sums, found->host, by->family, address, time);
    if (!of->kept) return AT_END;
    bool failed = same(event[F_OUTCOME].s, TEXT("failure"));
    text name = login.size ? login : failed && event[F_SENDER].s.size ? event[F_SENDER].s : NOTHING;
    keep(sums, time, name.at ? lower(in, name) : NOTHING, address, failed);
    pack(&sums->packed, in->order, time, event);
    close_line(sums);
    if (failed) count_failure(sums, time, event[F_EVENT].s, event[F_REASON].s, event[F_SERVICE].s, found->host, event[F_TLS].s);
    return AT_END;
}

/* -- lines in which nothing goes wrong: false where Python has to look --------------------------------------------- */

static bool contains(text in, text word) { return memmem(in.at, in.size, word.at, word.size) != NULL; }

static bool of_dovecot(reader *in, const cut *found, text line, bool proven, int64_t time) {
    text address;
    if (found->shape == LOGOUT) {
        if (contains(line, TEXT("Too many invalid")) || !defer_session(&in->link, found->session, time, line)) return false;
        end_session(&in->sums, found->host, found->session, time);
    } else {
        if (!proven || !canonical(found->ip, in->addresses[0], sizeof in->addresses[0], &address)) return false;
        if (!defer_session(&in->link, found->session, time, line)) return false;
        succeed(&in->sums, found->host, found->service, lower(in, found->user), address, found->session, time, NOTHING, NOTHING);
    }
    cover(&in->sums, found->host, TEXT("dovecot"), found->service, time);
    return true;
}

static bool of_smtpd(reader *in, const cut *found, text line, const program *by, int64_t time) {
    text address;
    if (!by->smtpd || !canonical(found->ip, in->addresses[0], sizeof in->addresses[0], &address)) return false;
    text connection = key_of_connection(&in->link.key, found->host, found->program, found->pid);
    entry *one;
    switch (found->shape) {
    case CONNECT:
        defer_connect(&in->link, connection, time, address, by->service);
        break;
    case DISCONNECT:
        one = deferred(&in->link, connection, time, address);
        if (one == NULL) return false;
        if (one->facts.s[LOGIN].at == NULL) visit(&in->sums, found->host, by->family, address, time);
        forget(&in->link.connections, one);
        break;
    case TLS_LINE:
        if (is_troubled(line)) return false;
        one = deferred(&in->link, connection, time, address);
        if (one == NULL) return false;
        known facts = one->facts;
        facts.s[TLS] = found->protocol;
        store(&in->link.connections, one, DEFERRED, &facts);
        break;
    default: /* CLIENT_LINE */
        if (by->service.at == NULL) return false;
        if (!defer_message(&in->link, connection, found->host, time, address, found->queue, found->mechanism, found->user)) return false;
        if (found->user.at != NULL)
            succeed(&in->sums, found->host, by->service, lower(in, found->user), address, NOTHING, time, NOTHING, NOTHING);
    }
    cover(&in->sums, found->host, by->family, by->service, time);
    return true;
}

static bool of_queue(reader *in, const cut *found, text line, const program *by, int64_t time) {
    static const char MONTHS[] = "JanFebMarAprMayJunJulAugSepOctNovDec";
    if (!by->queue || same(found->queue, TEXT("NOQUEUE")) || !memcmp(found->queue.at, "20", 2)) return false;
    for (const char *month = MONTHS; *month; month += 3)
        if (!memcmp(found->queue.at, month, 3)) return false; /* a stamp within the message might begin so */
    if (found->shape == QUIET && is_troubled(line)) return false;
    defer_queued(&in->link, found->host, found->queue, time, found->shape == ACTIVE ? found->sender : NOTHING);
    cover(&in->sums, found->host, by->family, NOTHING, time);
    return true;
}

/* A disconnect that tells something is read as what it tells (keeping.py: _left_without_login). */
static bool is_quiet_disconnect(const cut *found, const program *by) {
    return same(by->service, TEXT("smtp")) || contains(found->counts, TEXT("auth="));
}

/* -- the clock ----------------------------------------------------------------------------------------------------- */

/* Of an RFC 3339 stamp: the next line's is likely to lie in the same minute. */
static bool full_moment(reader *in, const cut *found, int64_t *time, int32_t *year, int32_t *month) {
    const char *stamp = found->stamp.at;
    bool known = in->last_minute.zone_size && same((text){in->last_minute.zone, in->last_minute.zone_size}, found->zone) &&
                 memcmp(in->last_minute.head, stamp, sizeof in->last_minute.head) == 0;
    if (!known) {
        int y, m;
        int64_t exact = moment_of(found, &y, &m);
        if (exact == INT64_MIN || found->zone.size > sizeof in->last_minute.zone) return false;
        memcpy(in->last_minute.head, stamp, sizeof in->last_minute.head);
        memcpy(in->last_minute.zone, found->zone.at, found->zone.size);
        in->last_minute.zone_size = found->zone.size;
        in->last_minute.start = exact - within_minute(found->stamp);
        in->last_minute.year = y, in->last_minute.month = m;
    }
    int64_t within = within_minute(found->stamp);
    if (within >= 60000000) return false;
    *time = in->last_minute.start + within;
    *year = in->last_minute.year, *month = in->last_minute.month;
    return true;
}

static bool moment(reader *in, const cut *found, int64_t *time, bool *proven, int32_t *year, int32_t *month) {
    if (in->last_host >= in->hosts.count || !same(name_of(&in->hosts, in->last_host), found->host)) { /* lines come from one for a while */
        int64_t number = find_name(&in->hosts, found->host);
        if (number < 0) return false;
        in->last_host = (uint32_t)number;
    }
    const host_state *host = &host_rows(in)[in->last_host];
    if (found->rfc3339) {
        *proven = true;
        return host->rfc3339 && full_moment(in, found, time, year, month);
    }
    const char *at = found->stamp.at;
    int minutes = (at[10] - '0') * 10 + (at[11] - '0'), seconds = (at[13] - '0') * 10 + (at[14] - '0');
    if (!host->has_hour || memcmp(host->prefix, at, sizeof host->prefix) != 0 || minutes > 59 || seconds > 59) return false;
    *time = host->start + (minutes * 60 + seconds) * 1000000LL;
    *proven = host->proven, *year = host->year, *month = host->month;
    return true;
}

/* -- the block ----------------------------------------------------------------------------------------------------- */

static inline lanes odd_lanes(lanes read) { return (lanes)(read < 0x20) | (lanes)(read > 0x7e) | (lanes)(read == '#'); }

/* Printable ASCII without the sign that begins an escaped byte. */
static bool is_plain(text line) {
    lanes odd = {0};
    size_t at = 0;
    for (; at + LANES <= line.size; at += LANES) odd |= odd_lanes(lanes_at(line.at + at));
    char rest[LANES];
    memset(rest, ' ', sizeof rest);
    memcpy(rest, line.at + at, line.size - at);
    return !in_some_lane(odd | odd_lanes(lanes_at(rest)));
}

static bool is_escaped(text line) {
    for (size_t at = 0; at < line.size; at++)
        if ((unsigned char)(line.at[at] - 0x20) > 0x5e) return true;
    return contains(line, TEXT("#033["));
}

/* -- the lines ahead ------------------------------------------------------------------------------------------------ */

#define AHEAD 2

/* A line that is read soon. What its session is known by is fetched into the processor's cache meanwhile: nearly every
 * line is of a session that was last spoken of many thousand lines ago. */
typedef struct {
    text line; /* at NULL: there is none */
    bool shaped;
    cut found;
    uint64_t session; /* its hash; 0: none */
} upcoming;

/* The next line from `at` on; returns where it ends. */
static const char *cut_next(reader *in, upcoming *to, const char *at, const char *end) {
    while (at < end && *at == '\n') at++; /* no line at all */
    to->line = NOTHING;
    if (at >= end) return end; /* Python goes on behind a line end that a block's last line may lack */
    const char *behind = memchr(at, '\n', (size_t)(end - at));
    if (behind == NULL) behind = end;
    text line = to->line = (text){at, (size_t)(behind - at)};
    to->session = 0;
    to->shaped = line.size <= LONGEST && (is_plain(line) || !is_escaped(line)) && shape_of(&to->found, line.at, line.at + line.size);
    if (to->shaped && (to->found.shape == LOGIN_LINE || to->found.shape == LOGOUT)) {
        to->session = hash_of(to->found.session.at, to->found.session.size);
        fetch_slot(&in->link.sessions, to->session);
        foresee(&in->sums, &to->found);
    }
    return behind;
}

static enum stop read_line(reader *in, upcoming *of) {
    if (!of->shaped) return LOOK;
    cut *found = &of->found;
    text line = of->line;
    int64_t time;
    bool proven;
    int32_t year = 0, month = 0;
    if (!moment(in, found, &time, &proven, &year, &month)) return LOOK;
    bool dovecot = found->pid < 0;
    const program *by;
    static const program DOVECOT = {false, false, {NULL, 0}, {"dovecot", 7}};
    if (dovecot) {
        by = &DOVECOT;
    } else {
        int64_t number = find_name(&in->programs, found->program);
        if (number < 0) return PROGRAM;
        by = &program_rows(in)[number];
    }
    bool quiet;
    switch (found->shape) {
    case LOGIN_LINE: case LOGOUT:
        quiet = of_dovecot(in, found, line, proven, time);
        break;
    case CONNECT: case TLS_LINE: case CLIENT_LINE:
        quiet = of_smtpd(in, found, line, by, time);
        break;
    case ACTIVE: case QUIET: case SENT:
        quiet = of_queue(in, found, line, by, time);
        break;
    case DISCONNECT: /* one that is not quiet is read for what it tells */
        quiet = by->smtpd && is_quiet_disconnect(found, by) && of_smtpd(in, found, line, by, time);
        if (quiet || !departure_of(found)) break;
        /* fall through */
    default: {
        enum stop outcome = tell(in, found, line, by, proven, time);
        if (outcome != AT_END) return outcome;
        quiet = true;
    }
    }
    if (!quiet) return LOOK;
    in->sums.lines++;
    if (month) in->year = year, in->month = month;
    return AT_END;
}

int32_t triage_read(reader *in, const char *block, int64_t size, int64_t from, stop_place *place) {
    upcoming lines[AHEAD + 1];
    const char *end = block + size, *at = from < size ? block + from : end;
    for (int next = 0; next <= AHEAD; next++) at = cut_next(in, &lines[next], at, end);
    for (int now = 0; lines[now].line.at != NULL; now = (now + 1) % (AHEAD + 1)) {
        const upcoming *next = &lines[(now + 1) % (AHEAD + 1)];
        if (next->line.at != NULL && next->session) fetch_entry(&in->link.sessions, next->session);
        const char *line = lines[now].line.at;
        const cut *found = &lines[now].found;
        enum stop why = read_line(in, &lines[now]);
        if (why == AT_END) {
            at = cut_next(in, &lines[now], at, end);
            continue;
        }
        *place = (stop_place){.begin = line - block, .end = line - block + (int64_t)lines[now].line.size, .year = in->year, .month = in->month};
        if (why == LOOK) in->month = 0;
        if (why == PROGRAM || why == WORDING) {
            place->program[0] = found->program.at - line, place->program[1] = place->program[0] + (int64_t)found->program.size;
            if (found->pid < 0) place->program[0] = place->program[1] = -1;
        }
        if (why == WORDING) {
            place->shape = (int32_t)found->shape;
            place->slot_count = found->slot_count;
            place->message = found->message.at - line;
            for (int at = 0; at < found->slot_count; at++) {
                bool there = found->slots[at].at != NULL;
                place->slots[at][0] = there ? found->slots[at].at - line : -1;
                place->slots[at][1] = there ? place->slots[at][0] + (int64_t)found->slots[at].size : -1;
            }
        }
        return (int32_t)why;
    }
    return AT_END;
}
