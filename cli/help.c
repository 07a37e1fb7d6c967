/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The help texts. The man page (docs/man/respin.1) says more; these say enough. */
#include <stdio.h>
#include <string.h>

#include "commands.h"
#include "say.h"

static const char general[] =
	"respin rescues everything a damaged optical disc still holds.\n"
	"\n"
	"  respin rescue SOURCE IMAGE [MAPFILE]   the whole job; run it again to go on\n"
	"  respin sweep  SOURCE IMAGE [MAPFILE]   one pass: what was never tried\n"
	"  respin patch  SOURCE IMAGE [MAPFILE]   one pass: what failed\n"
	"  respin info   SOURCE                   what drive, what disc\n"
	"  respin show   MAPFILE                  a picture: saved, hoped for, lost\n"
	"  respin files  IMAGE [MAPFILE]          its files: whole, hit, missing\n"
	"  respin map    OPTIONS MAPFILE...       maps, with ddrescuelog's options\n"
	"  respin sim    COMMAND                  simulated discs and drives\n"
	"  respin help   [COMMAND]                this text, or more about a command\n"
	"\n";

static const char sources[] = "SOURCE is one of\n"
			      "  /dev/sr0, /dev/sg1           an optical drive\n"
			      "  FILE, /dev/loop0             a file or another block device\n"
			      "  iscsi://HOST[:PORT]/IQN/LUN  a drive behind iSCSI\n"
			      "  sim:NAME, sim:FILE.sim       a simulated drive ('respin sim list')\n"
			      "MAPFILE is GNU ddrescue's; without it, IMAGE.map.\n"
			      "\n";

static const char options[] = "  --force         overwrite, and override refusals that can be overridden\n"
			      "  --keep-bad      leave alone what an earlier run has given up\n"
			      "  --domain MAP    read only what is finished in MAP (saved as IMAGE.domain)\n"
			      "  --space-wait SECONDS    when the disk is full, wait for room so long\n"
			      "  --emergency-dir DIR     where the map is saved if its own place fails\n"
			      "  --log FILE      add lines of key=value to FILE\n"
			      "  --events FILE   add lines of JSON to FILE; '-' is standard output\n"
			      "  -q, --quiet     say nothing but errors\n"
			      "  -v, --verbose   say more\n"
			      "  -h, --help      this text\n"
			      "\n";

static const char show_options[] =
	"  --svg FILE      draw the disc into FILE, too; '-' is standard output, alone\n"
	"  --medium NAME   the kind of disc, which else is guessed from its size:\n"
	"                  cd-74, cd-80, dvd-5, dvd-9, dvd-9-ptp, bd-25, bd-50, bd-66,\n"
	"                  bd-100\n"
	"  --force         overwrite FILE\n"
	"  --domain MAP    only what is finished in MAP counts\n"
	"  -h, --help      this text\n"
	"\n";

static const char sim_options[] =
	"  --long          list: whole titles, and sectors\n"
	"  --svg FILE      show: draw the disc, too; '-' is standard output, alone\n"
	"  --text          show: print the scenario instead, to make your own of it\n"
	"  --policy NAME   run: who reads: respin, or linear, bisection, predecessor,\n"
	"                  ddrescue, ddrescue-tuned\n"
	"  --limit HOURS   run: stop after so much of the drive's time\n"
	"  --seeds A-B     run: each of these seeds, in a table\n"
	"  --map FILE      run: write the mapfile that results; 'respin show' draws it\n"
	"  --json          run, oracle: one line of JSON each instead of words\n"
	"  --force         show, run: overwrite FILE\n"
	"  -h, --help      this text\n"
	"\n";

static const char statuses[] = "Exit status: 0 everything is in the image, 1 ended but sectors are missing,\n"
			       "2 wrong usage, 3 source unusable, 4 output cannot be written, 5 refused,\n"
			       "6 stopped by the user, all saved.\n";

static const struct {
	const char *command, *head, *options, *tail;
} helps[] = {
	{"rescue",
	 "respin rescue [OPTIONS] SOURCE IMAGE [MAPFILE]\n"
	 "\n"
	 "Reads everything that can be read, damage last, and tries what failed again\n"
	 "while that pays. Ctrl-C stops and saves; the same command goes on from there.\n"
	 "\n",
	 options, sources},
	{"sweep",
	 "respin sweep [OPTIONS] SOURCE IMAGE [MAPFILE]\n"
	 "\n"
	 "One pass over what was never tried. Damage is noted and left for later.\n"
	 "\n",
	 options, sources},
	{"patch",
	 "respin patch [OPTIONS] SOURCE IMAGE [MAPFILE]\n"
	 "\n"
	 "One pass over what failed: whole blocks first, then sector by sector.\n"
	 "\n",
	 options, sources},
	{"info",
	 "respin info SOURCE\n"
	 "\n"
	 "Says what the drive and the disc are: names, kind, capacity, identity.\n"
	 "\n",
	 "", sources},
	{"show",
	 "respin show [OPTIONS] MAPFILE\n"
	 "\n"
	 "Draws the disc and says in plain words what is saved, still hoped for and lost.\n"
	 "NO_COLOR and COLUMNS are heeded. A domain beside the map (IMAGE.domain beside\n"
	 "IMAGE.map) is found by itself.\n"
	 "\n",
	 show_options, ""},
	{"files",
	 "respin files [OPTIONS] IMAGE [MAPFILE] [PATTERN]\n"
	 "\n"
	 "The files on the disc and what the image has of each: whole, hit (so many bytes\n"
	 "missing), untouched, or unknown (a name whose place could not be read). ISO 9660\n"
	 "with Joliet and Rock Ridge, UDF. Works on images that lack anything. Exit status\n"
	 "1: not everything that was asked for is whole.\n"
	 "\n",
	 "  --hit           only what is not whole\n"
	 "  --missing       the same, with the places of the missing bytes\n"
	 "  --extract DIR   copy the whole files into DIR; nothing there is overwritten\n"
	 "  --partial       with --extract: also files that are hit, zeros for what is\n"
	 "                  missing, and a list of it beside each as NAME.missing\n"
	 "  --session LBA   the session that begins there\n"
	 "  --plain         ISO 9660's own names, even where there are better ones\n",
	 ""},
	{"map",
	 "respin map OPTIONS MAPFILE...   one operation on a map, as ddrescuelog has it\n"
	 "\n"
	 "Options, output and exit status are those of GNU ddrescuelog: 0, 1 for a wrong\n"
	 "option, an unreadable file or \"no\", 2 for a damaged map. A MAPFILE '-' is\n"
	 "standard input; new maps go to standard output.\n"
	 "\n"
	 "  -t              show the status of maps           -v, -q  say more, nothing\n"
	 "  -l TYPES        list the blocks of these types (?*/-+)    -b N  of N bytes\n"
	 "  -c[T1T2] FILE   make a map from such a list    -F list, bitmap-le, bitmap-be\n"
	 "  -C[TYPE]        complete a map that has gaps      -a OLD,NEW  change types\n"
	 "  -n              invert: '+' becomes '-', all others '+'\n"
	 "  -x, -y, -z MAP  XOR, AND, OR of what is finished  --shift  by (-o less -i)\n"
	 "  -p, -P MAP      are they equal? (-P: in what is finished)\n"
	 "  -D, -d          is it done? -d deletes it then    -A  with sizes for people\n"
	 "  -i, -s N        only from there, so much       -m MAP  only what is '+' there\n"
	 "\n",
	 "", ""},
	{"sim",
	 "respin sim list [--long]           the simulated discs that come with respin\n"
	 "respin sim show [OPTIONS] NAME     what is truly wrong with one of them\n"
	 "respin sim run [OPTIONS] NAME      a rescue of it, in the drive's own time\n"
	 "respin sim oracle [--json] NAME... the least time in which that could be done\n"
	 "respin sim attach NAME             its drive as /dev/srN of this machine\n"
	 "\n"
	 "NAME is one of the list, FILE.sim, exec:COMMAND (a drive model of your own) or\n"
	 "an address, as 'dvd-radial?seed=7'; respin-sim(5) says what can be set.\n"
	 "run writes no image and takes seconds; it ends with 0 if everything readable\n"
	 "was saved, and with 1 if not. attach needs root and the kernel's modules\n"
	 "target_core_user and tcm_loop; Ctrl-C takes the drive away.\n"
	 "\n",
	 sim_options, ""},
	{"help", "respin help [COMMAND]\n\n", "", ""},
};

bool help_print(const char *command)
{
	for (size_t i = 0; i < sizeof helps / sizeof *helps; i++) {
		if (strcmp(helps[i].command, command) != 0)
			continue;
		(void)printf("%s%s%s", helps[i].head, helps[i].options, helps[i].tail);
		if (strcmp(command, "map") != 0)
			(void)fputs(statuses, stdout);
		return 1;
	}
	return 0;
}

int cmd_help(int argc, char **argv)
{
	if (argc > 2)
		return say_usage(NULL, "one command at a time: %s", argv[2]);
	if (argc == 2)
		return help_print(argv[1]) ? STATUS_WHOLE
					   : say_usage(NULL, "there is no command %s", argv[1]);
	(void)printf("%s%s%s%s", general, sources, options, statuses);
	return STATUS_WHOLE;
}
