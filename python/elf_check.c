// SPDX-License-Identifier: Apache-2.0
#include "python/elf_check.h"

#include <stdlib.h>
#include <string.h>

#include "base/fs.h"
#include "base/map.h"
#include "base/mem.h"
#include "base/parallel.h"
#include "python/elf.h"

/* What a target can load, and the judgement of each file. Parsing is elf.c's. */

/* OCI architectures in ELF's words. */
static const struct machine {
	const char *architecture;
	int machine, bits;
	bool is_big_endian;
} machines[] = {
	{ "amd64", ELF_X86_64, 64, false },  { "arm64", ELF_AARCH64, 64, false },
	{ "386", ELF_386, 32, false },       { "arm", ELF_ARM, 32, false },
	{ "ppc64le", ELF_PPC64, 64, false }, { "s390x", ELF_S390, 64, true },
	{ "riscv64", ELF_RISCV, 64, false }, { "loong64", ELF_LOONGARCH, 64, false },
	{ "mips64le", ELF_MIPS, 64, false },
};

/* auditwheel's policy of manylinux_2_17, which later ones keep; and the loaders. */
static const char *const manylinux_libraries[] = {
	"libgcc_s.so.1",
	"libstdc++.so.6",
	"libm.so.6",
	"libdl.so.2",
	"librt.so.1",
	"libc.so.6",
	"libnsl.so.1",
	"libutil.so.1",
	"libpthread.so.0",
	"libX11.so.6",
	"libXext.so.6",
	"libXrender.so.1",
	"libICE.so.6",
	"libSM.so.6",
	"libGL.so.1",
	"libgobject-2.0.so.0",
	"libgthread-2.0.so.0",
	"libglib-2.0.so.0",
	"libresolv.so.2",
	"libexpat.so.1",
	"libz.so.1",
	"libatomic.so.1",
	"libmvec.so.1",
	"libanl.so.1",
	"ld-linux-x86-64.so.2",
	"ld-linux-aarch64.so.1",
	"ld-linux.so.2",
	"ld-linux-armhf.so.3",
	"ld64.so.2",
	"ld64.so.1",
	"ld-linux-riscv64-lp64d.so.1",
};
/* Of musllinux_1_1 and 1_2. */
static const char *const musllinux_libraries[] = { "libc.so", "libz.so.1", "libgcc_s.so.1",
						   "libstdc++.so.6" };

enum verdict {
	FITS,
	NOT_ELF,
	NOT_SOUND,
	OTHER_MACHINE,
	OTHER_LIBC,
	NEWER_GLIBC,
};

struct judged {
	const struct wheel *wheel;
	const struct zip_member *member;
	struct elf elf;
	enum verdict verdict;
};

struct check {
	const struct python_target *target;
	const struct machine *machine;
	struct map brought; /* base names of all files of all wheels that could be libraries */
	struct {
		struct judged *items;
		size_t len, cap;
	} files;
	bool found; /* something was said of a file */
};

static void check_free(struct check *c)
{
	for (size_t i = 0; i < c->files.len; i++)
		elf_free(&c->files.items[i].elf);
	free(c->files.items);
	map_free(&c->brought);
}

static const char *base_name(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash ? slash + 1 : path;
}

/* "x.so", "libx.so.1.2": a library by its name, as loaders and Python know them. */
static bool is_library(const char *path)
{
	const char *name = base_name(path), *so = strstr(name, ".so");

	while (so && so[3] && so[3] != '.')
		so = strstr(so + 3, ".so");
	if (!so)
		return false;
	return strspn(so + 3, "0123456789.") == strlen(so + 3);
}

static void gather(struct check *c, const struct wheel_list *wheels)
{
	for (size_t w = 0; w < wheels->len; w++) {
		const struct wheel *wheel = &wheels->items[w];

		for (size_t i = 0; i < zip_count(wheel->zip); i++) {
			const struct zip_member *m = zip_at(wheel->zip, i);

			if (m->is_dir || !is_library(m->name))
				continue;
			map_put(&c->brought, base_name(m->name), c);
			*ARRAY_PUSH(&c->files) = (struct judged){ .wheel = wheel, .member = m };
		}
	}
}

static bool open_member(void *arg, struct source **out, struct err *err)
{
	const struct judged *j = arg;

	return zip_open_member(out, j->wheel->zip, j->member, err);
}

static bool is_wrong_libc(const struct elf *e, const struct python_target *t)
{
	return t->musl ? (e->needs_glibc || e->glibc_minor >= 0) && !e->needs_musl : e->needs_musl;
}

static enum verdict judge(const struct check *c, const struct elf *e)
{
	const struct machine *m = c->machine;

	if (!e->is_elf)
		return NOT_ELF;
	if (e->bad)
		return NOT_SOUND;
	if (m && (e->machine != m->machine || e->bits != m->bits ||
		  e->is_big_endian != m->is_big_endian))
		return OTHER_MACHINE;
	if (is_wrong_libc(e, c->target))
		return OTHER_LIBC;
	return !c->target->musl && e->glibc_minor > c->target->libc_minor ? NEWER_GLIBC : FITS;
}

static bool look(void *arg, size_t job, struct err *err)
{
	struct check *c = arg;
	struct judged *j = &c->files.items[job];
	const char *name = base_name(j->member->name);
	AUTO(auto_free) char *module = mem_strndup(name, strcspn(name, "."));
	const struct elf_input in = { .open = open_member, .arg = j, .size = j->member->size };

	if (!elf_read(&j->elf, &in, module, err))
		return err_wrap(err, "%s: %s", j->wheel->filename, j->member->name);
	j->verdict = judge(c, &j->elf);
	return true;
}

/* A module with another machine's name ("_x.cpython-311-i386-linux-gnu.so") is never tried. */
static bool is_imported(const struct check *c, const struct judged *j)
{
	const char *name = base_name(j->member->name);
	const char *tag = strstr(name, ".cpython-");
	AUTO(auto_free)
	char *own =
		mem_printf(".cpython-3%d-%s", c->target->minor, python_target_machine(c->target));

	if (!j->elf.has_init)
		return false;
	return !tag || str_has_prefix(tag, own);
}

static const char *machine_name(int machine)
{
	static const struct {
		int machine;
		const char *name;
	} names[] = {
		{ ELF_X86_64, "x86_64" }, { ELF_AARCH64, "aarch64" },     { ELF_386, "i686" },
		{ ELF_ARM, "arm" },       { ELF_PPC64, "ppc64" },         { ELF_S390, "s390x" },
		{ ELF_RISCV, "riscv" },   { ELF_LOONGARCH, "loongarch" }, { ELF_MIPS, "mips" },
	};

	for (size_t i = 0; i < ARRAY_LEN(names); i++)
		if (names[i].machine == machine)
			return names[i].name;
	return "an unknown machine";
}

static void put_reason(struct buf *out, const struct check *c, const struct judged *j)
{
	const struct elf *e = &j->elf;

	switch (j->verdict) {
	case FITS:
		break;
	case NOT_ELF:
		buf_put(out, "is no ELF file");
		break;
	case NOT_SOUND:
		buf_putf(out, "is no sound ELF file: %s", e->bad);
		break;
	case OTHER_MACHINE:
		buf_putf(out, "is for %s, %d bits", machine_name(e->machine), e->bits);
		break;
	case OTHER_LIBC:
		buf_putf(out, "is built for %s", c->target->musl ? "glibc" : "musl");
		break;
	case NEWER_GLIBC:
		buf_putf(out, "needs glibc 2.%d", e->glibc_minor);
		break;
	}
}

static bool refuse(const struct check *c, const struct judged *j, struct err *err)
{
	AUTO(buf_free) struct buf reason = BUF_INIT(ERR_MSG_MAX);
	AUTO(buf_free) struct buf target = BUF_INIT(ERR_MSG_MAX);

	put_reason(&reason, c, j);
	python_target_format(&target, c->target);
	err_set(err, E_INTEGRITY, "%s: %s %s, whatever the wheel's name says; it is to run in %s",
		j->wheel->filename, j->member->name, reason.ptr, target.ptr);
	return err_hint(err,
			"take another version or build of %s; --target, --platform and --libc "
			"say where it is to run",
			j->wheel->name);
}

static void warn(struct check *c, const struct judged *j, struct events *events)
{
	AUTO(buf_free) struct buf reason = BUF_INIT(ERR_MSG_MAX);

	c->found = true;
	put_reason(&reason, c, j);
	event_warn(events, "%s: %s %s; if something loads it there, it will fail",
		   j->wheel->filename, j->member->name, reason.ptr);
}

static bool is_listed(const char *const *names, size_t count, const char *name)
{
	for (size_t i = 0; i < count; i++)
		if (str_eq(names[i], name))
			return true;
	return false;
}

static bool is_there(const struct check *c, const char *library)
{
	if (map_has(&c->brought, library))
		return true;
	if (!c->target->musl)
		return is_listed(manylinux_libraries, ARRAY_LEN(manylinux_libraries), library);
	return str_has_prefix(library, "libc.musl-") || str_has_prefix(library, "ld-musl-") ||
	       is_listed(musllinux_libraries, ARRAY_LEN(musllinux_libraries), library);
}

/* The libraries a wheel needs and nobody brings, each once, with the first file that needs it. */
static void warn_of_libraries(struct check *c, const struct judged *first, size_t count,
			      struct events *events)
{
	AUTO(str_list_free) struct str_list said = { 0 };

	for (size_t i = 0; i < count; i++) {
		const struct judged *j = &first[i];

		for (size_t k = 0; j->verdict == FITS && k < j->elf.needed.len; k++) {
			const char *library = j->elf.needed.items[k];

			if (is_there(c, library) || str_list_has(&said, library))
				continue;
			str_list_push(&said, library);
			c->found = true;
			event_warn(events,
				   "%s: %s needs %s, which no wheel here brings and not every %s "
				   "system has: the base image must have it",
				   j->wheel->filename, j->member->name, library,
				   c->target->musl ? "musllinux" : "manylinux");
		}
	}
}

/* The files of one wheel lie side by side. */
static bool judge_wheel(struct check *c, const struct judged *first, size_t count,
			struct events *events, struct err *err)
{
	bool any_fits = false;

	for (size_t i = 0; i < count; i++)
		any_fits = any_fits || first[i].verdict == FITS;
	for (size_t i = 0; i < count; i++) {
		const struct judged *j = &first[i];

		if (j->verdict == FITS || j->verdict == NOT_ELF)
			continue;
		if (j->verdict != NOT_SOUND && (!any_fits || is_imported(c, j)))
			return refuse(c, j, err);
		warn(c, j, events);
	}
	warn_of_libraries(c, first, count, events);
	return true;
}

static bool judge_all(struct check *c, struct events *events, struct err *err)
{
	size_t end;

	for (size_t i = 0; i < c->files.len; i = end) {
		for (end = i + 1; end < c->files.len; end++)
			if (c->files.items[end].wheel != c->files.items[i].wheel)
				break;
		if (!judge_wheel(c, c->files.items + i, end - i, events, err))
			return false;
	}
	return true;
}

/* --- what a store remembers: an empty file a set of wheels --- */

#define MEMO_DIR "cache/loadable"

struct memo_name {
	char text[2 * SHA256_SIZE + 1];
};

/* Wheels are in their order, which is by name. */
static struct memo_name memo_of(const struct wheel_list *wheels, const struct python_target *t)
{
	/* raised when files are judged otherwise */
	static const char format[] = "rtbuild loadable 1";
	AUTO(buf_free) struct buf target = BUF_INIT(ERR_MSG_MAX);
	unsigned char hash[SHA256_SIZE];
	struct memo_name name;
	struct sha256 s;

	python_target_format(&target, t);
	sha256_init(&s);
	sha256_update(&s, format, sizeof(format));
	sha256_update(&s, target.ptr, target.len + 1);
	for (size_t i = 0; i < wheels->len; i++)
		sha256_update(&s, wheels->items[i].hash, SHA256_SIZE);
	sha256_final(&s, hash);
	hex_format(name.text, hash, sizeof(hash));
	return name;
}

static bool is_remembered(struct store *store, const struct memo_name *name)
{
	AUTO(auto_close) int dir = -1;
	struct err ignored = { 0 };

	return store && store_subdir(&dir, store, MEMO_DIR, &ignored) && fs_exists(dir, name->text);
}

bool elf_check_wheels(const struct wheel_list *wheels, const struct python_target *t,
		      struct store *store, struct events *events, struct err *err)
{
	AUTO(check_free) struct check c = { .target = t };
	struct memo_name name = memo_of(wheels, t);

	for (size_t i = 0; i < ARRAY_LEN(machines); i++)
		if (str_eq(machines[i].architecture, t->platform.architecture))
			c.machine = &machines[i];
	gather(&c, wheels);
	if (!c.files.len || is_remembered(store, &name))
		return true;
	if (!parallel_run(c.files.len, parallel_cpus(), look, &c, err) ||
	    !judge_all(&c, events, err))
		return false;
	return !store || c.found || store_put_file(store, MEMO_DIR, name.text, "", 0, 0644, err);
}
