/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include <stdatomic.h>

#include <glib.h>

#include "transport/cf-ring-private.h"

G_BEGIN_DECLS

/* How many calls a worker is given at a time, at most. */
#define CF_CHANNEL_N_SLOTS 128

/* A value that takes more bytes than this travels as a payload of its own. */
#define CF_CHANNEL_MAX_INLINE (64 * 1024)

typedef enum
{
  CF_MESSAGE_HELLO = 1,   /* pool → worker, with the descriptor of the region; value: protocol version, id: number of CPUs */
  CF_MESSAGE_READY,       /* worker → pool; value: protocol version */
  CF_MESSAGE_WAKE,        /* worker → pool: there is something in the ring */
  CF_MESSAGE_PAYLOAD,     /* both ways, with its descriptor: the data of a frame with this id that is about to be written */
  CF_MESSAGE_CANCEL,      /* pool → worker: the call with this id is asked to give up */
  CF_MESSAGE_LOG,         /* worker → pool; value: level; and the text */
} CfMessageKind;

#define CF_MESSAGE_MAX_TEXT 4096

typedef struct
{
  guint32 kind;
  guint32 value;
  guint64 id;
} CfMessage;

typedef enum
{
  CF_RECEIVE_MESSAGE,
  CF_RECEIVE_NOTHING,     /* nothing has come, and one was not to wait */
  CF_RECEIVE_CLOSED,      /* the other side is gone */
  CF_RECEIVE_FAULT,       /* an error is set */
} CfReceiveResult;

/* What the two sides share. */
typedef struct
{
  _Alignas (64) _Atomic guint32 worker_asleep;
  _Alignas (64) _Atomic guint32 pool_asleep;
  _Alignas (64) _Atomic guint64 slots[CF_CHANNEL_N_SLOTS];
  CfRingEnds                   call_ends;
  CfRingEnds                   result_ends;
} CfRegion;

/* One side's view. */
typedef struct
{
  int       socket;
  CfRegion *region;
  CfRing    calls;
  CfRing    results;
} CfChannel;

gboolean        cf_channel_init_pool     (CfChannel        *self,
                                          int              *worker_socket,
                                          GError          **error);
gboolean        cf_channel_init_worker   (CfChannel        *self,
                                          int               socket,
                                          GError          **error);
void            cf_channel_clear         (CfChannel        *self);

gboolean        cf_channel_send          (CfChannel        *self,
                                          CfMessageKind     kind,
                                          guint             value,
                                          guint64           id,
                                          const char       *text,
                                          int               descriptor);
CfReceiveResult cf_channel_receive       (CfChannel        *self,
                                          gboolean          wait,
                                          CfMessage        *message,
                                          char            **text,
                                          int              *descriptor,
                                          GError          **error);

/* The claim words: which side has a call that was handed to the worker. */

void            cf_channel_offer         (CfChannel        *self,
                                          guint             slot,
                                          guint64           id);
gboolean        cf_channel_take_back     (CfChannel        *self,
                                          guint             slot,
                                          guint64           id);
gboolean        cf_channel_claim         (CfChannel        *self,
                                          guint             slot,
                                          guint64           id);
gboolean        cf_channel_is_claimed    (CfChannel        *self,
                                          guint             slot,
                                          guint64           id);

/* Sleeping, and waking the other side. */

typedef gboolean (*CfChannelCondition) (gpointer data);

void            cf_channel_sleep_worker  (CfChannel         *self,
                                          CfChannelCondition condition,
                                          gpointer           data);
void            cf_channel_wake_worker   (CfChannel        *self);
void            cf_channel_wake_pool     (CfChannel        *self);

G_END_DECLS
