/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A drive behind a transport, as a source. mmc_open.c brings it up, mmc_query.c
 * asks it everything but data, mmc_speed.c how fast it reads, source_mmc.c
 * reads. Nothing outside src/mmc but src/respin.c includes this.
 */
#ifndef MMC_SOURCE_MMC_H
#define MMC_SOURCE_MMC_H

#include <stdbool.h>

#include <respin/source.h>

#include "core/cdb.h"

/* The host's clock, for transports that do not live by one of their own. */
struct mmc_clock {
	uint64_t (*now_ns)(void);
	void (*sleep_until_ns)(uint64_t ns);
};

/* What tells one medium from another. */
struct mmc_identity {
	uint32_t last_lba;
	uint16_t profile;
	bool has_toc; /* a TOC that cannot be read today may be readable tomorrow */
	struct cdb_toc toc;
};

#define MMC_SPEEDS_MAX 16u

/* The drive's reading speeds, kB/s, falling; empty until somebody wants another one. */
struct mmc_speed {
	uint32_t ladder[MMC_SPEEDS_MAX];
	unsigned count;
	unsigned at; /* the step that was asked for; 0: its own choice */
	bool lost;   /* a reset or another disc may have made the drive forget it */
};

struct source_mmc {
	struct respin_transport transport;
	const struct mmc_clock *host;
	struct respin_transport_traits traits;
	unsigned char *buffer; /* the transport's */
	struct respin_source_info info;
	struct mmc_identity identity;
	struct mmc_speed speed;
	uint64_t reads; /* makes every poison another one */
};

/* respin_source_mmc with a clock; takes the transport in any case. */
int source_mmc_create(struct respin_transport *transport, const struct mmc_clock *host,
		      struct respin_source *source, struct respin_error *error);

/* ---- among the four files ---- */

/* One command, any command: nothing but this sends one. */
void mmc_exec(struct source_mmc *mmc, const struct respin_command *command,
	      struct respin_command_reply *reply);

/* One command that is not a read; its answer lies in mmc->buffer, *arrived bytes of it. */
enum respin_reason mmc_command(struct source_mmc *mmc, const struct respin_command *command,
			       struct respin_command_reply *reply, struct respin_sense *sense,
			       size_t *arrived);

/* Traits and buffer; again after a reopen. */
int mmc_attach(struct source_mmc *mmc, struct respin_error *error);

/* Everything from INQUIRY to identity; waits for the medium. Fills mmc->info. */
int mmc_open(struct source_mmc *mmc, struct respin_error *error);

/* TEST UNIT READY, past what unit attentions stand in the way. */
enum respin_reason mmc_ready(struct source_mmc *mmc, struct respin_command_reply *reply,
			     struct respin_sense *sense);

/* Capacity, profile and TOC as they are now; GOOD, or why the capacity was not to be had. */
enum respin_reason mmc_identify(struct source_mmc *mmc, struct mmc_identity *identity,
				struct cdb_capacity *capacity, struct cdb_configuration *configuration);
bool mmc_identity_same(const struct mmc_identity *a, const struct mmc_identity *b);
uint64_t mmc_identity_hash(const struct mmc_identity *identity);

/*
 * Asks for the next slower or faster step. REFUSED: there is none, or the drive
 * will not. Other answers but GOOD are of the drive's state.
 */
enum respin_reason mmc_speed_step(struct source_mmc *mmc, bool faster, struct respin_command_reply *reply,
				  struct respin_sense *sense);
/* Every answer is shown to it: some mean that the drive has forgotten. */
void mmc_speed_note(struct source_mmc *mmc, enum respin_reason reason);
/* What was forgotten is asked for again. */
void mmc_speed_again(struct source_mmc *mmc);

/* Is an optical drive still, or again, at the other end? */
enum respin_reason mmc_inquire(struct source_mmc *mmc, struct cdb_inquiry *inquiry);

#endif
