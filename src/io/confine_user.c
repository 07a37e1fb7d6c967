/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Root gives itself up for an ordinary user: who that is the caller says; here
 * it is found out whether that user could still do the work, and become.
 */
#include "io/confine.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <pwd.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

void confine_user_find(struct confine_user *user, uid_t uid, gid_t gid)
{
	char text[4096];
	struct passwd entry, *found = NULL;
	int count = CONFINE_GROUPS_MAX;
	*user = (struct confine_user){.uid = uid, .gid = gid, .groups = {gid}, .group_count = 1};
	if (getpwuid_r(uid, &entry, text, sizeof text, &found) != 0 || !found)
		return;
	if (getgrouplist(found->pw_name, gid, user->groups, &count) >= 0)
		user->group_count = (size_t)count;
}

int confine_become(const struct confine_user *user)
{
	if (setgroups(user->group_count, user->groups) < 0 ||
	    setresgid(user->gid, user->gid, user->gid) < 0 || setresuid(user->uid, user->uid, user->uid) < 0)
		return -errno;
	return 0;
}

/* With a sticky directory, what belongs to others can be neither replaced nor removed. */
static bool can_work(const struct confine_file *file, uid_t uid)
{
	struct stat dir, st;
	if (fstat(file->dir, &dir) < 0 || faccessat(file->dir, ".", W_OK | X_OK, AT_EACCESS) < 0)
		return false;
	if (!file->name || fstatat(file->dir, file->name, &st, AT_SYMLINK_NOFOLLOW) < 0)
		return true; /* nothing there that could refuse */
	if (dir.st_mode & S_ISVTX && dir.st_uid != uid && st.st_uid != uid)
		return false;
	return faccessat(file->dir, file->name, R_OK | W_OK, AT_EACCESS) == 0;
}

static _Noreturn void try_it(const struct confine_user *user, const struct confine_file *files, size_t count)
{
	bool able = confine_become(user) == 0 && confine_capabilities(CONFINE_KEEP_NONE) == 0;
	for (size_t i = 0; able && i < count; i++)
		able = can_work(&files[i], user->uid);
	_exit(!able);
}

bool confine_user_suffices(const struct confine_user *user, const struct confine_file *files, size_t count)
{
	int status = 1;
	pid_t pid = fork();
	if (pid < 0)
		return false;
	if (pid == 0)
		try_it(user, files, count);
	pid_t done;
	do
		done = waitpid(pid, &status, 0);
	while (done < 0 && errno == EINTR);
	return done == pid && WIFEXITED(status) && WEXITSTATUS(status) == 0;
}
