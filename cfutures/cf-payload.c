/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Payloads: values too large for a ring cross over as sealed memfds.
 *
 * The sender writes the data into a memfd and seals it, so that nobody can change, shrink or grow it any more;
 * the receiver checks the seals, maps it, and has a value whose data are these pages, without a copy. The map
 * goes when the last reference to the value does. Unsealed memory is refused: its owner could shrink it, and
 * whoever reads it then is killed by SIGBUS. */

#include "config.h"

#include "cf-payload-private.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <gio/gio.h>
#include <glib/gi18n-lib.h>
#include <glib/gstdio.h>

#include "cf-error.h"

#define SEALS (F_SEAL_SEAL | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE)

static gboolean
write_all (int           descriptor,
           const guint8 *data,
           gsize         size)
{
  while (size > 0)
    {
      gssize n = write (descriptor, data, size);

      if (n < 0 && errno == EINTR)
        continue;
      if (n < 0)
        return FALSE;

      data += n;
      size -= n;
    }

  return TRUE;
}

/**
 * cf_payload_create:
 * @value: a value
 * @error: return location for a `GIOErrorEnum`
 *
 * Returns: a sealed memfd with the value's data, for the caller to close, or -1
 */
int
cf_payload_create (GVariant  *value,
                   GError   **error)
{
  int descriptor = memfd_create ("cfutures-payload", MFD_CLOEXEC | MFD_ALLOW_SEALING);

  if (descriptor >= 0 &&
      write_all (descriptor, g_variant_get_data (value), g_variant_get_size (value)) &&
      fcntl (descriptor, F_ADD_SEALS, SEALS) == 0)
    return descriptor;

  g_set_error (error, G_IO_ERROR, g_io_error_from_errno (errno),
               _("A value of %" G_GSIZE_FORMAT " bytes cannot be put into shared memory: %s"),
               g_variant_get_size (value), g_strerror (errno));
  if (descriptor >= 0)
    g_close (descriptor, NULL);
  return -1;
}

typedef struct
{
  gpointer address;
  gsize    size;
} Map;

static void
unmap (gpointer data)
{
  Map *map = data;

  munmap (map->address, map->size);
  g_free (map);
}

static gboolean
check_payload (int      descriptor,
               gsize    size,
               GError **error)
{
  struct stat status;

  if ((fcntl (descriptor, F_GET_SEALS) & SEALS) == SEALS &&
      fstat (descriptor, &status) == 0 && status.st_size >= 0 && (gsize) status.st_size == size)
    return TRUE;

  g_set_error_literal (error, CF_ERROR, CF_ERROR_PROTOCOL, _("A payload is not sealed, or not of the size announced"));
  return FALSE;
}

/**
 * cf_payload_map:
 * @descriptor: what is said to be a sealed memfd, which stays the caller's
 * @type: of the value
 * @size: how many bytes it is said to be
 * @is_trusted: whether the data are known to be in normal form
 * @error: return location for a `CF_ERROR_PROTOCOL` or a `GIOErrorEnum`
 *
 * Returns: (transfer full) (nullable): the value
 */
GVariant *
cf_payload_map (int                  descriptor,
                const GVariantType  *type,
                gsize                size,
                gboolean             is_trusted,
                GError             **error)
{
  gpointer address;
  Map *map;

  if (!check_payload (descriptor, size, error))
    return NULL;

  /* Private, for older kernels refuse to share what is sealed. The pages are the same. */
  address = mmap (NULL, size, PROT_READ, MAP_PRIVATE, descriptor, 0);
  if (address == MAP_FAILED)
    {
      g_set_error (error, G_IO_ERROR, g_io_error_from_errno (errno),
                   _("A value of %" G_GSIZE_FORMAT " bytes cannot be mapped: %s"), size, g_strerror (errno));
      return NULL;
    }

  map = g_new (Map, 1);
  map->address = address;
  map->size = size;
  return g_variant_take_ref (g_variant_new_from_data (type, address, size, is_trusted, unmap, map));
}
