/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A B+-tree of boundaries with a status mask per child, so that "the next run
 * that is not finished" is one walk down. Keys and masks are exact after every
 * change. Memory is reserved before a change, so a change never fails halfway.
 */
#include "core/map_tree.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

/* Below a third, a node takes from its neighbour or joins it. */
#define LEAF_MIN (LEAF_CAP / 3)
#define INNER_MIN (INNER_CAP / 3)
/* Kept for the next change instead of being freed. */
#define SPARES_KEPT 64

static unsigned node_cap(const struct node *node)
{
	return node->leaf ? LEAF_CAP : INNER_CAP;
}

static uint64_t node_first(const struct node *node)
{
	return node->leaf ? node->start[0] : node->key[0];
}

static uint8_t node_mask(const struct node *node)
{
	const uint8_t *bits = node->leaf ? node->bit : node->mask;
	uint8_t mask = 0;
	for (unsigned i = 0; i < node->count; i++)
		mask |= bits[i];
	return mask;
}

static struct node *node_take(struct tree *tree, bool leaf)
{
	struct node *node = tree->spare;
	assert(node); /* tree_reserve comes first */
	tree->spare = node->next;
	tree->spares--;
	node->count = 0;
	node->leaf = leaf;
	node->prev = node->next = NULL;
	return node;
}

static void node_give(struct tree *tree, struct node *node)
{
	if (tree->spares >= SPARES_KEPT) {
		free(node);
		tree->nodes--;
		return;
	}
	node->next = tree->spare;
	tree->spare = node;
	tree->spares++;
}

/* Opens a hole of `n` entries at `at`. */
static void node_open(struct node *node, unsigned at, unsigned n)
{
	size_t tail = node->count - at;
	if (node->leaf) {
		memmove(&node->start[at + n], &node->start[at], tail * sizeof *node->start);
		memmove(&node->bit[at + n], &node->bit[at], tail);
	} else {
		memmove(&node->key[at + n], &node->key[at], tail * sizeof *node->key);
		memmove(&node->child[at + n], &node->child[at], tail * sizeof *node->child);
		memmove(&node->mask[at + n], &node->mask[at], tail);
	}
	node->count = (uint16_t)(node->count + n);
}

static void node_close(struct node *node, unsigned at, unsigned n)
{
	size_t tail = node->count - at - n;
	if (node->leaf) {
		memmove(&node->start[at], &node->start[at + n], tail * sizeof *node->start);
		memmove(&node->bit[at], &node->bit[at + n], tail);
	} else {
		memmove(&node->key[at], &node->key[at + n], tail * sizeof *node->key);
		memmove(&node->child[at], &node->child[at + n], tail * sizeof *node->child);
		memmove(&node->mask[at], &node->mask[at + n], tail);
	}
	node->count = (uint16_t)(node->count - n);
}

/* Moves `n` entries from `from` at `at` into a hole of `to` at `hole`. */
static void node_move(struct node *to, unsigned hole, struct node *from, unsigned at, unsigned n)
{
	node_open(to, hole, n);
	if (to->leaf) {
		memcpy(&to->start[hole], &from->start[at], n * sizeof *to->start);
		memcpy(&to->bit[hole], &from->bit[at], n);
	} else {
		memcpy(&to->key[hole], &from->key[at], n * sizeof *to->key);
		memcpy(&to->child[hole], &from->child[at], n * sizeof *to->child);
		memcpy(&to->mask[hole], &from->mask[at], n);
	}
	node_close(from, at, n);
}

static void parent_refresh(struct node *parent, unsigned index)
{
	parent->key[index] = node_first(parent->child[index]);
	parent->mask[index] = node_mask(parent->child[index]);
}

/* Keys and masks of all ancestors after the leaf of `path` changed. */
static void path_refresh(const struct path *path)
{
	for (unsigned level = path->depth - 1; level > 0; level--) {
		struct node *parent = path->turn[level - 1].node;
		unsigned index = path->turn[level - 1].index;
		uint64_t key = parent->key[index];
		uint8_t mask = parent->mask[index];
		parent_refresh(parent, index);
		if (parent->key[index] == key && parent->mask[index] == mask)
			return;
	}
}

bool tree_init(struct tree *tree, uint64_t start, uint8_t bit)
{
	*tree = (struct tree){.depth = 1};
	if (!tree_reserve(tree, 0))
		return false;
	tree->root = node_take(tree, true);
	tree->root->start[0] = start;
	tree->root->bit[0] = bit;
	tree->root->count = 1;
	tree->boundaries = 1;
	return true;
}

static void free_below(struct node *node)
{
	if (!node->leaf)
		for (unsigned i = 0; i < node->count; i++)
			free_below(node->child[i]);
	free(node);
}

void tree_finish(struct tree *tree)
{
	if (tree->root)
		free_below(tree->root);
	while (tree->spare) {
		struct node *next = tree->spare->next;
		free(tree->spare);
		tree->spare = next;
	}
	*tree = (struct tree){0};
}

bool tree_reserve(struct tree *tree, unsigned inserts)
{
	/* An insertion splits at most every level and adds a root. */
	size_t need = inserts ? inserts * (size_t)(tree->depth + 1) : 1;
	while (tree->spares < need) {
		struct node *node = malloc(sizeof *node);
		if (!node)
			return false;
		node->next = tree->spare;
		tree->spare = node;
		tree->spares++;
		tree->nodes++;
	}
	return true;
}

/* The last of `count` ascending values that is <= pos; 0 if none is. */
static unsigned last_at_or_before(const uint64_t *values, unsigned count, uint64_t pos)
{
	unsigned low = 0, high = count;
	/* A map that is built in order is built at its end, and so are most rescues. */
	if (values[count - 1] <= pos)
		return count - 1;
	while (high - low > 1) {
		unsigned mid = (low + high) / 2;
		if (values[mid] <= pos)
			low = mid;
		else
			high = mid;
	}
	return low;
}

void tree_seek(const struct tree *tree, uint64_t pos, struct path *path)
{
	struct node *node = tree->root;
	path->depth = 0;
	for (;;) {
		const uint64_t *values = node->leaf ? node->start : node->key;
		unsigned index = last_at_or_before(values, node->count, pos);
		path->turn[path->depth++] = (struct turn){node, index};
		if (node->leaf)
			return;
		node = node->child[index];
	}
}

/* The nearest slot beyond path's at `level` (direction +1 or -1) that has a bit of mask. */
static bool step(struct path *path, unsigned level, int direction, uint8_t mask)
{
	const struct node *node = path->turn[level].node;
	const uint8_t *bits = node->leaf ? node->bit : node->mask;
	for (int i = (int)path->turn[level].index + direction; i >= 0 && i < node->count; i += direction)
		if (bits[i] & mask) {
			path->turn[level].index = (unsigned)i;
			return true;
		}
	return false;
}

static bool walk(struct path *path, int direction, uint8_t mask)
{
	unsigned level = path->depth;
	while (level > 0 && !step(path, level - 1, direction, mask))
		level--;
	if (level == 0)
		return false;
	for (; level < path->depth; level++) {
		struct node *node = path->turn[level - 1].node->child[path->turn[level - 1].index];
		path->turn[level].node = node;
		path->turn[level].index = direction > 0 ? (unsigned)-1 : node->count;
		bool found = step(path, level, direction, mask);
		assert(found); /* the parent's mask said so */
		(void)found;
	}
	return true;
}

bool tree_next(struct path *path, uint8_t mask)
{
	return walk(path, 1, mask);
}

bool tree_prev(struct path *path, uint8_t mask)
{
	return walk(path, -1, mask);
}

uint64_t tree_following(const struct path *path, uint64_t none)
{
	const struct node *leaf = path_leaf(path);
	unsigned slot = path_slot(path);
	if (slot + 1 < leaf->count)
		return leaf->start[slot + 1];
	return leaf->next ? leaf->next->start[0] : none;
}

void tree_set_bit(struct path *path, uint8_t bit)
{
	path_leaf(path)->bit[path_slot(path)] = bit;
	path_refresh(path);
}

static void add_root(struct tree *tree, struct path *path)
{
	struct node *root = node_take(tree, false);
	root->child[0] = tree->root;
	root->count = 1;
	parent_refresh(root, 0);
	tree->root = root;
	tree->depth++;
	assert(tree->depth <= TREE_DEPTH_MAX);
	memmove(&path->turn[1], &path->turn[0], path->depth * sizeof *path->turn);
	path->turn[0] = (struct turn){root, 0};
	path->depth++;
}

/*
 * Splits the full node at `level` and follows `slot`, the place where an entry
 * will go. Appending at the right edge leaves the old node full, so that maps
 * built in order are dense.
 */
static void split(struct tree *tree, struct path *path, unsigned level, unsigned *slot)
{
	struct node *node = path->turn[level].node;
	struct node *parent = path->turn[level - 1].node;
	unsigned index = path->turn[level - 1].index;
	struct node *right = node_take(tree, node->leaf);
	bool appending = *slot == node->count && index + 1u == parent->count;
	unsigned keep = appending ? node->count - 1u : node->count / 2u;

	node_move(right, 0, node, keep, node->count - keep);
	if (node->leaf) {
		right->next = node->next;
		right->prev = node;
		if (right->next)
			right->next->prev = right;
		node->next = right;
	}
	node_open(parent, index + 1, 1);
	parent->child[index + 1] = right;
	parent_refresh(parent, index);
	parent_refresh(parent, index + 1);
	if (*slot > keep) {
		*slot -= keep;
		path->turn[level].node = right;
		path->turn[level - 1].index = index + 1;
	}
}

/* Splits whatever is full from the top of the full stretch downwards. */
static void make_room(struct tree *tree, struct path *path, unsigned *slot)
{
	unsigned level = path->depth - 1;
	while (level > 0 && path->turn[level].node->count == node_cap(path->turn[level].node))
		level--;
	if (path->turn[level].node->count == node_cap(path->turn[level].node)) {
		add_root(tree, path);
		level = 0;
	}
	for (level++; level < path->depth; level++) {
		if (level == path->depth - 1) {
			split(tree, path, level, slot);
		} else {
			unsigned at = path->turn[level].index + 1;
			split(tree, path, level, &at);
			path->turn[level].index = at - 1;
		}
	}
}

void tree_insert(struct tree *tree, uint64_t start, uint8_t bit)
{
	struct path path;
	tree_seek(tree, start, &path);
	unsigned slot = path_slot(&path) + 1;
	if (path_leaf(&path)->count == LEAF_CAP)
		make_room(tree, &path, &slot);
	struct node *leaf = path_leaf(&path);
	node_open(leaf, slot, 1);
	leaf->start[slot] = start;
	leaf->bit[slot] = bit;
	tree->boundaries++;
	path_refresh(&path);
}

/* Joins the child at index + 1 to the one at index, or evens the two out. */
static void rebalance(struct tree *tree, struct node *parent, unsigned index)
{
	struct node *left = parent->child[index], *right = parent->child[index + 1];
	unsigned sum = left->count + (unsigned)right->count;
	if (sum <= node_cap(left)) {
		node_move(left, left->count, right, 0, right->count);
		if (left->leaf) {
			left->next = right->next;
			if (left->next)
				left->next->prev = left;
		}
		node_close(parent, index + 1, 1);
		node_give(tree, right);
	} else if (left->count < sum / 2) {
		node_move(left, left->count, right, 0, sum / 2 - left->count);
		parent_refresh(parent, index + 1);
	} else {
		unsigned n = left->count - sum / 2;
		node_move(right, 0, left, left->count - n, n);
		parent_refresh(parent, index + 1);
	}
	parent_refresh(parent, index);
}

void tree_erase(struct tree *tree, uint64_t start)
{
	struct path path;
	tree_seek(tree, start, &path);
	struct node *leaf = path_leaf(&path);
	assert(leaf->start[path_slot(&path)] == start);
	node_close(leaf, path_slot(&path), 1);
	tree->boundaries--;

	/* From the leaf up: refresh, and mend what has become too empty. */
	for (unsigned level = path.depth - 1; level > 0; level--) {
		struct node *node = path.turn[level].node, *parent = path.turn[level - 1].node;
		unsigned index = path.turn[level - 1].index;
		if (node->count)
			parent_refresh(parent, index);
		if (node->count < (node->leaf ? LEAF_MIN : INNER_MIN) && parent->count > 1)
			rebalance(tree, parent, index ? index - 1 : index);
	}
	while (!tree->root->leaf && tree->root->count == 1) {
		struct node *old = tree->root;
		tree->root = old->child[0];
		tree->depth--;
		node_give(tree, old);
	}
}
