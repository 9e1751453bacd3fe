/* The functions by which Python opens a reader, tells it what it found out, and takes what the lines came to. */
#include "native.h"

#include <stdlib.h>
#include <string.h>

#define REMEMBERED 20000
#define HOSTS_KEPT 8192

#pragma GCC visibility push(default)
reader *triage_open(int64_t order);
void triage_close(reader *in);
const char *triage_fields(void);
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
    begin_digest(&in->taken);
    for (int32_t which = 0; memory_of(in, which); which++) begin_memory(memory_of(in, which), REMEMBERED);
    return in;
}

static void free_learning(reader *in) {
    for (int field = 0; field < FIELDS; field++) free(in->learning.fields[field].parts);
    free(in->learning.texts.at);
    memset(&in->learning, 0, sizeof in->learning);
}

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
    free_digest(&in->taken);
    free_templates(&in->wordings);
    for (int32_t which = 0; memory_of(in, which); which++) free_memory(memory_of(in, which));
    bytes *all[] = {&in->host_rows, &in->program_rows, &in->filled, &in->linked, &in->lowered, &in->link.key, &in->link.second_key, &in->link.scratch};
    for (size_t at = 0; at < sizeof all / sizeof *all; at++) free(all[at]->at);
    free(in);
}

const char *triage_fields(void) { return FIELD_NAMES; }

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
int64_t triage_lines(reader *in);
void triage_take(reader *in);
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

/* Lines of the batch so far that needed nobody else. */
int64_t triage_lines(reader *in) { return in->sums.lines; }

/* The batch ends here: its tables stay as they are until the next batch ends. */
void triage_take(reader *in) {
    clear_digest(&in->taken);
    digest sums = in->taken;
    memory clients = sums.known_clients; /* those of sessions that go on are the next batch's, too */
    sums.known_clients = in->sums.known_clients;
    in->sums.known_clients = clients;
    in->taken = in->sums;
    in->sums = sums;
}

/* The bytes of a table of the batch that was taken; -1 where there is no such table. Negative numbers
 * are for rows, others for texts. */
int64_t triage_table(reader *in, int32_t which, const char **at) {
    if (which == 0) {
        *at = NULL;
        return in->taken.lines;
    }
    const bytes *table = which < 0 ? rows_of(&in->taken, -which - 1) : NULL;
    const names *texts = which > 0 ? names_of(&in->taken, which - 1) : NULL;
    if (texts != NULL) table = &texts->all;
    if (table == NULL) return -1;
    *at = table->at;
    return (int64_t)table->size;
}

/* Where each text of a table ends. */
int64_t triage_ends(reader *in, int32_t which, const char **at) {
    const names *texts = which > 0 ? names_of(&in->taken, which - 1) : NULL;
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
    if (to) store(to, remember(to, TAKEN(key), true), KNOWN, facts);
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
