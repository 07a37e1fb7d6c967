/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Keys, see keyboard.h. Only the line discipline's ICANON and ECHO are switched off.
 * Who is in the background touches nothing and is stopped by nothing: the
 * terminal then belongs to somebody else.
 */
#include "keyboard.h"

#include <signal.h>
#include <stdatomic.h>
#include <stddef.h>
#include <termios.h>
#include <unistd.h>

#define ESCAPE 0x1b

static bool installed;
static atomic_bool taken;
static struct termios before; /* valid while taken */

/* What ends a process that does not handle it. The three that ask to stop are stop.c's. */
static const int fatal[] = {
	SIGSEGV, SIGBUS,  SIGFPE,  SIGILL,    SIGTRAP, SIGSYS,  SIGABRT,
	SIGQUIT, SIGUSR1, SIGUSR2, SIGVTALRM, SIGPROF, SIGXCPU,
};
#define FATAL_COUNT (sizeof fatal / sizeof *fatal)
static struct sigaction fatal_before[FATAL_COUNT];

/* Who is not in the foreground is stopped for a word to the terminal, unless the signal is held back. */
static void hold_back(sigset_t *was)
{
	sigset_t held;
	(void)sigemptyset(&held);
	(void)sigaddset(&held, SIGTTOU);
	(void)sigaddset(&held, SIGTTIN);
	(void)pthread_sigmask(SIG_BLOCK, &held, was);
}

static void let_go(const sigset_t *was)
{
	(void)pthread_sigmask(SIG_SETMASK, was, NULL);
}

static bool in_foreground(void)
{
	return tcgetpgrp(STDIN_FILENO) == getpgrp();
}

void keyboard_release(void)
{
	if (!atomic_exchange(&taken, false) || !in_foreground())
		return;
	sigset_t was;
	hold_back(&was);
	(void)tcsetattr(STDIN_FILENO, TCSANOW, &before);
	let_go(&was);
}

/* A fault happens again by itself where it happened, to whoever handles it next; everything else is sent again. */
static void on_fatal(int number, siginfo_t *info, void *context)
{
	(void)context;
	keyboard_release();
	for (size_t i = 0; i < FATAL_COUNT; i++)
		if (fatal[i] == number)
			(void)sigaction(number, &fatal_before[i], NULL);
	if (info->si_code <= 0 || number == SIGQUIT || number == SIGXCPU)
		(void)raise(number);
}

void keyboard_install(void)
{
	if (installed || !isatty(STDIN_FILENO))
		return;
	struct sigaction action = {.sa_sigaction = on_fatal, .sa_flags = SA_SIGINFO};
	(void)sigfillset(&action.sa_mask);
	for (size_t i = 0; i < FATAL_COUNT; i++)
		if (sigaction(fatal[i], NULL, &fatal_before[i]) == 0 && fatal_before[i].sa_handler != SIG_IGN)
			(void)sigaction(fatal[i], &action, NULL);
	installed = true;
}

static bool take(void)
{
	sigset_t was;
	struct termios now;
	hold_back(&was);
	bool done = tcgetattr(STDIN_FILENO, &now) == 0;
	if (done) {
		before = now;
		now.c_lflag &= ~(tcflag_t)(ICANON | ECHO);
		now.c_cc[VMIN] = 0;
		now.c_cc[VTIME] = 0;
		/* What was typed before was meant for somebody else. Not TCSAFLUSH: it waits for a halted terminal. */
		(void)tcflush(STDIN_FILENO, TCIFLUSH);
		done = tcsetattr(STDIN_FILENO, TCSANOW, &now) == 0;
	}
	let_go(&was);
	return done;
}

bool keyboard_heard(void)
{
	if (!installed)
		return false;
	if (!in_foreground()) {
		atomic_store(&taken, false); /* the shell has set its own modes by now */
		return false;
	}
	if (!atomic_load(&taken) && take())
		atomic_store(&taken, true);
	return atomic_load(&taken);
}

static char read_byte(void)
{
	char byte = 0;
	sigset_t was;
	hold_back(&was);
	ssize_t got = read(STDIN_FILENO, &byte, 1);
	let_go(&was);
	if (got != 1)
		byte = '\0';
	return byte;
}

/* ECMA-48 5.4: ESC [, parameters, one final byte of 4/0 to 7/14; and ESC O with one letter. */
static void pass_over_sequence(void)
{
	char byte = read_byte();
	if (byte == 'O')
		(void)read_byte();
	if (byte != '[')
		return;
	do
		byte = read_byte();
	while (byte && (byte < '@' || byte > '~'));
}

char keyboard_next(void)
{
	while (keyboard_heard()) {
		char byte = read_byte();
		if (byte != ESCAPE)
			return byte;
		pass_over_sequence();
	}
	return '\0';
}

void keyboard_finish(void)
{
	keyboard_release();
	installed = false;
}
