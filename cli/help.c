/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The help texts. The man pages (docs/man) say more; these say enough. An option
 * has a line of its own: help_list.c and the completions read these texts.
 */
#include <stdio.h>
#include <string.h>

#include "commands.h"
#include "help.h"
#include "say.h"

static const char general[] =
	"respin rescues everything a damaged optical disc still holds.\n"
	"\n"
	"  respin drives                          what is attached\n"
	"  respin info   SOURCE                   what drive, what disc\n"
	"  respin rescue SOURCE IMAGE [MAPFILE]   the whole job; run it again to go on\n"
	"  respin sweep  SOURCE IMAGE [MAPFILE]   one pass: what was never tried\n"
	"  respin patch  SOURCE IMAGE [MAPFILE]   one pass: what failed\n"
	"  respin show   MAPFILE                  a picture: saved, hoped for, lost\n"
	"  respin files  IMAGE [MAPFILE]          its files: whole, hit, missing\n"
	"  respin report IMAGE [MAPFILE]          one page that says it all\n"
	"  respin verify IMAGE [MAPFILE]          hashes, a manifest, a second look\n"
	"  respin merge  OUT IMAGE...             several rescues of a disc into one\n"
	"  respin serve  IMAGE [MAPFILE]          a partial image over NBD\n"
	"  respin map    OPTIONS MAPFILE...       maps, with ddrescuelog's options\n"
	"  respin sim    COMMAND                  simulated discs and drives\n"
	"  respin help   [COMMAND]                this text, or a command's options\n"
	"\n"
	"SOURCE is a drive (/dev/sr0), a file or block device, iscsi://HOST/IQN/LUN, or\n"
	"a simulated disc for trying things out (sim:NAME; 'respin sim list').\n"
	"MAPFILE is GNU ddrescue's; without it, IMAGE.map.\n";

static const char sources[] = "SOURCE is one of\n"
			      "  /dev/sr0, /dev/sg1           an optical drive\n"
			      "  FILE, /dev/loop0             a file or another block device\n"
			      "  image:IMAGE[,MAPFILE]        what another rescue has: fills gaps\n"
			      "  iscsi://HOST[:PORT]/IQN/LUN  a drive behind iSCSI\n"
			      "  sim:NAME, sim:FILE.sim       a simulated drive ('respin sim list')\n"
			      "MAPFILE is GNU ddrescue's; without it, IMAGE.map.\n"
			      "\n";

static const char options[] = "  --force         overwrite, and override refusals that can be overridden\n"
			      "  --keep-bad      leave alone what an earlier run has given up\n"
			      "  --domain MAP    read only what is finished in MAP (saved as IMAGE.domain)\n"
			      "  --files-first   rescue, sweep: directories, then files, then the rest\n"
			      "  --only PATTERN  rescue, sweep: only files whose path or name matches\n"
			      "  --used-only     rescue, sweep: leave out what no file uses\n"
			      "  --space-wait SECONDS    when the disk is full, wait for room so long\n"
			      "  --emergency-dir DIR     where the map is saved if its own place fails\n"
			      "  --note TEXT     a note for the ledger: \"disc cleaned\"\n"
			      "  --no-ledger     keep no history in IMAGE.ledger\n"
			      "  --log FILE      add lines of key=value to FILE\n"
			      "  --events FILE   add lines of JSON to FILE; '-' is standard output\n"
			      "  --bell          ring at the end, and when a person is needed\n"
			      "  --notify        the same as a notice on the desktop\n"
			      "  --on-done CMD   run CMD at the end; RESPIN_STATUS and others tell it how\n"
			      "  -q, --quiet     say nothing but errors\n"
			      "  -v, --verbose   say more\n"
			      "  -h, --help      this text\n"
			      "On a terminal, '?' lists the keys: pause, speed, skip, finish, stop.\n"
			      "\n";

static const char show_options[] =
	"  --svg FILE      draw the disc into FILE, too; '-' is standard output, alone\n"
	"  --html FILE     the same as a page to look around in; see 'respin report'\n"
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

static const char statuses[] =
	"Exit status: 0 all that was asked for is in the image, 1 ended but some of it\n"
	"is missing, 2 wrong usage, 3 source unusable, 4 output cannot be written,\n"
	"5 refused, 6 stopped by the user, all saved.\n";

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
	{"drives",
	 "respin drives\n"
	 "\n"
	 "The optical drives of this machine, one a line: its node, the other node that\n"
	 "works as well, whether a disc is in it, and what it calls itself. Reads no disc.\n"
	 "Exit status 3: there is none.\n"
	 "\n",
	 "  -h, --help      this text\n\n", ""},
	{"info",
	 "respin info [OPTIONS] SOURCE\n"
	 "\n"
	 "Says what the drive and the disc are: names, kind, capacity, identity. With\n"
	 "--condition also how well it reads, from some hundred reads all over it in less\n"
	 "than three minutes: what share is damaged and where, how long a rescue will\n"
	 "take, what to do first. Then exit status 1 means that it is damaged.\n"
	 "\n",
	 "  --condition     sample the disc; nothing is written anywhere\n"
	 "  --json          with --condition: the report as JSON, and nothing else\n"
	 "  -h, --help      this text\n"
	 "\n",
	 sources},
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
	 "missing), untouched, or unknown (its place could not be read). ISO 9660 with\n"
	 "Joliet and Rock Ridge, UDF; of DVD-Video, Blu-ray and camcorders' discs also\n"
	 "which playing time is missing. Works on images that lack anything. Exit status\n"
	 "1: not everything that was asked for is whole.\n"
	 "\n",
	 "  --hit           only what is not whole\n"
	 "  --missing       the same, with the places of the missing bytes\n"
	 "  --extract DIR   copy the whole files into DIR; nothing there is overwritten\n"
	 "  --partial       with --extract: also files that are hit, zeros for what is\n"
	 "                  missing, and a list of it beside each as NAME.missing\n"
	 "  --sessions      the states in which the disc once was, by LBA\n"
	 "  --session LBA   the disc as it was then, not as it was last\n"
	 "  --plain         ISO 9660's own names, even where there are better ones\n"
	 "  -h, --help      this text\n",
	 ""},
	{"report",
	 "respin report [OPTIONS] IMAGE [MAPFILE]\n"
	 "\n"
	 "Everything that is known of a rescue as one page of HTML that needs no network:\n"
	 "the disc, the damage, the files, the history, and what would help next. Map,\n"
	 "domain and ledger are found beside the image; an image without a map counts as\n"
	 "whole.\n"
	 "\n",
	 "  -o, --output FILE    the page; without it, IMAGE.html; '-' is standard output\n"
	 "  --medium NAME        the kind of disc, as 'respin show' has it\n"
	 "  --domain MAP         only what is finished in MAP counts\n"
	 "  --sha256 HEX         the image's hash, to stand on the page\n"
	 "  --force              overwrite FILE\n"
	 "  -h, --help           this text\n"
	 "\n",
	 ""},
	{"verify",
	 "respin verify [OPTIONS] IMAGE [MAPFILE]\n"
	 "\n"
	 "Hashes of the image and of every file in it that is whole, in one pass; a file\n"
	 "that lacks a byte gets none, and is listed. Is the image as long as its file\n"
	 "system says? Exit status 1: something is missing, truncated or differs.\n"
	 "\n",
	 "  --hash NAMES         md5, sha1, sha224, sha256 (without it), sha384, sha512,\n"
	 "                       blake2b; more than one with commas\n"
	 "  --manifest FILE      write what 'sha256sum -c' checks, for the whole files\n"
	 "  --image-manifest FILE    the same for the image itself\n"
	 "  --check FILE         compare with such a manifest from before\n"
	 "  --dfxml FILE         write Digital Forensics XML: files, runs, states, hashes\n"
	 "  --json FILE          write the same as JSON\n"
	 "  --reread N           compare N blocks of what is finished with the disc\n"
	 "  --source SOURCE      the drive it is in, for --reread\n"
	 "  --seed NUMBER        choose other blocks (without it, 1)\n"
	 "  --session LBA        the disc as it was then, not as it was last\n"
	 "  --plain              ISO 9660's own names, even where there are better ones\n"
	 "  --force              overwrite FILE\n"
	 "  -q, --quiet          say nothing but differences and errors\n"
	 "  -h, --help           this text\n"
	 "\n",
	 ""},
	{"merge",
	 "respin merge [OPTIONS] OUT IMAGE...\n"
	 "\n"
	 "Makes one image (OUT, OUT.map) of several of one disc: of other drives, other\n"
	 "copies, other programs. An IMAGE is named as IMAGE (its map is IMAGE.map) or as\n"
	 "IMAGE,MAPFILE. Are they of one disc? is asked first. Where they differ, what\n"
	 "more of them say counts; a tie is nobody's and stays unfinished. OUT.conflicts\n"
	 "lists every disagreement. Killed, it is begun again and goes on. What OUT holds\n"
	 "already is no reading of its own: name it as an IMAGE where it is one.\n"
	 "\n",
	 "  --whole IMAGE   an image without a map: everything in it counts\n"
	 "  --force         merge what cannot be shown to be of one disc, too\n"
	 "  --json          a line of JSON for every run, and one for the end\n"
	 "  -v, --verbose   every disagreement, not the first twenty\n"
	 "  -q, --quiet     say nothing but errors\n"
	 "  -h, --help      this text\n"
	 "\n",
	 ""},
	{"serve",
	 "respin serve [OPTIONS] IMAGE [MAPFILE]\n"
	 "\n"
	 "Offers an image as far as it was rescued over NBD, read only, until Ctrl-C: to\n"
	 "mount it, to play it, to copy files out. What is missing is a read error and\n"
	 "never zeros; what a running rescue gains appears. Needs nbdkit; nobody but this\n"
	 "machine is served. Says how to use it.\n"
	 "\n",
	 "  --socket PATH   listen there; without it, in a directory of its own\n"
	 "  --port N        listen on localhost's TCP port N instead\n"
	 "  -q, --quiet     say nothing but errors\n"
	 "  -h, --help      this text\n"
	 "\n",
	 ""},
	{"map",
	 "respin map OPTIONS MAPFILE...   one operation on a map, as ddrescuelog has it\n"
	 "\n"
	 "Options, output and exit status are those of GNU ddrescuelog: 0, 1 for a wrong\n"
	 "option, an unreadable file or \"no\", 2 for a damaged map. A MAPFILE '-' is\n"
	 "standard input; new maps go to standard output.\n"
	 "\n",
	 "  -t, --show-status               what the maps say\n"
	 "  -l, --list-blocks TYPES         list the blocks of these types: ? * / - +\n"
	 "  -c, --create-mapfile[=T1T2]     make a map from such a list\n"
	 "  -C, --complete-mapfile[=TYPE]   complete a map that has gaps\n"
	 "  -a, --change-types OLD,NEW      change types\n"
	 "  -n, --invert-mapfile            '+' becomes '-', all others '+'\n"
	 "  -x, --xor-mapfile MAP           XOR of what is finished\n"
	 "  -y, --and-mapfile MAP           AND of what is finished\n"
	 "  -z, --or-mapfile MAP            OR of what is finished\n"
	 "  --shift                         move the map by -o less -i\n"
	 "  -p, --compare-mapfile MAP       are they equal?\n"
	 "  -P, --compare-as-domain MAP     are they equal in what is finished?\n"
	 "  -D, --done-status               is everything finished?\n"
	 "  -d, --delete-if-done            the same, and delete the map if it is\n"
	 "  -A, --annotate-mapfile          the map, with sizes for people\n"
	 "  -b, --block-size N              bytes of a block (512), also --sector-size N\n"
	 "  -F, --format NAME               of -l, -c: list, bitmap-le, bitmap-be\n"
	 "  -i, --input-position N          from there on\n"
	 "  -o, --output-position N         where that is in the output\n"
	 "  -s, --size N                    so much; --max-size N: at most so much\n"
	 "  -m, --domain-mapfile MAP        only where MAP is finished\n"
	 "  -L, --loose-domain              MAP may have gaps\n"
	 "  -B, --binary-prefixes           sizes in powers of 1024\n"
	 "  -f, --force                     overwrite (-d, -D: ddrescuelog's own rules)\n"
	 "  -q, --quiet                     say nothing but errors\n"
	 "  -v, --verbose                   say more\n"
	 "  -V, --version                   the version\n"
	 "  -h, --help                      this text\n"
	 "\n",
	 ""},
	{"sim",
	 "respin sim list [--long]            the simulated discs that come with respin\n"
	 "respin sim show [OPTIONS] NAME      what is truly wrong with one of them\n"
	 "respin sim run [OPTIONS] NAME       a rescue of it, in the drive's own time\n"
	 "respin sim oracle [--json] NAME...  the least time in which that could be done\n"
	 "respin sim attach NAME              its drive as /dev/srN of this machine\n"
	 "\n"
	 "NAME is one of the list, FILE.sim, exec:COMMAND (a drive model of your own) or\n"
	 "an address, as 'dvd-radial?seed=7'; respin-sim(5) says what can be set.\n"
	 "run writes no image and takes seconds; it ends with 0 if everything readable\n"
	 "was saved, and with 1 if not. attach needs root and the kernel's modules\n"
	 "target_core_user and tcm_loop; Ctrl-C takes the drive away.\n"
	 "\n",
	 sim_options, ""},
	{"help",
	 "respin help [COMMAND]\n"
	 "respin help --list [COMMAND]\n"
	 "\n"
	 "Says what there is, or what one command takes.\n"
	 "\n",
	 "  --list          the same for the completion of a shell: a word a line\n"
	 "  -h, --help      this text\n"
	 "\n",
	 ""},
};

bool help_parts(const char *command, const char *parts[HELP_PARTS])
{
	if (!command) {
		parts[0] = parts[1] = "";
		parts[2] = general;
		return 1;
	}
	for (size_t i = 0; i < sizeof helps / sizeof *helps; i++) {
		if (strcmp(helps[i].command, command) != 0)
			continue;
		parts[0] = helps[i].head;
		parts[1] = helps[i].options;
		parts[2] = helps[i].tail;
		return 1;
	}
	return 0;
}

bool help_print(const char *command)
{
	const char *parts[HELP_PARTS];
	if (!help_parts(command, parts))
		return 0;
	(void)printf("%s%s%s", parts[0], parts[1], parts[2]);
	if (strcmp(command, "map") != 0)
		(void)fputs(statuses, stdout);
	return 1;
}

int cmd_help(int argc, char **argv)
{
	if (argc > 1 && strcmp(argv[1], "--list") == 0)
		return help_list(argc > 2 ? argv[2] : NULL);
	if (argc > 2)
		return say_usage(NULL, "one command at a time: %s", argv[2]);
	if (argc == 2)
		return help_print(argv[1]) ? STATUS_WHOLE
					   : say_usage(NULL, "there is no command %s", argv[1]);
	(void)printf("%s%s", general, statuses);
	return STATUS_WHOLE;
}
