/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Elementary functions from + - * / and the bits of a double: reduce the
 * argument, then a short polynomial. Every branch depends on values alone, so
 * that a seed gives the same physics everywhere. It sets no errno and knows no
 * rounding modes but the default one.
 */
#include "base/num.h"

#include <assert.h>
#include <string.h>

#ifdef __SSE2__
#include <emmintrin.h>
#endif

#define LN2 0.69314718055994530942
#define LOG2_E 1.44269504088896340736
/* ln 2 in two parts: the upper one has 32 bits, so that its products with an exponent are exact. */
#define LN2_UPPER 6.93147180369123816490e-01
#define LN2_LOWER 1.90821492927058770002e-10

#define FRACTION_BITS 52
#define EXPONENT_BIAS 1023
#define FRACTION_MASK ((1ull << FRACTION_BITS) - 1)

static uint64_t bits_of(double x)
{
	uint64_t bits;
	memcpy(&bits, &x, sizeof bits);
	return bits;
}

static double of_bits(uint64_t bits)
{
	double x;
	memcpy(&x, &bits, sizeof x);
	return x;
}

/* 2^exponent for exponents of normal numbers. */
static double power_of_2(int exponent)
{
	return of_bits((uint64_t)(exponent + EXPONENT_BIAS) << FRACTION_BITS);
}

/* A polynomial, its coefficients from the highest power down. */
static inline double polynomial(const double *coefficients, unsigned count, double x)
{
	double sum = coefficients[0];
	for (unsigned i = 1; i < count; i++)
		sum = sum * x + coefficients[i];
	return sum;
}
#define POLYNOMIAL(coefficients, x) polynomial(coefficients, sizeof(coefficients) / sizeof(double), x)

/* A normal x > 0 as fraction * 2^exponent, 1 <= fraction < 2. */
static double split(double x, int *exponent)
{
	uint64_t bits = bits_of(x);
	*exponent = (int)(bits >> FRACTION_BITS) - EXPONENT_BIAS;
	return of_bits((bits & FRACTION_MASK) | (uint64_t)EXPONENT_BIAS << FRACTION_BITS);
}

double num_sqrt(double x)
{
	assert(x >= 0);
#ifdef __SSE2__
	__m128d packed = _mm_set_sd(x);
	return _mm_cvtsd_f64(_mm_sqrt_sd(packed, packed));
#else
	return num_sqrt_soft(x);
#endif
}

/* Bit by bit over the fraction, as on paper: slow, and exact by construction. */
double num_sqrt_soft(double x)
{
	assert(x >= 0);
	if (x == 0 || x > DBL_MAX)
		return x;
	int lift = 0, exponent;
	if (x < DBL_MIN) {
		x *= power_of_2(54);
		lift = 54;
	}
	uint64_t fraction = bits_of(split(x, &exponent)) & FRACTION_MASK;
	exponent -= lift;
	/* fraction * 4^27 or twice that: 54 bits of root, the last of them for rounding */
	unsigned __int128 rest = (unsigned __int128)(fraction | 1ull << FRACTION_BITS)
				 << 54 << (exponent & 1);
	uint64_t root = 0;
	for (int bit = 53; bit >= 0; bit--) {
		uint64_t try = root | 1ull << bit;
		if ((unsigned __int128)try * try <= rest)
			root = try;
	}
	/* A tie cannot be: the square of an odd 54-bit number has an odd last digit, the argument has not. */
	root = (root >> 1) + (root & 1);
	return (double)root * power_of_2((exponent - (exponent & 1)) / 2 - FRACTION_BITS);
}

double num_floor(double x)
{
	/* cppcheck-suppress incorrectLogicOperator ; takes 0x1p52 for 0x1 */
	if (!(x > -0x1p52 && x < 0x1p52))
		return x; /* has no fraction */
	double whole = (double)(int64_t)x;
	return whole > x ? whole - 1 : whole;
}

double num_exp(double x)
{
	if (x > 709.79)
		return of_bits(0x7ffull << FRACTION_BITS);
	if (x < -745.2)
		return 0;
	/* e^x = 2^k e^r with |r| <= ln 2 / 2, where r^13 / 13! is below the last bit */
	static const double taylor[] = {
		1.0 / 479001600,
		1.0 / 39916800,
		1.0 / 3628800,
		1.0 / 362880,
		1.0 / 40320,
		1.0 / 5040,
		1.0 / 720,
		1.0 / 120,
		1.0 / 24,
		1.0 / 6,
		1.0 / 2,
		1.0,
		1.0,
	};
	double k = num_floor(x * LOG2_E + 0.5), r = x - k * LN2_UPPER - k * LN2_LOWER;
	int half = (int)k / 2; /* in two steps, for results that 2^k alone would leave */
	return POLYNOMIAL(taylor, r) * power_of_2(half) * power_of_2((int)k - half);
}

double num_log2(double x)
{
	assert(x > 0);
	int lift = 0, exponent;
	if (x < DBL_MIN) {
		x *= power_of_2(54);
		lift = 54;
	}
	double fraction = split(x, &exponent);
	if (fraction > 1.41421356237309504880) {
		fraction *= 0.5;
		exponent++;
	}
	/* ln f = 2 artanh((f-1)/(f+1)); the argument is at most 0.172 and its 21st power below the last bit */
	static const double artanh[] = {
		1.0 / 19, 1.0 / 17, 1.0 / 15, 1.0 / 13, 1.0 / 11, 1.0 / 9, 1.0 / 7, 1.0 / 5, 1.0 / 3, 1.0,
	};
	double s = (fraction - 1) / (fraction + 1);
	return exponent - lift + 2 * LOG2_E * s * POLYNOMIAL(artanh, s * s);
}

double num_sin_turn(double turns)
{
	static const double sine[] = {
		-1.0 / 1307674368000, 1.0 / 6227020800, -1.0 / 39916800, 1.0 / 362880,
		-1.0 / 5040,          1.0 / 120,        -1.0 / 6,        1.0,
	};
	static const double cosine[] = {
		1.0 / 20922789888000,
		-1.0 / 87178291200,
		1.0 / 479001600,
		-1.0 / 3628800,
		1.0 / 40320,
		-1.0 / 720,
		1.0 / 24,
		-1.0 / 2,
		1.0,
	};
	turns -= num_floor(turns);
	int quarter = (int)(turns * 4 + 0.5);
	double x = (turns - quarter * 0.25) * (2 * NUM_PI); /* at most pi/4 either way */
	double value = quarter & 1 ? POLYNOMIAL(cosine, x * x) : x * POLYNOMIAL(sine, x * x);
	return quarter & 2 ? -value : value;
}

double num_cos_turn(double turns)
{
	return num_sin_turn(turns - num_floor(turns) + 0.25);
}

double num_logistic(double x)
{
	if (x >= 0)
		return 1 / (1 + num_exp(-x));
	double e = num_exp(x);
	return e / (1 + e);
}

double num_uniform(uint64_t hash)
{
	return (double)(hash >> 11) * 0x1p-53;
}

/*
 * The quantile of the normal distribution by three rational functions, good to
 * 1e-15: M. J. Wichura, "Algorithm AS 241: The percentage points of the normal
 * distribution", Applied Statistics 37 (1988) 477-484, PPND16.
 */
static const double middle_over[] = {
	2.5090809287301226727e+3, 3.3430575583588128105e+4, 6.7265770927008700853e+4,
	4.5921953931549871457e+4, 1.3731693765509461125e+4, 1.9715909503065514427e+3,
	1.3314166789178437745e+2, 3.3871328727963666080e+0,
};
static const double middle_under[] = {
	5.2264952788528545610e+3, 2.8729085735721942674e+4,
	3.9307895800092710610e+4, 2.1213794301586595867e+4,
	5.3941960214247511077e+3, 6.8718700749205790830e+2,
	4.2313330701600911252e+1, 1.0,
};
static const double tail_over[] = {
	7.74545014278341407640e-4, 2.27238449892691845833e-2, 2.41780725177450611770e-1,
	1.27045825245236838258e+0, 3.64784832476320460504e+0, 5.76949722146069140550e+0,
	4.63033784615654529590e+0, 1.42343711074968357734e+0,
};
static const double tail_under[] = {
	1.05075007164441684324e-9, 5.47593808499534494600e-4,
	1.51986665636164571966e-2, 1.48103976427480074590e-1,
	6.89767334985100004550e-1, 1.67638483018380384940e+0,
	2.05319162663775882187e+0, 1.0,
};
static const double end_over[] = {
	2.01033439929228813265e-7, 2.71155556874348757815e-5, 1.24266094738807843860e-3,
	2.65321895265761230930e-2, 2.96560571828504891230e-1, 1.78482653991729133580e+0,
	5.46378491116411436990e+0, 6.65790464350110377720e+0,
};
static const double end_under[] = {
	2.04426310338993978564e-15, 1.42151175831644588870e-7,
	1.84631831751005468180e-5,  7.86869131145613259100e-4,
	1.48753612908506148525e-2,  1.36929880922735805310e-1,
	5.99832206555887937690e-1,  1.0,
};

double num_normal(uint64_t hash)
{
	double p = ((double)(hash >> 12) + 0.5) * 0x1p-52, q = p - 0.5; /* both exact; p is neither 0 nor 1 */
	if (q >= -0.425 && q <= 0.425) {
		double x = 0.180625 - q * q;
		return q * POLYNOMIAL(middle_over, x) / POLYNOMIAL(middle_under, x);
	}
	double x = num_sqrt(-LN2 * num_log2(q < 0 ? p : 1 - p)), value;
	if (x <= 5)
		value = POLYNOMIAL(tail_over, x - 1.6) / POLYNOMIAL(tail_under, x - 1.6);
	else
		value = POLYNOMIAL(end_over, x - 5) / POLYNOMIAL(end_under, x - 5);
	return q < 0 ? -value : value;
}

double num_lognormal(uint64_t hash, double median, double sigma)
{
	return median * num_exp(sigma * num_normal(hash));
}
