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

static void free_entry(entry *one) {
    free(one->data.at);
    free(one);
}

void free_memory(memory *in) {
    for (entry *one = in->oldest; one != NULL;) {
        entry *next = one->newer;
        free_entry(one);
        one = next;
    }
    free(in->slots);
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
    free_entry(one);
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
    one = claim(NULL, sizeof *one + key.size);
    memset(one, 0, sizeof *one);
    one->hash = hash;
    one->key = (char *)(one + 1); /* behind the entry */
    memcpy(one->key, key.at, key.size);
    one->key_size = key.size;
    one->chain = in->slots[hash & in->mask];
    in->slots[hash & in->mask] = one;
    link_newest(in, one);
    if (++in->count > in->capacity) forget(in, in->oldest);
    return one;
}

static bool is_plain(text one) {
    for (size_t at = 0; at < one.size; at++)
        if ((unsigned char)one.at[at] < 0x20 || (unsigned char)one.at[at] > 0x7e || one.at[at] == '\\') return false;
    return true;
}

/* Takes over `facts`, whose texts may point into the entry's own data. */
void store(entry *in, enum kind kind, const known *facts) {
    bytes data = {NULL, 0, 0};
    known copy = *facts;
    size_t total = 0;
    in->plain = true;
    for (int at = 0; at < KNOWN_TEXTS; at++) total += copy.s[at].size;
    data.at = claim(NULL, total);
    data.room = total ? total : 1;
    for (int at = 0; at < KNOWN_TEXTS; at++)
        if (copy.s[at].at != NULL) {
            char *place = data.at + data.size;
            if (!is_plain(copy.s[at])) in->plain = false;
            append(&data, copy.s[at].at, copy.s[at].size);
            copy.s[at].at = place;
        }
    free(in->data.at);
    in->data = data;
    in->facts = copy;
    in->kind = kind;
    in->lines = 0;
}
