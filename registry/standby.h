// SPDX-License-Identifier: Apache-2.0
#ifndef REGISTRY_STANDBY_H
#define REGISTRY_STANDBY_H

#include "registry/upload.h"

/*
 * Upload sessions opened before there is anything to send, which saves a push a round trip: beside
 * the request for a base's configuration (registry_pull), while the layer is still to be made. Only
 * when that is to be fetched: on a base this machine has worked with before, the push may well find
 * that all is there. Whoever pushes says where, and who knows that no step takes long says when; a
 * session should not idle (facts: registries forget it).
 */
/* A push of new blobs to `to` will follow. A second repository: then none are opened. */
void registry_standby_for(struct registry *r, const struct reference *to);
/* And it will follow soon. */
void registry_standby_soon(struct registry *r);

/* Inside registry/. */
/* Whether sessions are to be opened now; true once. */
bool standby_begins(struct registry *r);
/* Open one of them, of STANDBY_SESSIONS. That it cannot be had is for the push itself to say. */
void standby_open(struct registry *r, size_t i);
/* One that nobody has, of this repository; NULL: none. */
struct upload *standby_take(struct registry *r, const struct reference *to);
/* Those that nobody needed are cancelled. */
void standby_close(struct registry *r);

#endif
