// SPDX-License-Identifier: Apache-2.0
#include "runtime/layer_zip.h"

#include <stdlib.h>
#include <string.h>

#include "base/limits.h"
#include "base/mem.h"

/* Lambda layer zips: packages under python/, checked against the platform's limit before a byte is
 * written, and the packing of them into several layers. */

/* A layer has no programs, so nothing depends on the interpreter's path. */
static struct wheel_layout layout_of(const struct runtime_request *req,
				     const struct runtime_inputs *in)
{
	return (struct wheel_layout){ .site = req->backend->layout.site,
				      .interpreter = "/usr/bin/python3",
				      .precompiler = in->precompiler };
}

void layer_zips_free(struct layer_zips *l)
{
	for (size_t i = 0; i < l->len; i++)
		free(l->items[i].path);
	for (size_t i = 0; i < l->package_count; i++) {
		free(l->packages[i].name);
		free(l->packages[i].version);
	}
	free(l->items);
	free(l->packages);
	*l = (struct layer_zips){ 0 };
}

static bool refuse_size(const struct zip_shares *shares, uint64_t size, uint64_t max,
			struct err *err)
{
	AUTO(buf_free) struct buf text = BUF_INIT(4096);

	zip_shares_largest(&text, shares);
	err_set(err, E_NEGATIVE,
		"the layer unpacks to %llu bytes; the platform takes %llu with the function. "
		"Largest: %s",
		(unsigned long long)size, (unsigned long long)max, text.ptr);
	return err_hint(err,
			"leave packages out; make layers for different functions (--split); or "
			"use the container image: rtbuild build --backend aws_lambda");
}

/* --- which package goes where --- */

/* One layer while packages are put into it. */
struct bin {
	uint64_t unpacked, wheels; /* bytes: of the files, of the wheels themselves */
};

struct split {
	struct bin bins[LAYERS_OF_A_FUNCTION];
	size_t bin_count;
	size_t *bin_of; /* by number of the share */
};

static int64_t wheel_size(const struct wheel_list *wheels, const char *name)
{
	for (size_t i = 0; i < wheels->len; i++)
		if (str_eq(wheels->items[i].name, name))
			return wheels->items[i].size;
	return 0;
}

/* A zip of ours is about as large as the wheels in it; some more where they tried harder. */
static uint64_t wheels_max(void)
{
	return LIMIT_LAMBDA_UPLOAD / 10 * 9;
}

static bool fits(const struct bin *b, uint64_t unpacked, uint64_t wheel, uint64_t max)
{
	return !b->unpacked || (b->unpacked + unpacked <= max && b->wheels + wheel <= wheels_max());
}

/* First fit, larger ones first: good packing, and the same for the same wheels. */
static bool split_packages(struct split *out, const struct zip_shares *shares,
			   const struct wheel_list *wheels, uint64_t max, struct err *err)
{
	for (size_t i = 0; i < shares->len; i++) {
		const struct zip_share *share = &shares->items[i];
		uint64_t wheel = (uint64_t)wheel_size(wheels, share->name);
		size_t k = 0;

		if (share->unpacked > max)
			return refuse_size(shares, share->unpacked, max, err);
		while (k < out->bin_count && !fits(&out->bins[k], share->unpacked, wheel, max))
			k++;
		if (k == LAYERS_OF_A_FUNCTION) {
			err_set(err, E_NEGATIVE,
				"the packages need more than %d layers, and a function takes no "
				"more",
				LAYERS_OF_A_FUNCTION);
			return err_hint(err, "leave packages out, or use the container image: "
					     "rtbuild build --backend aws_lambda");
		}
		out->bin_count = k == out->bin_count ? k + 1 : out->bin_count;
		out->bins[k].unpacked += share->unpacked;
		out->bins[k].wheels += wheel;
		out->bin_of[i] = k;
	}
	return true;
}

static void split_free(struct split *s)
{
	free(s->bin_of);
}

/* --- one layer --- */

static int by_path(const void *a, const void *b)
{
	return strcmp(((const struct entry *)a)->path, ((const struct entry *)b)->path);
}

/* Files that packages of several layers bring alike have the mode they would have in one: so their
 * order does not matter. */
static void take_modes(struct entry_list *part, const struct entry_list *all)
{
	for (size_t i = 0; i < part->len; i++) {
		const struct entry *e = bsearch(&part->items[i], all->items, all->len,
						sizeof(*all->items), by_path);

		if (e)
			part->items[i].mode = e->mode;
	}
}

static void drop_wheels(struct wheel_list *part)
{
	free(part->items); /* the wheels are another list's */
}

static bool part_entries(struct entry_list *out, const struct runtime_inputs *in,
			 const struct wheel_layout *layout, const struct layer_zips *l,
			 size_t number, struct err *err)
{
	AUTO(drop_wheels) struct wheel_list part = { 0 };

	for (size_t i = 0; i < in->wheels.len; i++)
		for (size_t k = 0; k < l->package_count; k++)
			if (l->packages[k].layer == number &&
			    str_eq(l->packages[k].name, in->wheels.items[i].name))
				*ARRAY_PUSH(&part) = in->wheels.items[i];
	if (!wheels_merge(out, &part, layout, err))
		return false;
	take_modes(out, &in->packages);
	return true;
}

static bool write_one(struct layer_zip *out, const struct entry_list *entries,
		      struct events *events, struct err *err)
{
	uint64_t task = event_start(events, "zip %s", out->path);

	if (!zip_file_write(&out->zip, entries, 0, out->path, err)) {
		event_failed(events, task);
		return false;
	}
	event_done(events, task, "%zu files, %s", out->zip.files,
		   str_format_size(out->zip.packed).text);
	return true;
}

/* "layer.zip", 1 -> "layer-1.zip" */
static char *numbered(const char *path, size_t number)
{
	size_t stem = strlen(path) - (str_has_suffix(path, ".zip") ? strlen(".zip") : 0);

	return mem_printf("%.*s-%zu%s", (int)stem, path, number, path + stem);
}

static bool write_all(struct layer_zips *out, const struct runtime_inputs *in,
		      const struct wheel_layout *layout, const char *path, size_t count,
		      struct events *events, struct err *err)
{
	for (size_t i = 0; i < count; i++) {
		AUTO(entry_list_free) struct entry_list part = { 0 };
		struct layer_zip *layer = ARRAY_PUSH(out);
		const struct entry_list *entries = &in->packages;

		*layer = (struct layer_zip){ .path = count > 1 ? numbered(path, i + 1)
							       : mem_strdup(path) };
		if (count > 1) {
			if (!part_entries(&part, in, layout, out, i, err))
				return false;
			entries = &part;
		}
		if (!write_one(layer, entries, events, err))
			return false;
	}
	return true;
}

/* --- what is in them --- */

static void keep_packages(struct layer_zips *out, const struct zip_shares *shares,
			  const struct split *split)
{
	out->package_count = shares->len;
	out->packages = mem_alloc((shares->len + 1) * sizeof(*out->packages));
	for (size_t i = 0; i < shares->len; i++)
		out->packages[i] =
			(struct layer_package){ .name = mem_strdup(shares->items[i].name),
						.version = mem_strdup(shares->items[i].version),
						.unpacked = shares->items[i].unpacked,
						.files = shares->items[i].files,
						.layer = split->bin_of[i] };
}

static void show_packages(const struct layer_zips *l, size_t layers, struct events *events)
{
	for (size_t i = 0; i < l->package_count; i++) {
		const struct layer_package *p = &l->packages[i];
		AUTO(auto_free)
		char *where = layers > 1 ? mem_printf("  layer %zu", p->layer + 1) : mem_strdup("");

		event_note(events, "%10s  %s %s%s", str_format_size(p->unpacked).text, p->name,
			   p->version, where);
	}
}

static bool plan(struct layer_zips *out, struct split *split, const struct runtime_inputs *in,
		 const struct wheel_layout *layout, uint64_t max, bool may_split, struct err *err)
{
	AUTO(zip_shares_free) struct zip_shares shares = { 0 };
	struct zip_file all;

	zip_file_measure(&all, &in->packages);
	out->unpacked = all.unpacked;
	if (!zip_shares_make(&shares, &in->wheels, layout, err))
		return false;
	if (!may_split && max && all.unpacked > max)
		return refuse_size(&shares, all.unpacked, max, err);
	split->bin_count = 1;
	split->bin_of = mem_alloc((shares.len + 1) * sizeof(*split->bin_of));
	if (may_split && !split_packages(split, &shares, &in->wheels, max ? max : UINT64_MAX, err))
		return false;
	keep_packages(out, &shares, split);
	return true;
}

bool layer_zip_write(struct layer_zips *out, const struct runtime_request *req, const char *path,
		     bool split_them, struct events *events, struct err *err)
{
	AUTO(runtime_inputs_free) struct runtime_inputs in = { 0 };
	AUTO(split_free) struct split split = { 0 };
	uint64_t max = (uint64_t)req->backend->unpacked_max;
	struct wheel_layout layout;

	*out = (struct layer_zips){ 0 };
	if (!runtime_inputs_make(&in, req, events, err))
		return false;
	layout = layout_of(req, &in);
	if (!plan(out, &split, &in, &layout, max, split_them, err))
		return false;
	out->python = in.python;
	show_packages(out, split.bin_count, events);
	if (max && out->unpacked > max)
		event_warn(events,
			   "together the layers unpack to %llu bytes; a function takes %llu with "
			   "all its layers: attach those that it needs",
			   (unsigned long long)out->unpacked, (unsigned long long)max);
	return write_all(out, &in, &layout, path, split.bin_count, events, err);
}
