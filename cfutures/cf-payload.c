/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Payloads: values too large for a ring cross over as sealed memfds.
 *
 * The sender writes the data into a memfd and seals it, so that nobody can change, shrink or grow it any more;
 * the receiver checks the seals, maps it, and has a value whose data are these pages, without a copy. The map
 * goes when the last reference to the value does. Unsealed memory is refused: its owner could shrink it, and
 * whoever reads it then is killed by SIGBUS.
 *
 * A value that came as a payload, or a part of it, and goes on to another process (a result that is the argument of
 * the next call, an argument that is returned) is not written again: the memfd itself is passed on, with the place
 * in it. For that the descriptors of the largest payloads are kept as long as they are mapped, a few at most, in a
 * list under a mutex. */

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
#include "cf-mutex-private.h"

#define SEALS (F_SEAL_SEAL | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE)

/* What is worth a descriptor, and how many of them. */
#define MIN_KEPT_SIZE (1024 * 1024)
#define MAX_KEPT      32

typedef struct
{
  guint8 *address;
  gsize   size;
  gsize   lead;         /* how far before the value's data the pages begin */
  guint64 offset;       /* of these data in the memfd */
  int     descriptor;   /* kept, or -1 */
  GList   link;
} Map;

static struct
{
  CfMutex mutex;
  GQueue  maps;         /* those with descriptors */
} kept;

/* Passing on. */

static void
keep_descriptor (Map *map,
                 int  descriptor)
{
  if (map->size < MIN_KEPT_SIZE)
    return;

  cf_mutex_lock (&kept.mutex);
  if (kept.maps.length < MAX_KEPT)
    {
      map->descriptor = fcntl (descriptor, F_DUPFD_CLOEXEC, 0);
      if (map->descriptor >= 0)
        g_queue_push_tail_link (&kept.maps, &map->link);
    }
  cf_mutex_unlock (&kept.mutex);
}

static void
let_go_descriptor (Map *map)
{
  if (map->descriptor < 0)
    return;

  cf_mutex_lock (&kept.mutex);
  g_queue_unlink (&kept.maps, &map->link);
  cf_mutex_unlock (&kept.mutex);

  g_close (map->descriptor, NULL);
}

static gboolean
contains (const Map    *map,
          const guint8 *data,
          gsize         size)
{
  return data >= map->address && size <= map->size && (gsize) (data - map->address) <= map->size - size &&
         (data - map->address) % 8 == 0;
}

/* The memfd that the data are in already, or -1. The value keeps it mapped. */
static int
find_descriptor (const guint8 *data,
                 gsize         size,
                 guint64      *offset)
{
  int descriptor = -1;

  cf_mutex_lock (&kept.mutex);
  for (GList *link = kept.maps.head; link != NULL && descriptor < 0; link = link->next)
    {
      Map *map = link->data;

      if (contains (map, data, size))
        {
          descriptor = fcntl (map->descriptor, F_DUPFD_CLOEXEC, 0);
          *offset = map->offset + (guint64) (data - map->address);
        }
    }
  cf_mutex_unlock (&kept.mutex);

  return descriptor;
}

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
 * @offset: (out): where in the memfd its data begin
 * @error: return location for a `GIOErrorEnum`
 *
 * Returns: a sealed memfd with the value's data, for the caller to close, or -1
 */
int
cf_payload_create (GVariant  *value,
                   guint64   *offset,
                   GError   **error)
{
  const guint8 *data = g_variant_get_data (value);
  gsize size = g_variant_get_size (value);
  int descriptor = find_descriptor (data, size, offset);

  if (descriptor >= 0)
    return descriptor;

  *offset = 0;
  descriptor = memfd_create ("cfutures-payload", MFD_CLOEXEC | MFD_ALLOW_SEALING);
  if (descriptor >= 0 &&
      write_all (descriptor, data, size) &&
      fcntl (descriptor, F_ADD_SEALS, SEALS) == 0)
    return descriptor;

  g_set_error (error, G_IO_ERROR, g_io_error_from_errno (errno),
               _("A value of %lu bytes cannot be put into shared memory: %s"), (gulong) size, g_strerror (errno));
  if (descriptor >= 0)
    g_close (descriptor, NULL);
  return -1;
}

static void
unmap (gpointer data)
{
  Map *map = data;

  let_go_descriptor (map);
  munmap (map->address - map->lead, map->lead + map->size);
  g_free (map);
}

static gboolean
check_payload (int       descriptor,
               guint64   offset,
               gsize     size,
               GError  **error)
{
  struct stat status;

  if ((fcntl (descriptor, F_GET_SEALS) & SEALS) == SEALS &&
      fstat (descriptor, &status) == 0 && status.st_size >= 0 &&
      offset % 8 == 0 && offset <= (guint64) status.st_size && size <= (guint64) status.st_size - offset)
    return TRUE;

  g_set_error_literal (error, CF_ERROR, CF_ERROR_PROTOCOL, _("A payload is not sealed, or not of the size announced"));
  return FALSE;
}

/**
 * cf_payload_map:
 * @descriptor: what is said to be a sealed memfd, which stays the caller's
 * @type: of the value
 * @offset: where its data are said to begin
 * @size: how many bytes they are said to be
 * @is_trusted: whether the data are known to be in normal form
 * @error: return location for a `CF_ERROR_PROTOCOL` or a `GIOErrorEnum`
 *
 * Returns: (transfer full) (nullable): the value
 */
GVariant *
cf_payload_map (int                  descriptor,
                const GVariantType  *type,
                guint64              offset,
                gsize                size,
                gboolean             is_trusted,
                GError             **error)
{
  gsize lead = offset % (guint64) sysconf (_SC_PAGESIZE);
  guint8 *pages;
  Map *map;

  if (!check_payload (descriptor, offset, size, error))
    return NULL;

  /* Private, for older kernels refuse to share what is sealed. The pages are the same. */
  pages = mmap (NULL, lead + size, PROT_READ, MAP_PRIVATE, descriptor, (off_t) (offset - lead));
  if (pages == MAP_FAILED)
    {
      g_set_error (error, G_IO_ERROR, g_io_error_from_errno (errno),
                   _("A value of %lu bytes cannot be mapped: %s"), (gulong) size, g_strerror (errno));
      return NULL;
    }

  map = g_new0 (Map, 1);
  map->address = pages + lead;
  map->size = size;
  map->lead = lead;
  map->offset = offset;
  map->descriptor = -1;
  map->link.data = map;
  keep_descriptor (map, descriptor);

  return g_variant_take_ref (g_variant_new_from_data (type, map->address, size, is_trusted, unmap, map));
}
