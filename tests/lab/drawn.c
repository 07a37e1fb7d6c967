/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * drawn: which sectors of a simulated disc can be read and which cannot, as the scenario drew them and before any drive
 * tried. It uses the library's public headers, and none of its rescuing.
 *
 *   drawn ADDRESS       prints the sectors that never read, one a line; exit 1 if some read now and then
 */
#include <stdio.h>

#include <respin/map.h>
#include <respin/sim.h>

int main(int argc, char **argv)
{
	struct respin_map *map = NULL;
	struct respin_sim_scenario scenario = {.size = sizeof scenario};
	struct respin_error error = {0};
	struct respin_extent extent;

	if (argc != 2 || respin_sim_truth(argv[1], &map, &scenario, &error) < 0) {
		fprintf(stderr, "drawn: %s\n", argc == 2 ? error.text : "want ADDRESS");
		return 2;
	}
	for (uint64_t pos = 0; respin_map_next(map, pos, 1u << RESPIN_BAD, &extent);
	     pos = extent.range.start + extent.range.count)
		for (uint64_t i = 0; i < extent.range.count; i++)
			printf("%llu\n", (unsigned long long)(extent.range.start + i));
	int fickle = respin_map_total(map, RESPIN_NON_TRIMMED) > 0;
	respin_map_destroy(map);
	return fickle;
}
