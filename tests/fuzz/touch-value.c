/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "fuzz.h"

#include <string.h>

/* A few bytes that are not in normal form may stand for very many parts, each of a default value. */
#define MAX_PARTS 5000

#define MAX_DOMAINS 500

static volatile gsize sink;

static void
touch_part (GVariant *value,
            guint    *n_parts)
{
  gsize n_children;

  if (++*n_parts > MAX_PARTS)
    return;

  if (g_variant_is_of_type (value, G_VARIANT_TYPE_BYTESTRING))
    sink += strlen (g_variant_get_bytestring (value));

  if (g_variant_is_container (value))
    {
      n_children = g_variant_n_children (value);
      for (gsize i = 0; i < n_children && *n_parts <= MAX_PARTS; i++)
        {
          g_autoptr(GVariant) child = g_variant_get_child_value (value, i);

          touch_part (child, n_parts);
        }
      return;
    }

  if (g_variant_is_of_type (value, G_VARIANT_TYPE_STRING) ||
      g_variant_is_of_type (value, G_VARIANT_TYPE_OBJECT_PATH) ||
      g_variant_is_of_type (value, G_VARIANT_TYPE_SIGNATURE))
    sink += g_utf8_strlen (g_variant_get_string (value, NULL), -1);
  else
    sink += g_variant_hash (value);
}

void
fuzz_touch_value (GVariant *value)
{
  guint n_parts = 0;

  touch_part (value, &n_parts);
  sink += g_variant_is_normal_form (value);
}

gboolean
fuzz_may_keep_domain (const char *domain)
{
  static guint n_domains;

  return g_quark_try_string (domain) != 0 || n_domains++ < MAX_DOMAINS;
}
