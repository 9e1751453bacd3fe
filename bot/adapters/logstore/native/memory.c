/* What is remembered by key, within bounds: the least recently used entry goes first. */
#include "native.h"

#include <stdlib.h>
#include <string.h>

void begin_memory(memory *in, uint32_t capacity) {
    uint32_t slots = 64;
    while (slots < capacity) slots *= 2;
    in->slots = claim(NULL, slots * sizeof *in->slots);
    memset(in->slots, 0, slots * sizeof *in->slots);
    in->mask = slots - 1;
    in->capacity = capacity;
    in->count = 0;
    in->oldest = in->newest = NULL;
}

static void free_chain(entry *one) {
    while (one != NULL) {
        entry *next = one->newer;
        free(one->data.at);
        free(one);
        one = next;
    }
}

void free_memory(memory *in) {
    free_chain(in->oldest);
    free_chain(in->spare);
    free(in->slots);
    free(in->scratch.at);
    memset(in, 0, sizeof *in);
}

static void unlink_entry(memory *in, entry *one) {
    if (one->older) one->older->newer = one->newer; else in->oldest = one->newer;
    if (one->newer) one->newer->older = one->older; else in->newest = one->older;
}

static void link_newest(memory *in, entry *one) {
    one->older = in->newest;
    one->newer = NULL;
    if (in->newest) in->newest->newer = one; else in->oldest = one;
    in->newest = one;
}

static entry *found(memory *in, text key, uint64_t hash) {
    for (entry *one = in->slots[hash & in->mask]; one != NULL; one = one->chain)
        if (one->hash == hash && one->key_size == key.size && memcmp(one->key, key.at, key.size) == 0) return one;
    return NULL;
}

void fetch_slot(const memory *in, uint64_t hash) { __builtin_prefetch(&in->slots[hash & in->mask]); }

void fetch_entry(const memory *in, uint64_t hash) {
    const entry *one = in->slots[hash & in->mask];
    if (one == NULL) return;
    __builtin_prefetch(one);
    __builtin_prefetch(one->near);
}

entry *look_up(memory *in, text key) { return found(in, key, hash_of(key.at, key.size)); }

entry *remembered(memory *in, text key) {
    entry *one = look_up(in, key);
    if (one != NULL && one != in->newest) {
        unlink_entry(in, one);
        link_newest(in, one);
    }
    return one;
}

void forget(memory *in, entry *one) {
    entry **link = &in->slots[one->hash & in->mask];
    while (*link != one) link = &(*link)->chain;
    *link = one->chain;
    unlink_entry(in, one);
    in->count--;
    one->newer = in->spare;
    in->spare = one;
}

/* An entry with room for such a key, of which nothing is known. */
static entry *unused(memory *in, size_t key_size) {
    entry *one = in->spare;
    if (one != NULL) in->spare = one->newer;
    if (one == NULL || one->key_room < key_size) {
        bytes data = one ? one->data : (bytes){NULL, 0, 0};
        bool far = key_size > KEY_ROOM;
        one = claim(one, sizeof *one + (far ? key_size : 0));
        memset(one, 0, sizeof *one);
        one->key = far ? (char *)(one + 1) : one->near;
        one->key_room = far ? key_size : KEY_ROOM;
        one->data = data;
    }
    one->data.size = 0;
    return one;
}

entry *remember(memory *in, text key, bool refresh) {
    uint64_t hash = hash_of(key.at, key.size);
    entry *one = found(in, key, hash);
    if (one != NULL) {
        if (refresh && one != in->newest) {
            unlink_entry(in, one);
            link_newest(in, one);
        }
        return one;
    }
    if (in->count == in->capacity) {
        forget(in, in->oldest);
        /* what goes next, and after that: it is long out of the processor's cache */
        __builtin_prefetch(&in->slots[in->oldest->hash & in->mask]);
        __builtin_prefetch(in->oldest->newer);
    }
    one = unused(in, key.size);
    one->hash = hash;
    memcpy(one->key, key.at, key.size);
    one->key_size = key.size;
    one->lines = 0;
    one->kind = LINES; /* none yet: whoever knows more stores it */
    one->chain = in->slots[hash & in->mask];
    in->slots[hash & in->mask] = one;
    link_newest(in, one);
    in->count++;
    return one;
}

static bool is_plain(text one) {
    unsigned char odd = 0;
    for (size_t at = 0; at < one.size; at++) {
        unsigned char byte = (unsigned char)one.at[at];
        odd |= (unsigned char)((byte < 0x20) | (byte > 0x7e) | (byte == '\\'));
    }
    return odd == 0;
}

/* Takes over `facts`, whose texts may point into the entry's own data: they are put together elsewhere first. */
void store(memory *in, entry *one, enum kind kind, const known *facts) {
    bytes *data = &in->scratch;
    data->size = 0;
    size_t starts[KNOWN_TEXTS];
    for (int at = 0; at < KNOWN_TEXTS; at++) {
        starts[at] = data->size;
        if (facts->s[at].size) append(data, facts->s[at].at, facts->s[at].size);
    }
    one->plain = is_plain((text){data->at, data->size});
    append(data, "", 1); /* an empty text has a place, too */
    one->facts = *facts;
    for (int at = 0; at < KNOWN_TEXTS; at++)
        if (facts->s[at].at != NULL) one->facts.s[at].at = data->at + starts[at];
    bytes before = one->data;
    one->data = *data;
    *data = before;
    one->kind = kind;
    one->lines = 0;
}
