/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* One attempt to fetch one URL: the function that the pool's threads run. */

#pragma once

#include <stdatomic.h>

#include <cfutures.h>
#include <libsoup/soup.h>

G_BEGIN_DECLS

typedef struct
{
  char           *url;
  char           *path;            /* where the body goes; NULL: it is counted and dropped */
  SoupSession    *session;
  _Atomic gint64  started_usec;    /* when its first attempt began; 0 before that */
} FetchRequest;

/* The HTTP status, the number of bytes, and how long the first of them took in microseconds. */
#define FETCH_REPLY_FORMAT "(utx)"

/* The answer of a server that did not send what was asked for: the code is the HTTP status. */
#define FETCH_HTTP_ERROR (fetch_http_error_quark ())

FetchRequest *fetch_request_new             (const char    *url,
                                             const char    *path,
                                             SoupSession   *session);
void          fetch_request_free            (FetchRequest  *self);

GQuark        fetch_http_error_quark        (void);

gboolean      fetch_transfer                (CfFuture      *future,
                                             GValue        *result,
                                             gpointer       user_data,
                                             GError       **error);
gboolean      fetch_transfer_may_be_retried (const GError  *failure);

G_END_DECLS
