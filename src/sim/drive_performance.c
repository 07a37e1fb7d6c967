/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * How fast the drive says it is, and how it is told to be slower: GET
 * PERFORMANCE, SET CD SPEED, SET STREAMING (MMC-6 6.8, 6.39, 6.41). Which speed
 * then is in force, drive_speed.c decides.
 */
#include "sim/drive_answer.h"

#include "base/be.h"

#define HEADER 8u
#define DESCRIPTOR 16u
#define PIECES_MAX 64u /* four layers of at most 16 */
#define PIECE_DEPTH 4u /* a layer is halved so often */
/* 6.8.3.2.1: between the two ends of a descriptor the speed runs straight, within a tolerance of 10 %. */
#define TOLERANCE_PERCENT 10u
#define TOLERANCE_NOMINAL 0x02u
#define KBPS_MAX 0xffffu

enum performance_type { TYPE_PERFORMANCE = 0x00, TYPE_WRITE_SPEED = 0x03 };

struct performance {
	struct answering *a;
	unsigned char bytes[HEADER + PIECES_MAX * DESCRIPTOR];
	unsigned count;
};

static void piece_add(struct performance *p, uint64_t first, uint64_t last)
{
	const struct drive *drive = p->a->drive;
	uint64_t from = be32(p->a->cdb + 2);
	if (p->count == PIECES_MAX || last < from)
		return;
	first = first > from ? first : from;
	unsigned char *b = p->bytes + HEADER + (size_t)p->count++ * DESCRIPTOR;
	be32_put(b, (uint32_t)first);
	be32_put(b + 4, drive_kbps_at(drive, first));
	be32_put(b + 8, (uint32_t)last);
	be32_put(b + 12, drive_kbps_at(drive, last));
}

/* Halves a stretch until a straight line is near enough to the curve in its middle. */
static void pieces_add(struct performance *p, uint64_t first, uint64_t last)
{
	struct {
		uint64_t first, last;
		unsigned depth;
	} todo[PIECE_DEPTH + 1] = {{first, last, 0}};
	unsigned left = 1;
	while (left) {
		left--;
		uint64_t from = todo[left].first, to = todo[left].last, middle = from + (to - from) / 2;
		unsigned depth = todo[left].depth;
		uint32_t line = (drive_kbps_at(p->a->drive, from) + drive_kbps_at(p->a->drive, to)) / 2;
		uint32_t here = drive_kbps_at(p->a->drive, middle);
		uint32_t apart = here > line ? here - line : line - here;
		if (depth == PIECE_DEPTH || to - from < 2 || apart * 100u <= here * TOLERANCE_PERCENT) {
			piece_add(p, from, to);
			continue;
		}
		todo[left].first = middle + 1;
		todo[left].last = to;
		todo[left++].depth = depth + 1;
		todo[left].first = from;
		todo[left].last = middle;
		todo[left++].depth = depth + 1;
	}
}

static void nominal_performance(struct performance *p)
{
	const struct disc *disc = &p->a->drive->disc;
	if (!disc->has_geometry) {
		pieces_add(p, 0, disc->sectors - 1);
		return;
	}
	for (unsigned i = 0; i < disc->spiral.layer_count; i++) {
		const struct spiral_layer *layer = &disc->spiral.layers[i];
		if (layer->count)
			pieces_add(p, layer->first, layer->first + layer->count - 1);
	}
}

/* 6.8.3.4: one descriptor for each speed that it can be set to, the fastest first. It writes at none of them. */
static void speeds_add(struct performance *p)
{
	const struct drive *drive = p->a->drive;
	const struct key_steps *steps = &drive->scenario.drive.steps[drive->kind];
	double top = steps->at[steps->count - 1];
	uint32_t max = drive_kbps_max(drive);
	for (unsigned i = steps->count; i-- > 0;) {
		unsigned char *b = p->bytes + HEADER + (size_t)p->count++ * DESCRIPTOR;
		be32_put(b + 4, layout_last_lba(&drive->layout));
		be32_put(b + 8, (uint32_t)((double)max * steps->at[i] / top + 0.5));
	}
}

/* Byte 1: tolerance (4..3), Write (2), Except (1..0). The length counts all descriptors, whatever fits. */
void answer_performance(struct answering *a)
{
	struct performance p = {.a = a};
	uint8_t type = a->cdb[10], tolerance = a->cdb[1] >> 3 & 3, write = a->cdb[1] & 4,
		except = a->cdb[1] & 3;
	if (type == TYPE_WRITE_SPEED) {
		speeds_add(&p);
	} else if (type != TYPE_PERFORMANCE || tolerance != TOLERANCE_NOMINAL || write || except == 3) {
		answer_bad_field(a->answer);
		return;
	} else if (!except) {
		nominal_performance(&p);
	} else {
		p.bytes[4] = 0x01; /* exceptions: there are none */
	}
	size_t max = be16(a->cdb + 8), count = p.count < max ? p.count : max;
	be32_put(p.bytes, HEADER - 4 + p.count * DESCRIPTOR);
	answer_reply(a, p.bytes, HEADER + count * DESCRIPTOR, UINT32_MAX);
}

/* 6.39: bytes 2-3 read speed in kB/s; FFFFh is the fastest. The write speed is nobody's business here. */
void answer_set_cd_speed(struct answering *a)
{
	drive_set_speed(a->drive, be16(a->cdb + 2));
}

#define STREAMING_LEN 28u

/* 6.41.3: so many kB in so many ms. RDD: as after power on. */
void answer_set_streaming(struct answering *a)
{
	const uint8_t *list = a->command->data;
	uint16_t len = be16(a->cdb + 9);
	if (a->cdb[8]) { /* type 0 alone: performance descriptor */
		answer_bad_field(a->answer);
		return;
	}
	if (!len)
		return;
	if (len != STREAMING_LEN || !list || a->command->data_in || a->command->data_len < len) {
		answer_fail(a->answer, SENSE_ILLEGAL_REQUEST, 0x1a, 0); /* parameter list length error */
		return;
	}
	uint64_t kb = be32(list + 12), ms = be32(list + 16);
	bool defaults = list[0] & 0x04;
	if (!defaults && (!ms || be32(list + 8) < be32(list + 4))) {
		answer_bad_parameter(a->answer);
		return;
	}
	uint64_t kbps = defaults ? KBPS_MAX : kb * 1000 / ms;
	drive_set_speed(a->drive, kbps < KBPS_MAX ? (uint32_t)kbps : KBPS_MAX);
	a->answer->moved = len;
}
