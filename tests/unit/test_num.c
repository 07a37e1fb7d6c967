/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The arithmetic of physics against libm, which the tests may link and the program may not. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <float.h>
#include <math.h>
#include <string.h>

#include "base/num.h"
#include "base/rng.h"

#define ROUNDS 200000

/* Relative, except near zero where `floor` is as good as nothing. */
static void near(double got, double want, double relative, double floor, double at)
{
	double off = fabs(got - want);
	if (!(off <= relative * fabs(want) || off <= floor))
		fail_msg("at %.17g: %.17g, not %.17g (%.3g)", at, got, want, off / fabs(want));
}

static double between(struct rng *rng, double low, double high)
{
	return low + (high - low) * num_uniform(rng_next(rng));
}

static void same_bits(double a, double b, double at)
{
	if (memcmp(&a, &b, sizeof a) != 0)
		fail_msg("at %.17g: %.17g and %.17g", at, a, b);
}

/* A square root is rounded correctly or wrong: there is no tolerance. */
static void roots(void **state)
{
	(void)state;
	static const double edges[] = {0, 1, 2, 4, DBL_MIN, DBL_MAX, DBL_MIN / 2, 0x1p-1074, 0x1p-1073, 0.25};
	for (size_t i = 0; i < sizeof edges / sizeof *edges; i++) {
		same_bits(num_sqrt(edges[i]), sqrt(edges[i]), edges[i]);
		same_bits(num_sqrt_soft(edges[i]), sqrt(edges[i]), edges[i]);
	}
	struct rng rng = {1};
	for (int i = 0; i < ROUNDS; i++) {
		uint64_t bits = rng_next(&rng) >> 1;
		double x;
		memcpy(&x, &bits, sizeof x);
		if (!(x <= DBL_MAX))
			continue;
		same_bits(num_sqrt(x), sqrt(x), x);
		same_bits(num_sqrt_soft(x), sqrt(x), x);
	}
}

static void floors(void **state)
{
	(void)state;
	static const double edges[] = {0,      0.5,          -0.5,         1,      -1, 1e300,
				       -1e300, 0x1p52 - 0.5, 0.5 - 0x1p52, -1e-300};
	for (size_t i = 0; i < sizeof edges / sizeof *edges; i++)
		assert_true(num_floor(edges[i]) == floor(edges[i]));
	struct rng rng = {2};
	for (int i = 0; i < ROUNDS; i++) {
		double x = between(&rng, -1e6, 1e6);
		assert_true(num_floor(x) == floor(x));
	}
}

static void exponentials(void **state)
{
	(void)state;
	struct rng rng = {3};
	for (int i = 0; i < ROUNDS; i++) {
		double x = between(&rng, i & 1 ? -745 : -3, i & 1 ? 709.7 : 3);
		near(num_exp(x), exp(x), 1e-14, 0x1p-1073, x);
		near(num_logistic(x), 1 / (1 + exp(-x)), 1e-14, 1e-300, x);
	}
	assert_true(num_exp(0) == 1 && num_exp(-1e9) == 0 && num_exp(1e9) > DBL_MAX);
	assert_true(num_logistic(0) == 0.5 && num_logistic(1e9) == 1 && num_logistic(-1e9) == 0);
}

static void logarithms(void **state)
{
	(void)state;
	struct rng rng = {4};
	for (int i = 0; i < ROUNDS; i++) {
		double x = i & 1 ? exp(between(&rng, -740, 700)) : between(&rng, 0.5, 2);
		near(num_log2(x), log2(x), 1e-14, 1e-300, x);
	}
	assert_true(num_log2(1) == 0 && num_log2(0x1p-1074) == -1074 && num_log2(1024) == 10);
}

static void turns(void **state)
{
	(void)state;
	struct rng rng = {5};
	for (int i = 0; i < ROUNDS; i++) {
		double x = between(&rng, -2, 2);
		near(num_sin_turn(x), sin(2 * M_PI * x), 1e-12, 2e-15, x);
		near(num_cos_turn(x), cos(2 * M_PI * x), 1e-12, 2e-15, x);
		double far = floor(x * 1e6) + 0.125;
		near(num_sin_turn(far), sqrt(0.5), 1e-14, 0, far);
	}
	/* where libm only comes close, whole quarters are exact */
	assert_true(num_sin_turn(0.5) == 0 && num_sin_turn(0.25) == 1 && num_sin_turn(-0.25) == -1);
	assert_true(num_cos_turn(0.25) == 0 && num_cos_turn(0.5) == -1 && num_cos_turn(1e9) == 1);
}

/* The quantile, put back into the distribution, is the probability that it came from. */
static void normals(void **state)
{
	(void)state;
	struct rng rng = {6};
	double sum = 0, squares = 0;
	for (int i = 0; i < ROUNDS; i++) {
		uint64_t hash = rng_next(&rng);
		double p = ((double)(hash >> 12) + 0.5) * 0x1p-52, x = num_normal(hash);
		near(erfc(-x * M_SQRT1_2) / 2, p, 1e-12, 0, p);
		sum += x;
		squares += x * x;
	}
	near(sum / ROUNDS, 0, 0, 0.01, 0);
	near(squares / ROUNDS, 1, 0.01, 0, 0);
	for (int bits = 1; bits <= 52; bits++) { /* both tails, to their ends */
		uint64_t hash = UINT64_MAX >> bits;
		double p = ((double)(hash >> 12) + 0.5) * 0x1p-52, x = num_normal(hash);
		near(erfc(-x * M_SQRT1_2) / 2, p, 1e-11, 0, p);
		assert_true(num_normal(~hash) == -x);
	}
	near(num_normal(UINT64_MAX), 8.2095, 1e-3, 0, 1);
	near(num_lognormal(UINT64_MAX / 2, 8, 0.8), 8, 1e-12, 0, 0.5);
	assert_true(num_uniform(0) == 0 && num_uniform(UINT64_MAX) < 1);
}

/* These bits are the promise: a scenario's seed means the same disc on every machine and at every -O. */
static void promised_bits(void **state)
{
	(void)state;
	struct rng rng = {7};
	uint64_t digest = 0;
	for (int i = 0; i < 10000; i++) {
		double x = between(&rng, 1e-3, 100);
		double values[] = {num_sqrt(x),     num_exp(-x),          num_log2(x),
				   num_sin_turn(x), num_logistic(x - 50), num_normal(rng_next(&rng))};
		for (size_t k = 0; k < sizeof values / sizeof *values; k++) {
			uint64_t bits;
			memcpy(&bits, &values[k], sizeof bits);
			digest = rng_mix(digest ^ bits) + k;
		}
	}
	assert_true(digest == 0xb1fb80f5b39312b0u);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(roots),         cmocka_unit_test(floors), cmocka_unit_test(exponentials),
		cmocka_unit_test(logarithms),    cmocka_unit_test(turns),  cmocka_unit_test(normals),
		cmocka_unit_test(promised_bits),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
