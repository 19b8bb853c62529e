/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* A file that is written under a temporary name, in the directory where it will be, and renamed by
 * fetch_output_file_keep(). One that is freed without having been kept leaves nothing behind. It is used by one thread
 * at a time.
 *
 *   create ── write … write ── keep ── free      DIR/.b.html.<uuid>.part becomes DIR/b.html
 *   create ── write … write ─────────── free     DIR/.b.html.<uuid>.part is deleted
 */

#include "output-file.h"

struct _FetchOutputFile
{
  GFile         *final;
  GFile         *temporary;   /* NULL once kept */
  GOutputStream *stream;
};

static gboolean
prefix_failure (FetchOutputFile  *self,
                GError          **error)
{
  g_prefix_error (error, "Cannot write %s: ", g_file_peek_path (self->final));

  return FALSE;
}

FetchOutputFile *
fetch_output_file_create (const char    *path,
                          GCancellable  *cancellable,
                          GError       **error)
{
  g_autoptr(FetchOutputFile) self = g_new0 (FetchOutputFile, 1);
  g_autofree char *uuid = g_uuid_string_random ();
  g_autofree char *directory = g_path_get_dirname (path);
  g_autofree char *name = g_path_get_basename (path);
  g_autofree char *temporary_name = g_strdup_printf (".%s.%s.part", name, uuid);
  g_autoptr(GFile) temporary = g_file_new_build_filename (directory, temporary_name, NULL);
  GFileOutputStream *stream;

  self->final = g_file_new_for_path (path);
  stream = g_file_create (temporary, G_FILE_CREATE_NONE, cancellable, error);

  if (stream == NULL)
    {
      prefix_failure (self, error);
      return NULL;
    }

  self->stream = G_OUTPUT_STREAM (stream);
  self->temporary = g_steal_pointer (&temporary);

  return g_steal_pointer (&self);
}

gboolean
fetch_output_file_write (FetchOutputFile  *self,
                         const void       *data,
                         gsize             size,
                         GCancellable     *cancellable,
                         GError          **error)
{
  if (!g_output_stream_write_all (self->stream, data, size, NULL, cancellable, error))
    return prefix_failure (self, error);

  return TRUE;
}

gboolean
fetch_output_file_keep (FetchOutputFile  *self,
                        GCancellable     *cancellable,
                        GError          **error)
{
  if (!g_output_stream_close (self->stream, cancellable, error) ||
      !g_file_move (self->temporary, self->final,
                    G_FILE_COPY_OVERWRITE | G_FILE_COPY_NO_FALLBACK_FOR_MOVE,
                    cancellable, NULL, NULL, error))
    return prefix_failure (self, error);

  g_clear_object (&self->temporary);

  return TRUE;
}

void
fetch_output_file_free (FetchOutputFile *self)
{
  g_clear_object (&self->stream);

  if (self->temporary != NULL)
    g_file_delete (self->temporary, NULL, NULL);

  g_clear_object (&self->temporary);
  g_clear_object (&self->final);
  g_free (self);
}
