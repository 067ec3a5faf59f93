// SPDX-License-Identifier: Apache-2.0
#ifndef PYTHON_ELF_CHECK_H
#define PYTHON_ELF_CHECK_H

#include "base/event.h"
#include "image/store.h"
#include "python/target.h"
#include "python/wheels.h"

/*
 * Whether the shared objects of some wheels can be loaded where they will run: tags are promises,
 * and some are wrong. Of every member named *.so or *.so.N, by its own headers:
 *
 *   an error (E_INTEGRITY), when an extension module, or all of a wheel, is for another machine or
 * C library, or asks for a newer glibc than the target has; a warning, when a library is needed
 * that neither these wheels bring nor every target of the kind has (the allow-lists of PEP 600 and
 * 656 by auditwheel), when a part that is no module does not fit (wheels may carry code for several
 * machines), and when it is no sound ELF file.
 *
 * Each names the wheel, the file, what is wrong and the cure. Wheels whose tags say "any" platform
 * are looked at, too.
 *
 * Reading them all takes as long as unpacking them, so that a store (may be NULL) remembers sets of
 * wheels nothing was found in, by their hashes.
 */
MUST_CHECK bool elf_check_wheels(const struct wheel_list *wheels, const struct python_target *t,
				 struct store *store, struct events *events, struct err *err);

#endif
