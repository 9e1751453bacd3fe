/* Bytes that grow, and tables of distinct texts. */
#include "native.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void *claim(void *old, size_t size) {
    void *made = realloc(old, size ? size : 1);
    if (made == NULL) {
        fputs("triage: the native log reader has no memory left\n", stderr);
        abort(); /* what was committed stays, the rest is read again */
    }
    return made;
}

void widen_bytes(bytes *to, size_t more) {
    size_t room = to->room ? to->room * 2 : 256;
    while (room - to->size < more) room *= 2;
    to->at = claim(to->at, room);
    to->room = room;
}

void append_json(bytes *to, text one) {
    static const char DIGITS[] = "0123456789abcdef";
    append(to, "\"", 1);
    if (is_bare(one)) {
        append(to, one.at, one.size);
        append(to, "\"", 1);
        return;
    }
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

void append_number(bytes *to, int64_t number) {
    char digits[21];
    size_t at = sizeof digits;
    uint64_t rest = number < 0 ? -(uint64_t)number : (uint64_t)number;
    do digits[--at] = (char)('0' + rest % 10); while (rest /= 10);
    if (number < 0) digits[--at] = '-';
    append(to, digits + at, sizeof digits - at);
}

/* Multiply and fold, eight bytes at a time. Where the library lies differs from run to run and goes into it, so that
 * nobody can send names that collide; the order of rows is that of the lines, whatever the hash. */
uint64_t hash_of(const char *at, size_t size) {
    uint64_t hash = (0x9e3779b97f4a7c15ULL ^ size) + (uint64_t)(uintptr_t)&hash_of * 0x9fb21c651e98df25ULL;
    while (size >= 8) {
        uint64_t word;
        memcpy(&word, at, 8);
        hash = (hash ^ word) * 0xff51afd7ed558ccdULL;
        hash ^= hash >> 32;
        at += 8;
        size -= 8;
    }
    if (size) {
        uint64_t word = 0;
        memcpy(&word, at, size);
        hash = (hash ^ word) * 0xff51afd7ed558ccdULL;
        hash ^= hash >> 32;
    }
    hash *= 0xc4ceb9fe1a85ec53ULL;
    return hash ^ hash >> 33;
}

text name_of(const names *in, uint32_t number) {
    size_t start = number ? in->ends[number - 1] : 0;
    return (text){in->all.at + start, in->ends[number] - start};
}

/* Half of the hash stands in the slot: what does not match is passed over without a look elsewhere. */
static uint64_t slot_of(uint64_t hash, uint32_t number) { return (hash & 0xffffffff00000000ULL) | (number + 1); }

static void widen(names *in) {
    uint32_t slots = in->mask ? (in->mask + 1) * 2 : 64;
    in->slots = claim(in->slots, slots * sizeof *in->slots);
    memset(in->slots, 0, slots * sizeof *in->slots);
    in->mask = slots - 1;
    for (uint32_t number = 0; number < in->count; number++) {
        uint64_t hash = in->hashes[number];
        uint32_t at = hash & in->mask;
        while (in->slots[at]) at = (at + 1) & in->mask;
        in->slots[at] = slot_of(hash, number);
    }
}

static int64_t place_of(const names *in, text name, uint64_t hash, uint32_t *free_slot) {
    uint32_t at = hash & in->mask;
    for (uint64_t slot; (slot = in->slots[at]) != 0;) {
        uint32_t number = (uint32_t)slot - 1;
        if ((slot ^ hash) >> 32 == 0) {
            text held = name_of(in, number);
            if (held.size == name.size && (name.size == 0 || memcmp(held.at, name.at, name.size) == 0)) return number;
        }
        at = (at + 1) & in->mask;
    }
    *free_slot = at;
    return -1;
}

int64_t find_name(const names *in, text name) {
    uint32_t at;
    return in->mask ? place_of(in, name, hash_of(name.at, name.size), &at) : -1;
}

void fetch_name(const names *in, text name) {
    if (in->mask) __builtin_prefetch(&in->slots[hash_of(name.at, name.size) & in->mask]);
}

uint32_t number_of(names *in, text name, bool *fresh) {
    if (in->mask == 0 || in->count * 2 > in->mask) widen(in);
    uint64_t hash = hash_of(name.at, name.size);
    uint32_t at = 0;
    int64_t number = place_of(in, name, hash, &at);
    if (fresh != NULL) *fresh = number < 0;
    if (number >= 0) return (uint32_t)number;
    if (in->count == in->room) {
        in->room = in->room ? in->room * 2 : 64;
        in->hashes = claim(in->hashes, in->room * sizeof *in->hashes);
        in->ends = claim(in->ends, in->room * sizeof *in->ends);
    }
    append(&in->all, name.at, name.size);
    in->hashes[in->count] = hash;
    in->ends[in->count] = in->all.size;
    in->slots[at] = slot_of(hash, in->count);
    return in->count++;
}

void forget_names(names *in) {
    if (in->count == 0) return;
    in->count = 0;
    in->all.size = 0;
    memset(in->slots, 0, (in->mask + 1) * sizeof *in->slots);
}

void free_names(names *in) {
    free(in->all.at);
    free(in->hashes);
    free(in->ends);
    free(in->slots);
    memset(in, 0, sizeof *in);
}
