// SPDX-License-Identifier: Apache-2.0
#include "builder/foreign.h"

#include <stdio.h>
#include <string.h>

#include "base/fs.h"
#include "base/limits.h"
#include "base/mem.h"

/* Programs of other processors: asked before anything is fetched for them. */

static const char binfmt_misc[] = "/proc/sys/fs/binfmt_misc";

enum { ELF_HEADER = 20 };

/* What an executable's first bytes say (ELF, "ELF Header"): e_ident, e_type, e_machine. */
struct machine {
	const char *architecture;
	unsigned char bits;  /* EI_CLASS: 1 is 32 bits, 2 is 64 */
	unsigned char order; /* EI_DATA: 1 is little endian, 2 big */
	unsigned short number;
	const char *native_on; /* a processor that runs them too */
};
/* clang-format off */
static const struct machine machines[] = {
	{ "386",      1, 1, 3,   "amd64" },
	{ "amd64",    2, 1, 62,  NULL },
	{ "arm",      1, 1, 40,  "arm64" },
	{ "arm64",    2, 1, 183, NULL },
	{ "loong64",  2, 1, 258, NULL },
	{ "mips",     1, 2, 8,   NULL },
	{ "mipsle",   1, 1, 8,   NULL },
	{ "mips64",   2, 2, 8,   NULL },
	{ "mips64le", 2, 1, 8,   NULL },
	{ "ppc64",    2, 2, 21,  NULL },
	{ "ppc64le",  2, 1, 21,  NULL },
	{ "riscv64",  2, 1, 243, NULL },
	{ "s390x",    2, 2, 22,  NULL },
};
/* clang-format on */

static const struct machine *find_machine(const char *architecture)
{
	for (size_t i = 0; i < ARRAY_LEN(machines); i++)
		if (str_eq(machines[i].architecture, architecture))
			return &machines[i];
	return NULL;
}

static void elf_header(unsigned char out[ELF_HEADER], const struct machine *m)
{
	static const unsigned char magic[] = { 0x7f, 'E', 'L', 'F' };
	bool big = m->order == 2;

	memset(out, 0, ELF_HEADER);
	memcpy(out, magic, sizeof(magic));
	out[4] = m->bits;
	out[5] = m->order;
	out[6] = 1;                  /* EV_CURRENT */
	out[16 + (big ? 1 : 0)] = 2; /* ET_EXEC */
	out[18 + (big ? 1 : 0)] = (unsigned char)(m->number & 0xff);
	out[18 + (big ? 0 : 1)] = (unsigned char)(m->number >> 8);
}

/* One registered handler, as its file says it. */
struct handler {
	bool enabled, is_open;
	struct slice interpreter, magic, mask;
	uint64_t offset;
};

static void parse_handler(struct handler *out, struct slice text)
{
	*out = (struct handler){ 0 };
	while (text.len) {
		struct slice line = slice_cut(text, '\n', &text);
		struct slice value;
		struct slice key = slice_cut(line, ' ', &value);

		if (slice_eq(key, "enabled"))
			out->enabled = true;
		else if (slice_eq(key, "interpreter"))
			out->interpreter = value;
		else if (slice_eq(key, "flags:"))
			out->is_open = value.ptr && memchr(value.ptr, 'F', value.len);
		else if (slice_eq(key, "offset") && !str_to_u64(&out->offset, value, 256))
			out->enabled = false;
		else if (slice_eq(key, "magic"))
			out->magic = value;
		else if (slice_eq(key, "mask"))
			out->mask = value;
	}
}

static bool hex_byte(unsigned char *out, struct slice hex, size_t i)
{
	static const char digits[] = "0123456789abcdef";
	const char *high, *low;

	if (2 * i + 2 > hex.len)
		return false;
	high = memchr(digits, hex.ptr[2 * i], 16);
	low = memchr(digits, hex.ptr[2 * i + 1], 16);
	if (!high || !low)
		return false;
	*out = (unsigned char)((high - digits) << 4 | (low - digits));
	return true;
}

static bool takes(const struct handler *h, const unsigned char header[ELF_HEADER])
{
	size_t len = h->magic.len / 2;

	if (!h->enabled || !h->interpreter.len || !len || h->offset + len > ELF_HEADER)
		return false;
	for (size_t i = 0; i < len; i++) {
		unsigned char magic, mask = 0xff;

		if (!hex_byte(&magic, h->magic, i) ||
		    (h->mask.len && !hex_byte(&mask, h->mask, i)) ||
		    ((header[h->offset + i] ^ magic) & mask))
			return false;
	}
	return true;
}

static void look(struct foreign *out, int dir, const char *name,
		 const unsigned char header[ELF_HEADER])
{
	AUTO(buf_free) struct buf text = BUF_INIT(8 * KIB);
	struct err ignored = { 0 };
	struct handler h;

	if (str_eq(name, "register") || str_eq(name, "status") ||
	    !fs_read(&text, dir, name, text.max, FS_BENEATH_NOLINK, &ignored))
		return;
	parse_handler(&h, (struct slice){ text.ptr, text.len });
	if (!takes(&h, header) || h.interpreter.len >= sizeof(out->interpreter))
		return;
	out->how = h.is_open ? FOREIGN_HANDLER : FOREIGN_INSIDE;
	snprintf(out->interpreter, sizeof(out->interpreter), SLICE_FMT, SLICE_ARG(h.interpreter));
}

static bool is_switched_off(int dir)
{
	AUTO(buf_free) struct buf text = BUF_INIT(64);
	struct err ignored = { 0 };

	return fs_read(&text, dir, "status", text.max, FS_BENEATH_NOLINK, &ignored) &&
	       str_has_prefix(text.ptr, "disabled");
}

void foreign_find(struct foreign *out, const struct platform *want, const char *binfmt)
{
	const struct machine *machine = find_machine(want->architecture);
	AUTO(str_list_free) struct str_list names = { 0 };
	AUTO(auto_close) int dir = -1;
	struct platform host = platform_host();
	unsigned char header[ELF_HEADER];
	struct err ignored = { 0 };

	*out = (struct foreign){ .how = FOREIGN_NOT };
	if (!str_eq(want->os, host.os))
		return;
	if (str_eq(want->architecture, host.architecture) ||
	    (machine && machine->native_on && str_eq(machine->native_on, host.architecture))) {
		out->how = FOREIGN_NATIVE;
		return;
	}
	if (!machine || !fs_open_dir(&dir, binfmt ? binfmt : binfmt_misc, &ignored) ||
	    is_switched_off(dir) || !fs_list(&names, dir, ".", FS_BENEATH_NOLINK, &ignored))
		return;
	elf_header(header, machine);
	for (size_t i = 0; out->how != FOREIGN_HANDLER && i < names.len; i++)
		look(out, dir, names.items[i], header);
}

bool foreign_refuse(const struct dockerfile *file, const struct instruction *in,
		    const struct platform *platform, struct err *err)
{
	err_set(err, E_UNSUPPORTED, "RUN for %s: this machine cannot run its programs",
		platform_format(platform).text);
	err_hint(err, "begin the stage with FROM --platform=$BUILDPLATFORM, or install "
		      "qemu-user-static");
	return dockerfile_at(file, in->place, 3, err);
}

bool foreign_check(const struct plan *p, struct err *err)
{
	for (size_t i = 0; i < p->stage_count; i++) {
		const struct plan_stage *s = &p->stages[i];
		struct foreign way = { .how = FOREIGN_NATIVE };

		if (s->used)
			foreign_find(&way, &s->platform, NULL);
		for (size_t k = 0; way.how == FOREIGN_NOT && k < s->instruction_count; k++)
			if (s->instructions[k].kind == INSTRUCTION_RUN)
				return foreign_refuse(p->file, &s->instructions[k], &s->platform,
						      err);
	}
	return true;
}
