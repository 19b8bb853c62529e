/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* A block of lines at the bottom of the terminal, drawn again in place. */

#pragma once

#include <glib.h>

G_BEGIN_DECLS

typedef struct _FetchTerminal FetchTerminal;

gboolean       fetch_terminal_is_there (void);

FetchTerminal *fetch_terminal_new      (void);
void           fetch_terminal_free     (FetchTerminal        *self);

void           fetch_terminal_get_size (guint                *columns,
                                        guint                *rows);
void           fetch_terminal_draw     (FetchTerminal        *self,
                                        const char    *const *lines);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (FetchTerminal, fetch_terminal_free)

G_END_DECLS
