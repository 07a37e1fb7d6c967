/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The inside of the simulated drive, between its transport (time, transfer) and
 * its commands (answers). Nothing outside src/sim includes this, but the tests.
 */
#ifndef SIM_DRIVE_H
#define SIM_DRIVE_H

#include <stdatomic.h>

#include "base/rng.h"
#include "core/sense.h"
#include "sim/layout.h"
#include "sim/luck.h"
#include "sim/mechanics.h"
#include "sim/transport_sim.h"

/* Operation codes that only a drive needs (SPC-3, MMC-6); the others stand in core/cdb.h. */
enum drive_opcode {
	DRIVE_OP_MODE_SENSE_6 = 0x1a,
	DRIVE_OP_PREVENT_REMOVAL = 0x1e,
	DRIVE_OP_SEEK_10 = 0x2b,
	DRIVE_OP_VERIFY_10 = 0x2f,
	DRIVE_OP_SYNCHRONIZE_CACHE = 0x35,
	DRIVE_OP_READ_BUFFER = 0x3c,
	DRIVE_OP_READ_SUB_CHANNEL = 0x42,
	DRIVE_OP_GET_EVENT_STATUS = 0x4a,
	DRIVE_OP_MODE_SELECT_10 = 0x55,
	DRIVE_OP_READ_BUFFER_CAPACITY = 0x5c,
	DRIVE_OP_GET_PERFORMANCE = 0xac,
	DRIVE_OP_SET_STREAMING = 0xb6,
	DRIVE_OP_SET_CD_SPEED = 0xbb,
	DRIVE_OP_MECHANISM_STATUS = 0xbd,
	DRIVE_OP_READ_CD = 0xbe,
};

enum drive_state {
	DRIVE_NO_MEDIUM,
	DRIVE_LOADING,      /* until ready_ns: 02/04/01; then recognised or not */
	DRIVE_SPINUP,       /* as LOADING, after a stop or a reset */
	DRIVE_UNRECOGNISED, /* there is a disc, but it cannot tell what it is */
	DRIVE_READY,
	DRIVE_STANDBY, /* stopped by itself: the next read spins it up */
	DRIVE_STOPPED, /* by START STOP: 02/04/02 until START */
	DRIVE_WEDGED,  /* 04/44/00 or 05/24/00, fast */
	DRIVE_GONE,    /* the link is down: host status, no answer */
};

#define DRIVE_JITTERS 256u
#define DRIVE_ATTENTIONS_MAX 4u
struct drive_attention {
	uint8_t asc, ascq;
};

/* Where the head is: it reached next_sector at at_ns, and the disc has turned on since (mechanics.c). */
struct drive_head {
	uint64_t next_sector; /* the one behind the last that was read */
	uint64_t at_ns;
	double rpm;
	/* Where it last landed after a seek: within two turns of that the servo is not settled. */
	unsigned landed_layer;
	double landed_turn;
};

/* What the buffer holds: one run of sectors, and how far read-ahead has come (cache.c). */
struct drive_cache {
	uint64_t first, end;       /* sectors [first, end) */
	uint64_t host;             /* behind the last sector that the host took */
	bool filling;              /* read-ahead goes on since head.at_ns; else it stands */
	uint64_t stalled_until_ns; /* read-ahead ran into a bad block */
	uint64_t hard;             /* the block that read-ahead stopped before; UINT64_MAX: none */
	/* A failure that repeats may answer from memory. */
	uint64_t failed_block, failed_until_ns;
	uint64_t failed_nonce; /* of the attempt that is remembered */
	struct respin_sense failed_sense;
};

struct drive {
	struct scenario scenario;
	struct sim_host host;
	struct disc disc;
	struct layout layout; /* of the disc: drive_start and each swap make it */
	struct luck luck;
	_Atomic uint64_t now_ns;
	atomic_bool interrupted;

	/* State, link, tray. */
	uint64_t seed; /* the drive's own: that of the scenario, which a swapped disc changes */
	enum drive_state state;
	enum drive_state before_gone; /* what it comes back to, where it keeps its power */
	uint64_t ready_ns;            /* end of LOADING or SPINUP */
	uint64_t back_ns;             /* end of GONE; UINT64_MAX: never */
	bool power_lost;              /* while it was gone */
	bool renamed;                 /* came back under another name: GONE until drive_reopen */
	bool tray_open;
	bool disc_inside;
	bool swap_pending, clean_pending, silent; /* what happens to the disc while the tray is open */
	bool right_pending;                       /* the first disc comes back */
	bool recognised;                          /* what ready_ns will show */
	bool attend_ready;                        /* and whether 06/28 tells of it */
	unsigned loads;                           /* spin-ups and loads, each with its own luck */
	struct respin_sense unknown_sense;        /* of an unrecognised disc */
	struct respin_sense wedge_sense;
	bool wedged;            /* also while it is stopped: a stop alone does not help */
	uint64_t tray_ns;       /* somebody closes the tray; UINT64_MAX: nobody */
	uint64_t event_ns;      /* nothing of the above happens before this */
	uint64_t idle_since_ns; /* end of the last command but TEST UNIT READY and its kin */
	uint64_t stopped_ns;
	struct drive_attention attentions[DRIVE_ATTENTIONS_MAX];
	unsigned attention_count;
	bool locked;       /* PREVENT MEDIUM REMOVAL */
	unsigned discs;    /* swaps so far: another disc has another seed */
	bool told_present; /* what the host last heard of the medium by GET EVENT STATUS */
	unsigned told_discs;
	unsigned next_fault; /* of scenario.faults */

	/* Head, spindle, buffer. */
	uint32_t session;
	uint64_t session_since_ns;
	bool geometry;       /* mechanics, and a spiral to move on */
	struct spiral guess; /* where the disc has none of its own */
	const struct spiral *spiral;
	enum drive_kind kind;
	struct mechanics_rate rate; /* here, now */
	uint64_t link_ns;           /* a sector goes to the host in this time */
	struct drive_head head;
	struct drive_cache cache;
	double speed_asked;       /* x; 0: as fast as it goes */
	double speed_coming;      /* x, asked for but not yet in force */
	uint64_t speed_coming_ns; /* it will be, then; UINT64_MAX: nothing comes */
	double speed_cap;         /* x: stepped down after errors; 0: not */
	uint64_t cap_until_ns;
	uint64_t cap_sectors; /* good ones until then */
	unsigned step;        /* of the speeds, in effect */
	uint64_t step_ns;     /* since then */
	uint64_t spindle_ns;  /* the spindle has its speed from then on */
	unsigned halo_left;
	/* What failures leave behind. */
	double wedge_bucket;
	bool bucket_full;
	uint64_t bucket_ns; /* when it was last looked at */
	uint64_t drop_ns;   /* the next drop has gathered so long */
	double temperature; /* kelvin over the room */
	uint64_t warm_since_ns;
	double wear;            /* margin lost for good */
	double margin;          /* what heat, wear and a small retry count make of it */
	double safe_x;          /* blocks up to here are simply read */
	uint8_t margin_retries; /* the retry count that it was made for */
	uint8_t mode_page_01[12];
	uint16_t *attempts; /* of each ECC block at each speed, in attempts_session; made at the first one */
	uint32_t *attempts_session;

	uint64_t jitter[DRIVE_JITTERS]; /* what the host may add to a command */
	struct rng rng;                 /* of key short= alone: all else is drawn by hash */
	struct sim_counts counts;
	unsigned char *buffer; /* what reads are transferred into; aligned to a page */
	size_t buffer_bytes;
	unsigned char *stale; /* what the last transfer left */
	uint64_t stale_print; /* the same, without payload */
	struct respin_map *
		wrong; /* bad: last delivered with bytes that are not the disc's; made by the first of them */
};

/* What a command does, before the transport turns it into a reply. */
struct drive_answer {
	struct respin_sense sense; /* key 0: GOOD */
	uint8_t host;              /* enum respin_host_status, when there is no answer */
	size_t moved;              /* bytes put into the buffer */
	size_t claimed; /* bytes said to have moved; drive_command makes it `moved` where it is 0 */
	uint64_t fingerprint; /* of a read without payload: what would have come */
	uint64_t took_ns;
	bool hangs;
};

/* ---- drive.c: states, attentions, faults, dispatch ---- */

/* Once, when scenario, disc and host are there. */
void drive_start(struct drive *drive);
/* What drive_start allocated; the rest is the transport's. */
void drive_stop(struct drive *drive);

/* Fills the answer; data go to `data` (NULL without payload). Time passes by answer->took_ns afterwards. */
void drive_command(struct drive *drive, const struct respin_command *command, unsigned char *data,
		   struct drive_answer *answer);

/*
 * The host gave a command up: what its error handling costs and does. Returns
 * its time, which has passed when the next command comes. Call it when the
 * timeout has passed on now_ns.
 */
uint64_t drive_host_gave_up(struct drive *drive);

void drive_attend(struct drive *drive, uint8_t asc, uint8_t ascq); /* one more UNIT ATTENTION */

/* What chances are drawn for. */
enum drive_chance {
	CHANCE_FAIL_TIME = 64, /* below: luck's */
	CHANCE_REC_TIME,
	CHANCE_SENSE,
	CHANCE_INFO,
	CHANCE_FROM_MEMORY,
	CHANCE_STALL,
	CHANCE_STALL_TIME,
	CHANCE_HALO,
	CHANCE_REFILL,
	CHANCE_FUA,
	CHANCE_REFOCUS,
	CHANCE_BURST,
	CHANCE_WEDGE,
	CHANCE_WEDGE_SENSE,
	CHANCE_CURE,
	CHANCE_BRIDGE,
	CHANCE_GONE,
	CHANCE_BACK,
	CHANCE_RESET_TIME,
	CHANCE_BROWNOUT,
	CHANCE_RECOGNISE,
	CHANCE_LOAD_TIME,
	CHANCE_UNKNOWN,
	CHANCE_GAP,
	CHANCE_WRONG,
	CHANCE_LIE,
	CHANCE_SWAP,
};
/*
 * A hash of this drive and these numbers alone: the order of calls does not
 * matter. `nonce` tells the attempts of a block apart; running counts, which do
 * depend on what was read before, are left to what does so as well (wedging,
 * stalls, refilling, refocusing, the link, FUA, gaps) and to lies and jitter.
 */
uint64_t drive_draw(const struct drive *drive, enum drive_chance what, uint64_t which, uint64_t nonce);
/* Did it happen? Never at p = 0, always at p = 1. */
bool drive_chance(const struct drive *drive, double p, enum drive_chance what, uint64_t which,
		  uint64_t nonce);

/* ---- drive_power.c: spinning up and down, loading, tray, wedge and its cures, link ---- */

/* Something will happen then: tick looks no later. */
static inline void drive_event_at(struct drive *drive, uint64_t at_ns)
{
	if (at_ns < drive->event_ns)
		drive->event_ns = at_ns;
}

/* Time has come to now_ns. */
void drive_power_tick(struct drive *drive, uint64_t now_ns);
void drive_start_stop(struct drive *drive, const struct respin_command *command, struct drive_answer *answer);
void drive_prevent(struct drive *drive, const struct respin_command *command);
void drive_new_session(struct drive *drive, uint64_t now_ns);
/* For GET CONFIGURATION and its kin: it knows which disc is inside (else: profile 0). */
bool drive_knows_disc(const struct drive *drive);
/* The host looks for the drive anew: true if the link is up, under whichever name. */
bool drive_reopen(struct drive *drive);
/* Out of STANDBY, for a command that waits for it. False: it did not recognise the disc again. */
bool drive_wake(struct drive *drive, struct drive_answer *answer);
/* The link is down from now on; power: the drive is without power so long. */
void drive_vanish(struct drive *drive, uint64_t now_ns, uint64_t span_ns, bool power, bool renamed);
uint64_t drive_back_ns(const struct drive *drive); /* how long the link stays down, this time */
void drive_wedge(struct drive *drive);
/* One more failure in the bucket (weight 1), or the host's reset. Wedges where it must. */
void drive_heat(struct drive *drive, uint64_t now_ns, double weight);
/* Reset by the bus: modes, speed, buffer as after power on; 06/29/`ascq`. */
void drive_reset(struct drive *drive, uint8_t ascq);
/* Another disc, or the same one wiped: everything that is known of it is made anew. */
void drive_insert(struct drive *drive);
/* A person opens the tray and closes it with the first disc inside, which takes `span_ns`. */
void drive_right_disc(struct drive *drive, uint64_t now_ns, uint64_t span_ns);

/* ---- drive_speed.c: which speed is in force ---- */

void drive_set_speed(struct drive *drive,
		     uint32_t kbps); /* SET CD SPEED, SET STREAMING; 0xffff: the maximum */
void drive_step_down(struct drive *drive, uint64_t now_ns);
void drive_speed_tick(struct drive *drive, uint64_t now_ns);
/* Good sectors in a row, asked for or not, make the drive trust the disc again. While it has stepped down. */
void drive_cap_lift(struct drive *drive, uint64_t sectors, uint64_t now_ns);
/*
 * Makes drive->rate right for `sector`, which costs nothing where it is already.
 * Returns when the spindle turns as it must: at_ns, or later.
 */
uint64_t drive_rate_at(struct drive *drive, uint64_t sector, uint64_t at_ns);
/* kB/s for GET PERFORMANCE and mode page 2Ah: at a sector with the speed in force, and the most it can do. */
uint32_t drive_kbps_at(const struct drive *drive, uint64_t sector);
uint32_t drive_kbps_max(const struct drive *drive);

/* ---- drive_read.c: READ(10), READ(12), VERIFY, SEEK: buffer, head, luck, latency ---- */

void drive_read(struct drive *drive, const struct respin_command *command, unsigned char *data,
		struct drive_answer *answer);

/* READ, VERIFY and READ CD alike: what the disc gives, at which cost. No bytes are moved. */
struct drive_fetch {
	uint64_t start, count;
	bool fua, streaming;
	bool audio; /* all of it is audio, and wanted: read like data, but nothing fails, see `wrong` */
	/* Out. */
	uint64_t good; /* sectors before the first that failed */
	bool wrong;    /* said to be good, but the bytes are not the disc's */
	bool effort;   /* some of it took effort */
};
/* Adds to answer->took_ns, sets answer->sense (with INFORMATION as the drive gives it), host and hangs. */
void drive_fetch(struct drive *drive, struct drive_fetch *fetch, struct drive_answer *answer);

/* ---- drive_readcd.c: READ CD, sector by sector, with C2 ---- */

void drive_read_cd(struct drive *drive, const struct respin_command *command, unsigned char *data,
		   struct drive_answer *answer);

/* ---- drive_identity.c: everything that only tells: INQUIRY .. READ DISC STRUCTURE, mode pages, TOC ---- */

bool drive_identity(struct drive *drive, const struct respin_command *command, unsigned char *data,
		    struct drive_answer *answer); /* false: not one of these */

/* ---- drive_answer.c: small helpers of all of them ---- */

void answer_fail(struct drive_answer *answer, uint8_t key, uint8_t asc, uint8_t ascq);
void answer_give(struct drive_answer *answer, unsigned char *data, const struct respin_command *command,
		 const void *bytes, size_t len);

#endif
