// SPDX-License-Identifier: Apache-2.0
#include "tests/fuzz/fuzz.h"

#include "git/smart.h"

/* A server that says the parts of the input, one an answer. */
struct scripted {
	struct git_transport transport;
	struct slice rest;
	struct source *said;
};

static bool say(struct scripted *s, struct source **out)
{
	struct slice part = next_part(&s->rest);

	source_close(s->said);
	s->said = source_mem(part.ptr ? part.ptr : "", part.len);
	*out = s->said;
	return true;
}

static bool greet(struct git_transport *t, struct source **out, struct err *err)
{
	(void)err;
	return say((struct scripted *)t, out);
}

static bool ask(struct git_transport *t, struct source **out, const struct buf *request,
		struct err *err)
{
	(void)err;
	assert(request->len >= 4);
	return say((struct scripted *)t, out);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	struct scripted s = { .transport = { .greet = greet, .ask = ask },
			      .rest = { (const char *)data, len } };
	AUTO(smart_free) struct smart smart = { 0 };
	AUTO(str_list_free) struct str_list shallow = { 0 };
	AUTO(buf_free) struct buf pack = BUF_INIT(1 << 24);
	struct sink_buf to = sink_buf(&pack);
	const struct git_ref *ref;
	struct err err = { 0 };

	if (verdict(smart_open(&smart, &s.transport, &err), &err) &&
	    verdict(smart_find(&ref, &smart, "main", &err), &err)) {
		const char *want = ref->id;
		struct smart_fetch f = { .wants = &want, .want_count = 1 };

		assert(strlen(ref->id) == 40 && (!ref->peeled[0] || strlen(ref->peeled) == 40));
		if (verdict(smart_fetch(&smart, &f, &to.sink, &shallow, &err), &err))
			for (size_t i = 0; i < shallow.len; i++)
				assert(strlen(shallow.items[i]) == 40);
	}
	source_close(s.said);
	return 0;
}
