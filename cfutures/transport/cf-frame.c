/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Frames: what the two sides of a process pool write into the rings between them.
 *
 *      ┌────────┬────────────┬────────┬─────────┬──────┬─────────┐
 *      │ header │ function\0 │ type\0 │ padding │ data │ padding │     a multiple of 8 bytes, as is the
 *      └────────┴────────────┴────────┴─────────┴──────┴─────────┘     offset of the data
 *
 * Type and data are those of a GVariant: the arguments, the result, an error, a progress report. Both sides
 * are processes of one machine, so numbers are in its byte order. Data of more than CF_CHANNEL_MAX_INLINE bytes are not in
 * the frame, which has only their type and size: they come as a payload (cf-payload.c).
 *
 * What comes from a worker is not to be trusted: the pool copies a frame out of the shared memory before it
 * looks at it, and cf_frame_parse() takes nothing for granted. It is a pure function of the bytes, and the
 * subject of a fuzz target. Nor are values taken to be in normal form: what one worker has returned may be passed
 * on to another one. */

#include "config.h"

#include "transport/cf-frame-private.h"

#include <string.h>

#include <glib/gi18n-lib.h>

#include "cf-error.h"

typedef struct
{
  guint32 size;             /* of the whole frame */
  guint16 kind;
  guint16 flags;
  guint64 id;
  guint32 slot;
  guint32 duration_nsec;
  guint32 function_size;    /* with the NUL; 0 if there is no function */
  guint32 type_size;        /* with the NUL; 0 if there is no value */
  guint64 data_size;
} Header;

G_STATIC_ASSERT (sizeof (Header) % 8 == 0);

static gsize
round_up (gsize size)
{
  return (size + 7) & ~(gsize) 7;
}

static gsize
string_size (const char *string)
{
  return string != NULL ? strlen (string) + 1 : 0;
}

static const char *
value_type (GVariant *value)
{
  return value != NULL ? g_variant_get_type_string (value) : NULL;
}

static gsize
inline_size (const CfFrame *self)
{
  return self->value != NULL && (self->flags & CF_FRAME_FLAG_PAYLOAD) == 0 ? g_variant_get_size (self->value) : 0;
}

static gsize
data_offset (gsize function_size,
             gsize type_size)
{
  return round_up (sizeof (Header) + function_size + type_size);
}

/**
 * cf_frame_get_size:
 * @self: a frame that is to be written
 *
 * Returns: how many bytes it takes
 */
gsize
cf_frame_get_size (const CfFrame *self)
{
  return round_up (data_offset (string_size (self->function), string_size (value_type (self->value))) +
                   inline_size (self));
}

/**
 * cf_frame_write:
 * @self: a frame
 * @memory: (out caller-allocates): as many bytes as it takes, aligned to 8
 *
 * Writes the frame. The value is serialized right where it goes.
 */
void
cf_frame_write (const CfFrame *self,
                gpointer       memory)
{
  const char *type = value_type (self->value);
  guint8 *bytes = memory;
  Header header = {
    .size = cf_frame_get_size (self),
    .kind = self->kind,
    .flags = self->flags,
    .id = self->id,
    .slot = self->slot,
    .duration_nsec = self->duration_nsec,
    .function_size = string_size (self->function),
    .type_size = string_size (type),
    .data_size = self->value != NULL ? g_variant_get_size (self->value) : 0,
  };

  memcpy (bytes, &header, sizeof (header));
  if (self->function != NULL)
    memcpy (bytes + sizeof (header), self->function, header.function_size);
  if (type != NULL)
    memcpy (bytes + sizeof (header) + header.function_size, type, header.type_size);
  if (inline_size (self) > 0)
    g_variant_store (self->value, bytes + data_offset (header.function_size, header.type_size));
}

/**
 * cf_frame_write_padding:
 * @memory: (out caller-allocates): @size bytes, aligned to 8
 * @size: a multiple of 8
 *
 * Fills the end of a ring, into which the next frame does not fit.
 */
void
cf_frame_write_padding (gpointer memory,
                        gsize    size)
{
  Header header = { .size = size, .kind = CF_FRAME_PADDING };

  memcpy (memory, &header, MIN (size, sizeof (header)));
}

/**
 * cf_frame_peek_size:
 * @memory: where a frame begins; somebody else may be writing there
 * @available: how many bytes there are, a multiple of 8 and not 0
 * @is_padding: (out): whether it is padding
 *
 * Returns: the size of the frame, or 0 if that is invalid
 */
gsize
cf_frame_peek_size (gconstpointer memory,
                    gsize         available,
                    gboolean     *is_padding)
{
  guint32 size;
  guint16 kind;

  memcpy (&size, memory, sizeof (size));
  memcpy (&kind, (const guint8 *) memory + G_STRUCT_OFFSET (Header, kind), sizeof (kind));

  *is_padding = kind == CF_FRAME_PADDING;
  return size % 8 == 0 && size >= 8 && size <= available ? size : 0;
}

/* A string that lies within the frame, ends there, and nowhere before. */
static gboolean
is_string (const guint8 *bytes,
           gsize         size)
{
  return memchr (bytes, '\0', size) == bytes + size - 1;
}

static gboolean
has_sane_sizes (const Header *header,
                gsize         size)
{
  gboolean is_inline = (header->flags & CF_FRAME_FLAG_PAYLOAD) == 0;
  gsize offset;

  if (header->function_size > size || header->type_size > size)
    return FALSE;

  offset = data_offset (header->function_size, header->type_size);
  return offset <= size && (!is_inline || header->data_size <= size - offset);
}

static const char *
find_fault (const Header *header,
            const guint8 *bytes,
            gsize         size)
{
  const guint8 *function = bytes + sizeof (Header);
  const guint8 *type = function + header->function_size;

  if (header->size != size)
    return _("it is truncated");

  if (header->kind < CF_FRAME_CALL || header->kind > CF_FRAME_PROGRESS || (header->flags & ~CF_FRAME_ALL_FLAGS) != 0)
    return _("its kind is unknown");

  if (!has_sane_sizes (header, size))
    return _("its parts do not fit into it");

  if (header->function_size > 0 && !is_string (function, header->function_size))
    return _("its function is not a string");

  if (header->type_size == 0)
    return header->data_size == 0 ? NULL : _("it has a value without a type");

  if (!is_string (type, header->type_size) ||
      !g_variant_type_string_is_valid ((const char *) type) ||
      !g_variant_type_is_definite ((const GVariantType *) type))
    return _("its value has an invalid type");

  return NULL;
}

/**
 * cf_frame_parse:
 * @self: (out caller-allocates): a frame
 * @memory: the bytes of a frame, aligned to 8, which nobody changes from now on
 * @size: how many they are
 * @error: return location for a `CF_ERROR_PROTOCOL`
 *
 * Takes a frame apart. Its parts point into @memory.
 *
 * Returns: %FALSE if the bytes make no frame
 */
gboolean
cf_frame_parse (CfFrame       *self,
                gconstpointer  memory,
                gsize          size,
                GError       **error)
{
  const guint8 *bytes = memory;
  const char *fault;
  Header header;

  if (size < sizeof (header))
    {
      fault = _("it is truncated");
    }
  else
    {
      memcpy (&header, bytes, sizeof (header));
      fault = find_fault (&header, bytes, size);
    }

  if (fault != NULL)
    {
      g_set_error (error, CF_ERROR, CF_ERROR_PROTOCOL, _("Received an invalid frame of %lu bytes: %s"),
                   (gulong) size, fault);
      return FALSE;
    }

  *self = (CfFrame) {
    .kind = header.kind,
    .flags = header.flags,
    .id = header.id,
    .slot = header.slot,
    .duration_nsec = header.duration_nsec,
    .function = header.function_size > 0 ? (const char *) bytes + sizeof (header) : NULL,
    .type = header.type_size > 0 ? (const char *) bytes + sizeof (header) + header.function_size : NULL,
    .data = bytes + data_offset (header.function_size, header.type_size),
    .data_size = header.data_size,
  };
  return TRUE;
}

/**
 * cf_frame_take_value:
 * @self: a parsed frame with a value that is not in a payload
 * @memory: (transfer full): what it was parsed from, which the value keeps
 *
 * Returns: (transfer full): its value
 */
GVariant *
cf_frame_take_value (const CfFrame *self,
                     gpointer       memory)
{
  return g_variant_take_ref (g_variant_new_from_data (G_VARIANT_TYPE (self->type), self->data, self->data_size,
                                                      FALSE, g_free, memory));
}
