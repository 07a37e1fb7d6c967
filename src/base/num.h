/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The few functions that physics needs, in double, without libm: built from
 * + - * / alone, so that every IEEE 754 machine gives the same bits (the build
 * forbids contraction). Good to about 1e-12, which is more than any estimate
 * here deserves. No I/O, no state.
 */
#ifndef BASE_NUM_H
#define BASE_NUM_H

#include <float.h>
#include <stdint.h>

_Static_assert(FLT_EVAL_METHOD == 0, "double must be double: on 32-bit x86 build with -msse2 -mfpmath=sse");

#define NUM_PI 3.14159265358979323846

double num_sqrt(double x);      /* x >= 0; rounded correctly */
double num_sqrt_soft(double x); /* the same bits without the machine's instruction */
double num_floor(double x);
double num_exp(double x);
double num_log2(double x);         /* x > 0 */
double num_sin_turn(double turns); /* sin of 2 pi turns */
double num_cos_turn(double turns);
double num_logistic(double x); /* 1 / (1 + e^-x) */

/* Numbers drawn from a hash; each hash gives one number, always the same. */
double num_uniform(uint64_t hash);                                /* 0 <= u < 1 */
double num_normal(uint64_t hash);                                 /* mean 0, deviation 1 */
double num_lognormal(uint64_t hash, double median, double sigma); /* median * e^(sigma N) */

#endif
