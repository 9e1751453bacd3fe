/* What a stretch of log comes to: sums, sessions, minutes, visits, kept lines. */
#include "native.h"

#include <stdlib.h>
#include <string.h>

#define CLIENTS_REMEMBERED 20000

void begin_digest(digest *in) {
    memset(in, 0, sizeof *in);
    begin_memory(&in->known_clients, CLIENTS_REMEMBERED);
}

names *names_of(digest *in, int number) {
    names *all[] = {&in->words, &in->people, &in->sources, &in->faces, &in->clients, &in->sessions,
                    &in->by_hour, &in->by_minute, &in->by_login, &in->by_cause};
    return number < (int)(sizeof all / sizeof *all) ? all[number] : NULL;
}

bytes *rows_of(digest *in, int number) {
    bytes *all[] = {&in->sums, &in->session_rows, &in->minutes, &in->kept, &in->packed, &in->packed_ends,
                    &in->logins, &in->failures, &in->ends, &in->late_clients, &in->visits, &in->person_rows, &in->last_hours,
                    &in->word_keys, &in->asked, &in->keyed_people, &in->finds,
                    &in->block_rows, &in->find_rows, &in->find_data, &in->who_rows,
                    &in->success_rows, &in->success_data, &in->session_groups, &in->session_data,
                    &in->open_rows, &in->open_data, &in->sample_rows, &in->sample_data, &in->ended_rows, &in->named_rows};
    return number < (int)(sizeof all / sizeof *all) ? all[number] : NULL;
}

void clear_digest(digest *in) {
    in->lines = 0;
    in->last.has_host = in->last.has_source = in->last.has_minute = false;
    in->last.service_count = 0;
    for (int at = 0; names_of(in, at); at++) forget_names(names_of(in, at));
    for (int at = 0; rows_of(in, at); at++) rows_of(in, at)->size = 0;
}

void free_digest(digest *in) {
    for (int at = 0; names_of(in, at); at++) free_names(names_of(in, at));
    for (int at = 0; rows_of(in, at); at++) free(rows_of(in, at)->at);
    free_memory(&in->known_clients);
    free(in->last.host.at);
    free(in->last.family.at);
    free(in->room.at);
}

static int64_t word(digest *in, text name) { return name.at == NULL ? NONE : (int64_t)number_of(&in->words, name, NULL); }

/* The number of a row of numbers. */
static uint32_t row_of(names *in, const int64_t *values, int count, bool *fresh) {
    return number_of(in, (text){(const char *)values, (size_t)count * sizeof *values}, fresh);
}

static bool is_recent(const bytes *held, text one) { return same((text){held->at, held->size}, one); }

static void hold(bytes *held, text one) {
    held->size = 0;
    append(held, one.at, one.size);
}

static int64_t host_word(digest *in, text host) {
    recent *last = &in->last;
    if (!last->has_host || !is_recent(&last->host, host)) {
        hold(&last->host, host);
        last->word = word(in, host);
        last->has_host = true;
        last->has_source = last->has_minute = false;
    }
    return last->word;
}

static int64_t source_of(digest *in, text host, text family) {
    recent *last = &in->last;
    int64_t key[] = {host_word(in, host), NONE};
    if (!last->has_source || !is_recent(&last->family, family)) {
        hold(&last->family, family);
        key[1] = word(in, family);
        last->source = row_of(&in->sources, key, 2, NULL);
        last->has_source = true;
        last->has_minute = false;
    }
    return last->source;
}

static void face(digest *in, int64_t source, text service) {
    recent *last = &in->last;
    for (int at = 0; at < last->service_count; at++)
        if (last->services[at].source == source && same((text){last->services[at].name, last->services[at].size}, service)) return;
    int64_t key[] = {source, word(in, service)};
    row_of(&in->faces, key, 2, NULL);
    if (service.size > sizeof last->services[0].name) return;
    if (last->service_count == RECENT_SERVICES) last->service_count = 0;
    memcpy(last->services[last->service_count].name, service.at, service.size);
    last->services[last->service_count].size = service.size;
    last->services[last->service_count++].source = source;
}

void cover(digest *in, text host, text family, text service, int64_t time) {
    if (family.at == NULL) return;
    int64_t at_minute = time >= 0 ? time / MINUTE_MICROS : (time - MINUTE_MICROS + 1) / MINUTE_MICROS;
    int64_t source = source_of(in, host, family);
    recent *last = &in->last;
    bool fresh = false;
    if (!last->has_minute || last->minute != at_minute) {
        int64_t key[] = {source, at_minute};
        last->row = row_of(&in->by_minute, key, 2, &fresh);
        last->minute = at_minute;
        last->has_minute = true;
    }
    if (fresh) {
        minute row = {source, at_minute, 1, time, time};
        append(&in->minutes, &row, sizeof row);
    } else {
        minute *row = &ROWS(minute, in->minutes)[last->row];
        row->lines++;
        if (time < row->first) row->first = time;
        if (time > row->last) row->last = time;
    }
    if (service.at != NULL) face(in, source, service);
}

void visit(digest *in, text host, text family, text address, int64_t time) {
    if (family.at == NULL) return;
    visitor row = {source_of(in, host, family), time, word(in, address)};
    append(&in->visits, &row, sizeof row);
}

static text session_key(text host, text id, bytes *room) {
    int64_t size = (int64_t)host.size;
    room->size = 0;
    append(room, &size, sizeof size);
    append(room, host.at, host.size);
    append(room, id.at, id.size);
    return (text){room->at, room->size};
}

static int64_t client_of(digest *in, text client, text version) {
    int64_t key[] = {word(in, client), word(in, version)};
    return client.at == NULL ? NONE : (int64_t)row_of(&in->clients, key, 2, NULL);
}

static text session_in_batch(digest *in, text host, text id, bytes *room) {
    int64_t number = host_word(in, host);
    room->size = 0;
    append(room, &number, sizeof number);
    append(room, id.at, id.size);
    return (text){room->at, room->size};
}

static int64_t hour_of(int64_t time) { return (time >= 0 ? time / HOUR_MICROS : (time - HOUR_MICROS + 1) / HOUR_MICROS) * HOUR_MICROS; }

/* One look-up for each login: the words of somebody are looked up where he is new. */
static text person_key(digest *in, int64_t host, text service, text mailbox, text address) {
    bytes *room = &in->room;
    room->size = 0;
    append_i32(room, (int32_t)host);
    append_i32(room, (int32_t)service.size);
    append_i32(room, (int32_t)mailbox.size);
    append(room, service.at, service.size);
    append(room, mailbox.at, mailbox.size);
    append(room, address.at, address.size);
    return (text){room->at, room->size};
}

static int64_t person_of(digest *in, text host, text service, text mailbox, text address) {
    int64_t on = host_word(in, host);
    bool fresh;
    int64_t who = number_of(&in->people, person_key(in, on, service, mailbox, address), &fresh);
    if (fresh) {
        person row = {word(in, mailbox), word(in, address), word(in, service), on};
        append(&in->person_rows, &row, sizeof row);
        last_hour none = {INT64_MIN, NONE};
        append(&in->last_hours, &none, sizeof none);
    }
    return who;
}

/* The row that sums up this hour of somebody: mostly the one that it was last. */
static sum *sum_of(digest *in, int64_t who, int64_t hour, int64_t time, bool *fresh) {
    last_hour *last = &ROWS(last_hour, in->last_hours)[who];
    *fresh = false;
    if (last->hour != hour) {
        int64_t key[] = {who, hour};
        last->hour = hour;
        last->sum = row_of(&in->by_hour, key, 2, fresh);
    }
    if (*fresh) {
        sum row = {who, NONE, hour, 0, time, time};
        append(&in->sums, &row, sizeof row);
    }
    return &ROWS(sum, in->sums)[last->sum];
}

void foresee(digest *in, const cut *found) {
    recent *last = &in->last;
    if (!last->has_host || !is_recent(&last->host, found->host)) return;
    fetch_name(&in->sessions, session_in_batch(in, found->host, found->session, &in->room));
    if (found->shape == LOGIN_LINE) fetch_name(&in->people, person_key(in, last->word, found->service, found->user, found->ip));
}

void succeed(digest *in, text host, text service, text mailbox, text address, text id, int64_t time, text client, text version) {
    bytes *room = &in->room;
    if (client.at == NULL && id.at != NULL && in->known_clients.count) {
        entry *named = look_up(&in->known_clients, session_key(host, id, room));
        if (named != NULL) client = named->facts.s[CLIENT], version = named->facts.s[VERSION];
    }
    bool fresh;
    int64_t who = person_of(in, host, service, mailbox, address), named = client_of(in, client, version);
    sum *row = sum_of(in, who, hour_of(time), time, &fresh);
    row->count++;
    if (time < row->first) row->first = time;
    if (time > row->last) row->last = time;
    if (named != NONE) row->client = named;
    if (id.at != NULL && (same(service, TEXT("imap")) || same(service, TEXT("pop3")))) { /* keeping.SESSION_SERVICES */
        number_of(&in->sessions, session_in_batch(in, host, id, room), &fresh);
        if (fresh) {
            session row = {who, named, host_word(in, host), time, INT64_MIN};
            append(&in->session_rows, &row, sizeof row);
        }
    }
}

void end_session(digest *in, text host, text id, int64_t time) {
    bytes *room = &in->room;
    int64_t at = find_name(&in->sessions, session_in_batch(in, host, id, room));
    if (at < 0) {
        late_end row = {host_word(in, host), word(in, id), time};
        append(&in->ends, &row, sizeof row);
        return;
    }
    session *begun = &ROWS(session, in->session_rows)[at];
    if (begun->end == INT64_MIN && begun->start <= time) begun->end = time;
}

void learn_client(digest *in, text host, text id, text client, text version) {
    bytes *room = &in->room;
    known facts = {0};
    facts.s[CLIENT] = client;
    facts.s[VERSION] = version;
    store(&in->known_clients, remember(&in->known_clients, session_key(host, id, room), false), KNOWN, &facts);
    int64_t named = client_of(in, client, version);
    int64_t at = find_name(&in->sessions, session_in_batch(in, host, id, room));
    if (at < 0) {
        late_client row = {host_word(in, host), word(in, id), named};
        append(&in->late_clients, &row, sizeof row);
        return;
    }
    session *begun = &ROWS(session, in->session_rows)[at];
    begun->client = named;
    int64_t key[] = {begun->who, hour_of(begun->start)};
    int64_t summed = find_name(&in->by_hour, (text){(const char *)key, sizeof key});
    if (summed >= 0) ROWS(sum, in->sums)[summed].client = named;
}

void keep(digest *in, int64_t time, text login, text address, bool failed) {
    kept_line row = {time, word(in, login), word(in, address), failed};
    append(&in->kept, &row, sizeof row);
    if (login.at == NULL) return;
    bool fresh;
    uint32_t at = row_of(&in->by_login, &row.login, 1, &fresh);
    if (fresh) {
        seen_login seen = {row.login, time, time};
        append(&in->logins, &seen, sizeof seen);
    } else {
        seen_login *seen = &ROWS(seen_login, in->logins)[at];
        if (time < seen->first) seen->first = time;
        if (time > seen->last) seen->last = time;
    }
}

void keep_for_python(digest *in, int64_t time) {
    kept_line row = {time, BY_PYTHON, NONE, 0};
    append(&in->kept, &row, sizeof row);
}

void close_line(digest *in) {
    size_t count = COUNT(kept_line, in->kept);
    if (count % BLOCK_LINES == 0) append_i64(&in->packed_ends, (int64_t)in->packed.size);
    else append(&in->packed, "\n", 1);
}

static int64_t word_or_empty(digest *in, text name) { return word(in, name.at == NULL ? TEXT("") : name); }

void count_failure(digest *in, int64_t time, text event, text reason, text service, text host, text tls) {
    failure row = {hour_of(time) / HOUR_MICROS, word(in, event), word_or_empty(in, reason),
                   word_or_empty(in, service), host_word(in, host), word_or_empty(in, tls), 1};
    bool fresh;
    uint32_t at = row_of(&in->by_cause, &row.hour, 6, &fresh);
    if (fresh) append(&in->failures, &row, sizeof row);
    else ROWS(failure, in->failures)[at].count++;
}
