// SPDX-License-Identifier: Apache-2.0
#include "extend/pickle.h"

#include <string.h>

#include "base/mem.h"
#include "extend/identifier.h"

/* Two small pickles, byte by byte. By-value functions (closures, lambdas) cannot be made this way:
 * value.c has the user's Python make the inner one. */

/* Opcodes of pickletools.py. */
enum opcode {
	OP_PROTO = 0x80,
	OP_EMPTY_DICT = '}',
	OP_BINUNICODE = 'X',        /* length in 4 bytes, little-endian */
	OP_SHORT_BINUNICODE = 0x8c, /* length in 1 byte */
	OP_SHORT_BINBYTES = 'C',
	OP_BINBYTES = 'B',
	OP_GLOBAL = 'c', /* two lines: module, name */
	OP_STACK_GLOBAL = 0x93,
	OP_SETITEM = 's',
	OP_STOP = '.',
};

static void put_length(struct buf *out, size_t len)
{
	for (int shift = 0; shift < 32; shift += 8)
		buf_put_byte(out, (unsigned char)(len >> shift));
}

/* `small` when the length fits a byte, else `large`. */
static void put_sized(struct buf *out, enum opcode small, enum opcode large, const char *data,
		      size_t len)
{
	if (len <= 0xff) {
		buf_put_byte(out, (unsigned char)small);
		buf_put_byte(out, (unsigned char)len);
	} else {
		buf_put_byte(out, (unsigned char)large);
		put_length(out, len);
	}
	buf_put_bytes(out, data, len);
}

static void put_text(struct buf *out, const char *text)
{
	buf_put_byte(out, OP_BINUNICODE);
	put_length(out, strlen(text));
	buf_put(out, text);
}

static void put_reference(struct buf *out, const char *module, const char *function)
{
	if (strchr(function, '.')) {
		buf_put_byte(out, OP_PROTO);
		buf_put_byte(out, 4);
		put_sized(out, OP_SHORT_BINUNICODE, OP_BINUNICODE, module, strlen(module));
		put_sized(out, OP_SHORT_BINUNICODE, OP_BINUNICODE, function, strlen(function));
		buf_put_byte(out, OP_STACK_GLOBAL);
	} else {
		buf_put_byte(out, OP_GLOBAL);
		buf_putf(out, "%s\n%s\n", module, function);
	}
	buf_put_byte(out, OP_STOP);
}

bool pickle_reference(struct buf *out, const char *module, const char *function, struct err *err)
{
	if (!identifier_check_dotted(module, "module", err) ||
	    !identifier_check_dotted(function, "function", err))
		return false;
	put_reference(out, module, function);
	return true;
}

static void put_files(struct buf *out, const struct pickle_file *files, size_t count)
{
	put_text(out, "module_data");
	buf_put_byte(out, OP_EMPTY_DICT);
	for (size_t i = 0; i < count; i++) {
		AUTO(auto_free)
		char *text = str_base64_encode(files[i].bytes.ptr, files[i].bytes.len);

		put_text(out, files[i].path);
		put_text(out, text);
		buf_put_byte(out, OP_SETITEM);
	}
	buf_put_byte(out, OP_SETITEM);
}

void pickle_payload(struct buf *out, struct slice function, const struct pickle_file *files,
		    size_t count)
{
	buf_put_byte(out, OP_PROTO);
	buf_put_byte(out, 3);
	buf_put_byte(out, OP_EMPTY_DICT);
	put_text(out, "func");
	put_sized(out, OP_SHORT_BINBYTES, OP_BINBYTES, function.ptr, function.len);
	buf_put_byte(out, OP_SETITEM);
	if (count)
		put_files(out, files, count);
	buf_put_byte(out, OP_STOP);
}

bool pickle_function(struct buf *out, const char *module, const char *function, struct err *err)
{
	AUTO(buf_free) struct buf inner = BUF_INIT(SIZE_MAX / 2);

	if (!pickle_reference(&inner, module, function, err))
		return false;
	pickle_payload(out, (struct slice){ .ptr = inner.ptr, .len = inner.len }, NULL, 0);
	return true;
}
