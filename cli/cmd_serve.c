/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * respin serve: an image as far as it was rescued, over NBD, until it is
 * stopped. nbdkit with our plugin does the work; this starts it, says how to
 * use it, and leaves nothing behind. Writes to no image.
 */
#include <errno.h>
#include <getopt.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <respin/source.h>

#include "commands.h"
#include "escape.h"
#include "options.h"
#include "quantity.h"
#include "say.h"

/* How long nbdkit may take until it listens; it reads a map, no more. */
#define READY_MS 10000
#define LOOK_MS 20

extern char **environ;

struct serve {
	const char *image, *map; /* map NULL: IMAGE.map */
	char beside[PATH_MAX];
	const char *socket; /* as asked for */
	uint64_t port;      /* 0: a socket */
	bool quiet;
	char directory[PATH_MAX / 2]; /* ours, made for this run, or "" */
	char path[PATH_MAX];          /* of the socket */
	char pid_file[PATH_MAX];      /* nbdkit makes it when it listens */
	pid_t child;
};

static atomic_int stopped;
static atomic_int child_pid;

static void on_stop(int number)
{
	atomic_store(&stopped, number);
	if (atomic_load(&child_pid) > 0)
		(void)kill(atomic_load(&child_pid), SIGTERM);
}

/* ---- what was asked for ---- */

static int take_options(struct serve *serve, int argc, char **argv)
{
	enum { SOCKET = 256, PORT };
	static const struct option known[] = {{"socket", required_argument, NULL, SOCKET},
					      {"port", required_argument, NULL, PORT},
					      {"quiet", no_argument, NULL, 'q'},
					      {"help", no_argument, NULL, 'h'},
					      {0}};
	opterr = 0;
	optind = 0;
	for (int found; (found = getopt_long(argc, argv, ":qh", known, NULL)) != -1;) {
		switch (found) {
		case SOCKET:
			serve->socket = optarg;
			break;
		case PORT:
			if (!quantity_parse(optarg, 1, UINT16_MAX, &serve->port))
				return say_usage("serve", "--port takes 1 to 65535: %s", optarg);
			break;
		case 'q':
			serve->quiet = true;
			break;
		case 'h':
			return help_print("serve") ? STATUS_WHOLE : STATUS_USAGE;
		default:
			return options_refuse("serve", found, argv);
		}
	}
	int words = argc - optind;
	if (words < 1)
		return say_usage("serve", "IMAGE is missing");
	if (words > 2)
		return say_usage("serve", "one word too many: %s", argv[optind + 2]);
	if (serve->port && serve->socket)
		return say_usage("serve", "either --socket or --port");
	serve->image = argv[optind];
	serve->map = words > 1 ? argv[optind + 1] : serve->beside;
	(void)snprintf(serve->beside, sizeof serve->beside, "%s.map", serve->image);
	return OPTIONS_GO_ON;
}

/* Refusals are the library's, and come before anything is started. */
static int check_image(const struct serve *serve)
{
	struct respin_error error = {0};
	struct respin_source source = {0};
	char *address;
	if (asprintf(&address, "image:%s,%s", serve->image, serve->map) < 0)
		return say_failure(RESPIN_E_NOMEM, &error);
	int code = respin_source_open(address, &source, &error);
	free(address);
	respin_source_destroy(&source);
	return code < 0 ? say_failure(code, &error) : STATUS_WHOLE;
}

/* Beside this program where it was built, else where it is installed. */
static bool find_plugin(char *path, size_t cap)
{
	char self[PATH_MAX];
	ssize_t n = readlink("/proc/self/exe", self, sizeof self - 1);
	self[n > 0 ? n : 0] = '\0';
	char *slash = strrchr(self, '/');
	if (slash) {
		*slash = '\0';
		(void)snprintf(path, cap, "%s/../nbdkit/nbdkit-respin-plugin.so", self);
		if (access(path, R_OK) == 0)
			return true;
	}
	(void)snprintf(path, cap, "%s", RESPIN_NBDKIT_PLUGIN);
	return access(path, R_OK) == 0;
}

/* ---- the places ---- */

static int make_places(struct serve *serve)
{
	const char *base = getenv("XDG_RUNTIME_DIR");
	struct stat st;
	if (!base || stat(base, &st) < 0 || !S_ISDIR(st.st_mode) || access(base, W_OK) < 0)
		base = getenv("TMPDIR") ? getenv("TMPDIR") : "/tmp";
	(void)snprintf(serve->directory, sizeof serve->directory, "%s/respin-serve.XXXXXX", base);
	if (!mkdtemp(serve->directory)) {
		say("%s: no place for a socket: %s", base, strerror(errno));
		*serve->directory = '\0';
		return STATUS_OUTPUT;
	}
	(void)snprintf(serve->pid_file, sizeof serve->pid_file, "%s/pid", serve->directory);
	if (serve->port)
		return STATUS_WHOLE;
	if (!serve->socket) {
		(void)snprintf(serve->path, sizeof serve->path, "%s/nbd", serve->directory);
		return STATUS_WHOLE;
	}
	if (lstat(serve->socket, &st) == 0) {
		say("%s: is there already: name another socket, or remove it", serve->socket);
		return STATUS_REFUSED; /* and serve->path stays empty: it is not ours to remove */
	}
	(void)snprintf(serve->path, sizeof serve->path, "%s", serve->socket);
	return STATUS_WHOLE;
}

static void remove_places(const struct serve *serve)
{
	if (*serve->path)
		(void)unlink(serve->path);
	if (*serve->pid_file)
		(void)unlink(serve->pid_file);
	if (*serve->directory)
		(void)rmdir(serve->directory);
}

/* ---- nbdkit ---- */

static int start(struct serve *serve, const char *plugin)
{
	char port[32];
	_Static_assert(PATH_MAX <= 1 << 16, "two parameters on a stack");
	char image[PATH_MAX + 8], map[PATH_MAX + 8];
	char *argv[24];
	size_t n = 0;
	(void)snprintf(port, sizeof port, "%u", (unsigned)serve->port);
	(void)snprintf(image, sizeof image, "image=%s", serve->image);
	(void)snprintf(map, sizeof map, "map=%s", serve->map);
	const char *fixed[] = {"nbdkit",     "--foreground", "--exit-with-parent",
			       "--readonly", "--pidfile",    serve->pid_file};
	const char *unix_words[] = {"--unix", serve->path};
	const char *port_words[] = {"--ipaddr", "127.0.0.1", "--port", port};
	for (size_t i = 0; i < sizeof fixed / sizeof *fixed; i++)
		argv[n++] = (char *)fixed[i];
	for (size_t i = 0; serve->port && i < sizeof port_words / sizeof *port_words; i++)
		argv[n++] = (char *)port_words[i];
	for (size_t i = 0; !serve->port && i < sizeof unix_words / sizeof *unix_words; i++)
		argv[n++] = (char *)unix_words[i];
	argv[n++] = (char *)plugin;
	argv[n++] = image;
	argv[n++] = map;
	argv[n] = NULL;
	int err = posix_spawnp(&serve->child, "nbdkit", NULL, NULL, argv, environ);
	if (err == 0) {
		atomic_store(&child_pid, serve->child);
		return STATUS_WHOLE;
	}
	say("nbdkit cannot be started: %s%s", strerror(err),
	    err == ENOENT ? ": install the package nbdkit" : "");
	return STATUS_SOURCE;
}

/* The exit status once it is over. */
static int wait_for_end(struct serve *serve)
{
	int state = 0;
	while (waitpid(serve->child, &state, 0) < 0 && errno == EINTR)
		;
	atomic_store(&child_pid, 0);
	if (atomic_load(&stopped))
		return STATUS_WHOLE; /* this is how it ends */
	if (WIFEXITED(state))
		say("nbdkit has ended by itself, status %d", WEXITSTATUS(state));
	else
		say("nbdkit has been ended by signal %d", WTERMSIG(state));
	return STATUS_SOURCE;
}

/* True: it listens. */
static bool wait_until_ready(const struct serve *serve)
{
	for (int waited = 0; waited < READY_MS && !atomic_load(&stopped); waited += LOOK_MS) {
		siginfo_t info = {0};
		struct stat st;
		if (stat(serve->pid_file, &st) == 0 && st.st_size > 0)
			return true;
		if (waitid(P_PID, (id_t)serve->child, &info, WEXITED | WNOHANG | WNOWAIT) == 0 && info.si_pid)
			return false;
		(void)poll(NULL, 0, LOOK_MS);
	}
	(void)kill(serve->child, SIGTERM);
	return false;
}

static void print_uses(const struct serve *serve)
{
	char uri[PATH_MAX + 64], image[ESCAPE_ROOM(PATH_MAX)], clean[ESCAPE_ROOM(sizeof uri)];
	if (serve->port)
		(void)snprintf(uri, sizeof uri, "nbd://localhost:%u", (unsigned)serve->port);
	else
		(void)snprintf(uri, sizeof uri, "nbd+unix:///?socket=%s", serve->path);
	(void)escape_text(clean, sizeof clean, uri);
	(void)printf("%s is served as\n\n  %s\n\n", escape_text(image, sizeof image, serve->image), clean);
	(void)printf("What is missing is a read error; what a running rescue gains appears.\n"
		     "To use it, in another terminal:\n\n"
		     "  nbdinfo --map '%s'          what is there (data) and what is not (hole)\n"
		     "  nbdfuse DIR '%s' &          as the file DIR/nbd\n"
		     "  qemu-nbd -r -f raw -c /dev/nbd0 '%s'    as a device to mount (root)\n",
		     clean, clean, clean);
	if (serve->port)
		(void)printf("  nbd-client localhost %u /dev/nbd0\n", (unsigned)serve->port);
	else
		(void)printf("  nbd-client -u %s /dev/nbd0\n", escape_text(clean, sizeof clean, serve->path));
	(void)printf("\nCtrl-C ends it.\n");
	(void)fflush(stdout);
}

static void set_signals(void)
{
	static const int stops[] = {SIGINT, SIGTERM, SIGHUP};
	struct sigaction action = {.sa_handler = on_stop};
	(void)sigfillset(&action.sa_mask);
	for (size_t i = 0; i < sizeof stops / sizeof *stops; i++)
		(void)sigaction(stops[i], &action, NULL);
}

static int serve_image(struct serve *serve)
{
	char plugin[PATH_MAX + 64];
	int status = check_image(serve);
	if (status == STATUS_WHOLE && !find_plugin(plugin, sizeof plugin)) {
		say("%s: is not there: this respin was built without its plugin for nbdkit", plugin);
		status = STATUS_SOURCE;
	}
	if (status != STATUS_WHOLE)
		return status;
	set_signals();
	status = make_places(serve);
	if (status == STATUS_WHOLE)
		status = start(serve, plugin);
	if (status == STATUS_WHOLE) {
		if (wait_until_ready(serve) && !serve->quiet)
			print_uses(serve);
		status = wait_for_end(serve);
	}
	remove_places(serve);
	return status;
}

int cmd_serve(int argc, char **argv)
{
	struct serve *serve = calloc(1, sizeof *serve); /* too large for a stack */
	if (!serve)
		return say_failure(RESPIN_E_NOMEM, &(struct respin_error){.text = "no memory"});
	int status = take_options(serve, argc, argv);
	if (status == OPTIONS_GO_ON)
		status = serve_image(serve);
	free(serve);
	return status;
}
