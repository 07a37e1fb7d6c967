/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A source in a child process: the honest one, the one that hangs, the one that dies, and the ones that lie. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <dirent.h>
#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/error.h"
#include "io/clock_real.h"
#include "io/source_proc.h"

#define UNIT 2048u
#define NS_PER_MS 1000000ull
#define SOON_NS (500 * NS_PER_MS) /* for what must wait for nothing; a busy machine is let off */

/* What the child does wrong; set before the fork. */
static struct respin_source_info told;
static void (*mischief)(struct respin_reply *reply);
static void *kept_bytes;

static void info_of(void *self, struct respin_source_info *info)
{
	(void)self;
	*info = told;
}

static void read_as_told(void *self, const struct respin_request *request, void *buffer,
			 struct respin_reply *reply)
{
	(void)self;
	size_t len = (size_t)request->range.count * UNIT;
	memset(buffer, (int)request->range.start, len);
	kept_bytes = buffer;
	*reply = (struct respin_reply){.resid_trusted = 1,
				       .poison_trusted = 1,
				       .asked_bytes = len,
				       .filled_bytes = len,
				       .sys_errno = getpid()};
	if (mischief)
		mischief(reply);
}

static void control_as_told(void *self, enum respin_drive_command command, struct respin_reply *reply)
{
	(void)self, (void)command;
	*reply = (struct respin_reply){.reason = RESPIN_REASON_GOOD};
	if (mischief)
		mischief(reply);
}

static void nothing(void *self)
{
	(void)self;
}

static int open_as_told(const char *address, struct respin_source *source, struct respin_error *error)
{
	static const struct respin_source_ops ops = {.size = sizeof ops,
						     .info = info_of,
						     .read = read_as_told,
						     .control = control_as_told,
						     .destroy = nothing};
	(void)address, (void)error;
	*source = (struct respin_source){&ops, NULL};
	return 0;
}

static int setup(void **state)
{
	(void)state;
	mischief = NULL;
	told = (struct respin_source_info){.size = sizeof told,
					   .units = 1000,
					   .unit_bytes = UNIT,
					   .ecc_block = 16,
					   .max_request_units = 32,
					   .kind = "told"};
	return 0;
}

static int no_children(void **state)
{
	(void)state;
	assert_int_equal(waitpid(-1, NULL, WNOHANG), -1);
	assert_int_equal(errno, ECHILD);
	return 0;
}

static unsigned open_files(void)
{
	unsigned n = 0;
	DIR *dir = opendir("/proc/self/fd");
	assert_non_null(dir);
	while (readdir(dir))
		n++;
	closedir(dir);
	return n;
}

static const struct source_proc_opener as_told = {open_as_told, false};

static struct respin_source opened(void)
{
	struct respin_source source;
	struct respin_error error = {0};
	int code = source_proc_open("told", &as_told, &source, &error);
	if (code < 0)
		fail_msg("%s", error.text);
	return source;
}

static struct respin_reply read_units(struct respin_source *source, uint64_t start, uint64_t count,
				      void *buffer)
{
	struct respin_request request = {.range = {start, count}};
	struct respin_reply reply;
	memset(&reply, 0xee, sizeof reply);
	source->ops->read(source->self, &request, buffer, &reply);
	return reply;
}

static void test_bytes_come_through(void **state)
{
	(void)state;
	unsigned char bytes[4 * UNIT], expected[4 * UNIT];
	unsigned files = open_files();
	struct respin_source source = opened();
	for (int i = 0; i < 100; i++) {
		struct respin_reply reply = read_units(&source, (uint64_t)i, 4, bytes);
		assert_int_equal(reply.reason, RESPIN_REASON_GOOD);
		assert_int_equal(reply.filled_bytes, sizeof bytes);
		memset(expected, i, sizeof expected);
		assert_memory_equal(bytes, expected, sizeof bytes);
	}
	respin_source_destroy(&source);
	assert_int_equal(open_files(), files);
}

/* Member by member: what lies between them is not said. */
static void assert_same_reply(const struct respin_reply *a, const struct respin_reply *b)
{
	assert_int_equal(a->reason, b->reason);
	assert_int_equal(a->resid_trusted, b->resid_trusted);
	assert_int_equal(a->poison_trusted, b->poison_trusted);
	assert_int_equal(a->agrees, b->agrees);
	assert_int_equal(a->scsi_status, b->scsi_status);
	assert_int_equal(a->host_status, b->host_status);
	assert_int_equal(a->sys_errno, b->sys_errno);
	assert_int_equal(a->sense.key, b->sense.key);
	assert_int_equal(a->sense.asc, b->sense.asc);
	assert_int_equal(a->sense.ascq, b->sense.ascq);
	assert_int_equal(a->sense.deferred, b->sense.deferred);
	assert_int_equal(a->sense.has_info, b->sense.has_info);
	assert_int_equal(a->sense.info_lba, b->sense.info_lba);
	assert_int_equal(a->asked_bytes, b->asked_bytes);
	assert_int_equal(a->residual_bytes, b->residual_bytes);
	assert_int_equal(a->filled_bytes, b->filled_bytes);
	assert_int_equal(a->elapsed_ns, b->elapsed_ns);
	assert_int_equal(a->fingerprint, b->fingerprint);
}

/* Replies, bytes, clock: nothing tells a drive in a child from one that is not. */
static void test_as_without_a_child(void **state)
{
	(void)state;
	static const char address[] =
		"sim:disc?size=4096&profile=dvd&bad=100,200-215,3000-3050&block_us=3000&fail_ms=900&seed=7";
	struct respin_source apart, here;
	struct respin_source_info info[2] = {{.size = sizeof *info}, {.size = sizeof *info}};
	unsigned char *bytes[2] = {calloc(32, UNIT), calloc(32, UNIT)};
	assert_int_equal(respin_source_open_apart(address, &apart, NULL), 0);
	assert_int_equal(respin_source_open(address, &here, NULL), 0);
	respin_source_info(&apart, &info[0]);
	respin_source_info(&here, &info[1]);
	assert_memory_equal(&info[0], &info[1], sizeof *info);
	for (unsigned i = 0; i < 600; i++) {
		uint64_t start = i * 2654435761u % 4064, count = 1 + i % 32;
		struct respin_reply a = read_units(&apart, start, count, bytes[0]);
		struct respin_reply b = read_units(&here, start, count, bytes[1]);
		assert_same_reply(&a, &b);
		if (a.reason == RESPIN_REASON_GOOD)
			assert_memory_equal(bytes[0], bytes[1], count * UNIT);
		assert_int_equal(apart.ops->now_ns(apart.self), here.ops->now_ns(here.self));
		if (i % 50 == 0) {
			apart.ops->control(apart.self, (enum respin_drive_command)(i / 50 % 3), &a);
			here.ops->control(here.self, (enum respin_drive_command)(i / 50 % 3), &b);
			assert_same_reply(&a, &b);
			uint64_t later = here.ops->now_ns(here.self) + 1000000;
			apart.ops->sleep_until_ns(apart.self, later);
			here.ops->sleep_until_ns(here.self, later);
		}
	}
	assert_true(here.ops->now_ns(here.self) > 0);
	free(bytes[0]);
	free(bytes[1]);
	respin_source_destroy(&apart);
	respin_source_destroy(&here);
}

/* --- a command that never returns --- */

static void sleep_for_ever(struct respin_reply *reply)
{
	(void)reply;
	for (;;)
		pause();
}

static void *interrupt_later(void *arg)
{
	struct respin_source *source = arg;
	clock_real_sleep_until_ns(clock_real_now_ns() + 30 * NS_PER_MS);
	source->ops->interrupt(source->self);
	return NULL;
}

static void test_a_hung_command_is_left(void **state)
{
	(void)state;
	unsigned char bytes[UNIT];
	pthread_t thread;
	mischief = sleep_for_ever;
	struct respin_source source = opened();
	uint64_t begun = clock_real_now_ns();
	assert_int_equal(pthread_create(&thread, NULL, interrupt_later, &source), 0);
	assert_int_equal(read_units(&source, 0, 1, bytes).reason, RESPIN_REASON_CANCELLED);
	assert_int_equal(pthread_join(thread, NULL), 0);
	assert_int_equal(read_units(&source, 0, 1, bytes).reason, RESPIN_REASON_CANCELLED);
	struct respin_reply reply;
	source.ops->control(source.self, RESPIN_DRIVE_IDENTIFY, &reply);
	assert_int_equal(reply.reason, RESPIN_REASON_CANCELLED);
	respin_source_destroy(&source);
	assert_true(clock_real_now_ns() - begun < SOON_NS);
}

/* --- death --- */

static void die(struct respin_reply *reply)
{
	(void)reply;
	raise(SIGKILL);
}

static void exit_early(struct respin_reply *reply)
{
	(void)reply;
	_exit(0);
}

static void test_a_dead_child_is_a_source_that_is_gone(void **state)
{
	(void)state;
	unsigned char bytes[UNIT];
	void (*const ends[])(struct respin_reply *) = {die, exit_early};
	for (size_t i = 0; i < 2; i++) {
		mischief = ends[i];
		struct respin_source source = opened();
		for (int again = 0; again < 3; again++) {
			struct respin_reply reply = read_units(&source, 0, 1, bytes);
			assert_int_equal(reply.reason, RESPIN_REASON_GONE);
			assert_int_equal(reply.sys_errno, EOWNERDEAD);
			assert_int_equal(reply.filled_bytes, 0);
		}
		struct respin_reply reply;
		source.ops->control(source.self, RESPIN_DRIVE_REOPEN, &reply);
		assert_int_equal(reply.reason, RESPIN_REASON_GONE);
		respin_source_destroy(&source);
	}
}

static bool is_gone(pid_t pid)
{
	char path[64], line[256] = "";
	(void)snprintf(path, sizeof path, "/proc/%d/stat", (int)pid);
	FILE *file = fopen(path, "re");
	if (!file)
		return true;
	bool zombie = fgets(line, sizeof line, file) && strstr(line, ") Z ");
	(void)fclose(file);
	return zombie;
}

/* The parent is killed in the middle of a command: nobody is left at the drive. */
static void test_the_child_ends_with_its_parent(void **state)
{
	(void)state;
	volatile int *child = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	assert_true(child != MAP_FAILED);
	pid_t parent = fork();
	if (parent == 0) {
		unsigned char bytes[UNIT];
		struct respin_source source = opened();
		*child = read_units(&source, 0, 1, bytes).sys_errno;
		for (;;)
			pause();
	}
	for (int i = 0; i < 5000 && !*child; i++)
		clock_real_sleep_until_ns(clock_real_now_ns() + NS_PER_MS);
	assert_true(*child > 0);
	assert_false(is_gone(*child));
	kill(parent, SIGKILL);
	waitpid(parent, NULL, 0);
	for (int i = 0; i < 1000 && !is_gone(*child); i++)
		clock_real_sleep_until_ns(clock_real_now_ns() + NS_PER_MS);
	assert_true(is_gone(*child));
	munmap((void *)child, 4096);
}

/* --- lies --- */

#define LIE(name, change)                                                                                    \
	static void name(struct respin_reply *reply)                                                         \
	{                                                                                                    \
		change;                                                                                      \
	}
LIE(no_such_reason, reply->reason = 200)
LIE(not_a_sources_reason, reply->reason = RESPIN_REASON_SKIPPED)
LIE(more_than_asked, reply->asked_bytes = 1ull << 40)
LIE(one_more_than_asked, reply->asked_bytes++; reply->filled_bytes++)
LIE(filled_beyond, reply->filled_bytes = reply->asked_bytes + 1)
LIE(a_month, reply->elapsed_ns = UINT64_MAX)
LIE(negative_errno, reply->sys_errno = -5)
LIE(very_true, reply->resid_trusted = 2)
LIE(agrees_with_itself, reply->agrees = 1)
LIE(no_such_host, reply->host_status = 77)

static void test_lies_end_the_child(void **state)
{
	(void)state;
	unsigned char bytes[UNIT];
	void (*const lies[])(struct respin_reply *) = {
		no_such_reason, not_a_sources_reason, more_than_asked, one_more_than_asked, filled_beyond,
		a_month,        negative_errno,       very_true,       agrees_with_itself,  no_such_host};
	for (size_t i = 0; i < sizeof lies / sizeof *lies; i++) {
		mischief = lies[i];
		struct respin_source source = opened();
		struct respin_reply reply = read_units(&source, 0, 1, bytes);
		assert_int_equal(reply.reason, RESPIN_REASON_GONE);
		assert_int_equal(reply.sys_errno, EPROTO);
		assert_int_equal(read_units(&source, 0, 1, bytes).reason, RESPIN_REASON_GONE);
		respin_source_destroy(&source);
	}
}

/* What the parent has copied is its own: the child can change it no more. */
static void change_later(struct respin_reply *reply)
{
	(void)reply;
	if (fork() == 0) {
		clock_real_sleep_until_ns(clock_real_now_ns() + 20 * NS_PER_MS);
		memset(kept_bytes, 0x5a, UNIT);
		_exit(0);
	}
}

static void test_bytes_stay_as_they_were(void **state)
{
	(void)state;
	unsigned char bytes[UNIT], expected[UNIT];
	mischief = change_later;
	struct respin_source source = opened();
	assert_int_equal(read_units(&source, 3, 1, bytes).reason, RESPIN_REASON_GOOD);
	clock_real_sleep_until_ns(clock_real_now_ns() + 60 * NS_PER_MS);
	memset(expected, 3, sizeof expected);
	assert_memory_equal(bytes, expected, sizeof bytes);
	respin_source_destroy(&source);
}

static void refuse_info(struct respin_source_info info)
{
	struct respin_source source;
	struct respin_error error = {0};
	told = info;
	assert_int_equal(source_proc_open("told", &as_told, &source, &error), RESPIN_E_SOURCE);
	assert_int_equal(error.sys_errno, EPROTO);
	assert_null(source.ops);
}

static void test_impossible_discs_are_refused(void **state)
{
	(void)state;
	struct respin_source_info good = told, bad;
#define REFUSED(field, value) (bad = good, bad.field = (value), refuse_info(bad))
	REFUSED(units, 0);
	REFUSED(units, UINT64_MAX);
	REFUSED(unit_bytes, 0);
	REFUSED(unit_bytes, 1u << 31);
	REFUSED(tail_bytes, UNIT);
	REFUSED(ecc_block, 0);
	REFUSED(ecc_block, 1u << 20);
	REFUSED(max_request_units, 0);
	REFUSED(max_request_units, 1u << 20);
	REFUSED(first_lba, INT64_MIN);
	REFUSED(no_payload, 9);
	told = good;
	memset(told.vendor, 'v', sizeof told.vendor); /* a text without an end gets one */
	struct respin_source source = opened();
	struct respin_source_info info = {.size = sizeof info};
	respin_source_info(&source, &info);
	assert_int_equal(strlen(info.vendor), sizeof info.vendor - 1);
	respin_source_destroy(&source);
}

/* The child's end of the line, for those that talk out of turn. */
static int line_to_parent(void)
{
	for (int fd = 3; fd < 64; fd++) {
		int type = 0;
		socklen_t len = sizeof type;
		if (getsockopt(fd, SOL_SOCKET, SO_TYPE, &type, &len) == 0 && type == SOCK_SEQPACKET)
			return fd;
	}
	return -1;
}

static void answer_twice(struct respin_reply *reply)
{
	const struct proc_answer early = {.serial = 77, .reply = *reply};
	(void)send(line_to_parent(), &early, offsetof(struct proc_answer, info), MSG_NOSIGNAL);
}

static void answer_short(struct respin_reply *reply)
{
	(void)send(line_to_parent(), reply, 5, MSG_NOSIGNAL);
}

static void answer_long(struct respin_reply *reply)
{
	char much[8192] = {0};
	(void)reply;
	(void)send(line_to_parent(), much, sizeof much, MSG_NOSIGNAL);
}

/* Answers whatever may be asked one day, and never reads a question again. */
static void answer_for_ever(struct respin_reply *reply)
{
	struct proc_answer answer = {.reply = *reply};
	do
		answer.serial++;
	while (send(line_to_parent(), &answer, offsetof(struct proc_answer, info), MSG_NOSIGNAL) > 0);
	_exit(0);
}

static int greet_wrongly(const char *address, struct respin_source *source, struct respin_error *error)
{
	(void)address, (void)source, (void)error;
	(void)send(line_to_parent(), "hello", 5, MSG_NOSIGNAL);
	return RESPIN_E_SOURCE;
}

static int die_at_open(const char *address, struct respin_source *source, struct respin_error *error)
{
	(void)address, (void)source, (void)error;
	_exit(1);
}

static int fail_to_open(const char *address, struct respin_source *source, struct respin_error *error)
{
	(void)source;
	return error_set(error, RESPIN_E_NO_MEDIUM, EIO, "%s: no disc", address);
}

static int succeed_too_much(const char *address, struct respin_source *source, struct respin_error *error)
{
	(void)address, (void)source, (void)error;
	return 12;
}

static void test_words_out_of_turn(void **state)
{
	(void)state;
	unsigned char bytes[UNIT];
	void (*const words[])(struct respin_reply *) = {answer_twice, answer_short, answer_long};
	for (size_t i = 0; i < sizeof words / sizeof *words; i++) {
		mischief = words[i];
		struct respin_source source = opened();
		assert_int_equal(read_units(&source, 0, 1, bytes).sys_errno, EPROTO);
		respin_source_destroy(&source);
	}
}

/* Questions that nobody takes fill the line: the one that does not fit must not wait. */
static void test_questions_that_nobody_reads(void **state)
{
	(void)state;
	unsigned char bytes[UNIT];
	mischief = answer_for_ever;
	struct respin_source source = opened();
	struct respin_reply reply = {0};
	unsigned taken = 0;
	while (taken < 100000 && reply.reason != RESPIN_REASON_GONE) {
		reply = read_units(&source, 0, 1, bytes);
		taken++;
	}
	assert_true(taken > 10); /* the answers were what they should be */
	assert_int_equal(reply.reason, RESPIN_REASON_GONE);
	assert_int_equal(reply.sys_errno, EPROTO);
	respin_source_destroy(&source);
}

static void test_failures_to_open(void **state)
{
	(void)state;
	const struct {
		int (*open)(const char *, struct respin_source *, struct respin_error *);
		int code, sys_errno;
	} cases[] = {{greet_wrongly, RESPIN_E_SOURCE, EPROTO},
		     {die_at_open, RESPIN_E_SOURCE, EOWNERDEAD},
		     {succeed_too_much, RESPIN_E_SOURCE, EPROTO},
		     {fail_to_open, RESPIN_E_NO_MEDIUM, EIO}};
	unsigned files = open_files();
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct respin_source source;
		struct respin_error error = {0};
		const struct source_proc_opener opener = {cases[i].open, false};
		assert_int_equal(source_proc_open("x", &opener, &source, &error), cases[i].code);
		assert_int_equal(error.sys_errno, cases[i].sys_errno);
		assert_true(error.text[0] && !strchr(error.text, '\n'));
		assert_null(source.ops);
	}
	struct respin_error error = {0};
	struct respin_source source;
	assert_int_equal(respin_source_open_apart("", &source, &error), RESPIN_E_INVALID);
	assert_int_equal(open_files(), files);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_bytes_come_through, setup, no_children),
		cmocka_unit_test_setup_teardown(test_as_without_a_child, setup, no_children),
		cmocka_unit_test_setup_teardown(test_a_hung_command_is_left, setup, no_children),
		cmocka_unit_test_setup_teardown(test_a_dead_child_is_a_source_that_is_gone, setup,
						no_children),
		cmocka_unit_test_setup_teardown(test_the_child_ends_with_its_parent, setup, no_children),
		cmocka_unit_test_setup_teardown(test_lies_end_the_child, setup, no_children),
		cmocka_unit_test_setup_teardown(test_bytes_stay_as_they_were, setup, no_children),
		cmocka_unit_test_setup_teardown(test_impossible_discs_are_refused, setup, no_children),
		cmocka_unit_test_setup_teardown(test_words_out_of_turn, setup, no_children),
		cmocka_unit_test_setup_teardown(test_questions_that_nobody_reads, setup, no_children),
		cmocka_unit_test_setup_teardown(test_failures_to_open, setup, no_children),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
