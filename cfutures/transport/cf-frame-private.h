/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include <glib.h>

G_BEGIN_DECLS

typedef enum
{
  CF_FRAME_PADDING = 1,   /* nothing, up to the end of the ring */
  CF_FRAME_CALL,          /* pool → worker: function, arguments */
  CF_FRAME_FINISH,        /* pool → worker: there are no more calls */
  CF_FRAME_RESULT,        /* worker → pool: result or error of a call */
  CF_FRAME_PROGRESS,      /* worker → pool: how far a call has come */
} CfFrameKind;

typedef enum
{
  CF_FRAME_FLAG_PAYLOAD   = 1 << 0,   /* the value's data are in a payload of their own */
  CF_FRAME_FLAG_REFERENCE = 1 << 1,   /* the function is a reference to C code, not a name */
  CF_FRAME_FLAG_CHUNK     = 1 << 2,   /* the function is to be called for each of the arguments */
  CF_FRAME_FLAG_ERROR     = 1 << 3,   /* the value is an error */
} CfFrameFlags;

#define CF_FRAME_ALL_FLAGS 0xfu

/* The type of the values of progress frames. */
#define CF_FRAME_PROGRESS_TYPE "(dmay)"

/* What a frame says. One that is to be written has a value; one that was parsed has its parts, which are in
 * the parsed memory. */
typedef struct
{
  CfFrameKind  kind;
  guint        flags;
  guint64      id;              /* of the call */
  guint        slot;
  guint        duration_nsec;   /* how long the call took */
  const char  *function;        /* (nullable) */
  GVariant    *value;           /* (nullable), of a frame that is to be written */
  const char  *type;            /* (nullable): of the value */
  gconstpointer data;
  gsize        data_size;
} CfFrame;

gsize     cf_frame_get_size   (const CfFrame  *self);
void      cf_frame_write      (const CfFrame  *self,
                               gpointer        memory);
void      cf_frame_write_padding (gpointer     memory,
                                  gsize        size);
gsize     cf_frame_peek_size  (gconstpointer   memory,
                               gsize           available,
                               gboolean       *is_padding);
gboolean  cf_frame_parse      (CfFrame        *self,
                               gconstpointer   memory,
                               gsize           size,
                               GError        **error);
GVariant *cf_frame_take_value (const CfFrame  *self,
                               gpointer        memory);

G_END_DECLS
