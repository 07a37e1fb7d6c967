/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A drive that answers as the input says, below the shipped source, engine and
 * output, in up to three sittings with a crash between them. Whatever it says:
 * the rescue ends, and no '+' holds bytes that were not delivered with proof.
 * The drive keeps the word of its own traits, or nothing could be known.
 */
#include "fuzz.h"

#include "core/classify.h"
#include "core/mapfile.h"
#include "core/sense.h"
#include "disk.h"
#include "engine/engine.h"
#include "io/output.h"
#include "mmc/source_mmc.h"

#define UNITS_MAX 96u
#define SECTOR 2048u
#define IMAGE "i"
#define MAP "i.map"
#define BUFFER_BYTES (64u << 10)
#define COMMANDS_MAX 3000u /* a sitting; then the drive is gone */
#define LOOKS_MAX 400000u  /* at the clock: so many in one run, and it does not end */
#define SITTINGS_MAX 3u

static _Alignas(4096) uint8_t buffer[BUFFER_BYTES];

static struct {
	struct fuzz_in in;
	struct respin_transport_traits traits;
	uint32_t last_lba;
	uint8_t profile, version;
	bool dries_good; /* what the drive does when the input is over */
	bool gone;
	uint64_t now_ns;
	unsigned commands, looks;
	uint16_t sure[UNITS_MAX];                   /* versions that were delivered with proof, a bit each */
	uint16_t once[UNITS_MAX], twice[UNITS_MAX]; /* delivered with a doubt */
} drive;

/* ---- what the disc holds: the same place in each of 16 versions of it ---- */

static void sector_fill(uint32_t lba, uint8_t version, uint8_t *sector)
{
	memset(sector, 0x40 + version, SECTOR);
	sector[0] = (uint8_t)lba;
	sector[1] = (uint8_t)(lba >> 8);
}

static bool sector_is(uint32_t lba, uint16_t versions, const uint8_t *sector)
{
	uint8_t expected[SECTOR];
	uint8_t version = sector[2] & 15;
	sector_fill(lba, version, expected);
	return versions & 1u << version && !memcmp(sector, expected, SECTOR);
}

/* ---- answers ---- */

static void set_sense(struct respin_command_reply *reply, unsigned key, unsigned asc, unsigned ascq)
{
	reply->scsi_status = SCSI_CHECK_CONDITION;
	reply->sense_len = 18;
	reply->sense[0] = 0x70;
	reply->sense[2] = (uint8_t)key;
	reply->sense[7] = 10;
	reply->sense[12] = (uint8_t)asc;
	reply->sense[13] = (uint8_t)ascq;
}

static void set_information(struct respin_command_reply *reply, uint32_t lba)
{
	reply->sense[0] |= 0x80;
	for (unsigned i = 0; i < 4; i++)
		reply->sense[3 + i] = (uint8_t)(lba >> (24 - 8 * i));
}

/* What drives and hosts say instead of data. */
static void refuse(struct respin_command_reply *reply, uint32_t lba)
{
	static const uint8_t senses[][3] = {
		{3, 0x11, 0x05}, {3, 0x11, 0x00}, {3, 0x02, 0x00},  {4, 0x3e, 0x02}, {4, 0x44, 0x00},
		{4, 0x08, 0x03}, {2, 0x04, 0x01}, {2, 0x04, 0x02},  {2, 0x3a, 0x00}, {2, 0x3a, 0x02},
		{2, 0x30, 0x00}, {5, 0x21, 0x00}, {5, 0x24, 0x00},  {5, 0x20, 0x00}, {5, 0x64, 0x00},
		{5, 0x6f, 0x03}, {6, 0x28, 0x00}, {6, 0x29, 0x00},  {8, 0x00, 0x00}, {11, 0x00, 0},
		{0, 0x00, 0x00}, {1, 0x17, 0x00}, {15, 0xff, 0xff},
	};
	uint8_t how = fuzz_u8(&drive.in);
	if (how & 0x80) {
		reply->host = (uint8_t)((how & 7) % 7);
		reply->scsi_status = how & 8 ? fuzz_u8(&drive.in) : (uint8_t)SCSI_GOOD;
		reply->sense_len = fuzz_u8(&drive.in);
		(void)fuzz_bytes(&drive.in, reply->sense, how & 0x10 ? RESPIN_SENSE_MAX : 24);
		return;
	}
	const uint8_t *sense = senses[(how & 31) % (sizeof senses / sizeof *senses)];
	set_sense(reply, sense[0], sense[1], sense[2]);
	if (how & 0x20)
		set_information(reply, lba + fuzz_u8(&drive.in) % 48u);
	if (how & 0x40)
		reply->sense[0] |= 1; /* deferred */
}

static void pass_time(uint8_t how, struct respin_command_reply *reply)
{
	static const uint64_t took_ns[] = {0,           1000000, 200000000, 3000000000,
					   70000000000, 20,      700000000, 400000000};
	reply->elapsed_ns = took_ns[how & 7];
	drive.now_ns += reply->elapsed_ns;
}

/* Sectors that really came; what the drive says of them is another matter. */
static void deliver(const struct respin_command *command, uint32_t lba, uint32_t sectors, bool doubt,
		    uint8_t version)
{
	bool proof = !doubt && (drive.traits.resid_trusted || drive.traits.poison_trusted);
	for (uint32_t i = 0; i < sectors && lba + i < UNITS_MAX; i++) {
		sector_fill(lba + i, version, (uint8_t *)command->data + i * SECTOR);
		uint16_t bit = (uint16_t)(1u << version), *once = &drive.once[lba + i];
		drive.sure[lba + i] |= proof ? bit : 0;
		drive.twice[lba + i] |= *once & bit;
		*once |= bit;
	}
}

/* The transfer was done, and then it is said to have failed; the sense may say otherwise. */
static void read_refused(const struct respin_command *command, uint32_t lba,
			 struct respin_command_reply *reply)
{
	struct respin_sense sense;
	refuse(reply, lba);
	(void)sense_decode(reply->sense,
			   reply->sense_len < RESPIN_SENSE_MAX ? reply->sense_len : RESPIN_SENSE_MAX, &sense);
	uint32_t sectors = command->data_len / SECTOR;
	if (reply->scsi_status == SCSI_GOOD || sense.key == SENSE_RECOVERED)
		deliver(command, lba, sectors, reply->scsi_status != SCSI_GOOD, drive.version);
	for (uint32_t i = 0; i < sectors; i++)
		sector_fill(lba + i, drive.version, buffer + i * SECTOR);
}

static void read_short(const struct respin_command *command, uint32_t lba, struct respin_command_reply *reply)
{
	uint8_t how = fuzz_u8(&drive.in);
	/* In words of four bytes: of a transfer that ends in the last three, poison says nothing. */
	uint32_t moved = fuzz_u16(&drive.in) * 4u % (command->data_len + 4) / 4 * 4;
	deliver(command, lba, moved / SECTOR, false, drive.version);
	if (moved % SECTOR) /* half a sector came as well */
		memset((uint8_t *)command->data + moved / SECTOR * SECTOR, 0x5a, moved % SECTOR);
	reply->residual = command->data_len - moved;
	/* One of the two proofs may lie, if the traits say that the other one holds. */
	if (drive.traits.poison_trusted && how & 1)
		reply->residual = how & 2 ? fuzz_u32(&drive.in) : 0;
	else if (drive.traits.resid_trusted && !drive.traits.poison_trusted && how & 1)
		memset((uint8_t *)command->data + moved, 0, command->data_len - moved);
}

static void answer_read(const struct respin_command *command, struct respin_command_reply *reply)
{
	const uint8_t *cdb = command->cdb;
	uint32_t lba = (uint32_t)cdb[2] << 24 | (uint32_t)cdb[3] << 16 | (uint32_t)cdb[4] << 8 | cdb[5];
	uint32_t sectors = command->data_len / SECTOR;
	MUST(command->data == buffer && command->data_len <= BUFFER_BYTES && sectors > 0);
	MUST(lba <= drive.last_lba && sectors - 1 <= drive.last_lba - lba);
	uint8_t how = fuzz_u8(&drive.in);
	pass_time(how >> 5, reply);
	switch (how & 15) {
	case 8: /* good, with an effort, and perhaps not the same twice */
		set_sense(reply, 1, 0x17, 1);
		deliver(command, lba, sectors, true, how & 16 ? fuzz_u8(&drive.in) & 15 : drive.version);
		return;
	case 9:
		read_short(command, lba, reply);
		return;
	case 10: /* somebody has changed the disc */
		drive.version = (drive.version + 1) & 15;
		break;
	case 11:
		read_refused(command, lba, reply);
		return;
	case 12:
	case 13:
		refuse(reply, lba);
		reply->residual = command->data_len;
		return;
	default:
		break;
	}
	deliver(command, lba, sectors, false, drive.version);
}

static void give(const struct respin_command *command, struct respin_command_reply *reply, const void *bytes,
		 size_t len)
{
	if (len > command->data_len)
		len = command->data_len;
	if (len)
		memcpy(command->data, bytes, len);
	reply->residual = command->data_len - (uint32_t)len;
}

/* As an honest drive answers; the input may put its own bytes over it. */
static size_t plain_answer(uint8_t opcode, uint8_t *bytes)
{
	static const uint8_t inquiry[36] = "\x05\x80\0\0\x1f\0\0\0MAKER   DRIVE           1.00";
	switch (opcode) {
	case CDB_INQUIRY:
		memcpy(bytes, inquiry, sizeof inquiry);
		return sizeof inquiry;
	case CDB_READ_CAPACITY:
		memcpy(bytes, "\0\0\0\0\0\0\x08\0", 8);
		bytes[3] = (uint8_t)drive.last_lba;
		return 8;
	case CDB_GET_CONFIGURATION:
		memset(bytes, 0, 20);
		bytes[3] = 16;
		bytes[7] = drive.profile;
		bytes[9] = 0x10;
		bytes[11] = 8;
		bytes[17] = drive.profile & 0x40 ? 32 : 16;
		return 20;
	case CDB_READ_TOC:
		memset(bytes, 0, 20);
		bytes[1] = 18;
		bytes[2] = bytes[3] = bytes[6] = 1;
		bytes[5] = 0x14;
		bytes[14] = CDB_TRACK_LEAD_OUT;
		bytes[19] = (uint8_t)drive.last_lba;
		return 20;
	default:
		return 0;
	}
}

static void answer_other(const struct respin_command *command, struct respin_command_reply *reply)
{
	static uint8_t bytes[1024];
	uint8_t opcode = command->cdb[0], how = fuzz_u8(&drive.in);
	MUST(command->data_len <= sizeof bytes);
	size_t len = plain_answer(opcode, bytes);
	pass_time(how >> 5, reply);
	if ((how & 15) == 15) {
		refuse(reply, 0);
		return;
	}
	if ((how & 14) == 12) { /* bytes of the input's own, or some of them */
		size_t own = fuzz_bytes(&drive.in, bytes, fuzz_u8(&drive.in) % 65u);
		len = how & 1 ? own : len;
		if (opcode == CDB_READ_CAPACITY &&
		    own) { /* a disc that fits the disk, else nothing is read */
			bool absurd = bytes[0] == 0xff;
			memset(bytes, absurd ? 0xff : 0, 3);
			bytes[3] = absurd ? 0xff : bytes[3] % UNITS_MAX;
			drive.last_lba = !absurd && bytes[3] > drive.last_lba ? bytes[3] : drive.last_lba;
			len = len > 4 && len < 8 ? 8 : len;
		}
	}
	give(command, reply, bytes, len);
	if (how & 16)
		reply->residual = 0;
}

static void exec(void *self, const struct respin_command *command, struct respin_command_reply *reply)
{
	(void)self;
	drive.commands++;
	drive.gone = drive.gone || drive.commands > COMMANDS_MAX;
	drive.gone = drive.gone || (!drive.dries_good && !fuzz_left(&drive.in));
	if (drive.gone) {
		reply->host = RESPIN_HOST_GONE;
		return;
	}
	if (command->cdb[0] == CDB_READ_10)
		answer_read(command, reply);
	else
		answer_other(command, reply);
}

/* ---- the transport ---- */

static void traits(void *self, struct respin_transport_traits *out)
{
	(void)self;
	*out = drive.traits;
}

static void *get_buffer(void *self, size_t len)
{
	(void)self;
	MUST(len <= sizeof buffer);
	return buffer;
}

static uint64_t now_ns(void *self)
{
	(void)self;
	MUST(++drive.looks < LOOKS_MAX);
	return drive.now_ns;
}

static void sleep_until_ns(void *self, uint64_t ns)
{
	(void)self;
	drive.now_ns = ns > drive.now_ns ? ns : drive.now_ns;
}

static void nothing(void *self)
{
	(void)self;
}

static int reopen(void *self, struct respin_error *error)
{
	(void)self;
	(void)error;
	return fuzz_u8(&drive.in) & 1 ? RESPIN_E_GONE : 0;
}

static const struct respin_transport_ops transport_ops = {
	.size = sizeof transport_ops,
	.traits = traits,
	.buffer = get_buffer,
	.exec = exec,
	.interrupt = nothing,
	.now_ns = now_ns,
	.sleep_until_ns = sleep_until_ns,
	.destroy = nothing,
	.reopen = reopen,
};

/* ---- a sitting ---- */

static int open_source(struct respin_source *source)
{
	struct respin_transport transport = {&transport_ops, NULL};
	struct respin_error error = {0};
	int code = source_mmc_create(&transport, NULL, source, &error);
	MUST(code == 0 || (error.code == code && *error.text));
	return code;
}

static void rescue(struct respin_source *source, uint8_t how)
{
	static const uint8_t modes[] = {RESPIN_MODE_RESCUE, RESPIN_MODE_RESCUE, RESPIN_MODE_SWEEP,
					RESPIN_MODE_PATCH};
	struct respin_output_options options = {.size = sizeof options,
						.image = DISK_FOLDER "/" IMAGE,
						.keep_bad = how >> 2 & 1,
						.io = disk_io()};
	struct respin_source_info info = {.size = sizeof info};
	struct respin_error error = {0};
	struct output *output = NULL;
	struct engine *engine = NULL;
	source->ops->info(source->self, &info);
	int code = output_open(&options, &info, info.identity, &output, &error);
	if (code == 0) {
		struct planner_sample samples[OUTPUT_SAMPLES_MAX];
		size_t count;
		const struct output_sample *sample = output_samples(output, &count);
		for (size_t i = 0; i < count; i++)
			samples[i] = (struct planner_sample){sample[i].range, sample[i].hash};
		struct engine_config config = {.mode = (enum respin_mode)modes[how & 3],
					       .sources = source,
					       .source_count = 1,
					       .sink = output_sink(output),
					       .map = output_map(output),
					       .domain = output_domain(output),
					       .resume = output_resume(output),
					       .samples = samples,
					       .sample_count = (unsigned)count};
		code = engine_create(&config, &engine, &error);
		MUST(code == 0);
		struct respin_summary summary = {.size = sizeof summary};
		code = engine_run_virtual(engine, &summary, &error);
		MUST(code <= 1 && (code >= 0 || respin_exit_status(code) >= 3));
		MUST(code != 0 || summary.stats.finished == summary.stats.total);
		MUST(code != 1 || summary.stats.finished < summary.stats.total);
		engine_destroy(engine);
	}
	output_destroy(output);
	respin_source_destroy(source);
}

static void check_disk(void)
{
	size_t len, text_len;
	const uint8_t *image = disk_bytes(IMAGE, &len), *text = disk_bytes(MAP, &text_len);
	struct respin_map *map = NULL;
	struct mapfile_info info;
	if (!text)
		return;
	MUST(mapfile_parse((const char *)text, text_len, MAP, NULL, &map, &info, NULL) == 0);
	MUST(!info.torn && info.state == MAPFILE_WHOLE);
	struct respin_extent run;
	for (uint64_t pos = 0; map_find(map, pos, MASK(RESPIN_FINISHED), &run);
	     pos = run.range.start + run.range.count) {
		MUST(run.range.start % SECTOR == 0 && run.range.count % SECTOR == 0);
		MUST(image && run.range.start + run.range.count <= len);
		for (uint64_t at = run.range.start; at < run.range.start + run.range.count; at += SECTOR) {
			uint32_t lba = (uint32_t)(at / SECTOR);
			MUST(sector_is(lba, drive.sure[lba] | drive.twice[lba], image + at));
		}
	}
	map_destroy(map);
}

static void begin(void)
{
	static const uint32_t transfers[] = {BUFFER_BYTES, 2048, 32768, 4096};
	static const uint8_t profiles[] = {0x10, 0x08, 0x40, 0x10};
	uint8_t how = fuzz_u8(&drive.in);
	memset(drive.sure, 0, sizeof drive.sure);
	memset(drive.once, 0, sizeof drive.once);
	memset(drive.twice, 0, sizeof drive.twice);
	drive.traits = (struct respin_transport_traits){.size = sizeof drive.traits,
							.name = "fuzz",
							.address = "fuzz:",
							.max_transfer_bytes = transfers[how & 3],
							.resid_trusted = how >> 2 & 1,
							.poison_trusted = how >> 3 & 1};
	drive.dries_good = how & 0x10;
	drive.profile = profiles[how >> 6];
	drive.last_lba = fuzz_u8(&drive.in) % UNITS_MAX;
	drive.version = 0;
	drive.now_ns = 1000000000;
	disk_reset();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	drive.in = fuzz_in(data, size);
	begin();
	for (unsigned i = 0; i < SITTINGS_MAX && (i == 0 || fuzz_left(&drive.in)); i++) {
		uint8_t how = fuzz_u8(&drive.in);
		struct respin_source source;
		drive.commands = drive.looks = 0;
		drive.gone = false;
		if (how & 0x10)
			disk_fail((struct disk_fault){(uint16_t)(disk_changes() + 1 + fuzz_u8(&drive.in)), 1,
						      -5, how & 0x20});
		if (how & 0x80)
			disk_cut_before(1 + fuzz_u8(&drive.in));
		if (open_source(&source) == 0)
			rescue(&source, how);
		if (how & 0x40 || how & 0x80)
			disk_reboot(how);
		disk_no_faults();
		check_disk();
	}
	return 0;
}
