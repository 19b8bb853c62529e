/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* A file that appears under its name when it is complete, and never before. */

#pragma once

#include <gio/gio.h>

G_BEGIN_DECLS

typedef struct _FetchOutputFile FetchOutputFile;

FetchOutputFile *fetch_output_file_create  (const char       *path,
                                            GCancellable     *cancellable,
                                            GError          **error);
gboolean         fetch_output_file_write   (FetchOutputFile  *self,
                                            const void       *data,
                                            gsize             size,
                                            GCancellable     *cancellable,
                                            GError          **error);
gboolean         fetch_output_file_keep    (FetchOutputFile  *self,
                                            GCancellable     *cancellable,
                                            GError          **error);
void             fetch_output_file_free    (FetchOutputFile  *self);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (FetchOutputFile, fetch_output_file_free)

G_END_DECLS
