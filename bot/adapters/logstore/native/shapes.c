/* Which shape a line has: the twin of the pattern in bot/logs/shapes.py, alternative by alternative.
 *
 * Every run of a class is followed by a byte that is not in the class, so reading it greedily is the only way to
 * read it, and each line is read once from left to right.
 */
#include "native.h"

#include <arpa/inet.h>
#include <string.h>

enum {
    WORD = 1,      /* [\w] */
    NAME = 2,      /* [\w.-] */
    USER = 4,      /* [\w.+@-] */
    IP = 8,        /* [0-9A-Fa-f:.] */
    BASE64 = 16,   /* [A-Za-z0-9+/=] */
    PATH = 32,     /* [\w./-] */
    DIGIT = 64,
    DELAY = 128,   /* [0-9./] */
    UPPER = 256,
    LOWER = 512,   /* [a-z0-9] */
    COUNTS = 1024, /* [a-z0-9= ] */
    DASHED = 2048, /* [\w-] */
    ALNUM = 4096,
    DOTTED = 8192, /* [0-9.] */
};

#define D (WORD | NAME | USER | IP | BASE64 | PATH | DIGIT | DELAY | LOWER | COUNTS | DASHED | ALNUM | DOTTED)
#define U (WORD | NAME | USER | BASE64 | PATH | UPPER | DASHED | ALNUM)
#define L (WORD | NAME | USER | BASE64 | PATH | LOWER | COUNTS | DASHED | ALNUM)
static const uint16_t CLASSES[256] = {
    ['0' ... '9'] = D,
    ['A' ... 'F'] = U | IP, ['G' ... 'Z'] = U,
    ['a' ... 'f'] = L | IP, ['g' ... 'z'] = L,
    ['_'] = WORD | NAME | USER | PATH | DASHED,
    ['.'] = NAME | USER | IP | PATH | DELAY | DOTTED,
    ['-'] = NAME | USER | PATH | DASHED,
    ['+'] = USER | BASE64, ['@'] = USER, [':'] = IP,
    ['/'] = BASE64 | PATH | DELAY, ['='] = BASE64 | COUNTS, [' '] = COUNTS,
};
#undef D
#undef U
#undef L

typedef struct {
    const char *at, *end;
} cursor;

static inline bool in_class(char byte, int class) { return (CLASSES[(unsigned char)byte] & class) != 0; }

static inline bool expect(cursor *in, const char *literal, size_t size) {
    if ((size_t)(in->end - in->at) < size || memcmp(in->at, literal, size) != 0) return false;
    in->at += size;
    return true;
}
#define EXPECT(in, literal) expect(in, literal, sizeof(literal) - 1)

static inline text run(cursor *in, int class) {
    const char *start = in->at;
    while (in->at < in->end && in_class(*in->at, class)) in->at++;
    return (text){start, (size_t)(in->at - start)};
}

/* At least one byte of the class. */
static inline bool some(cursor *in, int class, text *out) {
    *out = run(in, class);
    return out->size > 0;
}

static inline bool at_end(const cursor *in) { return in->at == in->end; }

/* Everything up to the first of `stops`, which is not taken; false where there is none. Of each set there is a table of
 * all bytes, so that a byte takes one look. */
static inline bool until_any(cursor *in, const bool *stops, text *out) {
    const char *start = in->at;
    while (in->at < in->end && !stops[(unsigned char)*in->at]) in->at++;
    *out = (text){start, (size_t)(in->at - start)};
    return in->at < in->end;
}
#define STOPS(name, ...) static const bool name[256] = {__VA_ARGS__}
STOPS(AT_SPACE, [' '] = 1);
STOPS(AT_SPACE_COMMA, [' '] = 1, [','] = 1);
STOPS(AT_ROUND, ['('] = 1, [')'] = 1);
STOPS(AT_ANGLES, ['<'] = 1, ['>'] = 1);
STOPS(AT_ANGLES_SPACE, ['<'] = 1, ['>'] = 1, [' '] = 1);
STOPS(AT_ANGLES_COMMA_QUOTE_SPACE, ['<'] = 1, ['>'] = 1, [','] = 1, ['"'] = 1, [' '] = 1);
STOPS(AT_ANGLES_EQUALS, ['<'] = 1, ['>'] = 1, ['='] = 1);
STOPS(AT_ANGLES_SEMICOLON, ['<'] = 1, ['>'] = 1, [';'] = 1);
STOPS(AT_ANGLES_SEMICOLON_EQUALS, ['<'] = 1, ['>'] = 1, [';'] = 1, ['='] = 1);
STOPS(AT_BRACKETS, ['('] = 1, [')'] = 1, ['<'] = 1, ['>'] = 1, [','] = 1);
STOPS(AT_EQUALS_SQUARE, ['='] = 1, ['['] = 1, [']'] = 1);
#undef STOPS

static inline bool ends_with(text in, const char *literal, size_t size) {
    return in.size >= size && memcmp(in.at + in.size - size, literal, size) == 0;
}
#define ENDS_WITH(in, literal) ends_with(in, literal, sizeof(literal) - 1)

static inline text between(const char *start, const char *end) { return (text){start, (size_t)(end - start)}; }

/* NAME[IP] */
static inline bool peer(cursor *in, text *name, text *ip) {
    *name = run(in, NAME);
    return EXPECT(in, "[") && some(in, IP, ip) && EXPECT(in, "]");
}

/* -- Dovecot ------------------------------------------------------------------------------------------------------- */

static bool login(cut *found, cursor in) {
    text ignored;
    found->service = between(in.at, in.at + 4);
    if (!EXPECT(&in, "imap") && !EXPECT(&in, "pop3")) return false;
    if (!EXPECT(&in, "-login: ") || (!EXPECT(&in, "Login") && !EXPECT(&in, "Logged in")) || !EXPECT(&in, ": user=<")) return false;
    if (!until_any(&in, AT_ANGLES, &found->user) || found->user.size == 0 || !EXPECT(&in, ">, method=")) return false;
    if (!some(&in, DASHED, &ignored) || !EXPECT(&in, ", rip=") || !some(&in, IP, &found->ip)) return false;
    if (!EXPECT(&in, ", lip=") || !some(&in, IP, &ignored) || !EXPECT(&in, ", mpid=") || !some(&in, DIGIT, &ignored)) return false;
    (void)EXPECT(&in, ", TLS");
    if (!EXPECT(&in, ", session=<") || !until_any(&in, AT_ANGLES_SPACE, &found->session) || found->session.size == 0) return false;
    if (!EXPECT(&in, ">") || !at_end(&in)) return false;
    found->shape = LOGIN_LINE;
    return true;
}

static bool logout(cut *found, cursor in) {
    text ignored;
    found->service = between(in.at, in.at + 4);
    if ((!EXPECT(&in, "imap") && !EXPECT(&in, "pop3")) || !EXPECT(&in, "(")) return false;
    if (!until_any(&in, AT_ROUND, &ignored) || !EXPECT(&in, ")<") || !some(&in, DIGIT, &ignored) || !EXPECT(&in, "><")) return false;
    if (!until_any(&in, AT_ANGLES_SPACE, &found->session) || found->session.size == 0 || !EXPECT(&in, ">: ")) return false;
    if (!EXPECT(&in, "Logged out") && !EXPECT(&in, "Disconnected") && !EXPECT(&in, "Connection closed")) return false;
    found->shape = LOGOUT;
    return true;
}

static bool turned_away(cut *found, cursor in) {
    const char *start = in.at;
    text words;
    if (!some(&in, LOWER, &words) || !EXPECT(&in, "-login: ")) return false;
    if (!until_any(&in, AT_ANGLES_EQUALS, &words) || !ENDS_WITH(words, ": user") || !EXPECT(&in, "=<")) return false;
    found->fixed[0] = between(start, in.at);
    found->slots[0] = run(&in, USER);
    start = in.at;
    if (!EXPECT(&in, ">")) return false;
    if (EXPECT(&in, ", method=") && !some(&in, DASHED, &words)) return false;
    if (!EXPECT(&in, ", rip=")) return false;
    found->fixed[1] = between(start, in.at);
    if (!some(&in, IP, &found->slots[1])) return false;
    start = in.at;
    if (!EXPECT(&in, ", lip=") || !until_any(&in, AT_ANGLES, &words) || !ENDS_WITH(words, ", session=") || !EXPECT(&in, "<")) return false;
    found->fixed[2] = between(start, in.at);
    if (!some(&in, BASE64, &found->slots[2]) || !EXPECT(&in, ">") || !at_end(&in)) return false;
    found->shape = TURNED_AWAY;
    found->fixed_count = found->slot_count = 3;
    return true;
}

static bool refused(cut *found, cursor in) {
    const char *start = in.at;
    text ignored;
    if (!EXPECT(&in, "auth: ") || at_end(&in) || *in.at < 'a' || *in.at > 'z') return false;
    run(&in, DASHED);
    if (!EXPECT(&in, "(")) return false;
    found->fixed[0] = between(start, in.at);
    if (!some(&in, USER, &found->slots[0]) || !EXPECT(&in, ",") || !some(&in, IP, &found->slots[1])) return false;
    found->slots[2] = NOTHING;
    if (EXPECT(&in, ",<") && (!some(&in, BASE64, &found->slots[2]) || !EXPECT(&in, ">"))) return false;
    start = in.at;
    if (!EXPECT(&in, "): ") || until_any(&in, AT_BRACKETS, &ignored)) return false;
    found->fixed[1] = between(start, in.end);
    found->shape = REFUSED;
    found->fixed_count = 2;
    found->slot_count = 3;
    return true;
}

/* -- Postfix ------------------------------------------------------------------------------------------------------- */

static bool sent(cursor in) {
    text ignored;
    if (!EXPECT(&in, "to=<") || !until_any(&in, AT_ANGLES_COMMA_QUOTE_SPACE, &ignored) || !EXPECT(&in, ">, ")) return false;
    if (EXPECT(&in, "orig_to=<") && (!until_any(&in, AT_ANGLES_COMMA_QUOTE_SPACE, &ignored) || !EXPECT(&in, ">, "))) return false;
    if (!EXPECT(&in, "relay=") || !until_any(&in, AT_SPACE_COMMA, &ignored) || ignored.size == 0 || !EXPECT(&in, ", ")) return false;
    if (EXPECT(&in, "conn_use=") && (!some(&in, DIGIT, &ignored) || !EXPECT(&in, ", "))) return false;
    if (!EXPECT(&in, "delay=") || !some(&in, DOTTED, &ignored) || !EXPECT(&in, ", delays=") || !some(&in, DELAY, &ignored)) return false;
    if (!EXPECT(&in, ", dsn=2.") || !some(&in, DIGIT, &ignored) || ignored.size > 3 || !EXPECT(&in, ".")) return false;
    if (!some(&in, DIGIT, &ignored) || ignored.size > 3 || !EXPECT(&in, ", status=sent (")) return false;
    return in.end > in.at && in.end[-1] == ')';
}

static bool queued(cut *found, cursor in) {
    text ignored;
    if (in.at < in.end && in_class(*in.at, LOWER) && !in_class(*in.at, DIGIT)) return false; /* [0-9A-Z] begins it */
    if (!some(&in, ALNUM, &found->queue) || found->queue.size < 6 || found->queue.size > 24 || !EXPECT(&in, ": ")) return false;
    if (at_end(&in)) return false;
    switch (*in.at) {
    case 'r':
        if (!EXPECT(&in, "removed") || !at_end(&in)) return false;
        found->shape = QUIET;
        return true;
    case 'm':
        if (!EXPECT(&in, "message-id=")) return false;
        found->shape = QUIET;
        return true;
    case 'c':
        found->mechanism = found->user = NOTHING;
        if (!EXPECT(&in, "client=") || !peer(&in, &ignored, &found->ip)) return false;
        if (!at_end(&in)) {
            if (!EXPECT(&in, ", sasl_method=") || !some(&in, DASHED, &found->mechanism) || !EXPECT(&in, ", sasl_username=")) return false;
            const char *start = in.at;
            if (until_any(&in, AT_SPACE_COMMA, &ignored) || in.end == start) return false;
            found->user = between(start, in.end);
        }
        found->shape = CLIENT_LINE;
        return true;
    case 'f':
        if (!EXPECT(&in, "from=<") || !until_any(&in, AT_ANGLES, &found->sender) || !EXPECT(&in, ">, size=") || !some(&in, DIGIT, &ignored)) return false;
        if (!EXPECT(&in, ", nrcpt=") || !some(&in, DIGIT, &ignored) || !EXPECT(&in, " (queue active)") || !at_end(&in)) return false;
        found->shape = ACTIVE;
        return true;
    case 't':
        if (!sent(in)) return false;
        found->shape = SENT;
        return true;
    default:
        return false;
    }
}

static bool tls(cut *found, cursor in) {
    text ignored;
    if (!EXPECT(&in, "Anonymous") && !EXPECT(&in, "Untrusted") && !EXPECT(&in, "Trusted") && !EXPECT(&in, "Verified")) return false;
    if (!EXPECT(&in, " TLS connection established from ") || !peer(&in, &ignored, &found->ip) || !EXPECT(&in, ": ")) return false;
    const char *start = in.at;
    if (!EXPECT(&in, "TLSv") || !some(&in, DOTTED, &ignored)) return false;
    found->protocol = between(start, in.at);
    if (!EXPECT(&in, " ")) return false;
    found->shape = TLS_LINE;
    return true;
}

static bool connected(cut *found, cursor in) {
    text ignored;
    if (!EXPECT(&in, "connect from ") || !peer(&in, &ignored, &found->ip) || !at_end(&in)) return false;
    found->shape = CONNECT;
    return true;
}

static bool disconnected(cut *found, cursor in) {
    text ignored;
    if (!EXPECT(&in, "disconnect from ") || !peer(&in, &ignored, &found->ip)) return false;
    const char *start = in.at;
    if (!EXPECT(&in, " ") || !some(&in, COUNTS, &ignored) || !at_end(&in)) return false;
    found->counts = between(start, in.end);
    found->shape = DISCONNECT;
    return true;
}

static bool gone(cut *found, cursor in) {
    const char *start = in.at;
    text ignored;
    if (!EXPECT(&in, "disconnect from ")) {
        if (!EXPECT(&in, "lost connection") && !EXPECT(&in, "timeout") && !EXPECT(&in, "too many errors")) return false;
        if (!EXPECT(&in, " after ") || !some(&in, UPPER, &ignored) || !EXPECT(&in, " from ")) return false;
    }
    found->fixed[0] = between(start, in.at);
    found->slots[0] = run(&in, NAME);
    if (!EXPECT(&in, "[") || !some(&in, IP, &found->slots[1])) return false;
    start = in.at;
    if (!EXPECT(&in, "]")) return false;
    if (EXPECT(&in, " ")) {
        if (at_end(&in)) return false;
        while (in.at < in.end && (in_class(*in.at, COUNTS) || *in.at == '/')) in.at++;
    }
    if (!at_end(&in)) return false;
    found->fixed[1] = between(start, in.end);
    found->shape = GONE;
    found->fixed_count = found->slot_count = 2;
    return true;
}

static bool sasl(cut *found, cursor in) {
    const char *start = in.at;
    text words;
    if (!EXPECT(&in, "warning: ")) return false;
    found->fixed[0] = between(start, in.at);
    found->slots[0] = run(&in, NAME);
    if (!EXPECT(&in, "[") || !some(&in, IP, &found->slots[1])) return false;
    start = in.at;
    if (!EXPECT(&in, "]: SASL ") || !some(&in, DASHED, &words) || !EXPECT(&in, " authentication failed: ")) return false;
    found->slots[2] = NOTHING;
    const char *why = in.at;
    if (until_any(&in, AT_EQUALS_SQUARE, &words)) {
        if (*in.at != '=' || !ENDS_WITH(words, ", sasl_username")) return false;
        in.at++;
        found->fixed[1] = between(start, why + words.size - (sizeof ", sasl_username" - 1));
        if (!some(&in, USER, &found->slots[2]) || !at_end(&in)) return false;
    } else {
        found->fixed[1] = between(start, in.end);
    }
    found->shape = SASL;
    found->fixed_count = 2;
    found->slot_count = 3;
    return true;
}

static bool rejected(cut *found, cursor in) {
    const char *start = in.at;
    text words;
    if (!EXPECT(&in, "NOQUEUE: reject: ") || !some(&in, UPPER, &words) || !EXPECT(&in, " from ")) return false;
    found->fixed[0] = between(start, in.at);
    found->slots[0] = run(&in, NAME);
    if (!EXPECT(&in, "[") || !some(&in, IP, &found->slots[1])) return false;
    start = in.at;
    if (!EXPECT(&in, "]: ") || !until_any(&in, AT_ANGLES_SEMICOLON, &words) || *in.at != '<') return false;
    found->fixed[1] = between(start, in.at++);
    found->slots[2] = run(&in, USER);
    start = in.at;
    if (!EXPECT(&in, ">: ") || !until_any(&in, AT_ANGLES_SEMICOLON_EQUALS, &words) || !EXPECT(&in, "; from=<")) return false;
    found->fixed[2] = between(start, in.at);
    found->slots[3] = run(&in, USER);
    if (!EXPECT(&in, "> to=<")) return false;
    found->slots[4] = run(&in, USER);
    start = in.at;
    if (!EXPECT(&in, "> proto=") || !some(&in, UPPER, &words) || !EXPECT(&in, " helo=<")) return false;
    found->fixed[3] = between(start, in.at);
    found->slots[5] = run(&in, NAME);
    if (!EXPECT(&in, ">") || !at_end(&in)) return false;
    found->shape = REJECTED;
    found->fixed_count = 4;
    found->slot_count = 6;
    return true;
}

bool departure_of(cut *found) { return gone(found, (cursor){found->message.at, found->message.at + found->message.size}); }

static bool message_of_postfix(cut *found, cursor in) {
    if (at_end(&in)) return false;
    switch (*in.at) {
    case 'c': return connected(found, in);
    case 'd': return disconnected(found, in) || gone(found, in);
    case 'l': case 't': return gone(found, in);
    case 'w': return sasl(found, in);
    case 'N': return rejected(found, in) || queued(found, in);
    case 'A': case 'U': case 'T': case 'V': return tls(found, in) || queued(found, in);
    default: return queued(found, in);
    }
}

/* -- the whole line ------------------------------------------------------------------------------------------------ */

/* Of each place of a stamp the least byte that may stand there, and how many more: compared without a branch. */
typedef struct {
    size_t size;
    unsigned char least[19], more[19];
} layout;
#define DIGITS '0', '0'
static const layout LOCAL = {15, {'A', 'a', 'a', ' ', ' ', '0', ' ', DIGITS, ':', DIGITS, ':', DIGITS},
                             {25, 25, 25, 0, '9' - ' ', 9, 0, 9, 9, 0, 9, 9, 0, 9, 9}}; /* Aaa #0 00:00:00 */
static const layout FULL = {19, {DIGITS, DIGITS, '-', DIGITS, '-', DIGITS, 'T', DIGITS, ':', DIGITS, ':', DIGITS},
                            {9, 9, 9, 9, 0, 9, 9, 0, 9, 9, 0, 9, 9, 0, 9, 9, 0, 9, 9}};
#undef DIGITS

static inline bool laid_out(const char *at, const layout *as, size_t size) {
    unsigned char odd = 0;
    for (size_t place = 0; place < size; place++) odd |= (unsigned char)((unsigned char)((unsigned char)at[place] - as->least[place]) > as->more[place]);
    return odd == 0;
}

static bool stamped(cut *found, cursor *in) {
    const char *start = in->at;
    found->rfc3339 = *start < 'A' || *start > 'Z';
    size_t size = found->rfc3339 ? FULL.size : LOCAL.size;
    if ((size_t)(in->end - start) < size) return false;
    if (found->rfc3339 ? !laid_out(start, &FULL, FULL.size) : !laid_out(start, &LOCAL, LOCAL.size)) return false;
    if (!found->rfc3339 && start[4] != ' ' && !in_class(start[4], DIGIT)) return false;
    in->at += size;
    if (found->rfc3339) {
        text fraction;
        if (EXPECT(in, ".") && (!some(in, DIGIT, &fraction) || fraction.size > 6)) return false;
        found->stamp = between(start, in->at);
        start = in->at;
        if (!EXPECT(in, "Z")) {
            if (in->end - in->at < 6 || (*in->at != '+' && *in->at != '-') || in->at[3] != ':') return false;
            for (int at = 1; at < 6; at++)
                if (at != 3 && !in_class(in->at[at], DIGIT)) return false;
            in->at += 6;
        }
        found->zone = between(start, in->at);
    } else {
        found->stamp = between(start, in->at);
    }
    return EXPECT(in, " ");
}

bool shape_of(cut *found, const char *line, const char *end) {
    cursor in = {line, end};
    found->shape = OTHER;
    if (at_end(&in) || !stamped(found, &in)) return false;
    if (!until_any(&in, AT_SPACE, &found->host) || found->host.size == 0) return false;
    in.at++;
    found->pid = -1;
    if (EXPECT(&in, "dovecot: ")) {
        found->program = TEXT("dovecot");
        found->message = between(in.at, in.end);
        if (at_end(&in)) return false;
        return login(found, in) || logout(found, in) || turned_away(found, in) || refused(found, in);
    }
    const char *start = in.at;
    run(&in, PATH);
    found->program = between(start, in.at);
    const char *slash = memchr(start, '/', found->program.size);
    if (slash == NULL || slash == start || slash + 1 == in.at || !EXPECT(&in, "[")) return false;
    text digits;
    if (!some(&in, DIGIT, &digits) || digits.size > 10 || !EXPECT(&in, "]: ")) return false;
    found->pid = 0;
    for (size_t at = 0; at < digits.size; at++) found->pid = found->pid * 10 + (digits.at[at] - '0');
    found->message = between(in.at, in.end);
    return message_of_postfix(found, in);
}

/* -- words in a line ----------------------------------------------------------------------------------------------- */

/* True where bot/logs/secrets.py might find a secret: at least wherever it does, so that such a line goes there. */
bool may_hold_secret(text line) {
    const char *start = line.at, *end = line.at + line.size;
    for (const char *at = start; at < end; at++) {
        cursor here = {at, end};
        switch (*at) {
        case '=':
            if (at - start >= 4) {
                const char *word = at - 4;
                if (!memcmp(word, "pass", 4) || !memcmp(word, "sswd", 4) || !memcmp(word, "word", 4) || !memcmp(word, "resp", 4) ||
                    !memcmp(word, "PASS", 4) || !memcmp(word, "WORD", 4))
                    return true;
            }
            break;
        case '<': if (EXPECT(&here, "< ")) return true; break;
        case 'g': if (EXPECT(&here, "given password")) return true; break;
        case 'r': if (EXPECT(&here, "response")) return true; break;
        case 'C': if (EXPECT(&here, "CONT")) return true; break;
        case 'P': if (EXPECT(&here, "PASSV")) return true; break;
        case 'A': if (EXPECT(&here, "AUTH ") && !at_end(&here) && in_class(*here.at, UPPER)) return true; break;
        default: break;
        }
    }
    return false;
}

#define FOLDED 0x20 /* the bit by which an ASCII letter is in lower case */

static inline lanes folded_at(const char *at) { return lanes_at(at) | FOLDED; }

/* Where two letters of a word of TROUBLE stand: each word has one of these pairs, and few other words have. */
static inline lanes troubling_pairs(const char *at) {
    lanes one = folded_at(at), next = folded_at(at + 1);
#define PAIR(x, y) ((lanes)(one == (x)) & (lanes)(next == (y)))
    return PAIR('r', 'r') | PAIR('f', 'a') | PAIR('n', 'i') | PAIR('w', 'a') | PAIR('e', 'j') | PAIR('e', 'f') | PAIR('e', 'e');
#undef PAIR
}

/* True where some word of TROUBLE may be in the line: eRRor, FAtal, paNIc, WArning, rEJect, deNIed, FAil, rEFused, excEEded. */
static bool may_be_troubled(text line) {
    lanes any = {0};
    size_t at = 0;
    for (; at + LANES < line.size; at += LANES) any |= troubling_pairs(line.at + at);
    char rest[LANES + 1] = {0};
    memcpy(rest, line.at + at, line.size - at);
    any |= troubling_pairs(rest);
    return in_some_lane(any);
}

/* bot/adapters/logstore/keeping.py: TROUBLE. */
bool is_troubled(text line) {
    static const char *const WORDS[] = {"error", "fatal", "panic", "warning", "reject", "denied", "fail", "refused", "exceeded"};
    static const bool FIRST[256] = {['e'] = true, ['f'] = true, ['p'] = true, ['w'] = true, ['r'] = true, ['d'] = true};
    if (!may_be_troubled(line)) return false;
    for (size_t at = 0; at < line.size; at++) {
        if (!FIRST[(unsigned char)line.at[at] | FOLDED]) continue;
        for (size_t word = 0; word < sizeof WORDS / sizeof *WORDS; word++) {
            const char *letter = WORDS[word];
            size_t here = at;
            while (*letter && here < line.size && (line.at[here] | FOLDED) == *letter) letter++, here++;
            if (*letter == 0) return true;
        }
    }
    return false;
}

/* Four numbers up to 255 without zeros ahead, as inet_pton(3) takes them. */
bool is_ipv4(text address) {
    int numbers = 0;
    for (size_t at = 0; at < address.size; at++) { /* behind each number its dot */
        size_t start = at;
        int number = 0;
        for (; at < address.size && address.at[at] >= '0' && address.at[at] <= '9'; at++)
            if ((number = number * 10 + (address.at[at] - '0')) > 255 || at - start == 3) return false;
        if (at == start || (at - start > 1 && address.at[start] == '0') || ++numbers > 4) return false;
        if (at == address.size) return numbers == 4;
        if (address.at[at] != '.') return false;
    }
    return false;
}

/* An address in its usual spelling (bot/logs/session.py: canonical). */
bool canonical(text address, char *room, size_t size, text *out) {
    char copy[INET6_ADDRSTRLEN + 1];
    unsigned char packed[16];
    static const unsigned char MAPPED[12] = {[10] = 0xff, [11] = 0xff};
    if (address.size == 0 || address.size >= sizeof copy) return false;
    if (memchr(address.at, ':', address.size) == NULL) {
        *out = address;
        return is_ipv4(address);
    }
    memcpy(copy, address.at, address.size);
    copy[address.size] = 0;
    if (inet_pton(AF_INET6, copy, packed) != 1) return false;
    bool mapped = memcmp(packed, MAPPED, sizeof MAPPED) == 0;
    if (inet_ntop(mapped ? AF_INET : AF_INET6, mapped ? packed + 12 : packed, room, (socklen_t)size) == NULL) return false;
    *out = (text){room, strlen(room)};
    return true;
}

static bool pack_address(text address, unsigned char *to) { /* IPv4 as it is mapped into IPv6 */
    char copy[INET6_ADDRSTRLEN + 1];
    if (address.size == 0 || address.size >= sizeof copy) return false;
    memcpy(copy, address.at, address.size);
    copy[address.size] = 0;
    if (memchr(copy, ':', address.size)) return inet_pton(AF_INET6, copy, to) == 1;
    memset(to, 0, 10);
    to[10] = to[11] = 0xff;
    return inet_pton(AF_INET, copy, to + 12) == 1;
}

bool same_address(text packed, text address) {
    unsigned char stated[16], made[16] = {[10] = 0xff, [11] = 0xff};
    if (packed.size == 4) memcpy(made + 12, packed.at, 4);
    else if (packed.size == 16) memcpy(made, packed.at, 16);
    else return false;
    return pack_address(address, stated) && memcmp(made, stated, 16) == 0;
}

/* -- RFC 3339 ------------------------------------------------------------------------------------------------------ */

static int two(const char *at) { return (at[0] - '0') * 10 + (at[1] - '0'); }

/* Days from 1970 to a date of the Gregorian calendar, years counted from March so that leap days come last. */
static int64_t days_to(int64_t year, int month, int day) {
    year -= month <= 2;
    int64_t era = year / 400, of_era = year - era * 400;
    int64_t of_year = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1;
    return era * 146097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year - 719468;
}

/* The inverse, as far as year and month. */
static void month_of(int64_t days, int *year, int *month) {
    days += 719468;
    int64_t era = days / 146097, of_era = days - era * 146097;
    int64_t years = (of_era - of_era / 1460 + of_era / 36524 - of_era / 146096) / 365;
    int64_t of_year = of_era - (365 * years + years / 4 - years / 100);
    int64_t shifted = (5 * of_year + 2) / 153;
    *month = (int)(shifted + (shifted < 10 ? 3 : -9));
    *year = (int)(years + era * 400 + (*month <= 2));
}

int64_t within_minute(text stamp) {
    int64_t micros = 0;
    for (size_t place = 20; place < 26; place++) micros = micros * 10 + (place < stamp.size ? stamp.at[place] - '0' : 0);
    return two(stamp.at + 17) * 1000000LL + micros;
}

int64_t moment_of(const cut *found, int *year, int *month) {
    static const int DAYS[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    const char *at = found->stamp.at;
    int y = two(at) * 100 + two(at + 2), m = two(at + 5), d = two(at + 8), h = two(at + 11), min = two(at + 14), s = two(at + 17);
    if (y < 1900 || y > 2099 || m < 1 || m > 12 || h > 23 || min > 59 || s > 59) return INT64_MIN;
    bool leap = y % 4 == 0 && (y % 100 != 0 || y % 400 == 0);
    if (d < 1 || d > DAYS[m - 1] + (m == 2 && leap)) return INT64_MIN;
    int64_t seconds = days_to(y, m, d) * 86400 + h * 3600 + min * 60;
    if (found->zone.size == 6) {
        int hours = two(found->zone.at + 1), minutes = two(found->zone.at + 4);
        if (hours > 23 || minutes > 59) return INT64_MIN;
        seconds += (hours * 3600 + minutes * 60) * (found->zone.at[0] == '-' ? 1 : -1);
    }
    int64_t days = seconds >= 0 ? seconds / 86400 : (seconds - 86399) / 86400;
    month_of(days, year, month);
    return seconds * 1000000 + within_minute(found->stamp);
}
