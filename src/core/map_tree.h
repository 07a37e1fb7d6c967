/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The tree under the status map: sorted boundaries, each with the status that
 * holds from there on. A boundary is (start, status bit). Knows nothing of
 * totals, counts or what a status means; map.c does.
 */
#ifndef CORE_MAP_TREE_H
#define CORE_MAP_TREE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * Leaf and inner node are one size, so that one spare list serves both. 60
 * boundaries of 9 bytes fill nine cache lines; at the worst permitted filling of
 * a third, a boundary costs 29 bytes.
 */
#define LEAF_CAP 60
#define INNER_CAP 32
/* Nodes at least a third full: 20 x 10^9 leaves are out of reach. */
#define TREE_DEPTH_MAX 12

struct node {
	uint16_t count;
	bool leaf;
	struct node *prev, *next; /* leaves only */
	union {
		struct {
			uint64_t start[LEAF_CAP];
			uint8_t bit[LEAF_CAP];
		};
		struct {
			uint64_t key[INNER_CAP]; /* first start below the child */
			struct node *child[INNER_CAP];
			uint8_t mask[INNER_CAP]; /* bits that occur below the child */
		};
	};
};

struct tree {
	struct node *root;
	struct node *spare; /* linked by next; reserved before a change begins */
	size_t nodes, spares;
	uint64_t boundaries;
	unsigned depth;
};

/*
 * A place in the tree: the way down, and the boundary in the leaf. One array of
 * pairs: with two arrays side by side gcc 12.2 at -O2 took path_refresh for a
 * function without effect and dropped its calls.
 */
struct path {
	struct turn {
		struct node *node;
		unsigned index;
	} turn[TREE_DEPTH_MAX];
	unsigned depth;
};

static inline struct node *path_leaf(const struct path *path)
{
	return path->turn[path->depth - 1].node;
}

static inline unsigned path_slot(const struct path *path)
{
	return path->turn[path->depth - 1].index;
}

bool tree_init(struct tree *tree, uint64_t start, uint8_t bit);
void tree_finish(struct tree *tree);

/* Makes sure that `inserts` insertions cannot run out of memory. */
bool tree_reserve(struct tree *tree, unsigned inserts);

/* To the last boundary at or before `pos`; there always is one. */
void tree_seek(const struct tree *tree, uint64_t pos, struct path *path);

/* To the nearest boundary beyond (before) the path whose bit is in `mask`. */
bool tree_next(struct path *path, uint8_t mask);
bool tree_prev(struct path *path, uint8_t mask);

/* The start of the boundary that follows the path's, or `none`. */
uint64_t tree_following(const struct path *path, uint64_t none);

void tree_insert(struct tree *tree, uint64_t start, uint8_t bit); /* start must be new */
void tree_erase(struct tree *tree, uint64_t start);               /* start must exist, not the first */
void tree_set_bit(struct path *path, uint8_t bit);

#endif
