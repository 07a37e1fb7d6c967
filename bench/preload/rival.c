/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * rival POLICY ADDRESS MAPFILE LIMIT_S: one in-tree policy on one simulated
 * drive, taken up again whenever the link broke; its map into MAPFILE and its
 * counts as a line of JSON in the words of the preloaded library, so that a
 * policy and the program it stands for can be held against each other. It does
 * not compare them.
 *
 * rival readable ADDRESS: how many sectors of the disc the oracle calls readable.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "core/mapfile.h"
#include "respin_open.h"
#include "sim/oracle.h"
#include "sim/rival.h"
#include "sim/transport_sim.h"

#define SECTOR 2048u
#define NS_PER_S 1000000000ull

static int trouble(const char *what, const struct respin_error *error)
{
	(void)fprintf(stderr, "rival: %s: %s\n", what, error->text);
	return 1;
}

static int readable(const char *address)
{
	struct respin_transport transport;
	struct respin_error error = {0};
	struct oracle oracle;
	if (open_sim_transport(address, &transport, &error) < 0)
		return trouble(address, &error);
	int code = oracle_find(transport_sim_disc(&transport), &oracle, &error);
	transport.ops->destroy(transport.self);
	if (code < 0)
		return trouble(address, &error);
	printf("%" PRIu64 "\n", oracle.readable);
	return 0;
}

static int write_map(const struct respin_map *map, const char *path)
{
	_cleanup_(buf_finish) struct buf text = {0};
	const struct mapfile_head head = {.program = "rival", .phase = RESPIN_PHASE_FINISHED};
	mapfile_render(map, SECTOR, 0, &head, &text);
	FILE *file = fopen(path, "we");
	bool good = file && !text.failed && fwrite(text.data, text.len, 1, file) == 1;
	if (file)
		good = !fclose(file) && good;
	if (!good)
		perror(path);
	return good ? 0 : 1;
}

struct trial {
	const struct rival *rival;
	struct respin_transport drive;
	struct respin_map *map;
	struct rival_place place;
	struct rival_result sum;
	uint64_t limit_ns, first_ns, last_ns;
};

static uint64_t now_ns(const struct trial *trial)
{
	return trial->drive.ops->now_ns(trial->drive.self);
}

/* ---- the drive, lent to each sitting ---- */

static void lent_traits(void *self, struct respin_transport_traits *traits)
{
	const struct respin_transport *drive = self;
	drive->ops->traits(drive->self, traits);
}

static void *lent_buffer(void *self, size_t len)
{
	const struct respin_transport *drive = self;
	return drive->ops->buffer(drive->self, len);
}

static void lent_exec(void *self, const struct respin_command *command, struct respin_command_reply *reply)
{
	const struct respin_transport *drive = self;
	drive->ops->exec(drive->self, command, reply);
}

static uint64_t lent_now_ns(void *self)
{
	const struct respin_transport *drive = self;
	return drive->ops->now_ns(drive->self);
}

static void lent_sleep_until_ns(void *self, uint64_t ns)
{
	const struct respin_transport *drive = self;
	drive->ops->sleep_until_ns(drive->self, ns);
}

static void lent_return(void *self)
{
	(void)self;
}

static const struct respin_transport_ops lent_ops = {
	.size = sizeof(struct respin_transport_ops),
	.traits = lent_traits,
	.buffer = lent_buffer,
	.exec = lent_exec,
	.now_ns = lent_now_ns,
	.sleep_until_ns = lent_sleep_until_ns,
	.destroy = lent_return,
};

static bool sit(struct trial *trial, struct respin_error *error)
{
	struct respin_transport lent = {&lent_ops, &trial->drive};
	struct rival_result result;
	struct port port;
	struct port_info info;
	if (port_transport(&lent, trial->rival->path, &port, error) < 0)
		return false;
	port.ops->info(port.self, &info);
	if (!trial->map) {
		trial->map = map_create(info.sectors, RESPIN_NON_TRIED);
		trial->first_ns = now_ns(trial);
	}
	uint64_t spent_ns = now_ns(trial) - trial->first_ns;
	const struct rival_config config = {.limit_ns = trial->limit_ns ? trial->limit_ns - spent_ns : 0,
					    .map = trial->map,
					    .place = &trial->place};
	trial->rival->run(&port, &config, &result);
	port.ops->destroy(port.self);
	trial->last_ns = now_ns(trial);
	trial->sum.reads += result.reads;
	trial->sum.failed_reads += result.failed_reads;
	trial->sum.commands += result.commands;
	trial->sum.failed += result.failed;
	trial->sum.gone = result.gone;
	return true;
}

/* As the preloaded library does it: within ten minutes, or never. */
static bool find_again(const struct trial *trial)
{
	for (unsigned look = 0; look < 120; look++) {
		trial->drive.ops->sleep_until_ns(trial->drive.self, now_ns(trial) + 5 * NS_PER_S);
		if (transport_sim_rediscover(&trial->drive))
			return true;
	}
	return false;
}

static int run(struct trial *trial, const char *address, const char *path)
{
	struct respin_error error = {0};
	if (open_sim_transport(address, &trial->drive, &error) < 0)
		return trouble(address, &error);
	bool good = sit(trial, &error);
	while (good && trial->sum.gone && find_again(trial) &&
	       (!trial->limit_ns || now_ns(trial) - trial->first_ns < trial->limit_ns))
		good = sit(trial, &error);
	trial->drive.ops->destroy(trial->drive.self);
	if (!trial->map)
		return trouble(address, &error);
	const struct rival_result *sum = &trial->sum;
	printf("{\"policy\": \"%s\", \"address\": \"%s\", \"virtual_s\": %.3f, \"first_read_s\": %.3f, "
	       "\"reads\": %" PRIu64 ", \"failed\": %" PRIu64 ", \"read_commands\": %" PRIu64
	       ", \"failed_commands\": %" PRIu64 ", \"finished\": %" PRIu64 "}\n",
	       trial->rival->name, address, (double)trial->last_ns / 1e9, (double)trial->first_ns / 1e9,
	       sum->reads, sum->failed_reads, sum->commands, sum->failed,
	       map_count(trial->map, RESPIN_FINISHED));
	int code = write_map(trial->map, path);
	map_destroy(trial->map);
	return code;
}

int main(int argc, char **argv)
{
	if (argc == 3 && !strcmp(argv[1], "readable"))
		return readable(argv[2]);
	const struct rival *rival = argc == 5 ? rival_find(argv[1]) : NULL;
	if (!rival) {
		(void)fprintf(stderr,
			      "usage: rival POLICY ADDRESS MAPFILE LIMIT_S | rival readable ADDRESS\n");
		return 2;
	}
	struct trial trial = {.rival = rival, .limit_ns = strtoull(argv[4], NULL, 10) * NS_PER_S};
	return run(&trial, argv[2], argv[3]);
}
