/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * pty COLUMNSxROWS [WHAT@MS]... -- COMMAND...: runs a command on a small terminal of its own and prints what a
 * person would see. WHAT, so many ms after the one before: COLUMNSxROWS (the window changes), a signal's number (sent
 * to the command), "key=TEXT" (typed), "see=TEXT" (waits for it, at most so long), "shotNAME" (prints the screen),
 * "modes" (prints whether the terminal echoes and edits lines). At the end: the screen, and a line that counts what
 * must not happen, bytes, and the most bytes in any second. No reflow, no colours.
 */
#include <errno.h>
#include <poll.h>
#include <pty.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/wait.h>
#include <termios.h>
#include <time.h>
#include <unistd.h>

#define SIDE 256
#define ACTIONS 48
#define SILENCE_MS 10000
#define ARRIVALS 65536 /* reads of the terminal; what comes later is added to the last */

struct terminal {
	int columns, rows, x, y;
	bool full; /* the last column was written: the next character wraps */
	uint32_t cells[SIDE][SIDE];
	unsigned scrolled, wrapped, unknown, inks;
	int state, params[4], param_count; /* of an escape sequence: 0 none, 1 ESC, 2 CSI */
	uint32_t code;                     /* of a UTF-8 sequence */
	int left;
	uint64_t bytes;
	struct arrival {
		long at_ms;
		size_t bytes;
	} arrivals[ARRIVALS];
	unsigned arrived;
};

static void line_feed(struct terminal *t)
{
	if (t->y + 1 < t->rows) {
		t->y++;
		return;
	}
	memmove(t->cells[0], t->cells[1], sizeof t->cells - sizeof t->cells[0]);
	memset(t->cells[t->rows - 1], 0, sizeof t->cells[0]);
	t->scrolled++;
}

static void put(struct terminal *t, uint32_t code)
{
	if (t->full) {
		t->x = 0;
		t->full = false;
		t->wrapped++;
		line_feed(t);
	}
	t->cells[t->y][t->x] = code;
	if (t->x + 1 < t->columns)
		t->x++;
	else
		t->full = true;
}

static int clamp(int value, int most)
{
	return value < 0 ? 0 : value > most ? most : value;
}

/* ECMA-48: CUU, CUP, ED, EL, SGR: what the program may use. */
static void control(struct terminal *t, char final)
{
	int n = t->params[0];
	t->state = 0;
	if (final == 'A') {
		t->y = clamp(t->y - (n ? n : 1), t->rows - 1);
		t->full = false;
	} else if (final == 'H') {
		t->y = clamp(n - 1, t->rows - 1);
		t->x = clamp(t->params[1] - 1, t->columns - 1);
		t->full = false;
	} else if (final == 'K' && n == 0) {
		memset(&t->cells[t->y][t->x], 0, (size_t)(SIDE - t->x) * sizeof(uint32_t));
	} else if (final == 'J' && n == 0) {
		memset(&t->cells[t->y][t->x], 0, (size_t)((SIDE - t->y) * SIDE - t->x) * sizeof(uint32_t));
	} else if (final == 'J' && n == 2) {
		memset(t->cells, 0, sizeof t->cells);
	} else if (final == 'm') {
		t->inks++;
	} else {
		t->unknown++;
	}
}

static void escape(struct terminal *t, unsigned char byte)
{
	if (t->state == 1) {
		t->state = byte == '[' ? 2 : 0;
		t->unknown += byte != '[';
		t->param_count = 0;
		memset(t->params, 0, sizeof t->params);
	} else if (byte >= '0' && byte <= '9') {
		t->params[t->param_count] = t->params[t->param_count] * 10 + (byte - '0');
	} else if (byte == ';') {
		t->param_count = clamp(t->param_count + 1, 3);
	} else {
		control(t, (char)byte);
	}
}

static void take(struct terminal *t, unsigned char byte)
{
	if (t->left) {
		t->code = t->code << 6 | (byte & 0x3f);
		if (--t->left == 0)
			put(t, t->code);
	} else if (t->state) {
		escape(t, byte);
	} else if (byte >= 0xc0) {
		t->left = byte >= 0xf0 ? 3 : byte >= 0xe0 ? 2 : 1;
		t->code = byte & (0x3fu >> t->left);
	} else if (byte == 0x1b) {
		t->state = 1;
	} else if (byte == '\r') {
		t->x = 0;
		t->full = false;
	} else if (byte == '\n') {
		t->full = false;
		line_feed(t);
	} else if (byte >= ' ') {
		put(t, byte);
	} else {
		t->unknown++;
	}
}

static void put_utf8(uint32_t code, FILE *out)
{
	if (code < 0x80)
		(void)fputc((int)code, out);
	else if (code < 0x800)
		(void)fprintf(out, "%c%c", (int)(0xc0 | code >> 6), (int)(0x80 | (code & 0x3f)));
	else
		(void)fprintf(out, "%c%c%c", (int)(0xe0 | code >> 12), (int)(0x80 | (code >> 6 & 0x3f)),
			      (int)(0x80 | (code & 0x3f)));
}

/* A line of the screen as text, without the blanks at its end. */
static void line_text(const struct terminal *t, int y, FILE *out)
{
	int end = t->columns;
	while (end > 0 && (!t->cells[y][end - 1] || t->cells[y][end - 1] == ' '))
		end--;
	for (int x = 0; x < end; x++)
		put_utf8(t->cells[y][x] ? t->cells[y][x] : ' ', out);
}

static bool stands_there(const struct terminal *t, const char *text)
{
	char *line = NULL;
	size_t len = 0;
	bool found = false;
	for (int y = 0; y < t->rows && !found; y++) {
		FILE *out = open_memstream(&line, &len);
		if (!out)
			return false;
		line_text(t, y, out);
		(void)fclose(out);
		found = strstr(line, text);
		free(line);
	}
	return found;
}

static void shot(const struct terminal *t, const char *name)
{
	int last = t->rows;
	static const uint32_t blank[SIDE];
	while (last > 0 && memcmp(t->cells[last - 1], blank, sizeof blank) == 0)
		last--;
	(void)printf("-- %s\n", name);
	for (int y = 0; y < last; y++) {
		line_text(t, y, stdout);
		(void)putchar('\n');
	}
}

struct action {
	const char *what;
	long after_ms; /* the one before; "see=": at most */
};

static bool size_of(const char *text, int *columns, int *rows)
{
	char *end;
	long width = strtol(text, &end, 10);
	long height = *end == 'x' ? strtol(end + 1, NULL, 10) : 0;
	if (width <= 0 || height <= 0 || width >= SIDE || height >= SIDE)
		return false;
	*columns = (int)width;
	*rows = (int)height;
	return true;
}

/* What the main thread of the command has had of the CPU, in ns (proc(5), schedstat). */
static void tell_cpu(pid_t child, long at_ms)
{
	char path[64];
	unsigned long long ns = 0;
	(void)snprintf(path, sizeof path, "/proc/%d/schedstat", (int)child);
	FILE *file = fopen(path, "re");
	if (!file || fscanf(file, "%llu", &ns) != 1)
		ns = 0;
	if (file)
		(void)fclose(file);
	(void)printf("-- cpu %llu ns at %ld ms\n", ns, at_ms);
}

static void tell_modes(int master)
{
	struct termios modes;
	bool known = tcgetattr(master, &modes) == 0;
	(void)printf("-- modes %s %s %s\n", known && modes.c_lflag & ECHO ? "echo" : "-echo",
		     known && modes.c_lflag & ICANON ? "icanon" : "-icanon",
		     known && modes.c_lflag & ISIG ? "isig" : "-isig");
}

static void act(struct terminal *t, int master, pid_t child, const struct action *action, long at_ms)
{
	if (strncmp(action->what, "shot", 4) == 0) {
		shot(t, action->what);
	} else if (strcmp(action->what, "cpu") == 0) {
		tell_cpu(child, at_ms);
	} else if (strcmp(action->what, "modes") == 0) {
		tell_modes(master);
	} else if (strncmp(action->what, "see=", 4) == 0) {
		(void)printf("-- never seen: %s\n", action->what + 4);
		shot(t, "instead");
	} else if (strncmp(action->what, "key=", 4) == 0) {
		size_t len = strlen(action->what + 4);
		if (write(master, action->what + 4, len) != (ssize_t)len)
			(void)printf("-- not typed: %s\n", strerror(errno));
	} else if (size_of(action->what, &t->columns, &t->rows)) {
		struct winsize size = {.ws_col = (unsigned short)t->columns,
				       .ws_row = (unsigned short)t->rows};
		t->y = clamp(t->y, t->rows - 1);
		t->x = clamp(t->x, t->columns - 1);
		(void)ioctl(master, TIOCSWINSZ, &size);
	} else {
		(void)kill(child, (int)strtol(action->what, NULL, 10));
	}
}

static long now_ms(void)
{
	struct timespec now;
	(void)clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

/* False: the command has ended. */
static bool listen_to(struct terminal *t, int master, long at_ms)
{
	unsigned char bytes[4096];
	ssize_t got = read(master, bytes, sizeof bytes);
	if (got <= 0)
		return false; /* EIO */
	for (ssize_t i = 0; i < got; i++)
		take(t, bytes[i]);
	t->bytes += (uint64_t)got;
	if (t->arrived < ARRIVALS)
		t->arrivals[t->arrived++].at_ms = at_ms;
	t->arrivals[t->arrived - 1].bytes += (size_t)got;
	return true;
}

static void run(struct terminal *t, int master, pid_t child, const struct action *actions, int count)
{
	long begun = now_ms(), due = count ? begun + actions[0].after_ms : 0;
	for (int next = 0;;) {
		struct pollfd wait = {.fd = master, .events = POLLIN};
		const struct action *action = next < count ? &actions[next] : NULL;
		bool seen =
			action && strncmp(action->what, "see=", 4) == 0 && stands_there(t, action->what + 4);
		long left = seen ? 0 : action ? due - now_ms() : SILENCE_MS;
		if (left > 0 && poll(&wait, 1, (int)left) > 0) {
			if (!listen_to(t, master, now_ms() - begun))
				return;
		} else if (action) {
			if (!seen)
				act(t, master, child, action, now_ms() - begun);
			next++;
			due = now_ms() + (next < count ? actions[next].after_ms : 0);
		} else {
			(void)kill(child, SIGKILL);
		}
	}
}

/* The most bytes in any second. */
static size_t peak(const struct terminal *t)
{
	size_t most = 0, sum = 0;
	for (unsigned i = 0, from = 0; i < t->arrived; i++) {
		sum += t->arrivals[i].bytes;
		for (; t->arrivals[from].at_ms <= t->arrivals[i].at_ms - 1000; from++)
			sum -= t->arrivals[from].bytes;
		most = sum > most ? sum : most;
	}
	return most;
}

int main(int argc, char **argv)
{
	static struct terminal t;
	struct action actions[ACTIONS];
	int count = 0, at = 2, master, status;
	if (argc < 4 || !size_of(argv[1], &t.columns, &t.rows))
		return 2;
	for (; at < argc && strcmp(argv[at], "--") != 0 && count < ACTIONS; at++) {
		char *sign = strrchr(argv[at], '@');
		if (!sign)
			return 2;
		*sign = '\0';
		actions[count++] = (struct action){argv[at], strtol(sign + 1, NULL, 10)};
	}
	if (at + 1 >= argc)
		return 2;
	struct winsize size = {.ws_col = (unsigned short)t.columns, .ws_row = (unsigned short)t.rows};
	pid_t child = forkpty(&master, NULL, NULL, &size);
	if (child < 0) {
		(void)printf("no terminal: %s\n", strerror(errno));
		return 77;
	}
	if (child == 0) {
		/* As behind a login: what was begun in the background of a script ignores some of them. */
		static const int signals[] = {SIGHUP,  SIGINT,  SIGQUIT, SIGTERM,
					      SIGTSTP, SIGTTIN, SIGTTOU, SIGPIPE};
		for (size_t i = 0; i < sizeof signals / sizeof *signals; i++)
			(void)signal(signals[i], SIG_DFL);
		(void)execvp(argv[at + 1], argv + at + 1);
		_exit(127);
	}
	run(&t, master, child, actions, count);
	(void)waitpid(child, &status, 0);
	shot(&t, "end");
	(void)printf("bytes %llu, most in a second %zu\n", (unsigned long long)t.bytes, peak(&t));
	(void)printf("status %d scrolled %u wrapped %u unknown %u inks %u\n",
		     WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status), t.scrolled, t.wrapped,
		     t.unknown, t.inks);
	return 0;
}
