// SPDX-License-Identifier: Apache-2.0
#include "sandbox/probe_program.h"

#include <fcntl.h>

#include "base/fs.h"

/* The bytes of a program. Why one is run is probe.c's. */

/*
 * A static program that exits with 0, small enough to be written down: an ELF header, one program
 * header, three instructions. The root of a probe has nothing else, and nothing of the host may be
 * run in it.
 */
static const unsigned char probe_program[] = {
	0x7f, 'E',  'L',  'F',  2,    1,    1,    0,    0, 0, 0,    0, 0, 0, 0, 0, /* 64 bit, little
										      endian */
	2,    0,                                                                   /* executable */
#if defined(__aarch64__)
	183,  0,
#else
	62,   0,                   /* x86-64 */
#endif
	1,    0,    0,    0,    0x78, 0,    0x40, 0,    0, 0, 0,    0, /* entry: behind the headers,
									  at 4 MiB */
	0x40, 0,    0,    0,    0,    0,    0,    0,    0, 0, 0,    0, 0, 0, 0, 0,    0,
	0,    0,    0,    0x40, 0,    0x38, 0,    1,    0, 0, 0,    0, 0, 0, 0, /* one program
										   header of 56
										   bytes */
	1,    0,    0,    0,    5,    0,    0,    0, /* PT_LOAD, read and execute */
	0,    0,    0,    0,    0,    0,    0,    0,    0, 0, 0x40, 0, 0, 0, 0, 0,    0,
	0,    0x40, 0,    0,    0,    0,    0,    0x84, 0, 0, 0,    0, 0, 0, 0, 0x84, 0,
	0,    0,    0,    0,    0,    0,    0,    0x10, 0, 0, 0,    0, 0, 0,
#if defined(__aarch64__)
	0x00, 0x00, 0x80, 0xd2, /* mov x0, #0 */
	0xa8, 0x0b, 0x80, 0xd2, /* mov x8, #93 (exit) */
	0x01, 0x00, 0x00, 0xd4, /* svc #0 */
#else
	0x31, 0xff,                /* xor edi, edi */
	0xb8, 0x3c, 0,    0,    0, /* mov eax, 60 (exit) */
	0x0f, 0x05,                /* syscall */
	0xcc, 0xcc, 0xcc,
#endif
};

bool probe_program_plant(int root, struct err *err)
{
	AUTO(auto_close) int fd = -1;

	return fs_open(&fd, root, PROBE_PROGRAM, O_WRONLY | O_CREAT | O_EXCL, 0755, FS_IN_ROOT,
		       err) &&
	       fs_write_all(fd, probe_program, sizeof(probe_program), err);
}
