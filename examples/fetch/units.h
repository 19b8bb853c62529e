/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Sizes and times, for people. */

#pragma once

#include <glib.h>

G_BEGIN_DECLS

char *fetch_format_bytes   (guint64 n_bytes);
char *fetch_format_seconds (gint64  usec);

G_END_DECLS
