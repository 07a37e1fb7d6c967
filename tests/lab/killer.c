/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * killer: SIGKILLs the shipped program at seeded instants, judges what it left on disk, takes the rescue up again, kills
 * that too (up to three in a row), and at last lets it finish: then the image is the disc. It shares no code with respin.
 *
 *   killer RESPIN FOLDER DISC KILLS WORKERS SEED [CASE]     with CASE: that case alone
 *
 * A case is one rescue with its kills. The instants are the seed's; what the machine does in between is not, so a case
 * that failed may have to be replayed a few times.
 */
#include "judge.h"
#include "pattern.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <sys/inotify.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define KILLS_MAX 3
#define TENTHS 10
#define SAMPLED 100     /* every so many-th map goes to ddrescuelog, too */
#define LEARNED 64      /* undisturbed lengths that are remembered */
#define STUCK_MS 60000  /* no rescue of this size takes so long */
#define LINGER_MS 2000  /* a process of the killed rescue may need as long to notice */
#define SAVES 6         /* of the map in a rescue, and a few */
#define SAVE_US 4000    /* how long one may take */
#define CHECK_TAIL_MS 5 /* between two looks */
#define FAILURES_SHOWN 20u

extern char **environ;

/* Shared by the workers. */
struct book {
	atomic_uint next, cases, kills, aimed, late, resumes, failures, in_save, no_map, mixed, sampled;
	atomic_uint tenth[TENTHS]; /* kills by the share of an undisturbed rescue's length */
	atomic_uint_least32_t length_us[LEARNED];
	atomic_uint lengths;
};

static struct {
	const char *respin, *folder, *disc_path;
	char damaged[1200], healed[1024];
	uint64_t seed;
	unsigned wanted;
	unsigned char *disc;
	size_t disc_bytes;
	struct book *book;
} lab;

/* One rescue, under way. */
struct trial {
	uint64_t number, luck;
	char image[600], map[600], events[600], log[600];
	unsigned char *claimed; /* a byte per sector that was ever '+' on disk */
	unsigned kills;
};

static void die(const char *what, const char *why)
{
	fprintf(stderr, "killer: %s: %s\n", what, why);
	exit(2);
}

static uint64_t now_us(void)
{
	struct timespec t;
	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000000u + (uint64_t)t.tv_nsec / 1000u;
}

static uint64_t draw(struct trial *trial, uint64_t below)
{
	return pattern_word(&trial->luck) % below;
}

__attribute__((format(printf, 2, 3))) static void fail(struct trial *trial, const char *format, ...)
{
	char text[512];
	va_list args;
	va_start(args, format);
	vsnprintf(text, sizeof text, format, args);
	va_end(args);
	if (atomic_fetch_add(&lab.book->failures, 1) < FAILURES_SHOWN)
		printf("FAIL case %" PRIu64 ", after %u kills: %s\n"
		       "REPLAY: CASE=%" PRIu64 " ./check kill9 --seed %" PRIu64 "\n",
		       trial->number, trial->kills, text, trial->number, lab.seed);
	fflush(stdout);
}

/* --- processes --- */

static pid_t start(struct trial *trial, const char *source)
{
	char *argv[] = {(char *)lab.respin, "rescue",       "--quiet",    "--events",
			trial->events,      (char *)source, trial->image, NULL};
	posix_spawn_file_actions_t files;
	posix_spawnattr_t attributes;
	pid_t pid;
	posix_spawn_file_actions_init(&files);
	posix_spawn_file_actions_addopen(&files, 1, "/dev/null", O_WRONLY, 0);
	posix_spawn_file_actions_addopen(&files, 2, trial->log, O_WRONLY | O_CREAT | O_TRUNC, 0600);
	posix_spawnattr_init(&attributes);
	posix_spawnattr_setpgroup(&attributes, 0);
	posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETPGROUP);
	int error = posix_spawn(&pid, lab.respin, &files, &attributes, argv, environ);
	if (error)
		die(lab.respin, strerror(error));
	posix_spawnattr_destroy(&attributes);
	posix_spawn_file_actions_destroy(&files);
	return pid;
}

/* Waits until it ends or the time is over. True: it ended. */
static bool ends_within(pid_t pid, uint64_t us)
{
	int fd = (int)syscall(SYS_pidfd_open, pid, 0);
	if (fd < 0)
		die("pidfd_open", strerror(errno));
	struct timespec limit = {(time_t)(us / 1000000u), (long)(us % 1000000u) * 1000};
	struct pollfd poll = {.fd = fd, .events = POLLIN};
	int n = ppoll(&poll, 1, &limit, NULL);
	close(fd);
	return n > 0;
}

static int status_of(pid_t pid)
{
	int status;
	if (waitpid(pid, &status, 0) != pid)
		die("waitpid", strerror(errno));
	return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

/* The first killed, no other of its processes may live on: it would hold the drive. */
static void await_family(struct trial *trial, pid_t pid)
{
	uint64_t since = now_us();
	for (;;) {
		while (waitpid(-pid, NULL, WNOHANG) > 0) /* they are ours now */
			;
		if (kill(-pid, 0) < 0)
			return;
		if (now_us() - since > LINGER_MS * 1000u) {
			fail(trial, "a process outlives its rescue");
			kill(-pid, SIGKILL);
			return;
		}
		usleep(CHECK_TAIL_MS * 1000);
	}
}

/* --- the length of a rescue that nobody disturbs: the median of the last ones --- */

static int ascending(const void *a, const void *b)
{
	const uint32_t *x = a, *y = b;
	return (*x > *y) - (*x < *y);
}

static void learn(uint64_t us)
{
	unsigned n = atomic_fetch_add(&lab.book->lengths, 1);
	atomic_store(&lab.book->length_us[n % LEARNED], (uint32_t)us);
}

static uint64_t usual_us(void)
{
	uint32_t sorted[LEARNED];
	unsigned n = atomic_load(&lab.book->lengths);
	if (n > LEARNED)
		n = LEARNED;
	for (unsigned i = 0; i < n; i++)
		sorted[i] = atomic_load(&lab.book->length_us[i]);
	qsort(sorted, n, sizeof *sorted, ascending);
	return n ? sorted[n / 2] : 100000;
}

/* --- judging --- */

/* What the last whole line of kind "commit" says is durable, in sectors. Whoever was told so relies on it. */
static uint64_t acknowledged(const struct trial *trial)
{
	size_t len;
	char *text = judge_load(trial->events, &len);
	uint64_t said = 0;
	if (!text)
		return 0;
	text[len] = '\0';
	for (char *line = text, *stop; (stop = strchr(line, '\n')); line = stop + 1) {
		*stop = '\0';
		const char *figure =
			strstr(line, "\"event\":\"commit\"") ? strstr(line, "\"finished\":") : NULL;
		if (figure)
			said = strtoull(figure + strlen("\"finished\":"), NULL, 10);
	}
	free(text);
	return said;
}

static void ask_ddrescuelog(struct trial *trial)
{
	char *argv[] = {"ddrescuelog", "-t", trial->map, NULL};
	posix_spawn_file_actions_t files;
	pid_t pid;
	posix_spawn_file_actions_init(&files);
	posix_spawn_file_actions_addopen(&files, 1, "/dev/null", O_WRONLY, 0);
	if (posix_spawnp(&pid, *argv, &files, NULL, argv, environ) != 0)
		die(*argv, "cannot be started");
	posix_spawn_file_actions_destroy(&files);
	if (status_of(pid) != 0)
		fail(trial, "ddrescuelog does not accept the map");
	atomic_fetch_add(&lab.book->sampled, 1);
}

static void judge(struct trial *trial)
{
	size_t sectors = lab.disc_bytes / SECTOR, map_len, image_len = 0;
	char *map = judge_load(trial->map, &map_len);
	unsigned char *image = judge_load(trial->image, &image_len), *now = calloc(1, sectors);
	struct judgement judgement = {.image = image,
				      .image_bytes = image_len,
				      .disc = lab.disc,
				      .disc_bytes = lab.disc_bytes,
				      .now = now};
	uint64_t lost = 0, said = acknowledged(trial);
	if (!map) {
		atomic_fetch_add(&lab.book->no_map, 1);
		if (image)
			fail(trial, "an image without a map");
		if (said)
			fail(trial, "%" PRIu64 " sectors were said to be saved, and there is no map", said);
	} else if (!judge_map(map, map_len, judge_sectors, &judgement)) {
		fail(trial, "the map on disk is no map (%zu bytes)", map_len);
	} else {
		for (size_t i = 0; i < sectors; i++) {
			lost += trial->claimed[i] && !now[i];
			trial->claimed[i] |= now[i];
		}
		if (judgement.wrong)
			fail(trial, "%" PRIu64 " sectors are called finished and are not the disc's",
			     judgement.wrong);
		if (lost)
			fail(trial, "%" PRIu64 " sectors were finished on disk and are no more", lost);
		if (judgement.finished < said * SECTOR)
			fail(trial, "%" PRIu64 " sectors were said to be saved, the map has %" PRIu64, said,
			     judgement.finished / SECTOR);
		atomic_fetch_add(&lab.book->mixed, judgement.finished && judgement.unfinished);
		if (draw(trial, SAMPLED) == 0)
			ask_ddrescuelog(trial);
	}
	free(now);
	free(image);
	free(map);
}

static void folder_of(const struct trial *trial, char *folder, size_t cap)
{
	snprintf(folder, cap, "%s", trial->image);
	*strrchr(folder, '/') = '\0';
}

/* Is a half written map lying about? Counts them; `done`: none may be. */
static void look_for_rests(struct trial *trial, bool done)
{
	char folder[600];
	folder_of(trial, folder, sizeof folder);
	DIR *dir = opendir(folder);
	for (struct dirent *entry; dir && (entry = readdir(dir));) {
		if (!strstr(entry->d_name, ".tmp"))
			continue;
		if (done)
			fail(trial, "%s was left behind", entry->d_name);
		else
			atomic_fetch_add(&lab.book->in_save, 1);
	}
	if (dir)
		closedir(dir);
}

static const char *last_word(struct trial *trial, char *line, size_t cap)
{
	size_t len;
	char *text = judge_load(trial->log, &len);
	if (text)
		text[len] = '\0';
	snprintf(line, cap, "%s", text ? text : "");
	free(text);
	return line;
}

/* --- a case --- */

/* Waits for the moment at which the program makes its n-th new file beside the image: the map's, most of them. */
static void await_save(int watch, pid_t pid, unsigned n)
{
	char events[4096] __attribute__((aligned(8)));
	int fd = (int)syscall(SYS_pidfd_open, pid, 0);
	struct pollfd polls[2] = {{.fd = watch, .events = POLLIN}, {.fd = fd, .events = POLLIN}};
	while (n > 0 && poll(polls, 2, STUCK_MS) > 0 && (polls[0].revents & POLLIN)) {
		ssize_t len = read(watch, events, sizeof events);
		for (ssize_t at = 0; at < len && n > 0;) {
			const struct inotify_event *event = (const void *)(events + at);
			n -= event->len > 0 && strstr(event->name, ".tmp");
			at += (ssize_t)(sizeof *event + event->len);
		}
	}
	close(fd);
}

/* Three of four instants lie anywhere in the rescue, the fourth within a save of the map. */
static void await_instant(struct trial *trial, pid_t pid, int watch)
{
	if (watch < 0) {
		(void)ends_within(pid, draw(trial, 10000) * usual_us() / 10000);
		return;
	}
	unsigned n = 1 + (unsigned)draw(trial, SAVES);
	uint64_t more = draw(trial, SAVE_US);
	await_save(watch, pid, n);
	usleep((useconds_t)more);
	atomic_fetch_add(&lab.book->aimed, 1);
}

/* One start that is to be killed. False: it had ended before. */
static bool disturb(struct trial *trial)
{
	char word[300], folder[600];
	int watch = -1;
	if (draw(trial, 4) == 0) {
		watch = inotify_init1(IN_CLOEXEC);
		folder_of(trial, folder, sizeof folder);
		if (inotify_add_watch(watch, folder, IN_CREATE) < 0)
			die("inotify", strerror(errno));
	}
	uint64_t since = now_us();
	pid_t pid = start(trial, lab.damaged);
	await_instant(trial, pid, watch);
	uint64_t tenth = (now_us() - since) * TENTHS / usual_us();
	kill(pid, SIGKILL);
	int status = status_of(pid);
	if (watch >= 0)
		close(watch);
	await_family(trial, pid);
	if (status != 137) {
		atomic_fetch_add(&lab.book->late, 1);
		if (status != 0 && status != 1)
			fail(trial, "ended with %d: %s", status, last_word(trial, word, sizeof word));
		return false;
	}
	trial->kills++;
	atomic_fetch_add(&lab.book->kills, 1);
	atomic_fetch_add(&lab.book->tenth[tenth < TENTHS ? tenth : TENTHS - 1], 1);
	look_for_rests(trial, false);
	judge(trial);
	return true;
}

static void finish(struct trial *trial)
{
	char word[300];
	pid_t pid = start(trial, lab.healed);
	if (!ends_within(pid, STUCK_MS * 1000ull)) {
		fail(trial, "taken up again, it does not end");
		kill(-pid, SIGKILL);
	}
	int status = status_of(pid);
	await_family(trial, pid);
	atomic_fetch_add(&lab.book->resumes, 1);
	if (status != 0)
		fail(trial, "taken up again, it ended with %d: %s", status,
		     last_word(trial, word, sizeof word));
	size_t len = 0;
	unsigned char *image = judge_load(trial->image, &len);
	if (!image || len != lab.disc_bytes || memcmp(image, lab.disc, len) != 0)
		fail(trial, "the image is not the disc");
	free(image);
	judge(trial);
	look_for_rests(trial, true);
}

static void empty_folder(const char *folder)
{
	DIR *dir = opendir(folder);
	for (struct dirent *entry; dir && (entry = readdir(dir));)
		if (entry->d_name[0] != '.' || entry->d_name[1])
			(void)unlinkat(dirfd(dir), entry->d_name, 0);
	if (dir)
		closedir(dir);
}

static void one_case(uint64_t number, const char *folder)
{
	struct trial trial = {.number = number, .luck = lab.seed * 0x9e3779b97f4a7c15u + number};
	trial.claimed = calloc(1, lab.disc_bytes / SECTOR);
	snprintf(trial.image, sizeof trial.image, "%s/disc.iso", folder);
	snprintf(trial.map, sizeof trial.map, "%s/disc.iso.map", folder);
	snprintf(trial.events, sizeof trial.events, "%s.events", folder);
	snprintf(trial.log, sizeof trial.log, "%s.log", folder);
	empty_folder(folder);
	unlink(trial.events);
	atomic_fetch_add(&lab.book->cases, 1);
	if (draw(&trial, 32) == 0 || atomic_load(&lab.book->lengths) < 8) { /* how long is it just now? */
		uint64_t since = now_us();
		pid_t pid = start(&trial, lab.damaged);
		int status = status_of(pid);
		learn(now_us() - since);
		if (status != 1)
			fail(&trial, "undisturbed, it ended with %d", status);
		empty_folder(folder);
		unlink(trial.events);
	}
	unsigned kills = 1 + (unsigned)draw(&trial, KILLS_MAX);
	while (trial.kills < kills && disturb(&trial))
		;
	finish(&trial);
	free(trial.claimed);
}

static void work(unsigned worker)
{
	char folder[400];
	snprintf(folder, sizeof folder, "%s/w%u", lab.folder, worker);
	mkdir(folder, 0700);
	while (atomic_load(&lab.book->kills) < lab.wanted &&
	       atomic_load(&lab.book->failures) < FAILURES_SHOWN)
		one_case(atomic_fetch_add(&lab.book->next, 1), folder);
}

static void report(double seconds)
{
	const struct book *book = lab.book;
	unsigned low = TENTHS, high = 0, kills = atomic_load(&book->kills);
	for (unsigned i = 0; i < TENTHS; i++)
		if (atomic_load(&book->tenth[i])) {
			low = low < i ? low : i;
			high = i;
		}
	printf("%u kills in %u rescues, %u resumes to the end, %.1f kills/s\n", kills,
	       atomic_load(&book->cases), atomic_load(&book->resumes), kills / seconds);
	printf("an undisturbed rescue takes %.0f ms; kills between %u%% and %u%% of that, by tenths:",
	       (double)usual_us() / 1000, low * 10, (high + 1) * 10);
	for (unsigned i = 0; i < TENTHS; i++)
		printf(" %u", atomic_load(&book->tenth[i]));
	printf("\n%u kills were aimed at a save of the map, %u starts had ended before their instant; %u kills left a half saved map, %u came before the "
	       "first map, %u maps with finished and unfinished ranges; %u judged by ddrescuelog\n",
	       atomic_load(&book->aimed), atomic_load(&book->late), atomic_load(&book->in_save),
	       atomic_load(&book->no_map), atomic_load(&book->mixed), atomic_load(&book->sampled));
	printf("%u failures\n", atomic_load(&book->failures));
}

int main(int argc, char **argv)
{
	if (argc != 7 && argc != 8)
		die("usage", "killer RESPIN FOLDER DISC KILLS WORKERS SEED [CASE]");
	lab.respin = argv[1];
	lab.folder = argv[2];
	lab.disc_path = argv[3];
	lab.wanted = (unsigned)strtoul(argv[4], NULL, 10);
	unsigned workers = (unsigned)strtoul(argv[5], NULL, 10);
	lab.seed = strtoull(argv[6], NULL, 0);
	lab.disc = judge_load(lab.disc_path, &lab.disc_bytes);
	lab.book = mmap(NULL, sizeof *lab.book, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (!lab.disc || !lab.wanted || !workers || workers > 16 || lab.book == MAP_FAILED)
		die("usage", "what is asked for cannot be done");
	/* Failed reads cost a quarter of a second of the drive's time: at this pace a rescue is a tenth of a second long. */
	snprintf(lab.healed, sizeof lab.healed, "sim:disc?image=%s&profile=dvd", lab.disc_path);
	snprintf(lab.damaged, sizeof lab.damaged,
		 "%s&pace=40&latency_us=1000&fail_ms=220&bad=20,21,100,150,300,301,302,420", lab.healed);

	prctl(PR_SET_CHILD_SUBREAPER, 1);
	if (argc == 8) {
		char folder[400];
		snprintf(folder, sizeof folder, "%s/w0", lab.folder);
		mkdir(folder, 0700);
		one_case(strtoull(argv[7], NULL, 10), folder);
		report(1);
		return atomic_load(&lab.book->failures) > 0;
	}
	uint64_t since = now_us();
	fflush(stdout);
	for (unsigned i = 0; i < workers; i++) {
		pid_t pid = fork();
		if (pid < 0)
			die("fork", strerror(errno));
		if (pid == 0) {
			prctl(PR_SET_PDEATHSIG, SIGKILL);
			prctl(PR_SET_CHILD_SUBREAPER, 1);
			work(i);
			_exit(0);
		}
	}
	while (wait(NULL) > 0)
		;
	report((double)(now_us() - since) / 1e6);
	return atomic_load(&lab.book->failures) > 0 || atomic_load(&lab.book->kills) < lab.wanted;
}
