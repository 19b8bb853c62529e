/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* How deep values are nested. GLib reads a value that came from elsewhere down to a depth of CF_NESTING_MAX, and has an
 * empty tuple stand for whatever is below. So such a value is not sent: it would arrive cut off, in silence.
 *
 * A level is a container, or what stands at the bottom. What GLib looks at is the type of what a variant contains, also
 * where that is an empty array. Types themselves are never deeper, so that only values with variants in them have to be
 * looked at. Few of these need a walk all the way down: each level takes a character of the type, or a byte of the data,
 * where the types of what variants contain are written. */

#include "config.h"

#include "transport/cf-nesting-private.h"

#include <string.h>

#include "transport/cf-channel-private.h"

/* How many levels values of a type have, with those that variants contain left out. */
static guint
count_levels (const GVariantType *type)
{
  guint most = 0;

  if (g_variant_type_is_array (type) || g_variant_type_is_maybe (type))
    return 1 + count_levels (g_variant_type_element (type));

  if (!g_variant_type_is_tuple (type) && !g_variant_type_is_dict_entry (type))
    return 1;

  for (const GVariantType *item = g_variant_type_first (type); item != NULL; item = g_variant_type_next (item))
    most = MAX (most, count_levels (item));
  return 1 + most;
}

static gsize
read_offset (const guint8 *data,
             gsize         width)
{
  guint64 offset = 0;

  memcpy (&offset, data, width);
  return GUINT64_FROM_LE (offset);
}

/* Returns the size of the largest element of an array of variants, or G_MAXSIZE if the array is not well-formed. The
 * elements are aligned to 8, and followed by a table of their ends, in as many bytes each as the size of it all takes. */
static gsize
get_largest_element (GVariant *array)
{
  const guint8 *data = g_variant_get_data (array);
  gsize size = g_variant_get_size (array);
  gsize width = size <= G_MAXUINT8 ? 1 : size <= G_MAXUINT16 ? 2 : size <= G_MAXUINT32 ? 4 : 8;
  gsize table = size > 0 ? read_offset (data + size - width, width) : 0;
  gsize largest = 0;
  gsize start = 0;

  if (table > size || (size - table) % width != 0)
    return G_MAXSIZE;

  for (gsize i = table; i < size; i += width)
    {
      gsize end = read_offset (data + i, width);

      if (end < start || end > table)
        return G_MAXSIZE;
      largest = MAX (largest, end - start);
      start = (end + 7) & ~(gsize) 7;
    }

  return largest;
}

/* Whether all elements of a chunk are too short to be deep. It is serialized for that, as it will be anyway. */
static gboolean
has_short_elements (GVariant   *value,
                    const char *type,
                    guint       n_levels)
{
  if (!g_str_equal (type, "av") || g_variant_get_size (value) > CF_CHANNEL_MAX_INLINE)
    return FALSE;

  return get_largest_element (value) < n_levels - strlen ("v");
}

static gboolean
fits (GVariant *value,
      guint     n_levels)
{
  const char *type = g_variant_get_type_string (value);
  gsize n_children;

  if (strlen (type) + g_variant_get_size (value) <= n_levels || has_short_elements (value, type, n_levels))
    return TRUE;

  if (count_levels (G_VARIANT_TYPE (type)) > n_levels)
    return FALSE;

  if (strchr (type, G_VARIANT_CLASS_VARIANT) == NULL)
    return TRUE;

  n_children = g_variant_n_children (value);
  for (gsize i = 0; i < n_children; i++)
    {
      g_autoptr(GVariant) child = g_variant_get_child_value (value, i);

      if (!fits (child, n_levels - 1))
        return FALSE;
    }

  return TRUE;
}

/**
 * cf_nesting_is_portable:
 * @value: a value
 *
 * Returns: whether another process can read all of it
 */
gboolean
cf_nesting_is_portable (GVariant *value)
{
  return strchr (g_variant_get_type_string (value), G_VARIANT_CLASS_VARIANT) == NULL || fits (value, CF_NESTING_MAX);
}
