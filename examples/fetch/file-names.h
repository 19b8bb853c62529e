/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Makes names for files out of URLs. */

#pragma once

#include <glib.h>

G_BEGIN_DECLS

typedef struct _FetchFileNames FetchFileNames;

FetchFileNames *fetch_file_names_new  (void);
void            fetch_file_names_free (FetchFileNames *self);

char           *fetch_file_names_make (FetchFileNames *self,
                                       const char     *url);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (FetchFileNames, fetch_file_names_free)

G_END_DECLS
