/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * rival-reads: what the in-tree image of a foreign policy asks of a disc with bad sectors, a line for each read:
 * "offset length result" in bytes, the result being bytes or -5, as badfile's log has them. Beside that log it shows
 * whether the policy, and the block device below it, ask what the real ones ask.
 *
 *   rival-reads POLICY SECTORS ECC_BLOCK LIST reads|prefix          the reads of the policy itself; where a read
 *                                                                   fails, nothing comes, or what lies before it
 *   rival-reads POLICY SECTORS ECC_BLOCK LIST direct|cached MOST    the commands below Linux' block device, whose
 *                                                                   longest has MOST sectors
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "sim/rival.h"
#include "toy_port.h"

#define SECTOR 2048

static void tell(struct toy_port *toy, uint64_t lba, uint32_t count, struct port_reply *reply)
{
	uint64_t came = reply->ok ? count : reply->prefix;
	(void)toy;
	printf("%llu %u %lld\n", (unsigned long long)lba * SECTOR, count * SECTOR,
	       came ? (long long)came * SECTOR : -5);
}

/* One "N" or "N-M" a line, as badfile takes them. */
static void read_list(struct toy_port *toy, const char *path)
{
	FILE *list = fopen(path, "re");
	char line[128];
	while (list && fgets(line, sizeof line, list)) {
		unsigned long long first, last;
		int fields = sscanf(line, "%llu-%llu", &first, &last);
		if (fields > 0)
			toy_port_spoil(toy, first, fields < 2 ? first : last, TOY_NEVER);
	}
	if (list)
		fclose(list);
}

int main(int argc, char **argv)
{
	const struct rival *rival = argc >= 6 ? rival_find(argv[1]) : NULL;
	if (!rival) {
		fputs("usage: rival-reads POLICY SECTORS ECC_BLOCK LIST reads|prefix|direct|cached [MOST]\n",
		      stderr);
		return 2;
	}
	const char *how = argv[5];
	struct toy_port toy;
	struct port port;
	toy_port_init(&toy, strtoull(argv[2], NULL, 0), (uint32_t)strtoul(argv[3], NULL, 0), &port);
	toy.told = tell;
	toy.prefix = !strcmp(how, "prefix");
	if (argc > 6)
		toy.info.max_sectors = (uint32_t)strtoul(argv[6], NULL, 0);
	read_list(&toy, argv[4]);
	if (!strcmp(how, "direct") && port_block(&port, PORT_BLOCK, &port, NULL) < 0)
		return 1;
	if (!strcmp(how, "cached") && port_block(&port, PORT_CACHED, &port, NULL) < 0)
		return 1;
	struct rival_config config = {.map = map_create(toy.info.sectors, RESPIN_NON_TRIED)};
	struct rival_result result;
	if (!config.map)
		return 1;
	rival->run(&port, &config, &result);
	port.ops->destroy(port.self);
	map_destroy(config.map);
	toy_port_finish(&toy);
	return fclose(stdout) ? 1 : 0;
}
