/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Writes the corpora that fuzzing begins with: well-formed traffic, and each kind of harm that is known.
 *
 * Usage: make-corpus FOLDER, which gets the folders frame and results. To be run again when the format of
 * frames has changed. */

#include "config.h"

#include "fuzz.h"

#include <string.h>

#include <gio/gio.h>
#include <glib/gstdio.h>

#include "base/cf-error-private.h"
#include "transport/cf-channel-private.h"
#include "cf-error.h"
#include "transport/cf-frame-private.h"

static const char *corpus;

static void
save (const char *target,
      const char *name,
      GByteArray *bytes)
{
  g_autofree char *folder = g_build_filename (corpus, target, NULL);
  g_autofree char *path = g_build_filename (folder, name, NULL);
  g_autoptr(GError) error = NULL;

  g_mkdir_with_parents (folder, 0777);
  g_file_set_contents (path, (const char *) bytes->data, bytes->len, &error);
  g_assert_no_error (error);
  g_byte_array_unref (bytes);
}

/* Frames. */

static GVariant *
parse (const char *text)
{
  g_autoptr(GError) error = NULL;
  GVariant *value = g_variant_parse (NULL, text, NULL, NULL, &error);

  g_assert_no_error (error);
  return value;
}

static GVariant *
error_value (void)
{
  g_autoptr(GError) error = g_error_new_literal (G_IO_ERROR, G_IO_ERROR_NOT_FOUND, "there is nothing");

  return g_variant_ref_sink (cf_error_to_variant (error));
}

static GByteArray *
frame_bytes (CfFrameKind  kind,
             guint        flags,
             const char  *function,
             GVariant    *value)
{
  CfFrame frame = { .kind = kind, .flags = flags, .id = 1, .slot = CF_CHANNEL_N_SLOTS - 1, .duration_nsec = 1000,
                    .function = function, .value = value };
  gsize size = cf_frame_get_size (&frame);
  g_autofree guint64 *memory = g_malloc0 (size);

  cf_frame_write (&frame, memory);
  return g_byte_array_append (g_byte_array_sized_new (size), (const guint8 *) memory, size);
}

static void
save_frame (const char  *name,
            CfFrameKind  kind,
            guint        flags,
            const char  *function,
            GVariant    *value)
{
  save ("frame", name, frame_bytes (kind, flags, function, value));
  g_clear_pointer (&value, g_variant_unref);
}

static void
save_frames (void)
{
  save_frame ("call", CF_FRAME_CALL, 0, "module:function", parse ("(1, 'two', [3.0])"));
  save_frame ("call-of-chunk", CF_FRAME_CALL, CF_FRAME_FLAG_REFERENCE | CF_FRAME_FLAG_CHUNK, "0123456789+10",
              parse ("[<1>, <'two'>]"));
  save_frame ("call-with-payload", CF_FRAME_CALL, CF_FRAME_FLAG_PAYLOAD, "f", parse ("[1, 2, 3]"));
  save_frame ("finish", CF_FRAME_FINISH, 0, NULL, NULL);
  save_frame ("nothing", CF_FRAME_RESULT, 0, NULL, NULL);
  save_frame ("string", CF_FRAME_RESULT, 0, NULL, parse ("'result'"));
  save_frame ("dictionary", CF_FRAME_RESULT, 0, NULL, parse ("{'a': <1>, 'b': <(true, [@ay b'c'])>}"));
  save_frame ("nested", CF_FRAME_RESULT, 0, NULL,
              parse ("<<<<<(just @mmi nothing, [[[[1]]]], objectpath '/a')>>>>>"));
  save_frame ("chunk", CF_FRAME_RESULT, 0, NULL,
              parse ("([just <1>, nothing], just ('g-io-error-quark', 1, b'gone'))"));
  save_frame ("error", CF_FRAME_RESULT, CF_FRAME_FLAG_ERROR, NULL, error_value ());
  save_frame ("progress", CF_FRAME_PROGRESS, 0, NULL, parse ("(0.5, just b'half')"));
}

/* What workers do. */

static void
put_number (GByteArray *bytes,
            guint64     number,
            gsize       size)
{
  g_byte_array_append (bytes, (const guint8 *) &number, size);
}

static void
put_data (GByteArray    *bytes,
          gconstpointer  data,
          gsize          size,
          gsize          size_of_size)
{
  put_number (bytes, size, size_of_size);
  g_byte_array_append (bytes, data, size);
}

static void
put_give (GByteArray *bytes,
          guint       n_items)
{
  put_number (bytes, FUZZ_GIVE, 1);
  put_number (bytes, n_items, 1);
  put_data (bytes, "arguments", 9, 2);
}

static void
put_claim (GByteArray *bytes,
           guint       nth)
{
  put_number (bytes, FUZZ_CLAIM, 1);
  put_number (bytes, nth, 1);
}

static void
put_frame (GByteArray  *bytes,
           CfFrameKind  kind,
           guint        flags,
           guint        nth,
           GVariant    *value)
{
  const char *type = value != NULL ? g_variant_get_type_string (value) : "";

  put_number (bytes, FUZZ_WRITE_FRAME, 1);
  put_number (bytes, kind, 1);
  put_number (bytes, flags, 1);
  put_number (bytes, nth, 1);
  put_data (bytes, type, strlen (type), 1);
  put_data (bytes, value != NULL ? g_variant_get_data (value) : NULL,
            value != NULL ? g_variant_get_size (value) : 0, 2);
  g_clear_pointer (&value, g_variant_unref);
}

static void
put_message (GByteArray      *bytes,
             CfMessageKind    kind,
             guint            value,
             guint            nth,
             FuzzDescriptors  descriptors,
             const char      *text)
{
  put_number (bytes, FUZZ_SEND_MESSAGE, 1);
  put_number (bytes, kind, 1);
  put_number (bytes, value, 1);
  put_number (bytes, nth, 1);
  put_number (bytes, descriptors, 1);
  put_data (bytes, text, strlen (text), 2);
}

static void
put_region (GByteArray *bytes,
            gsize       offset,
            guint64     number)
{
  put_number (bytes, FUZZ_WRITE_REGION, 1);
  put_number (bytes, offset, 2);
  put_number (bytes, number, 8);
}

/* A worker that is ready and has begun its call. */
static GByteArray *
begun (void)
{
  GByteArray *bytes = g_byte_array_new ();

  put_message (bytes, CF_MESSAGE_READY, 1, FUZZ_NO_CALL, FUZZ_NO_DESCRIPTOR, "");
  put_give (bytes, 0);
  put_claim (bytes, 0);
  return bytes;
}

static void
save_good_traffic (void)
{
  GByteArray *bytes = begun ();

  put_frame (bytes, CF_FRAME_PROGRESS, 0, 0, parse ("(0.5, just b'half')"));
  put_frame (bytes, CF_FRAME_RESULT, 0, 0, parse ("(1, 'two', [3.0])"));
  save ("results", "progress-and-result", bytes);

  bytes = begun ();
  put_frame (bytes, CF_FRAME_RESULT, CF_FRAME_FLAG_ERROR, 0, error_value ());
  save ("results", "error", bytes);

  bytes = begun ();
  put_message (bytes, CF_MESSAGE_PAYLOAD, 0, 0, FUZZ_SEALED, "a payload");
  put_frame (bytes, CF_FRAME_RESULT, CF_FRAME_FLAG_PAYLOAD, 0, parse ("b'payload'"));
  save ("results", "payload", bytes);

  bytes = begun ();
  put_message (bytes, CF_MESSAGE_LOG, G_LOG_LEVEL_MESSAGE, FUZZ_NO_CALL, FUZZ_NO_DESCRIPTOR, "a line");
  put_message (bytes, CF_MESSAGE_WAKE, 0, FUZZ_NO_CALL, FUZZ_NO_DESCRIPTOR, "");
  save ("results", "messages", bytes);

  bytes = g_byte_array_new ();
  for (guint i = 0; i < CF_CHANNEL_N_SLOTS + 2; i++)
    put_give (bytes, 0);
  for (guint i = 0; i < CF_CHANNEL_N_SLOTS; i++)
    {
      put_claim (bytes, i);
      put_frame (bytes, CF_FRAME_RESULT, 0, i, NULL);
    }
  save ("results", "every-slot", bytes);

  bytes = g_byte_array_new ();
  put_give (bytes, 2);
  put_claim (bytes, 0);
  put_frame (bytes, CF_FRAME_RESULT, 0, 0, parse ("([just <1>], just ('g-io-error-quark', 1, b'gone'))"));
  save ("results", "chunk", bytes);
}

static void
save_broken_promises (void)
{
  GByteArray *bytes = begun ();

  put_frame (bytes, CF_FRAME_RESULT, 0, 0, NULL);
  put_frame (bytes, CF_FRAME_RESULT, 0, 0, NULL);
  save ("results", "two-results", bytes);

  bytes = g_byte_array_new ();
  put_give (bytes, 0);
  put_frame (bytes, CF_FRAME_RESULT, 0, 0, NULL);
  save ("results", "result-before-it-began", bytes);

  bytes = begun ();
  put_give (bytes, 0);
  put_number (bytes, FUZZ_TAKE_BACK, 1);
  put_number (bytes, 1, 1);
  put_frame (bytes, CF_FRAME_RESULT, 0, 1, NULL);
  save ("results", "result-of-what-was-taken-back", bytes);

  bytes = begun ();
  put_message (bytes, CF_MESSAGE_PAYLOAD, 0, 0, FUZZ_UNSEALED, "a payload");
  put_frame (bytes, CF_FRAME_RESULT, CF_FRAME_FLAG_PAYLOAD, 0, parse ("b'payload'"));
  save ("results", "unsealed-payload", bytes);

  bytes = begun ();
  put_message (bytes, CF_MESSAGE_PAYLOAD, 0, 0, FUZZ_SOCKET, "");
  put_frame (bytes, CF_FRAME_RESULT, CF_FRAME_FLAG_PAYLOAD | CF_FRAME_FLAG_ERROR, 0, error_value ());
  save ("results", "socket-as-payload", bytes);

  bytes = begun ();
  put_message (bytes, CF_MESSAGE_PAYLOAD, 0, 0, FUZZ_SEALED, "a payload");
  put_message (bytes, CF_MESSAGE_PAYLOAD, 0, 0, FUZZ_SEALED, "a payload");
  save ("results", "two-payloads", bytes);
}

static void
save_false_chunks (void)
{
  const char *values[] = {
    "'no chunk'",
    "([just <1>], @m(siay) nothing)",
    "([just <1>, just <2>, just <3>], @m(siay) nothing)",
  };

  for (guint i = 0; i < G_N_ELEMENTS (values); i++)
    {
      GByteArray *bytes = g_byte_array_new ();
      g_autofree char *name = g_strdup_printf ("false-chunk-%u", i);

      put_give (bytes, 2);
      put_claim (bytes, 0);
      put_frame (bytes, CF_FRAME_RESULT, 0, 0, parse (values[i]));
      save ("results", name, bytes);
    }
}

static void
save_garbage (void)
{
  GByteArray *bytes = begun ();

  put_message (bytes, CF_MESSAGE_WAKE, 0, FUZZ_NO_CALL, FUZZ_TWO_SEALED, "");
  save ("results", "two-descriptors", bytes);

  bytes = begun ();
  put_message (bytes, CF_MESSAGE_WAKE, 0, FUZZ_NO_CALL, FUZZ_THREE_SEALED, "");
  save ("results", "three-descriptors", bytes);

  bytes = begun ();
  put_number (bytes, FUZZ_SEND_BYTES, 1);
  put_data (bytes, "short", 5, 2);
  save ("results", "short-message", bytes);

  bytes = begun ();
  put_number (bytes, FUZZ_CLOSE, 1);
  save ("results", "closed-socket", bytes);

  bytes = begun ();
  put_number (bytes, FUZZ_WRITE_BYTES, 1);
  put_data (bytes, "these bytes make no frame", 25, 2);
  save ("results", "no-frame", bytes);

  bytes = begun ();
  put_number (bytes, FUZZ_MOVE_END, 1);
  put_number (bytes, (guint32) -8, 4);
  save ("results", "less-than-nothing", bytes);

  bytes = begun ();
  put_number (bytes, FUZZ_MOVE_END, 1);
  put_number (bytes, 1024 * 1024, 4);
  save ("results", "more-than-fits", bytes);

  bytes = g_byte_array_new ();
  for (gsize offset = 0; offset < G_STRUCT_OFFSET (CfRegion, slots); offset += 8)
    put_region (bytes, offset, G_MAXUINT64);
  put_region (bytes, G_STRUCT_OFFSET (CfRegion, call_ends), 123);
  put_give (bytes, 0);
  save ("results", "garbled-region", bytes);
}

int
main (int    argc,
      char **argv)
{
  if (argc != 2)
    {
      g_printerr ("Usage: make-corpus FOLDER\n");
      return 1;
    }

  corpus = argv[1];
  save_frames ();
  save_good_traffic ();
  save_broken_promises ();
  save_false_chunks ();
  save_garbage ();
  return 0;
}
