/* A batch as the rows of the embedded store: what belongs to one person or one key goes into one row. The twin of
 * bot/adapters/logstore/sqlite/packing.py, where the layouts are described. */
#include "native.h"

#include <stdlib.h>
#include <string.h>


/* What a word is found by; nothing where it is not stated. */
static word_keys keys_of(const digest *in, int64_t word) {
    return word < 0 ? (word_keys){NONE, NONE, NONE, INT64_MIN} : ROWS(word_keys, in->word_keys)[word];
}

/* -- blocks of lines ------------------------------------------------------------------------------------------------- */

static void cut_blocks(digest *in) {
    size_t count = COUNT(kept_line, in->kept);
    for (size_t begin = 0; begin < count; begin += BLOCK_LINES) {
        size_t number = begin / BLOCK_LINES, end = in->packed.size - 1; /* the last line's end waits for another line */
        if (number < COUNT(int64_t, in->packed_ends)) end = (size_t)ROWS(int64_t, in->packed_ends)[number];
        packed row = {(int64_t)number, INT64_MAX, INT64_MIN, (int64_t)end};
        for (size_t at = begin; at < count && at < begin + BLOCK_LINES; at++) {
            int64_t time = ROWS(kept_line, in->kept)[at].time;
            if (time < row.from) row.from = time;
            if (time > row.to) row.to = time;
        }
        append(&in->block_rows, &row, sizeof row);
    }
}

/* -- finds ----------------------------------------------------------------------------------------------------------- */

static int by_key(const void *one, const void *other) {
    const found_by *a = one, *b = other;
    if (a->key != b->key) return a->key < b->key ? -1 : 1;
    if (a->time != b->time) return a->time < b->time ? -1 : 1;
    return a->place < b->place ? -1 : a->place > b->place;
}

static void find_line(digest *in, int64_t key, int64_t time, int64_t place) {
    if (key == NONE) return;
    found_by one = {key, time, place};
    append(&in->finds, &one, sizeof one);
}

static void gather_finds(digest *in, int64_t anonymous) {
    for (size_t place = 0; place < COUNT(kept_line, in->kept); place++) {
        const kept_line *line = &ROWS(kept_line, in->kept)[place];
        if (line->login >= 0) {
            find_line(in, keys_of(in, line->login).name, line->time, (int64_t)place);
            find_line(in, keys_of(in, line->login).domain, line->time, (int64_t)place);
        } else if (line->login == NONE && line->failed) {
            find_line(in, anonymous, line->time, (int64_t)place);
        }
        find_line(in, keys_of(in, line->address).network, line->time, (int64_t)place);
    }
}

static void pack_finds(digest *in) {
    size_t count = COUNT(found_by, in->finds);
    found_by *all = ROWS(found_by, in->finds);
    if (count > 1) qsort(all, count, sizeof *all, by_key);
    for (size_t begin = 0, end; begin < count; begin = end) {
        for (end = begin; end < count && all[end].key == all[begin].key && end - begin < FINDS_PACKED; end++) {
            append_i64(&in->find_data, all[end].time);
            append_i32(&in->find_data, (int32_t)all[end].place);
        }
        packed row = {all[begin].key, all[end - 1].time, all[begin].time, (int64_t)in->find_data.size}; /* as the table's key is */
        append(&in->find_rows, &row, sizeof row);
    }
}

/* -- people ---------------------------------------------------------------------------------------------------------- */

/* The rows of each of so many people as chains, in the order in which they came. */
typedef struct { int64_t *first, *next; } chains;

static chains chains_of(size_t people, size_t rows) {
    chains made = {claim(NULL, people * sizeof(int64_t)), claim(NULL, rows * sizeof(int64_t))};
    for (size_t at = 0; at < people; at++) made.first[at] = NONE;
    return made;
}

static void free_chains(chains *in) {
    free(in->first);
    free(in->next);
}

static void put_first(chains *in, int64_t person, size_t row) {
    in->next[row] = in->first[person];
    in->first[person] = (int64_t)row;
}

static void put_text(bytes *to, const digest *in, int64_t word) {
    if (word == NONE) append(to, "null", 4);
    else append_json(to, name_of(&in->words, (uint32_t)word));
}

/* The clients of a person's rows: nothing where none is known, else a list with an entry for each. */
static void put_clients(bytes *to, const digest *in, const chains *of, int64_t first, int64_t (*client_of)(const digest *, int64_t), bool version) {
    int64_t at = first;
    while (at != NONE && client_of(in, at) == NONE) at = of->next[at];
    if (at == NONE) return;
    char before = '[';
    for (at = first; at != NONE; at = of->next[at]) {
        append(to, &before, 1);
        before = ',';
        int64_t client = client_of(in, at);
        if (client == NONE) {
            append(to, "null", 4);
            continue;
        }
        int64_t names[2]; /* client and version */
        memcpy(names, name_of(&in->clients, (uint32_t)client).at, sizeof names);
        if (version) append(to, "[", 1);
        put_text(to, in, names[0]);
        if (version) {
            append(to, ",", 1);
            put_text(to, in, names[1]);
            append(to, "]", 1);
        }
    }
    append(to, "]", 1);
}

static int64_t client_of_sum(const digest *in, int64_t at) { return ROWS(sum, in->sums)[at].client; }
static int64_t client_of_session(const digest *in, int64_t at) { return ROWS(session, in->session_rows)[at].client; }

static void pack_who(digest *in) {
    for (size_t at = 0; at < COUNT(keyed_person, in->keyed_people); at++) {
        const keyed_person *keyed = &ROWS(keyed_person, in->keyed_people)[at];
        const person *one = &ROWS(person, in->person_rows)[keyed->person];
        word_keys name = keys_of(in, one->mailbox), address = keys_of(in, one->address);
        who_row row = {keyed->tag, name.name, name.domain, address.network, one->mailbox, one->address, one->service, one->host};
        append(&in->who_rows, &row, sizeof row);
    }
}

static void pack_successes(digest *in) {
    size_t people = in->people.count, count = COUNT(sum, in->sums);
    chains of = chains_of(people, count);
    for (size_t at = count; at-- > 0;) put_first(&of, ROWS(sum, in->sums)[at].who, at);
    for (size_t place = 0; place < COUNT(keyed_person, in->keyed_people); place++) {
        const keyed_person *person = &ROWS(keyed_person, in->keyed_people)[place];
        int64_t begun = of.first[person->person], lowest = INT64_MAX, highest = INT64_MIN, size = 0;
        if (begun == NONE) continue;
        for (int64_t at = begun; at != NONE; at = of.next[at]) size++;
        append_i32(&in->success_data, (int32_t)size);
        for (int64_t at = begun; at != NONE; at = of.next[at]) {
            const sum *one = &ROWS(sum, in->sums)[at];
            int64_t hour = one->hour / HOUR_MICROS; /* it is a whole one */
            append_i32(&in->success_data, (int32_t)hour);
            append_i32(&in->success_data, (int32_t)one->count);
            append_i32(&in->success_data, (int32_t)(uint32_t)(one->first - one->hour));
            append_i32(&in->success_data, (int32_t)(uint32_t)(one->last - one->hour));
            if (hour < lowest) lowest = hour;
            if (hour > highest) highest = hour;
        }
        put_clients(&in->success_data, in, &of, begun, client_of_sum, true);
        packed row = {person->tag, lowest, highest, (int64_t)in->success_data.size};
        append(&in->success_rows, &row, sizeof row);
    }
    free_chains(&of);
}

static text id_of(const digest *in, int64_t at) { /* behind the number of its host */
    text key = name_of(&in->sessions, (uint32_t)at);
    return (text){key.at + sizeof(int64_t), key.size - sizeof(int64_t)};
}

static int64_t tag_of(digest *in, int64_t host, text id) {
    text parts[] = {host < 0 ? TEXT("") : name_of(&in->words, (uint32_t)host), id};
    return digest_of(&in->room, 's', parts, 2);
}

/* A session whose end is still to come, until its row can be written: those are sorted by tag. */
typedef struct { int64_t tag, who, first, session; } unended;

static int by_session(const void *one, const void *other) {
    const unended *a = one, *b = other;
    if (a->tag != b->tag) return a->tag < b->tag ? -1 : 1;
    return a->session < b->session ? -1 : a->session > b->session;
}

static void pack_open(digest *in, bytes *open) {
    size_t count = COUNT(unended, *open);
    if (count > 1) qsort(open->at, count, sizeof(unended), by_session);
    for (size_t at = 0; at < count; at++) {
        const unended *one = &ROWS(unended, *open)[at];
        text id = id_of(in, one->session);
        append(&in->open_data, id.at, id.size);
        open_session row = {one->tag, one->who, ROWS(session, in->session_rows)[one->session].start, one->first, (int64_t)in->open_data.size};
        append(&in->open_rows, &row, sizeof row);
    }
}

static void pack_sessions(digest *in) {
    size_t people = in->people.count, count = COUNT(session, in->session_rows);
    chains of = chains_of(people, count);
    bytes open = {NULL, 0, 0};
    const session *all = ROWS(session, in->session_rows);
    for (size_t at = count; at-- > 0;)
        if (all[at].start >= keys_of(in, all[at].host).kept_from) put_first(&of, all[at].who, at);
    for (size_t place = 0; place < COUNT(keyed_person, in->keyed_people); place++) {
        const keyed_person *person = &ROWS(keyed_person, in->keyed_people)[place];
        int64_t begun = of.first[person->person], lowest = INT64_MAX, highest = INT64_MIN, size = 0;
        if (begun == NONE) continue;
        for (int64_t at = begun; at != NONE; at = of.next[at], size++) {
            if (all[at].start < lowest) lowest = all[at].start;
            if (all[at].start > highest) highest = all[at].start;
        }
        append_i32(&in->session_data, (int32_t)size);
        for (int64_t at = begun; at != NONE; at = of.next[at]) {
            append_i64(&in->session_data, all[at].start);
            append_i64(&in->session_data, all[at].end == INT64_MIN ? -1 : all[at].end - all[at].start);
            append_i32(&in->session_data, (int32_t)id_of(in, at).size);
        }
        for (int64_t at = begun; at != NONE; at = of.next[at]) {
            text id = id_of(in, at);
            append(&in->session_data, id.at, id.size);
            if (all[at].end != INT64_MIN) continue;
            unended row = {tag_of(in, all[at].host, id), person->tag, lowest, at};
            append(&open, &row, sizeof row);
        }
        put_clients(&in->session_data, in, &of, begun, client_of_session, false);
        packed row = {person->tag, lowest, highest, (int64_t)in->session_data.size};
        append(&in->session_groups, &row, sizeof row);
    }
    free_chains(&of);
    pack_open(in, &open);
    free(open.at);
}

/* A few of the sessions, to measure clocks by. */
static void take_sample(digest *in) {
    size_t count = COUNT(session, in->session_rows), step = count > SAMPLE ? count / SAMPLE : 1;
    for (size_t at = 0; at < count; at += step) {
        const session *one = &ROWS(session, in->session_rows)[at];
        const person *who = &ROWS(person, in->person_rows)[one->who];
        text id = id_of(in, (int64_t)at);
        append(&in->sample_data, id.at, id.size);
        sampled row = {who->host, who->address, one->start, (int64_t)in->sample_data.size};
        append(&in->sample_rows, &row, sizeof row);
    }
}

/* What came of sessions that an earlier batch began. */
static void pack_late(digest *in) {
    for (size_t at = 0; at < COUNT(late_end, in->ends); at++) {
        const late_end *one = &ROWS(late_end, in->ends)[at];
        ended_late row = {tag_of(in, one->host, one->session < 0 ? TEXT("") : name_of(&in->words, (uint32_t)one->session)), one->time};
        append(&in->ended_rows, &row, sizeof row);
    }
    for (size_t at = 0; at < COUNT(late_client, in->late_clients); at++) {
        const late_client *one = &ROWS(late_client, in->late_clients)[at];
        named_late row = {tag_of(in, one->host, one->session < 0 ? TEXT("") : name_of(&in->words, (uint32_t)one->session)), one->client};
        append(&in->named_rows, &row, sizeof row);
    }
}

#pragma GCC visibility push(default)
void triage_pack(reader *in, int64_t anonymous, const found_by *looked, int64_t count);
#pragma GCC visibility pop

/* Packs the batch that was taken, once it has its keys. `looked` are the finds of the lines that Python looked at. */
void triage_pack(reader *in, int64_t anonymous, const found_by *looked, int64_t count) {
    digest *sums = &in->taken;
    cut_blocks(sums);
    gather_finds(sums, anonymous);
    append(&sums->finds, looked, (size_t)count * sizeof *looked);
    pack_finds(sums);
    pack_who(sums);
    pack_successes(sums);
    pack_sessions(sums);
    take_sample(sums);
    pack_late(sums);
}
