// SPDX-License-Identifier: Apache-2.0
#include "extend/pickle.h"

#include <string.h>

#include "extend/identifier.h"

/* Two small pickles, byte by byte. By-value functions (closures, lambdas) cannot be made this way.
 */

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

bool pickle_function(struct buf *out, const char *module, const char *function, struct err *err)
{
	static const char key[] = "func";
	AUTO(buf_free) struct buf inner = BUF_INIT(SIZE_MAX / 2);

	if (!identifier_check_dotted(module, "module", err) ||
	    !identifier_check_dotted(function, "function", err))
		return false;
	put_reference(&inner, module, function);
	buf_put_byte(out, OP_PROTO);
	buf_put_byte(out, 3);
	buf_put_byte(out, OP_EMPTY_DICT);
	buf_put_byte(out, OP_BINUNICODE);
	put_length(out, sizeof(key) - 1);
	buf_put(out, key);
	put_sized(out, OP_SHORT_BINBYTES, OP_BINBYTES, inner.ptr, inner.len);
	buf_put_byte(out, OP_SETITEM);
	buf_put_byte(out, OP_STOP);
	return true;
}
