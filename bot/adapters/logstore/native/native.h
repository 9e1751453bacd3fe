/* The native log reader: what a block of mail log tells, without an object for each line.
 *
 * The reference is bot/logs/skim.py and what it stands on: every rule here has its twin there, and a line that does
 * not fit a shape exactly is handed back to Python. Nothing here reads beyond a line's last byte, and nothing is
 * kept of a line but copies. Text is bytes with a length, never NUL-terminated.
 */
#ifndef TRIAGE_NATIVE_H
#define TRIAGE_NATIVE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

typedef struct {
    const char *at; /* NULL: not stated */
    size_t size;
} text;

#define NOTHING ((text){NULL, 0})
#define TEXT(literal) ((text){(literal), sizeof(literal) - 1})

/* -- names.c: bytes, and tables of distinct texts ------------------------------------------------------------------ */

typedef struct {
    char *at;
    size_t size, room;
} bytes;

void *claim(void *old, size_t size); /* realloc that ends the process where there is no memory */
void widen_bytes(bytes *to, size_t more);
void append_json(bytes *to, text one); /* as a JSON string */
void append_number(bytes *to, int64_t number);
uint64_t hash_of(const char *at, size_t size);

/* Small pieces are put together for nearly every line: these are part of whoever calls them. */

/* Room for so many more bytes. */
static inline void make_room(bytes *to, size_t more) {
    if (to->room - to->size < more) widen_bytes(to, more);
}

static inline void append(bytes *to, const void *from, size_t size) {
    make_room(to, size);
    if (size) memcpy(to->at + to->size, from, size);
    to->size += size;
}

static inline void append_i64(bytes *to, int64_t value) { append(to, &value, sizeof value); }
static inline void append_i32(bytes *to, int32_t value) { append(to, &value, sizeof value); }

/* Bytes as rows of a table. */
#define ROWS(type, table) ((type *)(void *)(table).at)
#define COUNT(type, table) ((table).size / sizeof(type))

static inline bool same(text one, text other) {
    if ((one.at == NULL) != (other.at == NULL)) return false;
    return one.size == other.size && (one.size == 0 || memcmp(one.at, other.at, one.size) == 0);
}

/* Many bytes at a time, in the compiler's own way, which fits every processor. */
#define LANES 16
typedef unsigned char lanes __attribute__((vector_size(LANES)));

static inline lanes lanes_at(const char *at) {
    lanes read;
    memcpy(&read, at, LANES);
    return read;
}

static inline bool in_some_lane(lanes any) {
    uint64_t halves[2];
    memcpy(halves, &any, sizeof halves);
    return (halves[0] | halves[1]) != 0;
}

/* True where JSON shows every byte as it is. Without a branch, so that the compiler looks at many bytes at a time. */
static inline bool is_bare(text one) {
    unsigned char odd = 0;
    for (size_t at = 0; at < one.size; at++) {
        unsigned char byte = (unsigned char)one.at[at];
        odd |= (unsigned char)((byte < 0x20) | (byte == '"') | (byte == '\\'));
    }
    return odd == 0;
}

/* Distinct texts, numbered from 0 in the order in which they came. */
typedef struct {
    bytes all;
    uint64_t *hashes;
    size_t *ends;
    uint32_t count, room;
    uint64_t *slots; /* half of the hash, and number + 1; 0: free */
    uint32_t mask;
} names;

uint32_t number_of(names *in, text name, bool *fresh);
int64_t find_name(const names *in, text name); /* -1: not there */
void fetch_name(const names *in, text name);   /* into the processor's cache */
text name_of(const names *in, uint32_t number);
void forget_names(names *in); /* keeps the room */
void free_names(names *in);

/* -- memory.c: what is remembered of sessions, connections and messages, within bounds (bot/logs/memory.py) -------- */

enum { SERVICE, LOGIN, MAILBOX, REMOTE_IP, MECHANISM, TLS, CLIENT, VERSION, KNOWN_TEXTS };
enum kind { KNOWN, DEFERRED, LINES };

typedef struct {
    int64_t since, port;
    bool has_since, has_port, proven;
    text s[KNOWN_TEXTS];
} known;

#define KEY_ROOM 48 /* of most keys: a session id; a host, a program and a pid */

/* What is looked at for every line comes first: most entries are no longer in the processor's cache. */
typedef struct entry entry;
struct entry {
    uint64_t hash;
    entry *chain, *older, *newer;
    char *key; /* `near`, or behind the entry where it is longer */
    size_t key_size, key_room;
    enum kind kind;
    int lines;  /* of LINES */
    bytes data; /* what the texts of facts point into, or the lines: time, size, bytes */
    char near[KEY_ROOM];
    bool plain; /* no text of it needs Python's rules for letters */
    known facts;
};

typedef struct {
    entry **slots;
    uint32_t mask, count, capacity;
    entry *oldest, *newest;
    entry *spare;  /* forgotten ones, to be used again: most connections are known for moments */
    bytes scratch; /* what the texts of an entry are put together in */
} memory;

void begin_memory(memory *in, uint32_t capacity);
void free_memory(memory *in);
entry *remembered(memory *in, text key);            /* and now the newest; NULL: not there */
entry *look_up(memory *in, text key);               /* where it stands */
entry *remember(memory *in, text key, bool refresh); /* the oldest goes where it is full */
void forget(memory *in, entry *one);
void fetch_slot(const memory *in, uint64_t hash);  /* into the processor's cache: where its entry is named, */
void fetch_entry(const memory *in, uint64_t hash); /* and then the entry */
void store(memory *in, entry *one, enum kind kind, const known *facts);

/* -- shapes.c: which shape a line has (bot/logs/shapes.py) --------------------------------------------------------- */

enum shape {
    OTHER, LOGIN_LINE, LOGOUT, CONNECT, DISCONNECT, TLS_LINE, CLIENT_LINE, ACTIVE, QUIET, SENT, /* nothing goes wrong */
    TURNED_AWAY, REFUSED, SASL, GONE, REJECTED /* a failure is explained: `fixed` and `slots` are filled in */
};
#define SLOTS 6
#define FIXED 4

typedef struct {
    enum shape shape;
    text stamp, zone, host, program, message;
    bool rfc3339;
    int64_t pid; /* -1: not stated */
    /* quiet shapes */
    text service, user, ip, session, counts, protocol, queue, mechanism, sender;
    /* telling shapes: what the daemon words itself, and what differs from line to line */
    text fixed[FIXED], slots[SLOTS];
    int fixed_count, slot_count;
} cut;

bool shape_of(cut *found, const char *line, const char *end);
bool departure_of(cut *found); /* the same line as one that tells how a client left */
bool may_hold_secret(text line);
bool is_troubled(text line);
bool same_address(text packed, text address); /* network bytes, and an address as written */
bool is_ipv4(text address); /* in its usual spelling */
bool canonical(text address, char *room, size_t size, text *out); /* false: no address */
int64_t within_minute(text stamp); /* microseconds of an RFC 3339 stamp's seconds and fraction */
int64_t moment_of(const cut *found, int *year, int *month); /* microseconds of an RFC 3339 stamp; INT64_MIN: none */

/* -- digest.c: what the lines come to (bot/adapters/logstore/digest.py) --------------------------------------------
 *
 * Rows are of whole numbers, so that Python reads each table with one call; a text stands in `words` once and is
 * named by its number there.
 */

#define HOUR_MICROS 3600000000LL
#define MINUTE_MICROS 60000000LL
#define BLOCK_LINES 8
#define NONE (-1)
#define BY_PYTHON (-2)

typedef struct { int64_t mailbox, address, service, host; } person;            /* words */
typedef struct { int64_t hour, sum; } last_hour;                               /* of a person, and the row that it is summed in */
typedef struct { int64_t who, client, hour, count, first, last; } sum;         /* client NONE: not known */
typedef struct { int64_t who, client, host, start, end; } session;             /* end INT64_MIN: not seen */
typedef struct { int64_t source, minute, lines, first, last; } minute;
typedef struct { int64_t time, login, address, failed; } kept_line;            /* login BY_PYTHON: found by what Python knows */
typedef struct { int64_t login, first, last; } seen_login;
typedef struct { int64_t hour, event, reason, service, host, tls, count; } failure;
typedef struct { int64_t host, session, time; } late_end;
typedef struct { int64_t host, session, client; } late_client;
typedef struct { int64_t source, time, address; } visitor;

/* keys.c: by what the words are found */
typedef struct { int64_t name, domain, network, kept_from; } word_keys;      /* NONE: no key; kept_from is of a host */
typedef struct { int64_t tag, person; } keyed_person;
#define ASKED (-2) /* a network that Python is asked for */

/* pack.c: the rows of the embedded store */
#define FINDS_PACKED 256
#define SAMPLE 64
typedef struct { int64_t key, time, place; } found_by;                       /* place: the line's number in the batch */
typedef struct { int64_t key, from, to, end; } packed;                       /* of a key, a person or a block; end within the data */
typedef struct { int64_t tag, name, domain, network, mailbox, address, service, host; } who_row; /* keys, then words */
typedef struct { int64_t tag, who, start, first, end; } open_session;        /* first: of its row */
typedef struct { int64_t host, address, start, end; } sampled;               /* words */
typedef struct { int64_t tag, time; } ended_late;
typedef struct { int64_t tag, client; } named_late;

/* Lines come from one host for a while, and within one minute: what was found last is looked at first. */
#define RECENT_SERVICES 4
typedef struct {
    bytes host, family;
    int64_t word, source; /* of the host; of host and family */
    bool has_host, has_source, has_minute;
    int64_t minute;
    uint32_t row; /* of that minute and source */
    struct { char name[12]; size_t size; int64_t source; } services[RECENT_SERVICES];
    int service_count;
} recent;

typedef struct {
    int64_t lines;
    recent last;
    bytes room;
    names words;
    names people;   /* number of host, service, mailbox, address: see person_key */
    names sources;  /* numbers of host and family */
    names faces;    /* numbers of source and service */
    names clients;  /* numbers of client and version, or NONE */
    names sessions; /* number of host, then the session's id */
    names by_hour, by_minute, by_login, by_cause; /* what the rows below are found by */
    bytes sums, session_rows, minutes, kept, packed, packed_ends, logins, failures, ends, late_clients, visits;
    bytes person_rows, last_hours;
    bytes word_keys, asked, keyed_people; /* of keys.c */
    bytes block_rows, finds, find_rows, find_data, who_rows, success_rows, success_data; /* of pack.c */
    bytes session_groups, session_data, open_rows, open_data, sample_rows, sample_data, ended_rows, named_rows;
    memory known_clients; /* of sessions that named their program; outlives a batch */
} digest;

void begin_digest(digest *in);
void clear_digest(digest *in);
void free_digest(digest *in);
names *names_of(digest *in, int number); /* its tables one by one; NULL behind the last */
bytes *rows_of(digest *in, int number);
void cover(digest *in, text host, text family, text service, int64_t time);
void foresee(digest *in, const cut *found); /* a line like that is summed up soon */
void visit(digest *in, text host, text family, text address, int64_t time);
void succeed(digest *in, text host, text service, text mailbox, text address, text session, int64_t time, text client, text version);
void end_session(digest *in, text host, text session, int64_t time);
void learn_client(digest *in, text host, text session, text client, text version);
void keep(digest *in, int64_t time, text login, text address, bool failed);
void keep_for_python(digest *in, int64_t time);
void count_failure(digest *in, int64_t time, text event, text reason, text service, text host, text tls);
int64_t digest_of(bytes *room, char kind, const text *parts, int count);
void close_line(digest *in); /* a line was packed: it ends here, and so does its block every BLOCK_LINES */

/* -- templates.c: lines of a known wording (bot/logs/template.py) -------------------------------------------------- */

enum field { /* the order of LogEvent's fields; FIELD_NAMES says it to Python, which compares */
    F_RAW, F_EVENT, F_OUTCOME, F_TIME, F_HOST, F_PROGRAM, F_SERVICE, F_PID, F_SESSION, F_QUEUE_ID, F_REASON, F_MAILBOX, F_LOGIN,
    F_REMOTE_IP, F_REMOTE_PORT, F_LOCAL_IP, F_TLS, F_MECHANISM, F_REPLY_CODE, F_ENHANCED_STATUS, F_FORMAT, F_DETAIL, F_SENDER,
    F_RECIPIENT, F_CLIENT, F_CLIENT_VERSION, F_ATTEMPTS, F_SECONDS, F_LIMIT, FIELDS
};
#define FIELD_NAMES                                                                                                              \
    "raw,event,outcome,time,host,program,service,pid,session,queue_id,reason,mailbox,login,remote_ip,remote_port,local_ip,tls," \
    "mechanism,reply_code,enhanced_status,format,detail,sender,recipient,client,client_version,attempts,seconds,limit"

typedef struct {
    text s; /* NOTHING where it is a number or not stated */
    int64_t n;
    bool is_number;
} value;

typedef struct {
    int64_t slot; /* NONE: the text itself; LOWERED more: in lower case */
    size_t start, size;
} part;
#define LOWERED 100

typedef struct {
    bool known;    /* false: lines of this wording are always parsed */
    bool fresh;    /* its session id began just now */
    bool departs;  /* a line that ends an smtpd connection */
    bool kept;     /* it is kept verbatim */
    bool probe, nameless_probe; /* it looks like a health probe: always, or where nobody logged in */
    struct { int64_t number; part *parts; int part_count; bool is_number; } fields[FIELDS];
    bytes texts;
} template;

typedef struct {
    names keys;
    bytes rows; /* of template */
    bytes pending;
} templates;

void free_templates(templates *in);
template *template_of(templates *in, const cut *found, const char *kinds); /* NULL: to be learned, its key is pending */
bool learn_template(templates *in, const template *learned);
void fill_in(const template *of, const text *slots, value *out, bytes *room);

/* -- link.c: what the lines of one connection know of each other (bot/logs/link.py) -------------------------------- */

typedef struct {
    memory sessions, connections, messages, callers, asked;
    bytes key, second_key, scratch;
} linker;

text key_of_connection(bytes *room, text host, text program, int64_t pid);
text key_of_pair(bytes *room, text first, text second);
bool defer_session(linker *in, text session, int64_t time, text line);
void defer_connect(linker *in, text connection, int64_t time, text address, text service);
entry *deferred(linker *in, text connection, int64_t time, text address);
bool defer_message(linker *in, text connection, text host, int64_t time, text address, text queue, text mechanism, text login);
void defer_queued(linker *in, text host, text queue, int64_t time, text sender);
bool link_event(linker *in, const template *of, value *event, int64_t time, bytes *room); /* false: Python has to */

/* -- reader.c reads, calls.c is what Python calls -------------------------------------------------------------------- */

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
    digest sums;  /* of the batch that is being read */
    digest taken; /* of the one before, which Python makes into rows, perhaps in another thread */
    templates wordings;
    names hosts, programs;
    uint32_t last_host;
    struct { char head[17], zone[6]; size_t zone_size; int64_t start; int year, month; } last_minute; /* zone_size 0: none yet */
    bytes host_rows, program_rows;
    bytes filled, linked, lowered;
    int32_t year, month; /* of the last line whose moment is known, for Python's timeline; month 0: none */
    int64_t order;       /* of the fields of a packed line */
    template learning;
    char addresses[SLOTS][64];
} reader;

static inline program *program_rows(reader *in) { return (program *)(void *)in->program_rows.at; }
static inline host_state *host_rows(reader *in) { return (host_state *)(void *)in->host_rows.at; }

#endif
