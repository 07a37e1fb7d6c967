/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What would help next, by rules that stand here in the order in which they are
 * told: each looks at the figures of the page and at nothing else, and says why.
 * It promises nothing: reads of a damaged disc are a matter of luck.
 */
#include "report/html.h"

#include <string.h>

#include "report/amount.h"

struct rule {
	bool (*applies)(const struct html *html);
	void (*tell)(struct buf *out, const struct html *html);
};

/* The image's name in a command line, where it can stand there as it is. */
static void add_image(struct buf *out, const struct html *html)
{
	const char *image = html->options.image;
	static const char plain[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._/+,-";
	bool usable = image && *image && *image != '-' && strspn(image, plain) == strlen(image) &&
		      strlen(image) < 120;
	buf_add_str(out, usable ? image : "IMAGE");
}

static void add_command(struct buf *out, const struct html *html, const char *before, const char *after)
{
	buf_addf(out, "<code>respin %s ", before);
	add_image(out, html);
	buf_addf(out, "%s</code>", after);
}

static bool failed(const struct html *html)
{
	return html->bytes[RINGS_HOPE] || html->bytes[RINGS_LOST];
}

static bool is_whole(const struct html *html)
{
	return !html_missing(html) && !html_too_short(html);
}

static void tell_short(struct buf *out, const struct html *html)
{
	(void)html;
	buf_add_str(
		out,
		"<b>Read the disc again, into another image.</b> Nothing is missing of what the map knows, "
		"but files reach beyond the end of this image: it was cut off.");
}

static void tell_whole(struct buf *out, const struct html *html)
{
	buf_add_str(out, "<b>Check it and copy it away.</b> Nothing is missing: ");
	add_command(out, html, "verify", "");
	buf_add_str(out, " takes its hashes, and a second copy in another place is what makes it safe.");
}

static bool files_whole_all_the_same(const struct html *html)
{
	return html_missing(html) && html->files.regular && html_files_whole(&html->files);
}

static void tell_files_whole(struct buf *out, const struct html *html)
{
	buf_add_str(out, "<b>Every file is whole.</b> What is missing belongs to none of them. ");
	add_command(out, html, "files --extract DIR", "");
	buf_add_str(out, " copies them out; for the files nothing more is needed.");
}

static bool some_whole(const struct html *html)
{
	const struct html_files *files = &html->files;
	return html_missing(html) && files->given && files->whole && !files_whole_all_the_same(html);
}

static void tell_some_whole(struct buf *out, const struct html *html)
{
	buf_add_str(out, "<b>Copy out what is whole, now.</b> ");
	add_command(out, html, "files --extract DIR", "");
	buf_addf(out, " copies the %s that %s.", html->files.whole == 1 ? "file" : "files",
		 html->files.whole == 1 ? "is whole" : "are whole");
	if (html->files.lossy || html->files.hopeful)
		buf_add_str(
			out,
			" With <code>--partial</code> it copies the others as well, with zeros for what is "
			"missing and a list of it beside each: many pictures and films still open.");
}

static bool untried(const struct html *html)
{
	return html->bytes[RINGS_UNTRIED] > 0;
}

static void tell_untried(struct buf *out, const struct html *html)
{
	buf_add_str(out, "<b>Go on.</b> ");
	amount_add_bytes(out, html->bytes[RINGS_UNTRIED]);
	buf_add_str(out, " were never tried. ");
	add_command(out, html, "rescue SOURCE", "");
	buf_add_str(out, " goes on where the last run ended.");
}

static bool hopeful(const struct html *html)
{
	return html->bytes[RINGS_HOPE] && !html->bytes[RINGS_UNTRIED];
}

static void tell_hopeful(struct buf *out, const struct html *html)
{
	buf_add_str(out, "<b>Go on.</b> ");
	amount_add_bytes(out, html->bytes[RINGS_HOPE]);
	buf_add_str(out, " failed so far and were not given up. ");
	add_command(out, html, "rescue SOURCE", "");
	buf_add_str(out, " tries them again while that pays.");
}

static bool link_was_lost(const struct html *html)
{
	return html_missing(html) && html->history.gone;
}

static void tell_link(struct buf *out, const struct html *html)
{
	(void)html;
	buf_add_str(
		out,
		"<b>Look at the cable and the power.</b> In the last run the drive went away. Another port, a "
		"short cable, a powered hub, or a while for the drive to cool, before the next run.");
}

static bool at_the_rim(const struct html *html)
{
	return failed(html) && html->rim_sectors * 2 > html->missing_sectors;
}

static void tell_rim(struct buf *out, const struct html *html)
{
	(void)html;
	buf_add_str(
		out,
		"<b>Clean the disc.</b> Most of what is missing lies in the outermost 6 mm, where fingers touch "
		"it. Wipe from the hub straight outwards, never around, with a soft cloth and clean water.");
}

static bool elsewhere(const struct html *html)
{
	return failed(html) && !at_the_rim(html);
}

static void tell_clean(struct buf *out, const struct html *html)
{
	(void)html;
	buf_add_str(
		out,
		"<b>Look at the disc against the light, and clean it</b> where the picture shows damage, from the "
		"hub straight outwards. Dirt goes, and with it part of the damage; then run the rescue again.");
}

static bool one_drive(const struct html *html)
{
	return failed(html) && html->history.drives <= 1;
}

static void tell_one_drive(struct buf *out, const struct html *html)
{
	buf_add_str(out, "<b>Try another drive.</b> ");
	buf_add_str(out, html->history.drives == 1 ? "Only one was used so far, and drives"
						   : "If only one was used so far: drives");
	buf_add_str(out, " differ much in what they can read. Put the disc into the other one and run ");
	add_command(out, html, "rescue OTHER-SOURCE", "");
	buf_add_str(out, " with the same image: it reads only what is missing.");
}

static bool more_drives(const struct html *html)
{
	return failed(html) && html->history.drives > 1;
}

static void tell_more_drives(struct buf *out, const struct html *html)
{
	buf_addf(
		out,
		"<b>Try once more, or another copy.</b> %u drives were used. A slow drive, a cold one, or a later "
		"try may still get something; and with an image of another copy of the same disc, ",
		html->history.drives);
	buf_add_str(out, "<code>respin merge</code> puts the two together.");
}

static bool was_locked(const struct html *html)
{
	return html_missing(html) && html->history.locked;
}

static void tell_locked(struct buf *out, const struct html *html)
{
	(void)html;
	buf_add_str(
		out,
		"<b>Not all of it is damage.</b> The drive refused some sectors because they are protected; more "
		"tries do not change that.");
}

static bool directories_hit(const struct html *html)
{
	return html_missing(html) && html->files.given && html->files.info.incomplete_directories;
}

static void tell_directories(struct buf *out, const struct html *html)
{
	(void)html;
	buf_add_str(
		out,
		"<b>The directories come first.</b> Some cannot be read in full, so there may be more files than are "
		"listed. <code>respin rescue --files-first</code> tries them before anything else.");
}

static const struct rule rules[] = {
	{is_whole, tell_whole},
	{html_too_short, tell_short},
	{files_whole_all_the_same, tell_files_whole},
	{some_whole, tell_some_whole},
	{untried, tell_untried},
	{hopeful, tell_hopeful},
	{link_was_lost, tell_link},
	{directories_hit, tell_directories},
	{one_drive, tell_one_drive},
	{at_the_rim, tell_rim},
	{elsewhere, tell_clean},
	{more_drives, tell_more_drives},
	{was_locked, tell_locked},
};

void html_add_advice(struct buf *out, const struct html *html)
{
	for (size_t i = 0; i < sizeof rules / sizeof *rules; i++) {
		if (!rules[i].applies(html))
			continue;
		buf_add_str(out, "<li>");
		rules[i].tell(out, html);
		buf_add_str(out, "</li>\n");
	}
}
