/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Payloads: values of more than CF_CHANNEL_MAX_INLINE bytes cross over as sealed memfds.
 *
 * The sender writes the data into a memfd and seals it, so that nobody can change, shrink or grow it;
 * the receiver checks the seals, maps it, and has a value whose data are these pages, without a copy. The map
 * goes when the last reference to the value does. Unsealed memory is refused: its owner could shrink it, and
 * a process that reads it then is killed by SIGBUS.
 *
 * A value that came as a payload and goes on to another process (a result that is the argument of the next call, an
 * argument that is returned) is not written again: the memfd itself is passed on. For that the descriptors of the
 * largest payloads are kept as long as they are mapped, a few at most, in a list under a mutex. A part of a payload
 * is written anew, for a process that gets the memfd can read all of it. */

#include "config.h"

#include "transport/cf-payload-private.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <gio/gio.h>
#include <glib/gi18n-lib.h>
#include <glib/gstdio.h>

#include "cf-error.h"
#include "base/cf-mutex-private.h"
#include "transport/cf-held-signals-private.h"

#define SEALS (F_SEAL_SEAL | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE)

/* What is worth a descriptor, and how many of them. */
#define MIN_KEPT_SIZE (1024 * 1024)
#define MAX_KEPT      32

typedef struct
{
  gpointer address;
  gsize    size;
  int      descriptor;    /* kept, or -1 */
  GList    link;
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

/* The memfd that the data are in already, or -1. The value keeps it mapped. */
static int
find_descriptor (gconstpointer data,
                 gsize         size)
{
  int descriptor = -1;

  cf_mutex_lock (&kept.mutex);
  for (GList *link = kept.maps.head; link != NULL && descriptor < 0; link = link->next)
    {
      Map *map = link->data;

      if (map->address == data && map->size == size)
        descriptor = fcntl (map->descriptor, F_DUPFD_CLOEXEC, 0);
    }
  cf_mutex_unlock (&kept.mutex);

  return descriptor;
}

static gboolean
write_all (int           descriptor,
           gconstpointer memory,
           gsize         size)
{
  const guint8 *data = memory;
  CfHeldSignals held;

  cf_held_signals_begin (&held);
  errno = 0;
  while (size > 0)
    {
      gssize n = write (descriptor, data, size);

      if (n < 0 && errno == EINTR)
        continue;
      if (n < 0)
        break;

      data += n;
      size -= n;
    }
  cf_held_signals_end (&held);

  return size == 0;
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
  gconstpointer data = g_variant_get_data (value);
  gsize size = g_variant_get_size (value);
  int descriptor = find_descriptor (data, size);

  if (descriptor >= 0)
    return descriptor;

  descriptor = memfd_create ("cfutures-payload", MFD_CLOEXEC | MFD_ALLOW_SEALING);
  if (descriptor >= 0 &&
      write_all (descriptor, data, size) &&
      fcntl (descriptor, F_ADD_SEALS, SEALS) == 0)
    return descriptor;

  g_set_error (error, G_IO_ERROR, g_io_error_from_errno (errno),
               _("Could not put a value of %lu bytes into shared memory: %s"), (gulong) size, g_strerror (errno));
  if (descriptor >= 0)
    g_close (descriptor, NULL);
  return -1;
}

static void
unmap (gpointer data)
{
  Map *map = data;

  let_go_descriptor (map);
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

  g_set_error_literal (error, CF_ERROR, CF_ERROR_PROTOCOL, _("A value in shared memory is not sealed, or does not have "
                                                             "the size that was announced"));
  return FALSE;
}

/**
 * cf_payload_map:
 * @descriptor: what is said to be a sealed memfd, which stays the caller's
 * @type: of the value
 * @size: how many bytes it is said to be
 * @error: return location for a `CF_ERROR_PROTOCOL` or a `GIOErrorEnum`
 *
 * Returns: (transfer full) (nullable): the value
 */
GVariant *
cf_payload_map (int                  descriptor,
                const GVariantType  *type,
                gsize                size,
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
                   _("Could not map a value of %lu bytes: %s"), (gulong) size, g_strerror (errno));
      return NULL;
    }

  map = g_new0 (Map, 1);
  map->address = address;
  map->size = size;
  map->descriptor = -1;
  map->link.data = map;
  keep_descriptor (map, descriptor);

  return g_variant_take_ref (g_variant_new_from_data (type, address, size, FALSE, unmap, map));
}

/* Payloads under way. */

static void
close_descriptor (gpointer data)
{
  g_close (GPOINTER_TO_INT (data), NULL);
}

/**
 * cf_payload_table_new:
 *
 * Returns: (transfer full): an empty table, which closes the descriptors that are left in it
 */
GHashTable *
cf_payload_table_new (void)
{
  return g_hash_table_new_full (g_int64_hash, g_int64_equal, g_free, close_descriptor);
}

/**
 * cf_payload_table_insert:
 * @table: a table
 * @id: of a call
 * @descriptor: (transfer full): its payload
 *
 * Returns: %FALSE if there was one for that call already, which is closed
 */
gboolean
cf_payload_table_insert (GHashTable *table,
                         guint64     id,
                         int         descriptor)
{
  return g_hash_table_insert (table, g_memdup2 (&id, sizeof (id)), GINT_TO_POINTER (descriptor));
}

/**
 * cf_payload_table_steal:
 * @table: a table
 * @id: of a call
 *
 * Returns: (transfer full): its payload, or -1 if it has not come
 */
int
cf_payload_table_steal (GHashTable *table,
                        guint64     id)
{
  gpointer key;
  gpointer descriptor;

  if (!g_hash_table_steal_extended (table, &id, &key, &descriptor))
    return -1;

  g_free (key);
  return GPOINTER_TO_INT (descriptor);
}
