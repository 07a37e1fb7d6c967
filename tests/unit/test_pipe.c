/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Programs behind two pipes, the well-behaved and the other kind; each is a line of shell. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <dirent.h>
#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "io/clock_real.h"
#include "io/pipe.h"

#define LINE 128

static struct pipe *opened(const char *command)
{
	struct pipe *pipe = NULL;
	struct respin_error error = {0};
	assert_int_equal(pipe_open(command, &pipe, &error), 0);
	assert_non_null(pipe);
	return pipe;
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

/* After every test: no child is left, dead or alive. */
static int no_children(void **state)
{
	(void)state;
	assert_int_equal(waitpid(-1, NULL, WNOHANG), -1);
	assert_int_equal(errno, ECHILD);
	return 0;
}

static void test_lines_go_both_ways(void **state)
{
	(void)state;
	char line[LINE];
	unsigned files = open_files();
	struct pipe *pipe = opened("while read a b; do echo \"$b $a\"; done");
	for (int i = 0; i < 100; i++) {
		assert_int_equal(pipe_send(pipe, "one two", NULL), 0);
		assert_int_equal(pipe_receive(pipe, line, sizeof line, NULL), 0);
		assert_string_equal(line, "two one");
	}
	pipe_destroy(pipe);
	assert_int_equal(open_files(), files);
}

/* Many lines may come at once, and a line in pieces. */
static void test_lines_as_they_come(void **state)
{
	(void)state;
	char line[LINE];
	struct pipe *pipe = opened("printf 'a\\nb\\n\\nc'; sleep 0.05; printf 'd\\n'");
	static const char *const expected[] = {"a", "b", "", "cd"};
	for (size_t i = 0; i < 4; i++) {
		assert_int_equal(pipe_receive(pipe, line, sizeof line, NULL), 0);
		assert_string_equal(line, expected[i]);
	}
	pipe_destroy(pipe);
}

static void ends_with(const char *command, const char *text)
{
	char line[LINE];
	struct respin_error error = {0};
	struct pipe *pipe = opened(command);
	assert_int_equal(pipe_receive(pipe, line, sizeof line, &error), RESPIN_E_GONE);
	assert_string_equal(error.text, text);
	pipe_destroy(pipe);
}

static void test_an_early_end_is_told(void **state)
{
	(void)state;
	ends_with("exit 3", "the program ended with status 3");
	ends_with("printf half-a-line", "the program ended with status 0");
	ends_with("kill -9 $$", "the program was ended by signal 9");
	ends_with("no-such-program-anywhere 2>/dev/null", "the program ended with status 127");
	ends_with("exec >&-; read line", "the program closed its output");
}

static void on_signal(int number)
{
	(void)number;
	fail_msg("SIGPIPE came through");
}

/* The program is gone, and so is whoever would read. */
static void test_no_sigpipe(void **state)
{
	(void)state;
	struct sigaction action = {.sa_handler = on_signal}, before;
	sigset_t pending;
	struct respin_error error = {0};
	char line[LINE];
	sigaction(SIGPIPE, &action, &before);
	struct pipe *pipe = opened("exit 0");
	assert_int_equal(pipe_receive(pipe, line, sizeof line, &error), RESPIN_E_GONE);
	assert_int_equal(pipe_send(pipe, "are you there?", &error), RESPIN_E_GONE);
	sigpending(&pending);
	assert_false(sigismember(&pending, SIGPIPE));
	pipe_destroy(pipe);
	sigaction(SIGPIPE, &before, NULL);
}

static void refused(const char *command, const char *begin)
{
	char line[LINE];
	struct respin_error error = {0};
	struct pipe *pipe = opened(command);
	assert_int_equal(pipe_receive(pipe, line, sizeof line, &error), RESPIN_E_SOURCE);
	assert_memory_equal(error.text, begin, strlen(begin));
	pipe_destroy(pipe);
}

static void test_lines_that_are_none(void **state)
{
	(void)state;
	refused("while :; do printf endless; done", "a line of more than 127 bytes: 'endlessendless");
	refused("head -c 128 /dev/zero | tr '\\0' x; echo", "a line of more than 127 bytes");
	refused("printf 'a\\0b\\n'", "a line with a NUL in it: 'a...'");
}

static void test_the_longest_line(void **state)
{
	(void)state;
	char line[LINE];
	struct pipe *pipe = opened("head -c 127 /dev/zero | tr '\\0' x; echo");
	assert_int_equal(pipe_receive(pipe, line, sizeof line, NULL), 0);
	assert_int_equal(strlen(line), 127);
	pipe_destroy(pipe);
}

static void *wakes(void *pipe)
{
	usleep(50000);
	pipe_interrupt(pipe);
	return NULL;
}

static void test_interrupt_ends_the_wait(void **state)
{
	(void)state;
	char line[LINE];
	pthread_t thread;
	struct pipe *pipe = opened("sleep 1000");
	assert_int_equal(pthread_create(&thread, NULL, wakes, pipe), 0);
	assert_int_equal(pipe_receive(pipe, line, sizeof line, NULL), RESPIN_E_CANCELLED);
	pthread_join(thread, NULL);
	pipe_destroy(pipe);
}

/* Neither a closed pipe nor SIGTERM impresses this one, and it has a child. */
static void test_the_stubborn_are_ended(void **state)
{
	(void)state;
	char line[LINE];
	struct pipe *pipe = opened("trap '' TERM PIPE HUP; sleep 1000 & echo $!; while :; do wait; done");
	assert_int_equal(pipe_receive(pipe, line, sizeof line, NULL), 0);
	pid_t child = (pid_t)strtol(line, NULL, 10);
	assert_true(child > 0);
	uint64_t began = clock_real_now_ns();
	pipe_destroy(pipe);
	assert_true(clock_real_now_ns() - began < 10000000000u);
	for (int i = 0; i < 1000 && kill(child, 0) == 0; i++)
		usleep(5000); /* its new parent takes its time */
	assert_int_equal(kill(child, 0), -1);
}

/* Whatever this process does with signals is no business of the program's. */
static void test_signals_as_usual(void **state)
{
	(void)state;
	char line[LINE];
	sigset_t all, before;
	struct sigaction ignore = {.sa_handler = SIG_IGN}, old;
	sigfillset(&all);
	sigaction(SIGPIPE, &ignore, &old);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	struct pipe *pipe = opened("awk '/^SigBlk|^SigIgn/ { print $2 }' /proc/self/status");
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	sigaction(SIGPIPE, &old, NULL);
	assert_int_equal(pipe_receive(pipe, line, sizeof line, NULL), 0);
	assert_int_equal(strtoull(line, NULL, 16), 0);
	assert_int_equal(pipe_receive(pipe, line, sizeof line, NULL), 0);
	assert_int_equal(strtoull(line, NULL, 16) >> (SIGPIPE - 1) & 1, 0);
	pipe_destroy(pipe);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_teardown(test_lines_go_both_ways, no_children),
		cmocka_unit_test_teardown(test_lines_as_they_come, no_children),
		cmocka_unit_test_teardown(test_an_early_end_is_told, no_children),
		cmocka_unit_test_teardown(test_no_sigpipe, no_children),
		cmocka_unit_test_teardown(test_lines_that_are_none, no_children),
		cmocka_unit_test_teardown(test_the_longest_line, no_children),
		cmocka_unit_test_teardown(test_interrupt_ends_the_wait, no_children),
		cmocka_unit_test_teardown(test_the_stubborn_are_ended, no_children),
		cmocka_unit_test_teardown(test_signals_as_usual, no_children),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
