/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* What the command line asked for. */

#pragma once

#include <glib.h>

G_BEGIN_DECLS

typedef struct
{
  int      n_jobs;
  gint64   timeout_usec;   /* for one attempt; -1 for no limit */
  int      n_retries;
  char    *directory;      /* NULL: the bodies are counted and dropped */
  char   **urls;           /* NULL: none were given */
} FetchOptions;

FetchOptions *fetch_options_parse (char         **arguments,
                                   GError       **error);
void          fetch_options_free  (FetchOptions  *self);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (FetchOptions, fetch_options_free)

G_END_DECLS
