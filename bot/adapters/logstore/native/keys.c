/* By what rows are found: digests of short texts, the twin of digest_of and key_of in bot/adapters/logstore/sqlite/schema.py. */
#define _GNU_SOURCE /* memrchr */
#include "native.h"

#include <stdlib.h>

/* -- BLAKE2b (RFC 7693), without a key, of eight bytes ---------------------------------------------------------------- */

#define CHUNK 128
#define SIZE 8

static const uint64_t START[8] = {0x6a09e667f3bcc908, 0xbb67ae8584caa73b, 0x3c6ef372fe94f82b, 0xa54ff53a5f1d36f1,
                                  0x510e527fade682d1, 0x9b05688c2b3e6c1f, 0x1f83d9abfb41bd6b, 0x5be0cd19137e2179};
static const unsigned char ORDER[12][16] = {
    {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15}, {14, 10, 4, 8, 9, 15, 13, 6, 1, 12, 0, 2, 11, 7, 5, 3},
    {11, 8, 12, 0, 5, 2, 15, 13, 10, 14, 3, 6, 7, 1, 9, 4}, {7, 9, 3, 1, 13, 12, 11, 14, 2, 6, 5, 10, 4, 0, 15, 8},
    {9, 0, 5, 7, 2, 4, 10, 15, 14, 1, 11, 12, 6, 8, 3, 13}, {2, 12, 6, 10, 0, 11, 8, 3, 4, 13, 7, 5, 15, 14, 1, 9},
    {12, 5, 1, 15, 14, 13, 4, 10, 0, 7, 6, 3, 9, 2, 8, 11}, {13, 11, 7, 14, 12, 1, 3, 9, 5, 0, 15, 4, 8, 6, 2, 10},
    {6, 15, 14, 9, 11, 3, 0, 8, 12, 2, 13, 7, 1, 4, 10, 5}, {10, 2, 8, 4, 7, 6, 1, 5, 15, 11, 9, 14, 3, 12, 13, 0},
    {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15}, {14, 10, 4, 8, 9, 15, 13, 6, 1, 12, 0, 2, 11, 7, 5, 3}};

static inline uint64_t turned(uint64_t word, int by) { return word >> by | word << (64 - by); }

static inline void mix(uint64_t *v, int a, int b, int c, int d, uint64_t x, uint64_t y) {
    v[a] += v[b] + x, v[d] = turned(v[d] ^ v[a], 32);
    v[c] += v[d], v[b] = turned(v[b] ^ v[c], 24);
    v[a] += v[b] + y, v[d] = turned(v[d] ^ v[a], 16);
    v[c] += v[d], v[b] = turned(v[b] ^ v[c], 63);
}

static void take_in(uint64_t *state, const unsigned char *chunk, uint64_t read, bool last) {
    uint64_t v[16], m[16];
    memcpy(m, chunk, sizeof m); /* little-endian, as everywhere in this library */
    memcpy(v, state, sizeof START);
    memcpy(v + 8, START, sizeof START);
    v[12] ^= read;
    if (last) v[14] = ~v[14];
    for (int round = 0; round < 12; round++) {
        const unsigned char *s = ORDER[round];
        mix(v, 0, 4, 8, 12, m[s[0]], m[s[1]]), mix(v, 1, 5, 9, 13, m[s[2]], m[s[3]]);
        mix(v, 2, 6, 10, 14, m[s[4]], m[s[5]]), mix(v, 3, 7, 11, 15, m[s[6]], m[s[7]]);
        mix(v, 0, 5, 10, 15, m[s[8]], m[s[9]]), mix(v, 1, 6, 11, 12, m[s[10]], m[s[11]]);
        mix(v, 2, 7, 8, 13, m[s[12]], m[s[13]]), mix(v, 3, 4, 9, 14, m[s[14]], m[s[15]]);
    }
    for (int at = 0; at < 8; at++) state[at] ^= v[at] ^ v[at + 8];
}

static uint64_t blake2b(text of) {
    uint64_t state[8];
    memcpy(state, START, sizeof state);
    state[0] ^= 0x01010000 ^ SIZE;
    size_t at = 0;
    for (; of.size - at > CHUNK; at += CHUNK) take_in(state, (const unsigned char *)of.at + at, at + CHUNK, false);
    unsigned char rest[CHUNK] = {0};
    if (of.size) memcpy(rest, of.at + at, of.size - at);
    take_in(state, rest, of.size, true);
    return state[0];
}

/* -- digests of texts -------------------------------------------------------------------------------------------------- */

/* As the digest takes it: half a surrogate pair, which UTF-8 does not know, is spelt \udcff. */
static void append_spelt(bytes *to, text one) {
    static const char DIGITS[] = "0123456789abcdef";
    size_t begun = 0;
    for (size_t at = 0; at + 2 < one.size; at++) {
        const unsigned char *byte = (const unsigned char *)one.at + at;
        if (byte[0] != 0xed || byte[1] < 0xa0) continue;
        append(to, one.at + begun, at - begun);
        unsigned code = 0xd000u | (byte[1] & 0x3fu) << 6 | (byte[2] & 0x3fu);
        char spelt[6] = {'\\', 'u', DIGITS[code >> 12], DIGITS[code >> 8 & 15], DIGITS[code >> 4 & 15], DIGITS[code & 15]};
        append(to, spelt, sizeof spelt);
        begun = at + 3, at += 2;
    }
    append(to, one.at + begun, one.size - begun);
}

/* 63 bits of `kind`, a colon, and the texts with a space between each two. */
int64_t digest_of(bytes *room, char kind, const text *parts, int count) {
    room->size = 0;
    append(room, &kind, 1);
    for (int at = 0; at < count; at++) {
        append(room, at ? " " : ":", 1);
        append_spelt(room, parts[at]);
    }
    return (int64_t)(__builtin_bswap64(blake2b((text){room->at, room->size})) >> 1);
}

static int64_t key_of(bytes *room, char kind, text one) { return digest_of(room, kind, &one, 1) >> 16; }

/* -- of the words of a batch --------------------------------------------------------------------------------------------- */

static void key_name(digest *in, int64_t word) {
    if (word < 0) return;
    word_keys *keys = &ROWS(word_keys, in->word_keys)[word];
    if (keys->name != NONE) return;
    text name = name_of(&in->words, (uint32_t)word);
    keys->name = key_of(&in->room, 'n', name);
    const char *sign = name.size ? memrchr(name.at, '@', name.size) : NULL;
    size_t local = sign ? (size_t)(sign - name.at) : 0;
    if (local && local + 1 < name.size) keys->domain = key_of(&in->room, 'd', (text){sign + 1, name.size - local - 1});
}

/* An IPv4 address is its own network; of anything else Python knows what it is. */
static void key_address(digest *in, int64_t word) {
    if (word < 0) return;
    word_keys *keys = &ROWS(word_keys, in->word_keys)[word];
    text address = name_of(&in->words, (uint32_t)word);
    if (keys->network != NONE || address.size == 0) return;
    if (is_ipv4(address)) {
        keys->network = key_of(&in->room, 'i', address);
    } else {
        append_i64(&in->asked, word);
        keys->network = ASKED;
    }
}

static void key_words(digest *in, int64_t kept_from) {
    word_keys none = {NONE, NONE, NONE, kept_from};
    for (uint32_t word = 0; word < in->words.count; word++) append(&in->word_keys, &none, sizeof none);
    for (size_t at = 0; at < COUNT(kept_line, in->kept); at++) {
        const kept_line *line = &ROWS(kept_line, in->kept)[at];
        key_name(in, line->login);
        key_address(in, line->address);
    }
    for (size_t at = 0; at < COUNT(person, in->person_rows); at++) {
        key_name(in, ROWS(person, in->person_rows)[at].mailbox);
        key_address(in, ROWS(person, in->person_rows)[at].address);
    }
}

static int by_tag(const void *one, const void *other) {
    int64_t a = ((const keyed_person *)one)->tag, b = ((const keyed_person *)other)->tag;
    return a < b ? -1 : a > b;
}

/* Who logged in, in the order of their tags. */
static void key_people(digest *in) {
    for (size_t at = 0; at < COUNT(person, in->person_rows); at++) {
        const person *one = &ROWS(person, in->person_rows)[at];
        int64_t words[] = {one->mailbox, one->address, one->service, one->host};
        text parts[4];
        for (int part = 0; part < 4; part++) parts[part] = words[part] < 0 ? TEXT("") : name_of(&in->words, (uint32_t)words[part]);
        keyed_person row = {digest_of(&in->room, 'w', parts, 4), (int64_t)at};
        append(&in->keyed_people, &row, sizeof row);
    }
    size_t count = COUNT(keyed_person, in->keyed_people);
    if (count > 1) qsort(in->keyed_people.at, count, sizeof(keyed_person), by_tag);
}

#pragma GCC visibility push(default)
void triage_key(reader *in, int64_t kept_from);
void triage_answer(reader *in, int64_t word, int64_t network);
void triage_keep_from(reader *in, const char *host, size_t host_size, int64_t time);
#pragma GCC visibility pop

/* Makes the keys of the batch that was taken. Sessions are kept from `kept_from` on, where triage_keep_from says nothing else. */
void triage_key(reader *in, int64_t kept_from) {
    key_words(&in->taken, kept_from);
    key_people(&in->taken);
}

/* What Python says of a word of the table `asked`; NONE: it is no address. */
void triage_answer(reader *in, int64_t word, int64_t network) {
    if (word >= 0 && (size_t)word < COUNT(word_keys, in->taken.word_keys)) ROWS(word_keys, in->taken.word_keys)[word].network = network;
}

/* From when on sessions of a host are kept. */
void triage_keep_from(reader *in, const char *host, size_t host_size, int64_t time) {
    int64_t word = find_name(&in->taken.words, (text){host, host_size});
    if (word >= 0 && (size_t)word < COUNT(word_keys, in->taken.word_keys)) ROWS(word_keys, in->taken.word_keys)[word].kept_from = time;
}
