/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Who writes the rescue's files from here on, and where: as little of root as
 * can be, in these directories alone. Best effort: a rescue with too many
 * rights is better than none. Opens no output and writes none.
 */
#include "io/output_confine.h"

#include <errno.h>
#include <fcntl.h>
#include <pwd.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "io/confine.h"
#include "io/output_parts.h"

struct confining {
	struct output *output;
	const struct output_confinement *how;
	struct confine_file files[4]; /* what must stay within reach */
	size_t file_count;
};

static void tell(const struct confining *confining, bool remarkable, const char *format, ...)
	__attribute__((format(printf, 3, 4)));
static void tell(const struct confining *confining, bool remarkable, const char *format, ...)
{
	char text[256];
	va_list args;
	va_start(args, format);
	(void)vsnprintf(text, sizeof text, format, args);
	va_end(args);
	confining->how->say(confining->how->arg, remarkable, text);
}

static const char *why(int rc)
{
	const char *text = strerrordesc_np(-rc);
	return text ? text : "unknown error";
}

static bool image_is_file(const struct output *output)
{
	return output->store.image_kind == RESPIN_IO_REGULAR;
}

static void add_file(struct confining *confining, int dir, const char *name)
{
	confining->files[confining->file_count++] = (struct confine_file){dir, name};
}

static void gather(struct confining *confining)
{
	const struct output *output = confining->output;
	const struct findings *found = &output->found;
	if (image_is_file(output))
		add_file(confining, output->image_at.dir, found->image_there ? output->image_at.name : NULL);
	add_file(confining, output->map_at.dir, found->map_there ? output->map_at.name : NULL);
	if (output->store.emergency)
		add_file(confining, output->store.emergency->dir, NULL);
}

/* An ordinary file with this one name, which is what we have made here. */
static void give(int file, const struct confine_user *user)
{
	struct stat st;
	bool ours = fstat(file, &st) == 0 && S_ISREG(st.st_mode) && st.st_nlink == 1 && st.st_uid == 0;
	if (ours && fchown(file, user->uid, user->gid) < 0)
		return; /* it can still be read; in most directories it can still be replaced */
}

/* By the name, if that still means the file that we made: in the user's directory it may mean another. */
static void give_made(const struct place *at, const struct respin_io_stat *made,
		      const struct confine_user *user)
{
	struct stat st;
	int file = openat(at->dir, at->name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
	if (file >= 0 && fstat(file, &st) == 0 && st.st_dev == made->dev && st.st_ino == made->ino)
		give(file, user);
	if (file >= 0)
		(void)close(file);
}

/* Made as root a moment ago; in a sticky directory the user could not replace them. */
static void hand_over(const struct output *output, const struct confine_user *user)
{
	const struct findings *found = &output->found;
	struct stat st;
	if (image_is_file(output) && !found->image_there)
		give(output->store.image, user);
	if (fstat(output->lock_file, &st) == 0 && st.st_size == 0)
		give(output->lock_file, user);
	if (found->save_domain)
		give_made(&output->domain_at, &found->domain, user);
	if (!found->map_there && output->store.has_map)
		give_made(&output->map_at, &output->store.map_id, user);
}

static bool goes_on_as(struct confining *confining, uid_t uid, gid_t gid)
{
	struct confine_user user;
	confine_user_find(&user, uid, gid);
	if (!confine_user_suffices(&user, confining->files, confining->file_count))
		return false;
	hand_over(confining->output, &user);
	int rc = confine_become(&user);
	if (rc < 0) {
		tell(confining, true, "root cannot be given up for user %u: %s", (unsigned)uid, why(rc));
		return false;
	}
	tell(confining, false, "root was given up for user %u, group %u", (unsigned)uid, (unsigned)gid);
	/* The kernel has made it so; the sanitizers look at their own process. */
	(void)prctl(PR_SET_DUMPABLE, SANITIZED);
	return true;
}

static gid_t group_of(uid_t uid, gid_t otherwise)
{
	char text[4096];
	struct passwd entry, *found = NULL;
	return getpwuid_r(uid, &entry, text, sizeof text, &found) == 0 && found ? found->pw_gid : otherwise;
}

/* Whoever called for root, the owner of the directory, or at least a root without its powers. */
static void give_up_root(struct confining *confining)
{
	const struct output *output = confining->output;
	const struct output_confinement *how = confining->how;
	struct stat dir;
	bool asked = how->uid > 0 && how->gid >= 0;
	if (asked && goes_on_as(confining, (uid_t)how->uid, (gid_t)how->gid))
		return;
	bool owned = fstat(image_is_file(output) ? output->image_at.dir : output->map_at.dir, &dir) == 0 &&
		     dir.st_uid != 0 && (!asked || dir.st_uid != (uid_t)how->uid);
	if (owned && goes_on_as(confining, dir.st_uid, group_of(dir.st_uid, dir.st_gid)))
		return;
	if (asked || owned)
		tell(confining, true,
		     "root is not given up: user %u may not write what is in the output's directory",
		     (unsigned)(asked ? how->uid : dir.st_uid));
	const struct confine_user root = {.groups = {0}, .group_count = 1};
	bool alone = confine_user_suffices(&root, confining->files, confining->file_count);
	int rc = confine_capabilities(alone ? CONFINE_KEEP_NONE : CONFINE_KEEP_FILES);
	if (rc < 0)
		tell(confining, false, "capabilities cannot be given up: %s", why(rc));
	else
		tell(confining, false, "root has given up its capabilities%s",
		     alone ? "" : ", except those over other people's files");
}

/*
 * A rule hangs on the inode. After ESTALE an NFS client makes a new one for the
 * same directory, and opening the output anew would be refused for ever.
 */
static bool forgets_rules(const struct confine_place *places, size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (confine_on_nfs(places[i].file))
			return true;
	return false;
}

static void close_files_in(struct confining *confining)
{
	const struct output *output = confining->output;
	struct confine_place places[3];
	size_t count = 0;
	if (image_is_file(output))
		places[count++] = (struct confine_place){output->image_at.dir, CONFINE_DIRECTORY};
	places[count++] = (struct confine_place){output->map_at.dir, CONFINE_DIRECTORY};
	if (output->store.emergency)
		places[count++] = (struct confine_place){output->store.emergency->dir, CONFINE_DIRECTORY};
	if (forgets_rules(places, count)) {
		tell(confining, false,
		     "no Landlock: the output lies on NFS, where it may have to be opened anew");
		return;
	}
	int rc = confine_files(places, count, CONFINE_WRITER);
	if (rc < 0)
		tell(confining, false, "no Landlock here: %s", why(rc));
	else
		tell(confining, false, "writes nowhere but in its own directories (Landlock %d)", rc);
}

static void close_in(struct confining *confining)
{
	close_files_in(confining);
	int rc = confine_calls(CONFINE_WRITER);
	if (rc < 0)
		tell(confining, false, "no seccomp filter here: %s", why(rc));
	else
		tell(confining, false, "starts no program and speaks to no other process (seccomp)");
}

void output_confine(struct output *output, const struct output_confinement *how)
{
	struct confining confining = {.output = output, .how = how};
	tzset(); /* while its file can still be found */
	gather(&confining);
	if (geteuid() == 0)
		give_up_root(&confining);
	else
		(void)confine_capabilities(CONFINE_KEEP_NONE);
	close_in(&confining);
}
