/* Lines of a known wording: the fields that Python's grammar found in it, and those that are put together. */
#include "native.h"

#include <stdlib.h>
#include <string.h>

#define WORDINGS_KEPT 4096

static template *at_row(const templates *in, uint32_t number) { return &((template *)(void *)in->rows.at)[number]; }

static void free_rows(templates *in) {
    for (uint32_t number = 0; number < in->keys.count; number++) {
        template *one = at_row(in, number);
        for (int field = 0; field < FIELDS; field++) free(one->fields[field].parts);
        free(one->texts.at);
    }
    in->rows.size = 0;
}

void free_templates(templates *in) {
    free_rows(in);
    free_names(&in->keys);
    free(in->rows.at);
    free(in->pending.at);
}

/* `kinds` says of each slot what its value looks like, as in Templates.parse. */
template *template_of(templates *in, const cut *found, const char *kinds) {
    in->pending.size = 0;
    append_i32(&in->pending, (int32_t)found->shape);
    append(&in->pending, kinds, SLOTS);
    append_i64(&in->pending, (int64_t)found->program.size);
    append(&in->pending, found->program.at, found->program.size);
    for (int at = 0; at < found->fixed_count; at++) {
        append_i64(&in->pending, (int64_t)found->fixed[at].size);
        append(&in->pending, found->fixed[at].at, found->fixed[at].size);
    }
    int64_t number = find_name(&in->keys, (text){in->pending.at, in->pending.size});
    return number < 0 ? NULL : at_row(in, (uint32_t)number);
}

/* Takes over what `learned` holds, for the wording that was asked for last; false where that is known already. */
bool learn_template(templates *in, const template *learned) {
    if (in->keys.count >= WORDINGS_KEPT) {
        free_rows(in);
        forget_names(&in->keys);
    }
    bool fresh;
    number_of(&in->keys, (text){in->pending.at, in->pending.size}, &fresh);
    if (fresh) append(&in->rows, learned, sizeof *learned);
    return fresh;
}

static text slot_text(const template *of, const part *one, const text *slots) {
    if (one->slot == NONE) return (text){of->texts.at + one->start, one->size};
    text chosen = slots[one->slot % LOWERED];
    return chosen.at == NULL ? TEXT("") : chosen;
}

/* `room` must hold what is put together: it is sized first, so that texts in it stay where they are. */
void fill_in(const template *of, const text *slots, value *out, bytes *room) {
    size_t needed = 0;
    for (int field = 0; field < FIELDS; field++)
        for (int at = 0; at < of->fields[field].part_count; at++) needed += slot_text(of, &of->fields[field].parts[at], slots).size;
    if (room->room < needed + 1) {
        room->room = needed + 1;
        room->at = claim(room->at, room->room);
    }
    room->size = 0;
    for (int field = 0; field < FIELDS; field++) {
        out[field] = (value){NOTHING, of->fields[field].number, of->fields[field].is_number};
        int count = of->fields[field].part_count;
        if (count == 0) continue;
        if (count == 1 && of->fields[field].parts[0].slot < LOWERED) {
            out[field].s = slot_text(of, &of->fields[field].parts[0], slots);
            continue;
        }
        char *start = room->at + room->size;
        for (int at = 0; at < count; at++) {
            const part *one = &of->fields[field].parts[at];
            text chosen = slot_text(of, one, slots);
            char *to = room->at + room->size;
            append(room, chosen.at, chosen.size);
            if (one->slot >= LOWERED)
                for (size_t byte = 0; byte < chosen.size; byte++)
                    if (to[byte] >= 'A' && to[byte] <= 'Z') to[byte] |= 0x20;
        }
        out[field].s = (text){start, (size_t)(room->at + room->size - start)};
    }
}
