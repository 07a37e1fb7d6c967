/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The fields behind drive_keys, one for each key; what they mean stands there. Included by drive_params.h alone. */
#ifndef SIM_DRIVE_FIELDS_H
#define SIM_DRIVE_FIELDS_H

enum drive_curve {
	CURVE_CAV,  /* one rpm */
	CURVE_CLV,  /* one data rate */
	CURVE_PCAV, /* one rpm until the data rate is reached, then CLV */
	CURVE_ZCLV, /* CLV in rings, faster further out */
};

/* Media of one kind share their speeds; the second and third differ in layers. */
enum drive_kind { KIND_CD, KIND_DVD, KIND_DVD_DL, KIND_BD, KIND_BD_DL, KIND_BDXL, DRIVE_KINDS };

enum drive_reads { READS_CD, READS_DVD, READS_BD };
enum drive_fua { FUA_HONOURED, FUA_IGNORED, FUA_REFUSED };
enum drive_speed_cmd { SPEED_CMD_HONOURED, SPEED_CMD_LATE, SPEED_CMD_IGNORED };
enum drive_stream { STREAM_HONEST, STREAM_CORRUPT, STREAM_REFUSED };
enum drive_leaks { LEAKS_ALWAYS, LEAKS_IDLE };
enum drive_cure { CURE_SPIN, CURE_WAIT, CURE_POWER };
enum drive_wedge { WEDGE_MIXED, WEDGE_HARDWARE, WEDGE_INVALID, WEDGE_BUSY };
enum drive_lie_where { LIE_ANYWHERE, LIE_HARD };
enum drive_unknown { UNKNOWN_MIXED, UNKNOWN_NO_DISC, UNKNOWN_INCOMPATIBLE, UNKNOWN_NO_TOC, UNKNOWN_BECOMING };

struct drive_params {
	/* Who it is and what it can do at all. */
	char *vendor, *product, *revision; /* an underscore stands for a blank */
	uint64_t type;                     /* peripheral device type */
	uint64_t reads;                    /* enum drive_reads */
	uint64_t load, read12, read_cd, c2, structure, performance;
	uint64_t buffer_kb, max_kb;

	/* How it answers. */
	uint64_t sense; /* key, ASC, ASCQ of a failure; 0: drawn for each */
	uint64_t mode_01;
	uint64_t info, partial, resid, rest, format, short_one_in, partial_blocks;
	double info_p;

	/* Time without mechanics; with them latency_ns and fail_ns (a median) stay. */
	uint64_t mechanics, latency_ns, block_ns, fail_ns, ready_ns;

	/* Speeds and mechanics. */
	struct key_steps steps[DRIVE_KINDS];
	uint64_t curve[DRIVE_KINDS]; /* enum drive_curve */
	double pcav_ratio, ref_cd, ref_dvd, ref_bd;
	uint64_t zclv_zones;
	double link_mb_s, ramp_rpm_s;
	uint64_t settle_ns, near_ns, sled_ns, stroke_ns, layer_ns, refocus_ns, spinup_ns, load_ns, standby_ns;
	double refocus_p;
	uint64_t through, near_tracks;
	uint64_t speed_cmd, speed_late_ns, rearm;

	/* Buffer. */
	uint64_t prefetch, fua;
	double fua_cached, ahead, refill;
	struct key_span refill_ms;
	double prefetch_stall;

	/* Failures, and reads that took effort. */
	double fail_sigma, retry_floor, retry_margin;
	struct key_span rec_ms;
	uint64_t retries, retry_set;
	uint64_t step_down, hold_ns, hold_sectors;
	double fail_cached;
	uint64_t fail_cached_ns, fail_cached_hold_ns;
	uint64_t halo, relock_ns;
	double halo_fail;
	uint64_t stream;
	double stream_factor;
	uint64_t gap_ns;
	double gap_gone;

	/* Wedging. */
	double wedge_at, wedge_p, cure_p;
	uint64_t bucket_leak_ns, bucket_leaks, wedge_as, wedge_cure, cure_rest_ns, cure_wait_ns;

	/* The way to the host. */
	uint64_t reset_ns; /* what the host's error handling takes; 0: nothing happens to the drive */
	double reset_bucket, gone_p, bridge_p, brownout;
	struct key_span back_ms;
	uint64_t renames;
	uint64_t quantum_ns, jitter_ns, jitter_rare_ns;
	double jitter_sigma, jitter_rare;

	/* Loading, age. */
	double recognise_p;
	uint64_t loaded;
	uint64_t unknown_as, hand_ns, session_ns;
	double noise, noise_tau; /* of the disc's session sigmas and tau */
	double bias, warm_k, warm_fail_k, warm_margin, wear;
	uint64_t warm_ns;

	/* Lies: a share of the reads that say GOOD. */
	double lie_stale, lie_zero, lie_neighbour, lie_short;
	uint64_t lie_where;
};

#endif
