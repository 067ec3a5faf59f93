// SPDX-License-Identifier: Apache-2.0
#include "runtime/layer_zip.h"

#include "base/limits.h"
#include "base/mem.h"

/* Lambda layer zips: packages under python/, checked against the platform's limit before a byte is
 * written. */

static bool refuse_size(const struct runtime_inputs *in, uint64_t size, uint64_t max,
			struct err *err)
{
	static const struct wheel_layout layout = { .site = "python",
						    .interpreter = "/usr/bin/python3" };
	AUTO(zip_shares_free) struct zip_shares shares = { 0 };
	AUTO(buf_free) struct buf text = BUF_INIT(4096);

	if (!zip_shares_make(&shares, &in->wheels, &layout, err))
		return false;
	zip_shares_largest(&text, &shares);
	err_set(err, E_NEGATIVE,
		"the layer unpacks to %llu bytes; the platform takes %llu with the function. "
		"Largest: %s",
		(unsigned long long)size, (unsigned long long)max, text.ptr);
	return err_hint(err, "leave packages out, or use the container image: rtbuild build "
			     "--backend aws_lambda");
}

bool layer_zip_write(struct zip_file *out, const struct runtime_request *req, const char *path,
		     struct events *events, struct err *err)
{
	AUTO(runtime_inputs_free) struct runtime_inputs in = { 0 };
	uint64_t max = (uint64_t)req->backend->unpacked_max;
	uint64_t task;

	if (!runtime_inputs_make(&in, req, events, err))
		return false;
	zip_file_measure(out, &in.packages);
	if (max && out->unpacked > max)
		return refuse_size(&in, out->unpacked, max, err);
	task = event_start(events, "zip %zu packages", in.wheels.len);
	if (!zip_file_write(out, &in.packages, 0, path, err)) {
		event_failed(events, task);
		return false;
	}
	event_done(events, task, "%zu files, %s", out->files, str_format_size(out->packed).text);
	return true;
}
