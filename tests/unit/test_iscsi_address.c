/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Which iSCSI addresses make sense. Connecting is the lab's business (tgt). */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <string.h>

#include "garbage.h"
#include "io/iscsi_address.h"

static void good(void **state)
{
	(void)state;
	static const char *const rows[] = {
		"iscsi://host/iqn.2001-04.com.example:disc/1",
		"iscsi://127.0.0.1:3261/iqn.a:b/0",
		"iscsi://host:65535/iqn.a:b/16383",
		"iscsi://[::1]/iqn.a:b/1",
		"iscsi://[fe80::1]:3260/iqn.a:b/1",
		"iscsi://host/iqn.a:b/1?header_digest=crc32c",
	};
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
		assert_int_equal(iscsi_address_check(rows[i], NULL), 0);
}

static void bad(void **state)
{
	(void)state;
	static const char *const rows[] = {
		"iscsi:",
		"iscsi://",
		"iscsi:///iqn.a:b/1",
		"iscsi://:3260/iqn.a:b/1",
		"iscsi://host",
		"iscsi://host/",
		"iscsi://host/iqn.a:b",
		"iscsi://host/iqn.a:b/",
		"iscsi://host//1",
		"iscsi://host/iqn.a:b/x",
		"iscsi://host/iqn.a:b/-1",
		"iscsi://host/iqn.a:b/1x",
		"iscsi://host/iqn.a:b/16384",
		"iscsi://host/iqn.a:b/4294967297",
		"iscsi://host:/iqn.a:b/1",
		"iscsi://host:0/iqn.a:b/1",
		"iscsi://host:65536/iqn.a:b/1",
		"iscsi://host:3260x/iqn.a:b/1",
		"iscsi://host:-1/iqn.a:b/1",
		"iscsi://[::1/iqn.a:b/1",
		"iscsi://[]/iqn.a:b/1",
		"iscsi://[::1]3260/iqn.a:b/1",
		"iscsi://::1/iqn.a:b/1",
		"nbd://host/iqn.a:b/1",
		"",
	};
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		struct respin_error error = {0};
		if (iscsi_address_check(rows[i], &error) != RESPIN_E_INVALID)
			fail_msg("'%s' was taken", rows[i]);
		assert_non_null(strstr(error.text, "iscsi://HOST[:PORT]/IQN/LUN"));
	}
}

/* An address is shown and logged; a password in it would be as well. */
static void no_passwords(void **state)
{
	(void)state;
	struct respin_error error = {0};
	assert_int_equal(iscsi_address_check("iscsi://me%secret@host/iqn.a:b/1", &error), RESPIN_E_INVALID);
	assert_null(strstr(error.text, "secret"));
	assert_non_null(strstr(error.text, "LIBISCSI_CHAP_PASSWORD"));
}

static void garbage(void **state)
{
	(void)state;
	static const char letters[] = "/:[]@?.%0123456789abiqn";
	struct rng rng = garbage_rng();
	for (int i = 0; i < GARBAGE_ROUNDS; i++) {
		char text[48] = "iscsi://";
		size_t len = 8 + rng_below(&rng, 36);
		for (size_t n = 8; n < len; n++)
			text[n] = letters[rng_below(&rng, sizeof letters - 1)];
		struct respin_error error = {0};
		int code = iscsi_address_check(text, &error);
		assert_true(code == 0 || (code == RESPIN_E_INVALID && error.text[0]));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(good),
		cmocka_unit_test(bad),
		cmocka_unit_test(no_passwords),
		cmocka_unit_test(garbage),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
