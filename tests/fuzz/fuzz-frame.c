/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* A fuzz target: any bytes, taken for a frame. */

#include "config.h"

#include "fuzz.h"

#include <string.h>

#include "base/cf-error-private.h"
#include "cf-error.h"
#include "transport/cf-frame-private.h"

static volatile gsize n_letters;

static void
touch_error (GVariant *value)
{
  g_autoptr(GError) error = NULL;
  const char *domain;

  if (!g_variant_is_of_type (value, G_VARIANT_TYPE (CF_SERIALIZED_ERROR_TYPE)))
    return;

  g_variant_get_child (value, 0, "&s", &domain);
  if (!fuzz_may_keep_domain (domain))
    return;

  error = cf_error_from_variant (value);
  g_assert_true (error->domain != 0);
  g_assert_nonnull (error->message);
}

/* Takes the memory. */
static void
touch_frame (const CfFrame *frame,
             guint8        *memory)
{
  g_autofree guint8 *owned = memory;
  g_autoptr(GVariant) value = NULL;
  g_autofree char *type = g_strdup (frame->type);

  if (frame->function != NULL)
    n_letters += strlen (frame->function);

  if (frame->type == NULL || (frame->flags & CF_FRAME_FLAG_PAYLOAD) != 0)
    return;

  value = cf_frame_take_value (frame, g_steal_pointer (&owned));
  g_assert_cmpstr (g_variant_get_type_string (value), ==, type);
  touch_error (value);
  fuzz_touch_value (value);
}

/* Takes the memory. */
static void
parse (guint8 *memory,
       gsize   size)
{
  g_autofree guint8 *owned = memory;
  g_autoptr(GError) error = NULL;
  CfFrame frame;

  if (cf_frame_parse (&frame, memory, size, &error))
    touch_frame (&frame, g_steal_pointer (&owned));
  else
    g_assert_error (error, CF_ERROR, CF_ERROR_PROTOCOL);
}

int
LLVMFuzzerTestOneInput (const guint8 *data,
                        gsize         size)
{
  guint32 frame_size = size;
  guint8 *memory;

  parse (g_memdup2 (data, size), size);
  if (size < sizeof (frame_size))
    return 0;

  /* Once more, with the one number put right without which nothing is looked at. */
  memory = g_memdup2 (data, size);
  memcpy (memory, &frame_size, sizeof (frame_size));
  parse (memory, size);
  return 0;
}
