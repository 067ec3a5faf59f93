// SPDX-License-Identifier: Apache-2.0
#ifndef BASE_BANNED_H
#define BASE_BANNED_H

/* Included before everything else by the Makefile: the functions nobody here may call. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* clang makes macros of some of them when fortified; gcc and tools/check-banned see them all. */
#ifndef __clang__
#pragma GCC poison strcpy strcat sprintf vsprintf gets strtok strncpy strncat
#pragma GCC poison atoi atol atoll tmpnam mktemp setlocale
#endif

#endif
