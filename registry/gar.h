// SPDX-License-Identifier: Apache-2.0
#ifndef REGISTRY_GAR_H
#define REGISTRY_GAR_H

#include "net/http.h"
#include "registry/credentials.h"

/* Google's Artifact Registry and Container Registry: gcr.io, *.gcr.io, *.pkg.dev. */
bool gar_is_host(const char *host);

/*
 * The user oauth2accesstoken with an access token, kept in memory only, from the application
 * default credentials (google.aip.dev/auth/4110): the file $GOOGLE_APPLICATION_CREDENTIALS, else
 * application_default_credentials.json of gcloud ($CLOUDSDK_CONFIG, ~/.config/gcloud), being a
 * service account's key (a JWT signed by it, RFC 7523) or a user's (its refresh token); else, on
 * Google's machines, their metadata server ($GCE_METADATA_HOST). None: success, both empty.
 */
MUST_CHECK bool gar_login(struct credential *out, char **where_out, struct http *http,
			  const char *host, struct events *events, struct err *err);

#endif
