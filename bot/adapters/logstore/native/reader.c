/* Reading blocks of log: the twin of Skimmer in bot/logs/skim.py, and the functions that Python calls.
 *
 * triage_read goes on until a line needs Python, and says why. Whatever Python makes of that line it tells the same
 * memories and the same digest, so that the two ways of reading a line can take turns.
 */
#define _GNU_SOURCE /* memmem */
#include "native.h"

#include <stdlib.h>
#include <string.h>

#define LONGEST 1999
#define REMEMBERED 20000
#define HOSTS_KEPT 8192

enum stop { AT_END, LOOK, PROGRAM, WORDING };

typedef struct {
    bool rfc3339, has_hour, proven;
    char prefix[10];
    int64_t start;
    int32_t year, month; /* of the anchor; month 0: none */
} host_state;

typedef struct {
    bool smtpd, queue;
    text service, family;
} program;

typedef struct {
    linker link;
    digest sums;
    templates wordings;
    names hosts, programs;
    bytes host_rows, program_rows;
    bytes filled, linked, lowered;
    int32_t year, month; /* of the last line whose moment is known, for Python's timeline; month 0: none */
    int64_t order;       /* of the fields of a packed line */
    template learning;
    char addresses[SLOTS][64];
} reader;

typedef struct {
    int64_t begin, end;  /* the line, within the block */
    int32_t year, month; /* what Python's timeline is told before it looks; month 0: nothing new */
    int32_t shape, slot_count;
    int64_t slots[SLOTS][2]; /* begin and end within the line; -1: not there */
    int64_t program[2], message;
} stop_place;

#pragma GCC visibility push(default) /* all else is the library's own: built with -fvisibility=hidden */
reader *triage_open(int64_t order);
void triage_close(reader *in);
const char *triage_fields(void);
int32_t triage_read(reader *in, const char *block, int64_t size, int64_t from, stop_place *place);
#pragma GCC visibility pop

static memory *memory_of(reader *in, int32_t which) {
    memory *all[] = {&in->link.sessions, &in->link.connections, &in->link.messages, &in->link.callers, &in->link.asked};
    return which >= 0 && which < 5 ? all[which] : NULL;
}

reader *triage_open(int64_t order) {
    reader *in = claim(NULL, sizeof *in);
    memset(in, 0, sizeof *in);
    in->order = order;
    begin_digest(&in->sums);
    for (int32_t which = 0; memory_of(in, which); which++) begin_memory(memory_of(in, which), REMEMBERED);
    return in;
}

static void free_learning(reader *in) {
    for (int field = 0; field < FIELDS; field++) free(in->learning.fields[field].parts);
    free(in->learning.texts.at);
    memset(&in->learning, 0, sizeof in->learning);
}

static program *program_rows(reader *in) { return (program *)(void *)in->program_rows.at; }
static host_state *host_rows(reader *in) { return (host_state *)(void *)in->host_rows.at; }

static void forget_programs(reader *in) {
    for (uint32_t at = 0; at < in->programs.count; at++) {
        free((char *)program_rows(in)[at].service.at);
        free((char *)program_rows(in)[at].family.at);
    }
    in->program_rows.size = 0;
    forget_names(&in->programs);
}

void triage_close(reader *in) {
    if (in == NULL) return;
    free_learning(in);
    forget_programs(in);
    free_names(&in->programs);
    free_names(&in->hosts);
    free_digest(&in->sums);
    free_templates(&in->wordings);
    for (int32_t which = 0; memory_of(in, which); which++) free_memory(memory_of(in, which));
    bytes *all[] = {&in->host_rows, &in->program_rows, &in->filled, &in->linked, &in->lowered, &in->link.key, &in->link.second_key, &in->link.scratch};
    for (size_t at = 0; at < sizeof all / sizeof *all; at++) free(all[at]->at);
    free(in);
}

const char *triage_fields(void) { return FIELD_NAMES; }

/* -- a line as it is kept ------------------------------------------------------------------------------------------ */

static void append_json(bytes *to, text one) {
    static const char DIGITS[] = "0123456789abcdef";
    append(to, "\"", 1);
    size_t begun = 0;
    for (size_t at = 0; at < one.size; at++) {
        unsigned char byte = (unsigned char)one.at[at];
        if (byte >= 0x20 && byte != '"' && byte != '\\') continue;
        append(to, one.at + begun, at - begun);
        begun = at + 1;
        char escape[6] = {'\\', (char)byte};
        size_t size = 2;
        switch (byte) {
        case '"': case '\\': break;
        case '\n': escape[1] = 'n'; break;
        case '\r': escape[1] = 'r'; break;
        case '\t': escape[1] = 't'; break;
        case '\b': escape[1] = 'b'; break;
        case '\f': escape[1] = 'f'; break;
        default:
            escape[1] = 'u', escape[2] = escape[3] = '0', escape[4] = DIGITS[byte >> 4], escape[5] = DIGITS[byte & 15];
            size = 6;
        }
        append(to, escape, size);
    }
    append(to, one.at + begun, one.size - begun);
    append(to, "\"", 1);
}

static void append_number(bytes *to, int64_t number) {
    char digits[21];
    size_t at = sizeof digits;
    uint64_t rest = number < 0 ? -(uint64_t)number : (uint64_t)number;
    do digits[--at] = (char)('0' + rest % 10); while (rest /= 10);
    if (number < 0) digits[--at] = '-';
    append(to, digits + at, sizeof digits - at);
}

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
        store(one, DEFERRED, &facts);
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

static bool moment(reader *in, const cut *found, int64_t *time, bool *proven, int32_t *year, int32_t *month) {
    int64_t number = find_name(&in->hosts, found->host);
    if (number < 0) return false;
    const host_state *host = &host_rows(in)[number];
    if (found->rfc3339) {
        int y, m;
        if (!host->rfc3339 || (*time = moment_of(found, &y, &m)) == INT64_MIN) return false;
        *proven = true, *year = y, *month = m;
        return true;
    }
    const char *at = found->stamp.at;
    int minutes = (at[10] - '0') * 10 + (at[11] - '0'), seconds = (at[13] - '0') * 10 + (at[14] - '0');
    if (!host->has_hour || memcmp(host->prefix, at, sizeof host->prefix) != 0 || minutes > 59 || seconds > 59) return false;
    *time = host->start + (minutes * 60 + seconds) * 1000000LL;
    *proven = host->proven, *year = host->year, *month = host->month;
    return true;
}

/* -- the block ----------------------------------------------------------------------------------------------------- */

static bool is_plain(const char *at, const char *end) {
    unsigned char odd = 0, hash = 0;
    for (; at < end; at++) {
        odd |= (unsigned char)(*at - 0x20) > 0x5e;
        hash |= *at == '#';
    }
    return !(odd | hash);
}

static bool is_escaped(text line) {
    for (size_t at = 0; at < line.size; at++)
        if ((unsigned char)(line.at[at] - 0x20) > 0x5e) return true;
    return contains(line, TEXT("#033["));
}

static enum stop read_line(reader *in, cut *found, text line) {
    if (line.size > LONGEST || (!is_plain(line.at, line.at + line.size) && is_escaped(line))) return LOOK;
    if (!shape_of(found, line.at, line.at + line.size)) return LOOK;
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
    cut found;
    while (from < size) {
        const char *line = block + from, *end = memchr(line, '\n', (size_t)(size - from));
        if (end == NULL) end = block + size;
        enum stop why = read_line(in, &found, (text){line, (size_t)(end - line)});
        if (why == AT_END) {
            from = end - block + 1;
            continue;
        }
        *place = (stop_place){.begin = from, .end = end - block, .year = in->year, .month = in->month};
        if (why == LOOK) in->month = 0;
        if (why == PROGRAM || why == WORDING) {
            place->program[0] = found.program.at - line, place->program[1] = place->program[0] + (int64_t)found.program.size;
            if (found.pid < 0) place->program[0] = place->program[1] = -1;
        }
        if (why == WORDING) {
            place->shape = (int32_t)found.shape;
            place->slot_count = found.slot_count;
            place->message = found.message.at - line;
            for (int at = 0; at < found.slot_count; at++) {
                bool there = found.slots[at].at != NULL;
                place->slots[at][0] = there ? found.slots[at].at - line : -1;
                place->slots[at][1] = there ? place->slots[at][0] + (int64_t)found.slots[at].size : -1;
            }
        }
        return (int32_t)why;
    }
    return AT_END;
}

/* -- what Python tells --------------------------------------------------------------------------------------------- */

#define GIVEN(name) const char *name, size_t name##_size
#define TAKEN(name) ((text){name, name##_size})

#pragma GCC visibility push(default)
void triage_know_host(reader *in, GIVEN(host), int32_t rfc3339, const char *prefix, int64_t start, int32_t proven, int32_t year, int32_t month);
void triage_forget_hours(reader *in);
void triage_know_program(reader *in, GIVEN(name), int32_t smtpd, int32_t queue, GIVEN(service), GIVEN(family));
void triage_learn_number(reader *in, int32_t field, int64_t number);
void triage_learn_part(reader *in, int32_t field, int64_t slot, GIVEN(words));
void triage_learn(reader *in, int32_t known, int32_t fresh, int32_t kept, int32_t departs, int32_t probe, int32_t nameless_probe);
#pragma GCC visibility pop

static host_state *host_of(reader *in, text host) {
    bool fresh;
    if (in->hosts.count >= HOSTS_KEPT && find_name(&in->hosts, host) < 0) return NULL; /* its lines are Python's */
    uint32_t number = number_of(&in->hosts, host, &fresh);
    host_state none = {0};
    if (fresh) append(&in->host_rows, &none, sizeof none);
    return &host_rows(in)[number];
}

/* `prefix` NULL: the hour of its clock is not known (any more). */
void triage_know_host(reader *in, GIVEN(host), int32_t rfc3339, const char *prefix, int64_t start, int32_t proven, int32_t year, int32_t month) {
    host_state *state = host_of(in, TAKEN(host));
    if (state == NULL) return;
    if (rfc3339) {
        state->rfc3339 = true;
        return;
    }
    state->has_hour = prefix != NULL;
    if (prefix == NULL) return;
    memcpy(state->prefix, prefix, sizeof state->prefix);
    state->start = start, state->proven = proven != 0, state->year = year, state->month = month;
}

void triage_forget_hours(reader *in) {
    for (uint32_t at = 0; at < in->hosts.count; at++) host_rows(in)[at].has_hour = false;
}

static text copied(text one) {
    if (one.at == NULL) return one;
    char *made = claim(NULL, one.size);
    memcpy(made, one.at, one.size);
    return (text){made, one.size};
}

void triage_know_program(reader *in, GIVEN(name), int32_t smtpd, int32_t queue, GIVEN(service), GIVEN(family)) {
    bool fresh;
    if (in->programs.count >= HOSTS_KEPT) forget_programs(in);
    number_of(&in->programs, TAKEN(name), &fresh);
    if (!fresh) return;
    program row = {smtpd != 0, queue != 0, copied(TAKEN(service)), copied(TAKEN(family))};
    append(&in->program_rows, &row, sizeof row);
}

void triage_learn_number(reader *in, int32_t field, int64_t number) {
    if (field < 0 || field >= FIELDS) return;
    in->learning.fields[field].number = number;
    in->learning.fields[field].is_number = true;
}

/* The next part of a field: a slot, LOWERED more for its lower case, or NONE and the text itself. */
void triage_learn_part(reader *in, int32_t field, int64_t slot, GIVEN(words)) {
    if (field < 0 || field >= FIELDS || (slot != NONE && (slot < 0 || slot % LOWERED >= SLOTS))) return;
    if (in->learning.texts.size == 0) append(&in->learning.texts, "", 1); /* an empty text has a place, too */
    int count = in->learning.fields[field].part_count++;
    in->learning.fields[field].parts = claim(in->learning.fields[field].parts, (size_t)(count + 1) * sizeof(part));
    in->learning.fields[field].parts[count] = (part){slot, in->learning.texts.size, words_size};
    append(&in->learning.texts, words, words_size);
}

/* The wording at which the reader stopped is known from now on. */
void triage_learn(reader *in, int32_t known, int32_t fresh, int32_t kept, int32_t departs, int32_t probe, int32_t nameless_probe) {
    in->learning.known = known != 0, in->learning.fresh = fresh != 0, in->learning.kept = kept != 0;
    in->learning.departs = departs != 0, in->learning.probe = probe != 0, in->learning.nameless_probe = nameless_probe != 0;
    if (learn_template(&in->wordings, &in->learning)) memset(&in->learning, 0, sizeof in->learning);
    else free_learning(in);
}

/* -- what Python made of the lines that it looked at: the same tables ---------------------------------------------- */

#pragma GCC visibility push(default)
void triage_count(reader *in, int64_t lines);
void triage_cover(reader *in, GIVEN(host), GIVEN(family), GIVEN(service), int64_t time);
void triage_visit(reader *in, GIVEN(host), GIVEN(family), GIVEN(address), int64_t time);
void triage_succeed(reader *in, GIVEN(host), GIVEN(service), GIVEN(mailbox), GIVEN(address), GIVEN(session), int64_t time, GIVEN(client), GIVEN(version));
void triage_end(reader *in, GIVEN(host), GIVEN(session), int64_t time);
void triage_learn_client(reader *in, GIVEN(host), GIVEN(session), GIVEN(client), GIVEN(version));
int64_t triage_keep(reader *in, int64_t time, GIVEN(packed));
void triage_clear(reader *in);
int64_t triage_table(reader *in, int32_t which, const char **at);
int64_t triage_ends(reader *in, int32_t which, const char **at);
#pragma GCC visibility pop

void triage_count(reader *in, int64_t lines) { in->sums.lines += lines; }

void triage_cover(reader *in, GIVEN(host), GIVEN(family), GIVEN(service), int64_t time) {
    cover(&in->sums, TAKEN(host), TAKEN(family), TAKEN(service), time);
}

void triage_visit(reader *in, GIVEN(host), GIVEN(family), GIVEN(address), int64_t time) {
    visit(&in->sums, TAKEN(host), TAKEN(family), TAKEN(address), time);
}

void triage_succeed(reader *in, GIVEN(host), GIVEN(service), GIVEN(mailbox), GIVEN(address), GIVEN(session), int64_t time, GIVEN(client), GIVEN(version)) {
    succeed(&in->sums, TAKEN(host), TAKEN(service), TAKEN(mailbox), TAKEN(address), TAKEN(session), time, TAKEN(client), TAKEN(version));
}

void triage_end(reader *in, GIVEN(host), GIVEN(session), int64_t time) { end_session(&in->sums, TAKEN(host), TAKEN(session), time); }

void triage_learn_client(reader *in, GIVEN(host), GIVEN(session), GIVEN(client), GIVEN(version)) {
    learn_client(&in->sums, TAKEN(host), TAKEN(session), TAKEN(client), TAKEN(version));
}

/* Returns the line's number within the batch. */
int64_t triage_keep(reader *in, int64_t time, GIVEN(packed)) {
    int64_t number = (int64_t)(in->sums.kept.size / sizeof(kept_line));
    keep_for_python(&in->sums, time);
    append(&in->sums.packed, packed, packed_size);
    close_line(&in->sums);
    return number;
}

void triage_clear(reader *in) { clear_digest(&in->sums); }

/* The bytes of a table, until the next call that tells something; -1 where there is no such table. Negative numbers
 * are for rows, others for texts. */
int64_t triage_table(reader *in, int32_t which, const char **at) {
    if (which == 0) {
        *at = NULL;
        return in->sums.lines;
    }
    const bytes *table = which < 0 ? rows_of(&in->sums, -which - 1) : NULL;
    const names *texts = which > 0 ? names_of(&in->sums, which - 1) : NULL;
    if (texts != NULL) table = &texts->all;
    if (table == NULL) return -1;
    *at = table->at;
    return (int64_t)table->size;
}

/* Where each text of a table ends. */
int64_t triage_ends(reader *in, int32_t which, const char **at) {
    const names *texts = which > 0 ? names_of(&in->sums, which - 1) : NULL;
    if (texts == NULL) return -1;
    *at = (const char *)(const void *)texts->ends;
    return (int64_t)(texts->count * sizeof *texts->ends);
}

/* -- the linker's memories, for the lines that Python links --------------------------------------------------------- */

typedef struct {
    int32_t kind, lines;
    known facts;
    const char *data;
    int64_t size;
} recalled;

#pragma GCC visibility push(default)
int32_t triage_recall(reader *in, int32_t which, GIVEN(key), recalled *out);
void triage_remember(reader *in, int32_t which, GIVEN(key), const known *facts);
void triage_forget(reader *in, int32_t which, GIVEN(key));
int64_t triage_remembered(reader *in, int32_t which);
#pragma GCC visibility pop

/* 1 where the key is known; it is then the newest. */
int32_t triage_recall(reader *in, int32_t which, GIVEN(key), recalled *out) {
    memory *from = memory_of(in, which);
    entry *one = from ? remembered(from, TAKEN(key)) : NULL;
    if (one == NULL) return 0;
    *out = (recalled){(int32_t)one->kind, one->lines, one->facts, one->data.at, (int64_t)one->data.size};
    return 1;
}

void triage_remember(reader *in, int32_t which, GIVEN(key), const known *facts) {
    memory *to = memory_of(in, which);
    if (to) store(remember(to, TAKEN(key), true), KNOWN, facts);
}

void triage_forget(reader *in, int32_t which, GIVEN(key)) {
    memory *from = memory_of(in, which);
    entry *one = from ? look_up(from, TAKEN(key)) : NULL;
    if (one != NULL) forget(from, one);
}

int64_t triage_remembered(reader *in, int32_t which) {
    memory *from = memory_of(in, which);
    return from ? from->count : 0;
}
