/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What is given up is gone: processes that confine themselves, and then try.
 * What this kernel does not have is skipped by name.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <linux/major.h>
#include <sys/ptrace.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/error.h"
#include "io/confine.h"
#include "io/source_proc.h"

#define UNPRIVILEGED 65534

static char base[64], inside[80], outside[80];

static int make_directories(void **state)
{
	(void)state;
	(void)snprintf(base, sizeof base, "/tmp/respin-confine.XXXXXX");
	if (!mkdtemp(base))
		return -1;
	(void)snprintf(inside, sizeof inside, "%s/in", base);
	(void)snprintf(outside, sizeof outside, "%s/out", base);
	return mkdir(inside, 0777) || mkdir(outside, 0777) || chmod(base, 0755) || chmod(inside, 0777);
}

static void remove_below(const char *dir)
{
	static const char *const names[] = {"new", "new2", "old", "kept"};
	char path[128];
	for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
		(void)snprintf(path, sizeof path, "%s/%s", dir, names[i]);
		(void)unlink(path);
	}
	(void)rmdir(dir);
}

static int remove_directories(void **state)
{
	(void)state;
	remove_below(inside);
	remove_below(outside);
	return rmdir(base);
}

/* In a child, for what is given up does not come back. Its status is the number of the first line that failed. */
static int of_a_child(void (*trying)(void))
{
	int status = 0;
	pid_t pid = fork();
	assert_true(pid >= 0);
	if (pid == 0) {
		trying();
		_exit(0);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	return WIFEXITED(status) ? WEXITSTATUS(status) : 255;
}

/* An exit status has eight bits; lines that differ by 250 do not occur in one function. */
#define MUST(what)                                                                                           \
	do {                                                                                                 \
		errno = 0;                                                                                   \
		if (!(what)) {                                                                               \
			fprintf(stderr, "%s:%d: not so: %s (%s)\n", __FILE__, __LINE__, #what,               \
				strerror(errno));                                                            \
			_exit(1 + __LINE__ % 250);                                                           \
		}                                                                                            \
	} while (0)

static int make(const char *dir, const char *name)
{
	char path[128];
	(void)snprintf(path, sizeof path, "%s/%s", dir, name);
	int file = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0666);
	if (file >= 0)
		(void)close(file);
	return file >= 0 ? 0 : -1;
}

static bool says(const char *key, const char *value)
{
	char line[256];
	bool found = false;
	FILE *status = fopen("/proc/self/status", "re");
	while (status && fgets(line, sizeof line, status))
		found = found || (!strncmp(line, key, strlen(key)) && strstr(line, value));
	if (status)
		(void)fclose(status);
	return found;
}

static void try_files(void)
{
	char old[128], new2[128], kept[128], there[128];
	(void)snprintf(old, sizeof old, "%s/old", outside);
	(void)snprintf(kept, sizeof kept, "%s/new", inside);
	(void)snprintf(new2, sizeof new2, "%s/new2", inside);
	(void)snprintf(there, sizeof there, "%s/new2", outside);
	MUST(make(outside, "old") == 0);
	int before = open(old, O_RDWR | O_CLOEXEC);
	int dir = open(inside, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	const struct confine_place place = {dir, CONFINE_DIRECTORY};
	MUST(confine_files(&place, 1, CONFINE_WRITER) > 0);
	/* Inside: everything that a rescue does. */
	MUST(make(inside, "new") == 0);
	MUST(rename(kept, new2) == 0);
	MUST(truncate(new2, 4096) == 0);
	MUST(unlink(new2) == 0);
	/* Outside: what was open stays open, the rest is over. */
	MUST(write(before, "x", 1) == 1);
	MUST(ftruncate(before, 0) == 0);
	MUST(open(old, O_RDONLY) >= 0);
	MUST(open(old, O_WRONLY) < 0 && errno == EACCES);
	MUST(unlink(old) < 0 && errno == EACCES);
	MUST(make(outside, "new") < 0 && errno == EACCES);
	MUST(mkdir(there, 0777) < 0 && errno == EACCES);
	MUST(symlink("x", there) < 0 && errno == EACCES);
	MUST(make(inside, "new") == 0);
	MUST(rename(kept, there) < 0);
	MUST(says("NoNewPrivs:", "1"));
}

static void test_files_outside_are_out_of_reach(void **state)
{
	(void)state;
	if (syscall(SYS_landlock_create_ruleset, NULL, 0, 1) < 3) {
		print_message("skipped: no Landlock of version 3 or later\n");
		skip();
	}
	assert_int_equal(of_a_child(try_files), 0);
}

/* It makes system calls in the program's stead, and knows neither seccomp nor Landlock. */
static bool under_valgrind(void)
{
	const char *loaded = getenv("LD_PRELOAD");
	return loaded && strstr(loaded, "vgpreload");
}

static void try_calls(enum confine_kind kind)
{
	char *const nothing[] = {NULL};
	MUST(confine_calls(kind) == 0);
	MUST(says("Seccomp:", "2"));
	MUST(says("NoNewPrivs:", "1"));
	if (!SANITIZED) {
		MUST(execve("/bin/true", nothing, nothing) < 0 && errno == EPERM);
		MUST(ptrace(PTRACE_TRACEME, 0, NULL, NULL) < 0 && errno == EPERM);
	}
	MUST(syscall(SYS_mount, "none", base, "tmpfs", 0, NULL) < 0 && errno == EPERM);
	MUST(syscall(SYS_bpf, 0, NULL, 0) < 0 && errno == EPERM);
	MUST(syscall(SYS_keyctl, 0, 0, 0, 0, 0) < 0 && errno == EPERM);
	MUST(syscall(SYS_io_uring_setup, 1, NULL) < 0 && errno == EPERM);
	MUST(syscall(SYS_finit_module, -1, "", 0) < 0 && errno == EPERM);
	MUST(syscall(SYS_unshare, 0) < 0 && errno == EPERM);
	bool alone = kind == CONFINE_ALONE; /* which speaks to iSCSI targets */
	MUST(socket(AF_INET, SOCK_STREAM, 0) >= 0 ? alone : !alone && errno == EPERM);
	/* What a rescue lives on goes on. */
	MUST(make(inside, "kept") == 0);
	MUST(kill(getpid(), 0) == 0);
	void *memory = malloc(1 << 22);
	MUST(memory != NULL);
	free(memory);
}

static void try_calls_of_the_writer(void)
{
	try_calls(CONFINE_WRITER);
}

static void try_calls_of_the_child(void)
{
	try_calls(CONFINE_ALONE);
}

static void test_calls_that_nobody_needs(void **state)
{
	(void)state;
	if (under_valgrind()) {
		print_message("skipped: under valgrind\n");
		skip();
	}
	assert_int_equal(of_a_child(try_calls_of_the_writer), 0);
	assert_int_equal(of_a_child(try_calls_of_the_child), 0);
}

static void try_capabilities(void)
{
	MUST(confine_capabilities(CONFINE_KEEP_OPENING) == 0);
	MUST(says("CapEff:", "0000000000000006"));
	MUST(confine_capabilities(CONFINE_KEEP_NONE) == 0);
	MUST(says("CapEff:", "0000000000000000") && says("CapPrm:", "0000000000000000"));
	MUST(chown(base, 1, 1) < 0 && errno == EPERM);
}

static void try_user(void)
{
	struct confine_user user;
	confine_user_find(&user, UNPRIVILEGED, UNPRIVILEGED);
	int open_to_all = open(inside, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	int of_root = open(outside, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	MUST(chmod(outside, 0755) == 0);
	MUST(make(inside, "old") == 0);
	const struct confine_file fine = {open_to_all, NULL}, foreign = {open_to_all, "old"},
				  absent = {open_to_all, "absent"}, closed = {of_root, NULL};
	MUST(confine_user_suffices(&user, &fine, 1));
	MUST(confine_user_suffices(&user, &absent, 1));
	MUST(!confine_user_suffices(&user, &closed, 1));
	MUST(!confine_user_suffices(&user, &foreign, 1)); /* root's, not to be written by others */
	MUST(fchmodat(open_to_all, "old", 0666, 0) == 0);
	MUST(confine_user_suffices(&user, &foreign, 1));
	MUST(chmod(inside, 01777) == 0);
	MUST(!confine_user_suffices(&user, &foreign, 1)); /* could be written, but not replaced */
	MUST(chmod(inside, 0777) == 0);
	MUST(confine_become(&user) == 0);
	MUST(geteuid() == UNPRIVILEGED && getuid() == UNPRIVILEGED && getegid() == UNPRIVILEGED);
	MUST(setuid(0) < 0 && setgid(0) < 0);
	MUST(getgroups(0, NULL) >= 0);
	gid_t groups[CONFINE_GROUPS_MAX];
	int count = getgroups(CONFINE_GROUPS_MAX, groups);
	for (int i = 0; i < count; i++)
		MUST(groups[i] != 0);
	MUST(says("CapEff:", "0000000000000000"));
	MUST(open(outside, O_RDONLY | O_DIRECTORY) >= 0);
	MUST(make(outside, "new") < 0 && errno == EACCES);
	MUST(make(inside, "new") == 0);
}

static void test_root_can_be_given_up(void **state)
{
	(void)state;
	if (geteuid() != 0) {
		print_message("skipped: only root can give up being root\n");
		skip();
	}
	assert_int_equal(of_a_child(try_capabilities), 0);
	assert_int_equal(of_a_child(try_user), 0);
}

/* --- the drive's child, from within --- */

static int look_around(const char *address, struct respin_source *source, struct respin_error *error)
{
	char path[128], found[256] = "", *const nothing[] = {NULL};
	unsigned files = 0;
	(void)address, (void)source;
	for (int fd = 0; fd < 256; fd++)
		files += fcntl(fd, F_GETFD) >= 0;
	(void)snprintf(path, sizeof path, "%s/old", outside);
	int writes = open(path, O_WRONLY) < 0 ? errno : 0;
	int removes = unlink(path) < 0 ? errno : 0;
	int makes = make(outside, "new") < 0 ? errno : 0;
	int starts = SANITIZED ? EPERM : execve("/bin/true", nothing, nothing) < 0 ? errno : 0;
	int kills = kill(getppid(), 0) < 0 ? errno : 0;
	(void)snprintf(found, sizeof found,
		       "files %u writes %d removes %d makes %d starts %d kills %d seccomp %d", files, writes,
		       removes, makes, starts, kills, says("Seccomp:", "2"));
	return error_set(error, RESPIN_E_SOURCE, 0, "%s", found);
}

static void test_the_drives_child_reaches_nothing(void **state)
{
	(void)state;
	long version = syscall(SYS_landlock_create_ruleset, NULL, 0, 1);
	if (version < 3) {
		print_message("skipped: no Landlock of version 3 or later\n");
		skip();
	}
	assert_int_equal(make(outside, "old"), 0);
	int file = open(outside, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	int more = fcntl(file, F_DUPFD, 100); /* an output, a log: open in the parent, of whatever number */
	const struct source_proc_opener opener = {look_around, false};
	struct respin_source source;
	struct respin_error error = {0};
	assert_int_equal(source_proc_open("x", &opener, &source, &error), RESPIN_E_SOURCE);
	char expected[256];
	(void)snprintf(expected, sizeof expected,
		       "files 5 writes %d removes %d makes %d starts %d kills %d seccomp 1", EACCES, EACCES,
		       EACCES, EPERM, version >= 6 ? EPERM : 0);
	assert_string_equal(error.text, expected);
	close(file);
	close(more);
}

/* Any free number of sg's will do: nobody opens it. */
static bool make_drive(char *path, size_t cap)
{
	(void)snprintf(path, cap, "/dev/respin-confine-%d", (int)getpid());
	return mknod(path, S_IFCHR | 0666, makedev(SCSI_GENERIC_MAJOR, 255)) == 0;
}

/* What everybody may write to, below the directory that the drive's node is in. */
static int write_below_dev(const char *address, struct respin_source *source, struct respin_error *error)
{
	(void)source;
	int shared = open("/dev/shm/respin-confine", O_WRONLY) < 0 ? errno : 0;
	int made = make("/dev/shm", "respin-confine-new") < 0 ? errno : 0;
	int other = open("/dev/null", O_WRONLY) < 0 ? errno : 0;
	int own = open(address, O_RDWR | O_NONBLOCK) < 0 ? errno : 0;
	return error_set(error, RESPIN_E_SOURCE, 0, "shared %d made %d other %d own refused %d", shared, made,
			 other, own == EACCES);
}

static const char *drive;

static void open_as_nobody(void)
{
	const struct source_proc_opener opener = {write_below_dev, false};
	struct respin_source source;
	struct respin_error error = {0};
	char expected[128];
	(void)snprintf(expected, sizeof expected, "shared %d made %d other %d own refused 0", EACCES, EACCES,
		       EACCES);
	if (geteuid() == 0)
		MUST(setgid(UNPRIVILEGED) == 0 && setuid(UNPRIVILEGED) == 0);
	int before = open("/dev/shm/respin-confine", O_WRONLY | O_CLOEXEC);
	MUST(before >= 0); /* but for the child it could */
	MUST(source_proc_open(drive, &opener, &source, &error) == RESPIN_E_SOURCE);
	if (strcmp(error.text, expected) != 0)
		fprintf(stderr, "%s\n", error.text);
	MUST(strcmp(error.text, expected) == 0);
}

static void test_an_ordinary_users_child_writes_to_its_node_alone(void **state)
{
	(void)state;
	char path[64];
	if (syscall(SYS_landlock_create_ruleset, NULL, 0, 1) < 3) {
		print_message("skipped: no Landlock of version 3 or later\n");
		skip();
	}
	if (!make_drive(path, sizeof path)) {
		print_message("skipped: no node can be made in /dev\n");
		skip();
	}
	drive = path;
	int file = open("/dev/shm/respin-confine", O_RDWR | O_CREAT | O_CLOEXEC, 0666);
	(void)fchmod(file, 0666);
	(void)chmod(path, 0666);
	int failed = of_a_child(open_as_nobody);
	close(file);
	(void)unlink("/dev/shm/respin-confine");
	(void)unlink("/dev/shm/respin-confine-new");
	(void)unlink(path);
	assert_int_equal(failed, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_files_outside_are_out_of_reach, make_directories,
						remove_directories),
		cmocka_unit_test_setup_teardown(test_calls_that_nobody_needs, make_directories,
						remove_directories),
		cmocka_unit_test_setup_teardown(test_root_can_be_given_up, make_directories,
						remove_directories),
		cmocka_unit_test_setup_teardown(test_the_drives_child_reaches_nothing, make_directories,
						remove_directories),
		cmocka_unit_test(test_an_ordinary_users_child_writes_to_its_node_alone),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
